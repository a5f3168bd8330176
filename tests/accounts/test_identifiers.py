"""accounts/identifiers.py"""

import time

import pytest

from accounts.identifiers import uuid7


def test_uuid7_carries_version_variant_and_time() -> None:
    before = time.time_ns() // 1_000_000
    made = uuid7()
    after = time.time_ns() // 1_000_000
    assert made.version == 7
    assert made.variant == "specified in RFC 4122"
    assert before <= made.int >> 80 <= after


def test_uuid7_sorts_by_time(monkeypatch: pytest.MonkeyPatch) -> None:
    times = [1_700_000_000_000_000_000 + step for step in (0, 500, 999_500, 1_000_000, 10**12)]
    made = []
    for now in times:
        monkeypatch.setattr("time.time_ns", lambda now=now: now)
        made.append(uuid7())
    assert made == sorted(made)
    assert [value.int >> 80 for value in made][:2] == [1_700_000_000_000] * 2
