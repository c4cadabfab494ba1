"""Prometheus finds services by `consul_sd` where it was built with it, and reads metrics in any case.

Debian builds some of its versions without `consul_sd`. What such a one cannot show is asked for as `consul_sd` does,
and test_victoria_metrics.py has another implementation.
"""

import subprocess

import pytest

import discovery
from clusters import DISCOVERY, OWN, WEB, put, service
from standin.waiting import eventually

CLIENT = "stale=&wait=120000ms"


def has_consul_sd(directory):
    """What promtool takes, prometheus takes."""
    config = directory / "probe.yml"
    config.write_text('scrape_configs: [{job_name: a, consul_sd_configs: [{server: "127.0.0.1:8500"}]}]')
    done = subprocess.run(["promtool", "check", "config", config], capture_output=True, text=True)
    return done.returncode == 0


@pytest.fixture
def needs_consul_sd(tmp_path):
    if not has_consul_sd(tmp_path):
        pytest.skip("this Prometheus was built without consul_sd (Debian leaves it out)")


@pytest.fixture
def make_prometheus(tmp_path):
    made = []

    def make(config):
        scraper = discovery.Scraper(tmp_path, config)
        made.append(scraper)
        scraper.start(
            "prometheus",
            f"--config.file={scraper.file}",
            f"--web.listen-address={scraper.address}",
            f"--storage.tsdb.path={tmp_path / 'tsdb'}",
            "--log.level=warn",
        )
        return scraper

    yield make
    for scraper in made:
        scraper.kill()


def without_discovery(config):
    """What any Prometheus takes."""
    return {"scrape_configs": [job for job in config["scrape_configs"] if "consul_sd_configs" not in job]}


def test_it_finds_services_and_follows_them(needs_consul_sd, make_prometheus, island):
    scraper = make_prometheus(discovery.jobs(island, refresh_interval="1s"))
    discovery.finds_and_follows(scraper, island)


@pytest.mark.parametrize("by", ["http", "https"])
def test_the_same_with_a_token(needs_consul_sd, make_prometheus, guarded, by):
    scraper = make_prometheus(discovery.jobs(guarded, by, guarded.make_token(DISCOVERY), refresh_interval="1s"))
    discovery.finds_and_follows(scraper, guarded)


def test_it_reads_metrics(make_prometheus, island):
    discovery.reads_metrics(make_prometheus(without_discovery(discovery.jobs(island))))


@pytest.mark.parametrize("by", ["http", "https"])
def test_it_reads_metrics_with_a_token(make_prometheus, guarded, by):
    token = guarded.make_token(DISCOVERY)
    discovery.reads_metrics(make_prometheus(without_discovery(discovery.jobs(guarded, by, token))))


def test_without_a_token_its_scrape_is_refused(make_prometheus, guarded):
    scraper = make_prometheus(without_discovery(discovery.jobs(guarded)))
    eventually(lambda: scraper.value('up{job="agent"}') == 0, "the scrape is refused")
    (target,) = scraper.targets("agent")
    assert target["lastError"] == "server returned HTTP status 403 Forbidden"


def test_promtool_finds_no_fault_with_the_metrics(island):
    """Faults are what the text format forbids; the names are Consul's, and promtool has tastes of its own."""
    text = island.api("GET", "/v1/agent/metrics?format=prometheus").text
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    assert "error while linting" not in done.stderr, done.stderr
    assert done.returncode in (0, 3), done.stderr


def found(island, datacenter, services=(), tags=()):
    """What `consul_sd` finds, by the requests that it makes: names first, then each service."""
    names = services or island.get(f"/v1/catalog/services?dc={datacenter}&{CLIENT}")
    entries = []
    for name in names:
        wanted = "".join(f"&tag={tag}" for tag in tags)
        entries += island.get(f"/v1/health/service/{name}?dc={datacenter}&{CLIENT}{wanted}")
    return {target(entry["Service"], entry["Node"]) for entry in entries}


def target(service, node):
    return service["Service"], f"{service['Address'] or node['Address']}:{service['Port']}"


def test_what_consul_sd_asks_for(island):
    assert island.get("/v1/agent/self")["Config"]["Datacenter"] == "dc2"
    assert OWN <= found(island, "dc2")
    assert found(island, "harbor", services=["web"], tags=["v1"]) == WEB
    assert found(island, "harbor", services=["web"], tags=["v2"]) == set()
    assert WEB <= found(island, "harbor")
    put(island, "/v1/agent/service/register", service("cache", 6379))
    cache = ("cache", "127.0.0.1:6379")
    assert cache in found(island, "dc2")
    put(island, "/v1/agent/service/deregister/cache")
    assert cache not in found(island, "dc2")
