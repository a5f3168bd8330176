"""`manage.py secrets`: what still hangs on older secrets; exit code 1 if anything does."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from jobs import resealing


class Command(BaseCommand):
    """One line a column, one for API keys."""

    help = "Tell what is sealed or hashed under older secrets, and seal it anew."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Options."""
        parser.add_argument("--reseal", action="store_true", help="under the present SECRET_KEY")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the counts."""
        waits = 0
        for row in resealing.look(reseal=options["reseal"]):
            self.stdout.write(
                f"{row.name}: {row.current} current, {row.older} older, {row.lost} lost"
            )
            waits += row.older
        keys = resealing.hashed_keys()
        self.stdout.write(
            f"API keys: {keys.current} current, {keys.older} older, {keys.unknown} not known, "
            f"{keys.lost} lost"
        )
        waits += keys.older + keys.unknown
        self.stdout.write(
            "The fallbacks are still needed." if waits else "The fallbacks can be removed."
        )
        if waits:
            sys.exit(1)
