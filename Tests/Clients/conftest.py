"""Two clusters that real clients look at: `harbor` exports to `island`, which has services of its own."""

import pytest

from standin.hawser import Hawser, exports
from standin.waiting import eventually


@pytest.fixture
def make_hawser(tmp_path):
    """Makes daemons; they end with the test."""
    made = []

    def make(name, **settings):
        daemon = Hawser(tmp_path / name, name, **settings)
        made.append(daemon)
        daemon.start()
        return daemon

    yield make
    for daemon in made:
        daemon.kill()


def service(name, port, **fields):
    return {"Name": name, "Port": port} | fields


@pytest.fixture
def island(make_hawser):
    """Imports `web` over the peering `harbor`; has `db`, and `mail` on a node without an agent."""
    harbor = make_hawser("harbor", datacenter="dc1")
    island = make_hawser("island", datacenter="dc2")
    for number in (1, 2):
        put(harbor, "/v1/agent/service/register", service("web", 8000 + number, ID=f"web-{number}", Tags=["v1"]))
    put(harbor, "/v1/config", exports("web", peer="island"))
    put(island, "/v1/agent/service/register", service("db", 5432, Meta={"team": "a"}))
    mail = {"Service": "mail", "Port": 25}
    put(island, "/v1/catalog/register", {"Node": "old-box", "Address": "192.0.2.25", "Service": mail})
    assert island.establish(harbor.token("island"), peer="harbor").status == 200
    eventually(lambda: len(island.imported("web", "harbor")) == 2, "web is imported")
    return island


def put(daemon, path, body):
    answer = daemon.api("PUT", path, body)
    assert answer.status == 200, f"{path}: {answer.status} {answer.text}"
