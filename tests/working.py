"""A worker and a sender of webhooks behind the site, in threads of the tests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def working() -> Iterator[None]:
    """Does what is submitted, with the real engines, until the block ends."""
    from jobs.tasks import run_next

    def work(over: threading.Event) -> None:
        while not over.is_set():
            if not run_next("cpu"):
                over.wait(0.05)

    with _in_thread("worker", work):
        yield


@contextmanager
def delivering() -> Iterator[None]:
    """Webhooks are sent until the block ends."""
    from jobs.sending import Sender

    with _in_thread("sender", Sender(threads=2).run):
        yield


@contextmanager
def _in_thread(name: str, run: Callable[[threading.Event], object]) -> Iterator[None]:
    """Runs beside the block, until the event that it is given is set at the block's end."""
    from django.db import connection

    over = threading.Event()

    def work() -> None:
        run(over)
        connection.close()

    thread = threading.Thread(target=work, name=name)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
