"""What lies on disk: a row that is not what was written is no state to start with, and earlier formats open."""

import importlib.util
import json
import pathlib
import re
import shutil
import sqlite3

import pytest

from standin import wire
from standin.hawser import PROGRAM

DATA = pathlib.Path(__file__).parent.parent / "Fixtures" / "data"


class Stored:
    """The rows of a daemon that does not run: all that these tests know of how they lie there."""

    def __init__(self, directory):
        self._path = directory / "state.db"

    def _do(self, statement, *arguments):
        database = sqlite3.connect(self._path)
        try:
            with database:
                return database.execute(statement, arguments).fetchall()
        finally:
            database.close()

    def keys(self):
        return [key for (key,) in self._do("SELECT key FROM entry ORDER BY key")]

    def of(self, table):
        """The key of one row of a table, and its value."""
        return self._do("SELECT key, value FROM entry WHERE key LIKE ? ORDER BY key", f"{table}/%")[0]

    def value(self, key):
        return self._do("SELECT value FROM entry WHERE key = ?", key)[0][0]

    def put(self, key, value):
        self._do("INSERT OR REPLACE INTO entry (key, value) VALUES (?, ?)", key, value)

    def remove(self, key):
        self._do("DELETE FROM entry WHERE key = ?", key)


def table_of(key):
    return key.split("/")[0]


TABLES = [
    "acl-bootstrap",
    "acl-policy",
    "acl-token",
    "announced",
    "bundle",
    "check",
    "config",
    "farewell",
    "identity",
    "import",
    "node",
    "peering",
    "secrets",
    "service",
    "tombstone",
]


@pytest.fixture
def full(make_hawser, tmp_path):
    """A daemon with rows of every table that the fixture has, which does not run, and its rows."""

    def fill(table):
        cluster = "island" if table in ("farewell", "announced", "import", "imports") else "harbor"
        hawser = make_hawser(f"{cluster}-1")
        hawser.stop()
        shutil.rmtree(hawser.data)
        shutil.copytree(DATA / "format-1" / cluster, hawser.data, ignore=shutil.ignore_patterns("config"))
        for file in (DATA / "format-1" / cluster / "config").iterdir():
            shutil.copy(file, hawser.config)
        hawser.datacenter = "dc2" if cluster == "island" else "dc1"
        # Once, so that the rows are what this version writes.
        hawser.start()
        hawser.stop()
        return hawser, Stored(hawser.data)

    return fill


def flipped(value):
    """The value with one bit changed, in the middle of a word, so that it can still be read."""
    is_text = isinstance(value, str)
    bytes_ = bytearray(value.encode() if is_text else value)
    words = [match for match in re.finditer(rb"[A-Za-z0-9]{3,}", bytes_)]
    place = words[len(words) * 2 // 3].start() + 1
    bytes_[place] ^= 1
    return bytes_.decode() if is_text else bytes(bytes_)


def expect_refusal(hawser, key):
    said = hawser.refuse_to_start()
    (sentence,) = [line for line in said.splitlines() if key in line]
    assert len(sentence.split()) > 5
    return sentence


def test_every_table_is_tried(full):
    found = {table_of(key) for table in ["peering", "import"] for key in full(table)[1].keys()}
    # The fixtures have no events, no service that lost an instance, and nothing imported since.
    assert found <= set(TABLES) | {"imports", "log", "service-index"}


@pytest.mark.parametrize("table", TABLES)
def test_a_flipped_bit_is_seen(full, table):
    hawser, rows = full(table)
    key, value = rows.of(table)
    rows.put(key, flipped(value))
    assert expect_refusal(hawser, key)
    # It was the bit.
    rows.put(key, value)
    hawser.start()


def test_each_bit_counts(full):
    """Also where the value would read the same: white space, case, digits of a time."""
    hawser, rows = full("peering")
    key, value = rows.of("peering")
    for place in range(0, len(value), max(1, len(value) // 12)):
        bytes_ = bytearray(value)
        bytes_[place] ^= 1 << place % 8
        rows.put(key, bytes(bytes_))
        expect_refusal(hawser, key)
    for shorter in [value[:-1], value + b" ", b""]:
        rows.put(key, shorter)
        expect_refusal(hawser, key)
    rows.put(key, value)
    hawser.start()


def test_a_value_belongs_to_its_key(full):
    """The value of one token under the key of another would give it the other's rights."""
    hawser, rows = full("acl-token")
    first, second = [key for key in rows.keys() if table_of(key) == "acl-token"][:2]
    values = {key: rows.value(key) for key in (first, second)}
    rows.put(first, values[second])
    said = hawser.refuse_to_start()
    assert first in said or second in said
    rows.put(first, values[first])
    hawser.start()


def test_a_row_of_a_newer_version_is_called_that(full):
    hawser, rows = full("peering")
    _, value = rows.of("peering")
    rows.put("moonphase/self", value)
    sentence = expect_refusal(hawser, "moonphase/self")
    assert "newer" in sentence
    assert "backup" not in sentence
    rows.remove("moonphase/self")
    hawser.start()


def test_what_the_start_refuses_is_left_as_it_is(full):
    hawser, rows = full("peering")
    key, value = rows.of("peering")
    broken = flipped(value)
    rows.put(key, broken)
    before = {key: rows.value(key) for key in rows.keys()}
    expect_refusal(hawser, key)
    assert {key: rows.value(key) for key in rows.keys()} == before


def test_a_flipped_bit_in_what_a_peer_exports_is_seen(make_hawser, acceptor):
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_list("web"))
    stream.expect_ack(stream.upsert_service("web", wire.instance("web", address="10.9.8.7")))
    acceptor.close()
    hawser.stop()
    rows = Stored(hawser.data)
    key, value = rows.of("import")
    assert b"10.9.8.7" in value
    rows.put(key, value.replace(b"10.9.8.7", b"10.9.8.6"))
    expect_refusal(hawser, key)


# Earlier formats


def maker():
    spec = importlib.util.spec_from_file_location("make_fixture", DATA / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


FORMATS = sorted(path.name for path in DATA.glob("format-*"))


def without_indexes(value):
    if isinstance(value, list):
        return [without_indexes(item) for item in value]
    if isinstance(value, dict):
        # That a token has expired is stored since format 2, when it is first seen.
        left_out = {key for key in value if key.endswith("Index")} | ({"EndedAt"} if "ExpiresAt" in value else set())
        return {key: without_indexes(item) for key, item in value.items() if key not in left_out}
    return value


@pytest.mark.parametrize("format_", FORMATS)
def test_the_directories_of_every_format_open(format_):
    """And the API answers what the program of that time answered, but for numbers that it had made up at its start."""
    folder = DATA / format_
    expected = json.loads((folder / "answers.json").read_text())
    found = maker().answers(PROGRAM, folder)
    for cluster, answers in expected.items():
        assert sorted(answers) == sorted(found[cluster])
        for path, answer in answers.items():
            assert without_indexes(found[cluster][path]) == without_indexes(answer), path


@pytest.mark.parametrize("format_", FORMATS)
def test_the_fixtures_are_whole(format_):
    """No test may have written to them."""
    folder = DATA / format_
    expected = json.loads((folder / "rows.json").read_text())
    assert {cluster: maker().rows_of(folder / cluster) for cluster in expected} == expected


@pytest.mark.parametrize("format_", FORMATS)
def test_a_directory_of_an_earlier_format_is_brought_to_ours_and_opens_again(make_hawser, format_):
    """What is changed after that is kept too, by kill -9 in between."""
    hawser = make_hawser("island-1")
    hawser.stop()
    shutil.rmtree(hawser.data)
    source = DATA / format_ / "island"
    shutil.copytree(source, hawser.data, ignore=shutil.ignore_patterns("config"))
    for file in (source / "config").iterdir():
        shutil.copy(file, hawser.config)
    hawser.datacenter = "dc2"
    hawser.start()
    imported = hawser.get("/v1/catalog/services?peer=harbor")
    assert imported
    for life in range(2):
        answer = hawser.api("PUT", "/v1/config", {"Kind": "service-defaults", "Name": f"life-{life}", "Protocol": "grpc"})
        assert answer.status == 200
        hawser.restart()
        names = {entry["Name"] for entry in hawser.get("/v1/config/service-defaults")}
        assert {f"life-{number}" for number in range(life + 1)} | {"ledger", "a/b", "café", "db"} <= names
        assert hawser.get("/v1/catalog/services?peer=harbor") == imported
