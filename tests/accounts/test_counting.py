"""accounts/counting.py: windows and buckets, in Redis and in a process's memory."""

from __future__ import annotations

import random
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest
import redis
from django.conf import settings

from accounts import counting
from accounts.counting import Count, Counts, MemoryCounts, RedisCounts, Subject
from accounts.rates import SECONDS, Rates
from accounts.shared_redis import ANSWER_SECONDS, SharedRedis, shared_redis
from ocrsite.embedded import Valkey, free_port

ROOT = Path(__file__).resolve().parent.parent.parent
WIDE = 1_000_000
# Each process with a clock of its own that is days wrong
CALLER = """
import sys, threading, time
shift, at, url, key = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3], sys.argv[4]
begin = threading.Event()
real, time.time = time.time, lambda: real() + shift
from accounts import shared_redis
from accounts.counting import RedisCounts, Subject
from accounts.rates import Rates
from accounts.shared_redis import SharedRedis
shared_redis.ANSWER_SECONDS = 50  # a busy machine is not a Redis that is away
counts = RedisCounts(SharedRedis(url))
subjects = [Subject(key, Rates(10, 100, 1000, 10))]
admitted = []
def call():
    begin.wait()
    count = counts.count(subjects)
    if not any(reading.full for reading in count.readings):
        admitted.append(1)
threads = [threading.Thread(target=call) for _ in range(100)]
for thread in threads: thread.start()
time.sleep(max(0, at - real()))
begin.set()
for thread in threads: thread.join()
print(len(admitted))
"""


@pytest.fixture(params=["redis", "memory"])
def counts(request: pytest.FixtureRequest) -> RedisCounts | MemoryCounts:
    """Each of the two places to count in."""
    return RedisCounts(shared_redis()) if request.param == "redis" else MemoryCounts()


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> float:
    """A "minute" of 0.9 seconds."""
    monkeypatch.setitem(SECONDS, "minute", 0.9)
    return 0.9


def somebody(*numbers: int) -> Subject:
    """A subject that nobody has counted yet."""
    return Subject(f"test:{uuid.uuid4()}", Rates(*numbers))


def admitted(count: Count) -> bool:
    return not any(reading.full for reading in count.readings)


def used(count: Count) -> dict[str, int]:
    """What was counted before this call, by window."""
    return {reading.name: reading.used for reading in count.readings}


def test_400_concurrent_calls_of_four_processes_admit_ten(tmp_path: Path) -> None:
    key, at = f"test:{uuid.uuid4()}", time.time() + 2
    days = [0, -3, 5, 4_000]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", CALLER, str(day * 86_400), str(at), settings.REDIS_URL, key],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for day in days
    ]
    told = [int(process.communicate(timeout=60)[0]) for process in running]
    assert sum(told) == 10
    count = RedisCounts(shared_redis()).count([Subject(key, Rates(10, 100, 1000, 10))])
    assert used(count) == {"minute": 10, "hour": 10, "day": 10, "burst": 10}


def test_refused_call_is_counted_nowhere(counts: RedisCounts | MemoryCounts) -> None:
    mine = somebody(2, 100, 1000, 2)
    told = [counts.count([mine]) for _ in range(50)]
    assert [admitted(each) for each in told] == [True, True] + [False] * 48
    assert used(told[-1]) == {"minute": 2, "hour": 2, "day": 2, "burst": 2}


def test_call_refused_for_one_subject_is_counted_for_none(
    counts: RedisCounts | MemoryCounts,
) -> None:
    key, tenant = somebody(1, 10, 10, 10), somebody(10, 10, 10, 10)
    assert admitted(counts.count([tenant, key]))
    assert not admitted(counts.count([tenant, key]))
    alone = counts.count([tenant])
    assert used(alone)["minute"] == 1


@pytest.mark.parametrize("window", ["hour", "day"])
def test_longer_windows_refuse_too(counts: RedisCounts | MemoryCounts, window: str) -> None:
    mine = somebody(*(3 if name == window else WIDE for name in (*SECONDS, "burst")))
    told = [counts.count([mine]) for _ in range(5)]
    assert [admitted(each) for each in told] == [True] * 3 + [False] * 2
    full = [reading for reading in told[-1].readings if reading.full]
    assert [reading.name for reading in full] == [window]
    length = SECONDS[window] * 1000
    assert length - 2000 < full[0].reset <= length * 61 / 60


def test_reset_of_a_window_is_when_a_call_is_admitted(
    counts: RedisCounts | MemoryCounts, short: float
) -> None:
    mine = somebody(3, WIDE, WIDE, WIDE)
    for _ in range(3):
        counts.count([mine])
    (reading,) = (each for each in counts.count([mine]).readings if each.full)
    assert short * 1000 - 200 < reading.reset <= short * 1000 * 61 / 60
    time.sleep(reading.reset / 1000 - 0.15)
    assert not admitted(counts.count([mine]))
    time.sleep(0.2)
    assert admitted(counts.count([mine]))


def test_bucket_takes_a_burst_and_fills_as_the_minute_allows(
    counts: RedisCounts | MemoryCounts,
) -> None:
    mine = somebody(120, WIDE, WIDE, 3)
    told = [counts.count([mine]) for _ in range(4)]
    assert [admitted(each) for each in told] == [True] * 3 + [False]
    (reading,) = (each for each in told[-1].readings if each.full)
    assert (reading.name, reading.limit, reading.used) == ("burst", 3, 3)
    assert 300 < reading.reset <= 500  # half a second each
    time.sleep(reading.reset / 1000 + 0.02)
    assert admitted(counts.count([mine]))
    assert not admitted(counts.count([mine]))


def test_no_span_of_a_window_sees_more_than_the_limit(
    counts: RedisCounts | MemoryCounts, short: float
) -> None:
    mine, chance = somebody(5, WIDE, WIDE, WIDE), random.Random(7)
    begun, times = time.monotonic(), []
    while (now := time.monotonic()) - begun < 4 * short:
        if admitted(counts.count([mine])):
            times.append(now)
        time.sleep(chance.choice([0.001, 0.02, 0.1]))
    spans = [last - first for first, last in zip(times, times[5:], strict=False)]
    assert min(spans) > short - 0.05, "the sixth call comes a window after the first"
    assert len(times) >= 15


def test_memory_and_script_decide_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = "local now = clock[1] * 1000 + math.floor(clock[2] / 1000)"
    assert clock in counting.SCRIPT
    script = redis.Redis.from_url(settings.REDIS_URL).register_script(
        counting.SCRIPT.replace(clock, "local now = tonumber(ARGV[#ARGV])")
    )
    memory, chance = MemoryCounts(), random.Random(3)
    now = 1_700_000_000_000
    monkeypatch.setattr(counting.time, "time", lambda: now / 1000)
    both = [somebody(7, 60, 400, 4), somebody(20, 90, 900, 9)]
    lengths = [60_000, 3_600_000, 86_400_000]
    outcomes = set()
    for _ in range(4_000):
        # the clock is put back now and then, by little and by much
        now += chance.choice([0, 1, 700, 9_000, 61_000, 400_000, -1_500, -100_000])
        if chance.random() < 0.002:
            now -= 10**9
        subjects = chance.choice([both, both[:1], both[1:]])
        numbers = [number for subject in subjects for number in subject.rates.numbers]
        reply = script(keys=[each.key for each in subjects], args=[*lengths, *numbers, now])
        told = [int(number) for number in reply.split()]
        count = memory.count(subjects)
        assert told == [now, *(n for each in count.readings for n in (each.used, each.reset))]
        outcomes |= {reading.name for reading in count.readings if reading.full}
        outcomes |= {"admitted"} if admitted(count) else set()
    assert outcomes == {"minute", "hour", "day", "burst", "admitted"}
    for subject in both:
        state = redis.Redis.from_url(settings.REDIS_URL).get(subject.key)
        assert isinstance(state, bytes)
        assert len(state) < 3_000, "bounded, however many calls were counted"


def test_every_key_in_redis_expires() -> None:
    mine = somebody(10, 100, 1000, 10)
    RedisCounts(shared_redis()).count([mine])
    left = redis.Redis.from_url(settings.REDIS_URL).ttl(mine.key)
    assert isinstance(left, int)
    assert 86_400 <= left <= 87_900


def test_memory_keeps_the_newest_subjects_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "MAX_SUBJECTS", 5)
    memory, first = MemoryCounts(), somebody(1, 1, 1, 1)
    for subject in (first, *(somebody(1, 1, 1, 1) for _ in range(20)), first):
        assert admitted(memory.count([subject]))
    assert len(memory._states) == 5


def test_without_redis_the_process_counts_by_itself() -> None:
    counts = Counts(RedisCounts(SharedRedis(f"redis://127.0.0.1:{free_port()}/0")))
    mine = somebody(10, 100, 1000, 10)
    assert sum(admitted(counts.count([mine])) for _ in range(400)) == 10


def test_hanging_redis_costs_one_timeout_and_counts_again_when_back(valkey: Valkey) -> None:
    assert valkey.process is not None
    server = SharedRedis(valkey.url)
    counts, mine = Counts(RedisCounts(server)), somebody(10, 100, 1000, 10)
    assert [admitted(counts.count([mine])) for _ in range(4)] == [True] * 4
    valkey.process.send_signal(19)  # SIGSTOP
    begun = time.monotonic()
    assert sum(admitted(counts.count([mine])) for _ in range(100)) == 10
    assert ANSWER_SECONDS <= time.monotonic() - begun < 2 * ANSWER_SECONDS
    valkey.process.send_signal(18)  # SIGCONT
    while server.away:
        time.sleep(0.05)
    # back, with what was counted before, and maybe the calls that it was sent while it hung
    assert 4 <= used(counts.count([mine]))["minute"] <= 6


def test_restarted_redis_is_used_again_at_once(valkey: Valkey) -> None:
    counts, mine = Counts(RedisCounts(SharedRedis(valkey.url))), somebody(10, 100, 1000, 10)
    for _ in range(3):
        counts.count([mine])
    assert valkey.process is not None
    valkey.process.terminate()
    valkey.process.wait()
    valkey.start()
    assert used(counts.count([mine]))["minute"] == 3, "its append-only file kept them"
