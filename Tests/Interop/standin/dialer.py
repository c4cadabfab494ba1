"""The dialing role: redeems a token of Hawser's and opens streams."""

import base64
import json
import queue
import threading

import grpc

from standin import wire
from standin.stream import Stream
from standin.waiting import PATIENCE

_HALF_CLOSE = object()

# Large enough that Hawser's limits are met first.
_OPTIONS = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.use_local_subchannel_pool", 1),
]


def decode_token(text):
    return json.loads(base64.b64decode(text, validate=True))


def encode_token(fields):
    return base64.b64encode(json.dumps(fields).encode()).decode()


def refusal_of(call, *arguments, **named):
    """Makes a call that must be refused: the gRPC code and the text."""
    try:
        call(*arguments, **named)
    except grpc.RpcError as refusal:
        return refusal.code(), refusal.details()
    raise AssertionError("it was not refused")


class Dialer:
    """A cluster that redeems a token. One connection for all that it does."""

    def __init__(self, token, options=()):
        self.fields = decode_token(token)
        self.peer_id = self.fields["PeerID"]
        self.secret = None
        credentials = grpc.ssl_channel_credentials("".join(self.fields["CA"]).encode())
        name = self.fields["ServerName"]
        self.channel = grpc.secure_channel(
            self.fields["ServerAddresses"][0],
            credentials,
            options=[
                *_OPTIONS,
                ("grpc.ssl_target_name_override", name),
                ("grpc.default_authority", name),
                *options,
            ],
        )
        # Bytes go in and come out as they are.
        self._exchange = self.channel.unary_unary(wire.EXCHANGE_SECRET)
        self._stream = self.channel.stream_stream(wire.STREAM_RESOURCES)

    def close(self):
        self.channel.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def exchange(self, secret=None, peer_id=None):
        """Trades the establishment secret; keeps and returns the stream secret.

        Raises `grpc.RpcError` if it is refused.
        """
        request = wire.ExchangeSecretRequest(
            PeerID=self.peer_id if peer_id is None else peer_id,
            EstablishmentSecret=(
                self.fields["EstablishmentSecret"] if secret is None else secret
            ),
        )
        answer = self._exchange(request.SerializeToString(), timeout=PATIENCE)
        self.secret = wire.ExchangeSecretResponse.FromString(answer).StreamSecret
        return self.secret

    def call(self):
        """A stream on which nothing has been sent."""
        return DialedStream(self._stream)

    def open(self, secret=None, datacenter="standin"):
        """A stream that was opened, but asked for nothing yet."""
        if self.secret is None and secret is None:
            self.exchange()
        stream = self.call()
        stream.send(wire.open_(self.peer_id, secret or self.secret, datacenter))
        return stream

    def connect(self, *urls):
        """A stream with all subscriptions, or those named."""
        stream = self.open()
        stream.subscribe(*(urls or wire.DIALER_KINDS), peer_id=self.peer_id)
        return stream


class DialedStream(Stream):
    """A stream to Hawser."""

    def __init__(self, method):
        super().__init__()
        self._outgoing = queue.SimpleQueue()
        self._call = method(iter(self._outgoing.get, _HALF_CLOSE))
        self._thread = _listen(self, self._call)

    def send_bytes(self, data):
        self._outgoing.put(data)

    def half_close(self):
        """Says that nothing more will be sent."""
        self._outgoing.put(_HALF_CLOSE)

    def cancel(self):
        """Resets the stream."""
        self.half_close()
        self._call.cancel()

    def status(self):
        """Waits for the end: the gRPC code and the text."""
        self.wait_until_over()
        return self._call.code(), self._call.details()

    @property
    def trailers(self):
        return dict(self._call.trailing_metadata() or ())


def _listen(stream, call):
    def run():
        try:
            for data in call:
                stream._arrived(data)
        except grpc.RpcError:
            pass  # `status` tells.
        finally:
            stream._over()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread
