"""A peering port over raw HTTP/2, for what a gRPC library does not show.

It speaks TLS as a Consul 1.16 does: it selects no application protocol (observed 1).
"""

import socket
import ssl

import h2.config
import h2.connection
import h2.events

from standin.raw import frame
from standin.waiting import PATIENCE


class RawServer:
    """Takes one connection at a time; `names` are those that clients asked for."""

    def __init__(self, directory, leaf):
        self.names = []
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        chain, key = directory / "leaf.pem", directory / "leaf.key"
        chain.write_text(leaf.certificate_pem)
        key.write_text(leaf.key_pem)
        self._context.load_cert_chain(chain, key)
        self._context.sni_callback = lambda _, name, __: self.names.append(name)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(PATIENCE)
        self.port = self._listener.getsockname()[1]

    def close(self):
        self._listener.close()

    def accept(self):
        plain, _ = self._listener.accept()
        plain.settimeout(PATIENCE)
        return ServedConnection(self._context.wrap_socket(plain, server_side=True))


class ServedConnection:
    """A connection that a client made, frame by frame."""

    def __init__(self, tls):
        self.socket = tls
        config = h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
        self.connection = h2.connection.H2Connection(config)
        self.connection.initiate_connection()
        self.events = []
        self._flush()

    def close(self):
        self.socket.close()

    def wait_for(self, kind):
        """The first event of a kind, come or yet to come."""
        while not (found := [item for item in self.events if isinstance(item, kind)]):
            assert self._read(), f"the client left before {kind.__name__}"
        return found[0]

    def messages(self, count):
        """The first gRPC messages of the one call, once there are so many."""
        while True:
            data = b"".join(
                event.data
                for event in self.events
                if isinstance(event, h2.events.DataReceived)
            )
            found = []
            while len(data) >= 5:
                end = 5 + int.from_bytes(data[1:5], "big")
                if len(data) < end:
                    break
                found.append(data[5:end])
                data = data[end:]
            if len(found) >= count:
                return found
            assert self._read(), f"the client left after {len(found)} messages"

    def send_headers(self, number, headers, end=False):
        self.connection.send_headers(number, headers, end_stream=end)
        self._flush()

    def send(self, number, message):
        self.connection.send_data(number, frame(message))
        self._flush()

    def _read(self):
        data = self.socket.recv(65_536)
        events = self.connection.receive_data(data) if data else []
        for event in events:
            if isinstance(event, h2.events.DataReceived):
                self.connection.acknowledge_received_data(
                    event.flow_controlled_length, event.stream_id
                )
        self.events += events
        self._flush()
        return bool(data)

    def _flush(self):
        self.socket.sendall(self.connection.data_to_send())
