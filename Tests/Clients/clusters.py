"""Two clusters that clients look at: `harbor` exports `web` to `island`, which has services of its own."""

from dataclasses import dataclass

from standin.authority import write_pair
from standin.hawser import Hawser, exports, free_port
from standin.waiting import eventually

#: Of the token that may do everything, where access control is on.
SECRET = "11111111-2222-3333-4444-555555555555"
DENY = {"enabled": True, "default_policy": "deny", "tokens": {"initial_management": SECRET}}

#: What a client needs that finds services and reads metrics, and no more.
DISCOVERY = """
service_prefix "" { policy = "read" }
node_prefix "" { policy = "read" }
agent_prefix "" { policy = "read" }
"""

WEB = {("web", "127.0.0.1:8001"), ("web", "127.0.0.1:8002")}
OWN = {("db", "127.0.0.1:5432"), ("mail", "192.0.2.25:25")}


@dataclass
class Doors:
    """Where a daemon is asked: beside plain HTTP also by HTTPS, by a Unix socket and by DNS."""

    https_port: int
    ca: str
    socket: str
    dns_port: int

    @classmethod
    def make(cls, directory, authority):
        """Puts what the doors need into a directory whose name is short: the address of a socket is."""
        (directory / "ca.pem").write_text(authority.root_pem)
        return cls(free_port(), str(directory / "ca.pem"), str(directory / "http.sock"), free_port())

    def settings(self, directory, authority):
        certificate, key = write_pair(directory, authority.make_leaf("localhost"))
        return {
            "ports": {"https": self.https_port, "dns": self.dns_port},
            "tls": {"https": {"cert_file": certificate, "key_file": key}},
            "addresses": {"http": f"127.0.0.1 unix://{self.socket}"},
        }


class Managed(Hawser):
    """A daemon with access control; those who say nothing else ask it with the token that may do everything."""

    def api(self, method, path, body=None, token=SECRET, headers=None):
        return super().api(method, path, body, token, headers)

    def make_token(self, rules):
        """The secret of a token with these rules."""
        policy = self.change("/v1/acl/policy", {"Name": f"policy-{free_port()}", "Rules": rules})
        return self.change("/v1/acl/token", {"Policies": [{"ID": policy["ID"]}]})["SecretID"]

    def change(self, path, body):
        answer = self.api("PUT", path, body)
        assert answer.status == 200, f"{path}: {answer.status} {answer.text}"
        return answer.json


def service(name, port, **fields):
    return {"Name": name, "Port": port} | fields


def populate(harbor, island):
    """`web` with two instances behind the peering `harbor`; `db`, and `mail` on a node without an agent."""
    for number in (1, 2):
        put(harbor, "/v1/agent/service/register", service("web", 8000 + number, ID=f"web-{number}", Tags=["v1"]))
    put(harbor, "/v1/config", exports("web", peer="island"))
    put(island, "/v1/agent/service/register", service("db", 5432, Meta={"team": "a"}))
    mail = {"Service": "mail", "Port": 25}
    put(island, "/v1/catalog/register", {"Node": "old-box", "Address": "192.0.2.25", "Service": mail})
    assert island.establish(harbor.token("island"), peer="harbor").status == 200
    eventually(lambda: len(island.imported("web", "harbor")) == 2, "web is imported")


def put(daemon, path, body=None):
    answer = daemon.api("PUT", path, body)
    assert answer.status == 200, f"{path}: {answer.status} {answer.text}"
