"""Lists of the admin over tables with millions of rows: nobody counts them."""

from __future__ import annotations

from functools import cached_property
from typing import Any, cast

from django.core.paginator import Paginator
from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet
from psycopg.errors import QueryCanceled

MOST_COUNTED = 10_000
MOST_MILLISECONDS = 500  # of counting what a filter leaves of a table


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
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = {MOST_MILLISECONDS}")
                found = len(rows[:MOST_COUNTED])
                cursor.execute("SET LOCAL statement_timeout = DEFAULT")
        except OperationalError as error:
            if isinstance(error.__cause__, QueryCanceled):
                return MOST_COUNTED
            raise
        return found
