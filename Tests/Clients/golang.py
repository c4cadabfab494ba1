"""Consul's Go library as far as its behaviour goes: what it sends, which statuses it takes, and what its decoder refuses.

The command line, consul-template, the Terraform provider and most tools are made with it. Its decoder ignores keys
that it does not know, leaves out those that are missing or null, and fails for a value of another type.
"""

import json
import re
from types import SimpleNamespace
from urllib.parse import quote, urlencode

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
ZERO_TIME = "0001-01-01T00:00:00Z"


class WrongType(AssertionError):
    """What Go's decoder would fail for."""


class Refused(Exception):
    """What commands show of an answer that is none: its status and its text."""

    def __init__(self, status, text):
        super().__init__(f"Unexpected response code: {status} ({text})")
        self.status = status
        self.text = text


# Types: functions of a value and the place where it stands, and their zero values.


def _scalar(name, zero, fits):
    def decode(value, where="answer"):
        if value is None:
            return zero
        if not fits(value):
            raise WrongType(f"{where}: {value!r} is no {name}")
        return value

    decode.zero = zero
    return decode


def _is_whole(value):
    return isinstance(value, int) and not isinstance(value, bool)


string = _scalar("string", "", lambda value: isinstance(value, str))
boolean = _scalar("bool", False, lambda value: isinstance(value, bool))
integer = _scalar("int", 0, lambda value: _is_whole(value) and abs(value) < 1 << 63)
unsigned = _scalar("uint64", 0, lambda value: _is_whole(value) and 0 <= value < 1 << 64)
port = _scalar("uint16", 0, lambda value: _is_whole(value) and 0 <= value < 1 << 16)
number = _scalar("float64", 0.0, lambda value: isinstance(value, int | float) and not isinstance(value, bool))
time = _scalar("time", ZERO_TIME, lambda value: isinstance(value, str) and _TIME.fullmatch(value))
anything = _scalar("value", None, lambda value: True)


def pointer(type_):
    """Null stays what it is."""

    def decode(value, where="answer"):
        return None if value is None else type_(value, where)

    decode.zero = None
    return decode


def list_of(type_):
    def decode(value, where="answer"):
        if value is None:
            return []
        if not isinstance(value, list):
            raise WrongType(f"{where}: {value!r} is no list")
        return [type_(item, f"{where}[{place}]") for place, item in enumerate(value)]

    decode.zero = []
    return decode


def map_of(type_):
    def decode(value, where="answer"):
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise WrongType(f"{where}: {value!r} is no map")
        return {key: type_(item, f"{where}.{key}") for key, item in value.items()}

    decode.zero = {}
    return decode


def struct(*parents, **fields):
    """Keys count in any case."""
    types = {name: type_ for parent in parents for name, type_ in parent.types.items()} | fields
    names = {name.lower(): name for name in types}

    def decode(value, where="answer"):
        if value is None:
            value = {}
        if not isinstance(value, dict):
            raise WrongType(f"{where}: {value!r} is no struct")
        found = SimpleNamespace(**{name: type_.zero for name, type_ in types.items()})
        for key, item in value.items():
            if name := names.get(key.lower()):
                setattr(found, name, types[name](item, f"{where}.{name}"))
        return found

    decode.zero = None
    decode.types = types
    return decode


class Client:
    """Sends what the library sends."""

    def __init__(self, daemon, token=None):
        self._daemon = daemon
        self._token = token

    def send(self, method, path, body=None, **query):
        """The plain answer. A name in the query may be a list; `_` stands for `-`."""
        items = [
            (key.replace("_", "-"), item)
            for key, value in query.items()
            for item in (value if isinstance(value, list) else [value])
        ]
        target = "/v1/" + quote(path) + ("?" + urlencode(items) if items else "")
        return self._daemon.api(method, target, body, token=self._token, headers={"Accept-Encoding": "gzip"})

    def need(self, method, path, type_=None, body=None, **query):
        """Fails for any status but 200; without a type, the text of the answer."""
        answer = self.send(method, path, body, **query)
        if answer.status != 200:
            raise Refused(answer.status, answer.text)
        return answer.text if type_ is None else type_(json.loads(answer.text))

    def find(self, path, type_, **query):
        """None for 404, as where the library asks for what may not be there."""
        try:
            return self.need("GET", path, type_, **query)
        except Refused as refused:
            if refused.status == 404:
                return None
            raise

    def read(self, path, type_, **query):
        """What is read, and what the headers say of it."""
        answer = self.send("GET", path, **query)
        if answer.status != 200:
            raise Refused(answer.status, answer.text)
        headers = {key.lower(): value for key, value in answer.headers.items()}
        meta = SimpleNamespace(
            index=int(headers.get("x-consul-index", 0)),
            hash=headers.get("x-consul-contenthash", ""),
            last_contact=int(headers["x-consul-lastcontact"]),
            known_leader=headers.get("x-consul-knownleader") == "true",
        )
        return type_(json.loads(answer.text)), meta
