"""A worker behind the site, in a thread of the tests."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def working() -> Iterator[None]:
    """Does what is submitted, with the real engines, until the block ends."""
    from django.db import connection

    from jobs.tasks import run_next

    over = threading.Event()

    def work() -> None:
        while not over.is_set():
            if not run_next("cpu"):
                over.wait(0.05)
        connection.close()

    thread = threading.Thread(target=work, name="worker")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
