"""Raw HTTP/2 over TLS, for what a gRPC library refuses to send."""

import socket
import ssl
import struct

import h2.config
import h2.connection
import h2.events

from standin.waiting import PATIENCE


def frame(message, compressed=0):
    """The gRPC framing of one message."""
    return struct.pack(">BI", compressed, len(message)) + message


def tls_context(root_pem=None, alpn=("h2",), minimum=None, maximum=None):
    """A client's settings; without a root nothing is verified."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if root_pem is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        context.load_verify_locations(cadata=root_pem)
    if alpn:
        context.set_alpn_protocols(list(alpn))
    if minimum:
        context.minimum_version = minimum
    if maximum:
        context.maximum_version = maximum
    return context


def connect_tls(port, server_name, context):
    """A TLS connection to a port of this machine."""
    plain = socket.create_connection(("127.0.0.1", port), PATIENCE)
    return context.wrap_socket(plain, server_hostname=server_name)


class RawClient:
    """An HTTP/2 connection whose frames the test writes itself."""

    def __init__(self, port, server_name, root_pem, alpn=("h2",)):
        self.server_name = server_name
        self.socket = connect_tls(port, server_name, tls_context(root_pem, alpn))
        config = h2.config.H2Configuration(client_side=True, header_encoding="utf-8")
        self.connection = h2.connection.H2Connection(config)
        self.connection.initiate_connection()
        self.events = []
        self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Cuts the connection."""
        self.socket.close()

    def flush(self):
        self.socket.sendall(self.connection.data_to_send())

    def request(self, path, content_type="application/grpc", extra=(), end=False):
        """Opens a stream with request headers; returns its number."""
        number = self.connection.get_next_available_stream_id()
        headers = [
            (":method", "POST"),
            (":scheme", "https"),
            (":path", path),
            (":authority", self.server_name),
            ("te", "trailers"),
            *([("content-type", content_type)] if content_type else []),
            *extra,
        ]
        self.connection.send_headers(number, headers, end_stream=end)
        self.flush()
        return number

    def send(self, number, data, end=False):
        """Sends bytes as DATA, as far as the window goes."""
        while data:
            room = min(
                self.connection.local_flow_control_window(number),
                self.connection.max_outbound_frame_size,
            )
            if room == 0:
                self.read()
                continue
            chunk, data = data[:room], data[room:]
            self.connection.send_data(number, chunk, end_stream=end and not data)
            self.flush()
        if end and not data:
            return

    def half_close(self, number):
        self.connection.end_stream(number)
        self.flush()

    def reset(self, number, code=8):
        self.connection.reset_stream(number, code)
        self.flush()

    def read(self):
        """Takes in what comes next; returns its events, None at the end."""
        data = self.socket.recv(65_536)
        if not data:
            return None
        events = self.connection.receive_data(data)
        for event in events:
            if isinstance(event, h2.events.DataReceived):
                self.connection.acknowledge_received_data(
                    event.flow_controlled_length, event.stream_id
                )
        self.events += events
        self.flush()
        return events

    def _of(self, kind, number):
        return [
            event
            for event in self.events
            if isinstance(event, kind) and event.stream_id == number
        ]

    def data(self, number):
        """The bytes of a stream so far."""
        return b"".join(e.data for e in self._of(h2.events.DataReceived, number))

    def await_data(self, number, wanted=b""):
        """Reads until these bytes came, or any."""
        while not (data := self.data(number)) or wanted not in data:
            assert not self._of(h2.events.StreamEnded, number), self.headers(number)
            assert not self._of(h2.events.StreamReset, number), "it was reset"
            assert self.read() is not None, "the connection ended"

    def ping(self):
        """Comes back when the other side has read all that was sent so far."""
        before = len(self.events)
        self.connection.ping(b"in order")
        self.flush()
        kind = h2.events.PingAckReceived
        while not any(isinstance(event, kind) for event in self.events[before:]):
            assert self.read() is not None, "the connection ended"

    def headers(self, number):
        """All header and trailer fields of a stream so far."""
        fields = []
        for event in self.events:
            kinds = (h2.events.ResponseReceived, h2.events.TrailersReceived)
            if isinstance(event, kinds) and event.stream_id == number:
                fields += event.headers
        return dict(fields)

    def status(self, number):
        """Waits for the end of a call: (grpc-status, grpc-message), or ("reset", code)."""
        while True:
            for event in self.events:
                if getattr(event, "stream_id", None) != number:
                    continue
                if isinstance(event, h2.events.StreamReset):
                    fields = self.headers(number)
                    if "grpc-status" not in fields:
                        return "reset", event.error_code
                    return int(fields["grpc-status"]), fields.get("grpc-message", "")
                if isinstance(event, h2.events.StreamEnded):
                    fields = self.headers(number)
                    code = int(fields.get("grpc-status", -1))
                    return code, fields.get("grpc-message", "")
            assert self.read() is not None, "the connection ended without a status"
