"""`manage.py sweep`: puts right what crashes left behind, removes what is due to go."""

from __future__ import annotations

import logging
import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import InterfaceError, OperationalError, close_old_connections

from accounts import audit_seals
from extraction import tracing
from jobs import alive, departure, housekeeping, retention
from jobs.sweep import sweep

logger = logging.getLogger(__name__)
STOP_SECONDS = 10  # for the removal of one job's files to end


class Command(BaseCommand):
    help = "Queue again what dead workers had in hand, wake workers, remove what is due to go."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="one round, then end")

    def handle(self, *args: Any, **options: Any) -> None:
        tracing.name_process("sweep")
        if options["once"]:
            self.stdout.write(str(sweep()))
            self.stdout.write(f"expired: {retention.sweep()}")
            self.stdout.write(f"steps of departures: {departure.sweep()}")
            self.stdout.write(f"audit entries sealed: {audit_seals.seal()}")
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        housework = housekeeping.start(stop)
        while not stop.is_set():
            alive.tell()
            try:
                close_old_connections()
                sweep()
            except (OperationalError, InterfaceError) as error:
                logger.warning("the database does not answer: %s", error)
            except Exception:
                logger.exception("a sweep failed")
            stop.wait(settings.SWEEP_SECONDS)
        for thread in housework:
            thread.join(STOP_SECONDS)
