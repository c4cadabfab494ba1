"""What nobody should send, in large numbers, to the HTTP API of a running daemon; HAWSER_FUZZ_SECONDS makes it last."""

import contextlib
import json
import os
import re
import socket
import struct
import time

import pytest

from standin.hawser import Hawser
from standin.odd_http import OddRequests
from standin.waiting import eventually

SECRET = "5ec2e75e-c2e7-5ec2-e75e-c2e75ec2e75e"
WRONG = "badbadba-dbad-badb-adba-dbadbadbadba"
#: What is answered with 500, as in Consul.
FAILURES = re.compile(rb"does not have associated TTL|No path to datacenter: ")
COUNT = 1_000
SECONDS = float(os.environ.get("HAWSER_FUZZ_SECONDS", "0"))

ACLS = {
    "without ACLs": {"enabled": False},
    "denying": {"enabled": True, "default_policy": "deny", "tokens": {"initial_management": SECRET}},
}


@pytest.mark.timeout(120 + 2 * SECONDS)
@pytest.mark.parametrize("acl", ACLS.values(), ids=ACLS)
def test_odd_bytes_harm_nobody(make_hawser, tmp_path, acl):
    hawser = make_hawser(
        files={"services.json": {"services": [{"name": "web", "port": 80}, {"name": "db"}]}},
        agent={"acl": acl, "audit": {"path": "audit.jsonl"}},
    )
    process = hawser.process
    for _ in range(3):
        known(hawser)
    files = open_files(hawser)
    requests = OddRequests(seed=1, secrets=[SECRET, WRONG])
    statuses, sent = {}, 0
    started = time.monotonic()
    while sent < COUNT or time.monotonic() < started + SECONDS:
        pieces = requests.connection()
        (tmp_path / "last").write_bytes(b"".join(pieces))
        for status, body in answers(exchange(hawser.http_port, pieces, requests.chance)):
            assert status < 500 or FAILURES.search(body), (status, body, sent, pieces)
            statuses[status] = statuses.get(status, 0) + 1
        sent += 1
    print(f"{sent} connections in {time.monotonic() - started:.0f} s, answered {dict(sorted(statuses.items()))}")
    assert {200, 400, 404} < set(statuses), statuses

    assert process.poll() is None, hawser.log[-2_000:]
    eventually(lambda: open_files(hawser) <= files, "the connections are closed")
    for text in (hawser.log, (hawser.directory / "audit.jsonl").read_text()):
        assert SECRET[:18] not in text and WRONG[:18] not in text
        assert not re.search(r'"EstablishmentSecret"|eyJDQSI6', text)
    for line in (hawser.directory / "audit.jsonl").read_text().split("\n")[:-1]:
        assert isinstance(json.loads(line), dict)

    before = known(hawser)
    hawser.stop()
    hawser.start()
    assert known(hawser) == before


@pytest.mark.parametrize(
    "path, body",
    [
        ("agent/service/register", {"Name": "a" * 600}),
        ("agent/check/register", {"Name": "a" * 600, "TTL": "1h"}),
        ("catalog/register", {"Node": "a" * 600, "Address": "1.1.1.1"}),
        ("config", {"Kind": "service-defaults", "Name": "a" * 600}),
    ],
)
def test_a_name_that_is_too_long_is_the_callers_fault(make_hawser, path, body):
    answer = make_hawser().api("PUT", f"/v1/{path}", body)
    assert answer.status == 400 and "must be at most 255 bytes long" in answer.text


def exchange(port, pieces, chance):
    """Sends it all and leaves in one of many ways: what was answered meanwhile."""
    answer = b""
    # Whoever is cut off early may not even close its side.
    with contextlib.suppress(OSError):
        with socket.create_connection(("127.0.0.1", port), timeout=0.5) as connection:
            way = chance.random()
            for piece in pieces:
                connection.sendall(piece)
            if way < 0.1:
                # Without a goodbye.
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            elif way < 0.2:
                connection.recv(10)
            else:
                connection.shutdown(socket.SHUT_WR)
                while more := connection.recv(1 << 16):
                    answer += more
    return answer


def answers(data):
    """Status and body of each answer; they stand behind each other with nothing between. The last may be cut off."""
    while data:
        head, _, data = data.partition(b"\r\n\r\n")
        code = re.match(rb"HTTP/1\.1 (\d{3}) ", head)
        assert code, (head, data)
        body = b""
        if length := re.search(rb"\r\ncontent-length: (\d+)", head, re.IGNORECASE):
            body, data = data[: int(length[1])], data[int(length[1]) :]
        elif b"chunked" in head:
            size = None
            while data and size != 0:
                line, _, data = data.partition(b"\r\n")
                size = int(line, 16)
                body, data = body + data[:size], data[size + 2 :]
        yield int(code[1]), body


def open_files(hawser):
    return len(os.listdir(f"/proc/{hawser.process.pid}/fd"))


def known(hawser):
    """What a restart must not change: all but the indexes of what files say."""
    lists = ["catalog/services", "catalog/nodes", "agent/services", "peerings", "acl/policies", "acl/tokens"]
    kinds = ["service-defaults", "mesh", "exported-services", "service-intentions", "proxy-defaults"]
    answers = {}
    for path in lists + [f"config/{kind}" for kind in kinds]:
        answer = hawser.api("GET", f"/v1/{path}", token=SECRET)
        assert answer.status in (200, 401), (path, answer.text)
        answers[path] = re.sub(r'"(Create|Modify)Index":\d+', "", answer.text)
    return answers
