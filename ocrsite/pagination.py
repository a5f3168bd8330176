"""Lists are read by cursor, newest first: the same cost on the last page as on the first."""

from rest_framework.pagination import CursorPagination


class NewestFirst(CursorPagination):
    """Ids are UUID version 7, so their order is the order of creation."""

    ordering = "-id"
    page_size_query_param = "page_size"
    max_page_size = 200
