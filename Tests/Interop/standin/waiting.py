"""Waiting for things to become so. The bounds only end tests that fail."""

import time
from concurrent import futures

PATIENCE = 30.0


def eventually(condition, what="it"):
    """Looks again and again; returns the first truthy value of `condition()`."""
    deadline = time.monotonic() + PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not so after {PATIENCE:.0f} s: {what}")
        time.sleep(0.01)


def at_once(*calls):
    """Makes calls together, each on a thread of its own: what they return, in their order."""
    with futures.ThreadPoolExecutor(len(calls)) as pool:
        return [call.result() for call in [pool.submit(call) for call in calls]]
