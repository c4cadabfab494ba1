"""consulate asks in ways of its own: the token is a parameter, bodies come as forms, and Unix sockets are a door.

It makes a list of one into what is in it.
"""

import consulate
import pytest

from clusters import SECRET


def client(daemon, token=SECRET, **settings):
    return consulate.Consul(host="127.0.0.1", port=daemon.http_port, token=token, **settings)


@pytest.fixture(params=["http", "unix"])
def manager(request, guarded):
    if request.param == "http":
        return client(guarded)
    adapter = consulate.adapters.UnixSocketRequest
    return consulate.Consul(host=guarded.doors.socket, port=None, scheme="http+unix", adapter=adapter, token=SECRET)


def test_services_and_checks(manager):
    agent = manager.agent
    assert agent.service.register("api", "api-1", "192.0.2.7", 80, tags=["v1"], meta={"a": "b"})
    assert agent.services()["api-1"]["Meta"] == {"a": "b"}
    check = {"name": "alive", "check_id": "alive", "ttl": "1h", "service_id": "api-1"}
    assert agent.check.register(**check)
    assert agent.check.ttl_pass("alive", "well")
    assert agent.checks()["alive"]["Output"] == "well"
    (entry,) = manager.health.service("api", tag="v1", passing=True)
    assert entry["Service"]["Address"] == "192.0.2.7"
    assert agent.check.ttl_warn("alive") and agent.check.ttl_fail("alive")
    assert not manager.health.service("api", passing=True)
    assert agent.service.maintenance("api-1", True, "a reason") and agent.service.maintenance("api-1", False)
    assert agent.check.deregister("alive")
    assert agent.service.deregister("api-1")
    assert not manager.catalog.service("api")
    assert agent.self()["Config"]["NodeName"] == "island"
    assert [member["Name"] for member in agent.members()] == ["island"]
    assert agent.maintenance(True) and agent.maintenance(False)


def test_the_catalog(manager):
    service = {"Service": "ftp", "Port": 21}
    assert manager.catalog.register("box", "192.0.2.9", service=service)
    assert {"box", "island", "old-box"} == {node["Node"] for node in manager.catalog.nodes()}
    assert manager.catalog.node("box")["Services"]["ftp"]["Port"] == 21
    assert "ftp" in manager.catalog.services()[0]
    assert manager.catalog.deregister("box")
    assert manager.catalog.datacenters() == "dc2"
    assert manager.status.leader() in manager.status.peers()


def test_policies_and_tokens(manager):
    acl = manager.acl
    policy = acl.create_policy("web", description="d", rules='service "web" { policy = "read" }')
    assert acl.read_policy(policy["ID"])["Rules"] == policy["Rules"]
    assert acl.update_policy(policy["ID"], "web", description="e")["Description"] == "e"
    assert "web" in [item["Name"] for item in acl.list_policies()]
    token = acl.create_token(description="t", policies=[{"ID": policy["ID"]}], expiration_ttl="1h")
    accessor = token["AccessorID"]
    assert acl.read_token(accessor)["Policies"] == [{"ID": policy["ID"], "Name": "web"}]
    assert acl.update_token(accessor, description="u")["Description"] == "u"
    copy = acl.clone_token(accessor, description="c")
    assert {accessor, copy["AccessorID"]} <= {item["AccessorID"] for item in acl.list_tokens()}
    assert acl.read_self_token()["SecretID"] == SECRET
    assert acl.delete_token(copy["AccessorID"]) and acl.delete_token(accessor)
    assert acl.delete_policy(policy["ID"])


def test_what_is_denied_is_forbidden(guarded):
    nobody = client(guarded, token=None)
    assert not nobody.agent.services()
    with pytest.raises(consulate.exceptions.Forbidden, match="Permission denied"):
        nobody.agent.service.register("api")
    with pytest.raises(consulate.exceptions.Forbidden, match="ACL bootstrap no longer allowed"):
        nobody.acl.bootstrap()
    with pytest.raises(consulate.exceptions.Forbidden, match="ACL not found"):
        client(guarded, token="none").agent.services()


def test_bootstrap_gives_the_secret(make_hawser):
    daemon = make_hawser("alone", agent={"acl": {"enabled": True, "default_policy": "deny"}})
    secret = client(daemon, token=None).acl.bootstrap()
    assert client(daemon, secret).acl.read_self_token()["SecretID"] == secret


def test_imported_services(guarded):
    found = client(guarded, datacenter="harbor").health.service("web")
    assert sorted(entry["Service"]["Port"] for entry in found) == [8001, 8002]


def test_without_access_control(island):
    with pytest.raises(consulate.exceptions.ConsulateException, match="ACL support disabled|401"):
        client(island, token=None).acl.list_tokens()
