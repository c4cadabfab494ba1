"""`hawser watch` as a process that runs on while its daemon comes and goes."""

import json
import subprocess

from standin.hawser import PROGRAM


class Watch:
    """One running command; what it writes goes to two files."""

    def __init__(self, directory, daemon, *flags):
        self._output = directory / "watch.jsonl"
        self._errors = directory / "watch.errors"
        address = f"-http-addr=127.0.0.1:{daemon.http_port}"
        with open(self._output, "w") as output, open(self._errors, "w") as errors:
            self.process = subprocess.Popen(
                [PROGRAM, "watch", "-format", "jsonl", address, *flags],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
            )

    @property
    def count(self):
        """How many lines it has written."""
        return self._output.read_bytes().count(b"\n")

    @property
    def lines(self):
        return [json.loads(line) for line in self._output.read_text().splitlines()]

    @property
    def errors(self):
        return self._errors.read_text().splitlines()

    def end(self):
        self.process.kill()
        self.process.wait()
