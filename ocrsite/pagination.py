"""Lists are read by cursor, newest first: the same cost on the last page as on the first."""

from typing import Any
from uuid import UUID

from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request


class NewestFirst(CursorPagination):
    """Ids are UUID version 7, so their order is the order of creation.

    A view of a queue says ``ordering = ("id",)``, the oldest first.
    """

    ordering = "-id"
    page_size_query_param = "page_size"
    max_page_size = 200

    def get_ordering(self, request: Request, queryset: Any, view: Any) -> tuple[str, ...]:
        """The view's own order, else the newest first."""
        return getattr(view, "ordering", None) or (self.ordering,)

    def decode_cursor(self, request: Request) -> Cursor | None:
        """The cursor's place in the list; raises NotFound where it names none."""
        cursor = super().decode_cursor(request)
        if cursor is not None and cursor.position is not None:
            try:
                UUID(str(cursor.position))
            except ValueError as error:
                raise NotFound(self.invalid_cursor_message) from error
        return cursor
