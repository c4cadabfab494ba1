"""dig asks the daemon's DNS, if it has one."""

import subprocess

import pytest

from standin.hawser import free_port


def dig(port, *question):
    command = ["dig", "@127.0.0.1", "-p", str(port), "+short", "+time=2", "+tries=1", *question]
    return subprocess.run(command, capture_output=True, text=True).stdout.split("\n")[:-1]


def test_services_resolve(make_hawser):
    port = free_port()
    daemon = make_hawser("island", agent={"ports": {"dns": port}})
    if "dns: is not used by hawser" in daemon.log:
        pytest.skip("this daemon has no DNS: ports.dns is not known to it")
    body = {"Name": "db", "Port": 5432, "Address": "192.0.2.5"}
    assert daemon.api("PUT", "/v1/agent/service/register", body).status == 200
    assert dig(port, "db.service.consul") == ["192.0.2.5"]
    assert dig(port, "db.service.consul", "SRV")[0].split()[2] == "5432"
    assert dig(port, "nothing.service.consul") == []
