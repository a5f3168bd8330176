"""`manage.py configuration`: docs/configuration.md, made anew."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ocrsite import configuration


class Command(BaseCommand):
    """Writes the reference of settings."""

    help = "Write docs/configuration.md from .env.example and from how the settings are read."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            page = configuration.page()
        except configuration.Mismatch as error:
            raise CommandError(str(error)) from error
        configuration.PAGE.write_text(page)
        rows = page.count("\n| `")
        self.stdout.write(f"{configuration.PAGE.name}: {rows} settings")
