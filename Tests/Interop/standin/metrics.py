"""Reads the text format of Prometheus, as far as the tests look at it."""

import re
import urllib.request

_SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$')
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')


def parse(text):
    """{name: {(values of the labels...): number}}; every line must be sound."""
    samples, typed = {}, set()
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            typed.add(line.split()[2])
        elif not line.startswith("#"):
            name, labels, number = _SAMPLE.match(line).groups()
            assert name in typed, f"{name} has no type"
            values = tuple(value for _, value in _LABEL.findall(labels or ""))
            assert values not in samples.setdefault(name, {}), f"{line} stands twice"
            samples[name][values] = float(number)
    return samples


def scrape(port):
    """What `GET /metrics` answers at a port of this machine."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        return parse(answer.read().decode())
