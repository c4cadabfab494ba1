"""A peering port that writes its own HTTP/2 frames, where a gRPC library would not."""

import select
import socket
import ssl
import struct
import tempfile
import threading

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from standin import wire
from standin.acceptor import Cluster, Refused
from standin.raw import frame
from standin.stream import Stream
from standin.waiting import PATIENCE

_HEADERS = [(":status", "200"), ("content-type", "application/grpc")]


class RawAcceptor(Cluster):
    """Exchanges secrets as it should; its streams do nothing until the test says so.

    `alpn` may be empty: nothing is selected then, as Consul 1.16 does. `greet` may be
    False: no SETTINGS are sent. While `gate` is cleared, new connections get no TLS.
    `asked_names` are the SNIs, `problems` why handshakes failed.
    """

    def __init__(self, authority, leaf=None, port=0, alpn=("h2",), greet=True):
        super().__init__(authority)
        self.greet = greet
        self.gate = threading.Event()
        self.gate.set()
        self.asked_names = []
        self.protocols = []
        self.problems = []
        self.connections = []
        self.context = self._tls(leaf or authority.make_leaf(), alpn)
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def _tls(self, leaf, alpn):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
            file.write(leaf.certificate_pem + leaf.key_pem)
            file.flush()
            context.load_cert_chain(file.name)
        if alpn:
            context.set_alpn_protocols(list(alpn))
        context.sni_callback = lambda _, name, __: self.asked_names.append(name)
        return context

    def close(self):
        # Closing alone does not wake who accepts.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.gate.set()
        for connection in self.connections:
            connection.close()

    def _listen(self):
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain):
        self.gate.wait()
        plain.settimeout(PATIENCE)
        try:
            secured = self.context.wrap_socket(plain, server_side=True)
        except OSError as error:
            self.problems.append(str(error))
            plain.close()
            return
        self.protocols.append(secured.selected_alpn_protocol())
        connection = RawConnection(self, secured)
        self.connections.append(connection)
        connection.run()

    def opened(self, stream):
        self._accepted.put(stream)


class _Connection(h2.connection.H2Connection):
    """Goes on after the peer's GOAWAY: RFC 9113 lets streams end in peace."""

    def _receive_goaway_frame(self, frame):
        event = h2.events.ConnectionTerminated()
        event.error_code = frame.error_code
        event.last_stream_id = frame.last_stream_id
        return [], [event]


class RawConnection:
    """One connection. `reading` may be cleared: then nothing is taken in any more."""

    def __init__(self, acceptor, secured):
        self.acceptor = acceptor
        self.socket = secured
        self.reading = threading.Event()
        self.reading.set()
        self.changed = threading.Condition()
        self.is_over = False
        self.pongs = []
        config = h2.config.H2Configuration(
            client_side=False, header_encoding="utf-8", validate_outbound_headers=False
        )
        self.h2 = _Connection(config)
        self._streams = {}
        self._calls = {}

    def run(self):
        try:
            if self.acceptor.greet:
                with self.changed:
                    self.h2.initiate_connection()
                    self.flush()
            while (data := self._take()) is not None:
                with self.changed:
                    for event in self.h2.receive_data(data):
                        self._handle(event)
                    self.flush()
                    self.changed.notify_all()
        except (OSError, ValueError, h2.exceptions.ProtocolError):
            pass  # The connection is over.
        finally:
            with self.changed:
                self.is_over = True
                self.changed.notify_all()
            for stream in list(self._streams.values()):
                stream.closed()

    def _take(self):
        """The next bytes; reading and writing never overlap on a TLS connection."""
        while True:
            self.reading.wait()
            if not self.socket.pending():
                select.select([self.socket], [], [])
            if not self.reading.is_set():
                continue
            with self.changed:
                self.socket.setblocking(False)
                try:
                    return self.socket.recv(65_536) or None
                except ssl.SSLWantReadError:
                    continue
                finally:
                    self.socket.settimeout(PATIENCE)

    def flush(self):
        self.socket.sendall(self.h2.data_to_send())

    def _handle(self, event):
        number = getattr(event, "stream_id", None)
        if isinstance(event, h2.events.RequestReceived):
            fields = dict(event.headers)
            if fields[":path"] == wire.EXCHANGE_SECRET:
                self._calls[number] = b""
            else:
                stream = RawStream(self, number, fields)
                self._streams[number] = stream
                self.acceptor.opened(stream)
        elif isinstance(event, h2.events.DataReceived):
            self.h2.acknowledge_received_data(event.flow_controlled_length, number)
            if number in self._calls:
                self._calls[number] += event.data
            elif number in self._streams:
                self._streams[number].take(event.data)
        elif isinstance(event, h2.events.StreamEnded):
            if number in self._calls:
                self._exchange(number, self._calls.pop(number))
            elif number in self._streams:
                self._streams[number].half_closed()
        elif isinstance(event, h2.events.StreamReset):
            if number in self._streams:
                self._streams[number].closed(event.error_code)
        elif isinstance(event, h2.events.PingAckReceived):
            self.pongs.append(event.ping_data)

    def _exchange(self, number, data):
        try:
            answer = self.acceptor.redeem(data[5:])
            if answer is None:
                return  # Never.
            self.h2.send_headers(number, _HEADERS)
            self.h2.send_data(number, frame(answer))
            trailers = [("grpc-status", "0")]
        except Refused as refused:
            self.h2.send_headers(number, _HEADERS)
            code, text, *_ = refused.args
            trailers = [("grpc-status", str(code.value[0])), ("grpc-message", text)]
        self.h2.send_headers(number, trailers, end_stream=True)

    # For tests

    def do(self, action):
        """Sends what `action` writes into the HTTP/2 connection."""
        with self.changed:
            action(self.h2)
            self.flush()

    def send_bytes(self, data):
        """Sends bytes as they are, in no frame."""
        with self.changed:
            self.socket.sendall(data)

    def goodbye(self, code=0, last=None):
        self.do(lambda connection: connection.close_connection(code, b"", last))

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # It was closed already.

    def wait_until_over(self):
        with self.changed:
            assert self.changed.wait_for(lambda: self.is_over, PATIENCE), "it stands"


class RawStream(Stream):
    """A call on StreamResources. The first message sent answers it with headers.

    If `ends_in_return` is set, a half-close is answered by the end of the call.
    """

    def __init__(self, connection, number, fields):
        super().__init__()
        self.connection = connection
        self.number = number
        self.fields = fields
        self.reset_code = None
        self.is_half_closed = False
        self.ends_in_return = False
        self._has_headers = False
        self._partial = b""

    # Called on the connection's thread

    def take(self, data):
        self._partial += data
        while len(self._partial) >= 5:
            length = struct.unpack(">I", self._partial[1:5])[0]
            if len(self._partial) < 5 + length:
                return
            self._arrived(self._partial[5 : 5 + length])
            self._partial = self._partial[5 + length :]

    def half_closed(self):
        self.is_half_closed = True
        if self.ends_in_return:
            try:
                self.end()
            except h2.exceptions.ProtocolError:
                pass  # It was reset as well: the next event.
        self._over()

    def closed(self, code=None):
        if self.reset_code is None:
            self.reset_code = code
        self._over()

    # For tests

    def answer(self, fields=_HEADERS, end=False):
        """Sends response headers of the test's own."""
        self._has_headers = True
        self.connection.do(lambda h2: h2.send_headers(self.number, fields, end))

    def send_bytes(self, data):
        self.send_data(frame(data))

    def send_data(self, data):
        """Sends bytes as DATA, as far as the peer's window goes."""
        if not self._has_headers:
            self.answer()
        connection = self.connection
        while data:
            with connection.changed:
                assert connection.changed.wait_for(
                    lambda: self._room() or connection.is_over, PATIENCE
                ), "the peer grants no window"
                if connection.is_over:
                    return
                chunk, data = data[: self._room()], data[self._room() :]
                connection.h2.send_data(self.number, chunk)
                connection.flush()

    def _room(self):
        h2 = self.connection.h2
        return min(
            h2.local_flow_control_window(self.number), h2.max_outbound_frame_size
        )

    def end(self, code=0, text="", extra=()):
        """Ends the call with trailers."""
        if not self._has_headers:
            self.answer()
        fields = [("grpc-status", str(code)), ("grpc-message", text), *extra]
        self.connection.do(lambda h2: h2.send_headers(self.number, fields, True))

    def reset(self, code=8):
        self.connection.do(lambda h2: h2.reset_stream(self.number, code))
