"""Lists of the admin over tables with millions of rows: nobody counts them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar, cast

from django.core.paginator import Paginator
from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet
from psycopg.errors import QueryCanceled

T = TypeVar("T")

MOST_COUNTED = 10_000
MOST_MILLISECONDS = 500  # of a statement that a list can do without


def soon(ask: Callable[[], T]) -> T | None:
    """What ``ask`` returns; None where one of its statements takes long, and is given up."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {MOST_MILLISECONDS}")
            found = ask()
            cursor.execute("SET LOCAL statement_timeout = DEFAULT")
            return found
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            return None
        raise


class CappedPaginator(Paginator):
    """Counts up to ``MOST_COUNTED`` rows: what lies beyond is found by searching, not by paging."""

    @property
    def capped(self) -> str:
        """That there are more than were counted, in words; "" where there are not."""
        return f"{MOST_COUNTED:,} or more" if self.count >= MOST_COUNTED else ""

    @cached_property
    def count(self) -> int:
        """How many rows there are, or ``MOST_COUNTED`` where there are more, or it takes long."""
        rows = cast("QuerySet[Any]", self.object_list).order_by().values_list("pk")
        found = soon(lambda: len(rows[:MOST_COUNTED]))
        return MOST_COUNTED if found is None else found
