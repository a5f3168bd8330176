"""After a test with transactions of its own: every table emptied, as Django's ``flush`` does it.

Django then fills in content types and permissions anew, which takes four times as long as the
emptying. No test changes them, so here they stay.
"""

from __future__ import annotations

from typing import Any

from django.db import connection

STAY = {"django_content_type", "auth_permission"}


def empty(_case: Any = None) -> None:
    """Empty every table but those that stay. Takes the place of ``_fixture_teardown``."""
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    tables = [connection.ops.quote_name(name) for name in names if name not in STAY]
    with connection.cursor() as cursor:
        cursor.execute("SELECT tests_empty(%s)", [tables])
