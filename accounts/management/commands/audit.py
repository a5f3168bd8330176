"""`manage.py audit`: verifies the audit log, seals what is new, takes out what is old."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.dateparse import parse_date, parse_datetime

from accounts import audit_retention, audit_seals, audit_verify, clock


class Command(BaseCommand):
    help = "Verify the audit log (exit code 1 where it is not as it was written), seal or prune it."

    def add_arguments(self, parser: CommandParser) -> None:
        commands = parser.add_subparsers(dest="what", required=True)
        verify = commands.add_parser("verify", help="walk the chain of hashes")
        verify.add_argument("--since", help="ISO 8601 date or time: only what came from then on")
        verify.add_argument("--expect", help="a hash told earlier, which must still be there")
        verify.add_argument(
            "--unsealed-minutes",
            type=float,
            default=audit_verify.UNSEALED_MINUTES,
            help="after which an entry without a seal is a finding (default %(default)s)",
        )
        commands.add_parser("seal", help="seal what the sweeper has not sealed yet")
        prune = commands.add_parser("prune", help="take out old entries; their seals stay")
        prune.add_argument("--days", type=int, required=True, help="older than these; 30 or more")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what was asked for, and print what came of it."""
        if options["what"] == "verify":
            self._verify(options)
        elif options["what"] == "seal":
            self.stdout.write(f"{audit_seals.seal()} entries sealed")
            self._tell(audit_seals.head())
        else:
            if options["days"] < audit_retention.MIN_DAYS:
                raise CommandError(f"--days is {audit_retention.MIN_DAYS} or more.")
            audit_seals.seal()
            before = clock.now() - timedelta(days=options["days"])
            self.stdout.write(f"{audit_retention.prune(before)} entries taken out")

    def _verify(self, options: dict[str, Any]) -> None:
        done = audit_verify.verify(
            since=_time(options["since"]),
            expect=_hash(options["expect"]),
            unsealed_minutes=options["unsealed_minutes"],
        )
        for finding in done.findings:
            place = f"seal {finding.number}" if finding.number is not None else "the log"
            entry = f", entry {finding.entry_id}" if finding.entry_id is not None else ""
            self.stdout.write(f"{finding.kind}\t{place}{entry}: {finding.detail}")
        if done.found > len(done.findings):
            self.stdout.write(f"... and {done.found - len(done.findings)} more")
        self.stdout.write(
            f"{done.seals} seals, {done.entries} entries as they were, "
            f"{done.pruned} taken out by {done.prunings} prunings on record"
        )
        if done.backdated:
            self.stdout.write(
                f"{done.backdated} entries bear a time more than an hour before that of others "
                "sealed earlier: slow transactions, a wrong clock, or written afterwards"
            )
        if done.expected_at is not None:
            self.stdout.write(f"the expected hash is that of number {done.expected_at}")
        self._tell(done.head)
        if not done.sound:
            raise CommandError(f"The audit log is not as it was written: {done.found} findings.")

    def _tell(self, head: audit_seals.Head) -> None:
        self.stdout.write(f"head {head.number} {head.hash.hex()}")


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        at = parse_datetime(text)
        if at is None and (day := parse_date(text)):
            at = datetime.combine(day, time())
    except ValueError:
        at = None
    if at is None:
        raise CommandError("--since is an ISO 8601 date or time.")
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _hash(text: str | None) -> bytes | None:
    if text is None:
        return None
    try:
        value = bytes.fromhex(text)
    except ValueError:
        value = b""
    if len(value) != 32:
        raise CommandError("--expect is a hash of 64 hexadecimal digits.")
    return value
