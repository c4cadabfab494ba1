"""`hawser exports plan`, and the consent that large withdrawals ask for."""

import json

import pytest

from standin.hawser import exports

NAMES = [f"s{number}" for number in range(8)]


@pytest.fixture
def hawser(make_hawser):
    services = [{"name": name} for name in [*NAMES, "new"]]
    hawser = make_hawser(files={"services.json": {"services": services}})
    assert write(hawser, exports(*NAMES)).code == 0
    return hawser


def write(hawser, entry, *flags):
    return hawser.cli("config", "write", *flags, "-", stdin=json.dumps(entry))


def listed(hawser):
    return [item["Service"] for item in hawser.get("/v1/exported-services")]


def plan(hawser, entry=None, *flags):
    if entry is not None:
        flags = ["-file", "-", *flags]
    outcome = hawser.cli("exports", "plan", *flags, stdin=entry and json.dumps(entry))
    assert outcome.code == 0, outcome.errors
    return outcome.output


def test_without_a_file_the_plan_shows_what_is_seen(hawser):
    text = plan(hawser)
    assert text.startswith("standin sees 8 services (there is no peering of this name yet)\n")
    assert "    s0  1 instance  " in text
    hawser.token()
    assert plan(hawser).startswith("standin sees 8 services\n")


def test_gains_and_losses_are_marked(hawser):
    text = plan(hawser, exports(*NAMES[1:], "new"))
    assert text.startswith("standin sees 8 services, and would see 8")
    assert "\n  + new  1 instance  " in text
    assert "\n  - s0   1 instance  " in text
    assert "standin would lose 1 of 8 services (13%): s0\n" in text
    assert "-yes" not in text
    assert listed(hawser) == NAMES


def test_programs_get_the_whole_plan(hawser):
    answer = json.loads(plan(hawser, exports(*NAMES[4:]), "-format", "json"))
    assert answer["WithdrawLimitPercent"] == 25
    assert answer["MaxMessageBytes"] == 8 << 20
    (peer,) = answer["Peers"]
    assert (peer["Peer"], peer["Lost"], peer["LostPercent"]) == ("standin", 4, 50)
    assert peer["IsOverLimit"]
    by_name = {item["Service"]: item for item in peer["Services"]}
    assert by_name["s0"]["Change"] == "lost"
    assert by_name["s7"]["Change"] == "stays"
    assert by_name["s7"]["Instances"] == 1
    assert by_name["s7"]["Bytes"] > 100
    assert by_name["s7"]["Fits"]


def test_one_peer_is_looked_at(hawser):
    entry = exports("s0")
    entry["Services"][0]["Consumers"].append({"Peer": "other"})
    assert plan(hawser, entry, "-peer", "other").startswith("other sees 0 services, and would see 1")


def test_a_service_that_is_too_large_is_marked(hawser):
    for number in range(20):
        service = {"Name": "large", "ID": f"large-{number}", "Tags": ["t" * 500_000]}
        answer = hawser.api("PUT", "/v1/agent/service/register", service)
        assert answer.status == 200, answer.text
    text = plan(hawser, exports(*NAMES, "large"))
    assert "+ large  20 instances  9.5 MiB" in text
    assert "too large, peers take 8.0 MiB: it stays what it was there" in text


def test_a_withdrawal_over_the_limit_asks_first(hawser):
    outcome = write(hawser, exports(*NAMES[3:]))
    assert outcome.code == 1
    assert outcome.errors.startswith(
        "standin would lose 3 of 8 services (38%): s0, s1, s2\n"
        "Nothing was changed. More than 25% at once needs -yes;"
    )
    assert listed(hawser) == NAMES
    assert write(hawser, exports(*NAMES[3:]), "-yes").code == 0
    assert listed(hawser) == NAMES[3:]


def test_up_to_the_limit_nothing_is_asked(hawser):
    assert write(hawser, exports(*NAMES[2:])).code == 0
    assert listed(hawser) == NAMES[2:]


def test_deleting_the_entry_is_a_withdrawal(hawser):
    delete = ["config", "delete", "-kind", "exported-services", "-name", "default"]
    outcome = hawser.cli(*delete)
    assert outcome.code == 1
    assert "standin would lose 8 of 8 services (100%)" in outcome.errors
    assert listed(hawser) == NAMES
    assert hawser.cli(*delete, "-yes").code == 0
    assert listed(hawser) == []


def test_the_limit_is_the_operators(make_hawser):
    hawser = make_hawser(
        files={"services.json": {"services": [{"name": name} for name in NAMES]}},
        agent={"peering": {"withdraw_limit_percent": 100}},
    )
    assert write(hawser, exports(*NAMES)).code == 0
    assert write(hawser, exports("s0")).code == 0
    assert listed(hawser) == ["s0"]


def test_the_plan_is_for_exports_alone(hawser):
    outcome = hawser.cli("exports", "plan", "-file", "-", stdin='{"Kind": "mesh"}')
    assert outcome.code == 1
    assert "has no exported-services entry in it" in outcome.errors
