"""Faults of the daemon's disk and of its wall clock: faults.c, and small disks. See there what is possible."""

import atexit
import errno
import functools
import os
import pathlib
import shutil
import struct
import subprocess
import tempfile

from standin.waiting import eventually

_SOURCE = pathlib.Path(__file__).with_name("faults.c")
# The same order as in faults.c.
_SLOTS = [
    "clock_seconds",
    "flush_milliseconds",
    "flush_error",
    "flush_is_done",
    "write_error",
    "skipped",
    "flushes",
    "writes",
    "failures",
]


@functools.cache
def _library():
    directory = tempfile.mkdtemp(prefix="hawser-faults-")
    atexit.register(shutil.rmtree, directory)
    library = os.path.join(directory, "faults.so")
    compiler = shutil.which("cc") or "clang"
    command = [compiler, "-shared", "-fPIC", "-O1", "-Wall", "-o", library, str(_SOURCE), "-ldl"]
    subprocess.run(command, check=True)
    return library


class Faults:
    """What is wrong with the files in a daemon's data directory, and with its clock. Takes effect at once.

    `environment` must be in the daemon's when it starts.
    """

    def __init__(self, daemon):
        daemon.data.mkdir(mode=0o700, exist_ok=True)
        self._path = daemon.directory / "faults"
        self._path.write_bytes(bytes(4096))
        self.environment = {
            "LD_PRELOAD": _library(),
            "HAWSER_FAULTS": str(self._path),
            "HAWSER_FAULTS_DIRECTORY": str(daemon.data),
        }

    def _set(self, **slots):
        with open(self._path, "r+b", buffering=0) as file:
            for name, value in slots.items():
                file.seek(8 * _SLOTS.index(name))
                file.write(struct.pack("=q", value))

    def _get(self, name):
        with open(self._path, "rb", buffering=0) as file:
            file.seek(8 * _SLOTS.index(name))
            return struct.unpack("=q", file.read(8))[0]

    def clock_is_off_by(self, seconds):
        self._set(clock_seconds=seconds)

    def flush_takes(self, milliseconds):
        self._set(flush_milliseconds=milliseconds)

    def flushes_fail(self, code=errno.EIO, is_done=False, after=0):
        """`is_done`: everything was written all the same; `after` so many that work."""
        self._set(skipped=after, flush_is_done=int(is_done), flush_error=code)

    def writes_fail(self, code=errno.ENOSPC, after=0):
        self._set(skipped=after, write_error=code)

    def disk_works(self):
        """Again; it may still be slow."""
        self._set(write_error=0, flush_error=0, skipped=0)

    @property
    def flushes(self):
        return self._get("flushes")

    @property
    def failures(self):
        """How many writes and flushes failed so far."""
        return self._get("failures")

    def await_flush(self, count=1):
        """Returns a function that waits until so many more flushes have begun than now."""
        before = self.flushes
        return lambda: eventually(lambda: self.flushes >= before + count, "a flush has begun")


class SmallDisk:
    """A disk of a few MB for the data directory, to be filled up.

    A file system of its own where this process may mount one; or else writes fail as on a full disk.
    """

    def __init__(self, daemon, faults, cleanup, megabytes=4):
        self._filler = daemon.data / "filler"
        self._faults = faults
        command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "none", str(daemon.data)]
        self.is_mounted = subprocess.run(command, capture_output=True).returncode == 0
        if self.is_mounted:
            cleanup.callback(subprocess.run, ["umount", "--lazy", str(daemon.data)], check=True)

    def fill(self):
        """Nothing can be added from here on."""
        if not self.is_mounted:
            self._faults.writes_fail()
            return
        with open(self._filler, "wb", buffering=0) as file:
            for size in [65_536, 4_096, 1]:
                try:
                    while True:
                        file.write(bytes(size))
                except OSError as error:
                    assert error.errno == errno.ENOSPC, error

    def free(self):
        if self.is_mounted:
            self._filler.unlink()
        else:
            self._faults.disk_works()
