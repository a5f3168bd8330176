"""The one clock: the database's, for the machines that ask it may disagree."""

from __future__ import annotations

from datetime import UTC, date, datetime

from django.db import connection


def now() -> datetime:
    """The moment, aware; it goes on within a transaction too."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment


def today() -> date:
    """The day of UTC."""
    return now().astimezone(UTC).date()
