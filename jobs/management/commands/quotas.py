"""Compare the counters of quotas with the rows, and repair them."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from jobs import reconciliation


class Command(BaseCommand):
    """`manage.py quotas`: each difference a line, exit code 1 if there is one and no --repair."""

    help = "Compare the counters of quotas with the rows that they count."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Options."""
        parser.add_argument("--repair", action="store_true", help="set them to what the rows say")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print differences and their number."""
        repair = options["repair"]
        found = reconciliation.repair() if repair else reconciliation.differences()
        for row in found:
            self.stdout.write(
                f"{row.tenant_id} {row.period}: {row.used} used, {row.reserved} reserved; "
                f"due {row.due_used}, {row.due_reserved}"
            )
        self.stdout.write(f"differences = {len(found)}{', repaired' if repair and found else ''}")
        if found and not repair:
            sys.exit(1)
