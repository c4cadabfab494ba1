"""What every test may ask for: directories and daemons that are gone at its end."""

import contextlib

import pytest

from standin.acceptor import Acceptor
from standin.authority import Authority
from standin.hawser import Hawser
from standin.raw_acceptor import RawAcceptor


@pytest.fixture
def cleanup():
    """Things to close at the end of the test, the last one first."""
    with contextlib.ExitStack() as stack:
        yield stack


@pytest.fixture
def make_hawser(tmp_path, cleanup):
    """Makes daemons; they are killed at the end of the test."""

    def make(name="hawser", **settings):
        daemon = Hawser(tmp_path / name, name, **settings)
        cleanup.callback(daemon.kill)
        daemon.start()
        return daemon

    return make


@pytest.fixture
def authority():
    """The stand-in's own CA."""
    return Authority()


@pytest.fixture
def acceptor(authority, cleanup):
    """A cluster that Hawser can dial."""
    return cleanup.enter_context(Acceptor(authority))


@pytest.fixture
def raw_acceptor(authority, cleanup):
    """The same, with frames of the test's own."""
    return cleanup.enter_context(RawAcceptor(authority))
