"""py-consul makes tokens and policies, works with them, and sees what it is denied."""

import consul
import pytest
import requests

from clusters import SECRET
from consul.exceptions import ACLDisabled, ACLPermissionDenied, BadRequest

RULES = {"service_prefix": {"web": {"policy": "write"}}, "node_prefix": {"": {"policy": "read"}}}


def client(daemon, token=None, **settings):
    return consul.Consul(host="127.0.0.1", port=daemon.http_port, token=token, **settings)


@pytest.fixture
def manager(guarded):
    return client(guarded, SECRET)


@pytest.fixture
def make_client(guarded, manager):
    """Makes clients whose token has one policy."""

    def make(rules, name="made", **settings):
        policy = manager.acl.policy.create(name, rules=rules)
        token = manager.acl.token.create(policies_id=[policy["ID"]])
        return client(guarded, token["SecretID"], **settings)

    return make


def test_bootstrap_works_once(make_hawser):
    daemon = make_hawser("alone", agent={"acl": {"enabled": True, "default_policy": "deny"}})
    nobody = client(daemon)
    with pytest.raises(ACLPermissionDenied):
        nobody.acl.token.list()
    token = nobody.acl.bootstrap()
    assert [policy["Name"] for policy in token["Policies"]] == ["global-management"]
    assert token["Description"] == "Bootstrap Token (Global Management)"
    assert len(client(daemon, token["SecretID"]).acl.token.list()) == 2
    with pytest.raises(ACLPermissionDenied, match=r"ACL bootstrap no longer allowed \(reset index: \d+\)"):
        nobody.acl.bootstrap()


def test_bootstrap_takes_a_secret(make_hawser):
    daemon = make_hawser("alone", agent={"acl": {"enabled": True, "default_policy": "deny"}})
    assert client(daemon).acl.bootstrap(SECRET)["SecretID"] == SECRET
    assert client(daemon, SECRET).acl.token.read_self()["SecretID"] == SECRET


def test_policies(manager):
    policy = manager.acl.policy
    made = policy.create("web", description="for web", rules=RULES)
    assert policy.read(made["ID"]) == made
    assert made["Name"] == "web" and "service_prefix" in made["Rules"]
    changed = policy.update(made["ID"], "web", description="changed", rules=RULES)
    assert changed["Description"] == "changed" and changed["ModifyIndex"] > made["ModifyIndex"]
    assert {"web", "global-management"} <= {item["Name"] for item in policy.list()}
    assert policy.delete(made["ID"]) is True
    with pytest.raises(ACLPermissionDenied, match="ACL not found"):
        policy.read(made["ID"])
    policy.create("twice")
    with pytest.raises(BadRequest, match='400 Invalid Policy: A Policy with Name "twice" already exists'):
        policy.create("twice")


def test_tokens(manager):
    token = manager.acl.token
    manager.acl.policy.create("web", rules=RULES)
    made = token.create(
        policies_name=["web"],
        description="for web",
        node_identities=["box:dc2"],
        service_identities=[{"ServiceName": "db"}],
        expiration_ttl="1h",
        local=False,
    )
    assert made["Policies"][0]["Name"] == "web"
    assert made["NodeIdentities"] == [{"NodeName": "box", "Datacenter": "dc2"}]
    assert made["ServiceIdentities"] == [{"ServiceName": "db"}]
    assert made["ExpirationTime"] > made["CreateTime"]
    accessor = made["AccessorID"]
    assert token.read(accessor)["Description"] == "for web"
    changed = token.update(accessor, description="changed", policies_name=["web"])
    assert changed["Description"] == "changed" and "ServiceIdentities" not in changed
    copy = token.clone(accessor, description="copy")
    assert copy["Policies"] == changed["Policies"] and copy["SecretID"] != made["SecretID"]
    assert {accessor, copy["AccessorID"]} <= {item["AccessorID"] for item in token.list()}
    policy = made["Policies"][0]["ID"]
    assert {item["AccessorID"] for item in token.list(policy=policy)} == {accessor, copy["AccessorID"]}
    assert token.delete(copy["AccessorID"]) is True and token.delete(accessor) is True
    with pytest.raises(ACLPermissionDenied, match="ACL not found"):
        token.read(accessor)
    own = {"accessor_id": "8a8a8a8a-1111-4222-8333-444444444444", "secret_id": "9b9b9b9b-1111-4222-8333-444444444444"}
    made = token.create(**own)
    assert (made["AccessorID"], made["SecretID"]) == tuple(own.values())


def test_tokens_are_listed_by_the_service_they_are_for(manager):
    token = manager.acl.token
    one = token.create(service_identities=[{"ServiceName": "db"}])
    token.create(service_identities=[{"ServiceName": "web"}])
    assert [item["AccessorID"] for item in token.list(servicename="db")] == [one["AccessorID"]]


def test_a_token_registers_and_reads_what_its_policy_says(make_client):
    web = make_client(RULES)
    assert web.agent.service.register("web-api", port=80)
    assert [item["ServiceName"] for item in web.catalog.service("web-api")[1]] == ["web-api"]
    with pytest.raises(ACLPermissionDenied, match="lacks permission 'service:write' on \"db\""):
        web.agent.service.register("db", port=1)
    with pytest.raises(ACLPermissionDenied, match="lacks permission 'agent:read' on \"island\""):
        web.agent.self()
    assert set(web.catalog.services()[1]) == {"web-api"}
    assert web.health.service("db")[1] == []
    assert web.agent.service.deregister("web-api")


def test_imported_services_need_the_same_permission(guarded, make_client):
    web = make_client(RULES, dc="harbor")
    _, entries = web.health.service("web")
    assert sorted(entry["Service"]["Port"] for entry in entries) == [8001, 8002]
    nobody = client(guarded, dc="harbor")
    assert nobody.health.service("web")[1] == []


def test_a_token_may_be_given_for_one_call(guarded):
    nobody = client(guarded)
    assert nobody.catalog.services()[1] == {}
    assert "db" in nobody.catalog.services(token=SECRET)[1]
    assert nobody.catalog.services()[1] == {}


def test_a_token_that_is_none_is_refused(guarded):
    with pytest.raises(ACLPermissionDenied, match="ACL not found"):
        client(guarded, "22222222-2222-2222-2222-222222222222").catalog.services()


@pytest.mark.parametrize("way", ["header", "bearer", "parameter"])
def test_each_way_to_show_a_token(guarded, way):
    headers = {"header": {"X-Consul-Token": SECRET}, "bearer": {"Authorization": f"Bearer {SECRET}"}}
    parameters = {"parameter": {"token": SECRET}}
    url = f"http://127.0.0.1:{guarded.http_port}/v1/acl/token/self"
    answer = requests.get(url, headers=headers.get(way), params=parameters.get(way), timeout=10)
    assert (answer.status_code, answer.json()["SecretID"]) == (200, SECRET)


def test_tokens_over_https(guarded):
    secure = consul.Consul(
        host="localhost", port=guarded.doors.https_port, scheme="https", verify=guarded.doors.ca, token=SECRET
    )
    assert "db" in secure.catalog.services()[1]


def test_a_wait_ends_when_its_token_does(guarded, manager, make_client):
    web = make_client(RULES)
    accessor = web.acl.token.read_self()["AccessorID"]
    index, _ = web.catalog.services()
    assert manager.acl.token.delete(accessor)
    with pytest.raises(ACLPermissionDenied, match="ACL not found"):
        web.catalog.services(index=index, wait="10m")


def test_without_access_control_the_client_is_told_so(island):
    for call in [lambda c: c.acl.bootstrap(), lambda c: c.acl.token.list(), lambda c: c.acl.policy.list()]:
        with pytest.raises(ACLDisabled, match="ACL support disabled"):
            call(client(island))


def test_what_is_not_kept_is_said_so(manager):
    with pytest.raises(BadRequest, match="400 .*Roles: are not kept"):
        manager.acl.token.create(roles_name=["ops"])
