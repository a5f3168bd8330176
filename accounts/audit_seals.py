"""The chain over the audit log: every entry is sealed with the hash of all before it.

Not in the transaction that adds the entry, which would make all of them wait for each other: one
sealer at a time goes over what has been committed since, every few seconds. So the order of the
chain is that of sealing, and an entry whose transaction took long just gets a later number.

How the entries without a seal are found, whatever the size of the log: ids come from a sequence, so
those up to a number may still be missing only while a transaction is open that was so when the
number was reached. PostgreSQL tells when the last of those has ended (``pg_snapshot_xmin``). Up to
there (``settled``) nobody needs to look again; a sealer that has just started looks at everything.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC

from django.db import connection, transaction

from accounts.models import AuditEntry, AuditSeal

logger = logging.getLogger(__name__)

SEALER_LOCK = (7363, 1)  # an advisory lock: one sealer at a time
BATCH = 2_000  # entries a transaction
FULL_LOOK_SECONDS = 86_400.0
TELL_SECONDS = 3600.0  # between log lines that tell the head
FIRST_TOLD_SECONDS = 60.0
GENESIS = bytes(32)  # stands before the first seal


@dataclass(frozen=True, slots=True)
class Head:
    """The last seal: its number and hash. Before the first one 0 and zeros."""

    number: int
    hash: bytes


def canonical(entry: AuditEntry) -> bytes:
    """The entry as the text that is hashed: JSON with sorted keys, without what is empty.

    Columns that come later are empty in older rows, whose text stays the same.
    """
    columns = {
        "id": entry.pk,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "tenant": entry.tenant_id and str(entry.tenant_id),
        "user": entry.user_id and str(entry.user_id),
        "api_key": entry.api_key_id and str(entry.api_key_id),
        "actor": entry.actor,
        "action": entry.action,
        "object_type": entry.object_type,
        "object_id": entry.object_id,
        "address": entry.address and str(entry.address),
        "before": entry.before,
        "after": entry.after,
        "request_id": entry.request_id,
    }
    told = {name: value for name, value in columns.items() if value not in (None, "")}
    return json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest_of(entry: AuditEntry) -> bytes:
    """SHA-256 of the entry as it was read from the database."""
    return hashlib.sha256(canonical(entry)).digest()


def link(before: bytes, digest: bytes) -> bytes:
    """The hash that follows ``before`` in the chain."""
    return hashlib.sha256(before + digest).digest()


def head() -> Head:
    """Where the chain ends now."""
    last = AuditSeal.objects.order_by("-number").values_list("number", "hash").first()
    return Head(last[0], bytes(last[1])) if last else Head(0, GENESIS)


def unsealed_seconds() -> float:
    """The age of the oldest entry after the last sealed one; 0 where there is none.

    Looks at the end of the log alone, and so costs nothing: `accounts.audit_verify` looks at all.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT extract(epoch FROM clock_timestamp() - at) FROM accounts_auditentry"
            " WHERE id > coalesce((SELECT max(entry_id) FROM accounts_auditseal), 0)"
            " ORDER BY id LIMIT 1"
        )
        row = cursor.fetchone()
    return max(0.0, float(row[0])) if row else 0.0


class Sealer:
    """Seals in turns. Any number of processes may have one: while one works the others pass."""

    def __init__(self) -> None:
        self._tell = time.monotonic() + FIRST_TOLD_SECONDS
        self._begin()

    def _begin(self) -> None:
        self.settled = 0  # every entry up to this id is sealed, or will never be
        self._reached = 0  # by the sequence of ids, at the turn before
        self._marks: list[tuple[int, int]] = []  # such an id, and the transaction to wait for
        self._again = time.monotonic() + FULL_LOOK_SECONDS

    def run(self, stop: Callable[[], bool] = lambda: False) -> int:
        """One turn: everything committed by now, unless ``stop``. Returns how many were sealed."""
        if time.monotonic() >= self._again:
            self._begin()  # so that what nobody has thought of is found too
        before, reached = self._transactions()
        sealed, after = 0, self.settled
        while not stop():
            done = _seal_batch(after)
            if done is None:  # another sealer is at it: what is behind it is not known here
                return sealed
            sealed += len(done)
            if len(done) < BATCH:
                self._advance(before, reached)
                self._tell_head()
                break
            after = done[-1].pk  # what comes below it meanwhile is for the next turn
        return sealed

    def _transactions(self) -> tuple[tuple[int, int], int]:
        """The oldest open transaction and the next one, as numbers; the last id drawn."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_snapshot_xmin(it)::text::bigint, pg_snapshot_xmax(it)::text::bigint,"
                " (SELECT last_value FROM accounts_auditentry_id_seq)"
                " FROM pg_current_snapshot() AS it"
            )
            oldest, following, reached = cursor.fetchone()
        return (oldest, following), reached

    def _advance(self, transactions: tuple[int, int], reached: int) -> None:
        """Take note of what this turn, which began there, has settled.

        The id of the turn before is marked, not this one's: a transaction has its number a moment
        after it has drawn an id.
        """
        oldest, following = transactions
        for settled, waits_for in self._marks:
            if waits_for <= oldest:
                self.settled = settled
        self._marks = [mark for mark in self._marks if mark[0] > self.settled]
        if self._reached > self.settled and (not self._marks or self._reached > self._marks[-1][0]):
            self._marks.append((self._reached, following))
        self._reached = reached

    def _tell_head(self) -> None:
        if time.monotonic() < self._tell:
            return
        self._tell = time.monotonic() + TELL_SECONDS
        last = head()
        logger.info("the audit log is sealed up to number %d: %s", last.number, last.hash.hex())


def seal() -> int:
    """Seal everything that has been committed by now; returns how many."""
    return Sealer().run()


def _seal_batch(after: int) -> Sequence[AuditEntry] | None:
    """Seal the oldest entries without a seal, beyond that id; None while another one seals."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", SEALER_LOCK)
            if not cursor.fetchone()[0]:
                return None
        entries = unsealed(after)
        _append(entries)
        return entries


def unsealed(after: int) -> Sequence[AuditEntry]:
    """The entries beyond that id without a seal, the oldest first; at most ``BATCH``."""
    return list(
        AuditEntry.objects.raw(
            "SELECT * FROM accounts_auditentry AS entry WHERE id > %s AND NOT EXISTS ("
            "SELECT FROM accounts_auditseal WHERE entry_id = entry.id AND entry_id > %s"
            ") ORDER BY id LIMIT %s",
            [after, after, BATCH],
        )
    )


def _append(entries: Sequence[AuditEntry]) -> None:
    last = head()
    number, value = last.number, last.hash
    seals = []
    for entry in entries:
        number += 1
        digest = digest_of(entry)
        value = link(value, digest)
        seals.append(AuditSeal(number=number, entry_id=entry.pk, digest=digest, hash=value))
    AuditSeal.objects.bulk_create(seals)
