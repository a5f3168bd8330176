"""extraction/model_manager.py: what is loaded and let go, by one thread and by many."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from extraction.errors import EngineUnavailable
from extraction.model_manager import ModelManager


class Shelf:
    """Loads and unloads names; keeps a record, and may be slow or fail."""

    def __init__(self) -> None:
        self.record: list[str] = []
        self.there: set[str] = set()
        self.failing: set[str] = set()
        self.hold: dict[str, threading.Event] = {}
        self.lock = threading.Lock()

    def load(self, name: str) -> list[str]:
        with self.lock:
            self.record.append(f"+{name}")
        if name in self.hold:
            assert self.hold[name].wait(10)
        if name in self.failing:
            raise EngineUnavailable(f"{name} is broken", limit=1, actual=2)
        with self.lock:
            assert name not in self.there
            self.there.add(name)
        return [name]

    def unload(self, name: str, model: list[str]) -> None:
        assert model == [name]
        with self.lock:
            self.there.remove(name)
            self.record.append(f"-{name}")


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def manager(shelf: Shelf, budget: int = 10) -> ModelManager[str, list[str]]:
    return ModelManager(budget, shelf.load, shelf.unload)


def use(models: ModelManager[str, list[str]], *names: str, size: int = 4) -> None:
    for name in names:
        with models.lease(name, size) as model:
            assert model == [name]


def until(condition: Callable[[], bool]) -> None:
    """Wait for what another thread is about to do."""
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


def test_a_model_stays_warm(shelf: Shelf) -> None:
    models = manager(shelf)
    use(models, "a", "a", "b", "a")
    assert shelf.record == ["+a", "+b"]
    stands = models.statistics()
    assert (stands.loads, stands.evictions, stands.failures) == (2, 0, 0)
    assert (stands.used_bytes, stands.budget_bytes) == (8, 10)
    assert [(m.name, m.bytes, m.users) for m in stands.models] == [("a", 4, 0), ("b", 4, 0)]
    assert 0 <= time.time() - stands.models[0].last_used < 10


def test_the_least_recently_used_goes_first(shelf: Shelf) -> None:
    models = manager(shelf)
    use(models, "a", "b", "a", "c")
    assert shelf.record == ["+a", "+b", "-b", "+c"]
    use(models, "b")
    assert shelf.record[4:] == ["-a", "+b"]
    assert models.statistics().evictions == 2


def test_as_many_go_as_must(shelf: Shelf) -> None:
    models = manager(shelf)
    use(models, "a", "b", "c", size=3)
    use(models, "d", size=7)
    assert shelf.record[3:] == ["-a", "-b", "+d"]
    use(models, "e", size=10)
    assert shelf.record[6:] == ["-c", "-d", "+e"]


def test_use_that_lasts_counts_from_its_end(shelf: Shelf) -> None:
    models = manager(shelf)
    with models.lease("a", 4):
        use(models, "b")
    use(models, "c")
    assert shelf.there == {"a", "c"}


def test_larger_than_all_that_there_is_is_refused_at_once(shelf: Shelf) -> None:
    models = manager(shelf)
    use(models, "a")
    with pytest.raises(EngineUnavailable) as caught, models.lease("b", 11):
        pass
    assert (caught.value.limit, caught.value.actual) == (10, 11)
    assert shelf.record == ["+a"]


def test_a_model_in_use_is_not_let_go(shelf: Shelf) -> None:
    models = manager(shelf)
    with models.lease("a", 6):
        with (
            pytest.raises(EngineUnavailable, match="no room") as caught,
            models.lease("b", 6, wait_seconds=0.05),
        ):
            pass
        assert (caught.value.limit, caught.value.actual) == (10, 12)
        assert not models.evict("a")
        assert models.clear() == 0
        assert shelf.record == ["+a"]
    use(models, "b", size=6)  # who gave up stands in nobody's way
    assert shelf.record == ["+a", "-a", "+b"]


def test_who_waits_for_room_gets_it_when_it_is_given_back(shelf: Shelf) -> None:
    models = manager(shelf)
    with ThreadPoolExecutor(1) as pool:
        with models.lease("a", 6):
            waiting = pool.submit(use, models, "b", size=6)
            time.sleep(0.05)
            assert shelf.record == ["+a"]
        waiting.result(10)
    assert shelf.record == ["+a", "-a", "+b"]


def test_who_comes_later_waits_behind_who_waits_for_room(shelf: Shelf) -> None:
    """Else a model that is always in use would keep another out for ever."""
    models = manager(shelf)
    with ThreadPoolExecutor(2) as pool:
        with models.lease("a", 6):
            second = pool.submit(use, models, "b", size=6)
            until(lambda: len(models._queue) == 1)
            third = pool.submit(use, models, "a", size=6)
            until(lambda: len(models._queue) == 2)
        second.result(10)
        third.result(10)
    assert shelf.record == ["+a", "-a", "+b", "-b", "+a"]


def test_several_who_want_the_same_load_it_once(shelf: Shelf) -> None:
    models = manager(shelf)
    shelf.hold["a"] = threading.Event()
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(use, models, "a") for _ in range(4)]
        until(lambda: [slot.users for slot in models._slots.values()] == [4])
        shelf.hold["a"].set()
        for each in asked:
            each.result(10)
    assert shelf.record == ["+a"]


def test_two_models_are_loaded_side_by_side(shelf: Shelf) -> None:
    models = manager(shelf)
    shelf.hold["a"] = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(use, models, "a")
        until(lambda: shelf.record == ["+a"])
        assert models.statistics().used_bytes == 4
        assert models.statistics().models == ()
        use(models, "b")
        shelf.hold["a"].set()
        slow.result(10)
    assert shelf.there == {"a", "b"}


def test_a_model_being_loaded_keeps_its_room(shelf: Shelf) -> None:
    models = manager(shelf)
    shelf.hold["a"] = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(use, models, "a", size=6)
        until(lambda: shelf.record == ["+a"])
        with pytest.raises(EngineUnavailable), models.lease("b", 6, wait_seconds=0.05):
            pass
        shelf.hold["a"].set()
        slow.result(10)


def test_a_load_that_fails_leaves_nothing_behind(shelf: Shelf) -> None:
    models = manager(shelf)
    shelf.failing.add("a")
    with pytest.raises(EngineUnavailable, match="broken"), models.lease("a", 10):
        pass
    stands = models.statistics()
    assert (stands.used_bytes, stands.loads, stands.failures, stands.models) == (0, 0, 1, ())
    shelf.failing.clear()
    use(models, "a", size=10)
    assert shelf.record == ["+a", "+a"]


def test_all_who_waited_for_a_load_are_told_that_it_failed(shelf: Shelf) -> None:
    models = manager(shelf)
    shelf.failing.add("a")
    shelf.hold["a"] = threading.Event()
    with ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(use, models, "a") for _ in range(3)]
        until(lambda: [slot.users for slot in models._slots.values()] == [3])
        shelf.hold["a"].set()
        errors = [each.exception(10) for each in asked]
    assert shelf.record == ["+a"]
    assert len({id(error) for error in errors}) == 3
    for error in errors:
        assert isinstance(error, EngineUnavailable)
        assert (error.detail, error.limit, error.actual) == ("a is broken", 1, 2)
    assert models.statistics().used_bytes == 0


def test_an_error_that_cannot_be_copied_is_told_all_the_same(shelf: Shelf) -> None:
    class Odd(Exception):
        def __init__(self, one: str, two: str) -> None:
            super().__init__(one + two)

    begun = threading.Event()

    def load(name: str) -> list[str]:
        assert begun.wait(10)
        raise Odd("a", "b")

    models: ModelManager[str, list[str]] = ModelManager(10, load, shelf.unload)
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(use, models, "a") for _ in range(2)]
        until(lambda: [slot.users for slot in models._slots.values()] == [2])
        begun.set()
        errors = [each.exception(10) for each in asked]
    assert {type(error) for error in errors} == {Odd, EngineUnavailable}


def test_a_block_that_fails_gives_its_model_back(shelf: Shelf) -> None:
    models = manager(shelf)
    with pytest.raises(ZeroDivisionError), models.lease("a", 4):
        _ = 1 // 0
    assert models.statistics().models[0].users == 0
    assert models.evict("a")
    assert shelf.record == ["+a", "-a"]


def test_a_model_that_cannot_be_unloaded_is_let_go_all_the_same(
    caplog: pytest.LogCaptureFixture, shelf: Shelf
) -> None:
    def unload(name: str, model: list[str]) -> None:
        raise RuntimeError("stuck")

    models: ModelManager[str, list[str]] = ModelManager(5, shelf.load, unload)
    use(models, "a", "b")
    assert shelf.record == ["+a", "+b"]
    assert "a could not be unloaded" in caplog.text
    assert [model.name for model in models.statistics().models] == ["b"]


def test_models_are_let_go_when_told(shelf: Shelf) -> None:
    models = manager(shelf, 12)
    use(models, "a", "b", "c")
    assert models.evict("b")
    assert not models.evict("b")
    assert not models.evict("never there")
    assert models.clear() == 2
    assert shelf.there == set()
    assert models.statistics().used_bytes == 0


def test_a_model_asked_for_while_it_is_unloaded_is_loaded_again(shelf: Shelf) -> None:
    unloading, go_on = threading.Event(), threading.Event()

    def unload(name: str, model: list[str]) -> None:
        unloading.set()
        assert go_on.wait(10)
        shelf.unload(name, model)

    models: ModelManager[str, list[str]] = ModelManager(10, shelf.load, unload)
    use(models, "a")
    with ThreadPoolExecutor(2) as pool:
        gone = pool.submit(models.evict, "a")
        assert unloading.wait(10)
        again = pool.submit(use, models, "a")
        time.sleep(0.05)
        assert not again.done()
        assert models.statistics().models == ()
        go_on.set()
        assert gone.result(10)
        again.result(10)
    assert shelf.record == ["+a", "-a", "+a"]


def test_many_threads_never_have_more_than_the_budget(shelf: Shelf) -> None:
    sizes = {"a": 3, "b": 4, "c": 5, "d": 6, "e": 10}
    models = manager(shelf)
    most: list[int] = []

    def work(seed: int) -> None:
        dice = random.Random(seed)
        for _ in range(60):
            name = dice.choice(list(sizes))
            if dice.random() < 0.1:
                models.evict(name)
                continue
            with models.lease(name, sizes[name]) as model:
                with shelf.lock:
                    assert name in shelf.there
                    most.append(sum(sizes[each] for each in shelf.there))
                time.sleep(dice.random() / 2000)
                assert model == [name]
                assert name in shelf.there

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work, seed) for seed in range(8)]:
            done.result(60)
    assert 5 <= max(most) <= 10
    stands = models.statistics()
    assert stands.loads - stands.evictions == len(stands.models) == len(shelf.there)
    assert all(model.users == 0 for model in stands.models)


def test_leases_of_one_model_are_counted(shelf: Shelf) -> None:
    models = manager(shelf)
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(models.lease("a", 4))
        assert models.statistics().models[0].users == 3
    assert models.statistics().models[0].users == 0
