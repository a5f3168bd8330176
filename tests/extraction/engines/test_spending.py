"""extraction/engines/spending.py, on a real Valkey and with real processes."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
import redis

from accounts.shared_redis import SharedRedis
from extraction.engines.spending import DAY, Spending, Spent
from extraction.errors import EngineCapReached, EngineUnavailable
from ocrsite.embedded import Valkey

ROOT = Path(__file__).resolve().parents[3]
NOON = 20_000 * DAY + DAY // 2
PROCESS = """
import sys, redis
from contextlib import nullcontext
from extraction.engines.spending import Spending
from extraction.errors import EngineCapReached
client = redis.Redis.from_url(sys.argv[1])
spending, sent = Spending("paid", 100, lambda: nullcontext(client)), 0
sys.stdin.readline()
for _ in range(50):
    try:
        spending.reserve()
        sent += 1
    except EngineCapReached:
        pass
print(sent)
"""


@pytest.fixture
def client(valkey: Valkey) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(valkey.url) as client:
        yield client


def test_pages_are_counted_up_to_the_cap_and_anew_the_next_day(client: redis.Redis) -> None:
    now = float(NOON)
    spending = Spending("paid", 5, lambda: nullcontext(client), lambda: now)
    for _ in range(4):
        spending.reserve()
    assert spending.today() == Spent(4, 5)
    with pytest.raises(EngineCapReached) as caught:
        spending.reserve(2)
    assert caught.value.failure().code == "engine_cap_reached"
    assert (caught.value.limit, caught.value.actual, caught.value.retry_after) == (5, 6, DAY / 2)
    assert caught.value.detail == "paid may read 5 pages a day, and has read 4 today"
    spending.reserve()  # a refusal counts nothing
    now += DAY / 2 - 1
    with pytest.raises(EngineCapReached) as caught:
        spending.reserve()
    assert caught.value.retry_after == 1
    now += 1
    spending.reserve(5)
    assert spending.today() == Spent(5, 5)


def test_day_is_that_of_utc_by_redis_clock(client: redis.Redis) -> None:
    spending = Spending("paid", 5, lambda: nullcontext(client))
    spending.reserve(3)
    day, pages = (client.get("spent:paid") or b"").split()
    assert int(pages) == 3
    assert 0 <= time.time() // DAY - int(day) <= 1
    assert DAY < int(client.ttl("spent:paid")) <= 2 * DAY


def test_cap_of_nought_lets_nothing_be_sent(client: redis.Redis) -> None:
    with pytest.raises(EngineCapReached):
        Spending("paid", 0, lambda: nullcontext(client)).reserve()
    assert client.keys() == []


def test_two_engines_are_counted_apart(client: redis.Redis) -> None:
    Spending("one", 5, lambda: nullcontext(client)).reserve(5)
    assert Spending("other", 5, lambda: nullcontext(client)).today() == Spent(0, 5)


def test_all_processes_together_send_no_more_than_the_cap(
    valkey: Valkey, client: redis.Redis
) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, valkey.url],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    sent = [int(process.communicate(timeout=60)[0]) for process in processes]
    assert sum(sent) == 100
    assert Spending("paid", 100, lambda: nullcontext(client)).today() == Spent(100, 100)


def test_nothing_is_sent_that_cannot_be_counted(valkey: Valkey) -> None:
    shared = SharedRedis(valkey.url)
    spending = Spending("paid", 5, shared.asked)
    spending.reserve()
    assert valkey.process is not None
    valkey.process.kill()
    valkey.process.wait()
    for _ in range(2):
        with pytest.raises(EngineUnavailable, match="Redis does not answer") as caught:
            spending.reserve()
        assert not isinstance(caught.value, EngineCapReached)
        assert caught.value.retry_after == 30
    with pytest.raises(EngineUnavailable, match="no Redis is set up"):
        Spending("paid", 5, None).reserve()


@pytest.mark.parametrize("held", ["", "nonsense", "1 2 3", "-1 4", "20000 -5"])
def test_count_that_is_none_is_nought(client: redis.Redis, held: str) -> None:
    client.set("spent:paid", held)
    spending = Spending("paid", 5, lambda: nullcontext(client), lambda: NOON)
    spending.reserve()
    assert spending.today() == Spent(1, 5)
