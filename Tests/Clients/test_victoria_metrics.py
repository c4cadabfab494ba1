"""VictoriaMetrics has an implementation of `consul_sd` of its own: it finds services and reads metrics for real."""

import pytest

import discovery
from clusters import DISCOVERY, OWN
from standin.waiting import eventually


@pytest.fixture
def make_scraper(tmp_path):
    made = []

    def make(config):
        scraper = discovery.Scraper(tmp_path, config)
        made.append(scraper)
        scraper.start(
            "victoria-metrics",
            f"-promscrape.config={scraper.file}",
            "-promscrape.consulSDCheckInterval=1s",
            "-promscrape.configCheckInterval=1s",
            f"-httpListenAddr={scraper.address}",
            f"-storageDataPath={tmp_path / 'victoria'}",
            "-search.latencyOffset=0s",
            "-loggerLevel=WARN",
            # Half a gigabyte is for others.
            "-memory.allowedBytes=64MiB",
        )
        return scraper

    yield make
    for scraper in made:
        scraper.kill()


def test_it_finds_services_and_follows_them(make_scraper, island):
    scraper = make_scraper(discovery.jobs(island))
    discovery.finds_and_follows(scraper, island)
    discovery.reads_metrics(scraper)


@pytest.mark.parametrize("by", ["http", "https"])
def test_the_same_with_a_token(make_scraper, guarded, by):
    scraper = make_scraper(discovery.jobs(guarded, by, guarded.make_token(DISCOVERY)))
    discovery.finds_and_follows(scraper, guarded)
    discovery.reads_metrics(scraper)


def test_a_token_shows_what_it_may_and_nothing_else(make_scraper, guarded):
    rules = DISCOVERY.replace('service_prefix ""', 'service "db"')
    scraper = make_scraper(discovery.jobs(guarded, token=guarded.make_token(rules)))
    discovery.reads_metrics(scraper)
    db = {(name, address) for name, address in OWN if name == "db"}
    eventually(lambda: scraper.found("own") == db, "db is found")
    assert scraper.found("imported") == set()


def test_without_a_token_there_is_nothing(make_scraper, guarded):
    scraper = make_scraper(discovery.jobs(guarded))
    eventually(lambda: scraper.value('up{job="agent"}') == 0, "the scrape is refused")
    assert scraper.found("own") == scraper.found("imported") == set()
    # A token makes it see at once.
    scraper.write(discovery.jobs(guarded, token=guarded.make_token(DISCOVERY)))
    eventually(lambda: OWN <= scraper.found("own"), f"{OWN} are found")
    discovery.reads_metrics(scraper)
