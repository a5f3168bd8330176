"""Keeps models in memory between uses, and lets go of the least recently used where room is needed.

It knows nothing of what a model is: it is told how to load and unload one, and how much each takes.
"""

from __future__ import annotations

import copy
import logging
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

from extraction.errors import EngineUnavailable

logger = logging.getLogger(__name__)

WAIT_SECONDS = 600.0  # for models in use to be given back
GB = 1e9

Key = TypeVar("Key", bound=Hashable)
Model = TypeVar("Model")


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model in memory: how many use it now, and when it was used last (seconds since 1970)."""

    name: str
    bytes: int
    users: int
    last_used: float


@dataclass(frozen=True, slots=True)
class Statistics:
    """What is loaded, the model used last first, and what has been done since the start.

    ``used_bytes`` counts what is being loaded and unloaded too; ``failures`` are loads that failed.
    """

    budget_bytes: int
    used_bytes: int
    loads: int
    evictions: int
    failures: int
    models: tuple[LoadedModel, ...]


class _Slot(Generic[Model]):
    """Room in memory for a model, which is in ``loaded`` once it is there.

    ``filling`` is held by who loads it. ``leaving``: it is being unloaded, and serves nobody more.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.users = 0
        self.last_used = time.time()
        self.loaded: list[Model] = []
        self.filling = threading.Lock()
        self.error: Exception | None = None
        self.leaving = False

    @property
    def idle(self) -> bool:
        """Whether it may be let go."""
        return bool(self.loaded) and not self.users and not self.leaving


class ModelManager(Generic[Key, Model]):
    """Models by key, for several threads.

    ``load`` makes the model of a key, ``unload`` frees what it takes; of one key only one of them
    runs at a time. All together never take more than ``budget_bytes``.
    """

    def __init__(
        self,
        budget_bytes: int,
        load: Callable[[Key], Model],
        unload: Callable[[Key, Model], None],
    ) -> None:
        self.budget_bytes = budget_bytes
        self._load, self._unload = load, unload
        self._slots: dict[Key, _Slot[Model]] = {}
        self._queue: list[object] = []  # those who ask, in the order in which they are served
        self._changed = threading.Condition(threading.Lock())
        self._loads = self._evictions = self._failures = 0

    @contextmanager
    def lease(self, key: Key, size: int, *, wait_seconds: float = WAIT_SECONDS) -> Iterator[Model]:
        """The key's model, loaded if it is not; it stays for as long as the block runs.

        ``size`` is what it takes in bytes. For it, models that nobody uses are unloaded, the least
        recently used first. Where those in use leave no room it waits for them, and who asks later
        waits behind it; so a thread that has a lease must not ask for another.

        Raises ``EngineUnavailable`` where it is larger than the budget or has waited in vain, and
        what ``load`` raises, also for those who waited for that load.
        """
        slot = self._taken(key, size, wait_seconds)
        try:
            yield self._filled(key, slot)
        finally:
            with self._changed:
                slot.users -= 1
                slot.last_used = time.time()
                self._changed.notify_all()

    def loaded(self, key: Key) -> Model | None:
        """The key's model if it is there, to be looked at: without a lease it may go any time."""
        with self._changed:
            slot = self._slots.get(key)
            return slot.loaded[0] if slot and slot.loaded and not slot.leaving else None

    def evict(self, key: Key) -> bool:
        """Unload the model, if it is loaded and nobody uses it; whether it was."""
        with self._changed:
            slot = self._slots.get(key)
            if slot is None or not slot.idle:
                return False
            self._let_go(key, slot)
            return True

    def clear(self) -> int:
        """Unload all models that nobody uses; returns how many."""
        with self._changed:
            keys = [key for key, slot in self._slots.items() if slot.idle]
        return sum(self.evict(key) for key in keys)

    def statistics(self) -> Statistics:
        """How it stands."""
        with self._changed:
            models = [
                LoadedModel(str(key), slot.size, slot.users, slot.last_used)
                for key, slot in self._slots.items()
                if slot.loaded and not slot.leaving
            ]
            return Statistics(
                self.budget_bytes,
                self._used(),
                self._loads,
                self._evictions,
                self._failures,
                tuple(sorted(models, key=lambda model: -model.last_used)),
            )

    def _taken(self, key: Key, size: int, wait_seconds: float) -> _Slot[Model]:
        """The key's slot with one user more, when it is this caller's turn and there is room."""
        if size > self.budget_bytes:
            raise EngineUnavailable(
                f"{key} takes {size / GB:.2f} GB; all models may take {self.budget_bytes / GB:.2f}",
                limit=self.budget_bytes,
                actual=size,
            )
        until = time.monotonic() + wait_seconds
        ticket = object()
        with self._changed:
            self._queue.append(ticket)
            try:
                while self._queue[0] is not ticket:
                    self._wait(key, size, until)
                while (slot := self._joined(key, size)) is None:
                    self._wait(key, size, until)
            finally:
                self._queue.remove(ticket)
                self._changed.notify_all()
        return slot

    def _joined(self, key: Key, size: int) -> _Slot[Model] | None:
        """The key's slot with one user more, a new one if there is none; None where it must wait.

        Called by the first of the queue alone, with the lock, which is let go while it unloads.
        """
        while (slot := self._slots.get(key)) is None:
            if self._used() + size <= self.budget_bytes:
                slot = self._slots[key] = _Slot(size)
                break
            idle = {other: slot for other, slot in self._slots.items() if slot.idle}
            if not idle:
                return None
            oldest = min(idle, key=lambda other: idle[other].last_used)
            self._let_go(oldest, idle[oldest])
        if slot.leaving:
            return None
        slot.users += 1
        return slot

    def _filled(self, key: Key, slot: _Slot[Model]) -> Model:
        """The slot's model: loaded by whoever comes first, while the others wait."""
        with slot.filling:
            if slot.error is not None:
                raise _copy(slot.error)
            if not slot.loaded:
                try:
                    model = self._load(key)
                except BaseException as error:
                    slot.error = _copy(error)
                    with self._changed:
                        del self._slots[key]
                        self._failures += 1
                        self._changed.notify_all()
                    raise
                slot.loaded.append(model)
                with self._changed:
                    self._loads += 1
        return slot.loaded[0]

    def _let_go(self, key: Key, slot: _Slot[Model]) -> None:
        """Unload the model of an idle slot, with the lock, which is let go meanwhile."""
        slot.leaving = True
        self._changed.release()
        try:
            self._unload(key, slot.loaded.pop())
        except Exception:
            logger.exception("%s could not be unloaded", key)
        finally:
            self._changed.acquire()
            del self._slots[key]
            self._evictions += 1
            self._changed.notify_all()

    def _wait(self, key: Key, size: int, until: float) -> None:
        """Wait for a change. Raises ``EngineUnavailable`` after ``until``."""
        if not self._changed.wait(until - time.monotonic()):
            raise EngineUnavailable(
                f"{key} found no room among the models in use",
                limit=self.budget_bytes,
                actual=self._used() + size,
            )

    def _used(self) -> int:
        return sum(slot.size for slot in self._slots.values())


def _copy(error: BaseException) -> Exception:
    """The error for another thread: without its traceback, whose frames hold what was loaded."""
    if isinstance(error, Exception):
        with suppress(Exception):  # of those that are not made of what they keep
            return copy.copy(error)
    return EngineUnavailable(f"the model could not be loaded: {type(error).__name__}")
