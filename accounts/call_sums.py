"""How many calls of the API each organisation made, and how many of them failed on our side.

For the availability that plans promise (docs/service-levels.md). A request only counts itself, in
memory; a thread adds what has gathered to `CallSum` every few seconds, in one statement, and the
process once more when it ends. While PostgreSQL is away the counts wait: these are the calls that
matter most. Killed by SIGKILL, a process loses those of its last ``CALL_SUM_SECONDS``.

Calls whose caller could not be found out are nobody's: jobs/site_probe.py tells of such times.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from accounts.row_security import unscoped
from accounts.tenancy import Actor

logger = logging.getLogger(__name__)
API = "/api/"
# In the order of the key, so that two processes that add the same rows cannot wait for each other
ADD = """
INSERT INTO accounts_callsum AS kept
    (tenant_id, day, plan, calls, failed, promised, missed, allowed)
SELECT tenant.id, told.day, coalesce(plan.name, ''), told.calls, told.failed,
    CASE WHEN plan.availability IS NULL THEN 0 ELSE told.calls END,
    CASE WHEN plan.availability IS NULL THEN 0 ELSE told.failed END,
    coalesce(told.calls * (100 - plan.availability) / 100, 0)
FROM unnest(%s::uuid[], %s::date[], %s::bigint[], %s::bigint[])
    AS told(tenant, day, calls, failed)
JOIN accounts_tenant AS tenant ON tenant.id = told.tenant
LEFT JOIN accounts_plan AS plan ON plan.id = tenant.plan_id
ORDER BY 1, 2
ON CONFLICT (tenant_id, day, plan) DO UPDATE SET
    calls = kept.calls + excluded.calls,
    failed = kept.failed + excluded.failed,
    promised = kept.promised + excluded.promised,
    missed = kept.missed + excluded.missed,
    allowed = kept.allowed + excluded.allowed
"""
Key = tuple[UUID, date]


class CallSumsMiddleware:
    """Counts the calls that known callers make of the API, and those answered 500 and above."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not (settings.CALL_SUM_SECONDS and request.path.startswith(API)):
            return self.get_response(request)
        day = datetime.now(UTC).date()
        response = self.get_response(request)
        actor = getattr(request, "user", None)
        if type(actor) is Actor:  # isinstance would read the session of who has none
            count(actor.tenant.pk, day, failed=response.status_code >= 500)
        return response


class Counted:
    """Calls of this process that are still to be added."""

    def __init__(self) -> None:
        self._after_fork()
        os.register_at_fork(after_in_child=self._after_fork)

    def _after_fork(self) -> None:
        self._lock = threading.Lock()  # another thread may have held it
        self._calls: Counter[Key] = Counter()
        self._failed: Counter[Key] = Counter()
        self._writer: threading.Thread | None = None

    def add(self, key: Key, *, failed: bool) -> None:
        """One more, to be written within ``CALL_SUM_SECONDS``."""
        with self._lock:
            self._calls[key] += 1
            self._failed[key] += failed
            if self._writer is None or not self._writer.is_alive():
                writer = threading.Thread(target=self._write_on, name="call-sums", daemon=True)
                with suppress(RuntimeError):  # the process ends, or has no thread left
                    writer.start()
                    self._writer = writer

    def write(self) -> bool:
        """Add what waits to the sums; whether PostgreSQL took it. What it did not waits on."""
        with self._lock:
            calls, failed = self._calls, self._failed
            self._calls, self._failed = Counter(), Counter()
        if not calls:
            return True
        try:
            _add(calls, failed)
        except (DatabaseError, InterfaceError) as error:
            logger.warning("calls are not counted yet: %s", error)
            with self._lock:
                self._calls.update(calls)
                self._failed.update(failed)
            return False
        return True

    def _write_on(self) -> None:
        """The thread's work; it ends when nothing waits."""
        while True:
            time.sleep(settings.CALL_SUM_SECONDS)
            try:
                self.write()
            finally:
                connection.close()
            with self._lock:
                if not self._calls:
                    self._writer = None
                    return


_counted = Counted()


def count(tenant: UUID, day: date, *, failed: bool) -> None:
    """A call that came on the day, of UTC."""
    _counted.add((tenant, day), failed=failed)


@atexit.register
def write() -> None:
    """Add what this process has counted; also its last act."""
    _counted.write()


@unscoped()
def _add(calls: Mapping[Key, int], failed: Mapping[Key, int]) -> None:
    keys = list(calls)
    with connection.cursor() as cursor:
        cursor.execute(
            ADD,
            [
                [tenant for tenant, _ in keys],
                [day for _, day in keys],
                [calls[key] for key in keys],
                [failed[key] for key in keys],
            ],
        )
