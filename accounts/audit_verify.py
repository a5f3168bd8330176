"""Whether the audit log is as it was written: the chain walked from its beginning.

What the chain shows: an entry that was changed, one that is missing though no recorded pruning took
it out, a seal that is missing or was made anew, entries left without a seal. What it cannot show by
itself: that somebody with the rights of the database's owner cut off its end, or wrote all of it
anew. That shows where a hash told earlier, and kept elsewhere, is no longer found in it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection

from accounts import clock
from accounts.audit_seals import GENESIS, Head, digest_of, link
from accounts.models import AuditEntry, AuditSeal

BATCH = 2_000
UNSEALED_MINUTES = 10  # after which an entry without a seal is a finding
MOST_TOLD = 100  # findings; the others are counted
BACKDATED = timedelta(hours=1)
MAX_NUMBER = 2**63


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was written: its kind, where, and what in a sentence."""

    kind: str  # changed, missing, gap, broken, unsealed, unexpected
    number: int | None  # of the seal
    entry_id: int | None
    detail: str


@dataclass(slots=True)
class Verified:
    """What came of a walk. It is sound where nothing was found."""

    seals: int = 0
    entries: int = 0
    pruned: int = 0  # seals whose entries were taken out by prunings on record
    prunings: int = 0
    backdated: int = 0  # sealed long after later ones: a slow transaction, a clock, or a forgery
    head: Head = field(default_factory=lambda: Head(0, GENESIS))
    expected_at: int | None = None  # the number of the seal with the hash that was to be there
    found: int = 0
    findings: list[Finding] = field(default_factory=list)  # the first MOST_TOLD

    @property
    def sound(self) -> bool:
        return not self.found

    def add(self, kind: str, number: int | None, entry_id: int | None, detail: str) -> None:
        """One more finding."""
        self.found += 1
        if len(self.findings) < MOST_TOLD:
            self.findings.append(Finding(kind, number, entry_id, detail))


def verify(
    *,
    since: datetime | None = None,
    expect: bytes | None = None,
    unsealed_minutes: float = UNSEALED_MINUTES,
) -> Verified:
    """Walk the chain, from the first entry at or after ``since``; the seal before it is believed.

    ``expect``: a hash that was told earlier and must be in the part that is walked, or be the one
    believed.
    """
    done, prunings = Verified(), Prunings()
    previous = _before(since)
    done.head = previous
    if expect is not None and previous.hash == expect:
        done.expected_at = previous.number
    latest: datetime | None = None
    for seals, entries in _batches(previous.number):
        for seal in seals:
            done.seals += 1
            digest, value = bytes(seal.digest), bytes(seal.hash)
            if seal.number != previous.number + 1:
                done.add(
                    "gap",
                    seal.number,
                    None,
                    f"the seals {previous.number + 1} to {seal.number - 1} are missing",
                )
            elif value != link(previous.hash, digest):
                done.add(
                    "broken",
                    seal.number,
                    seal.entry_id,
                    "the hash does not follow from the one before",
                )
            if expect is not None and value == expect:
                done.expected_at = seal.number
            entry = entries.get(seal.entry_id)
            if entry is None and seal.number in prunings:
                done.pruned += 1
            elif entry is None:
                done.add("missing", seal.number, seal.entry_id, "the entry is not there")
            elif digest_of(entry) != digest:
                done.add("changed", seal.number, seal.entry_id, "the entry is not as it was")
            else:
                done.entries += 1
                if latest and entry.at < latest - BACKDATED:
                    done.backdated += 1
                latest = max(latest or entry.at, entry.at)
            previous = done.head = Head(seal.number, value)
    done.prunings = prunings.count
    if expect is not None and done.expected_at is None:
        done.add("unexpected", None, None, f"no seal has the hash {expect.hex()}")
    for entry_id, at in _left_unsealed(unsealed_minutes):
        done.add("unsealed", None, entry_id, f"not sealed since {at:%Y-%m-%d %H:%M:%S}")
    return done


class Prunings:
    """The numbers of the seals whose entries were taken out, as the log itself says."""

    def __init__(self) -> None:
        self._read()

    def _read(self) -> None:
        rows = AuditEntry.objects.filter(action="audit.prune").values_list("after", flat=True)
        told = [(after or {}).get("numbers", ()) for after in rows.order_by("id").iterator()]
        self.count = len(told)
        self._ranges = sorted((first, last) for ranges in told for first, last in ranges)

    def __contains__(self, number: int) -> bool:
        if self._covers(number):
            return True
        if AuditEntry.objects.filter(action="audit.prune").count() == self.count:
            return False
        self._read()  # taken out since the walk began
        return self._covers(number)

    def _covers(self, number: int) -> bool:
        place = bisect_right(self._ranges, (number, MAX_NUMBER)) - 1
        return place >= 0 and self._ranges[place][1] >= number


def _before(since: datetime | None) -> Head:
    """The seal before the first one of an entry at or after that time."""
    if since is None:
        return Head(0, GENESIS)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT min(number) FROM accounts_auditseal WHERE entry_id IN"
            " (SELECT id FROM accounts_auditentry WHERE at >= %s)",
            [since],
        )
        first = cursor.fetchone()[0]
    seals = AuditSeal.objects.order_by("-number")
    last = (seals if first is None else seals.filter(number__lt=first)).first()
    return Head(last.number, bytes(last.hash)) if last else Head(0, GENESIS)


def _batches(after: int) -> Iterator[tuple[list[AuditSeal], dict[int, AuditEntry]]]:
    """The seals after that number in order, some at a time, with the entries that are there."""
    while seals := list(AuditSeal.objects.filter(number__gt=after).order_by("number")[:BATCH]):
        yield seals, AuditEntry.objects.in_bulk([seal.entry_id for seal in seals])
        after = seals[-1].number


def _left_unsealed(minutes: float) -> list[tuple[int, datetime]]:
    """Entries older than that which have no seal."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, at FROM accounts_auditentry AS entry WHERE at < %s AND NOT EXISTS ("
            "SELECT FROM accounts_auditseal WHERE entry_id = entry.id) ORDER BY id LIMIT %s",
            [clock.now() - timedelta(minutes=minutes), MOST_TOLD],
        )
        return list(cursor.fetchall())
