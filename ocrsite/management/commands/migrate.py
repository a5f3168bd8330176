"""Django's ``migrate``, as the owner of the database; the application's role gets its rights."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import migrate

from ocrsite.database.roles import as_owner, grant


class Command(migrate.Command):
    """As Django's; run it with DATABASE_OWNER_URL where the application has a role of its own."""

    def get_check_kwargs(self, options: Any) -> Any:
        """Checks that ask no database: the application's role may not be there yet."""
        return {}

    def handle(self, *args: Any, **options: Any) -> None:
        with as_owner():
            super().handle(*args, **options)
            if options["check_unapplied"] or options["plan"]:
                return
            if grant() is None:
                self.stderr.write(
                    self.style.WARNING(
                        "The application uses the role that owns the database: see docs/"
                        "deployment.md, Two roles."
                    )
                )
