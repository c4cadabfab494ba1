"""`hawser mesh explain`: the way to each upstream, who decided it, and what is wrong with it."""

import json

import pytest

from standin.hawser import exports
from standin.waiting import eventually


def sidecar(*upstreams, name="web", **proxy):
    return {
        "name": f"{name}-sidecar-proxy",
        "kind": "connect-proxy",
        "port": 20000,
        "proxy": {"destination_service_name": name, "upstreams": list(upstreams)} | proxy,
    }


def upstream(name, port=10000, mode=None, **more):
    mode = {"mesh_gateway": {"mode": mode}} if mode else {}
    return {"destination_name": name, "local_bind_port": port} | mode | more


def gateway(address, port=8443):
    where = {"address": address, "port": port}
    return {
        "name": "mesh-gateway",
        "kind": "mesh-gateway",
        "port": port,
        "tagged_addresses": {"lan": where, "wan": where},
    }


def define(hawser, *services, entries=()):
    hawser.write("services.json", {"services": list(services)})
    for number, entry in enumerate(entries):
        hawser.write(f"entry-{number}.json", entry)
    hawser.reload()


def explained(hawser, service="web", *flags):
    outcome = hawser.cli("mesh", "explain", service, "-format", "json", *flags)
    assert outcome.code == 0, outcome.errors
    return json.loads(outcome.output)


def way(hawser, service="web"):
    """The only upstream of the only proxy."""
    (proxy,) = explained(hawser, service)["Proxies"]
    (found,) = proxy["Upstreams"]
    return found


def codes(found):
    return [finding["Code"] for finding in found["Findings"]]


@pytest.fixture
def clusters(make_hawser):
    """harbor exports api, with a sidecar and a gateway; island imports it."""
    harbor = make_hawser(
        "harbor",
        files={
            "harbor.json": {
                "services": [{"name": "api"}, sidecar(name="api"), gateway("203.0.113.7")]
            },
            "exports.json": exports("api", peer="island"),
        },
    )
    island = make_hawser("island", datacenter="dc2")
    assert island.establish(harbor.token("island"), "harbor").status == 200
    eventually(lambda: island.imported("api", "harbor", "connect"), "api is there")
    return harbor, island


def test_a_peer_is_reached_through_its_gateways(clusters):
    harbor, island = clusters
    define(island, sidecar(upstream("api", destination_peer="harbor")))
    found = way(island)
    assert (found["Mode"], found["Level"], found["Place"]) == ("", "", "")
    assert found["Way"] == "remote-gateways"
    domain = harbor.get("/v1/connect/ca/roots")["TrustDomain"]
    assert found["SNI"] == f"api.default.default.island.external.{domain}"
    assert found["Addresses"] == ["203.0.113.7:8443"]
    assert found["Findings"] == []


def test_the_deciding_level_is_named_with_file_and_line(clusters):
    _, island = clusters
    text = """service {
  name = "web-sidecar-proxy"
  kind = "connect-proxy"
  port = 20000
  proxy {
    destination_service_name = "web"
    mesh_gateway { mode = "remote" }
    upstreams = [{
      destination_name = "api"
      destination_peer = "harbor"
      local_bind_port  = 10000
    }]
  }
}
"""
    island.write("web.hcl", text)
    island.reload()
    found = way(island)
    assert (found["Mode"], found["Level"]) == ("remote", "proxy.mesh_gateway")
    assert found["Place"] == f"{island.config}/web.hcl:7"

    defaults = """Kind = "service-defaults"
Name = "web"
UpstreamConfig {
  Overrides = [{
    Name = "api"
    Peer = "harbor"
    MeshGateway {
      Mode = "local"
    }
  }]
}
"""
    island.write("defaults.hcl", defaults)
    island.reload()
    found = way(island)
    assert found["Level"] == "service-defaults UpstreamConfig.Overrides"
    assert found["Place"] == f"{island.config}/defaults.hcl:8"
    assert found["Way"] == "local-gateways"

    # A definition that only moved says where it stands now.
    island.write("web.hcl", "# one line more\n" + text)
    island.write("defaults.hcl", None)
    island.reload()
    assert way(island)["Place"] == f"{island.config}/web.hcl:8"


def test_an_entry_of_the_api_says_so(clusters):
    _, island = clusters
    define(island, sidecar(upstream("api", destination_peer="harbor")), gateway("10.0.0.9"))
    entry = {"Kind": "proxy-defaults", "MeshGateway": {"Mode": "local"}}
    assert island.api("PUT", "/v1/config", entry).status == 200
    found = way(island)
    assert (found["Level"], found["Place"]) == ("proxy-defaults", "written over the API")
    assert found["Addresses"] == ["10.0.0.9:8443"]
    assert found["SNI"].startswith("api.default.default.island.external.")


def test_none_means_remote_for_a_peer(clusters):
    _, island = clusters
    define(island, sidecar(upstream("api", mode="none", destination_peer="harbor")))
    found = way(island)
    assert found["Way"] == "remote-gateways"
    assert codes(found) == ["none-means-remote"]


def test_local_without_a_gateway(clusters):
    _, island = clusters
    define(island, sidecar(upstream("api", mode="local", destination_peer="harbor")))
    found = way(island)
    assert found["Addresses"] == []
    assert codes(found) == ["no-local-gateway"]


def test_a_service_that_is_not_exported_to_us(clusters):
    _, island = clusters
    define(island, sidecar(upstream("db", destination_peer="harbor")))
    assert codes(way(island)) == ["not-exported-to-us"]


def test_an_exporter_without_a_gateway(clusters):
    harbor, island = clusters
    define(island, sidecar(upstream("api", destination_peer="harbor")))
    harbor.write("harbor.json", {"services": [{"name": "api"}, sidecar(name="api")]})
    harbor.reload()
    eventually(lambda: codes(way(island)) == ["no-remote-gateway"], "it is said")
    assert codes(explained(harbor, "api")) == ["export-without-gateway"]


def test_a_peering_that_is_not_there(make_hawser):
    hawser = make_hawser()
    define(hawser, sidecar(upstream("api", destination_peer="nobody")))
    assert codes(way(hawser)) == ["no-peering"]
    hawser.token("nobody")
    assert codes(way(hawser)) == ["not-synced"]


def test_the_own_cluster_and_other_datacenters(make_hawser):
    hawser = make_hawser()
    domain = hawser.get("/v1/connect/ca/roots")["TrustDomain"]
    define(
        hawser,
        sidecar(upstream("api", mode="local"), upstream("db", 10001, datacenter="dc9")),
        sidecar(name="api") | {"address": "10.0.0.5"},
    )
    (proxy,) = explained(hawser)["Proxies"]
    api, db = proxy["Upstreams"]
    assert (api["Way"], api["Addresses"]) == ("direct", ["10.0.0.5:20000"])
    assert api["SNI"] == f"api.default.dc1.internal.{domain}"
    assert db["SNI"] == f"db.default.dc9.internal.{domain}"
    assert codes(db) == ["unknown-datacenter"]
    assert [item["Name"] for item in explained(hawser, "web", "-upstream", "db")["Proxies"][0]["Upstreams"]] == ["db"]


def test_for_people(clusters):
    _, island = clusters
    define(island, sidecar(upstream("api", mode="remote", destination_peer="harbor")))
    outcome = island.cli("mesh", "explain", "web")
    assert outcome.code == 0
    lines = outcome.output.splitlines()
    assert lines[0] == "web-sidecar-proxy on island"
    assert lines[1] == "  api of the peer harbor, at 127.0.0.1:10000"
    assert lines[2].startswith("    mode         remote, by proxy.upstreams[].mesh_gateway (")
    assert lines[3] == "    goes         through harbor's gateways"
    assert lines[5] == "    dials        203.0.113.7:8443"
    unknown = island.cli("mesh", "explain", "nothing")
    assert unknown.code == 1
    assert 'no service or proxy "nothing" is registered' in unknown.errors


def test_a_service_without_a_proxy(make_hawser):
    hawser = make_hawser()
    define(hawser, {"name": "web"})
    assert codes(explained(hawser)) == ["no-proxy"]
