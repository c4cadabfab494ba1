"""HTTP/1.1 as nobody should send it: requests that were right once, with mistakes by chance."""

import json
import random

#: What is put anywhere into a request.
_PIECES = [
    b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b":", b"\xff", b"\xc3\xa9", b"%00", b"%", b"?", b"#", b"//", b"..", b"{",
    b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"HTTP/9.9", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x16\x03\x01\x02\0\x01\0",
    b"GET", b"OPTIONS * ", b"CONNECT ", b"TRACE ", b"\r\n folded", b"0\r\n\r\n", b"5;a=b\r\nhello\r\n",
]  # fmt: skip

#: Heads that say something about what follows them.
_HEADERS = [
    b"Content-Length: 0", b"Content-Length: 5", b"Content-Length: -1", b"Content-Length: +5", b"Content-Length: 5, 6",
    b"Content-Length: 99999999999999999999", b"Content-Length:", b"Content-Length: 0x10", b"Content-Length : 3",
    b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: chunked, identity",
    b"Transfer-Encoding: xchunked", b"Connection: close", b"Connection: keep-alive, Upgrade", b"Upgrade: h2c",
    b"HTTP2-Settings: AAMAAABkAARAAAAA", b"Upgrade: websocket", b"Expect: 100-continue", b"Expect: 200-ok",
    b"Host: a, b", b"Host:", b"Trailer: X", b"TE: trailers", b"Accept-Encoding: gzip", b"Range: bytes=0-1",
    b"X-Consul-Token:", b"Authorization: Bearer", b"Authorization: Bearer \xff \xfe", b": nameless", b"A\0B: c",
    b"X: " + b"y" * 20_000, b"\r\n".join(b"X%d: y" % number for number in range(150)),
]  # fmt: skip

_TARGETS = [
    b"*", b"/", b"", b"//", b"/v1", b"/v1/", b"v1/agent/self", b"http://localhost/v1/agent/self", b"localhost:80",
    b"/v1/%2e%2e/%00", b"/v1/peering/", b"/v1/peering/%ff%fe", b"/v1/config/mesh/%2f", b"/v1/agent/self?" + b"&" * 3_000,
    b"/v1/catalog/services?filter=" + b"(" * 5_000, b"/v1/health/service/web?index=99999999999999999999",
    b"/v1/health/service/web?wait=-1s&index=1", b"/v1/" + b"a/" * 4_000, b"/v1/" + b"x" * 70_000,
    b"/v1/catalog/service/web?filter=ServiceName+matches+%22(((a%7B100%7D)%7B100%7D)%7B100%7D)%22",
]  # fmt: skip

_CHUNKS = [b"zz\r\n", b"-1\r\nx\r\n", b"FFFFFFFFFFFFFFFFF\r\n", b"7fffffffffffffff\r\nx", b"3\r\nab\r\n", b"1;" + b"x" * 9_000]


def _body(**members):
    return json.dumps(members).encode()


#: Method, target and body of requests that are answered as they stand.
_REQUESTS = [
    ("GET", "/v1/agent/self", b""),
    ("GET", "/v1/agent/services?filter=Port+%3D%3D+80+or+%22v1%22+in+Tags", b""),
    ("GET", "/v1/health/service/web?passing&tag=v1&pretty", b""),
    ("GET", "/v1/health/state/any?filter=Checks.Status+!%3D+x", b""),
    ("GET", "/v1/catalog/nodes?node-meta=a:b&near=_agent", b""),
    ("GET", "/v1/peerings", b""),
    ("GET", "/v1/config/service-defaults", b""),
    ("GET", "/v1/agent/metrics?format=prometheus", b""),
    ("GET", "/v1/acl/tokens", b""),
    ("GET", "/v1/hawser/mesh/explain/web", b""),
    ("GET", "/v1/hawser/openapi.json", b""),
    ("PUT", "/v1/agent/service/register", _body(Name="web", Port=80, Tags=["v1"], Meta={"a": "b"}, Check={"TTL": "1h"})),
    ("PUT", "/v1/agent/service/register", _body(Name="a" * 600)),
    ("PUT", "/v1/agent/service/deregister/web", b""),
    ("PUT", "/v1/agent/check/register", _body(Name="c", TTL="1h", Status="passing")),
    ("PUT", "/v1/agent/check/update/c", _body(Status="warning", Output="o")),
    ("PUT", "/v1/agent/check/pass/c?note=n%20n", b""),
    ("PUT", "/v1/catalog/register", _body(Node="n", Address="1.1.1.1", Service={"Service": "s", "Port": 1})),
    ("PUT", "/v1/catalog/deregister", _body(Node="n")),
    ("PUT", "/v1/config?cas=0", _body(Kind="service-defaults", Name="web", Protocol="http", Meta={"a": "b"})),
    ("PUT", "/v1/config", _body(Kind="mesh", Peering={"PeerThroughMeshGateways": False})),
    ("DELETE", "/v1/config/service-defaults/web", b""),
    ("PUT", "/v1/acl/policy", _body(Name="p", Rules='service "web" { policy = "read" }')),
    ("PUT", "/v1/acl/token", _body(Policies=[{"Name": "p"}], ExpirationTTL="1h")),
    ("POST", "/v1/peering/token", _body(PeerName="p", Meta={"a": "b"}, TTL="1h", Uses=2)),
    ("POST", "/v1/peering/establish", _body(PeerName="q", PeeringToken="bm8=")),
    ("DELETE", "/v1/peering/p", b""),
]  # fmt: skip


class OddRequests:
    """Bytes to send over one connection, by the numbers of one seed.

    `secrets` are tokens that some of the requests carry, unharmed, in a header.
    """

    def __init__(self, seed, secrets):
        self.chance = random.Random(seed)
        self.secrets = secrets

    def connection(self):
        """One request, or several behind each other; in pieces."""
        count = self.chance.choice([1, 1, 1, 2, 5])
        data = b"".join(self._request() for _ in range(count))
        for _ in range(self.chance.choice([0, 0, 1, 1, 2, 6])):
            data = self._mutate(data)
        cuts = sorted(self.chance.randrange(len(data) + 1) for _ in range(self.chance.choice([0, 0, 1, 3])))
        ends = [*cuts, len(data)]
        return [data[start:end] for start, end in zip([0, *cuts], ends) if end > start]

    def _request(self):
        method, target, body = self.chance.choice(_REQUESTS)
        target = target.encode()
        if self.chance.random() < 0.1:
            target = self.chance.choice(_TARGETS)
        if body and self.chance.random() < 0.5:
            body = self._mutate(body)
        headers = [b"Host: localhost"]
        if self.secrets and self.chance.random() < 0.7:
            name = self.chance.choice([b"X-Consul-Token: ", b"Authorization: Bearer "])
            headers.append(name + self.chance.choice(self.secrets).encode())
        framing, body = self._framed(body)
        headers += framing
        if self.chance.random() < 0.3:
            headers.insert(self.chance.randrange(len(headers) + 1), self.chance.choice(_HEADERS))
        return b"%s %s HTTP/1.1\r\n%s\r\n\r\n" % (method.encode(), target, b"\r\n".join(headers)) + body

    def _framed(self, body):
        """A body with what says how long it is, which is a lie at times."""
        kind = self.chance.random()
        if kind < 0.3:
            cut = self.chance.randrange(len(body) + 1)
            parts = [part for part in (body[:cut], body[cut:]) if part]
            chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
            odd = self.chance.choice(_CHUNKS) if kind < 0.1 else b""
            end = self.chance.choice([b"0\r\n\r\n", b"0\r\nX: y\r\n\r\n", b"00000\r\n\r\n"])
            return [b"Transfer-Encoding: chunked"], chunks + odd + end
        lie = self.chance.choice([-3, -1, 1, 1_000, 10_000_000]) if kind > 0.85 else 0
        length = len(body) + lie
        return ([b"Content-Length: %d" % length] if body or lie else []), body

    def _mutate(self, data):
        chance = self.chance
        place = chance.randrange(len(data) + 1)
        end = min(len(data), place + chance.choice([1, 2, 8, 100]))
        match chance.randrange(5):
            case 0:
                return data[:place] + chance.choice(_PIECES) + data[place:]
            case 1:
                return data[:place] + bytes([chance.randrange(256)]) + data[place + 1 :]
            case 2:
                return data[:place] + data[end:]
            case 3:
                return data[:end] + data[place:end] * chance.choice([1, 1, 50]) + data[end:]
            case _:
                return data[:place] + chance.randbytes(end - place) + data[end:]
