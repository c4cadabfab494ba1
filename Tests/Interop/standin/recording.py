"""Recordings of real Consul servers (Tests/Fixtures/consul), message by message."""

import json
from dataclasses import dataclass
from pathlib import Path

from . import wire

FIXTURES = Path(__file__).resolve().parents[2] / "Fixtures" / "consul"

DIALER = "C->S"
ACCEPTOR = "S->C"

# The folders with a stream, and the connections of the exchange and of the stream.
CONNECTIONS = {
    "wire": ("conn-0", "conn-1"),
    "gw-plain": ("conn-3", "conn-4"),
    "gw-plain-tcp": ("conn-3", "conn-4"),
    "gw-mesh": ("conn-3", "conn-4"),
}


@dataclass(frozen=True)
class Recorded:
    """A gRPC message: who sent it, its bytes, what they are, and how Consul's own
    descriptions of the messages decode them, as JSON."""

    direction: str
    data: bytes
    message: object
    json: dict

    @property
    def kind(self):
        return self.message.WhichOneof("Payload")


def text(name):
    return (FIXTURES / name).read_text()


def json_of(name):
    return json.loads(text(name))


def token(folder):
    """A token as Consul printed it."""
    return text(f"{folder}/token.b64").strip()


def frames(folder, connection):
    """The HTTP/2 frames of a connection, in order."""
    where = f"{folder}/{'wire/' if folder != 'wire' else ''}{connection}.hex.jsonl"
    return [json.loads(line) for line in text(where).splitlines()]


def stream(folder):
    """The messages of a stream, both directions, in order."""
    return [
        Recorded(frame["dir"], data, wire.Message.FromString(data), message["msg"])
        for frame in frames(folder, CONNECTIONS[folder][1])
        for message in frame.get("grpc", [])
        for data in [bytes.fromhex(message["hex"])]
    ]


def exchange(folder):
    """The bytes of ExchangeSecret's request and of its response."""
    request, response = (
        bytes.fromhex(message["hex"])
        for frame in frames(folder, CONNECTIONS[folder][0])
        for message in frame.get("grpc", [])
    )
    return request, response


def headers(folder, connection, direction):
    """The header blocks that one side sent, in order: lists of (name, value)."""
    return [
        [_header(line) for line in frame["headers"]]
        for frame in frames(folder, connection)
        if frame["frame"] == "HEADERS" and frame["dir"] == direction
    ]


def _header(line):
    name, _, value = line[1:].partition(":")
    return line[0] + name, value.removeprefix(" ")


def imported(messages):
    """What an importer has after these messages of one side (section 4.9): for each
    service, synthetic proxies included, its instances' IDs and states."""
    services = {}
    for message in messages:
        if message.kind != "response":
            continue
        response = message.message.response
        resource = wire.unpack(response)
        if response.ResourceURL == wire.EXPORTED_SERVICE:
            services[response.ResourceID] = [
                (item.Service.ID, *(check.Status for check in item.Checks))
                for item in resource.Nodes
            ]
        elif response.ResourceURL == wire.SERVICE_LIST:
            kept = [(name, f"{name}-sidecar-proxy") for name in resource.Services]
            for name in set(services) - {name for pair in kept for name in pair}:
                services[name] = []
    return services


def api_answers(folder):
    """The answers in a file of `GET /path`, each followed by its JSON, by path."""
    answers, path, lines = {}, None, []
    for line in text(f"{folder}/imported.dc2.txt").splitlines() + ["GET end"]:
        if line.startswith("GET "):
            if path:
                answers[path] = json.loads("\n".join(lines))
            path, lines = line.removeprefix("GET "), []
        else:
            lines.append(line)
    return answers
