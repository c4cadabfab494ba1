"""Plays one side of a recording to Hawser and matches what it says with the other."""

from standin import recording, wire
from standin.waiting import eventually


class Replay:
    """What Hawser said on a stream, matched message by message with a recording.

    Messages of different kinds may come in another order than recorded: real servers
    differ in that from one run to the next (observed 12).
    """

    def __init__(self, stream):
        self.stream = stream
        self._matched = set()

    def expect(self, recorded):
        """Waits for Hawser's counterpart of a recorded message; returns its bytes.

        A Response is matched by its resource, all else by its bytes.
        """
        return eventually(lambda: self._match(recorded), f"{recorded.json} was said")

    def _match(self, recorded):
        for index, data in enumerate(self.stream.raw):
            if index not in self._matched and _is_counterpart(data, recorded):
                self._matched.add(index)
                return data
        return None

    @property
    def unmatched(self):
        """What Hawser said beyond the recording. Heartbeats come by the clock."""
        beat = wire.heartbeat().SerializeToString()
        return [
            wire.Message.FromString(data)
            for index, data in enumerate(self.stream.raw)
            if index not in self._matched and data != beat
        ]

    @property
    def responses(self):
        """All Responses of Hawser, in order."""
        return [
            message.response
            for message in self.stream.messages
            if message.WhichOneof("Payload") == "response"
        ]


def _is_counterpart(data, recorded):
    if recorded.kind != "response":
        return data == recorded.data
    response = wire.Message.FromString(data).response
    wanted = recorded.message.response
    return (response.ResourceURL, response.ResourceID) == (
        wanted.ResourceURL,
        wanted.ResourceID,
    )


def assert_same_resource(response, expected):
    """A Response has all that a real server's has: `expected` is the resource."""
    assert response.operation == wire.UPSERT
    assert response.Resource.type_url == response.ResourceURL
    resource = wire.unpack(response)
    # Says also which messages are present, if only empty.
    assert resource == expected
    # Nothing that our descriptions of the messages do not know, nothing twice.
    assert len(response.Resource.value) == len(expected.SerializeToString())


def assert_nonces_count_up(responses):
    """Section 4.6: one counter for all kinds, eight hexadecimal digits."""
    nonces = [response.Nonce for response in responses]
    assert nonces == [f"{number:08x}" for number in range(1, len(nonces) + 1)]


def assert_stored(hawser, peer, messages):
    """The API has what an importer has after these messages, and not more of it."""
    for name, instances in recording.imported(messages).items():
        stored = [
            (item["Service"]["ID"], *(check["Status"] for check in item["Checks"]))
            for item in hawser.imported(name, peer)
        ]
        assert stored == instances, name
