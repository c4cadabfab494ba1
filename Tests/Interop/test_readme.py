"""The table of what is proven where names tests that exist, and what the documents show is valid."""

import fnmatch
import pathlib
import re
import subprocess

import pytest

from standin.hawser import PROGRAM

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


@pytest.mark.parametrize("page", ["README.md", "Docs/operating.md"])
def test_what_the_documents_show_is_valid(page, tmp_path):
    blocks = re.findall(r"^```(yaml|hcl)\n(.*?)^```", (TESTS.parent / page).read_text(), re.DOTALL | re.MULTILINE)
    assert blocks
    for number, (language, text) in enumerate(blocks):
        file = tmp_path / f"{number}.{language}"
        file.write_text(text)
        outcome = subprocess.run([PROGRAM, "validate", file], capture_output=True, text=True)
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
