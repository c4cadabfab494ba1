"""The examples of Consul's manual: accepted as they stand, and explained as the manual means them."""

import json
import pathlib
import re

import pytest

from standin.hawser import Hawser

MANUAL = pathlib.Path(__file__).parent.parent / "Fixtures" / "manual"
PAGES = ["across-datacenters", "mesh-gateways"]

UPSTREAMS = """
service {
  name = "web-sidecar-proxy"
  kind = "connect-proxy"
  port = 8181
  proxy {
    destination_service_name = "web"
    upstreams = [{ destination_name = "api", destination_peer = "cluster-01", local_bind_port = 1 }]
  }
}
"""


def example(page, name):
    return (MANUAL / page / name).read_text()


def pages(name, kinds=("hcl", "yaml")):
    return pytest.mark.parametrize(
        "page, name", [(page, f"{name}.{kind}") for page in PAGES for kind in kinds]
    )


@pytest.fixture
def validate(tmp_path):
    """`hawser validate` on texts by their file names."""
    daemon = Hawser(tmp_path / "offline", "offline")

    def run(**files):
        for name, text in files.items():
            (tmp_path / name.replace("__", ".")).write_text(text)
        paths = [str(tmp_path / name.replace("__", ".")) for name in files]
        return daemon.cli("validate", *paths)

    return run


def ways(hawser, service="web"):
    """The upstreams of the only proxy, each as (name, mode, level, way)."""
    outcome = hawser.cli("mesh", "explain", service, "-format", "json")
    assert outcome.code == 0, outcome.errors
    (proxy,) = json.loads(outcome.output)["Proxies"]
    return [
        (way["Name"], way["Mode"], way["Level"], way["Way"]) for way in proxy["Upstreams"]
    ]


def place(hawser, upstream):
    outcome = hawser.cli("mesh", "explain", "web", "-upstream", upstream, "-format", "json")
    return json.loads(outcome.output)["Proxies"][0]["Upstreams"][0]["Place"]


def line_of(text, pattern):
    for number, line in enumerate(text.splitlines(), 1):
        if re.search(pattern, line):
            return number
    raise AssertionError(f"no line has {pattern}")


def test_every_example_is_tested():
    """What is not validated below would be missed."""
    found = {str(path.relative_to(MANUAL)) for path in MANUAL.glob("*/*.*")}
    names = ["global", "per-service", "instance", "upstream"]
    known = {f"{page}/{name}.{kind}" for page in PAGES for name in names for kind in ("hcl", "yaml")}
    assert found == known | {"control-plane/mesh.hcl", "control-plane/mesh.yaml"}


@pages("global")
def test_gateways_for_all_services(make_hawser, page, name):
    text = example(page, name)
    hawser = make_hawser(files={name: text, "web.hcl": UPSTREAMS})
    entry = hawser.get("/v1/config/proxy-defaults/global")
    assert entry["MeshGateway"] == {"Mode": "local"}
    assert ways(hawser) == [("api", "local", "proxy-defaults", "local-gateways")]
    assert place(hawser, "api") == f"{hawser.config}/{name}:{line_of(text, 'Mode')}"


@pages("per-service")
def test_gateways_for_one_service(make_hawser, page, name):
    text = example(page, name)
    hawser = make_hawser(files={name: text, "web.hcl": UPSTREAMS})
    entry = hawser.get("/v1/config/service-defaults/web")
    assert entry["MeshGateway"] == {"Mode": "local"}
    assert ways(hawser) == [("api", "local", "service-defaults", "local-gateways")]
    assert place(hawser, "api") == f"{hawser.config}/{name}:{line_of(text, 'Mode')}"


@pages("instance", kinds=["yaml"])
def test_gateways_for_one_instance_in_yaml(make_hawser, page, name):
    hawser = make_hawser(files={name: example(page, name)})
    expect_instance(hawser, name, example(page, name), bind_port=100)


@pages("instance", kinds=["hcl"])
def test_gateways_for_one_instance_in_hcl(make_hawser, validate, page, name):
    """The text shows two alternatives, which are one registration: both together are a mistake."""
    text = example(page, name)
    outcome = validate(both__hcl=text)
    assert outcome.code == 1
    assert 'the service ID "web-sidecar-proxy" is already defined at ' in outcome.errors + outcome.output

    first, second = text.split("# Or alternatively inline with the service definition:\n")
    hawser = make_hawser(files={"web.hcl": first})
    expect_instance(hawser, "web.hcl", first, bind_port=10000)
    hawser.write("web.hcl", second)
    hawser.reload()
    expect_instance(hawser, "web.hcl", second, bind_port=10000)
    proxy = hawser.get("/v1/agent/services")["web-sidecar-proxy"]["Proxy"]
    assert proxy["LocalServicePort"] == 8181


def expect_instance(hawser, name, text, bind_port):
    service = hawser.get("/v1/agent/services")["web-sidecar-proxy"]
    assert service["Kind"] == "connect-proxy"
    assert service["Proxy"]["DestinationServiceName"] == "web"
    assert service["Proxy"]["MeshGateway"] == {"Mode": "remote"}
    (upstream,) = service["Proxy"]["Upstreams"]
    assert upstream["DestinationName"] == "api"
    assert upstream["Datacenter"] == "secondary"
    assert upstream["LocalBindPort"] == bind_port
    assert ways(hawser) == [("api", "remote", "proxy.mesh_gateway", "remote-gateways")]
    line = line_of(text, r"mode\b.*remote")
    assert place(hawser, "api") == f"{hawser.config}/{name}:{line}"


@pages("upstream")
def test_gateways_for_single_upstreams(make_hawser, page, name):
    text = example(page, name)
    hawser = make_hawser(files={name: text})
    level = "proxy.upstreams[].mesh_gateway"
    # YAML leaves out where the upstreams are, and so does the HCL of one page: then they are here.
    elsewhere = page == "mesh-gateways" and name.endswith(".hcl")
    expected = ["remote-gateways", "local-gateways", "direct"] if elsewhere else ["direct"] * 3
    assert ways(hawser) == [
        ("api", "remote", level, expected[0]),
        ("db", "local", level, expected[1]),
        ("logging", "none", level, expected[2]),
    ]
    upstreams = hawser.get("/v1/agent/services")["web-sidecar-proxy"]["Proxy"]["Upstreams"]
    assert [upstream["LocalBindPort"] for upstream in upstreams] == [10000, 10001, 10002]
    peers = [upstream.get("DestinationPeer", "") for upstream in upstreams]
    assert peers == (["cluster-01", "", ""] if elsewhere else [""] * 3)
    assert place(hawser, "db") == f"{hawser.config}/{name}:{line_of(text, 'local$|.local.$')}"


def test_the_control_plane_through_gateways(make_hawser):
    hawser = make_hawser(files={"mesh.hcl": example("control-plane", "mesh.hcl")})
    assert hawser.get("/v1/config/mesh/mesh")["Peering"] == {"PeerThroughMeshGateways": True}
    refused = hawser.api("POST", "/v1/peering/token", {"PeerName": "standin"})
    assert "no mesh gateway instances are registered" in refused.text


def test_a_slip_of_the_pen_is_told(validate):
    outcome = validate(mesh__yaml=example("control-plane", "mesh.yaml"))
    assert outcome.code == 1
    said = outcome.errors + outcome.output
    assert "mesh.yaml:2:1: Peeering: unknown key `Peeering`; did you mean `Peering`?" in said


@pytest.mark.parametrize("path", sorted(str(path.relative_to(MANUAL)) for path in MANUAL.glob("*/*.hcl")))
def test_every_hcl_example_can_be_formatted(tmp_path, path):
    offline = Hawser(tmp_path / "offline", "offline")
    once = offline.cli("fmt", "-", stdin=(MANUAL / path).read_text())
    assert once.code == 0, once.errors
    assert offline.cli("fmt", "-", stdin=once.output).output == once.output


def test_upstreams_of_a_gateway_are_refused(validate):
    """A sentence of the manual asks for them; Consul refuses them, and so do we."""
    text = """
service {
  name = "mesh-gateway"
  kind = "mesh-gateway"
  port = 8443
  proxy {
    upstreams = [{ destination_name = "api", local_bind_port = 1 }]
  }
}
"""
    outcome = validate(gateway__hcl=text)
    assert outcome.code == 1
    assert "pstreams" in outcome.errors + outcome.output
    assert "mesh-gateway" in outcome.errors + outcome.output
