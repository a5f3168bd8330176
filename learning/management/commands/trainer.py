"""`manage.py trainer`: does training runs until told to stop."""

from __future__ import annotations

import logging
import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import InterfaceError, OperationalError

from jobs import alive
from learning.models import OPEN, TrainingRun
from learning.trainer import run_next

logger = logging.getLogger(__name__)
PAUSE_SECONDS = 2.0  # between looks for work


class Command(BaseCommand):
    help = "Train models, one run at a time. Any number of these may run, on any machines."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--burst", action="store_true", help="end when none is open any more")

    def handle(self, *args: Any, **options: Any) -> None:
        ending = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ending.set())
        while not ending.is_set():
            alive.tell()
            try:
                worked = run_next(ending)
            except (OperationalError, InterfaceError) as error:
                logger.warning("the database does not answer: %s", error)
                worked = False
            if not worked:
                if options["burst"] and not TrainingRun.objects.filter(status__in=OPEN).exists():
                    return
                ending.wait(min(PAUSE_SECONDS, settings.LEASE_SECONDS))
