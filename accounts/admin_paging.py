"""Lists of the admin over tables with millions of rows: nobody counts them."""

from __future__ import annotations

from functools import cached_property
from typing import Any, cast

from django.core.paginator import Paginator
from django.db.models import QuerySet

MOST_COUNTED = 10_000


class CappedPaginator(Paginator):
    """Counts up to ``MOST_COUNTED`` rows: what lies beyond is found by searching, not by paging."""

    @cached_property
    def count(self) -> int:
        """How many rows there are, or ``MOST_COUNTED`` where there are more."""
        rows = cast("QuerySet[Any]", self.object_list)
        return len(rows.order_by().values_list("pk")[:MOST_COUNTED])
