"""A worker and a sender of webhooks behind the site, in threads of the tests."""

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


@contextmanager
def delivering() -> Iterator[None]:
    """Webhooks are sent until the block ends."""
    from django.db import connection

    from jobs.sending import Sender

    over = threading.Event()

    def send() -> None:
        Sender(threads=2).run(over)
        connection.close()

    thread = threading.Thread(target=send, name="sender")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
