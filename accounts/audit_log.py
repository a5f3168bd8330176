"""The audit log read by an organisation: its own entries, newest first, narrowed by filters.

Each filter has an index that serves it (`accounts.models.AuditEntry`), alone and with the others.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from accounts.audit_actions import those_of
from accounts.keys import MARK
from accounts.models import AuditEntry, Tenant

BATCH = 1_000
ABSENT = object()


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries; what is empty does not count.

    ``actor`` is the beginning of a name (an e-mail address, a key's prefix), ``actor_id`` the id of
    a person or key, ``action`` one action or the part before its dot. Until is exclusive.
    """

    actor: str = ""
    actor_id: UUID | None = None
    action: str = ""
    object_type: str = ""
    object_id: str = ""
    address: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def given(self) -> dict[str, str]:
        """The filters that are set, as text."""
        return {name: str(value) for name, value in asdict(self).items() if value}


@dataclass(frozen=True, slots=True)
class Change:
    """A part of what an entry tells: its name, and its value before and after as text."""

    name: str
    before: str
    after: str


def entries(tenant: Tenant, wanted: Wanted) -> QuerySet[AuditEntry]:
    """The organisation's entries, newest first."""
    return narrowed(AuditEntry.objects.for_tenant(tenant).order_by("-at", "-id"), wanted)


def narrowed(rows: QuerySet[AuditEntry], wanted: Wanted) -> QuerySet[AuditEntry]:
    """Of the rows those that are wanted."""
    if wanted.actor:
        key = wanted.actor.startswith(MARK)
        rows = rows.filter(actor__startswith=f"key {wanted.actor}" if key else wanted.actor)
    if wanted.actor_id:
        rows = rows.alias(by=Coalesce("api_key", "user")).filter(by=wanted.actor_id)
    if wanted.action:
        rows = rows.filter(action__in=those_of(wanted.action))
    if wanted.object_type:
        rows = rows.filter(object_type=wanted.object_type)
    if wanted.object_id:
        rows = rows.filter(object_id=wanted.object_id)
    if wanted.address:
        rows = rows.filter(address=wanted.address)
    if wanted.since:
        rows = rows.filter(at__gte=wanted.since)
    if wanted.until:
        rows = rows.filter(at__lt=wanted.until)
    return rows


def before(rows: QuerySet[AuditEntry], entry: AuditEntry) -> QuerySet[AuditEntry]:
    """Of the rows those that come after the entry in the list: the older ones."""
    return rows.filter(Q(at__lt=entry.at) | Q(at=entry.at, id__lt=entry.pk), at__lte=entry.at)


def each(rows: QuerySet[AuditEntry]) -> Iterator[AuditEntry]:
    """All of them, read some at a time: no transaction stays open meanwhile."""
    part = list(rows[:BATCH])
    while part:
        yield from part
        part = list(before(rows, part[-1])[:BATCH]) if len(part) == BATCH else []


def changes(entry: AuditEntry) -> list[Change]:
    """What the entry tells beside who, what and where."""
    old, new = entry.before or {}, entry.after or {}
    return [Change(name, _text(old, name), _text(new, name)) for name in {**old, **new}]


def _text(values: dict[str, Any], name: str) -> str:
    value = values.get(name, ABSENT)
    if value is ABSENT:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
