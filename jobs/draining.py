"""Workers that operators ask to end: each finishes what it does, takes nothing more and goes.

A worker is named by host and process id, as in its tasks. A later process of that name, as the next
one in a container, is not meant: what was asked before it began does not count. All on the
database's clock, and without Redis.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, close_old_connections, transaction
from django.db.models.functions import Now

from accounts import audit, clock
from accounts.models import User
from jobs.models import Drain

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1  # between a worker's looks
KEPT = timedelta(days=1)  # of one whose worker was killed meanwhile


def ask(worker: str, *, operator: User, address: str | None) -> None:
    """Ask that worker to end after what it does."""
    with transaction.atomic():
        Drain.objects.filter(at__lt=Now() - KEPT).delete()
        Drain.objects.update_or_create(
            worker=worker, defaults={"asked_by": str(operator)[:300], "at": Now()}
        )
        audit.record(
            actor=operator,
            tenant=None,
            action="worker.drain",
            after={"worker": worker},
            address=address,
        )


def asked() -> Mapping[str, datetime]:
    """Who has been asked, and when; one query."""
    return dict(Drain.objects.values_list("worker", "at"))


class Ear:
    """A worker process listening for its own ``name``, from now on."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.asked = False
        self._begun: datetime | None = None
        self._looked = 0.0
        self.look()

    def look(self) -> bool:
        """Whether the worker has been asked to end, as it was a second ago at most.

        A database that is away has asked nobody.
        """
        now = time.monotonic()
        if self.asked or now - self._looked < LOOK_SECONDS:
            return self.asked
        self._looked = now
        try:
            close_old_connections()
            if self._begun is None:
                self._begun = clock.now()
            self.asked = Drain.objects.filter(worker=self.name, at__gt=self._begun).exists()
        except (OperationalError, InterfaceError):
            return False
        if self.asked:
            logger.warning("an operator has asked this worker to end: it takes nothing more")
        return self.asked

    def gone(self) -> None:
        """The worker ends, and has done what was asked."""
        if self.asked:
            Drain.objects.filter(worker=self.name).delete()
