"""Runs curl, and reads what it saw."""

import json
import subprocess
from dataclasses import dataclass


@dataclass
class Seen:
    status: int
    #: By their names in lower case.
    headers: dict
    body: str

    @property
    def json(self):
        return json.loads(self.body)


def curl(*arguments, seconds=10):
    """One request. A body that does not end by then is cut off: what came of it counts."""
    # What is written about the request goes beside the body, which may be anything.
    about = '%{stderr}{"status": %{http_code}, "headers": %{header_json}}'
    command = ["curl", "--silent", "--max-time", str(seconds), "--write-out", about, *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode in (0, 28), f"{command}: {done.returncode} {done.stderr}"
    seen = json.loads(done.stderr)
    headers = {name.lower(): values[0] for name, values in seen["headers"].items()}
    return Seen(seen["status"], headers, done.stdout)


def door(island, name):
    """What leads curl to a daemon, and the start of its URLs there."""
    if name == "https":
        return ["--cacert", island.doors.ca], f"https://localhost:{island.doors.https_port}"
    if name == "unix":
        return ["--unix-socket", island.doors.socket], "http://localhost"
    return [], f"http://127.0.0.1:{island.http_port}"
