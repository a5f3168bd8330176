"""Signs of life of whoever is at some work, given from a thread beside it."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connection

from accounts import request_ids
from jobs import alive
from jobs.errors import LeaseLost

logger = logging.getLogger(__name__)
RETRY_SECONDS = 1.0  # after one that did not reach the database


class Heartbeat(ABC):
    """Calls ``renew`` every ``HEARTBEAT_SECONDS`` while the block runs.

    While the database is away it tries again and again, so that it is heard soon after the database
    is back: jobs/sweep.py counts on that. Where the lease is another's it is ``lost``, and over.
    """

    def __init__(self, name: str) -> None:
        """``name`` is that of the work, for the log."""
        self.lost = False
        self._name = name
        self._over = threading.Event()
        self._thread = threading.Thread(
            target=request_ids.carried(self._beat), name="heartbeat", daemon=True
        )

    @abstractmethod
    def renew(self) -> None:
        """Give a sign of life, and tell how far the work is. Raises ``LeaseLost``."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join(settings.HEARTBEAT_SECONDS)

    def _beat(self) -> None:
        usual = float(settings.HEARTBEAT_SECONDS)
        pause = usual
        try:
            while not self._over.wait(pause):
                alive.tell()
                try:
                    self.renew()
                    pause = usual
                except LeaseLost:
                    self.lost = True
                    return
                except (OperationalError, InterfaceError) as fault:
                    logger.warning("heartbeat of %s: %s", self._name, fault)
                    close_old_connections()
                    pause = min(RETRY_SECONDS, usual)
        finally:
            connection.close()
