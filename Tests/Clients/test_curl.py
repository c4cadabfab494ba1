"""curl walks every endpoint by each door, and tries methods and paths that are none."""

import json
import re
from pathlib import Path

import pytest

import endpoints
from clusters import SECRET
from curl import curl, door
from endpoints import BLOCKS, EMPTY, JSON, LINES, ROWS, TEXT

#: The Swift tests have a table of what each route needs, and see to it that no route is missing there.
DECLARED = Path(__file__).parent.parent / "Service/HTTPServiceTests"
METHODS = ["GET", "PUT", "POST", "DELETE", "PATCH", "HEAD"]
TYPES = {JSON: "application/json", BLOCKS: "application/json", LINES: "application/x-ndjson", TEXT: "text/plain"}


class Walk:
    """What is known on the way: the door, the token, and what rows left to know."""

    def __init__(self, island, by, arguments=()):
        leading, self.root = door(island, by)
        self.arguments = [*leading, *arguments]
        self.known = {}

    def fill(self, text):
        for name, value in self.known.items():
            text = text.replace("{" + name + "}", value)
        return text

    def ask(self, row):
        arguments = ["--request", row.method]
        if row.body is not None:
            arguments += ["--data", self.fill(json.dumps(row.body))]
        url = f"{self.root}/v1/{self.fill(row.target or row.route)}"
        # Only the watch has no end.
        return curl(*self.arguments, *arguments, url, seconds=0.5 if row.answer == LINES else 10)

    def step(self, row, policy):
        seen = self.ask(row)
        assert seen.status == row.status, f"{row}: {seen}"
        check_headers(row, seen, policy)
        check_body(row, seen, self.fill(row.has))
        for name, key in row.keeps.items():
            self.known[name] = seen.json[key]


def check_headers(row, seen, policy):
    headers = seen.headers
    assert headers["vary"] == "Accept-Encoding", f"{row}: {seen}"
    assert headers["x-consul-default-acl-policy"] == policy, f"{row}: {seen}"
    if row.answer != EMPTY:
        assert headers["content-type"].startswith(TYPES[row.answer]), f"{row}: {seen}"
    if row.answer == BLOCKS:
        assert int(headers["x-consul-index"]) > 0, f"{row}: {seen}"
        assert headers["x-consul-knownleader"] == "true", f"{row}: {seen}"
        assert headers["x-consul-lastcontact"] == "0", f"{row}: {seen}"


def check_body(row, seen, text):
    assert text in seen.body, f"{row}: {seen}"
    if row.answer == EMPTY:
        assert seen.body == "", f"{row}: {seen}"
    elif row.answer in (JSON, BLOCKS):
        json.loads(seen.body)
    elif row.answer == LINES:
        assert [json.loads(line) for line in seen.body.splitlines()], f"{row}: {seen}"
    else:
        assert seen.body, f"{row}: {seen}"


@pytest.mark.parametrize("by", ["http", "https", "unix"])
def test_every_endpoint_answers(guarded, by):
    walk = Walk(guarded, by, ["--header", f"X-Consul-Token: {SECRET}"])
    walk.known["token"] = guarded.harbor.token("island")
    for row in ROWS:
        walk.step(row, "deny")


def test_every_endpoint_answers_without_access_control(island):
    walk = Walk(island, "http")
    walk.known["token"] = island.harbor.token("island")
    for row in ROWS:
        if row not in endpoints.ACL:
            walk.step(row, "allow")
            continue
        seen = walk.ask(row)
        assert (seen.status, seen.body) == (401, "ACL support disabled"), f"{row}: {seen}"


def test_the_table_has_every_endpoint():
    text = "".join(path.read_text() for path in DECLARED.glob("AccessRows*.swift"))
    declared = {(name.upper(), route) for name, route in re.findall(r'method: \.(\w+),\s+route: "([^"]+)"', text)}
    assert len(declared) > 50
    assert {(row.method, row.route) for row in ROWS} == declared


@pytest.mark.parametrize("by", ["http", "https", "unix"])
def test_wrong_methods_are_told_the_right_ones(island, by):
    walk = Walk(island, by)
    for route in {row.route for row in ROWS}:
        right = {row.method for row in ROWS if row.route == route}
        url = f"{walk.root}/v1/{re.sub(':[a-z]+', 'x', route)}"
        options = curl(*walk.arguments, "--request", "OPTIONS", url)
        allow = options.headers["allow"]
        assert (options.status, options.body) == (200, "")
        assert set(allow.split(",")) == right | {"OPTIONS"}, f"{route}: {allow}"
        for method in METHODS:
            if method in right:
                continue
            arguments = ["--head"] if method == "HEAD" else ["--request", method]
            seen = curl(*walk.arguments, *arguments, url)
            assert (seen.status, seen.headers["allow"]) == (405, allow), f"{method} {route}: {seen}"
            if method != "HEAD":
                assert seen.body == f"method {method} not allowed", f"{method} {route}: {seen}"


@pytest.mark.parametrize("by", ["http", "https", "unix"])
def test_paths_that_are_none_are_said_so(island, by):
    walk = Walk(island, by)
    for path in endpoints.UNKNOWN:
        for method in ["GET", "PUT", "OPTIONS"]:
            seen = curl(*walk.arguments, "--request", method, f"{walk.root}/{path}")
            assert seen.status == 404, f"{method} /{path}: {seen}"
            assert seen.body == "Invalid URL path: not a recognized HTTP API endpoint", f"/{path}: {seen}"

