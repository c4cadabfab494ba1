"""`/v1/agent/metrics`."""

import re

import dns.message
import dns.query
import pytest

from standin import raw
from standin.hawser import THROUGH_GATEWAYS, exports, free_port
from standin.waiting import eventually


def test_peerings_are_measured_under_the_names_of_consul(make_hawser):
    harbor = make_hawser(
        "harbor",
        files={
            "services.json": {"services": [{"name": "web"}, {"name": "api"}]},
            "exports.json": exports("web", "api", peer="island"),
        },
    )
    island = make_hawser("island", datacenter="dc2")
    assert island.establish(harbor.token("island"), "harbor").status == 200
    eventually(lambda: island.imported("api", "harbor"), "island has the services")

    accepting, dialing = harbor.metrics(), island.metrics()
    labels = ("island", harbor.peering("island")["ID"])
    assert accepting["consul_peering_healthy"] == {labels: 1}
    assert accepting["consul_peering_exported_services"] == {labels: 2}
    assert "hawser_peering_bypasses_gateway" not in accepting
    labels = ("harbor", island.peering("harbor")["ID"])
    assert dialing["consul_peering_healthy"] == {labels: 1}
    assert dialing["hawser_peering_imported_services"] == {labels: 2}

    harbor.kill()
    eventually(
        lambda: island.metrics()["consul_peering_healthy"] == {labels: 0},
        "the stream is measured as down",
    )


def test_the_json_has_the_shape_of_consul(make_hawser):
    hawser = make_hawser(agent={"gateway": {"port": free_port()}})
    hawser.token("island")
    shown = hawser.get("/v1/agent/metrics")
    assert list(shown) == ["Timestamp", "Gauges", "Points", "Counters", "Samples"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000 UTC", shown["Timestamp"])
    (healthy,) = [item for item in shown["Gauges"] if item["Name"] == "consul.peering.healthy"]
    assert healthy["Value"] == 0
    assert healthy["Labels"]["peer_name"] == "island"
    (accepted,) = [
        item for item in shown["Counters"] if item["Name"] == "hawser.gateway.accepted"
    ]
    assert accepted["Count"] == 0


def test_the_daemon_measures_itself_and_its_catalog(make_hawser):
    port = free_port()
    services = [
        {"name": "web", "id": "web-1", "check": {"ttl": "1h"}},
        {"name": "web", "id": "web-2", "check": {"ttl": "1h", "status": "passing"}},
    ]
    hawser = make_hawser(agent={"ports": {"dns": port}}, files={"services.json": {"services": services}})
    for name in ["web.service.consul", "nobody.service.consul"]:
        dns.query.udp(dns.message.make_query(name, "A"), "127.0.0.1", port=port, timeout=10)
    measured = hawser.metrics()
    assert measured["hawser_catalog_nodes"] == {(): 1}
    assert measured["hawser_catalog_services"] == {(): 1}
    assert measured["hawser_catalog_instances"] == {(): 2}
    assert measured["hawser_catalog_checks"] == {("passing",): 1, ("warning",): 0, ("critical",): 1}
    assert measured["hawser_dns_queries_total"] == {("0",): 1, ("3",): 1}
    assert measured["hawser_build_info"][(hawser.cli("version").output.split()[1].removeprefix("v"),)] == 1
    assert 1 << 20 < measured["process_resident_memory_bytes"][()] < 1 << 30
    assert 5 < measured["process_open_fds"][()] < measured["process_max_fds"][()]
    assert measured["process_cpu_seconds_total"][()] > 0


def test_the_gateway_of_an_agent_counts_by_route_and_reason(make_hawser):
    port = free_port()
    hawser = make_hawser(
        agent={"gateway": {"port": port}}, files={"mesh.json": THROUGH_GATEWAYS}
    )
    name = hawser.get("/v1/hawser/gateway/routes")[0]["ServerName"]
    (root,) = hawser.get("/v1/connect/ca/roots")["Roots"]
    raw.connect_tls(port, name, raw.tls_context(root["RootCert"])).close()
    with pytest.raises(OSError):
        raw.connect_tls(port, "stranger.example.com", raw.tls_context())
    eventually(
        lambda: hawser.metrics().get("hawser_gateway_bytes_to_client_total", {}).get((name,)),
        "the connection is counted",
    )
    counted = hawser.metrics()
    assert counted["hawser_gateway_connections_total"] == {(name,): 1}
    assert counted["hawser_gateway_refused_total"] == {("unknown-server-name",): 1}
    assert counted["hawser_gateway_accepted_total"] == {(): 2}
