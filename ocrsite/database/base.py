"""Django's backend for PostgreSQL; the name is the one it looks for."""

from __future__ import annotations

import time
from math import inf
from typing import Any

from django.db.backends.base.base import NO_DB_ALIAS
from django.db.backends.postgresql import base
from psycopg_pool import ConnectionPool

from accounts.row_security import send_scope

SOUND_SECONDS = 0.5  # for which a connection that answered is taken to be sound


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection whose statements see what the code that sends them may see."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.alias != NO_DB_ALIAS:  # which databases are made and dropped by
            self.execute_wrappers.append(send_scope)

    @property
    def pool(self) -> Any:
        """Django's pool, which does not ask a connection before each use whether it is sound."""
        pool = super().pool
        if pool is not None and pool._check is ConnectionPool.check_connection:
            pool._check = check_now_and_then  # Django takes no check of ours
        return pool


def check_now_and_then(connection: Any) -> None:
    """Ask the connection whether it is sound, unless it said so a moment ago.

    A busy pool is spared a way to the database with each request; after a restart of PostgreSQL a
    connection may be used for that moment that is gone (503), as in HikariCP's aliveBypassWindow.
    Raises psycopg.Error.
    """
    now = time.monotonic()
    if now - getattr(connection, "sound_at", -inf) >= SOUND_SECONDS:
        ConnectionPool.check_connection(connection)
        connection.sound_at = now
