"""How an organisation stands today, by few small queries of sums and counters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Sum

from accounts import budgets
from accounts.budgets import BudgetStanding
from accounts.models import UsageSum
from accounts.quota_counters import OPEN_JOBS, PAGES_PER_MONTH
from accounts.quota_standings import Standing, standings
from accounts.tenancy import Actor
from jobs.models import Job, Review

LATEST = 8  # documents
MOST_COUNTED = 100  # reviews: beyond, "100+" is as good


@dataclass(frozen=True, slots=True)
class Today:
    """What the documents sent since midnight (UTC) came to, and how many are ``open`` of any day.

    ``ended`` counts the runs of jobs, ``failed`` those among them; ``pages`` were read.
    """

    ended: int
    failed: int
    pages: int
    open: int


@dataclass(frozen=True, slots=True)
class Overview:
    """What the actor may know of it: ``month`` and ``budget`` are None where they may not, or where
    there is none; ``to_review`` counts documents, at most `MOST_COUNTED`."""

    today: Today
    latest: list[Job]
    counted_month: Standing
    month: Standing | None
    budget: BudgetStanding | None
    to_review: int | None

    @property
    def live(self) -> bool:
        """Whether it will soon be another."""
        return any(not job.ended for job in self.latest)

    @property
    def empty(self) -> bool:
        """Whether nothing has been sent, or all of it deleted."""
        return not self.latest

    @property
    def many_to_review(self) -> bool:
        """Whether there are as many as are counted, or more."""
        return self.to_review is not None and self.to_review >= MOST_COUNTED


def overview_of(actor: Actor) -> Overview:
    """How the actor's organisation stands; as many queries whatever it has sent."""
    now = {each.quota: each for each in standings(actor.tenant)}
    month = now[PAGES_PER_MONTH]
    sums = UsageSum.objects.for_tenant(actor.tenant).filter(day=month.now.date())
    added: dict[str, Any] = sums.aggregate(
        ended=Sum("rows", default=0), bad=Sum("failed", default=0), read=Sum("pages", default=0)
    )
    jobs = Job.objects.for_tenant(actor.tenant).select_related("file").order_by("-pk")
    return Overview(
        today=Today(added["ended"], added["bad"], added["read"], max(now[OPEN_JOBS].used, 0)),
        latest=list(jobs[:LATEST]),
        counted_month=month,
        month=month if actor.may("usage:read") else None,
        budget=budgets.standing(actor.tenant) if actor.may("billing:read") else None,
        to_review=_to_review(actor) if actor.may("fields:correct") else None,
    )


def _to_review(actor: Actor) -> int:
    open_ones = Review.objects.for_tenant(actor.tenant).filter(status=Review.Status.OPEN)
    return open_ones.order_by()[:MOST_COUNTED].count()
