"""py-consul registers, reads, waits, and manages config entries."""

import threading

import consul
import pytest


@pytest.fixture
def client(island):
    return consul.Consul(host="127.0.0.1", port=island.http_port)


def test_agent_and_catalog(client):
    agent = client.agent
    check = consul.Check.ttl("10m")
    assert agent.service.register("api", service_id="api-1", port=80, tags=["v1"], meta={"a": "b"}, check=check)
    assert agent.services()["api-1"]["Meta"] == {"a": "b"}
    assert agent.self()["Config"]["NodeName"] == "island"
    assert [member["Name"] for member in agent.members()] == ["island"]
    assert agent.check.ttl_pass("service:api-1")
    _, entries = client.health.service("api", passing=True)
    assert [entry["Service"]["ID"] for entry in entries] == ["api-1"]
    _, entries = client.health.service("api", tag="v2")
    assert entries == []
    assert agent.maintenance(True, reason="moving")
    assert client.health.service("api", passing=True)[1] == []
    assert agent.maintenance(False)
    _, checks = client.health.state("passing")
    assert "service:api-1" in [check["CheckID"] for check in checks]
    assert client.health.checks("api")[1][0]["Status"] == "passing"
    assert agent.service.deregister("api-1")
    assert client.catalog.service("api")[1] == []


def test_nodes(client):
    assert client.catalog.register("box", "192.0.2.9", service={"service": "ftp", "port": 21})
    _, nodes = client.catalog.nodes()
    assert {"box", "old-box", "island"} == {node["Node"] for node in nodes}
    _, node = client.catalog.node("box")
    assert [item["Port"] for item in node["Services"].values()] == [21]
    assert client.catalog.datacenters() == ["dc2"]
    assert client.catalog.deregister("box")
    assert client.catalog.node("box")[1] is None
    assert client.status.leader() in client.status.peers()


def test_a_blocking_read_comes_back_with_the_change(client, island):
    index, services = client.catalog.services()
    assert "late" not in services
    found = []
    waiting = threading.Thread(target=lambda: found.append(client.catalog.services(index=index, wait="2m")))
    waiting.start()
    other = consul.Consul(host="127.0.0.1", port=island.http_port)
    assert other.agent.service.register("late", port=1)
    waiting.join(60)
    assert int(found[0][0]) > int(index) and "late" in found[0][1]


def test_imported_services(island):
    client = consul.Consul(host="127.0.0.1", port=island.http_port, dc="harbor")
    _, entries = client.health.service("web")
    assert sorted(entry["Service"]["Port"] for entry in entries) == [8001, 8002]
    assert {entry["Service"]["PeerName"] for entry in entries} == {"harbor"}


def test_config_entries(client):
    config = client.config
    assert config.set("service-defaults", "db", {"Protocol": "tcp"})
    entry = config.get("service-defaults", "db")
    assert entry["Protocol"] == "tcp"
    index = entry["ModifyIndex"]
    assert config.set("service-defaults", "db", {"Protocol": "http"}, cas=index + 100) is False
    assert config.set("service-defaults", "db", {"Protocol": "http"}, cas=index) is True
    assert [entry["Protocol"] for entry in config.list("service-defaults")] == ["http"]
    config.delete("service-defaults", "db")
    assert config.list("service-defaults") == []
