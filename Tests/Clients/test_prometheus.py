"""Prometheus finds services by `consul_sd`: the island's own, and by the peer's name as a datacenter the imported ones.

Debian builds some of its versions without `consul_sd`. What such a one cannot show is asked for as `consul_sd` does.
"""

import json
import subprocess
import urllib.request

import pytest

from standin.hawser import free_port
from standin.waiting import eventually

CLIENT = "stale=&wait=120000ms"

JOBS = """
global: {{scrape_interval: 1h}}
scrape_configs:
  - job_name: own
    consul_sd_configs: [{{server: "127.0.0.1:{port}", refresh_interval: 1s}}]
  - job_name: imported
    consul_sd_configs: [{{server: "127.0.0.1:{port}", datacenter: harbor, services: [web], tags: [v1]}}]
"""


@pytest.fixture
def prometheus(island, tmp_path):
    """Its API's address."""
    config = tmp_path / "prometheus.yml"
    config.write_text(JOBS.format(port=island.http_port))
    check = subprocess.run(["promtool", "check", "config", config], capture_output=True, text=True)
    if "field consul_sd_configs not found" in check.stdout + check.stderr:
        pytest.skip("Debian built this Prometheus without consul_sd")
    address = f"127.0.0.1:{free_port()}"
    arguments = ["prometheus", f"--config.file={config}", f"--web.listen-address={address}"]
    arguments += [f"--storage.tsdb.path={tmp_path / 'tsdb'}", "--log.level=warn"]
    with open(tmp_path / "prometheus.log", "w") as log:
        process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    yield address
    process.kill()
    process.wait()


def targets(address, job):
    """The service and address of everything that a job found."""
    try:
        with urllib.request.urlopen(f"http://{address}/api/v1/targets?state=any") as answer:
            found = json.load(answer)["data"]["activeTargets"]
    except OSError:
        return set()
    labels = [target["discoveredLabels"] for target in found]
    return {
        (item["__meta_consul_service"], item["__address__"]) for item in labels if item["job"] == job
    }


def test_it_finds_local_and_imported_services_and_follows_them(prometheus, island):
    own = {("db", "127.0.0.1:5432"), ("mail", "192.0.2.25:25")}
    web = {("web", "127.0.0.1:8001"), ("web", "127.0.0.1:8002")}
    eventually(lambda: own <= targets(prometheus, "own"), f"{own} are found")
    eventually(lambda: targets(prometheus, "imported") == web, f"{web} are found")
    answer = island.api("PUT", "/v1/agent/service/register", {"Name": "cache", "Port": 6379})
    assert answer.status == 200
    cache = ("cache", "127.0.0.1:6379")
    eventually(lambda: cache in targets(prometheus, "own"), "a new service is found")
    answer = island.api("PUT", "/v1/agent/service/deregister/cache")
    assert answer.status == 200
    eventually(lambda: cache not in targets(prometheus, "own"), "a service that went is forgotten")


def found(island, datacenter, services=(), tags=()):
    """What `consul_sd` finds, by the requests that it makes: names first, then each service."""
    names = services or island.get(f"/v1/catalog/services?dc={datacenter}&{CLIENT}")
    entries = []
    for name in names:
        wanted = "".join(f"&tag={tag}" for tag in tags)
        entries += island.get(f"/v1/health/service/{name}?dc={datacenter}&{CLIENT}{wanted}")
    return {
        (entry["Service"]["Service"], f"{entry['Service']['Address'] or entry['Node']['Address']}:{entry['Service']['Port']}")
        for entry in entries
    }


def test_what_consul_sd_asks_for(island):
    assert island.get("/v1/agent/self")["Config"]["Datacenter"] == "dc2"
    assert {("db", "127.0.0.1:5432"), ("mail", "192.0.2.25:25")} <= found(island, "dc2")
    web = {("web", "127.0.0.1:8001"), ("web", "127.0.0.1:8002")}
    assert found(island, "harbor", services=["web"], tags=["v1"]) == web
    assert found(island, "harbor", services=["web"], tags=["v2"]) == set()
    assert web <= found(island, "harbor")
