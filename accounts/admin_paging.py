"""Lists of the admin over tables with millions of rows: nobody counts them."""

from __future__ import annotations

from functools import cached_property

from django.core.paginator import Paginator

MOST_COUNTED = 10_000


class CappedPaginator(Paginator):  # type: ignore[type-arg]  # no generic at run time
    """Counts up to ``MOST_COUNTED`` rows: what lies beyond is found by searching, not by paging."""

    @cached_property
    def count(self) -> int:
        """How many rows there are, or ``MOST_COUNTED`` where there are more."""
        return len(self.object_list.order_by().values_list("pk")[:MOST_COUNTED])
