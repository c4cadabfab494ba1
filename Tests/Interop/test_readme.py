"""The table of what is proven where names tests that exist."""

import fnmatch
import pathlib
import re

HERE = pathlib.Path(__file__).parent
TESTS = HERE.parent
NAMED = re.findall(r"`(\w+): ([\w*]+)`", (HERE / "README.md").read_text())
SUITES = re.findall(r"Swift: ([\w, ]+?)(?= \(| \||;|$)", (HERE / "README.md").read_text())


def test_every_named_test_exists():
    assert len(NAMED) > 200
    missing = []
    for file, pattern in NAMED:
        path = HERE / f"test_{file}.py"
        source = path.read_text() if path.exists() else ""
        names = re.findall(r"^def test_(\w+)\(", source, re.MULTILINE)
        if not fnmatch.filter(names, pattern):
            missing.append(f"{file}: {pattern}")
    assert missing == []


def test_every_named_suite_exists():
    names = {name for group in SUITES for name in re.split(r", | and ", group)}
    assert names
    assert names <= {path.stem for path in TESTS.rglob("*Tests.swift")}
