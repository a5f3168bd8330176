"""ocrsite/database/base.py: the pool, and when its connections are asked whether they are sound."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from django.db import connection
from psycopg_pool import ConnectionPool

from ocrsite.database import base

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The connections that were asked whether they are sound; all say so."""
    found: list[Any] = []
    monkeypatch.setattr(ConnectionPool, "check_connection", staticmethod(found.append))
    return found


class Kept:
    """Stands for a connection of the pool."""


def test_connection_is_asked_again_only_after_a_while(
    asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    now, kept, other = 100.0, Kept(), Kept()
    monkeypatch.setattr(base.time, "monotonic", lambda: now)
    base.check_now_and_then(kept)
    now += base.SOUND_SECONDS - 0.01
    base.check_now_and_then(kept)
    assert asked == [kept]
    base.check_now_and_then(other)
    assert asked == [kept, other], "each for itself"
    now += 0.02
    base.check_now_and_then(kept)
    assert asked == [kept, other, kept]


def test_unsound_connection_is_not_taken_for_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(kept: Any) -> None:
        raise psycopg.OperationalError("gone")

    monkeypatch.setattr(ConnectionPool, "check_connection", staticmethod(broken))
    kept = Kept()
    for _ in range(2):
        with pytest.raises(psycopg.OperationalError):
            base.check_now_and_then(kept)


def test_pool_of_the_site_asks_now_and_then() -> None:
    pooled: Any = connection
    assert pooled.pool._check is base.check_now_and_then


def test_connection_that_was_ended_is_replaced() -> None:
    """As by a restart of PostgreSQL, noticed once its moment has passed."""
    pooled: Any = connection
    connection.close()  # to the pool
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (ended,) = cursor.fetchone()
    kept = pooled.connection
    connection.close()
    kept.sound_at -= base.SOUND_SECONDS
    with psycopg.connect(**{**pooled.get_connection_params(), "autocommit": True}) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [ended])
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        assert cursor.fetchone()[0] != ended
