"""Close months into invoices, and prove that each row of the ledger is billed once."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from datetime import UTC, date, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import clock, closing
from accounts.invoices import BillingError
from accounts.money import shown
from accounts.statements import month_of
from jobs import reconciliation


class Command(BaseCommand):
    """`manage.py billing close [2026-11]` and `manage.py billing check`."""

    help = "Close months into invoices; check the ledger against invoices and jobs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to do."""
        todo = parser.add_subparsers(dest="todo", required=True)
        close = todo.add_parser("close", help="issue what is due, once whatever is killed")
        close.add_argument("month", nargs="?", help="for example 2026-11; the last one if left out")
        todo.add_parser("check", help="exit code 1 unless all is 0")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print a line for each invoice and each month that waits, or the checks."""
        if options["todo"] == "check":
            self._check()
        else:
            self._close(_month(options["month"]))

    def _close(self, month: date) -> None:
        issued = waiting = 0
        try:
            for done in closing.close_all(month):
                if isinstance(done, closing.Waits):
                    waiting += 1
                    self.stdout.write(f"{done.tenant.slug} {done.month:%Y-%m}: {done.reason}")
                    continue
                for invoice in done.invoices:
                    issued += 1
                    total = shown(invoice.total, invoice.currency)
                    self.stdout.write(
                        f"{done.tenant.slug} {done.month:%Y-%m}: {invoice.number}, {total}"
                    )
        except BillingError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"invoices = {issued}, months that wait = {waiting}")
        if waiting:
            sys.exit(1)

    def _check(self) -> None:
        found, wrong = closing.check(), reconciliation.wrongly_billed()
        for row in wrong:
            self.stdout.write(
                f"job {row.job_id}: run {row.run} with {row.read} pages; in the ledger run "
                f"{row.last} with {row.billed}"
            )
        self.stdout.write(
            f"unbilled rows = {found.unbilled_rows} (cost {found.unbilled_cost})\n"
            f"missing numbers = {found.missing_numbers}\n"
            f"sums that differ = {found.wrong_sums}\n"
            f"jobs billed wrongly = {len(wrong)}"
        )
        if wrong or not found.is_right:
            sys.exit(1)


def _month(text: str | None) -> date:
    """The month's first day; the one before this where none is named. Raises CommandError."""
    if text is None:
        this = month_of(clock.now().astimezone(UTC).date())
        return month_of(date.fromordinal(this.toordinal() - 1))
    try:
        return datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError as error:
        raise CommandError(f"{text!r} is no month: 2026-11 is one.") from error
