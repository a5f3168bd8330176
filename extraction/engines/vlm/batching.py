"""Pages of several callers written together, by one thread that alone touches the model."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TypeVar

from extraction.engines.vlm.generation import Row, Written
from extraction.errors import Cancelled, EngineUnavailable

logger = logging.getLogger(__name__)

IDLE_SECONDS = 300.0  # after which the thread ends; the next row starts another
LOOK_SECONDS = 0.2  # how often a caller looks whether to stop, and tells how far its pages are

Result = TypeVar("Result")
Outcome = Written | Exception


@dataclass(slots=True, eq=False)
class _Waiting:
    """A row on its way through the thread."""

    row: Row
    since: float = field(default_factory=time.monotonic)
    outcome: Outcome | None = None


class Batcher:
    """Gathers rows for a moment, or until a batch is full, and writes those of like size together.

    ``write`` writes rows, ``size`` says how many together; both are called from the thread alone.
    """

    def __init__(
        self, write: Callable[[Sequence[Row]], list[Written]], size: Callable[[], int], wait: float
    ) -> None:
        self.batches: int = 0
        self._write, self._size, self._wait = write, size, wait
        self._waiting: list[_Waiting] = []
        self._errands: list[Callable[[], None]] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def write(
        self, rows: Sequence[Row], *, stop: Callable[[], bool], look: Callable[[], None]
    ) -> list[Outcome]:
        """What became of each row, in order: an exception for one that failed by itself.

        ``stop`` and ``look`` are called from the caller's thread, five times a second. Raises
        ``Cancelled`` where ``stop`` says so, at once: its rows end with the next token.
        """
        mine = [_Waiting(row) for row in rows]
        with self._changed:
            self._waiting += mine
            self._begin()
            self._changed.notify_all()
        try:
            while not self._done(mine, LOOK_SECONDS):
                if stop():
                    raise Cancelled()
                if self._thread is None or not self._thread.is_alive():
                    raise EngineUnavailable("the thread that writes has ended")
                look()
        except BaseException:
            self._forget(mine)
            raise
        look()
        return [waiting.outcome for waiting in mine if waiting.outcome is not None]

    def call(self, errand: Callable[[], Result]) -> Result:
        """Run the errand in the thread, between two batches, and wait for its result."""
        future: Future[Result] = Future()

        def run() -> None:
            try:
                future.set_result(errand())
            except Exception as error:
                future.set_exception(error)

        with self._changed:
            self._errands.append(run)
            self._begin()
            self._changed.notify_all()
        return future.result()

    def _begin(self) -> None:
        """Start the thread: at first use, and in a process forked since."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="vision-language", daemon=True)
            self._thread.start()

    def _done(self, mine: Sequence[_Waiting], seconds: float) -> bool:
        def all_done() -> bool:
            return all(waiting.outcome is not None for waiting in mine)

        with self._changed:
            return self._changed.wait_for(all_done, seconds)

    def _forget(self, mine: Sequence[_Waiting]) -> None:
        with self._changed:
            for waiting in mine:
                waiting.row.unwanted = True
                if waiting in self._waiting:
                    self._waiting.remove(waiting)

    def _run(self) -> None:
        while batch := self._gather():
            outcomes = self._outcomes([waiting.row for waiting in batch])
            self.batches += 1
            with self._changed:
                for waiting, outcome in zip(batch, outcomes, strict=True):
                    waiting.outcome = outcome
                self._changed.notify_all()

    def _gather(self) -> list[_Waiting]:
        """The next batch, once there is one; errands are run meanwhile. Empty when idle for long.

        Of those waiting, by size, it is the group in which the one is that waits longest.
        """
        while True:
            with self._changed:
                if not self._changed.wait_for(lambda: self._waiting or self._errands, IDLE_SECONDS):
                    self._thread = None
                    return []
                errands, self._errands = self._errands, []
                if not errands and (batch := self._ripe()):
                    return batch
            for errand in errands:
                errand()

    def _ripe(self) -> list[_Waiting]:
        """The batch, after its wait; empty where those who waited have gone, or an errand came."""
        size = max(1, self._size())
        until = self._waiting[0].since + self._wait
        self._changed.wait_for(
            lambda: len(self._waiting) >= size or self._errands, until - time.monotonic()
        )
        if not self._waiting or self._errands:
            return []
        by_size = sorted(self._waiting, key=lambda waiting: len(waiting.row.prompt.ids))
        start = by_size.index(self._waiting[0]) // size * size
        batch = by_size[start : start + size]
        for waiting in batch:
            self._waiting.remove(waiting)
        return batch

    def _outcomes(self, rows: Sequence[Row]) -> list[Outcome]:
        """What becomes of the rows; where a batch fails, of each alone."""
        if all(row.unwanted for row in rows):
            return [Cancelled() for _ in rows]
        try:
            return list(self._write(rows))
        except EngineUnavailable as error:
            return [
                EngineUnavailable(error.detail, limit=error.limit, actual=error.actual)
                for _ in rows
            ]
        except Exception as error:
            if len(rows) == 1:
                logger.exception("a page could not be written")
                # its frames hold what the model had computed
                return [error.with_traceback(None)]
            logger.warning("a batch of %d failed, each is tried alone: %s", len(rows), error)
        return [outcome for row in rows for outcome in self._outcomes([row])]
