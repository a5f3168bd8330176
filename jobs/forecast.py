"""Where the month's quotas will stand at its end, if its rest is like its beginning."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from accounts.billing import FORESEEN_AFTER_DAYS
from accounts.models import Tenant
from accounts.quota_counters import OPEN_JOBS, PAGES_PER_DAY, PAGES_PER_MONTH, STORAGE_BYTES
from accounts.quota_standings import Standing, standings


@dataclass(frozen=True, slots=True)
class Forecast:
    """Pages of this month: so far, at its end (None in its first days), and what is allowed.

    ``full_on`` is the day on which the limit is reached before the end, None where it is not.
    """

    used: int
    expected: int | None
    limit: int | None
    ends: date
    full_on: date | None

    @property
    def percent(self) -> int:
        """Of the limit that is used, 100 at most."""
        return min(100, 100 * self.used // self.limit) if self.limit else 0


@dataclass(frozen=True, slots=True)
class Quotas:
    """How the quotas stand now; those of pages a day, storage and open jobs as they are."""

    month: Forecast
    others: dict[str, Standing]


def quotas(tenant: Tenant) -> Quotas:
    """The organisation's; one query."""
    found = {each.quota: each for each in standings(tenant)}
    others = {name: found[name] for name in (PAGES_PER_DAY, STORAGE_BYTES, OPEN_JOBS)}
    return Quotas(forecast(found[PAGES_PER_MONTH]), others)


def forecast(pages: Standing) -> Forecast:
    """A straight line through the month so far."""
    used, now = pages.used + pages.reserved, pages.now
    begin = datetime.combine(now.date().replace(day=1), time(), UTC)
    whole = monthrange(now.year, now.month)[1]
    ends = now.date().replace(day=whole)
    passed = (now - begin) / timedelta(days=1)
    if passed < FORESEEN_AFTER_DAYS or not used:
        return Forecast(used, None, pages.limit, ends, None)
    full_on = None
    if pages.limit is not None and used * whole / passed > pages.limit:
        days = max(pages.limit / used * passed, passed)
        full_on = min(begin.date() + timedelta(days=int(days)), ends)
    return Forecast(used, round(used * whole / passed), pages.limit, ends, full_on)
