"""Whether the site answers: asked every minute from outside the web processes, and kept.

The sweeper asks ``SITE_PROBE_URL``. What it was answered is a row for each minute (`SiteAnswer`);
while PostgreSQL is away, which is when the answer matters, the rows wait in memory. A minute
without a row was not asked about: no sweeper ran.
"""

from __future__ import annotations

import logging
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.client import HTTPException

from django.conf import settings
from django.db import connection

logger = logging.getLogger(__name__)
ASK_SECONDS = 60
ANSWER_SECONDS = 10  # later than that is no answer
KEPT_DAYS = 400
MOST_WAITING = 1440  # minutes
KEEP = """
INSERT INTO jobs_siteanswer AS kept (minute, answered)
SELECT * FROM unnest(%s::timestamptz[], %s::boolean[])
ON CONFLICT (minute) DO UPDATE SET answered = kept.answered OR excluded.answered
"""


class Prober:
    """Asks, and keeps the answers; of several sweepers' a minute counts that had one."""

    def __init__(self) -> None:
        self._waiting: dict[datetime, bool] = {}

    def run(self, stop: Callable[[], bool]) -> None:
        """One round. Raises OperationalError where it cannot be kept yet."""
        answered = answers(settings.SITE_PROBE_URL)
        self._waiting[datetime.now(UTC).replace(second=0, microsecond=0)] = answered
        while len(self._waiting) > MOST_WAITING:
            del self._waiting[next(iter(self._waiting))]
        keep(self._waiting)
        self._waiting.clear()


def answers(url: str) -> bool:
    """Whether a GET of the address is answered 2xx in time."""
    try:
        request = urllib.request.Request(url, headers={"User-Agent": "OCRSite probe"})  # noqa: S310
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:  # noqa: S310
            return bool(200 <= answer.status < 300)
    except (OSError, HTTPException, ValueError) as error:
        logger.warning("the site did not answer at %s: %s", url, error)
        return False


def keep(minutes: dict[datetime, bool]) -> None:
    """Write them down, and forget those of long ago."""
    with connection.cursor() as cursor:
        cursor.execute(KEEP, [list(minutes), list(minutes.values())])
        cursor.execute(
            "DELETE FROM jobs_siteanswer WHERE minute < %s",
            [datetime.now(UTC) - timedelta(days=KEPT_DAYS)],
        )
