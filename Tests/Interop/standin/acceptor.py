"""The accepting role: a peering port that Hawser dials."""

import queue
import threading
import uuid
from concurrent import futures

import grpc

from standin import wire
from standin.dialer import encode_token
from standin.stream import Stream
from standin.waiting import PATIENCE

_OPTIONS = [
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # Consul's: clients may ping every 15 s.
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 15_000),
]


class Cluster:
    """A cluster that makes tokens. Subclasses listen, at `port`, and find the streams.

    `refuse_exchange` may be set to a list of (code, text) or (code, text, details):
    each answers one call, in order.
    """

    def __init__(self, authority, is_plain=False):
        self.authority = authority
        self.peer_id = str(uuid.uuid4())
        self.establishment_secret = str(uuid.uuid4())
        self.stream_secret = str(uuid.uuid4())
        self.is_plain = is_plain
        self.exchanges = []
        self.raw_exchanges = []
        self.refuse_exchange = []
        self._accepted = queue.Queue()
        self.host = "127.0.0.1"
        self.port = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Cuts all connections."""
        raise NotImplementedError

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    def token_fields(self, **changed):
        """What a token says; `changed` replaces fields, None included."""
        fields = {
            "CA": None if self.is_plain else [self.authority.root_pem],
            "ManualServerAddresses": None,
            "ServerAddresses": [self.address],
            "ServerName": self.authority.server_name,
            "PeerID": self.peer_id,
            "EstablishmentSecret": self.establishment_secret,
            "Remote": {
                "Partition": "",
                "Datacenter": self.authority.datacenter,
                "Locality": None,
            },
        }
        return fields | changed

    def token(self, **changed):
        return encode_token(self.token_fields(**changed))

    def renew(self):
        """Voids the last token and lets another be made."""
        self.establishment_secret = str(uuid.uuid4())
        self.stream_secret = str(uuid.uuid4())
        return self.token()

    def redeem(self, data):
        """An exchange: the answer's bytes, or a refusal."""
        self.raw_exchanges.append(data)
        request = wire.ExchangeSecretRequest.FromString(data)
        self.exchanges.append(request)
        if self.refuse_exchange:
            raise Refused(*self.refuse_exchange.pop(0))
        if request.EstablishmentSecret != self.establishment_secret:
            text = "invalid peering establishment secret"
            raise Refused(grpc.StatusCode.PERMISSION_DENIED, text)
        # It works once.
        self.establishment_secret = None
        answer = wire.ExchangeSecretResponse(StreamSecret=self.stream_secret)
        return answer.SerializeToString()

    def accept(self):
        """Waits for the next stream that was not refused."""
        try:
            return self._accepted.get(timeout=PATIENCE)
        except queue.Empty:
            raise AssertionError("no stream was opened") from None

    def connect(self, hawser, peer="standin", **changed):
        """Peers Hawser with this cluster: the stream, subscribed to everything."""
        answer = hawser.establish(self.token(**changed), peer)
        assert answer.status == 200, answer.text
        stream = self.accept()
        stream.subscribe(*wire.ACCEPTOR_KINDS)
        return stream


class Refused(Exception):
    """A call is refused: a code, a text, and perhaps details."""


class Acceptor(Cluster):
    """A cluster that accepts streams with grpcio, as Consul does unless told otherwise.

    `refuse_stream` is like `refuse_exchange`.
    """

    def __init__(self, authority, leaf=None, port=0, is_plain=False, host="127.0.0.1"):
        super().__init__(authority, is_plain)
        self.host = host
        self.refuse_stream = []
        # A thread for each stream that may stand at a time.
        self.server = grpc.server(futures.ThreadPoolExecutor(64), options=_OPTIONS)
        self.server.add_generic_rpc_handlers((_Handlers(self),))
        address = f"{host}:{port}"
        if is_plain:
            self.port = self.server.add_insecure_port(address)
        else:
            issued = leaf or authority.make_leaf()
            credentials = grpc.ssl_server_credentials(
                [(issued.key_pem.encode(), issued.certificate_pem.encode())]
            )
            self.port = self.server.add_secure_port(address, credentials)
        self.server.start()

    def close(self):
        self.server.stop(0).wait()

    # Calls, on threads of the server

    def _exchange(self, data, context):
        try:
            return self.redeem(data)
        except Refused as refused:
            _abort(context, *refused.args)

    def _stream(self, incoming, context):
        if self.refuse_stream:
            _abort(context, *self.refuse_stream.pop(0))
        stream = AcceptedStream(incoming, context)
        self._accepted.put(stream)
        yield from stream.outgoing()


class AcceptedStream(Stream):
    """A stream that Hawser opened."""

    def __init__(self, incoming, context):
        super().__init__()
        self.context = context
        self._outgoing = queue.SimpleQueue()
        context.add_callback(self._over)
        context.add_callback(lambda: self._outgoing.put(None))
        threading.Thread(target=self._listen, args=(incoming,), daemon=True).start()

    def _listen(self, incoming):
        try:
            for data in incoming:
                self._arrived(data)
        except Exception:
            pass  # It was reset: the end says so.
        finally:
            self._over()

    def outgoing(self):
        """What to send, until `end`."""
        while (item := self._outgoing.get()) is not None:
            if isinstance(item, bytes):
                yield item
            else:
                _abort(self.context, *item)

    def send_bytes(self, data):
        self._outgoing.put(data)

    def end(self, code=None, text="", details=None):
        """Ends the call: with OK, or with a status and its details."""
        self._outgoing.put(None if code is None else (code, text, details))


class _Handlers(grpc.GenericRpcHandler):
    def __init__(self, acceptor):
        self.acceptor = acceptor

    def service(self, details):
        # Bytes go in and come out as they are.
        if details.method == wire.EXCHANGE_SECRET:
            return grpc.unary_unary_rpc_method_handler(self.acceptor._exchange)
        if details.method == wire.STREAM_RESOURCES:
            return grpc.stream_stream_rpc_method_handler(self.acceptor._stream)
        return None


def _abort(context, code, text, details=None):
    if details is not None:
        context.set_trailing_metadata([("grpc-status-details-bin", details)])
    context.abort(code, text)
