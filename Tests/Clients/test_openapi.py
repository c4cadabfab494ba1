"""The OpenAPI document: schemathesis asks whatever it allows and whatever it forbids, with and without access control.

`HAWSER_FUZZ_SECONDS=600 make test-clients` lets it go on for ten minutes over all, with other requests each time.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from clusters import DISCOVERY, SECRET

SECONDS = int(os.environ.get("HAWSER_FUZZ_SECONDS", "0"))
FOLDER = Path(__file__).parent
#: Who asks: access control is on for all but the first.
CALLERS = ["everybody", "manager", "discoverer", "nobody"]


def headers(caller, daemon):
    if caller == "manager":
        return ["--header", f"X-Consul-Token: {SECRET}"]
    if caller == "discoverer":
        return ["--header", f"Authorization: Bearer {daemon.make_token(DISCOVERY)}"]
    return []


def extent(caller):
    """How long, or how much: with a seed the ordinary run asks the same each time."""
    if SECONDS:
        return ["--max-time", str(max(SECONDS // len(CALLERS), 1))]
    return ["--max-examples", "80", "--seed", str(CALLERS.index(caller))]


@pytest.mark.timeout(300 + SECONDS)
@pytest.mark.parametrize("caller", CALLERS)
def test_schemathesis_finds_nothing(request, capsys, caller):
    daemon = request.getfixturevalue("island" if caller == "everybody" else "guarded")
    runner = os.path.join(os.path.dirname(sys.executable), "schemathesis")
    command = [runner, "--config-file", str(FOLDER / "schemathesis.toml"), "run", "--phases", "coverage,fuzzing"]
    command += ["--continue-on-failure", "--generation-database", "none", "--no-color", *extent(caller)]
    command += [*headers(caller, daemon), f"http://127.0.0.1:{daemon.http_port}/v1/hawser/openapi.json"]
    environment = os.environ | {"SCHEMATHESIS_HOOKS": str(FOLDER / "schemathesis_hooks.py")}
    done = subprocess.run(command, capture_output=True, text=True, cwd=daemon.directory, env=environment)
    assert done.returncode == 0, done.stdout[-9000:] + done.stderr[-2000:]
    cases = int(re.search(r"(\d+) generated", done.stdout)[1])
    with capsys.disabled():
        print(f"\nschemathesis as {caller}: {cases} cases")
    assert cases > 100, done.stdout


def test_only_the_document_itself_is_for_everybody(guarded):
    paths = guarded.get("/v1/hawser/openapi.json")["paths"]
    assert len(paths) >= 8
    for path, operations in paths.items():
        for method, operation in operations.items():
            answer = guarded.api(method.upper(), path.format(name="x", service="x"), token=None)
            assert answer.status == (403 if operation["security"] else 200), f"{method} {path}: {answer}"
            assert str(answer.status) in operation["responses"], f"{method} {path}"
