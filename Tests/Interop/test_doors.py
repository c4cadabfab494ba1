"""The doors of the HTTP API: HTTPS, Unix sockets, and what is not let in."""

import http.client
import json
import os
import socket
import ssl
import stat
import subprocess
import tempfile
from pathlib import Path

import pytest

from standin.authority import Authority, write_pair
from standin.hawser import PROGRAM, free_port
from standin.waiting import eventually


class Secure:
    """A daemon with HTTPS."""

    def __init__(self, make_hawser, directory, authority, agent=None, **tls):
        self.directory = directory
        self.authority = authority
        self.ca = directory / "ca.pem"
        self.ca.write_text(authority.root_pem)
        certificate, key = write_pair(directory, authority.make_leaf("localhost"))
        self.port = free_port()
        block = {"cert_file": certificate, "key_file": key} | tls
        doors = {"ports": {"https": self.port}, "tls": {"https": block}}
        self.hawser = make_hawser(agent=doors | (agent or {}))

    @property
    def url(self):
        return f"https://localhost:{self.port}"

    def context(self, identity=None):
        context = ssl.create_default_context(cafile=self.ca)
        context.set_alpn_protocols(["http/1.1"])
        if identity:
            context.load_cert_chain(*write_pair(self.directory, identity, "client"))
        return context

    def connect(self, **named):
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        return self.context(**named).wrap_socket(raw, server_hostname="localhost")

    def serial(self):
        """Of the certificate that a new connection is shown."""
        with self.connect() as connection:
            return int(connection.getpeercert()["serialNumber"], 16)

    def cli(self, *arguments, **named):
        return self.hawser.cli(*arguments, "-http-addr", self.url, **named)


@pytest.fixture
def directory(tmp_path):
    path = tmp_path / "tls"
    path.mkdir()
    return path


@pytest.fixture
def sockets():
    """A directory with a short name: addresses of Unix sockets have 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="hawser-") as path:
        yield Path(path)


def ask(connection, target="/v1/agent/self", host="localhost"):
    """One request on a connection that goes on: the status."""
    connection.sendall(f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    answer.read()
    return answer.status


# HTTPS


def test_https_answers_beside_http(make_hawser, directory, authority):
    secure = Secure(make_hawser, directory, authority)
    with secure.connect() as connection:
        assert connection.selected_alpn_protocol() == "http/1.1"
        assert connection.version() == "TLSv1.3"
        assert ask(connection) == ask(connection) == 200
    assert secure.hawser.get("/v1/agent/self")
    assert f"https://127.0.0.1:{secure.port}" in secure.hawser.log


def test_the_command_line_speaks_https(make_hawser, directory, authority):
    secure = Secure(make_hawser, directory, authority)
    assert secure.cli("peering", "list", "-ca-file", str(secure.ca)).code == 0
    unknown = secure.cli("peering", "list")
    assert unknown.code == 1 and "Name the CA of its certificate with -ca-file" in unknown.errors
    address = f"https://127.0.0.1:{secure.port}"
    named = ["-http-addr", address, "-ca-file", str(secure.ca)]
    other = secure.hawser.cli("peering", "list", *named)
    assert other.code == 1 and "-tls-server-name" in other.errors
    named += ["-tls-server-name", "localhost"]
    assert secure.hawser.cli("peering", "list", *named).code == 0
    plain = f"https://localhost:{secure.hawser.http_port}"
    wrong = secure.hawser.cli("peering", "list", "-http-addr", plain)
    assert wrong.code == 1 and "Is the port that of HTTPS?" in wrong.errors


def test_clients_show_certificates_where_they_have_to(make_hawser, directory, authority):
    ca = directory / "clients.pem"
    clients = Authority()
    ca.write_text(clients.root_pem)
    secure = Secure(make_hawser, directory, authority, ca_file=str(ca), verify_incoming=True)
    with secure.connect(identity=clients.make_leaf("somebody")) as connection:
        assert ask(connection) == 200
    for identity in (None, Authority().make_leaf("somebody")):
        with pytest.raises((ssl.SSLError, ConnectionError, http.client.RemoteDisconnected)):
            with secure.connect(identity=identity) as connection:
                ask(connection)
    certificate, key = write_pair(directory, clients.make_leaf("somebody"), "mine")
    given = ["-ca-file", str(secure.ca)]
    refused = secure.cli("peering", "list", *given)
    assert refused.code == 1 and "-client-cert and -client-key" in refused.errors
    given += ["-client-cert", certificate, "-client-key", key]
    assert secure.cli("peering", "list", *given).code == 0


@pytest.mark.parametrize("by", ["command", "signal"])
def test_files_are_read_again_and_connections_go_on(make_hawser, directory, authority, by):
    secure = Secure(make_hawser, directory, authority)
    first = secure.serial()
    with secure.connect() as connection:
        assert ask(connection) == 200
        write_pair(directory, authority.make_leaf("localhost"))
        if by == "command":
            secure.hawser.reload()
        else:
            secure.hawser.process.send_signal(1)
            eventually(lambda: secure.serial() != first, "the new certificate is shown")
        assert secure.serial() != first
        assert ask(connection) == 200


def test_a_reload_of_bad_files_changes_nothing(make_hawser, directory, authority):
    secure = Secure(make_hawser, directory, authority)
    first = secure.serial()
    write_pair(directory, authority.make_leaf("localhost", days=(-3, -1)))
    secure.hawser.write("web.json", {"service": {"name": "web"}})
    outcome = secure.hawser.cli("reload")
    assert outcome.code == 1 and "has expired" in outcome.errors
    assert secure.serial() == first
    assert "web" not in secure.hawser.get("/v1/catalog/services")


def test_tls_1_3_may_be_asked_for(make_hawser, directory, authority):
    secure = Secure(make_hawser, directory, authority, tls_min_version="TLSv1_3")
    context = secure.context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with socket.create_connection(("127.0.0.1", secure.port)) as raw:
        with pytest.raises(ssl.SSLError):
            context.wrap_socket(raw, server_hostname="localhost")
    assert secure.serial()


def start_refused(directory, settings):
    """Starts a daemon that must not start: what it says."""
    file = directory / "agent.json"
    file.write_text(settings if isinstance(settings, str) else json.dumps(settings))
    done = subprocess.run(
        [PROGRAM, "agent", "-dev", "-config-file", str(file), "-http-port", "-1", "-grpc-tls-port", "-1"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    return done.stderr


BAD_FILES = {
    "no certificate": ({"cert_file": None}, "tls.https.cert_file is not set"),
    "no key": ({"key_file": None}, "tls.https.key_file is not set"),
    "missing": ({"cert_file": "/nowhere.pem"}, "tls.https.cert_file /nowhere.pem is not there"),
    "a directory": ({"key_file": "/"}, "tls.https.key_file / cannot be read"),
    "no PEM": ({"cert_file": "/etc/hostname"}, "cannot be used: the PEM text holds no certificate"),
    "no key in it": ({"key_file": "server.pem"}, "holds no usable private key"),
    "another key": ({"key_file": "other.key"}, "does not belong to the certificate in"),
    "expired": ({"cert_file": "old.pem", "key_file": "old.key"}, "has expired"),
    "too early": ({"cert_file": "young.pem", "key_file": "young.key"}, "is not valid yet"),
    "no CA": ({"verify_incoming": True}, "tls.https.ca_file is not set"),
}


@pytest.mark.parametrize("fault", BAD_FILES)
def test_files_that_cannot_be_served_with_are_named(directory, authority, fault):
    write_pair(directory, authority.make_leaf("localhost"))
    write_pair(directory, authority.make_leaf("localhost"), "other")
    write_pair(directory, authority.make_leaf("localhost", days=(-3, -1)), "old")
    write_pair(directory, authority.make_leaf("localhost", days=(1, 3)), "young")
    changes, text = BAD_FILES[fault]
    block = {"cert_file": "server.pem", "key_file": "server.key"} | changes
    for key in ("cert_file", "key_file"):
        value = block[key]
        if value and not value.startswith("/"):
            block[key] = str(directory / value)
    block = {key: value for key, value in block.items() if value is not None}
    settings = {"ports": {"https": free_port()}, "tls": {"https": block}}
    assert text in start_refused(directory, settings)


def test_a_key_that_everybody_may_read_is_warned_of(make_hawser, directory, authority):
    certificate, key = write_pair(directory, authority.make_leaf("localhost"))
    os.chmod(key, 0o644)
    older = {"cert_file": certificate, "key_file": key, "ports": {"https": free_port()}}
    hawser = make_hawser(agent=older)
    assert f"{key} can be read by every user of this machine" in hawser.log


# Warnings


DENY = {"enabled": True, "default_policy": "deny"}
ANSWERS_ALL = "answers whoever reaches 0.0.0.0:"
READABLE = "can be read on the way: serve it by HTTPS"


@pytest.mark.parametrize(
    "client, acl, warned, not_warned",
    [
        ("0.0.0.0", {}, [ANSWERS_ALL, READABLE], []),
        ("0.0.0.0", {"enabled": True}, [ANSWERS_ALL, READABLE], []),
        ("0.0.0.0", DENY, ["the tokens in them " + READABLE], [ANSWERS_ALL]),
        ("127.0.0.1", {}, [], [ANSWERS_ALL, READABLE]),
    ],
)
def test_an_open_door_is_warned_of(make_hawser, client, acl, warned, not_warned):
    hawser = make_hawser(agent={"client_addr": client, "acl": acl})
    assert all(text in hawser.log for text in warned)
    assert not any(text in hawser.log for text in not_warned)


@pytest.mark.parametrize("acl, verify, warns", [({}, False, True), ({}, True, False), (DENY, False, False)])
def test_an_open_https_door_is_warned_of(make_hawser, directory, authority, acl, verify, warns):
    addresses = {"http": "127.0.0.1", "https": "0.0.0.0"}
    agent = {"acl": acl, "addresses": addresses}
    ca = directory / "ca.pem"
    secure = Secure(make_hawser, directory, authority, agent=agent, ca_file=str(ca), verify_incoming=verify)
    assert ("the HTTPS API answers whoever reaches https://0.0.0.0:" in secure.hawser.log) == warns
    assert READABLE not in secure.hawser.log


# Unix sockets


@pytest.fixture
def make_socketed(make_hawser, sockets):
    def make(name="hawser", path=sockets / "http.sock", **unix_sockets):
        agent = {"addresses": {"http": f"unix://{path} 127.0.0.1"}, "unix_sockets": unix_sockets}
        hawser = make_hawser(name, agent=agent)
        hawser.socket = path
        return hawser

    return make


def test_a_unix_socket_answers(make_socketed, sockets):
    hawser = make_socketed()
    mode = os.stat(hawser.socket).st_mode
    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(hawser.socket))
        assert ask(connection) == ask(connection) == 200
    outcome = hawser.cli("peering", "list", "-http-addr", f"unix://{hawser.socket}")
    assert outcome.code == 0, outcome.errors
    assert os.listdir(sockets) == ["http.sock"]
    hawser.stop()
    assert os.listdir(sockets) == []
    gone = hawser.cli("peering", "list", "-http-addr", f"unix://{hawser.socket}")
    assert gone.code == 1 and "no daemon answers at unix://" in gone.errors


def test_a_socket_is_whose_it_is_said_to_be(make_socketed):
    hawser = make_socketed(mode="0660", group=str(os.getgid()), user=str(os.getuid()))
    assert stat.S_IMODE(os.stat(hawser.socket).st_mode) == 0o660


def test_a_socket_that_was_left_behind_is_replaced(make_socketed):
    hawser = make_socketed()
    hawser.restart()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(hawser.socket))
        assert ask(connection) == 200


def test_a_socket_that_answers_is_left_alone(make_socketed, directory):
    hawser = make_socketed()
    settings = {"addresses": {"http": f"unix://{hawser.socket}"}, "ports": {"http": free_port()}}
    file = directory / "agent.json"
    file.write_text(json.dumps(settings))
    done = subprocess.run(
        [PROGRAM, "agent", "-dev", "-config-file", str(file), "-grpc-tls-port", "-1"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1 and "another process listens there" in done.stderr
    assert hawser.cli("peering", "list", "-http-addr", f"unix://{hawser.socket}").code == 0


# All doors together


def test_every_door_tells_the_same_index(make_hawser, directory, authority, sockets):
    path = sockets / "http.sock"
    doors = {"addresses": {"http": f"127.0.0.1 unix://{path}"}}
    secure = Secure(make_hawser, directory, authority, agent=doors)
    targets = ("catalog/services", "health/service/none", "peerings", "config/mesh", "hawser/tokens")
    # One door is asked after each change, and the others not at all.
    changes = (
        ("PUT", "/v1/agent/service/register", {"Name": "web"}),
        ("PUT", "/v1/agent/service/deregister/web", None),
        ("POST", "/v1/peering/token", {"PeerName": "east"}),
        ("PUT", "/v1/config", {"Kind": "mesh"}),
    )
    for change in changes:
        assert secure.hawser.api(*change).status == 200
        for target in targets:
            secure.hawser.api("GET", "/v1/" + target)
    for target in targets:
        plain = secure.hawser.api("GET", "/v1/" + target).headers["X-Consul-Index"]
        assert int(plain) > 0
        with secure.connect() as connection:
            assert index(connection, target) == plain
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(path))
            assert index(connection, target) == plain


def index(connection, target):
    """What a door says of a read."""
    connection.sendall(f"GET /v1/{target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    answer.read()
    return answer.headers["X-Consul-Index"]


# Limits


def test_a_long_query_is_refused(make_hawser):
    hawser = make_hawser()
    assert hawser.api("GET", "/v1/catalog/services?x=" + "y" * 8_000).status == 200
    assert hawser.api("GET", "/v1/catalog/services?x=" + "y" * 9_000).status == 414


def test_a_head_without_end_is_cut_off(make_hawser):
    hawser = make_hawser()
    for endless in (b"GET /" + b"x" * 400_000, b"GET / HTTP/1.1\r\nA: " + b"y" * 400_000):
        with socket.create_connection(("127.0.0.1", hawser.http_port), timeout=20) as connection:
            try:
                connection.sendall(endless)
                answer = connection.recv(1000)
            except ConnectionError:
                answer = b""
            assert answer == b"" or b" 400 " in answer
    assert hawser.get("/v1/agent/self")


def test_a_body_that_is_too_long_is_refused(make_hawser):
    hawser = make_hawser()
    answer = hawser.api("PUT", "/v1/config", {"Kind": "mesh", "Meta": {"a": "x" * (5 << 20)}})
    assert answer.status == 400 and "longer than" in answer.text
