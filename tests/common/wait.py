"""Waiting for a condition, with a limit; no test sleeps for a guessed time"""

import time


def wait_for(condition, limit=60.0, what="the condition", interval=0.005):
    """Returns what `condition()` gives once it is true; fails after `limit` seconds."""
    end = time.monotonic() + limit
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, "waited %.1f s in vain for %s" % (limit, what)
        time.sleep(interval)
