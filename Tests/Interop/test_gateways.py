"""Two daemons that peer through the gateways inside them (protocol section 6)."""

import itertools
import subprocess

import pytest

from standin import metrics, raw
from standin.dialer import decode_token
from standin.hawser import PROGRAM, THROUGH_GATEWAYS, exports, free_port
from standin.tunnel import Tunnel
from standin.waiting import eventually


class Pair:
    """harbor accepts and island dials; each has a gateway, and may use it.

    `between` stands before harbor's gateway: it makes a Tunnel to a port.
    """

    def __init__(
        self, make_hawser, accepts_through=True, dials_through=True, between=None
    ):
        self.ports = {"harbor": free_port(), "island": free_port()}
        self.outside = dict(self.ports)
        if between:
            self.outside["harbor"] = between(self.ports["harbor"]).port
        self.harbor = make_hawser(
            "harbor",
            agent=self._agent("harbor"),
            files={
                "services.json": {"services": [{"name": "web"}]},
                "exports.json": exports("web", peer="island"),
                "mesh.json": THROUGH_GATEWAYS if accepts_through else {"services": []},
            },
        )
        self.island = make_hawser(
            "island",
            datacenter="dc2",
            agent=self._agent("island"),
            files={"mesh.json": THROUGH_GATEWAYS if dials_through else {"services": []}},
        )

    def _agent(self, name):
        wan = {"address": "127.0.0.1", "port": self.outside[name]}
        return {"gateway": {"port": self.ports[name], "wan": wan}}

    def peer(self):
        answer = self.island.establish(self.harbor.token("island"), "harbor")
        assert answer.status == 200, answer.text
        self.expect_service("web")

    def expect_service(self, name):
        eventually(lambda: self.island.imported(name, "harbor"), f"island has {name}")

    def forwarded(self, name):
        """How many connections the gateway of a cluster has forwarded."""
        return getattr(self, name).log.count("gateway: a connection is forwarded")

    def use(self, name, is_on):
        daemon = getattr(self, name)
        daemon.write("mesh.json", THROUGH_GATEWAYS if is_on else {"services": []})
        daemon.reload()


@pytest.fixture
def start_gateway(tmp_path, cleanup):
    """Runs `hawser gateway` for a daemon; returns its log."""

    def start(daemon, port, *flags):
        log = tmp_path / f"gateway-{daemon.name}.log"
        arguments = [PROGRAM, "gateway", f"-listen=127.0.0.1:{port}", *flags]
        arguments += [f"-http-addr=127.0.0.1:{daemon.http_port}", "-log-level=debug"]
        with open(log, "w") as output:
            process = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        cleanup.callback(process.wait)
        cleanup.callback(process.kill)
        eventually(lambda: "gateway is up" in log.read_text(), "the gateway is up")
        return log

    return start


@pytest.mark.parametrize(
    "accepts_through, dials_through", list(itertools.product([False, True], repeat=2))
)
def test_all_four_combinations_peer(make_hawser, accepts_through, dials_through):
    pair = Pair(make_hawser, accepts_through, dials_through)
    pair.peer()
    # The exchange and the stream.
    assert pair.forwarded("harbor") == (2 if accepts_through else 0)
    assert pair.forwarded("island") == (2 if dials_through else 0)
    ours = pair.island.peering("harbor")["Hawser"]
    assert ours["Way"] == ("local-gateway" if dials_through else "direct")
    assert not ours["BypassesGateways"]


def test_a_gateway_is_a_service_of_the_mesh(make_hawser):
    pair = Pair(make_hawser)
    (gateway,) = pair.harbor.get("/v1/health/service/mesh-gateway")
    assert gateway["Service"]["Kind"] == "mesh-gateway"
    assert gateway["Service"]["TaggedAddresses"]["wan"] == {
        "Address": "127.0.0.1",
        "Port": pair.ports["harbor"],
    }


def test_without_its_block_the_gateway_is_gone(make_hawser):
    pair = Pair(make_hawser)
    pair.harbor.write("agent.json", {"log_level": "debug"})
    pair.harbor.restart()
    assert pair.harbor.get("/v1/health/service/mesh-gateway") == []


def test_the_replicated_addresses_follow_the_entry(make_hawser):
    """6.4: at once, and used at the next dial; the running stream goes on."""
    pair = Pair(make_hawser)
    pair.peer()
    gateway = [f"127.0.0.1:{pair.ports['harbor']}"]
    assert pair.island.peering("harbor")["PeerServerAddresses"] == gateway
    streams = pair.island.log.count("the stream is up")

    pair.use("harbor", False)
    direct = [f"127.0.0.1:{pair.harbor.peering_port}"]
    eventually(
        lambda: pair.island.peering("harbor")["PeerServerAddresses"] == direct,
        "island has the daemon's own address",
    )
    pair.use("harbor", True)
    eventually(
        lambda: pair.island.peering("harbor")["PeerServerAddresses"] == gateway,
        "island has the gateway's address again",
    )
    assert pair.island.log.count("the stream is up") == streams


@pytest.mark.parametrize("who", ["harbor", "island"])
def test_the_peering_comes_back_through_both_gateways(make_hawser, who):
    pair = Pair(make_hawser)
    pair.peer()
    getattr(pair, who).restart()
    eventually(lambda: pair.island.state("harbor") == "ACTIVE", "it is back")
    ours = pair.island.peering("harbor")["Hawser"]
    assert ours["Way"] == "local-gateway"
    pair.harbor.write("services.json", {"services": [{"name": "web"}, {"name": "api"}]})
    pair.harbor.write("exports.json", exports("web", "api", peer="island"))
    pair.harbor.reload()
    pair.expect_service("api")


def test_a_deletion_goes_through_both_gateways(make_hawser):
    pair = Pair(make_hawser)
    pair.peer()
    pair.island.delete("harbor")
    eventually(lambda: pair.harbor.state("island") == "TERMINATED", "harbor has heard")
    eventually(lambda: pair.island.peering("harbor") is None, "island has forgotten")


def test_who_forwards_sees_nothing(make_hawser, cleanup):
    """Everything that passes between the two gateways, both ways, is recorded."""
    tunnels = []

    def between(port):
        tunnels.append(cleanup.enter_context(Tunnel(port, records=True)))
        return tunnels[0]

    pair = Pair(make_hawser, between=between)
    token = pair.harbor.token("island")
    assert pair.island.establish(token, "harbor").status == 200
    pair.expect_service("web")
    name = decode_token(token)["ServerName"]
    seen = tunnels[0].recorded
    # It is what was exchanged: the name is in the hello, and nothing else is to be read.
    assert name.encode() in seen and len(seen) > 4000
    secrets = [decode_token(token)[key] for key in ("EstablishmentSecret", "PeerID")]
    for word in [*secrets, "PeerStreamService", "hashicorp", "ExportedService"]:
        assert word.encode() not in seen, word


def test_the_certificate_behind_two_gateways_is_the_acceptors_own(make_hawser):
    pair = Pair(make_hawser)
    pair.peer()
    fields = decode_token(pair.harbor.token("another"))
    name, context = fields["ServerName"], raw.tls_context("".join(fields["CA"]))

    def certificate(port):
        with raw.connect_tls(port, name, context) as connection:
            return connection.getpeercert(binary_form=True)

    own = certificate(pair.harbor.peering_port)
    assert certificate(pair.ports["harbor"]) == own
    assert certificate(pair.ports["island"]) == own


def gateway_service(port):
    address = {"address": "127.0.0.1", "port": port}
    return {
        "name": "mesh-gateway",
        "kind": "mesh-gateway",
        "port": port,
        "tagged_addresses": {"lan": address, "wan": address},
    }


def test_gateways_of_their_own_follow_the_daemons(make_hawser, start_gateway):
    """Also for a token that is being redeemed: the exchange finds its way."""
    ports = {"harbor": free_port(), "island": free_port()}
    harbor = make_hawser(
        "harbor",
        files={
            "services.json": {
                "services": [{"name": "web"}, gateway_service(ports["harbor"])]
            },
            "exports.json": exports("web", peer="island"),
            "mesh.json": THROUGH_GATEWAYS,
        },
    )
    island = make_hawser(
        "island",
        datacenter="dc2",
        files={
            "services.json": {"services": [gateway_service(ports["island"])]},
            "mesh.json": THROUGH_GATEWAYS,
        },
    )
    doors = {"harbor": free_port(), "island": free_port()}
    logs = [
        start_gateway(
            daemon, ports[daemon.name], "-follow", f"-metrics=127.0.0.1:{doors[daemon.name]}"
        )
        for daemon in (harbor, island)
    ]
    assert island.establish(harbor.token("island"), "harbor").status == 200
    eventually(lambda: island.imported("web", "harbor"), "island has the service")
    assert island.peering("harbor")["Hawser"]["Way"] == "local-gateway"
    for log in logs:
        assert log.read_text().count("a connection is forwarded") == 2
    for port in doors.values():
        counted = metrics.scrape(port)
        assert list(counted["hawser_gateway_connections_total"].values()) == [2]
        assert list(counted["hawser_gateway_open_connections"].values()) == [1]

    # A daemon that comes back is followed again.
    island.restart()
    eventually(lambda: island.state("harbor") == "ACTIVE", "it is back")
    assert island.peering("harbor")["Hawser"]["Way"] == "local-gateway"


@pytest.mark.parametrize("name", ["local_agent", "xserver.dc1", None])
def test_a_gateway_forwards_nobody_else(make_hawser, name):
    pair = Pair(make_hawser)
    with pytest.raises(OSError):
        raw.connect_tls(pair.ports["harbor"], name, raw.tls_context())
    eventually(lambda: "a connection was refused" in pair.harbor.log, "it is logged")
    pair.peer()
