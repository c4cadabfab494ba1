"""The replication log: followed while the daemon is killed, bounded, restored, and tampered with."""

import json
import os
import re
import shutil
import sqlite3

import pytest

from standin import wire
from standin.dialer import Dialer
from standin.hawser import exports
from standin.waiting import eventually
from standin.watch import Watch

#: Services of the first synchronisation that is interrupted. A debug build takes seven seconds for them.
SERVICES = int(os.environ.get("HAWSER_LOG_SERVICES", "10000"))
#: At these shares of the services the importer is killed, if it does not have all before it is noticed.
KILLS = (0.05, 0.15, 0.25, 0.35, 0.45, 0.55)


@pytest.fixture
def start_watch(tmp_path, cleanup):
    def start(daemon, *flags):
        watch = Watch(tmp_path, daemon, *flags)
        cleanup.callback(watch.end)
        return watch

    return start


@pytest.fixture
def hawser(make_hawser):
    """A daemon that has imported ten services, in events of their own."""
    hawser = make_hawser()
    with Dialer(hawser.token()) as dialer:
        stream = dialer.connect()
        names = [f"s{number}" for number in range(10)]
        stream.expect_ack(stream.upsert_list(*names))
        for name in names:
            stream.expect_ack(stream.upsert_service(name, wire.instance(name)))
        stream.expect_ack(stream.upsert_service("s9", wire.instance("s9", port=81)))
    return hawser


def watched(hawser, *flags):
    """What is there, by lines of JSON."""
    outcome = hawser.cli("watch", "-format=jsonl", "-follow=false", *flags)
    assert outcome.code == 0, outcome.errors
    return [json.loads(line) for line in outcome.output.splitlines()]


def numbers(lines):
    return [line["number"] for line in lines]


def head(hawser):
    return hawser.get("/v1/hawser/log")


# Followed


@pytest.mark.timeout(300)
def test_a_watch_outlives_its_daemon_and_misses_nothing(make_hawser, start_watch):
    names = [f"service-{number}" for number in range(SERVICES)]
    services = [{"name": name, "port": 80 + n % 50} for n, name in enumerate(names)]
    files = {"services.json": {"services": services}, "exports.json": exports(*names, peer="island")}
    harbor = make_hawser("harbor", files=files, agent={"log_level": "info"})
    island = make_hawser("island", datacenter="dc2", agent={"log_level": "info"})
    watch = start_watch(island, "-since", "1")
    assert island.establish(harbor.token("island"), "harbor").status == 200

    kills = 0
    for share in KILLS:
        eventually(lambda: head(island)["Next"] > share * SERVICES, f"{share:.0%} is imported")
        island.kill()
        kills += 1
        # It shows what was on its way, and then tells that the daemon is gone.
        eventually(lambda: len(watch.errors) >= kills, "the watch tells it")
        shown = watch.count
        island.start()
        if shown >= SERVICES:
            break
        eventually(lambda: watch.count > shown, "the watch goes on")
    assert kills >= 3, "the importer had all before it was killed"

    def imported():
        listed = island.get("/v1/internal/ui/services?peer=harbor")
        return {item["Name"]: item["InstanceCount"] for item in listed if item.get("PeerName") == "harbor"}

    eventually(lambda: len(imported()) == SERVICES, "all is imported")
    eventually(lambda: watch.count >= head(island)["Next"] - 1, "all is shown")
    lines = watch.lines
    assert numbers(lines) == list(range(1, head(island)["Next"]))
    assert said(lines) == imported()
    assert len(watch.errors) == kills, watch.errors
    assert all(re.search(r"; going on with event \d+ when it answers$", line) for line in watch.errors)
    assert watch.process.poll() is None

    for daemon in (island, harbor):
        verified = daemon.cli("log", "verify")
        assert verified.code == 0, verified.errors
        last = head(daemon)["Next"] - 1
        assert verified.output == f"verified: events 1 to {last}, the chain is whole\n"


def said(lines):
    """What the events leave behind: services with their instances."""
    services = {}
    for line in lines:
        if line["direction"] != "imported" or line["what"] != "service":
            continue
        assert services.get(line["name"], 0) == line["old"], line
        services[line["name"]] = line["new"]
    return {name: count for name, count in services.items() if count > 0}


def test_without_a_number_it_begins_with_what_is_there_and_goes_on_over_a_restart(hawser, start_watch):
    watch = start_watch(hawser)
    eventually(lambda: watch.count >= 10, "what is there is shown")
    assert all(line["present"] for line in watch.lines)
    end = head(hawser)["Next"]
    hawser.kill()
    eventually(lambda: watch.errors, "the outage is told")
    hawser.start()
    with Dialer(hawser.token()) as dialer:
        stream = dialer.connect()
        stream.expect_ack(stream.upsert_service("s0", wire.instance("s0", port=82)))
        eventually(lambda: watch.count > 10, "the change is shown")
    events = watch.lines[10:]
    assert numbers(events) == list(range(end, end + len(events)))
    changed = next(line for line in events if line["direction"] == "imported")
    assert (changed["name"], changed["change"]) == ("s0", "updated")


def test_parts_of_the_log(hawser):
    all_ = watched(hawser, "-since=1")
    assert numbers(all_) == list(range(1, head(hawser)["Next"]))
    assert watched(hawser, "-since=3") == all_[2:]
    assert watched(hawser, "-since=1h") == all_
    assert watched(hawser, "-since=0s") == []
    s9 = [line for line in all_ if line["name"] == "s9"]
    assert len(s9) == 2
    assert watched(hawser, "-since=1", "-service=s9") == s9
    assert watched(hawser, "-since=1", "-peer=other") == []
    assert watched(hawser, "-since=1", "-peer=standin") == all_
    assert [line["name"] for line in watched(hawser)] == [f"s{number}" for number in range(10)]


def test_people_see_what_changed(hawser):
    outcome = hawser.cli("watch", "--since=1", "--follow=false", "--service=s9")
    assert outcome.code == 0, outcome.errors
    created, updated, *fields = outcome.output.splitlines()
    assert re.fullmatch(
        r" +\d+  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}  standin +imported  service +s9 +created  1 instance", created
    )
    assert updated.endswith("updated  1 instance")
    assert fields == ["         remote-node/s9-1/Port 80 -> 81"]


# Bounded and restored


def test_events_that_are_not_kept_are_said_so(hawser):
    hawser.stop()
    with sqlite3.connect(hawser.data / "state.db") as database:
        database.execute("DELETE FROM event WHERE first <= 4")
        (oldest,) = database.execute("SELECT min(first) FROM event").fetchone()
    database.close()
    hawser.start()
    lines = watched(hawser, "-since=2")
    assert lines[0] == {"missed": oldest - 2}
    assert numbers(lines[1:]) == list(range(oldest, head(hawser)["Next"]))
    outcome = hawser.cli("watch", "-since=2", "-follow=false", "-peer=standin")
    assert outcome.errors == f"hawser: events 2 to {oldest - 1} are not kept any longer\n"
    assert "missed" not in outcome.output
    verified = hawser.cli("log", "verify")
    assert verified.output.startswith(f"verified: events {oldest} to "), verified.errors


def long_instance(round_):
    """One with ten kilobytes of fields that differ from round to round."""
    item = wire.instance("web")
    for number in range(20):
        item.Service.Meta[f"key-{number}"] = f"{round_:04}" * 60
    return item


def test_the_log_is_kept_in_so_many_bytes(make_hawser):
    hawser = make_hawser(agent={"replication_log": {"max_size_mb": 1}})
    with Dialer(hawser.token()) as dialer:
        stream = dialer.connect()
        for round_ in range(150):
            stream.expect_ack(stream.upsert_service("web", long_instance(round_)))
    bounds = head(hawser)
    assert bounds["Oldest"] > 20
    kept = hawser.cli("watch", "-since=1", "-follow=false", "-format=jsonl").output
    assert 900_000 < len(kept) < 1 << 20
    assert hawser.cli("log", "verify").code == 0


def test_the_log_is_kept_for_so_long(make_hawser):
    hawser = make_hawser(agent={"replication_log": {"max_age": "1h"}})
    with Dialer(hawser.token()) as dialer:
        stream = dialer.connect()
        for port in range(4):
            stream.expect_ack(stream.upsert_service("web", wire.instance("web", port=port)))
        hawser.stop()
        with sqlite3.connect(hawser.data / "state.db") as database:
            third = database.execute("SELECT first FROM event ORDER BY first LIMIT 1 OFFSET 2").fetchone()[0]
            database.execute("UPDATE event SET time = time - 3660000 WHERE first < ?", (third,))
        database.close()
        hawser.start()
    assert head(hawser)["Oldest"] == 1
    with Dialer(hawser.token()) as dialer:
        stream = dialer.connect()
        stream.expect_ack(stream.upsert_service("web", wire.instance("web", port=9)))
    assert head(hawser)["Oldest"] == third


def test_a_log_that_is_younger_than_the_number_is_an_error(hawser):
    next_ = head(hawser)["Next"]
    assert watched(hawser, f"-since={next_}") == []
    for flags in (["-follow=false"], []):
        outcome = hawser.cli("watch", f"-since={next_ + 1}", *flags)
        assert outcome.code == 1 and outcome.output == ""
        assert f"ends with event {next_ - 1}, and event {next_ + 1} is the next to read" in outcome.errors


def test_a_watch_notices_that_the_log_was_restored(hawser, start_watch, tmp_path):
    hawser.stop()
    shutil.copytree(hawser.data, tmp_path / "backup")
    hawser.start()

    def change(*ports):
        with Dialer(hawser.token()) as dialer:
            stream = dialer.connect()
            for port in ports:
                stream.expect_ack(stream.upsert_service("s0", wire.instance("s0", port=port)))

    watch = start_watch(hawser, "-since=1")
    change(90, 91)
    eventually(lambda: watch.count == head(hawser)["Next"] - 1, "all is shown")
    hawser.stop()
    shutil.rmtree(hawser.data)
    shutil.copytree(tmp_path / "backup", hawser.data)
    hawser.start()
    assert eventually(lambda: watch.process.poll() is not None and watch.errors, "the watch ends")
    assert watch.process.returncode == 1
    assert re.search(r"(the replication log ends with event|does not follow on)", watch.errors[-1])


# Tampered with


#: The byte after this is flipped.
PLACES = {
    "name": b'"name":"s',
    "hash of the one before": b'"previous":"',
    "number": b'"number":',
    "key": b'"previou',
    "form": b"{",
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("which", ["first", "middle", "last"])
def test_a_flipped_byte_is_found(hawser, place, which):
    bounds = head(hawser)
    all_ = watched(hawser, "-since=1")
    with_names = [line["number"] for line in all_ if line["name"] and line["number"] > 1]
    number = {"first": with_names[0], "middle": with_names[4], "last": with_names[-1]}[which]
    hawser.stop()
    with sqlite3.connect(hawser.data / "state.db") as database:
        row = database.execute(
            "SELECT first, bytes FROM event WHERE first <= ? ORDER BY first DESC LIMIT 1", (number,)
        ).fetchone()
        lines = row[1].split(b"\n")
        line = bytearray(lines[number - row[0]])
        line[line.index(PLACES[place]) + len(PLACES[place])] ^= 1
        lines[number - row[0]] = bytes(line)
        database.execute("UPDATE event SET bytes = ? WHERE first = ?", (b"\n".join(lines), row[0]))
    database.close()
    hawser.start()
    assert head(hawser) == bounds
    outcome = hawser.cli("log", "verify")
    assert (outcome.code, outcome.output) == (1, "")
    assert outcome.errors.startswith(f"hawser: event {number} is not what was written: "), outcome.errors
    for_programs = hawser.cli("log", "verify", "-format=json")
    answer = json.loads(for_programs.output)
    assert (for_programs.code, answer["Whole"], answer["Event"]) == (1, False, number)


def test_a_missing_event_is_found(hawser):
    hawser.stop()
    with sqlite3.connect(hawser.data / "state.db") as database:
        (first, count) = database.execute("SELECT first, count FROM event ORDER BY first LIMIT 1 OFFSET 3").fetchone()
        database.execute("DELETE FROM event WHERE first = ?", (first,))
    database.close()
    hawser.start()
    outcome = hawser.cli("log", "verify")
    assert outcome.code == 1
    assert outcome.errors == (
        f"hawser: event {first} is missing: event {first + count} stands in its place\n"
    )


def test_the_log_of_a_new_daemon_is_whole(make_hawser):
    outcome = make_hawser().cli("log", "verify")
    assert (outcome.code, outcome.output) == (0, "verified: there are no events yet\n")
