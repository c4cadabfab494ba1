"""What checks ask: servers that say what a test wants them to say."""

import http.server
import socket
import ssl
import threading
from concurrent import futures

import grpc
import h2.config
import h2.connection
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


class Web:
    """An HTTP server whose answers can be changed; keeps what it was asked.

    With `certificate`, a path to a PEM file with chain and key, it speaks TLS.
    """

    def __init__(self, certificate=None):
        self.status = 200
        self.headers = {}
        self.body = "fine"
        self.requests = []
        handler = type("Handler", (_WebHandler,), {"web": self})
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True
            )
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


class _WebHandler(http.server.BaseHTTPRequestHandler):
    web = None

    def _answer(self):
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length).decode()
        self.web.requests.append((self.command, self.path, self.headers, body))
        status, headers = self.web.status, self.web.headers
        if self.path == "/moved":
            status, headers = 302, {"Location": "/here"}
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(self.web.body.encode())

    do_GET = do_POST = _answer

    def log_message(self, *_):
        pass


class GRPC:
    """A gRPC server with the health service of grpcio's own."""

    def __init__(self, certificate=None, key=None):
        self._server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
        self.health = health.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self.health, self._server)
        address = "127.0.0.1:0"
        if certificate:
            pair = (key.encode(), certificate.encode())
            credentials = grpc.ssl_server_credentials([pair])
            self.port = self._server.add_secure_port(address, credentials)
        else:
            self.port = self._server.add_insecure_port(address)

    def set(self, service, status):
        self.health.set(service, status)

    def __enter__(self):
        self._server.start()
        return self

    def __exit__(self, *_):
        self._server.stop(None)


class Sockets:
    """A server that gives each connection to `serve`, in a thread of its own."""

    def __init__(self, serve):
        self._serve = serve
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(
                target=self._serve, args=(connection,), daemon=True
            ).start()

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def http2(certificate=None):
    """A server that speaks HTTP/2 by h2, which answers PINGs."""
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        context.set_alpn_protocols(["h2"])

    def serve(connection):
        with connection:
            try:
                if context:
                    connection = context.wrap_socket(connection, server_side=True)
                configuration = h2.config.H2Configuration(client_side=False)
                session = h2.connection.H2Connection(configuration)
                session.initiate_connection()
                connection.sendall(session.data_to_send())
                while data := connection.recv(65536):
                    session.receive_data(data)
                    connection.sendall(session.data_to_send())
            except OSError:
                pass

    return Sockets(serve)


def datagrams():
    """A socket that takes datagrams and says nothing."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.bind(("127.0.0.1", 0))
    return listener
