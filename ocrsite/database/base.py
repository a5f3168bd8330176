"""Django's backend for PostgreSQL; the name is the one it looks for."""

from __future__ import annotations

from typing import Any

from django.db.backends.base.base import NO_DB_ALIAS
from django.db.backends.postgresql import base

from accounts.row_security import send_scope


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection whose statements see what the code that sends them may see."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.alias != NO_DB_ALIAS:  # which databases are made and dropped by
            self.execute_wrappers.append(send_scope)
