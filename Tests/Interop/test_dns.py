"""DNS over real sockets, asked with somebody else's library, and with dig where it is installed."""

import shutil
import socket
import struct
import subprocess

import dns.edns
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.resolver
import pytest

from standin.hawser import exports, free_port
from standin.waiting import eventually

ANONYMOUS = "00000000-0000-0000-0000-000000000002"
WEB = {"name": "web", "id": "web-1", "address": "10.0.0.7", "port": 8080, "tags": ["v1"]}


@pytest.fixture
def town(make_hawser):
    """A daemon that answers DNS, with services of one, of many and of no healthy instance."""
    port = free_port()
    many = [
        {"name": "many", "id": f"many-{n}", "address": f"10.1.0.{n}", "port": 80, "weights": {"passing": n}}
        for n in range(1, 201)
    ]
    down = {"name": "down", "port": 1, "check": {"ttl": "1h"}}
    hawser = make_hawser(
        "town",
        agent={
            "ports": {"dns": port},
            "alt_domain": "test.example",
            "advertise_addr": "192.0.2.1",
            "dns_config": {"node_ttl": "7s", "service_ttl": {"web": "5s"}},
        },
        files={"services.json": {"services": [WEB, down, *many]}},
    )
    hawser.dns_port = port
    return hawser


def ask(daemon, name, kind="A", tcp=False, **options):
    query = dns.message.make_query(name, kind, **options)
    send = dns.query.tcp if tcp else dns.query.udp
    return send(query, "127.0.0.1", port=daemon.dns_port, timeout=10)


def texts(section):
    return sorted(str(record) for rrset in section for record in rrset)


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_services_nodes_and_tags_are_found(town, tcp):
    answer = ask(town, "Web.Service.consul", tcp=tcp)
    assert texts(answer.answer) == ["10.0.0.7"]
    assert answer.answer[0].ttl == 5
    assert answer.flags & dns.flags.AA and not answer.flags & dns.flags.RA
    assert str(answer.question[0].name) == "Web.Service.consul."
    assert texts(ask(town, "v1.web.service.dc1.consul", tcp=tcp).answer) == ["10.0.0.7"]
    answer = ask(town, "_web._tcp.service.consul", "SRV", tcp)
    assert texts(answer.answer) == ["1 1 8080 0a000007.addr.dc1.consul."]
    assert texts(answer.additional) == ["10.0.0.7"]
    assert texts(ask(town, "0a000007.addr.dc1.consul", tcp=tcp).answer) == ["10.0.0.7"]
    node = ask(town, "town.node.test.example", tcp=tcp)
    assert texts(node.answer) == ["192.0.2.1"] and node.answer[0].ttl == 7
    assert '"hawser-version=' in texts(ask(town, "town.node.consul", "TXT", tcp).answer)[0]
    pointer = ask(town, "1.2.0.192.in-addr.arpa", "PTR", tcp)
    assert texts(pointer.answer) == ["town.node.dc1.consul."]


def test_the_domain_says_who_answers_for_it(town):
    (soa,) = texts(ask(town, "consul", "SOA").answer)
    assert soa.startswith("ns.consul. postmaster.consul. ")
    assert soa.endswith(" 3600 600 86400 0")
    servers = ask(town, "consul", "NS")
    assert texts(servers.answer) == ["town.node.dc1.consul."]
    assert texts(servers.additional) == ["192.0.2.1"]


@pytest.mark.parametrize(
    ("name", "kind", "code", "authority"),
    [
        ("none.service.consul", "A", dns.rcode.NXDOMAIN, "consul."),
        ("down.service.consul", "SRV", dns.rcode.NXDOMAIN, "consul."),
        ("none.service.test.example", "A", dns.rcode.NXDOMAIN, "test.example."),
        ("web.service.consul", "AAAA", dns.rcode.NOERROR, "consul."),
        ("service.consul", "A", dns.rcode.NOERROR, "consul."),
        ("www.example.com", "A", dns.rcode.REFUSED, None),
        ("consul", "AXFR", dns.rcode.NOTIMP, None),
    ],
)
def test_what_is_not_there_is_said_so(town, name, kind, code, authority):
    answer = ask(town, name, kind)
    assert answer.rcode() == code and not answer.answer
    assert [str(rrset.name) for rrset in answer.authority] == ([authority] if authority else [])
    assert all(rrset.rdtype == dns.rdatatype.SOA for rrset in answer.authority)


def test_health_decides_at_once(town):
    assert ask(town, "down.service.consul").rcode() == dns.rcode.NXDOMAIN
    assert town.api("PUT", "/v1/agent/check/pass/service:down").status == 200
    assert texts(ask(town, "down.service.consul").answer) == ["192.0.2.1"]


def test_long_answers_are_cut_and_had_over_tcp(town):
    plain = ask(town, "many.service.consul", "SRV")
    assert plain.flags & dns.flags.TC and len(plain.to_wire()) <= 512
    extended = ask(town, "many.service.consul", "SRV", payload=4096)
    assert extended.flags & dns.flags.TC and extended.edns == 0
    assert len(plain.answer[0]) < len(extended.answer[0]) < 200
    whole = ask(town, "many.service.consul", "SRV", tcp=True)
    assert not whole.flags & dns.flags.TC
    assert {record.weight for record in whole.answer[0]} == set(range(1, 201))
    assert len(texts(whole.additional)) == 200


def test_a_resolver_is_content_and_answers_are_shuffled(town):
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = ["127.0.0.1"]
    resolver.port = town.dns_port
    firsts = set()
    for _ in range(20):
        addresses = [str(record) for record in resolver.resolve("many.service.consul", "A")]
        assert len(addresses) == 200
        firsts.add(addresses[0])
    assert len(firsts) > 1
    with pytest.raises(dns.resolver.NoAnswer):
        resolver.resolve("web.service.consul", "AAAA")
    with pytest.raises(dns.resolver.NXDOMAIN):
        resolver.resolve("none.service.consul", "A")


def test_a_peers_services_are_found(make_hawser):
    port = free_port()
    harbor = make_hawser(
        "harbor",
        files={"services.json": {"service": WEB}, "exports.json": exports("web", peer="island")},
    )
    island = make_hawser("island", datacenter="dc2", agent={"ports": {"dns": port}})
    island.dns_port = port
    assert ask(island, "web.service.harbor.peer.consul").rcode() == dns.rcode.NXDOMAIN
    assert island.establish(harbor.token("island"), "harbor").status == 200
    eventually(lambda: island.imported("web", "harbor"), "island has the service")
    assert texts(ask(island, "web.service.harbor.peer.consul").answer) == ["10.0.0.7"]
    found = ask(island, "_web._v1.service.harbor.peer.consul", "SRV")
    assert texts(found.answer) == ["1 1 8080 0a000007.addr.consul."]
    assert texts(found.additional) == ["10.0.0.7"]
    node = ask(island, "harbor.node.harbor.peer.consul")
    assert [a["Node"]["Address"] for a in island.imported("web", "harbor")] == texts(node.answer)
    assert ask(island, "web.service.consul").rcode() == dns.rcode.NXDOMAIN


def test_what_is_no_query_is_dropped_and_the_next_is_answered(town):
    query = dns.message.make_query("web.service.consul", "A").to_wire()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        client.connect(("127.0.0.1", town.dns_port))
        for length in range(len(query)):
            client.send(query[:length])
        client.send(query[:2] + b"\x80" + query[3:])
        client.send(query[:12] + b"\xc0\x0c\0\1\0\1")
        client.send(query)
        assert client.recv(4096)[:2] == query[:2]
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.recv(4096)


def test_a_connection_takes_many_queries_and_no_nonsense(town):
    queries = [dns.message.make_query("web.service.consul", "A") for _ in range(50)]
    framed = b"".join(struct.pack("!H", len(q.to_wire())) + q.to_wire() for q in queries)
    with socket.create_connection(("127.0.0.1", town.dns_port), timeout=10) as client:
        client.sendall(framed)
        stream = client.makefile("rb")
        for query in queries:
            (length,) = struct.unpack("!H", stream.read(2))
            assert query.is_response(dns.message.from_wire(stream.read(length)))
        client.sendall(b"\xff\xff")
        assert stream.read() == b""


def test_without_the_port_nothing_listens(make_hawser):
    hawser = make_hawser()
    assert "dns=off" in hawser.log


@pytest.mark.skipif(shutil.which("dig") is None, reason="dig is not installed")
def test_dig_is_content(town):
    def dig(*arguments):
        command = ["dig", "@127.0.0.1", "-p", str(town.dns_port), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        assert "WARNING" not in done.stdout.replace("WARNING: recursion requested", "")
        return done.stdout

    assert dig("+short", "web.service.consul", "SRV") == "1 1 8080 0a000007.addr.dc1.consul.\n"
    assert len(dig("+short", "many.service.consul").split()) == 200
    assert "status: NXDOMAIN" in dig("none.service.consul")


def test_it_tells_what_its_token_may_see(make_hawser):
    """That of requests without a token, unless `acl.tokens.dns` names one."""
    management, reader = "11111111-2222-3333-4444-555555555555", "11111111-2222-3333-4444-666666666666"
    daemons = []
    for name, tokens in [("anonymous", {}), ("named", {"dns": reader})]:
        acl = {"enabled": True, "default_policy": "deny", "tokens": {"initial_management": management} | tokens}
        port = free_port()
        hawser = make_hawser(name, agent={"ports": {"dns": port}, "acl": acl}, files={"web.json": {"service": WEB}})
        hawser.dns_port = port
        daemons.append(hawser)
    anonymous, named = daemons
    assert ask(anonymous, "web.service.consul").rcode() == dns.rcode.NXDOMAIN
    assert ask(named, "web.service.consul").rcode() == dns.rcode.SERVFAIL
    rules = 'service "web" { policy = "read" } node_prefix "" { policy = "read" }'
    for hawser in daemons:
        assert hawser.api("PUT", "/v1/acl/policy", {"Name": "web", "Rules": rules}, token=management).status == 200
    grant = {"Policies": [{"Name": "web"}]}
    assert anonymous.api("PUT", f"/v1/acl/token/{ANONYMOUS}", grant, token=management).status == 200
    assert named.api("PUT", "/v1/acl/token", grant | {"SecretID": reader}, token=management).status == 200
    assert all(texts(ask(hawser, "web.service.consul").answer) == ["10.0.0.7"] for hawser in daemons)
