"""Names with control characters, through every door of the program: refused, and nothing of them outlives a restart."""

import json

import pytest

from standin import wire

SECRET = "11111111-2222-3333-4444-555555555555"
DENY = {"enabled": True, "default_policy": "deny", "tokens": {"initial_management": SECRET}}
NAMES = ["\0", "a\0b", "a\nb", "\x1b[2J", "a\x7f", "a\x85b", "a\u2028b", "n" * 400]


def refused(answer, field):
    assert answer.status == 400, answer.text
    assert answer.text.startswith(f"{field}: must "), answer.text
    assert all(character.isprintable() for character in answer.text), repr(answer.text)


@pytest.mark.parametrize("name", NAMES)
def test_the_daemon_starts_again_after_a_refused_node(make_hawser, name):
    hawser = make_hawser()
    body = {"Node": name, "Address": "192.0.2.1"}
    refused(hawser.api("PUT", "/v1/catalog/register", body), "Node")
    good = {"Node": "a/b", "Address": "192.0.2.1", "Service": {"ID": "c/d", "Service": "web"}}
    assert hawser.api("PUT", "/v1/catalog/register", good).status == 200
    hawser.restart()
    assert [node["Node"] for node in hawser.get("/v1/catalog/nodes")][0] == "a/b"
    assert hawser.get("/v1/catalog/service/web")[0]["ServiceID"] == "c/d"


@pytest.mark.parametrize("id_", ["db\0", "db\0app-1", "app-1\0"])
def test_a_service_is_not_replaced_past_access_control(make_hawser, id_):
    hawser = make_hawser(agent={"acl": DENY})
    db = {"Name": "db", "ID": "db", "Port": 5432}
    assert hawser.api("PUT", "/v1/agent/service/register", db, SECRET).status == 200
    rules = 'service_prefix "app-" { policy = "write" }'
    policy = {"Name": "app", "Rules": rules}
    assert hawser.api("PUT", "/v1/acl/policy", policy, SECRET).status == 200
    made = hawser.api("PUT", "/v1/acl/token", {"Policies": [{"Name": "app"}]}, SECRET)
    body = {"Name": "app-1", "ID": id_, "Port": 666}
    refused(hawser.api("PUT", "/v1/agent/service/register", body, made.json["SecretID"]), "ID")
    hawser.restart()
    services = hawser.api("GET", "/v1/agent/services", token=SECRET).json
    assert {id_: service["Port"] for id_, service in services.items()} == {"db": 5432}


@pytest.mark.parametrize("name", NAMES)
def test_a_peer_loses_the_service_with_the_name_and_no_other(make_hawser, acceptor, name):
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_service("web", wire.instance("web", "web-0")))
    error = stream.expect_nack(stream.upsert_service(name, wire.instance("web")))
    assert error.code == 13 and ": the name must " in error.message
    assert all(character.isprintable() for character in error.message), repr(error.message)
    bad = wire.instance("db")
    bad.Node.Node = name
    error = stream.expect_nack(stream.upsert_service("db", bad))
    assert error.code == 13 and ": instance 0: the node name must " in error.message
    stream.expect_ack(stream.upsert_service("api", wire.instance("api")))
    assert hawser.imported_ids("web") == ["web-0"]
    assert hawser.imported_ids("api") == ["api-1"]
    assert hawser.imported("db") == []
    hawser.restart()
    assert hawser.peering()["Name"] == "standin"


@pytest.mark.parametrize(
    "file, text, place",
    [
        ("a.json", json.dumps({"service": {"name": "we\0b"}}), "a.json:1:22: service.name"),
        ("a.hcl", 'service {\n  name = "we\\u0000b"\n}\n', "a.hcl:2:10: service.name"),
        ("a.yaml", 'service:\n  name: "we\\0b"\n', "a.yaml:2:9: service.name"),
    ],
)
def test_a_file_is_refused_at_the_place(make_hawser, tmp_path, file, text, place):
    hawser = make_hawser()
    (tmp_path / file).write_text(text)
    outcome = hawser.cli("validate", str(tmp_path / file))
    assert outcome.code == 1
    assert outcome.output == (
        f"{tmp_path}/{place}: must not hold control characters, and "
        '"we\\u0000b" holds U+0000: write it without\n'
    )
