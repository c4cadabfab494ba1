"""The messages of one stream as the stand-in sees them, whichever side it plays."""

import threading
import time

from standin import wire
from standin.waiting import PATIENCE, eventually


class Ended(AssertionError):
    """The stream ended while a message was awaited."""


class Stream:
    """What came, in order, and a way to send. Subclasses move the bytes."""

    def __init__(self):
        self._changed = threading.Condition()
        self._received = []
        self._read = 0
        self._is_over = False
        self._nonce = 0

    # What comes in; called by the subclass's thread

    def _arrived(self, data):
        with self._changed:
            self._received.append(data)
            self._changed.notify_all()

    def _over(self):
        with self._changed:
            self._is_over = True
            self._changed.notify_all()

    # Reading

    @property
    def messages(self):
        """Everything that came so far, read or not."""
        with self._changed:
            return [wire.Message.FromString(data) for data in self._received]

    @property
    def raw(self):
        """The same, as bytes."""
        with self._changed:
            return list(self._received)

    def next(self, wanted=lambda message: True, what="a message"):
        """Reads on to the first message that is wanted; others are passed over."""
        deadline = time.monotonic() + PATIENCE
        with self._changed:
            while True:
                while self._read < len(self._received):
                    message = wire.Message.FromString(self._received[self._read])
                    self._read += 1
                    if wanted(message):
                        return message
                if self._is_over:
                    raise Ended(f"the stream ended before {what} came")
                if not self._changed.wait(deadline - time.monotonic()):
                    raise AssertionError(f"{what} did not come; so far: {self.messages}")

    def opening(self):
        """The first message, which must be the Open."""
        message = self.next()
        assert message.WhichOneof("Payload") == "open", message
        return message.open

    def next_response(self, resource_id=None, url=None):
        """The next Response, of one resource or of one kind."""

        def wanted(message):
            return (
                message.WhichOneof("Payload") == "response"
                and resource_id in (None, message.response.ResourceID)
                and url in (None, message.response.ResourceURL)
            )

        return self.next(wanted, f"a response {resource_id or url or ''}").response

    def latest(self, resource_id):
        """The newest version of a resource that came so far, or None."""
        for message in reversed(self.messages):
            if message.response.ResourceID == resource_id:
                return wire.unpack(message.response)
        return None

    def expect(self, resource_id, condition=lambda resource: True):
        """Waits until the newest version of a resource is as wanted, and returns it."""

        def found():
            resource = self.latest(resource_id)
            return resource is not None and condition(resource) and (resource,)

        return eventually(found, f"{resource_id} is as wanted")[0]

    def next_answer(self, nonce):
        """The ACK or NACK of a Response that we sent."""

        def wanted(message):
            return (
                message.WhichOneof("Payload") == "request"
                and message.request.ResponseNonce == nonce
            )

        return self.next(wanted, f"the answer to {nonce}").request

    def next_payload(self, kind):
        """The next message of a kind: `request`, `heartbeat`, `terminated`..."""
        return self.next(lambda message: message.WhichOneof("Payload") == kind, kind)

    @property
    def is_over(self):
        """Whether the peer has ended its side, or the stream broke."""
        with self._changed:
            return self._is_over

    def wait_until_over(self):
        """Waits until the peer has ended its side, or the stream broke."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._is_over, PATIENCE), (
                f"the stream goes on; so far: {self.messages}"
            )

    # Writing

    def send(self, message):
        self.send_bytes(message.SerializeToString(deterministic=True))

    def send_bytes(self, data):
        raise NotImplementedError

    def subscribe(self, *urls, peer_id=""):
        for url in urls:
            self.send(wire.request(url, peer_id=peer_id))

    def new_nonce(self):
        self._nonce += 1
        return f"{self._nonce:08x}"

    def upsert(self, url, resource_id, resource):
        """Sends a resource under the next nonce, and returns the nonce."""
        nonce = self.new_nonce()
        self.send(wire.response(url, resource_id, resource, nonce))
        return nonce

    def upsert_service(self, name, *instances):
        resource = wire.exported_service(*instances)
        return self.upsert(wire.EXPORTED_SERVICE, name, resource)

    def upsert_list(self, *names):
        resource = wire.service_list(*names)
        return self.upsert(wire.SERVICE_LIST, "exported-service-list", resource)

    def expect_ack(self, nonce):
        answer = self.next_answer(nonce)
        assert not answer.HasField("Error"), answer
        return answer

    def expect_nack(self, nonce):
        answer = self.next_answer(nonce)
        assert answer.HasField("Error"), answer
        return answer.Error
