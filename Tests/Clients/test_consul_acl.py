"""Access control by Consul's command line: bootstrap, tokens, policies, and what of it there is not."""

import pytest

import gotypes as go
from golang import ZERO_TIME, Client, Refused, boolean, list_of, map_of

SECRET = "11111111-2222-3333-4444-555555555555"
MISSING = "00000000-0000-0000-0000-00000000ffff"


@pytest.fixture
def daemon(make_hawser):
    return make_hawser("island", agent={"acl": {"enabled": True, "default_policy": "deny"}})


@pytest.fixture
def client(daemon):
    """One who may do everything."""
    body = {"BootstrapSecret": SECRET}
    token = Client(daemon).need("PUT", "acl/bootstrap", go.ACL_TOKEN, body)
    assert (token.SecretID, token.Policies[0].Name) == (SECRET, "global-management")
    return Client(daemon, token=SECRET)


def policy(name, rules, **fields):
    """As the library writes it."""
    return {
        "ID": "", "Name": name, "Description": "", "Rules": rules, "Datacenters": None, "Hash": None,
        "CreateIndex": 0, "ModifyIndex": 0,
    } | fields


def token(**fields):
    return {
        "CreateIndex": 0, "ModifyIndex": 0, "AccessorID": "", "SecretID": "", "Description": "", "Local": False,
        "CreateTime": ZERO_TIME,
    } | fields


def test_bootstrap_is_over(client, daemon):
    with pytest.raises(Refused, match="403.*reset index"):
        Client(daemon).need("PUT", "acl/bootstrap")


def test_policies(client):
    made = client.need("PUT", "acl/policy", go.ACL_POLICY, policy("web", 'service "web" { policy = "write" }'))
    # `-id` takes the start of an ID and `-name` a name: both are looked up in the list.
    listed = client.need("GET", "acl/policies", list_of(go.ACL_POLICY))
    assert {item.Name for item in listed} >= {"web", "global-management"}
    assert client.need("GET", f"acl/policy/{made.ID}", go.ACL_POLICY) == made
    assert client.find("acl/policy/name/web", go.ACL_POLICY) == made
    changed = policy("web2", made.Rules, ID=made.ID, Description="d", CreateIndex=made.CreateIndex)
    assert client.need("PUT", f"acl/policy/{made.ID}", go.ACL_POLICY, changed).Description == "d"
    assert client.need("DELETE", f"acl/policy/{made.ID}", boolean)
    with pytest.raises(Refused, match="ACL not found"):
        client.need("GET", f"acl/policy/{made.ID}")


def test_tokens(client, daemon):
    rules = client.need("PUT", "acl/policy", go.ACL_POLICY, policy("ops", 'operator = "read"'))
    wish = token(
        Description="d", Policies=[{"ID": rules.ID, "Name": ""}, {"ID": "", "Name": "ops"}],
        ServiceIdentities=[{"ServiceName": "web"}], NodeIdentities=[{"NodeName": "n", "Datacenter": "dc1"}],
        ExpirationTTL=3_600_000_000_000,
    )  # fmt: skip
    made = client.need("PUT", "acl/token", go.ACL_TOKEN, wish)
    assert [link.Name for link in made.Policies] == ["ops"] and made.ExpirationTime and made.SecretID
    read = client.need("GET", f"acl/token/{made.AccessorID}", go.ACL_TOKEN)
    assert read.SecretID == "<hidden>" and read.ServiceIdentities == made.ServiceIdentities
    assert made.AccessorID in [item.AccessorID for item in client.need("GET", "acl/tokens", list_of(go.ACL_TOKEN))]
    own = Client(daemon, token=made.SecretID)
    assert own.need("GET", "acl/token/self", go.ACL_TOKEN).AccessorID == made.AccessorID
    # `token update` reads, changes and writes all of it.
    raw = client.need("GET", f"acl/token/{made.AccessorID}", map_of(go.anything))
    updated = client.need("PUT", f"acl/token/{made.AccessorID}", go.ACL_TOKEN, token() | raw | {"Policies": None})
    assert updated.Policies == [] and updated.ExpirationTime == made.ExpirationTime
    clone = client.need("PUT", f"acl/token/{made.AccessorID}/clone", go.ACL_TOKEN, {"Description": "copy"})
    assert clone.Description == "copy" and clone.SecretID != made.SecretID
    assert client.need("DELETE", f"acl/token/{made.AccessorID}", boolean)
    for path in (f"acl/token/{made.AccessorID}", f"acl/token/{MISSING}"):
        with pytest.raises(Refused, match="403.*ACL not found"):
            client.need("GET", path)


def test_an_expanded_token(client):
    rules = 'service "web" { policy = "read" }'
    made = client.need("PUT", "acl/policy", go.ACL_POLICY, policy("web", rules))
    links = [{"ID": made.ID, "Name": ""}]
    wish = token(Policies=links, ServiceIdentities=[{"ServiceName": "db"}], NodeIdentities=[
        {"NodeName": "n", "Datacenter": "dc1"}
    ])  # fmt: skip
    accessor = client.need("PUT", "acl/token", go.ACL_TOKEN, wish).AccessorID
    found = client.need("GET", f"acl/token/{accessor}", go.ACL_TOKEN_EXPANDED, expanded="true")
    assert [item.Rules for item in found.ExpandedPolicies if item.Name == "web"] == [rules]
    assert len(found.ExpandedPolicies) == 3 and found.ExpandedRoles == []
    assert (found.AgentACLDefaultPolicy, found.ResolvedByAgent) == ("deny", "island")


LISTS = ["roles", "auth-methods", "binding-rules", "templated-policies"]


@pytest.mark.parametrize("kind", LISTS)
def test_there_are_none_of(client, daemon, kind):
    empty = map_of if kind == "templated-policies" else list_of
    assert not client.need("GET", f"acl/{kind}", empty(go.anything))
    with pytest.raises(Refused, match="403"):
        Client(daemon).need("GET", f"acl/{kind}")


REFUSALS = [
    ("role create", "PUT", "acl/role"),
    ("role read -name", "GET", "acl/role/name/x"),
    ("role delete", "DELETE", f"acl/role/{MISSING}"),
    ("auth-method create", "PUT", "acl/auth-method"),
    ("auth-method read", "GET", "acl/auth-method/x"),
    ("binding-rule create", "PUT", "acl/binding-rule"),
    ("binding-rule read", "GET", f"acl/binding-rule/{MISSING}"),
    ("templated-policy preview", "POST", "acl/templated-policy/preview/builtin/service"),
    ("set-agent-token default", "PUT", "agent/token/default"),
    ("set-agent-token agent", "PUT", "agent/token/agent"),
    ("login", "POST", "acl/login"),
    ("logout", "POST", "acl/logout"),
    ("library: oidc", "POST", "acl/oidc/auth-url"),
    ("library: replication", "GET", "acl/replication"),
]


@pytest.mark.parametrize("method, path", [row[1:] for row in REFUSALS], ids=[row[0] for row in REFUSALS])
def test_what_there_is_not(client, method, path):
    with pytest.raises(Refused, match="501.*hawser"):
        client.need(method, path, body={} if method != "GET" else None)
