"""Checks that run: what they ask, what they make of it, and what a peer hears of that."""

import contextlib

import pytest

from standin import backends, wire
from standin.authority import Authority
from standin.dialer import Dialer
from standin.hawser import exports
from standin.waiting import eventually

NAME = "backend.test"


def service(**check):
    return {"name": "web", "id": "web-1", "port": 80, "check": check}


def asking(**check):
    """A check that runs as often as checks may."""
    return service(**({"interval": "1s", "timeout": "5s"} | check))


@pytest.fixture
def start(make_hawser):
    def start(*services, **more):
        files = {"services.json": {"services": list(services)}} | more
        return make_hawser(files=files | {"exports.json": exports("web")})

    return start


@pytest.fixture
def trusted(tmp_path, monkeypatch):
    """A server's certificate for `NAME`, from an authority that the system trusts."""
    authority = Authority()
    leaf = authority.make_leaf(NAME)
    roots = tmp_path / "roots.pem"
    roots.write_text(authority.root_pem)
    # OpenSSL's own variable for the system's authorities.
    monkeypatch.setenv("SSL_CERT_FILE", str(roots))
    leaf.file = str(tmp_path / "leaf.pem")
    with open(leaf.file, "w") as file:
        file.write(leaf.certificate_pem + leaf.key_pem)
    return leaf


def the_check(hawser, check_id="service:web-1"):
    return hawser.get("/v1/agent/checks").get(check_id)


def wait_for(hawser, status, output="", check_id="service:web-1"):
    """The check, when it has that status and its output has that in it."""

    def look():
        check = the_check(hawser, check_id)
        if check and check["Status"] == status and output in check["Output"]:
            return check

    return eventually(look, f"{check_id} is {status}, {output}")


# What a peer hears


def test_an_exported_service_is_as_well_as_its_check(start):
    with backends.Web() as web, contextlib.ExitStack() as stack:
        hawser = start(asking(http=f"http://127.0.0.1:{web.port}/health"))
        dialer = stack.enter_context(Dialer(hawser.token()))
        stream = dialer.connect(*wire.ACCEPTOR_KINDS)

        def expect(status):
            def is_so(now):
                checks = [item for node in now.Nodes for item in node.Checks]
                return [item.Status for item in checks] == [status]

            stream.expect("web", is_so)

        expect("passing")
        web.status = 500
        expect("critical")
        web.status = 429
        expect("warning")
        web.status = 204
        expect("passing")


# HTTP


def test_an_http_check_tells_what_it_was_answered(start):
    with backends.Web() as web:
        url = f"http://127.0.0.1:{web.port}/health?a=b"
        hawser = start(asking(http=url))
        check = wait_for(hawser, "passing")
        assert check["Output"] == f"HTTP GET {url}: 200 OK Output: fine"
        assert (check["Type"], check["Interval"], check["Timeout"]) == (
            "http",
            "1s",
            "5s",
        )
        method, path, headers, _ = web.requests[0]
        assert (method, path) == ("GET", "/health?a=b")
        assert headers["User-Agent"] == "Consul Health Check"
        assert headers["Accept"] == "text/plain, text/*, */*"
        assert headers["Host"] == f"127.0.0.1:{web.port}"
        web.status, web.body = 503, "x" * 5000 + "end"
        check = wait_for(hawser, "critical")
        assert check["Output"] == (
            f"HTTP GET {url}: 503 Service Unavailable Output: " + "x" * 4093 + "end"
        )


def test_an_http_check_sends_what_it_is_told(start):
    with backends.Web() as web:
        hawser = start(
            asking(
                http=f"http://127.0.0.1:{web.port}/",
                method="POST",
                header={"X-One": ["1", "2"], "Host": ["other.test"]},
                body='{"a": 1}',
            )
        )
        wait_for(hawser, "passing")
        method, _, headers, body = web.requests[0]
        assert (method, body) == ("POST", '{"a": 1}')
        assert headers.get_all("X-One") == ["1", "2"]
        assert headers.get_all("Host") == ["other.test"]


@pytest.mark.parametrize(
    "stays, status, output",
    [(False, "passing", "200 OK"), (True, "critical", "302 Found")],
)
def test_redirects_are_followed_unless_told_otherwise(start, stays, status, output):
    with backends.Web() as web:
        url = f"http://127.0.0.1:{web.port}/moved"
        hawser = start(asking(http=url, disable_redirects=stays))
        check = wait_for(hawser, status, output)
        assert check["Output"].startswith(f"HTTP GET {url}: {output} Output: ")


def test_redirects_come_to_an_end(start):
    with backends.Web() as web:
        web.status, web.headers = 307, {"Location": "/again"}
        hawser = start(asking(http=f"http://127.0.0.1:{web.port}/"))
        wait_for(hawser, "critical", "stopped after 10 redirects")
        assert len(web.requests) % 11 == 0


def test_an_https_check_verifies_the_server(start, trusted):
    with backends.Web(trusted.file) as web:
        url = f"https://127.0.0.1:{web.port}/"
        hawser = start(
            asking(http=url, tls_server_name=NAME),
            asking(http=url) | {"id": "wrong"},
            asking(http=url, tls_skip_verify=True) | {"id": "any"},
        )
        wait_for(hawser, "passing")
        wait_for(hawser, "passing", check_id="service:any")
        wait_for(hawser, "critical", "certificate", check_id="service:wrong")


# TCP and UDP


def test_a_tcp_check_wants_a_connection(start):
    with backends.Sockets(lambda connection: connection.close()) as server:
        hawser = start(asking(tcp=f"127.0.0.1:{server.port}"))
        check = wait_for(hawser, "passing")
        assert check["Output"] == f"TCP connect 127.0.0.1:{server.port}: Success"
    refused = f"dial tcp 127.0.0.1:{server.port}: connect: connection refused"
    wait_for(hawser, "critical", refused)


def test_a_tcp_check_with_tls_wants_a_handshake(start, trusted):
    with backends.Web(trusted.file) as web, backends.Web() as plain:
        hawser = start(
            asking(
                tcp=f"127.0.0.1:{web.port}", tcp_use_tls=True, tls_server_name=NAME
            ),
            asking(tcp=f"127.0.0.1:{plain.port}", tcp_use_tls=True) | {"id": "plain"},
        )
        wait_for(hawser, "passing", f"TCP+TLS connect 127.0.0.1:{web.port}: Success")
        wait_for(hawser, "critical", "dial tcp ", check_id="service:plain")


def test_a_udp_check_fails_where_nobody_listens(start):
    with contextlib.closing(backends.datagrams()) as listener:
        port = listener.getsockname()[1]
        hawser = start(asking(udp=f"127.0.0.1:{port}"))
        wait_for(hawser, "passing", f"UDP connect 127.0.0.1:{port}: Success")
    wait_for(hawser, "critical", "connection refused")


# gRPC


def test_a_grpc_check_asks_the_health_service(start):
    with backends.GRPC() as server:
        server.set("", backends.SERVING)
        server.set("shop.Cart", backends.NOT_SERVING)
        address = f"127.0.0.1:{server.port}"
        hawser = start(
            asking(grpc=address),
            asking(grpc=f"{address}/shop.Cart") | {"id": "cart"},
            asking(grpc=f"{address}/unknown") | {"id": "unknown"},
        )
        wait_for(hawser, "passing", f"gRPC check {address}: success")
        unhealthy = "gRPC application didn't report service healthy"
        wait_for(hawser, "critical", unhealthy, "service:cart")
        wait_for(hawser, "critical", "code = NotFound", "service:unknown")
        server.set("shop.Cart", backends.SERVING)
        wait_for(hawser, "passing", f"{address}/shop.Cart: success", "service:cart")


def test_a_grpc_check_speaks_tls(start, trusted):
    with backends.GRPC(trusted.certificate_pem, trusted.key_pem) as server:
        server.set("", backends.SERVING)
        address = f"127.0.0.1:{server.port}"
        hawser = start(
            asking(grpc=address, grpc_use_tls=True, tls_server_name=NAME),
            asking(grpc=address, grpc_use_tls=True) | {"id": "wrong"},
        )
        wait_for(hawser, "passing", "success")
        wait_for(hawser, "critical", "certificate", "service:wrong")


# HTTP/2


def test_an_h2ping_check_wants_an_answer(start):
    with backends.http2() as server, backends.Web() as web:
        hawser = start(
            asking(h2ping=f"127.0.0.1:{server.port}", h2ping_use_tls=False),
            asking(h2ping=f"127.0.0.1:{web.port}", h2ping_use_tls=False)
            | {"id": "old"},
        )
        wait_for(hawser, "passing", "HTTP2 ping was successful")
        wait_for(hawser, "critical", "HTTP2 ping failed: ", "service:old")
    wait_for(hawser, "critical", f"Failed to dial to 127.0.0.1:{server.port}: ")


def test_an_h2ping_check_speaks_tls_unless_told_otherwise(start, trusted):
    with backends.http2(trusted.file) as server:
        address = f"127.0.0.1:{server.port}"
        hawser = start(
            asking(h2ping=address, tls_server_name=NAME),
            asking(h2ping=address, tls_skip_verify=True) | {"id": "any"},
        )
        wait_for(hawser, "passing")
        wait_for(hawser, "passing", check_id="service:any")


# TTL


def test_a_ttl_check_says_what_it_was_told(start):
    hawser = start(service(ttl="1h"))
    assert the_check(hawser)["Status"] == "critical"
    path = "/v1/agent/check/{}/service:web-1"
    for verb, status in [("warn", "warning"), ("fail", "critical"), ("pass", "passing")]:
        answer = hawser.api("PUT", path.format(verb) + "?note=so%20so")
        assert (answer.status, answer.text) == (200, "")
        check = the_check(hawser)
        assert (check["Status"], check["Output"]) == (status, "so so")
    entry = hawser.get("/v1/health/service/web")[0]
    assert entry["Checks"][0]["Status"] == "passing"


def test_a_ttl_check_is_critical_when_its_time_is_over(start):
    hawser = start(service(ttl="1s"))
    hawser.api("PUT", "/v1/agent/check/pass/service:web-1?note=so%20so")
    expired = "TTL expired (last output before timeout follows): so so"
    assert wait_for(hawser, "critical", "TTL expired (")["Output"] == expired


def test_an_application_can_update_its_check(start):
    hawser = start(service(ttl="1h"))
    path = "/v1/agent/check/update/service:web-1"
    answer = hawser.api("PUT", path, {"Status": "passing", "Output": "x"})
    assert (answer.status, answer.text) == (200, "")
    assert the_check(hawser)["Output"] == "x"
    answer = hawser.api("PUT", path, {"Status": "good"})
    assert (answer.status, answer.text) == (400, "Invalid check status: 'good'")


def test_reporting_to_what_is_not_there_is_refused(start):
    hawser = start(asking(tcp="127.0.0.1:1"))
    answer = hawser.api("PUT", "/v1/agent/check/pass/none")
    assert answer.status == 404
    assert answer.text == (
        'Unknown check ID "none". Ensure that the check ID is passed, '
        "not the check name."
    )
    answer = hawser.api("PUT", "/v1/agent/check/pass/service:web-1")
    assert answer.status == 500
    assert answer.text == 'CheckID "service:web-1" does not have associated TTL'
    answer = hawser.api("GET", "/v1/agent/check/pass/service:web-1")
    assert answer.status == 405
    assert answer.headers["Allow"] == "OPTIONS,PUT"


# Checks by themselves


def test_a_check_of_the_node_counts_for_all_its_services(start):
    hawser = start({"name": "web", "id": "web-1", "port": 80})
    body = {"Name": "disk", "TTL": "1h", "Notes": "n", "Status": "passing"}
    assert hawser.api("PUT", "/v1/agent/check/register", body).status == 200
    hawser.api("PUT", "/v1/agent/check/fail/disk?note=full")
    [check] = hawser.get("/v1/health/service/web")[0]["Checks"]
    shown = [check[key] for key in ("CheckID", "Status", "Output", "ServiceID", "Notes")]
    assert shown == ["disk", "critical", "full", "", "n"]
    assert hawser.get("/v1/health/service/web?passing") == []
    hawser.restart()
    assert the_check(hawser, "disk")["Status"] == "critical"
    assert hawser.api("PUT", "/v1/agent/check/deregister/disk").status == 200
    assert hawser.get("/v1/health/service/web")[0]["Checks"] == []
    assert hawser.api("PUT", "/v1/agent/check/deregister/disk").status == 404


def test_a_check_can_be_added_to_a_service(start):
    hawser = start({"name": "web", "id": "web-1", "port": 80})
    body = {"ID": "more", "Name": "more", "ServiceID": "web-1", "TTL": "1h"}
    assert hawser.api("PUT", "/v1/agent/check/register", body).status == 200
    hawser.api("PUT", "/v1/agent/check/pass/more")
    hawser.restart()
    check = the_check(hawser, "more")
    shown = [check[key] for key in ("Status", "ServiceID", "ServiceName", "Type")]
    assert shown == ["passing", "web-1", "web", "ttl"]
    # It goes with its service.
    hawser.write("services.json", None)
    hawser.reload()
    assert the_check(hawser, "more") is None
    answer = hawser.api("PUT", "/v1/agent/check/register", body)
    assert (answer.status, answer.text) == (404, 'ServiceID "web-1" does not exist')


@pytest.mark.parametrize(
    "body, text",
    [
        ({"TTL": "1s"}, "Missing check name"),
        ({"Name": "a"}, "Invalid check: TTL must be > 0 for TTL checks"),
        (
            {"Name": "a", "Args": ["/bin/true"], "Interval": "1s"},
            "Invalid check: Args: script and docker checks are not run: "
            "hawser runs no programs; let it report through a TTL check, "
            "or ask it with a tcp, http or grpc check",
        ),
    ],
)
def test_checks_that_cannot_be_are_refused(start, body, text):
    hawser = start()
    answer = hawser.api("PUT", "/v1/agent/check/register", body)
    assert (answer.status, answer.text) == (400, text)


# Life


def test_what_clients_registered_is_as_well_after_a_restart(start):
    hawser = start()
    body = {"Name": "api", "Check": {"TTL": "1h"}}
    assert hawser.api("PUT", "/v1/agent/service/register", body).status == 200
    assert the_check(hawser, "service:api")["Status"] == "critical"
    hawser.api("PUT", "/v1/agent/check/pass/service:api?note=up")
    hawser.restart()
    check = the_check(hawser, "service:api")
    assert (check["Status"], check["Output"]) == ("passing", "up")
    # Registering the same again is no news of its health.
    hawser.api("PUT", "/v1/agent/service/register", body | {"Port": 81})
    assert the_check(hawser, "service:api")["Status"] == "passing"


def test_what_checks_of_files_found_out_is_known_after_a_restart(start):
    """A daemon that starts anew does not make everything critical at every peer."""
    hawser = start(service(ttl="1h"))
    hawser.api("PUT", "/v1/agent/check/pass/service:web-1")
    hawser.restart()
    assert the_check(hawser)["Status"] == "passing"


def test_a_reload_keeps_what_checks_have_found_out(start):
    with backends.Web() as web:
        check = {"http": f"http://127.0.0.1:{web.port}/", "interval": "1h"}
        hawser = start(service(ttl="1h"))
        hawser.api("PUT", "/v1/agent/check/pass/service:web-1")
        hawser.write("services.json", {"services": [service(ttl="1h") | {"port": 81}]})
        hawser.reload()
        assert the_check(hawser)["Status"] == "passing"
        hawser.write("services.json", {"services": [service(**check)]})
        hawser.reload()
        assert the_check(hawser)["Status"] == "critical"


def test_a_sidecar_is_checked_and_follows_its_service(start):
    with backends.Sockets(lambda connection: connection.close()) as proxy:
        hawser = start(
            service(ttl="1h")
            | {"connect": {"sidecar_service": {"port": proxy.port}}}
        )
        first, second = (f"service:web-1-sidecar-proxy:{n}" for n in (1, 2))
        assert the_check(hawser, first)["Name"] == "Connect Sidecar Listening"
        alias = wait_for(hawser, "critical", check_id=second)
        assert alias["Name"] == "Connect Sidecar Aliasing web-1"
        hawser.api("PUT", "/v1/agent/check/pass/service:web-1")
        wait_for(hawser, "passing", "All checks passing.", check_id=second)
        wait_for(hawser, "passing", "TCP connect", check_id=first)
