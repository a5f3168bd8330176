from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from extraction.engines.vlm.batching import Batcher, Outcome
from extraction.engines.vlm.generation import Row, Written
from extraction.engines.vlm.processor import Prompt
from extraction.errors import Cancelled, EngineUnavailable

BROKEN, UNAVAILABLE = 13, 14


def row(size: int, number: int = 0) -> Row:
    """A row whose prompt has that many tokens."""
    patches = np.zeros((4, 4), np.float32)
    return Row(Prompt((1,) * size, patches, (1, 2, 2)), max_tokens=number)


@dataclass
class Writer:
    """Writes each row's number, and notes its batches by the sizes of their rows.

    A batch with ``BROKEN`` fails, one with ``UNAVAILABLE`` too; ``held`` keeps it from writing.
    """

    batches: list[list[int]] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)
    held: threading.Event = field(default_factory=threading.Event)

    def __call__(self, rows: Sequence[Row]) -> list[Written]:
        self.threads.add(threading.get_ident())
        self.batches.append([len(row.prompt.ids) for row in rows])
        assert self.held.wait(10)
        for item in rows:
            if item.max_tokens == BROKEN:
                raise ValueError("a broken page")
            if item.max_tokens == UNAVAILABLE:
                raise EngineUnavailable("no memory", limit=1, actual=2)
        return [Written(str(row.max_tokens), (), "end", "") for row in rows]


@pytest.fixture
def writer() -> Writer:
    made = Writer()
    made.held.set()
    return made


def ask(batcher: Batcher, *rows: Row, **more: Any) -> list[Outcome]:
    return batcher.write(rows, **{"stop": lambda: False, "look": lambda: None} | more)


def texts(outcomes: list[Outcome]) -> list[str]:
    return [
        outcome.text if isinstance(outcome, Written) else type(outcome).__name__
        for outcome in outcomes
    ]


def test_rows_of_several_callers_are_written_together_by_one_thread(writer: Writer) -> None:
    batcher = Batcher(writer, lambda: 6, wait=5.0)
    with ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(ask, batcher, row(10, number)) for number in range(6)]
        assert [texts(each.result()) for each in asked] == [[str(n)] for n in range(6)]
    assert [len(batch) for batch in writer.batches] == [6]
    assert batcher.batches == 1
    assert threading.get_ident() not in writer.threads


def test_batch_that_is_not_full_waits_no_longer_than_told(writer: Writer) -> None:
    batcher = Batcher(writer, lambda: 6, wait=0.05)
    started = time.monotonic()
    assert texts(ask(batcher, row(10, 1))) == ["1"]
    assert time.monotonic() - started >= 0.05


def test_rows_of_like_size_are_written_together(writer: Writer) -> None:
    batcher = Batcher(writer, lambda: 2, wait=0.0)
    sizes = [50, 900, 60, 800, 70, 10]
    outcomes = ask(batcher, *(row(size, size) for size in sizes))
    assert texts(outcomes) == [str(size) for size in sizes]
    # the first to come is served first, with its like; then the one that waits longest
    assert writer.batches == [[10, 50], [800, 900], [60, 70]]


def test_row_that_waits_longest_is_served_first_whatever_its_size(writer: Writer) -> None:
    writer.held.clear()
    batcher = Batcher(writer, lambda: 2, wait=0.0)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(ask, batcher, row(1, 1))
        while not writer.batches:
            time.sleep(0.001)
        large = pool.submit(ask, batcher, row(999, 2))
        while not batcher._waiting:
            time.sleep(0.001)
        small = pool.submit(ask, batcher, *(row(2, 3) for _ in range(4)))
        while len(batcher._waiting) < 5:
            time.sleep(0.001)
        writer.held.set()
        assert [texts(each.result()) for each in (first, large, small)] == [
            ["1"], ["2"], ["3"] * 4,
        ]  # fmt: skip
    assert writer.batches == [[1], [999], [2, 2], [2, 2]]


def test_failure_of_a_batch_is_the_failure_of_its_row_alone(writer: Writer) -> None:
    batcher = Batcher(writer, lambda: 3, wait=0.0)
    outcomes = ask(batcher, row(1, 1), row(2, BROKEN), row(3, 3))
    assert texts(outcomes) == ["1", "ValueError", "3"]
    assert isinstance(outcomes[1], ValueError) and outcomes[1].__traceback__ is None
    assert writer.batches == [[1, 2, 3], [1], [2], [3]]
    assert texts(ask(batcher, row(1, 7))) == ["7"]
    assert len(writer.threads) == 1


def test_engine_that_is_unavailable_is_so_for_the_whole_batch_at_once(writer: Writer) -> None:
    batcher = Batcher(writer, lambda: 3, wait=0.0)
    outcomes = ask(batcher, row(1, 1), row(2, UNAVAILABLE))
    assert [(type(each), getattr(each, "actual", 0)) for each in outcomes] == [
        (EngineUnavailable, 2)
    ] * 2
    assert outcomes[0] is not outcomes[1]
    assert writer.batches == [[1, 2]]
    assert texts(ask(batcher, row(1, 7))) == ["7"]


def test_cancelled_caller_leaves_at_once_and_its_waiting_rows_are_not_written(
    writer: Writer,
) -> None:
    writer.held.clear()
    batcher = Batcher(writer, lambda: 2, wait=0.0)
    mine = [row(1, 1), row(1, 2), row(1, 3)]
    with pytest.raises(Cancelled):
        ask(batcher, *mine, stop=lambda: bool(writer.batches))
    assert not writer.held.is_set(), "it has not waited for its batch"
    assert [each.unwanted for each in mine] == [True] * 3
    writer.held.set()
    assert texts(ask(batcher, row(5, 5))) == ["5"]
    assert writer.batches == [[1, 1], [5]]


def test_caller_is_asked_and_told_in_its_own_thread(writer: Writer) -> None:
    writer.held.clear()
    batcher = Batcher(writer, lambda: 2, wait=0.0)
    seen: list[tuple[str, int]] = []

    def stop() -> bool:
        seen.append(("stop", threading.get_ident()))
        if len(seen) >= 4:
            writer.held.set()
        return False

    def look() -> None:
        seen.append(("look", threading.get_ident()))

    started = time.monotonic()
    ask(batcher, row(1, 1), stop=stop, look=look)
    assert {thread for _, thread in seen} == {threading.get_ident()}
    assert [name for name, _ in seen[:4]] == ["stop", "look"] * 2
    assert seen[-1][0] == "look"
    assert (time.monotonic() - started) / seen.count(("stop", threading.get_ident())) >= 0.2


def test_errand_is_run_by_the_thread_between_batches(writer: Writer) -> None:
    batcher = Batcher(writer, lambda: 2, wait=60.0)
    waiting = ThreadPoolExecutor(1).submit(ask, batcher, row(1, 1))
    while not batcher._waiting:
        time.sleep(0.001)
    assert batcher.call(threading.get_ident) != threading.get_ident()
    with pytest.raises(ZeroDivisionError):
        batcher.call(lambda: 1 // 0)
    ask(batcher, row(1, 2))
    assert texts(waiting.result()) == ["1"]
    assert writer.batches == [[1, 1]]


def test_thread_ends_when_idle_and_the_next_row_starts_another(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("extraction.engines.vlm.batching.IDLE_SECONDS", 0.05)
    batcher = Batcher(writer, lambda: 2, 0.0)
    for number in ("1", "2"):
        (written,) = ask(batcher, row(3, int(number)))
        assert isinstance(written, Written) and written.text == number
        threads = [each for each in threading.enumerate() if each.ident in writer.threads]
        for thread in threads:
            thread.join(10)
        assert batcher._thread is None
    assert batcher.call(lambda: "done") == "done"
