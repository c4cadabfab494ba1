#!/usr/bin/env python3
"""Makes a data directory of each of two clusters with a real program: `make.py PROGRAM [format-1]`.

Runs two daemons on loopback with the configuration in FORMAT/NAME/config, fills them over the API, ends one in order and
the other by `kill -9`, and writes their state files, `rows.json` and `answers.json` beside that configuration. Needs
Python and a C compiler. `make.py --answers PROGRAM [format-1]` only prints what a program answers on copies of the directories.
"""

import atexit
import hashlib
import http.client
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
#: The secret of harbor's first token. It opens nothing but this fixture.
SECRET = "0d1cf17e-0000-4000-8000-000000000001"
CLUSTERS = {"harbor": SECRET, "island": None}
KINDS = [
    "exported-services",
    "mesh",
    "proxy-defaults",
    "service-defaults",
    "service-intentions",
    "service-resolver",
    "service-router",
    "service-splitter",
]
#: What depends on the moment, on the machine, or on whether the peer is there.
VOLATILE = {
    "StreamStatus", "LastError", "NextAttempt", "Attempts", "Hawser", "LastUsed",
}


def free_port():
    while True:
        port = random.randrange(20_000, 30_000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port


def until(condition, what):
    deadline = time.monotonic() + 60
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise SystemExit(f"not so: {what}")
        time.sleep(0.05)
    return value


class Daemon:
    """One agent on a directory."""

    def __init__(self, program, name, config, data, work, environment=None):
        self.program, self.name, self.config, self.data = program, name, config, data
        self.secret = CLUSTERS[name]
        self.log = work / f"{name}.log"
        self.ports = free_port(), free_port()
        self.process = None
        self.environment = os.environ | (environment or {})

    def start(self):
        arguments = [self.program, "agent", "-config-dir", self.config, "-data-dir", self.data]
        arguments += ["-http-port", str(self.ports[0]), "-grpc-tls-port", str(self.ports[1])]
        before = self.log.read_text() if self.log.exists() else ""
        with open(self.log, "a") as log:
            self.process = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.log.parent, env=self.environment
            )
        atexit.register(self.process.kill)

        def is_up():
            text = self.log.read_text()[len(before) :]
            if self.process.poll() is not None:
                raise SystemExit(f"{self.name} ended:\n{text}")
            return " is up: " in text

        until(is_up, f"{self.name} is up")

    def end(self, number):
        self.process.send_signal(number)
        self.process.wait()

    def send(self, method, path, body=None):
        """The status and the text of one request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[0], timeout=30)
        headers = {"X-Consul-Token": self.secret} if self.secret else {}
        try:
            connection.request(method, urllib.parse.quote(path, safe="/?&=:%*"), body and json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def __call__(self, method, path, body=None):
        status, text = self.send(method, path, body)
        if status != 200:
            raise SystemExit(f"{self.name}: {method} {path}: {status} {text}")
        return json.loads(text) if text.strip() else None

    def peer(self, other, name_here, name_there):
        """Redeems here a token that the other cluster makes."""
        token = other("POST", "/v1/peering/token", {"PeerName": name_there})["PeeringToken"]
        self("POST", "/v1/peering/establish", {"PeerName": name_here, "PeeringToken": token})
        self.await_state(name_here, "ACTIVE")
        other.await_state(name_there, "ACTIVE")

    def settle(self):
        """Waits until a daemon that is alone has found out that its peers are away, and its checks have run."""
        until(lambda: "refused" in str(self("GET", "/v1/agent/checks")["file-tcp"]), "the check has failed")
        dialed = lambda: [peering for peering in self("GET", "/v1/peerings") if peering.get("PeerServerAddresses")]
        until(lambda: {peering["State"] for peering in dialed()} <= {"FAILING", "TERMINATED"}, "dials have failed")

    def await_state(self, peer, state):
        until(lambda: self("GET", f"/v1/peering/{peer}")["State"] == state, f"{self.name}: {peer} is {state}")


class Clock:
    """The wall clock of the daemons, by the stand-in's library: tokens are made that end in many years, or ended."""

    def __init__(self, work):
        source = HERE.parent.parent / "Interop" / "standin" / "faults.c"
        self.slots, library = work / "slots", work / "faults.so"
        compiler = shutil.which("cc") or "clang"
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
        self.slots.write_bytes(bytes(4096))
        self.environment = {"LD_PRELOAD": str(library), "HAWSER_FAULTS": str(self.slots)}

    def is_off_by(self, seconds):
        with open(self.slots, "r+b") as file:
            file.write(struct.pack("=q", seconds))


# What is put into them


def fill_catalog(daemon, place):
    """Services and checks of the API: the agent's own, those of nodes without an agent, and odd names."""
    daemon("PUT", "/v1/agent/service/register", {
        "Name": "ledger", "ID": "ledger-1", "Address": "10.9.0.1", "Port": 7000,
        "Tags": ["primary", "v2"], "Meta": {"quay": "north", "isle": "île"}, "EnableTagOverride": True,
        "TaggedAddresses": {"wan": {"Address": "198.51.100.9", "Port": 7001}},
        "Weights": {"Passing": 5, "Warning": 2},
        "Checks": [
            {"CheckID": "ledger-alive", "Name": "alive", "TTL": "24000h"},
            {"CheckID": "ledger-disk", "Name": "disk", "TTL": "24000h", "Status": "passing"},
        ],
        "Connect": {"SidecarService": {"Proxy": {"Upstreams": [
            {"DestinationName": "web", "DestinationPeer": place["peer"], "LocalBindPort": 9191}]}}},
    })
    daemon("PUT", "/v1/agent/service/register", {"Name": "cell", "ID": "cell/gw", "Port": 1})
    daemon("PUT", "/v1/agent/service/register", {"Name": "cabane", "ID": "é", "Port": 2, "Tags": ["é"]})
    daemon("PUT", "/v1/agent/service/register", {"Name": "native", "Port": 3, "Connect": {"Native": True}})
    daemon("PUT", "/v1/agent/check/register", {"Name": "node disk", "CheckID": "node/disk", "TTL": "24000h"})
    daemon("PUT", "/v1/agent/check/update/ledger-alive", {"Status": "warning", "Output": "tired: é"})
    daemon("PUT", "/v1/agent/check/pass/ledger-disk?note=fine")
    daemon("PUT", "/v1/agent/check/fail/node%2Fdisk?note=full")
    daemon("PUT", "/v1/agent/check/pass/file-ttl?note=reported")
    daemon("PUT", "/v1/agent/service/maintenance/native?enable=true&reason=painting")
    for node, address in [("rack/7", "10.8.0.7"), ("rack", "10.8.0.8"), ("île-é", "10.8.0.9")]:
        daemon("PUT", "/v1/catalog/register", {
            "Node": node, "Address": address, "NodeMeta": {"external-node": "true"},
            "Service": {"ID": "cell/gw", "Service": "cell", "Port": 80, "Tags": [node]},
            "Checks": [
                {"Node": node, "CheckID": "alive", "Name": "alive", "Status": "passing", "Output": "pong"},
                {"Node": node, "CheckID": "cell/up", "Name": "up", "Status": "warning", "ServiceID": "cell/gw"},
            ],
        })
    daemon("PUT", "/v1/catalog/register", {
        "Node": "rack", "Address": "10.8.0.8",
        "Service": {"ID": "7/cell", "Service": "cell", "Port": 81, "Meta": {"x": "y"}}})
    daemon("PUT", "/v1/catalog/register", {"Node": "gone", "Address": "10.8.0.10", "Service": {"Service": "gone"}})
    daemon("PUT", "/v1/catalog/deregister", {"Node": "gone"})
    daemon("PUT", "/v1/catalog/register", {
        "Node": "edge", "Address": "10.8.0.11",
        "Service": {"ID": "gw-1", "Service": "mesh-gateway", "Kind": "mesh-gateway", "Address": "10.8.0.11",
                    "Port": 8443, "TaggedAddresses": {
                        "lan": {"Address": "10.8.0.11", "Port": 8443},
                        "wan": {"Address": "198.51.100.11", "Port": 443}}}})


def fill_entries(daemon, place):
    peer = place["peer"]
    entries = [
        {"Kind": "mesh", "Name": "mesh", "TransparentProxy": {"MeshDestinationsOnly": True}, "Meta": {"a": "b"}},
        {"Kind": "proxy-defaults", "Name": "global", "MeshGateway": {"Mode": "local"},
         "Config": {"connect_timeout_ms": 7000, "name": "é"}},
        {"Kind": "service-defaults", "Name": "ledger", "Protocol": "http"},
        {"Kind": "service-defaults", "Name": "a/b", "Protocol": "grpc"},
        {"Kind": "service-defaults", "Name": "café", "Protocol": "http2"},
        {"Kind": "service-intentions", "Name": "ledger", "Sources": [
            {"Name": "web", "Action": "allow"}, {"Name": "web", "Peer": peer, "Action": "deny"}]},
        {"Kind": "service-resolver", "Name": "web", "Redirect": {"Service": "web", "Peer": peer}},
        {"Kind": "service-splitter", "Name": "ledger", "Splits": [
            {"Weight": 90, "Service": "ledger"}, {"Weight": 10, "Service": "web"}]},
        {"Kind": "service-router", "Name": "ledger", "Routes": [
            {"Match": {"HTTP": {"PathPrefix": "/é"}}, "Destination": {"Service": "web"}}]},
    ]
    if place["exports_by_api"]:
        consumers = [{"Peer": peer}, {"Peer": f"{peer}-back"}]
        entries.append({"Kind": "exported-services", "Name": "default", "Services": [
            {"Name": name, "Consumers": consumers} for name in ["ledger", "web", "cell", "cabane"]]})
    for entry in entries:
        daemon("PUT", "/v1/config", entry)


def fill_access(daemon, clock):
    rules = 'service_prefix "app-" { policy = "write" }\nnode_prefix "" { policy = "read" }'
    policy = daemon("PUT", "/v1/acl/policy", {"Name": "app", "Description": "é", "Rules": rules})
    daemon("PUT", "/v1/acl/policy", {"Name": "reader", "Rules": 'operator = "read"', "Datacenters": ["dc1"]})
    token = {"Description": "for the far future", "Policies": [{"ID": policy["ID"]}],
             "ExpirationTTL": "24h"}
    clock.is_off_by(60 * 365 * 86_400)
    daemon("PUT", "/v1/acl/token", token)
    clock.is_off_by(0)
    daemon("PUT", "/v1/acl/token", {"Description": "identities", "Local": True, "ServiceIdentities": [
        {"ServiceName": "web", "Datacenters": ["dc1"]}], "NodeIdentities": [
        {"NodeName": "harbor-1", "Datacenter": "dc1"}]})
    made = daemon("PUT", "/v1/acl/token", {"Description": "deleted"})
    daemon("DELETE", f"/v1/acl/token/{made['AccessorID']}")
    # The last one: making a token removes those that have expired.
    clock.is_off_by(-3_600)
    daemon("PUT", "/v1/acl/token", {"Description": "expired", "ServiceIdentities": [{"ServiceName": "web"}],
                                    "ExpirationTTL": "61s"})
    clock.is_off_by(0)


def fill_peerings(harbor, island, clock):
    """Every state a peering can be stored in, at one end or the other."""
    island.peer(harbor, "harbor", "island")
    harbor.peer(island, "island-back", "harbor-back")
    island.peer(harbor, "late", "late-dialer")
    island.peer(harbor, "short", "short-lived")
    # Deleted by its acceptor: a tombstone here, TERMINATED there.
    harbor("DELETE", "/v1/peering/short-lived")
    island.await_state("short", "TERMINATED")
    # Deleted by its dialer: TERMINATED at the acceptor.
    island.peer(harbor, "brief", "brief-dialer")
    island("DELETE", "/v1/peering/brief")
    harbor.await_state("brief-dialer", "TERMINATED")
    pending = {"PeerName": "reef", "Meta": {"owner": "é"}, "ServerExternalAddresses": ["198.51.100.1:8503"]}
    clock.is_off_by(60 * 365 * 86_400)
    harbor("POST", "/v1/peering/token", pending | {"TTL": "8760h", "Uses": 3, "Note": "for the reef"})
    clock.is_off_by(0)
    harbor("POST", "/v1/peering/token", {"PeerName": "atoll"})
    clock.is_off_by(-3_600)
    harbor("POST", "/v1/peering/token", {"PeerName": "atoll", "TTL": "1s"})
    clock.is_off_by(0)
    # A peering that is away, and has a token for its return.
    harbor("POST", "/v1/peering/token", {"PeerName": "brief-dialer"})


def make(program, folder):
    work = pathlib.Path(tempfile.mkdtemp())
    daemons = []
    clock = Clock(work)
    for name in CLUSTERS:
        daemon = Daemon(program, name, folder / name / "config", work / name, work, clock.environment)
        daemon.start()
        daemons.append(daemon)
    harbor, island = daemons
    fill_catalog(harbor, {"peer": "island"})
    fill_entries(harbor, {"peer": "island", "exports_by_api": True})
    fill_access(harbor, clock)
    fill_catalog(island, {"peer": "harbor"})
    fill_entries(island, {"peer": "harbor", "exports_by_api": False})
    # What is in the file by now leaves the log, which then holds what follows.
    harbor.end(signal.SIGTERM)
    harbor.start()
    fill_peerings(harbor, island, clock)
    island("PUT", "/v1/agent/maintenance?enable=true&reason=winter")
    harbor("PUT", "/v1/hawser/ca/rotate")
    has = lambda daemon, peer, name: daemon("GET", f"/v1/health/service/{name}?peer={peer}")
    until(lambda: has(island, "harbor", "cell") and has(island, "harbor", "ledger-sidecar-proxy"), "island imports")
    until(lambda: has(harbor, "island", "web") and has(harbor, "island", "cell"), "harbor imports")
    until(lambda: len(island("GET", "/v1/peering/harbor")["PeerCAPems"]) == 2, "island has both roots")
    refused = lambda: "refused" in str(island("GET", "/v1/agent/checks")["file-tcp"])
    until(refused, "the check of a file has failed")
    # Copies of imported services reach the disk a second late.
    time.sleep(3)
    harbor.end(signal.SIGKILL)
    island("DELETE", "/v1/peering/late")
    island.end(signal.SIGTERM)
    for daemon in daemons:
        for old in (folder / daemon.name).glob("state.db*"):
            old.unlink()
        for file in daemon.data.glob("state.db*"):
            shutil.copy(file, folder / daemon.name)
    shutil.rmtree(work)
    rows = {name: rows_of(folder / name) for name in CLUSTERS}
    write(folder / "rows.json", rows)
    first, second = (answers(program, folder) for _ in range(2))
    write(folder / "answers.json", first)
    if first != second:
        write(folder / "other.json", second)
        raise SystemExit("two starts of the same program do not answer alike: compare answers.json and other.json")


def write(path, content):
    path.write_text(json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


# What is in them


def rows_of(directory):
    """{key: SHA-256 of the value} of a copy, since reading takes in what the log holds."""
    with tempfile.TemporaryDirectory() as work:
        for file in directory.glob("state.db*"):
            shutil.copy(file, work)
        database = sqlite3.connect(f"{work}/state.db")
        database.text_factory = bytes
        rows = database.execute("SELECT key, value FROM entry ORDER BY key").fetchall()
        database.close()
    return {key.decode(): hashlib.sha256(value).hexdigest() for key, value in rows}


def stable(value):
    """An answer without what depends on the moment."""
    if isinstance(value, dict):
        return {key: stable(item) for key, item in value.items() if key not in VOLATILE}
    if isinstance(value, list):
        return [stable(item) for item in value]
    return value


def paths(daemon):
    """All that is asked; names come from the daemon's own lists."""
    yield from ["/v1/agent/services", "/v1/agent/checks", "/v1/catalog/services", "/v1/catalog/nodes"]
    yield from ["/v1/peerings", "/v1/connect/ca/roots", "/v1/hawser/tokens"]
    yield from (f"/v1/config/{kind}" for kind in KINDS)
    for name in sorted(daemon("GET", "/v1/catalog/services")):
        yield f"/v1/catalog/service/{name}"
        yield f"/v1/health/service/{name}"
    for node in sorted(node["Node"] for node in daemon("GET", "/v1/catalog/nodes")):
        yield f"/v1/health/node/{node.replace('/', '%2F')}"
    for peering in daemon("GET", "/v1/peerings"):
        peer = peering["Name"]
        yield f"/v1/catalog/services?peer={peer}"
        for name in sorted(daemon("GET", f"/v1/catalog/services?peer={peer}")):
            yield f"/v1/health/service/{name}?peer={peer}"
    if daemon.secret:
        yield from ["/v1/acl/tokens", "/v1/acl/policies"]
        for policy in daemon("GET", "/v1/acl/policies"):
            yield f"/v1/acl/policy/{policy['ID']}"
        for token in daemon("GET", "/v1/acl/tokens"):
            yield f"/v1/acl/token/{token['AccessorID']}"


def answers(program, folder):
    """What a program answers on copies, each daemon alone: {cluster: {path: answer}}."""
    found = {}
    for name in CLUSTERS:
        work = pathlib.Path(tempfile.mkdtemp())
        data = work / "data"
        data.mkdir(mode=0o700)
        for file in (folder / name).glob("state.db*"):
            shutil.copy(file, data)
        daemon = Daemon(program, name, folder / name / "config", data, work)
        daemon.start()
        daemon.settle()
        found[name] = {path: stable(daemon("GET", path)) for path in paths(daemon)}
        daemon.end(signal.SIGTERM)
        shutil.rmtree(work)
    return found


if __name__ == "__main__":
    arguments = sys.argv[1:]
    only_answers = "--answers" in arguments
    program, *rest = [argument for argument in arguments if argument != "--answers"]
    folder = HERE / (rest[0] if rest else "format-1")
    if only_answers:
        print(json.dumps(answers(program, folder), indent=1, sort_keys=True, ensure_ascii=False))
    else:
        make(program, folder)
