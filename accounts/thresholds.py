"""Telling an organisation how much of its pages it has used: 50, 80 and 100 %, once each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from django.conf import settings
from django.db import connection, transaction

from accounts import audit
from accounts.models import Tenant
from accounts.owner_mail import one_line, tell_owners
from accounts.quotas import PagesUsed

PERCENTS = (50, 80, 100)


@dataclass(frozen=True, slots=True)
class Crossing:
    """A threshold that was reached: ``used`` of ``limit`` pages of the period."""

    period: str
    percent: int
    used: int
    limit: int


def cross(tenant: Tenant, pages: Sequence[PagesUsed]) -> list[Crossing]:
    """The thresholds that have been reached and not been told of yet, inside a transaction.

    Each is written down and into the audit log; the owners are sent an e-mail of the highest one of
    each period, after the commit. What else is to be told is the caller's.
    """
    crossings = [
        Crossing(each.period, percent, each.used, each.limit)
        for each in pages
        if each.limit
        for percent in PERCENTS
        if each.used * 100 >= each.limit * percent and first(tenant, each, percent)
    ]
    for crossing in crossings:
        audit.record(
            actor=None,
            tenant=tenant,
            action="usage.threshold",
            obj=tenant,
            after={
                "period": crossing.period,
                "percent": crossing.percent,
                "used": crossing.used,
                "limit": crossing.limit,
            },
        )
    highest = {crossing.period: crossing for crossing in crossings}
    for crossing in highest.values():
        transaction.on_commit(partial(_send, tenant, crossing), robust=True)
    return crossings


def first(tenant: Tenant, pages: PagesUsed, percent: int) -> bool:
    """Write down that the threshold was reached; False if it was written down before."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_thresholdnotice"
            ' (tenant_id, period, percent, used, "limit", created_at)'
            " VALUES (%s, %s, %s, %s, %s, now()) ON CONFLICT DO NOTHING",
            [tenant.pk, pages.period, percent, pages.used, pages.limit],
        )
        return cursor.rowcount == 1


def _send(tenant: Tenant, crossing: Crossing) -> None:
    kind, _, time = crossing.period.partition(":")
    over = crossing.percent >= 100
    tell_owners(
        tenant,
        f"{crossing.percent} % of the {kind}'s pages are used",
        f"{one_line(tenant.name)} has used {crossing.used:,} of the {crossing.limit:,} pages of "
        f"its plan for {time}.\n\n"
        + (
            f"Further documents are refused until the next {kind} begins (UTC).\n"
            if over
            else "Documents beyond the plan's pages will be refused.\n"
        )
        + f"\n{settings.SITE_URL}\n",
    )
