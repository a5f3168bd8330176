"""accounts/shared_redis.py: a Redis that hangs is waited for once, and then by its probe alone."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from accounts import shared_redis
from accounts.shared_redis import ANSWER_SECONDS, RedisAway, SharedRedis
from ocrsite.embedded import Valkey

AT_ONCE = 0.1  # seconds, on a busy machine


@pytest.fixture(autouse=True)
def _often_probed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_redis, "PROBE_SECONDS", 0.2)


def tell(server: Valkey, number: int) -> None:
    """Send the server a signal."""
    assert server.process is not None
    os.kill(server.process.pid, number)


def seconds(act: Callable[[], object]) -> float:
    """How long it takes."""
    begun = time.monotonic()
    act()
    return time.monotonic() - begun


def refused_at_once(shared: SharedRedis) -> None:
    """Raises AssertionError unless the caller is told at once that Redis is away."""
    begun = time.monotonic()
    with pytest.raises(RedisAway), shared.asked():
        pass
    assert time.monotonic() - begun < AT_ONCE


def probes() -> int:
    """Threads that ask whether Redis is back."""
    return sum(thread.name == "redis-probe" for thread in threading.enumerate())


def wait_until_back(shared: SharedRedis) -> None:
    """Raises AssertionError where it takes long."""
    until = time.monotonic() + 5
    while shared.away:
        assert time.monotonic() < until
        time.sleep(0.02)


def test_redis_that_answers_is_asked_without_a_thread(valkey: Valkey) -> None:
    before, shared = probes(), SharedRedis(valkey.url)
    assert shared.answers()
    with shared.asked() as client:
        client.set("a", "b")
        assert client.get("a") == b"b"
    assert not shared.away
    assert probes() == before


def test_nobody_waits_for_one_that_hangs_but_who_asked_by_then(valkey: Valkey) -> None:
    before, shared = probes(), SharedRedis(valkey.url)
    assert shared.answers()
    tell(valkey, signal.SIGSTOP)
    with ThreadPoolExecutor(20) as pool:  # all at once: they wait at the same time
        waits = list(pool.map(lambda _: seconds(shared.answers), range(20)))
    assert max(waits) < 3 * ANSWER_SECONDS
    assert shared.away
    assert probes() == before + 1
    until = time.monotonic() + 1.5  # the probe waits some times meanwhile
    while time.monotonic() < until:
        refused_at_once(shared)
        time.sleep(0.01)
    assert probes() == before + 1
    tell(valkey, signal.SIGCONT)
    wait_until_back(shared)
    assert shared.answers()
    assert probes() == before


def test_one_that_is_killed_is_noticed_and_so_is_its_return(valkey: Valkey) -> None:
    shared = SharedRedis(valkey.url)
    assert shared.answers()
    tell(valkey, signal.SIGKILL)
    assert valkey.process is not None
    valkey.process.wait()
    with pytest.raises(redis.ConnectionError), shared.asked() as client:
        client.ping()
    refused_at_once(shared)
    assert not shared.answers()
    valkey.start()
    wait_until_back(shared)
    assert shared.answers()


def test_process_forked_while_redis_hangs_finds_out_by_itself(valkey: Valkey) -> None:
    """The probe does not live there, so that it must not count as away for ever."""
    shared = SharedRedis(valkey.url)
    tell(valkey, signal.SIGSTOP)
    assert not shared.answers()
    with shared._lock:  # as if another thread were just noticing
        child = os.fork()
        if child == 0:
            code = 1
            try:
                found = [shared.away, shared.answers(), shared.away]
                tell(valkey, signal.SIGCONT)
                wait_until_back(shared)
                code = 0 if [*found, shared.answers()] == [False, False, True, True] else 2
            finally:
                os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    wait_until_back(shared)
