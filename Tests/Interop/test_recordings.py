"""The recordings and the messages that this suite speaks with agree."""

import pytest
from google.protobuf import json_format
from standin import recording, wire


@pytest.mark.parametrize("folder", list(recording.CONNECTIONS))
def test_our_messages_say_of_the_recorded_bytes_what_consuls_own_said(folder):
    """Section 3: names, numbers and types of all fields that were ever sent. Beside
    each message the recording has what Consul's own descriptions make of it."""
    for recorded in recording.stream(folder):
        decoded = _as_json(recorded.message)
        response = recorded.message.response
        if recorded.kind == "response":
            content = _as_json(wire.unpack(response))
            decoded["response"]["Resource"] = {"@type": response.ResourceURL} | content
        assert decoded == recorded.json
        assert len(recorded.data) == len(recorded.message.SerializeToString())


@pytest.mark.parametrize("folder", list(recording.CONNECTIONS))
def test_the_recorded_exchange_is_understood(folder):
    request, response = recording.exchange(folder)
    [opening] = [
        message.message.open
        for message in recording.stream(folder)
        if message.kind == "open"
    ]
    asked = wire.ExchangeSecretRequest.FromString(request)
    assert asked.PeerID == opening.PeerID
    assert len(asked.EstablishmentSecret) == 36
    assert wire.ExchangeSecretResponse.FromString(response) == (
        wire.ExchangeSecretResponse(StreamSecret=opening.StreamSecretID)
    )


def _as_json(message):
    return json_format.MessageToDict(message, preserving_proto_field_name=True)
