"""The JSON Schemas of Deploy/schema agree with what `hawser validate` says: a document that one takes, both take."""

import json
import os
import subprocess
from pathlib import Path

import jsonschema
import pytest

SCHEMAS = Path(__file__).parents[2] / "Deploy" / "schema"
SERVICE_KEYS = {"name": "web", "port": 80}
UPSTREAM = {"destination_name": "db", "local_bind_port": 9000}


def entry(kind, **keys):
    return kind, {"Kind": kind, **keys}


def service(**keys):
    return "service", {**SERVICE_KEYS, **keys}


VALID = {
    "agent": ("agent", {"node_name": "n", "ports": {"http": -1}, "services": [SERVICE_KEYS], "server": True}),
    "agent in camel case": ("agent", {"NodeName": "n", "Ports": [{"HTTP": 8500}], "Service": SERVICE_KEYS}),
    "replication log": ("agent", {"replication_log": {"max_age": "48h", "max_size_mb": 16}}),
    "bootstrap": ("agent", {"config_entries": {"bootstrap": [{"Kind": "mesh"}, {"kind": "proxy-defaults"}]}}),
    "service": service(tags=["a"], meta={"v": 1}, checks=[{"http": "http://x", "interval": "10s"}]),
    "sidecar": service(connect={"sidecar_service": {"port": 21000, "proxy": {"upstreams": [UPSTREAM]}}}),
    "sidecar in camel case": service(
        Connect={"SidecarService": {"Proxy": {"Upstreams": [{"DestinationName": "db", "LocalBindPort": 1}]}}}
    ),
    "gateway mode": service(connect={"sidecar_service": {"proxy": {"mesh_gateway": {"mode": "local"}}}}),
    "mesh": entry("mesh", TLS={"Incoming": {"TLSMinVersion": "TLSv1_2"}}, Peering={"PeerThroughMeshGateways": True}),
    "mesh in snake case": ("mesh", {"kind": "mesh", "peering": {"peer_through_mesh_gateways": True}}),
    "a list of one map": entry("mesh", Peering=[{"PeerThroughMeshGateways": True}]),
    "proxy-defaults": entry("proxy-defaults", Config={"any": {"thing": [1]}}, AccessLogs={"Type": "stderr"}),
    "service-defaults": entry(
        "service-defaults",
        Name="web",
        UpstreamConfig={"Overrides": [{"Name": "db", "Limits": {"MaxConnections": 5}, "MeshGateway": {"Mode": ""}}]},
    ),
    "exported-services": entry(
        "exported-services", Name="default", Services=[{"Name": "web", "Consumers": [{"Peer": "b"}]}]
    ),
    "service-intentions": entry("service-intentions", Name="web", Sources=[{"Name": "a", "Action": "allow"}]),
    "service-resolver": entry("service-resolver", Name="web", Redirect={"Service": "api"}),
}

INVALID = {
    "no megabytes": ("agent", {"replication_log": {"max_size_mb": 0}}),
    "unknown key of a service": service(prot=80),
    "unknown key of an upstream": service(proxy={"upstreams": [{**UPSTREAM, "peer": "b"}]}),
    "port out of range": service(port=65536),
    "wrong type": service(tags={"a": "b"}),
    "unknown gateway mode": service(proxy={"mesh_gateway": {"mode": "lokal"}}),
    "two blocks": service(proxy=[{}, {}]),
    "http port out of range": ("agent", {"ports": {"http": 65536}}),
    "peering is no map": ("agent", {"peering": True}),
    "bootstrap entry with an unknown key": ("agent", {"config_entries": {"bootstrap": [{"Kind": "mesh", "X": 1}]}}),
    "mesh with an unknown key": entry("mesh", Peeering={}),
    "mesh with an unknown version": entry("mesh", TLS={"Outgoing": {"TLSMaxVersion": "TLSv9"}}),
    "proxy-defaults with an unknown nested key": entry("proxy-defaults", AccessLogs={"Typ": "file"}),
    "service-defaults with a percentage beyond 100": entry(
        "service-defaults",
        Name="web",
        UpstreamConfig={"Defaults": {"PassiveHealthCheck": {"MaxEjectionPercent": 101}}},
    ),
    "exported-services with an unknown key": entry(
        "exported-services", Name="default", Services=[{"Name": "web", "Consumer": [{"Peer": "b"}]}]
    ),
    "service-intentions with an unknown action": entry(
        "service-intentions", Name="web", Sources=[{"Name": "a", "Action": "maybe"}]
    ),
}


def schema(name):
    return jsonschema.Draft202012Validator(json.loads((SCHEMAS / f"{name}.json").read_text()))


def hawser_takes(name, document):
    text = json.dumps({"service": document} if name == "service" else document)
    run = subprocess.run([os.environ["HAWSER"], "validate", "-"], input=text, capture_output=True, text=True)
    return run.returncode == 0


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.json")), ids=lambda path: path.stem)
def test_schemas_are_schemas(path):
    jsonschema.Draft202012Validator.check_schema(json.loads(path.read_text()))


@pytest.mark.parametrize("name, document", VALID.values(), ids=VALID.keys())
def test_valid_documents_pass(name, document):
    assert not list(schema(name).iter_errors(document))
    assert hawser_takes(name, document)


@pytest.mark.parametrize("name, document", INVALID.values(), ids=INVALID.keys())
def test_invalid_documents_fail(name, document):
    assert list(schema(name).iter_errors(document))
    assert not hawser_takes(name, document)
