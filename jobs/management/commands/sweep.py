"""`manage.py sweep`: puts right what crashes left behind, every few seconds."""

from __future__ import annotations

import logging
import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import InterfaceError, OperationalError, close_old_connections

from jobs.sweep import sweep

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Queue again what dead workers had in hand, wake workers for what waits."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="one round, then end")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            self.stdout.write(str(sweep()))
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        while not stop.is_set():
            try:
                close_old_connections()
                sweep()
            except (OperationalError, InterfaceError) as error:
                logger.warning("the database does not answer: %s", error)
            except Exception:
                logger.exception("a sweep failed")
            stop.wait(settings.SWEEP_SECONDS)
