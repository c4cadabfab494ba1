"""Waiting for things to become so. The bounds only end tests that fail."""

import time

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
