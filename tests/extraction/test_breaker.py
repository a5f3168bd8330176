"""extraction/breaker.py, on a real Valkey and with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
import redis

from accounts.shared_redis import SharedRedis
from extraction import breaker as module
from extraction.breaker import FAILURES, MOST, OPEN_SECONDS, TRIAL_SECONDS, WINDOW, Breaker, State
from extraction.errors import EngineUnavailable
from ocrsite.embedded import Valkey

ROOT = Path(__file__).resolve().parent.parent.parent
PROCESSES = 8
# Told "at SECONDS" it asks for leave at that time; "failed" and "succeeded" are its trial's outcome
PROCESS = """
import sys, redis
from contextlib import nullcontext
from extraction.breaker import Breaker
from extraction.errors import EngineUnavailable
client, now, permit = redis.Redis.from_url(sys.argv[1]), 0.0, None
breaker = Breaker("remote", lambda: nullcontext(client), clock=lambda: now)
for line in sys.stdin:
    word, _, number = line.strip().partition(" ")
    if word == "at":
        now = float(number)
        try:
            permit = breaker.admit()
            print("trial" if permit.trial else "admitted", flush=True)
        except EngineUnavailable as error:
            permit = None
            print(f"refused {error.retry_after}", flush=True)
    else:
        if permit is not None:
            getattr(permit, word)()
        print(breaker.state().state, flush=True)
"""


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shared(valkey: Valkey, monkeypatch: pytest.MonkeyPatch) -> Iterator[SharedRedis]:
    """The way to Valkey that the site's processes have; no thread asks for it any more after."""
    monkeypatch.setattr("accounts.shared_redis.PROBE_SECONDS", 0.1)
    shared = SharedRedis(valkey.url)
    yield shared
    valkey.ensure()
    wait_until_back(shared)


@pytest.fixture
def client(valkey: Valkey) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(valkey.url) as client:
        yield client


def fail(breaker: Breaker, times: int = 1) -> None:
    """So many calls that fail."""
    for _ in range(times):
        breaker.admit().failed()


def refusal(breaker: Breaker) -> float | None:
    """The seconds to wait that it names; raises AssertionError where it lets a call through."""
    with pytest.raises(EngineUnavailable) as caught:
        breaker.admit()
    return caught.value.retry_after


def wait_until_back(shared: SharedRedis) -> None:
    until = time.monotonic() + 10
    while shared.away:
        assert time.monotonic() < until
        time.sleep(0.02)


def kill(valkey: Valkey) -> None:
    assert valkey.process is not None
    valkey.process.kill()
    valkey.process.wait()


def test_five_failures_one_after_another_open_it_for_five_minutes(
    shared: SharedRedis, clock: Clock
) -> None:
    one, other = (Breaker("remote", shared.asked, clock) for _ in range(2))
    fail(one, 3)
    fail(other, 1)
    assert (one.state().state, one.state().failures) == ("closed", 4)
    fail(one)
    assert (FAILURES, OPEN_SECONDS) == (5, 300)
    standing = other.state()
    assert (standing.name, standing.state, standing.failures) == ("remote", "open", 5)
    assert (standing.retry_after, standing.shared) == (300, True)
    assert refusal(one) == refusal(other) == 300
    clock.now += 299.5
    assert refusal(other) == 1
    clock.now += 0.5
    assert other.state().state == "half_open"
    assert one.admit().trial


def test_success_between_failures_resets_the_count(shared: SharedRedis, clock: Clock) -> None:
    breaker = Breaker("remote", shared.asked, clock)
    for _ in range(2):
        fail(breaker, FAILURES - 1)
        breaker.admit().succeeded()
    assert (breaker.state().state, breaker.state().failures) == ("closed", 0)
    fail(breaker, FAILURES)
    assert breaker.state().state == "open"


def test_server_that_fails_four_calls_of_five_is_left_alone_too(
    shared: SharedRedis, clock: Clock
) -> None:
    breaker = Breaker("remote", shared.asked, clock)
    calls = 0
    while breaker.state().state == "closed":
        permit = breaker.admit()
        if calls % FAILURES == FAILURES - 1:
            permit.succeeded()
        else:
            permit.failed()
        calls += 1
    assert calls == WINDOW - 1
    assert MOST / WINDOW == 0.8


def test_server_that_fails_three_calls_of_four_is_not(shared: SharedRedis, clock: Clock) -> None:
    breaker = Breaker("remote", shared.asked, clock)
    for _ in range(3 * WINDOW):
        fail(breaker, 3)
        breaker.admit().succeeded()
    assert breaker.state().state == "closed"


def test_what_tells_nothing_of_the_server_does_not_count(shared: SharedRedis, clock: Clock) -> None:
    breaker = Breaker("remote", shared.asked, clock)
    fail(breaker, FAILURES - 1)
    for _ in range(10):
        breaker.admit().left()
    assert breaker.state().failures == FAILURES - 1
    fail(breaker)
    clock.now += OPEN_SECONDS
    breaker.admit().left()  # a trial given up: the next call is it
    assert breaker.admit().trial


def test_exactly_one_of_eight_processes_tries_and_its_outcome_is_everybodys(
    valkey: Valkey, client: redis.Redis
) -> None:
    now = 5_000.0
    fail(Breaker("remote", lambda: nullcontext(client), lambda: now), FAILURES)
    with ExitStack() as stack:
        processes = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", PROCESS, valkey.url],
                    cwd=ROOT,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for _ in range(PROCESSES)
        ]

        def tell(line: str) -> list[str]:
            for process in processes:
                assert process.stdin is not None
                process.stdin.write(f"{line}\n")
                process.stdin.flush()
            heard = [process.stdout.readline().strip() for process in processes if process.stdout]
            return sorted(heard)

        try:
            assert tell(f"at {now + 299}") == ["refused 1"] * PROCESSES
            for _ in range(25):
                now += OPEN_SECONDS
                assert tell(f"at {now}") == ["refused 10"] * (PROCESSES - 1) + ["trial"]
                assert "open" in tell("failed")
                assert tell(f"at {now + 1}") == ["refused 299"] * PROCESSES
            now += OPEN_SECONDS
            assert tell(f"at {now}").count("trial") == 1
            tell("succeeded")
            assert tell(f"at {now}") == ["admitted"] * PROCESSES
        finally:
            for process in processes:
                assert process.stdin is not None
                process.stdin.close()


def test_trial_that_succeeds_closes_and_one_that_fails_opens_anew(
    shared: SharedRedis, clock: Clock
) -> None:
    one, other = (Breaker("remote", shared.asked, clock) for _ in range(2))
    fail(one, FAILURES)
    clock.now += OPEN_SECONDS
    other.admit().failed()
    assert refusal(one) == OPEN_SECONDS
    clock.now += OPEN_SECONDS
    one.admit().succeeded()
    assert other.state() == module.Standing("remote", "closed", 0, 0, True)
    fail(other, FAILURES - 1)  # it counts from nought
    assert not one.admit().trial


def test_trial_that_died_is_followed_by_one_other(shared: SharedRedis, clock: Clock) -> None:
    one, other = (Breaker("remote", shared.asked, clock) for _ in range(2))
    fail(one, FAILURES)
    clock.now += OPEN_SECONDS
    died = one.admit()
    clock.now += TRIAL_SECONDS - 1
    assert refusal(other) == 1
    died.keep()  # it lives after all
    clock.now += TRIAL_SECONDS - 1
    assert refusal(other) == 1
    clock.now += 1
    second = other.admit()
    assert second.trial
    assert refusal(one) == 10
    died.succeeded()  # too late: it decides nothing
    assert other.state().state == "half_open"
    second.succeeded()
    assert one.state().state == "closed"


def test_call_that_began_before_it_opened_decides_nothing(
    shared: SharedRedis, clock: Clock
) -> None:
    breaker = Breaker("remote", shared.asked, clock)
    late = [breaker.admit() for _ in range(2)]
    fail(breaker, FAILURES)
    clock.now += 100
    late[0].succeeded()
    late[1].failed()
    assert refusal(breaker) == 200


def test_breakers_of_two_names_know_nothing_of_each_other(
    shared: SharedRedis, clock: Clock
) -> None:
    one, other = (Breaker(name, shared.asked, clock) for name in ("one", "other"))
    fail(one, FAILURES)
    assert (one.state().state, other.state().state) == ("open", "closed")


def test_time_is_redis_own(client: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process whose clock stands or is wrong waits no longer than the others."""
    fail(Breaker("remote", lambda: nullcontext(client)), FAILURES)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: 7_000_000.0))
    wait = refusal(Breaker("remote", lambda: nullcontext(client)))
    assert wait is not None
    assert 298 <= wait <= 300
    held = client.get("breaker:remote")
    assert isinstance(held, bytes)
    seconds, micros = client.time()
    left = State.decoded(held.decode()).open_until / 1000 - seconds - micros / 1e6
    assert 298 <= left <= 300


def test_nothing_stays_in_redis_for_ever(
    shared: SharedRedis, client: redis.Redis, clock: Clock
) -> None:
    breaker = Breaker("remote", shared.asked, clock)
    breaker.admit().succeeded()
    assert client.keys() == []  # what works writes nothing
    for act in (
        lambda: fail(breaker, 1),
        lambda: fail(breaker, FAILURES - 1),
        breaker.reset,
    ):
        act()
        assert client.keys() == [b"breaker:remote"]
        assert 86_000 < client.ttl("breaker:remote") <= 86_400 + 300


@pytest.mark.parametrize("text", [b"", b"nonsense", b"x|y|z|", b"\xff|1|2|3", b"|||"])
def test_state_that_is_none_counts_as_closed(
    shared: SharedRedis, client: redis.Redis, text: bytes
) -> None:
    client.set("breaker:remote", text)
    breaker = Breaker("remote", shared.asked)
    assert not breaker.admit().trial
    fail(breaker, FAILURES)
    assert breaker.state().state == "open"


def test_refusal_asks_redis_once_and_one_that_hangs_no_more(
    valkey: Valkey, shared: SharedRedis, client: redis.Redis
) -> None:
    breaker = Breaker("remote", shared.asked)
    fail(breaker, FAILURES)
    refusal(breaker)

    def asked() -> int:
        return int(client.info("commandstats")["cmdstat_get"]["calls"])

    before = asked()
    for _ in range(100):
        refusal(breaker)
    assert asked() - before == 100
    assert valkey.process is not None
    os.kill(valkey.process.pid, signal.SIGSTOP)  # hangs: the first to ask waits, half a second
    refusal(breaker)
    begun = time.monotonic()
    for _ in range(200):
        refusal(breaker)
    assert time.monotonic() - begun < 50  # half of what waiting each time would take
    os.kill(valkey.process.pid, signal.SIGCONT)
    wait_until_back(shared)
    assert asked() - before <= 102, "of those refused meanwhile only the first asked"


def test_without_redis_a_process_goes_on_by_what_it_knew(
    valkey: Valkey, shared: SharedRedis, clock: Clock
) -> None:
    breaker = Breaker("remote", shared.asked, clock)
    fail(breaker, FAILURES - 1)
    kill(valkey)
    assert breaker.state().failures == FAILURES - 1
    fail(breaker)
    standing = breaker.state()
    assert (standing.state, standing.shared) == ("open", False)
    assert refusal(breaker) == OPEN_SECONDS
    clock.now += OPEN_SECONDS
    assert breaker.admit().trial
    assert refusal(breaker) == 10


def test_open_breaker_stays_open_when_redis_goes_and_comes_back_empty(
    valkey: Valkey, shared: SharedRedis, client: redis.Redis, clock: Clock
) -> None:
    one, other = (Breaker("remote", shared.asked, clock) for _ in range(2))
    fail(one, FAILURES)
    client.flushall()
    assert refusal(one) == OPEN_SECONDS
    assert refusal(other) == OPEN_SECONDS  # it has heard of it from the first
    kill(valkey)
    assert refusal(other) == OPEN_SECONDS


def parted(valkey: Valkey, shared: SharedRedis, clock: Clock) -> tuple[Breaker, Breaker]:
    """Two that knew the same until Redis went: the first has seen the last failures alone."""
    with shared.asked() as client:
        client.config_set("appendfsync", "always")  # else what it last heard may be lost
    one, other = (Breaker("remote", shared.asked, clock) for _ in range(2))
    fail(one, 2)
    assert other.state().failures == 2
    kill(valkey)
    fail(one, FAILURES - 2)
    return one, other


def test_what_was_seen_without_redis_is_told_when_it_is_back(
    valkey: Valkey, shared: SharedRedis, clock: Clock
) -> None:
    one, other = parted(valkey, shared, clock)
    assert (one.state().state, other.state().state) == ("open", "closed")
    valkey.start()
    wait_until_back(shared)
    assert refusal(one) == OPEN_SECONDS
    assert other.state() == module.Standing("remote", "open", FAILURES, OPEN_SECONDS, True)


def test_what_others_have_told_meanwhile_holds_over_what_one_saw_alone(
    valkey: Valkey, shared: SharedRedis, clock: Clock
) -> None:
    one, other = parted(valkey, shared, clock)
    valkey.start()
    wait_until_back(shared)
    other.admit().succeeded()  # before the first has asked again
    assert one.state() == module.Standing("remote", "closed", 0, 0, True)


def test_reset_closes_it_for_all(shared: SharedRedis, client: redis.Redis, clock: Clock) -> None:
    one, other, admins = (Breaker("remote", shared.asked, clock) for _ in range(3))
    fail(one, FAILURES)
    assert refusal(other) == OPEN_SECONDS
    client.flushall()  # what it finds is nothing; the others still know
    admins.reset()
    assert one.state() == other.state() == module.Standing("remote", "closed", 0, 0, True)
    fail(one, FAILURES)
    assert admins.reset() == module.Standing("remote", "open", FAILURES, OPEN_SECONDS, True)
    assert not other.admit().trial


def test_reset_says_when_others_would_not_hear_of_it(
    valkey: Valkey, shared: SharedRedis, clock: Clock
) -> None:
    breaker = Breaker("remote", shared.asked, clock)
    fail(breaker, FAILURES)
    kill(valkey)
    with pytest.raises(redis.RedisError):
        breaker.reset()
    assert breaker.state().state == "open"


def test_process_without_redis_has_a_breaker_of_its_own(clock: Clock) -> None:
    breaker = Breaker("remote", None, clock)
    fail(breaker, FAILURES)
    assert refusal(breaker) == OPEN_SECONDS
    clock.now += OPEN_SECONDS
    breaker.admit().succeeded()
    fail(breaker, 1)
    breaker.reset()
    assert breaker.state() == module.Standing("remote", "closed", 0, 0, False)
