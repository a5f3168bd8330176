"""Filters of the list of jobs that people keep: made, shown, deleted."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts import audit
from accounts.tenancy import Actor
from jobs.errors import TooManyFilters
from jobs.models import SavedFilter

MOST = 50  # of a person


@dataclass(frozen=True, slots=True)
class Shown:
    """A filter, and whether the one who sees it may delete it."""

    filter: SavedFilter
    deletable: bool


def shown_to(actor: Actor) -> list[Shown]:
    """Their own and those that are shared, by name."""
    rows = SavedFilter.objects.for_tenant(actor.tenant)
    seen = rows.filter(Q(user=actor.user) | Q(shared=True)).order_by("name", "pk")[: 4 * MOST]
    admin = actor.may("settings:write")
    own = actor.user.pk if actor.user else None
    return [Shown(row, row.user_id == own or (row.shared and admin)) for row in seen]


def deletable_by(actor: Actor) -> QuerySet[SavedFilter]:
    """Those that they may delete: their own, and with the right to change settings shared ones."""
    may = Q(user=actor.user)
    if actor.may("settings:write"):
        may |= Q(shared=True)
    return SavedFilter.objects.for_tenant(actor.tenant).filter(may)


def save(*, actor: Actor, name: str, query: str, shared: bool, address: str | None) -> SavedFilter:
    """Keep a filter, in place of their own of that name. Raises ``TooManyFilters``."""
    assert actor.user is not None
    with transaction.atomic():
        own = SavedFilter.objects.for_tenant(actor.tenant).filter(user=actor.user)
        own.filter(name=name).delete()
        if own.count() >= MOST:
            raise TooManyFilters(limit=MOST)
        row = SavedFilter.objects.create(
            tenant=actor.tenant, user=actor.user, name=name, query=query, shared=shared
        )
        audit.record(
            actor=actor,
            tenant=actor.tenant,
            action="filter.save",
            obj=row,
            after={"shared": shared},
            address=address,
        )
    return row


def delete(row: SavedFilter, *, actor: Actor, address: str | None) -> None:
    """Remove a filter."""
    with transaction.atomic():
        audit.record(
            actor=actor,
            tenant=actor.tenant,
            action="filter.delete",
            obj=row,
            before={"shared": row.shared},
            address=address,
        )
        row.delete()
