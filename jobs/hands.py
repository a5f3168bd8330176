"""Several tasks at once in one worker process, for engines that read pages of several together."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Semaphore

from django.db import close_old_connections, connection

logger = logging.getLogger(__name__)

AT_ONCE = {"cpu": 1, "gpu": 8, "io": 8}  # tasks of a worker, by its pool
FREE_SECONDS = 0.5  # between looks whether the process ends, while no hand is free


class Hands:
    """``count`` threads, each of which does one task."""

    def __init__(self, count: int) -> None:
        self._free = Semaphore(count)
        self._under_way: set[Future[None]] = set()
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="hand")

    def take(
        self, found: Callable[[], Callable[[], None] | None], ends: Callable[[], bool]
    ) -> bool:
        """Have a free hand do what ``found`` finds once there is one; whether it found anything.

        Waits for a hand, and gives up where ``ends`` says so.
        """
        while not self._free.acquire(timeout=FREE_SECONDS):
            if ends():
                return False
        try:
            work = found()
        except BaseException:
            self._free.release()
            raise
        if work is None:
            self._free.release()
            return False
        self._under_way = {each for each in self._under_way if not each.done()}
        self._under_way.add(self._threads.submit(self._do, work))
        return True

    @property
    def busy(self) -> bool:
        """Whether any hand is at something; asked by the thread that gives them work."""
        return not all(each.done() for each in self._under_way)

    def wait(self) -> None:
        """Let all hands finish; there is nothing to take afterwards."""
        self._threads.shutdown()

    def _do(self, work: Callable[[], None]) -> None:
        try:
            close_old_connections()
            work()
        except Exception:
            logger.exception("a task ended unexpectedly")
        finally:
            connection.close()
            self._free.release()
