"""Envoy as the gateway, on the bootstrap that Hawser prints."""

import json
import pathlib
import socket
import subprocess
import sys

import pytest

from standin import raw
from standin.dialer import decode_token
from standin.hawser import THROUGH_GATEWAYS, exports, free_port
from standin.waiting import eventually

ENVOY = pathlib.Path(sys.executable).parent / "envoy"


def gateway(port):
    address = {"address": "127.0.0.1", "port": port}
    return {
        "name": "mesh-gateway",
        "kind": "mesh-gateway",
        "port": port,
        "tagged_addresses": {"lan": address, "wan": address},
    }


@pytest.fixture
def start_envoy(tmp_path, cleanup):
    """Runs Envoy on what `hawser envoy bootstrap` prints."""

    def start(hawser, port):
        outcome = hawser.cli("envoy", "bootstrap", "-gateway", "-address", f"127.0.0.1:{port}")
        assert outcome.code == 0, outcome.errors
        path = tmp_path / f"envoy-{port}.json"
        path.write_text(outcome.output)
        flags = ["--concurrency", "1", "--disable-hot-restart", "--log-level", "warn"]
        with open(tmp_path / f"envoy-{port}.log", "w") as log:
            envoy = subprocess.Popen(
                [str(ENVOY), "-c", str(path), *flags],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        cleanup.callback(envoy.wait)
        cleanup.callback(envoy.kill)
        eventually(lambda: _listens(port), "Envoy listens")
        return json.loads(outcome.output)

    return start


def _listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_envoy_at_both_ends(make_hawser, start_envoy):
    ports = {"harbor": free_port(), "island": free_port()}
    harbor = make_hawser(
        "harbor",
        files={
            "services.json": {"services": [{"name": "web"}, gateway(ports["harbor"])]},
            "exports.json": exports("web", peer="island"),
            "mesh.json": THROUGH_GATEWAYS,
        },
    )
    start_envoy(harbor, ports["harbor"])
    token = harbor.token("island")
    fields = decode_token(token)
    assert fields["ServerAddresses"] == [f"127.0.0.1:{ports['harbor']}"]

    # island's gateway has the way to harbor once the peering is there: the first time it is dialed directly.
    island = make_hawser(
        "island",
        datacenter="dc2",
        files={"services.json": {"services": [gateway(ports["island"])]}},
    )
    assert island.establish(token, "harbor").status == 200
    eventually(lambda: island.imported("web", "harbor"), "the services are there")

    island.write("mesh.json", THROUGH_GATEWAYS)
    island.reload()
    bootstrap = start_envoy(island, ports["island"])
    names = [
        chain["filter_chain_match"]["server_names"]
        for chain in bootstrap["static_resources"]["listeners"][0]["filter_chains"]
    ]
    assert [fields["ServerName"]] in names and len(names) == 2
    island.restart()
    eventually(lambda: island.state("harbor") == "ACTIVE", "it is back")
    assert island.peering("harbor")["Hawser"]["Way"] == "local-gateway"

    # Other names are nobody's.
    with pytest.raises(OSError):
        raw.connect_tls(ports["harbor"], "local_agent", raw.tls_context())


def test_without_the_mesh_entry_there_is_nothing_to_print(make_hawser):
    outcome = make_hawser().cli("envoy", "bootstrap", "-gateway")
    assert outcome.code == 1
    assert "PeerThroughMeshGateways" in outcome.errors
