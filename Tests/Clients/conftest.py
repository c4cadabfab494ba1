"""What every test may ask for: directories and daemons that are gone at its end."""

import tempfile
from pathlib import Path

import pytest

import clusters
from standin.authority import Authority
from standin.hawser import Hawser


@pytest.fixture
def make_hawser(tmp_path):
    """Makes daemons; they end with the test."""
    made = []

    def make(name, kind=Hawser, **settings):
        daemon = kind(tmp_path / name, name, **settings)
        made.append(daemon)
        daemon.start()
        return daemon

    yield make
    for daemon in made:
        daemon.kill()


@pytest.fixture
def make_island(make_hawser):
    """Makes `island` with `harbor` behind it, and with all doors open."""
    with tempfile.TemporaryDirectory(prefix="hawser-") as path:
        directory = Path(path)

        def make(kind=Hawser, **agent):
            authority = Authority()
            doors = clusters.Doors.make(directory, authority)
            harbor = make_hawser("harbor", datacenter="dc1")
            agent |= doors.settings(directory, authority)
            island = make_hawser("island", kind=kind, datacenter="dc2", agent=agent)
            island.doors = doors
            island.harbor = harbor
            clusters.populate(harbor, island)
            return island

        yield make


@pytest.fixture
def island(make_island):
    """Without access control."""
    return make_island()


@pytest.fixture
def guarded(make_island):
    """With access control that denies what no rule allows."""
    return make_island(kind=clusters.Managed, acl=clusters.DENY)
