"""Every method of every route, with a request that makes sense to `island`. The order counts: what one row makes, later
rows look at, and the last ones take away again."""

from dataclasses import dataclass, field

from clusters import service

NOWHERE = "9ea2e8ee-1ca7-4b6c-b8b7-000000000000"
EXACT = "connect/intentions/exact?source=a&destination=walk"
ANONYMOUS = "00000000-0000-0000-0000-000000000002"

#: What stands in the answer: `blocks` is JSON with an index to wait for.
JSON, BLOCKS, TEXT, LINES, EMPTY = "json", "blocks", "text", "lines", "empty"


@dataclass
class Row:
    method: str
    #: As it is declared, below /v1.
    route: str
    answer: str
    #: What is asked; the route where it has no open parts. `{…}` are things that the walk knows.
    target: str = ""
    body: object = None
    status: int = 200
    #: What must be in the answer's text.
    has: str = ""
    #: Names for the walk to know, by the keys in the answer that they have.
    keeps: dict = field(default_factory=dict)

    def __str__(self):
        return f"{self.method} {self.target or self.route}"


def get(route, target="", answer=BLOCKS, **fields):
    return Row("GET", route, answer, target, **fields)


def put(route, body=None, target="", answer=EMPTY, **fields):
    return Row("PUT", route, answer, target, body, **fields)


AGENT = [
    get("agent/self", answer=JSON, has='"Datacenter":"dc2"'),
    get("agent/version", answer=JSON, has='"HumanVersion"'),
    get("agent/members", answer=JSON, has='"Name":"island"'),
    put("agent/service/register", service("walk", 1, Tags=["a", "b"], Check={"TTL": "1h"})),
    get("agent/services", answer=JSON, has='"walk"'),
    get("agent/service/:id", "agent/service/walk", answer=JSON, has='"ContentHash"'),
    put("agent/service/maintenance/:id", target="agent/service/maintenance/walk?enable=true&reason=a%20walk"),
    get("agent/checks", answer=JSON, has="_service_maintenance:walk"),
    get(
        "agent/health/service/id/:id",
        "agent/health/service/id/walk",
        answer=JSON,
        status=503,
        has='"AggregatedStatus":"maintenance"',
    ),
    get(
        "agent/health/service/name/:name",
        "agent/health/service/name/walk",
        answer=JSON,
        status=503,
        has='"AggregatedStatus":"maintenance"',
    ),
    put("agent/service/maintenance/:id", target="agent/service/maintenance/walk?enable=false"),
    put("agent/maintenance", target="agent/maintenance?enable=true"),
    put("agent/maintenance", target="agent/maintenance?enable=false"),
    put("agent/check/register", {"Name": "walk-check", "ServiceID": "walk", "TTL": "1h"}),
    put("agent/check/pass/:id", target="agent/check/pass/walk-check?note=well"),
    put("agent/check/warn/:id", target="agent/check/warn/walk-check"),
    put("agent/check/fail/:id", target="agent/check/fail/walk-check"),
    put("agent/check/update/:id", {"Status": "passing", "Output": "fine"}, "agent/check/update/walk-check"),
    get("agent/checks", "agent/checks?filter=CheckID%20%3D%3D%20%22walk-check%22", answer=JSON, has='"Output":"fine"'),
    put("agent/check/deregister/:id", target="agent/check/deregister/walk-check"),
    put("agent/service/deregister/:id", target="agent/service/deregister/walk"),
    get("agent/service/:id", "agent/service/walk", answer=TEXT, status=404),
    get("agent/metrics", answer=JSON, has='"Gauges"'),
    get("agent/metrics", "agent/metrics?format=prometheus", answer=TEXT, has="# TYPE consul_"),
    put("agent/reload", answer=TEXT, has="nothing changed"),
]

CATALOG = [
    get("catalog/datacenters", answer=JSON, has='["dc2"]'),
    put("catalog/register", {"Node": "box", "Address": "192.0.2.9", "Service": {"Service": "walk"}}, answer=JSON),
    get("catalog/services", has='"walk":[]'),
    get("catalog/services", "catalog/services?peer=harbor", has='"web":["v1"]'),
    get("catalog/service/:name", "catalog/service/walk", has='"192.0.2.9"'),
    get("catalog/connect/:name", "catalog/connect/walk", has="[]"),
    get("catalog/nodes", has='"box"'),
    get("catalog/node/:name", "catalog/node/box", has='"walk"'),
    get("catalog/node-services/:name", "catalog/node-services/box", has='"walk"'),
    put("catalog/deregister", {"Node": "box"}, answer=JSON),
    get("catalog/node/:name", "catalog/node/box", has="null"),
    get("health/service/:name", "health/service/db?passing", has="5432"),
    get("health/service/:name", "health/service/web?peer=harbor", has='"PeerName":"harbor"'),
    get("health/connect/:name", "health/connect/db", has="[]"),
    get("health/checks/:name", "health/checks/db", has="[]"),
    get("health/node/:name", "health/node/island"),
    get("health/state/:state", "health/state/any"),
    get("internal/ui/services", has='"db"'),
    get("internal/ui/exported-services", "internal/ui/exported-services?peer=harbor", has="[]"),
    get("status/leader", answer=JSON, has="127.0.0.1:"),
    get("status/peers", answer=JSON, has="127.0.0.1:"),
    get("operator/raft/configuration", answer=JSON, has='"Leader":true'),
]

CONFIG = [
    put("config", {"Kind": "service-defaults", "Name": "walk", "Protocol": "http"}, answer=JSON, has="true"),
    get("config/:kind", "config/service-defaults", has='"walk"'),
    get("config/:kind/:name", "config/service-defaults/walk", has='"http"'),
    Row("DELETE", "config/:kind/:name", JSON, "config/service-defaults/walk", has="{}"),
    get("config/:kind/:name", "config/service-defaults/walk", status=404, answer=TEXT),
    put("connect/intentions/exact", {"Action": "deny"}, EXACT, answer=JSON, has="true"),
    get("connect/intentions/exact", EXACT, has='"deny"'),
    Row(
        "POST",
        "connect/intentions",
        JSON,
        body={"SourceName": "b", "DestinationName": "walk", "Action": "allow"},
        keeps={"intention": "ID"},
    ),
    get("connect/intentions", has="{intention}"),
    get("connect/intentions/:id", "connect/intentions/{intention}", has='"SourceName":"b"'),
    put(
        "connect/intentions/:id",
        {"SourceName": "b", "DestinationName": "walk", "Action": "deny"},
        "connect/intentions/{intention}",
        answer=JSON,
    ),
    get("connect/intentions/match", "connect/intentions/match?by=destination&name=walk", answer=JSON, has='"b"'),
    get(
        "connect/intentions/check",
        "connect/intentions/check?source=b&destination=walk",
        answer=JSON,
        has='"Allowed":false',
    ),
    Row("DELETE", "connect/intentions/:id", JSON, "connect/intentions/{intention}", has="true"),
    Row("DELETE", "connect/intentions/exact", JSON, EXACT, has="true"),
    get("connect/ca/roots", has='"RootCert"'),
    get("agent/connect/ca/roots", has='"RootCert"'),
    get("connect/ca/configuration", has='"consul"'),
    put("connect/ca/configuration", {"Provider": "consul"}),
]

PEERING = [
    Row("POST", "peering/token", JSON, body={"PeerName": "walk"}, has='"PeeringToken"'),
    get("hawser/tokens", has='"walk"'),
    Row("DELETE", "hawser/tokens/:name", EMPTY, "hawser/tokens/walk"),
    get("peering/:name", "peering/walk", has='"PENDING"'),
    Row("DELETE", "peering/:name", EMPTY, "peering/walk"),
    get("peerings", has='"harbor"'),
    get("exported-services", has="[]"),
    get("imported-services", has='"web"'),
    get("hawser/exports/plan", answer=JSON),
    Row("POST", "hawser/exports/plan", JSON, body={"Kind": "exported-services", "Name": "default"}),
    get("hawser/gateway/routes", has="[]"),
    get("hawser/mesh/explain/:service", "hawser/mesh/explain/db", has='"db"'),
    get("hawser/log", answer=JSON, has='"Next"'),
    get("hawser/watch", answer=LINES, has='"web"'),
    get("hawser/openapi.json", answer=JSON, has='"3.1.0"'),
    put("hawser/ca/rotate", answer=JSON, has='"RootCert"'),
    put("hawser/ca/retire", target="hawser/ca/retire?force", answer=JSON, has='{"Retired":1}'),
    Row("POST", "peering/establish", JSON, body={"PeerName": "harbor", "PeeringToken": "{token}"}),
]

#: These are refused where access control is off.
ACL = [
    put("acl/bootstrap", answer=TEXT, status=403, has="ACL bootstrap no longer allowed"),
    put("acl/policy", {"Name": "walk", "Rules": 'mesh = "read"'}, answer=JSON, keeps={"policy": "ID"}),
    get("acl/policy/:id", "acl/policy/{policy}", has='"walk"'),
    get("acl/policy/name/:name", "acl/policy/name/walk", has="mesh"),
    put("acl/policy/:id", {"Name": "walked"}, "acl/policy/{policy}", answer=JSON, has='"walked"'),
    get("acl/policies", has='"walked"'),
    put("acl/token", {"Policies": [{"Name": "walked"}]}, answer=JSON, keeps={"accessor": "AccessorID"}),
    get("acl/token/self", answer=JSON, has='"global-management"'),
    get("acl/token/:accessor", "acl/token/{accessor}", has='"walked"'),
    put("acl/token/:accessor", {"Description": "d"}, "acl/token/{accessor}", answer=JSON, has='"d"'),
    put(
        "acl/token/:accessor/clone",
        {"Description": "c"},
        "acl/token/{accessor}/clone",
        answer=JSON,
        keeps={"clone": "AccessorID"},
    ),
    get("acl/tokens", has="{clone}"),
    get("acl/roles", answer=JSON, has="[]"),
    get("acl/auth-methods", answer=JSON, has="[]"),
    get("acl/binding-rules", answer=JSON, has="[]"),
    get("acl/templated-policies", answer=JSON, has="{}"),
    Row("DELETE", "acl/token/:accessor", JSON, "acl/token/{clone}", has="true"),
    Row("DELETE", "acl/token/:accessor", JSON, "acl/token/{accessor}", has="true"),
    Row("DELETE", "acl/policy/:id", JSON, "acl/policy/{policy}", has="true"),
    get("acl/policy/:id", f"acl/policy/{NOWHERE}", answer=TEXT, status=403, has="ACL not found"),
    Row("DELETE", "acl/token/:accessor", TEXT, f"acl/token/{ANONYMOUS}", status=400),
]

ROWS = AGENT + CATALOG + CONFIG + ACL + PEERING

UNKNOWN = [
    "",
    "v1",
    "v1/",
    "v1/nothing",
    "v1/agent",
    "v1/peering",
    "v1/hawser/",
    "v1/catalog/service/a/b",
    "v2/peerings",
]
