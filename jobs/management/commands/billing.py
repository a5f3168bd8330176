"""Close months into invoices, prove that each row of the ledger is billed once, export."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from datetime import UTC, date, datetime, time
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q

from accounts import clock, closing
from accounts.invoices import BillingError
from accounts.models import Invoice
from accounts.money import shown
from accounts.statements import following, month_of
from jobs import invoice_csv, reconciliation
from jobs.billing_serializers import InvoiceDetailSerializer


class Command(BaseCommand):
    """`manage.py billing close [2026-11]`, `billing check`, `billing export [2026-11]`."""

    help = "Close months into invoices; check the ledger against invoices and jobs; export."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to do."""
        todo = parser.add_subparsers(dest="todo", required=True)
        close = todo.add_parser("close", help="issue what is due, once whatever is killed")
        close.add_argument("month", nargs="?", help="for example 2026-11; the last one if left out")
        export = todo.add_parser(
            "export", help="a month's invoices, and the credit notes issued in it, as CSV"
        )
        export.add_argument("month", nargs="?", help="as of close; the last one if left out")
        export.add_argument("--json", action="store_true", help="JSON instead")
        todo.add_parser("check", help="exit code 1 unless all is 0")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print a line for each invoice and each month that waits, or the checks."""
        if options["todo"] == "check":
            self._check()
        elif options["todo"] == "export":
            self._export(_month(options["month"]), as_json=options["json"])
        else:
            self._close(_month(options["month"]))

    def _close(self, month: date) -> None:
        issued = waiting = failed = 0
        try:
            for done in closing.close_all(month):
                if isinstance(done, closing.Failed):
                    failed += 1
                    self.stderr.write(
                        f"{done.tenant.slug} {done.month:%Y-%m} cannot be billed: {done.reason}"
                    )
                    continue
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
        self.stdout.write(
            f"invoices = {issued}, months that wait = {waiting}, that failed = {failed}"
        )
        if waiting or failed:
            sys.exit(1)

    def _export(self, month: date, *, as_json: bool) -> None:
        start, end = (datetime.combine(day, time(), UTC) for day in (month, following(month)))
        invoices = Q(kind=Invoice.Kind.INVOICE, month=month)
        notes = Q(kind=Invoice.Kind.CREDIT_NOTE, issued_at__gte=start, issued_at__lt=end)
        rows = Invoice.objects.filter(invoices | notes).select_related("corrects").order_by("pk")
        if not as_json:
            self.stdout.write(invoice_csv.table(rows), ending="")
            return
        told = [InvoiceDetailSerializer(row).data for row in rows]
        self.stdout.write(json.dumps(told, default=str, ensure_ascii=False))

    def _check(self) -> None:
        found, wrong = closing.check(), reconciliation.wrongly_billed()
        for row in wrong:
            self.stdout.write(
                f"job {row.job_id}: run {row.run} with {row.read} pages; in the ledger run "
                f"{row.last} with {row.billed}"
            )
        self.stdout.write(
            f"unbilled rows = {found.unbilled_rows}\n"
            f"missing numbers = {found.missing_numbers}\n"
            f"sums that differ = {found.wrong_sums}\n"
            f"jobs billed wrongly = {len(wrong)}"
        )
        if wrong or not found.is_right:
            sys.exit(1)


def _month(text: str | None) -> date:
    """The month's first day; the one before this where none is named. Raises CommandError."""
    if text is None:
        this = month_of(clock.today())
        return month_of(date.fromordinal(this.toordinal() - 1))
    try:
        return datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError as error:
        raise CommandError(f"{text!r} is no month: 2026-11 is one.") from error
