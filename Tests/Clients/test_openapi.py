"""The OpenAPI document: curl walks everything in it, and schemathesis asks whatever it allows."""

import json
import os
import subprocess
import sys

import pytest

#: Its answer has no end.
ENDLESS = "/v1/hawser/watch"

BODIES = {"/v1/hawser/exports/plan": {"Kind": "exported-services", "Name": "default"}}
CAPTURES = {"service": "db"}

CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "unsupported_method",
]


def curl(*arguments):
    """Status and body; a body that does not end is cut off."""
    command = ["curl", "--silent", "--max-time", "2", "--write-out", "\n%{http_code}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode in (0, 28), f"{command}: {done.returncode} {done.stderr}"
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


def test_curl_walks_every_endpoint(island):
    root = f"http://127.0.0.1:{island.http_port}"
    paths = island.get("/v1/hawser/openapi.json")["paths"]
    assert len(paths) >= 6
    for path, operations in paths.items():
        for method, operation in operations.items():
            arguments = ["--request", method.upper()]
            if path in BODIES and "requestBody" in operation:
                arguments += ["--data", json.dumps(BODIES[path])]
            status, body = curl(*arguments, root + path.format(**CAPTURES))
            assert str(status) in operation["responses"], f"{method} {path}: {status} {body}"
            assert status < 500, f"{method} {path}: {status} {body}"
            if status == 200 and path != ENDLESS:
                json.loads(body)


@pytest.mark.parametrize("phase", ["coverage", "fuzzing"])
def test_schemathesis_finds_nothing(island, phase):
    runner = os.path.join(os.path.dirname(sys.executable), "schemathesis")
    command = [runner, "run", f"http://127.0.0.1:{island.http_port}/v1/hawser/openapi.json"]
    command += ["--checks", ",".join(CHECKS), "--phases", phase, "--exclude-path", ENDLESS]
    command += ["--max-examples", "30", "--seed", "1", "--generation-database", "none", "--no-color"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=island.directory)
    assert done.returncode == 0 and "cases: " in done.stdout.lower() or "passed" in done.stdout, done.stdout[-6000:] + done.stderr[-2000:]
