"""Django's ``migrate``, as the owner of the database; the application's role gets its rights.

It runs beneath processes at work. A change of a table has to lock it, and whoever asks for the
table after that waits behind the change: so the change waits for its lock a short time alone,
gives up, lets the others pass and tries again. Each migration is a transaction; what is done is
done.
"""

from __future__ import annotations

import time
from typing import Any

from django.core.management import CommandError
from django.core.management.commands import migrate
from django.db import OperationalError
from psycopg.errors import LockNotAvailable

from ocrsite.database.roles import as_owner, grant

PAUSE_SECONDS = 2
TRIES = 60


class Command(migrate.Command):
    """As Django's; run it with DATABASE_OWNER_URL where the application has a role of its own."""

    def get_check_kwargs(self, options: Any) -> Any:
        """Checks that ask no database: the application's role may not be there yet."""
        return {}

    def handle(self, *args: Any, **options: Any) -> None:
        """Before and after: what is new is the application's at once, then what it may not do."""
        with as_owner():
            if options["check_unapplied"] or options["plan"]:
                super().handle(*args, **options)
                return
            grant()
            self._patiently(*args, **options)
            if grant() is None:
                self.stderr.write(
                    self.style.WARNING(
                        "The application uses the role that owns the database: see docs/"
                        "deployment.md, Two roles."
                    )
                )

    def _patiently(self, *args: Any, **options: Any) -> None:
        for left in reversed(range(TRIES)):
            try:
                super().handle(*args, **options)
                return
            except OperationalError as error:
                if not isinstance(error.__cause__, LockNotAvailable):
                    raise
                if not left:
                    raise CommandError(
                        f"A table was in use at each of {TRIES} tries: {error} "
                        "What has been migrated stays; run it again in a quieter hour."
                    ) from error
                self.stderr.write("A table is in use: trying again")
                time.sleep(PAUSE_SECONDS)
