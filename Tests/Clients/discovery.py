"""Programs that find services by `consul_sd` and scrape them, as processes. The language of their configuration and
their API are Prometheus'."""

import json
import subprocess
import urllib.parse
import urllib.request

import clusters
from clusters import OWN, WEB
from standin.hawser import free_port
from standin.waiting import eventually


def jobs(island, by="http", token=None, **more):
    """Jobs that find the services of `island`, one that finds imported ones by the peer's name, and one that reads the
    daemon's metrics. `more` is what only one of the programs knows of `consul_sd`."""
    scheme, address = "http", f"127.0.0.1:{island.http_port}"
    client = {}
    if by == "https":
        scheme, address = "https", f"localhost:{island.doors.https_port}"
        client = {"tls_config": {"ca_file": island.doors.ca}}
    sd = {"server": address, "scheme": scheme} | client | more
    metrics = {"scheme": scheme, "metrics_path": "/v1/agent/metrics", "params": {"format": ["prometheus"]}} | client
    if token:
        sd["token"] = token
        metrics["authorization"] = {"credentials": token}
    # Nobody listens at the services' own addresses: to have found them is enough.
    web = sd | {"datacenter": "harbor", "services": ["web"]}
    sought = {"own": sd, "imported": web | {"tags": ["v1"]}, "other tag": web | {"tags": ["v2"]}}
    configs = [
        {"job_name": name, "consul_sd_configs": [what], "scrape_interval": "1h"} for name, what in sought.items()
    ]
    configs.append(metrics | {"job_name": "agent", "scrape_interval": "1s", "static_configs": [{"targets": [address]}]})
    return {"scrape_configs": configs}


class Scraper:
    """Prometheus or VictoriaMetrics."""

    def __init__(self, directory, config):
        self.address = f"127.0.0.1:{free_port()}"
        self.directory = directory
        self.file = directory / "scrape.yml"
        self.write(config)
        self.process = None

    def write(self, config):
        self.file.write_text(json.dumps(config))

    def start(self, *command):
        with open(self.directory / "scraper.log", "w") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()

    def get(self, path, **parameters):
        """The data of an answer; None while there is none."""
        url = f"http://{self.address}{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)["data"]
        except OSError:
            log = (self.directory / "scraper.log").read_text()
            assert self.process.poll() is None, f"the scraper ended:\n{log}"
            return None

    def targets(self, job):
        data = self.get("/api/v1/targets", state="active") or {"activeTargets": []}
        return [target for target in data["activeTargets"] if target["labels"]["job"] == job]

    def found(self, job):
        """The service and address of everything that a job found."""
        labels = [target["discoveredLabels"] for target in self.targets(job)]
        return {(item["__meta_consul_service"], item["__address__"]) for item in labels}

    def value(self, query):
        """Of an instant query that has one; None while it has not."""
        results = (self.get("/api/v1/query", query=query) or {"result": []})["result"]
        return float(results[0]["value"][1]) if len(results) == 1 else None


def finds_and_follows(scraper, island):
    """What is there is found, what comes is found, and what goes is forgotten."""
    eventually(lambda: OWN <= scraper.found("own"), f"{OWN} are found")
    eventually(lambda: scraper.found("imported") == WEB, f"{WEB} are found")
    clusters.put(island, "/v1/agent/service/register", clusters.service("cache", 6379, Tags=["blue", "v7"]))
    cache = ("cache", "127.0.0.1:6379")
    eventually(lambda: cache in scraper.found("own"), "a new service is found")
    (labels,) = [
        target["discoveredLabels"]
        for target in scraper.targets("own")
        if target["discoveredLabels"]["__meta_consul_service"] == "cache"
    ]
    assert labels["__meta_consul_tags"] == ",blue,v7,"
    assert (labels["__meta_consul_dc"], labels["__meta_consul_node"]) == ("dc2", "island")
    clusters.put(island, "/v1/agent/service/deregister/cache")
    eventually(lambda: cache not in scraper.found("own"), "a service that went is forgotten")
    clusters.put(island.harbor, "/v1/agent/service/deregister/web-2")
    one = {("web", "127.0.0.1:8001")}
    eventually(lambda: scraper.found("imported") == one, "an imported instance that went is forgotten")
    assert scraper.found("other tag") == set()


def reads_metrics(scraper):
    eventually(lambda: scraper.value('up{job="agent"}') == 1, "the daemon's metrics are read")
    eventually(lambda: scraper.value("consul_peering_exported_services") is not None, "a metric is there")
