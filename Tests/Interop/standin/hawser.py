"""The daemon under test, as a process of its own, and what its operators use: the command line and the HTTP API."""

import http.client
import json
import os
import random
import signal
import socket
import subprocess
from dataclasses import dataclass

from standin import metrics
from standin.waiting import eventually

PROGRAM = os.environ.get("HAWSER", "hawser")

_PORT_TAKEN = "the port is in use by another process"


def free_port():
    """A port that nobody listens on just now.

    Below those that the system gives to outgoing connections and to who asks for any:
    one of those may be taken before the daemon gets to it.
    """
    while True:
        port = random.randrange(10_000, 20_000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port


@dataclass
class Outcome:
    code: int
    output: str
    errors: str


@dataclass
class Answer:
    status: int
    text: str
    headers: dict

    @property
    def json(self):
        return json.loads(self.text)


class Hawser:
    """One daemon with its directories.

    `files` maps names in the configuration directory to texts, or to objects that
    are written as JSON. `agent` are settings of the agent's own file. `environment`,
    which may be set later, is added to that of the process.
    """

    def __init__(self, directory, name, datacenter="dc1", files=None, agent=None):
        self.name = name
        self.datacenter = datacenter
        self.directory = directory
        self.config = directory / "config"
        self.data = directory / "data"
        self.http_port = free_port()
        self.peering_port = free_port()
        self.process = None
        self.environment = {}
        self._life = 0
        self._was_up = False
        self.config.mkdir(parents=True)
        settings = {"log_level": "debug"} | (agent or {})
        for file, content in ({"agent.json": settings} | (files or {})).items():
            self.write(file, content)

    def write(self, file, content):
        """Writes a configuration file; None removes it. `reload` makes it count."""
        path = self.config / file
        if content is None:
            path.unlink()
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content))

    # Life

    def start(self):
        """Runs it until it is up, by its own log: at its ports another may answer.

        Ports that somebody took meanwhile are replaced, unless tokens name them.
        """
        while not self._run():
            log = self.log[self._life :]
            assert not self._was_up and _PORT_TAKEN in log, f"{self.name} ended:\n{log}"
            self.http_port = free_port()
            if self.peering_port > 0:
                self.peering_port = free_port()
        self._was_up = True

    def _run(self):
        arguments = [PROGRAM, "agent", "-node", self.name]
        arguments += ["-datacenter", self.datacenter, "-bind", "127.0.0.1"]
        arguments += ["-config-dir", str(self.config), "-data-dir", str(self.data)]
        arguments += ["-http-port", str(self.http_port)]
        arguments += [f"-grpc-tls-port={self.peering_port}"]
        with open(self.directory / "log", "a") as log:
            self._life = len(self.log)
            self.process = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.directory,
                env=_environment(**self.environment),
            )
        return eventually(self._is_up_or_ended, f"{self.name} is up") == "up"

    def _is_up_or_ended(self):
        has_ended = self.process.poll() is not None
        if " is up: " in self.log[self._life :]:
            return "up"
        return "ended" if has_ended else None

    def refuse_to_start(self):
        """Runs it, which must end by itself, and not well: what it said."""
        assert not self._run(), f"{self.name} started"
        return self._ended()

    def end_by_itself(self):
        """Waits until it has ended, which must not be well: what it said since it was started."""
        eventually(lambda: self.process.poll() is not None, f"{self.name} has ended by itself")
        return self._ended()

    def _ended(self):
        code, self.process = self.process.wait(), None
        text = self.log[self._life :]
        # Below zero: a signal, such as of a crash.
        assert code > 0, f"{self.name} ended with {code}:\n{text}"
        return text

    def kill(self):
        """kill -9; fine if it does not run."""
        self._end(signal.SIGKILL)

    def stop(self):
        """Asks it to end, and waits."""
        self._end(signal.SIGTERM)

    def _end(self, number):
        if self.process is None:
            return
        self.process.send_signal(number)
        self.process.wait()
        self.process = None

    def restart(self):
        """kill -9, and again."""
        self.kill()
        self.start()

    @property
    def log(self):
        """All that it logged, over all its lives."""
        return (self.directory / "log").read_text()

    # Use

    def cli(self, *arguments, stdin=None, token=None, environment=None):
        """Runs a command against this daemon; a token is put into its environment."""
        added = {"HAWSER_HTTP_ADDR": f"127.0.0.1:{self.http_port}"} | (environment or {})
        if token is not None:
            added["HAWSER_HTTP_TOKEN"] = token
        done = subprocess.run(
            [PROGRAM, *arguments],
            env=_environment(**added),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    def api(self, method, path, body=None, token=None, headers=None):
        """One request to the HTTP API; `body` is written as JSON."""
        headers = dict(headers or {})
        if token is not None:
            headers["X-Consul-Token"] = token
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=60)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.read().decode(), dict(answer.headers))
        finally:
            connection.close()

    def get(self, path):
        answer = self.api("GET", path)
        assert answer.status == 200, f"{path}: {answer.status} {answer.text}"
        return answer.json

    def metrics(self):
        """What Prometheus sees: see standin.metrics."""
        return metrics.parse(self.api("GET", "/v1/agent/metrics?format=prometheus").text)

    def reload(self):
        outcome = self.cli("reload")
        assert outcome.code == 0, outcome.errors

    # Peering

    def token(self, peer="standin", **fields):
        """A fresh token for a peer that will dial: its text."""
        answer = self.api("POST", "/v1/peering/token", {"PeerName": peer} | fields)
        assert answer.status == 200, answer.text
        return answer.json["PeeringToken"]

    def establish(self, token, peer="standin"):
        """Redeems a token: the answer, whatever it is."""
        body = {"PeerName": peer, "PeeringToken": token}
        return self.api("POST", "/v1/peering/establish", body)

    def tokens(self, peer="standin"):
        """What became of a peer's tokens, the oldest first."""
        all_ = self.get("/v1/hawser/tokens")
        return [token["State"] for token in all_ if token["Peer"] == peer]

    def delete(self, peer="standin"):
        answer = self.api("DELETE", f"/v1/peering/{peer}")
        assert answer.status == 200, answer.text

    def peering(self, peer="standin"):
        """The peering as the API shows it; None if there is none."""
        answer = self.api("GET", f"/v1/peering/{peer}")
        return answer.json if answer.status == 200 else None

    def state(self, peer="standin"):
        peering = self.peering(peer)
        return peering and peering["State"]

    def imported(self, service, peer="standin", kind="service"):
        """Instances of an imported service; `kind` may be `connect`."""
        return self.get(f"/v1/health/{kind}/{service}?peer={peer}")

    def imported_ids(self, service, peer="standin", kind="service"):
        return [item["Service"]["ID"] for item in self.imported(service, peer, kind)]


def exports(*names, peer="standin"):
    """The config entry that exports services to a peer."""
    services = [{"Name": name, "Consumers": [{"Peer": peer}]} for name in names]
    return {"Kind": "exported-services", "Name": "default", "Services": services}


#: The config entry with which the control plane goes through mesh gateways.
THROUGH_GATEWAYS = {"Kind": "mesh", "Peering": {"PeerThroughMeshGateways": True}}


def _environment(**added):
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("HAWSER_", "CONSUL_"))
    }
    return kept | added
