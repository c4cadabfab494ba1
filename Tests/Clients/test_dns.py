"""dig asks the daemon's DNS, over UDP and TCP: services, tags, a peer's names, and what is not there."""

import re
import subprocess
from dataclasses import dataclass

import pytest

from clusters import put, service


@dataclass
class Dug:
    """What dig shows of an answer."""

    status: str
    flags: set
    #: The words of each record by the section's name: name, TTL, class, type, data.
    sections: dict

    def data(self, section="ANSWER"):
        return sorted(" ".join(words[4:]) for words in self.sections.get(section, []))


@pytest.fixture
def dig(island):
    def ask(*question):
        command = ["dig", "@127.0.0.1", "-p", str(island.doors.dns_port), "+time=5", "+tries=1", *question]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        # Of what dig warns, only this is meant to be so: there is no recursion here.
        text = done.stdout.replace(";; WARNING: recursion requested but not available", "")
        assert "WARNING" not in text and "malformed" not in text.lower(), text
        sections = {}
        for name, lines in re.findall(r"^;; (\w+) SECTION:\n((?:.+\n)*)", text, re.MULTILINE):
            sections[name] = [line.split() for line in lines.splitlines()]
        status = re.search(r"status: (\w+)", text)[1]
        return Dug(status, set(re.search(r"flags: ([a-z ]*);", text)[1].split()), sections)

    return ask


@pytest.fixture
def many(island):
    """A service with two hundred instances, which is more than a datagram holds."""
    for number in range(1, 201):
        body = service("many", 80, ID=f"many-{number}", Address=f"10.1.0.{number}")
        put(island, "/v1/agent/service/register", body)


def test_services_resolve_by_name_and_by_tag(island, dig):
    body = service("tagged", 8080, Address="192.0.2.5", Tags=["blue", "v7"])
    put(island, "/v1/agent/service/register", body)
    for name in ["tagged.service", "TAGGED.service", "blue.tagged.service", "tagged.service.dc2"]:
        answer = dig(f"{name}.consul")
        assert (answer.status, answer.data()) == ("NOERROR", ["192.0.2.5"]), name
        assert {"qr", "aa"} <= answer.flags and "ra" not in answer.flags
    assert dig("red.tagged.service.consul").status == "NXDOMAIN"
    assert dig("tagged.service.dc1.consul").status == "NXDOMAIN"


@pytest.mark.parametrize("how", ["+notcp", "+tcp"])
def test_srv_says_ports_and_where_they_are(dig, how):
    for name in ["db.service.consul", "_db._tcp.service.consul"]:
        answer = dig(how, name, "SRV")
        ((priority, weight, port, target),) = [record.split() for record in answer.data()]
        assert (priority, weight, port) == ("1", "1", "5432")
        (address,) = answer.sections["ADDITIONAL"]
        assert (address[0], address[3:]) == (target, ["A", "127.0.0.1"])
        assert dig(how, target).data() == ["127.0.0.1"]
    answer = dig(how, "mail.service.consul", "SRV")
    assert answer.data() == ["1 1 25 old-box.node.dc2.consul."]
    assert answer.data("ADDITIONAL") == ["192.0.2.25"]


def test_nodes_resolve_both_ways(dig):
    assert dig("old-box.node.consul").data() == ["192.0.2.25"]
    assert dig("old-box.node.dc2.consul").data() == ["192.0.2.25"]
    assert dig("-x", "192.0.2.25").data() == ["old-box.node.dc2.consul."]
    # The zone of what nobody here has belongs to somebody else.
    assert dig("-x", "192.0.2.26").status == "REFUSED"


def test_a_peers_services_and_nodes_resolve(dig):
    assert dig("web.service.harbor.peer.consul").data() == ["127.0.0.1"]
    assert dig("v1.web.service.harbor.peer.consul").data() == ["127.0.0.1"]
    answer = dig("web.service.harbor.peer.consul", "SRV")
    assert [record.split()[2] for record in answer.data()] == ["8001", "8002"]
    assert set(answer.data("ADDITIONAL")) == {"127.0.0.1"}
    assert dig("harbor.node.harbor.peer.consul").data() == ["127.0.0.1"]
    # An imported service has no local name.
    assert dig("web.service.consul").status == "NXDOMAIN"


@pytest.mark.parametrize(
    "name",
    [
        "nothing.service.consul",
        "nothing.service.harbor.peer.consul",
        "web.service.nobody.peer.consul",
        "nothing.node.consul",
        "v9.web.service.harbor.peer.consul",
    ],
)
def test_what_is_not_there_comes_with_the_soa(dig, name):
    for kind in ["A", "SRV"]:
        answer = dig(name, kind)
        assert (answer.status, answer.data()) == ("NXDOMAIN", [])
        ((owner, _, _, type_, *data),) = answer.sections["AUTHORITY"]
        assert (owner, type_, data[:2]) == ("consul.", "SOA", ["ns.consul.", "postmaster.consul."])


def test_a_name_without_that_type_is_no_nxdomain(dig):
    answer = dig("db.service.consul", "AAAA")
    assert (answer.status, answer.data()) == ("NOERROR", [])
    assert [words[3] for words in answer.sections["AUTHORITY"]] == ["SOA"]


def test_other_domains_are_refused(dig):
    answer = dig("www.example.com")
    assert (answer.status, answer.sections.get("AUTHORITY", [])) == ("REFUSED", [])


def test_long_answers_are_cut_and_had_by_tcp(many, dig):
    cut = dig("+ignore", "+noedns", "many.service.consul")
    assert "tc" in cut.flags and 0 < len(cut.data()) < 200
    larger = dig("+ignore", "+bufsize=1232", "many.service.consul")
    assert "tc" in larger.flags and len(cut.data()) < len(larger.data()) < 200
    # Without +ignore, dig asks again by TCP.
    for how in ["+notcp", "+tcp"]:
        whole = dig(how, "many.service.consul")
        assert "tc" not in whole.flags and len(set(whole.data())) == 200
    assert len(dig("+tcp", "many.service.consul", "SRV").data()) == 200
