"""`manage.py deliver`: sends webhooks until told to stop."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from extraction import tracing
from jobs.sending import Sender


class Command(BaseCommand):
    help = "Send webhooks as they fall due. Any number of these may run."

    def handle(self, *args: Any, **options: Any) -> None:
        tracing.name_process("deliver")
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        Sender().run(stop)
