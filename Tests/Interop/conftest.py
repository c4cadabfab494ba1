"""What every test may ask for: directories and daemons that are gone at its end."""

import contextlib

import pytest

from standin.acceptor import Acceptor
from standin.authority import Authority
from standin.faults import Faults, SmallDisk
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
def make_faulty(tmp_path, cleanup):
    """Makes daemons whose disk and clock can be broken: (daemon, its faults).

    With `has_small_disk` a third thing comes: their disk, which can be filled up.
    """

    def make(name="hawser", has_small_disk=False, **settings):
        daemon = Hawser(tmp_path / name, name, **settings)
        faults = Faults(daemon)
        daemon.environment = faults.environment
        disk = [SmallDisk(daemon, faults, cleanup)] if has_small_disk else []
        cleanup.callback(daemon.kill)
        daemon.start()
        return daemon, faults, *disk

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
