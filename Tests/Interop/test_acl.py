"""Access control as operators meet it: bootstrap, policies and tokens by the command line, filtered answers, audit."""

import json
import re
import stat

import pytest

from standin.hawser import exports

SECRET = "11111111-2222-3333-4444-555555555555"
DENY = {"enabled": True, "default_policy": "deny", "tokens": {"initial_management": SECRET}}


@pytest.fixture
def hawser(make_hawser):
    """A daemon that denies by default and writes an audit log."""
    return make_hawser(
        files={"services.json": {"services": [{"name": "web"}, {"name": "db"}]}},
        agent={"acl": DENY, "audit": {"path": "audit.jsonl"}},
    )


@pytest.fixture
def manage(hawser):
    """Runs a command as one who may do everything, and reads its JSON."""

    def run(*arguments, stdin=None):
        outcome = hawser.cli(*arguments, "-format", "json", stdin=stdin, token=SECRET)
        assert outcome.code == 0, outcome.errors
        return json.loads(outcome.output)

    return run


def audit(hawser):
    return [json.loads(line) for line in (hawser.directory / "audit.jsonl").read_text().splitlines()]


def test_bootstrap_works_once_and_outlives_a_restart(make_hawser):
    hawser = make_hawser(agent={"acl": {"enabled": True, "default_policy": "deny"}})
    assert hawser.cli("peering", "list").code == 1
    outcome = hawser.cli("acl", "bootstrap")
    assert outcome.code == 0, outcome.errors
    lines = dict(line.split(":", 1) for line in outcome.output.splitlines() if ": " in line)
    secret = lines["SecretID"].strip()
    assert lines["Description"].strip() == "Bootstrap Token (Global Management)"
    assert "   00000000-0000-0000-0000-000000000001 - global-management" in outcome.output
    again = hawser.cli("acl", "bootstrap")
    assert again.code == 1
    assert again.errors.startswith("Failed ACL bootstrapping: ACL bootstrap no longer allowed (reset index: ")
    hawser.restart()
    assert hawser.cli("peering", "list", token=secret).code == 0
    assert hawser.cli("acl", "bootstrap").code == 1
    reset = hawser.data / "acl-bootstrap-reset"
    reset.write_text(re.search(r"reset index: (\d+)", again.errors)[1] + "\n")
    assert hawser.cli("acl", "bootstrap").code == 0
    assert not reset.exists()
    assert hawser.cli("acl", "bootstrap").code == 1
    assert secret not in hawser.log
    for file in hawser.data.iterdir():
        assert secret.encode() not in file.read_bytes()


def test_policies_by_the_command_line(hawser, manage, tmp_path):
    rules = tmp_path / "rules.hcl"
    rules.write_text('service "web" { policy = "read" }')
    made = manage("acl", "policy", "create", "-name", "web", "-rules", f"@{rules}", "-description", "d")
    assert manage("acl", "policy", "read", "-name", "web") == made
    assert manage("acl", "policy", "read", "-id", made["ID"][:8]) == made
    changed = manage("acl", "policy", "update", "-name", "web", "-rules", "-", stdin='mesh = "read"')
    assert (changed["Rules"], changed["Description"]) == ('mesh = "read"', "d")
    text = hawser.cli("acl", "policy", "list", token=SECRET).output
    assert "web:\n   ID:               " + made["ID"] in text
    outcome = hawser.cli("acl", "policy", "delete", "-name", "web", token=SECRET)
    assert outcome.output == f'Policy "{made["ID"]}" deleted successfully\n'
    wrong = hawser.cli("acl", "policy", "create", "-name", "x", "-rules", "servce = 1", token=SECRET)
    assert wrong.code == 1
    assert "1:1: servce: unknown key `servce`; did you mean `service`?" in wrong.errors


def test_a_token_gives_what_its_policies_say(hawser, manage):
    manage("acl", "policy", "create", "-name", "web", "-rules", 'service "web" { policy = "write" }')
    token = manage("acl", "token", "create", "-policy-name", "web", "-description", "t")
    secret = token["SecretID"]
    answer = hawser.api("GET", "/v1/agent/services", token=secret)
    assert list(answer.json) == ["web"]
    assert answer.headers["X-Consul-Results-Filtered-By-ACLs"] == "true"
    assert answer.headers["X-Consul-Default-Acl-Policy"] == "deny"
    denied = hawser.api("PUT", "/v1/agent/service/register", {"Name": "db"}, token=secret)
    assert denied.status == 403
    accessor = token["AccessorID"]
    assert denied.text == (
        f"Permission denied: token with AccessorID '{accessor}' lacks permission 'service:write' on \"db\""
    )
    own = hawser.cli("acl", "token", "read", "-self", "-format", "json", token=secret)
    assert json.loads(own.output)["SecretID"] == secret
    assert manage("acl", "token", "read", "-accessor-id", accessor[:8])["SecretID"] == "<hidden>"
    assert hawser.cli("acl", "token", "delete", "-id", accessor, token=SECRET).code == 0
    assert hawser.api("GET", "/v1/agent/services", token=secret).text == "ACL not found"


def test_requests_without_a_token_have_the_anonymous_ones_rights(hawser, manage):
    assert hawser.api("GET", "/v1/peerings").status == 403
    manage("acl", "policy", "create", "-name", "peers", "-rules", 'peering = "read"')
    manage("acl", "token", "update", "-id", "anonymous", "-policy-name", "peers")
    assert hawser.api("GET", "/v1/peerings").status == 200


def test_secrets_come_by_header_bearer_or_query(hawser):
    def status(path="/v1/peerings", **headers):
        return hawser.api("GET", path, headers=headers).status

    assert status() == 403
    assert status(**{"X-Consul-Token": SECRET}) == 200
    assert status(Authorization=f"Bearer {SECRET}") == 200
    assert status(Authorization=f"Basic {SECRET}") == 403
    assert status(f"/v1/peerings?token={SECRET}") == 200
    assert status(f"/v1/peerings?token=x", **{"X-Consul-Token": SECRET}) == 403


def test_the_agents_default_token_stands_in(make_hawser):
    tokens = {"initial_management": SECRET, "default": SECRET}
    hawser = make_hawser(agent={"acl": DENY | {"tokens": tokens}})
    assert hawser.api("GET", "/v1/acl/tokens").status == 200
    assert hawser.api("GET", "/v1/acl/tokens", token="x").status == 403


def test_tokens_come_from_flags_files_and_the_environment(hawser, tmp_path):
    file = tmp_path / "token"
    file.write_text(SECRET + "\n")
    listing = ["peering", "list"]
    assert hawser.cli(*listing).code == 1
    assert hawser.cli(*listing, "-token", SECRET).code == 0
    assert hawser.cli(*listing, "-token-file", str(file)).code == 0
    for prefix in ["HAWSER", "CONSUL"]:
        assert hawser.cli(*listing, environment={f"{prefix}_HTTP_TOKEN": SECRET}).code == 0
        assert hawser.cli(*listing, environment={f"{prefix}_HTTP_TOKEN_FILE": str(file)}).code == 0
    both = {"HAWSER_HTTP_TOKEN": SECRET, "CONSUL_HTTP_TOKEN": "x"}
    assert hawser.cli(*listing, environment=both).code == 0
    assert "can see a command line" in " ".join(hawser.cli("peering", "list", "--help").output.split())


def test_changes_and_denials_are_audited(hawser, manage):
    token = manage("acl", "token", "create", "-service-identity", "web")
    hawser.api("PUT", "/v1/config?token=" + SECRET, exports("web"))
    hawser.api("GET", "/v1/peerings", token=token["SecretID"])
    hawser.api("GET", "/v1/peerings", token=SECRET)
    hawser.api("GET", "/v1/peerings", token="no such token")
    hawser.stop()
    lines = audit(hawser)
    assert [(line["method"], line["path"], line["outcome"]) for line in lines] == [
        ("PUT", "/v1/acl/token", "done"),
        ("PUT", "/v1/config", "done"),
        ("GET", "/v1/peerings", "denied"),
        ("GET", "/v1/peerings", "denied"),
    ]
    assert lines[2]["accessor"] == token["AccessorID"]
    assert lines[2]["reason"].endswith("lacks permission 'peering:read'")
    assert (lines[3]["accessor"], lines[3]["reason"]) == ("", "ACL not found")
    assert all(line["remote"].startswith("127.0.0.1:") for line in lines)
    text = (hawser.directory / "audit.jsonl").read_text()
    for secret in [SECRET, token["SecretID"], "no such token"]:
        assert secret not in text
        assert secret not in hawser.log
    assert stat.S_IMODE((hawser.directory / "audit.jsonl").stat().st_mode) == 0o600


def test_without_a_file_the_audit_goes_to_the_log(make_hawser):
    hawser = make_hawser()
    hawser.api("PUT", "/v1/agent/service/register", {"Name": "new"})
    hawser.stop()
    (line,) = [line for line in hawser.log.splitlines() if "] audit: " in line]
    record = json.loads(line.split("] audit: ")[1])
    assert (record["path"], record["outcome"]) == ("/v1/agent/service/register", "done")


def test_an_audit_log_that_cannot_be_kept_is_no_start(make_hawser):
    with pytest.raises(AssertionError, match="audit log /nowhere/audit cannot be written"):
        make_hawser(agent={"audit": {"path": "/nowhere/audit"}})


def test_a_full_disk_stops_no_request(make_hawser):
    hawser = make_hawser(agent={"audit": {"path": "/dev/full"}})
    for name in ["a", "b"]:
        answer = hawser.api("PUT", "/v1/agent/service/register", {"Name": name})
        assert answer.status == 200
    hawser.stop()
    assert hawser.log.count("the audit log cannot be written") == 1


def test_without_access_control_everything_is_as_it_was(make_hawser):
    hawser = make_hawser()
    answer = hawser.api("GET", "/v1/peerings", token="whatever")
    assert answer.status == 200
    assert answer.headers["X-Consul-Default-Acl-Policy"] == "allow"
    outcome = hawser.cli("acl", "bootstrap")
    assert (outcome.code, outcome.errors) == (1, "Failed ACL bootstrapping: ACL support disabled\n")
