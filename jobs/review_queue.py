"""The queue of reviews as people see it: what waits, what comes next, how fast it goes.

Rows are found by the indexes of ``Review``; nothing here changes one but ``take_next``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from django.db.models import Avg, Count, F, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import Tenant
from accounts.tenancy import Actor
from extraction.errors import InvalidOption
from jobs import review
from jobs.errors import NotInReview, ReviewTaken
from jobs.models import Job, Review
from jobs.revisions import author_of

Order = Literal["oldest", "unsure"]
ORDERS: dict[str, tuple[str, ...]] = {"oldest": ("job",), "unsure": ("confidence", "job")}
HOLDERS = ("", "free", "mine", "others")
REASONS = ("", "missing", "unsure", "inconsistent")
NO_TEMPLATE = "-"  # in place of a template's name
MOST_COUNTED = 100  # in the menu: from here on "99+"
TRIES = 5  # documents that others take just now before one is got


@dataclass(frozen=True, slots=True)
class Filters:
    """Which reviews are meant: ``template`` by its name, why, who has them; and their order."""

    order: Order = "oldest"
    template: str = ""
    reason: str = ""
    holder: str = ""

    def __post_init__(self) -> None:
        """Raises ``InvalidOption``."""
        for name, known in (("order", ORDERS), ("reason", REASONS), ("holder", HOLDERS)):
            if getattr(self, name) not in known:
                raise InvalidOption(f"{name}: there is no {getattr(self, name)!r}.")


@dataclass(frozen=True, slots=True)
class Speed:
    """Documents that a person has confirmed today, and the mean of the seconds each took."""

    documents: int
    seconds: float | None


def waiting(tenant: Tenant) -> QuerySet[Review]:
    """The tenant's reviews that nobody has confirmed."""
    return Review.objects.for_tenant(tenant).filter(status=Review.Status.OPEN)


def count_for_menu(actor: Actor) -> int:
    """How many wait, counted up to ``MOST_COUNTED``; 0 for who may not do them."""
    if not actor.may("fields:correct"):
        return 0
    return waiting(actor.tenant).order_by("job").values("job")[:MOST_COUNTED].count()


def chosen(actor: Actor, filters: Filters) -> QuerySet[Review]:
    """The reviews that are meant, in their order."""
    rows = waiting(actor.tenant)
    taken = Q(taken_until__isnull=False, taken_until__gt=Now())
    mine = Q(taken_by=actor.user, taken_key=actor.api_key)
    match filters.holder:
        case "free":
            rows = rows.exclude(taken)
        case "mine":
            rows = rows.filter(taken & mine)
        case "others":
            rows = rows.filter(taken).exclude(mine)
    if filters.reason:
        rows = rows.filter(reasons__contains=[{"code": filters.reason}])
    if filters.template:
        name = "" if filters.template == NO_TEMPLATE else filters.template
        rows = rows.filter(template=name)
    return rows.order_by(*ORDERS[filters.order])


def after(rows: QuerySet[Review], filters: Filters, last: Review) -> QuerySet[Review]:
    """Those of the rows that come after one of them."""
    if filters.order == "oldest":
        return rows.filter(job__gt=last.job_id)
    same = Q(confidence=last.confidence, job__gt=last.job_id)
    return rows.filter(
        Q(confidence__gte=last.confidence) & (Q(confidence__gt=last.confidence) | same)
    )


def rows_of(
    actor: Actor, filters: Filters, last: UUID | None, limit: int
) -> tuple[list[Review], bool]:
    """The next rows after the job ``last``, with their jobs and holders; whether there are more."""
    rows = chosen(actor, filters)
    if last is not None:
        seen = Review.objects.for_tenant(actor.tenant).filter(pk=last).first()
        rows = after(rows, filters, seen) if seen else rows.filter(job__gt=last)
    keys = list(rows.values_list("pk", flat=True)[: limit + 1])  # joined for those alone
    whole = Review.objects.for_tenant(actor.tenant).filter(pk__in=keys[:limit])
    found = {row.pk: row for row in whole.select_related("job__file", "taken_by", "taken_key")}
    return [found[key] for key in keys[:limit] if key in found], len(keys) > limit


def waiting_by_template(tenant: Tenant) -> dict[str, int]:
    """How many wait, by the name of their template, ``NO_TEMPLATE`` for those by none."""
    rows = waiting(tenant).order_by().values_list("template").annotate(Count("pk"))
    return dict(sorted((name or NO_TEMPLATE, number) for name, number in rows))


def peek(actor: Actor, filters: Filters, last: Review | None) -> Review | None:
    """The next one that nobody has after ``last``, else the first one before it."""
    rows = chosen(actor, _free(filters)).exclude(pk=last.pk if last else None)
    if last is not None:
        found = after(rows, filters, last).first()
        if found is not None:
            return found
    return rows.first()


def take_next(
    actor: Actor, filters: Filters, last: Review | None, *, address: str | None
) -> Review | None:
    """Take the next one that nobody has, and tell it; None where there is none.

    Two who ask at once get two: who comes second to one tries the next.
    """
    for _ in range(TRIES):
        found = peek(actor, filters, last)
        if found is None:
            return None
        try:
            job = Job.objects.for_tenant(actor.tenant).get(pk=found.job_id)
            return review.take(job, actor=actor, address=address)
        except (ReviewTaken, NotInReview, Job.DoesNotExist):
            last = found
    return None


def speed_of(actor: Actor, now: datetime | None = None) -> Speed:
    """How the actor has done since midnight, of the server's time zone."""
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    done = Review.objects.for_tenant(actor.tenant).filter(
        status=Review.Status.CONFIRMED,
        confirmed_by=author_of(actor),
        confirmed_at__gte=midnight,
        confirmed_at__lt=midnight + timedelta(days=1),
    )
    told: dict[str, Any] = done.aggregate(
        documents=Count("pk"), each=Avg(F("confirmed_at") - F("taken_at"))
    )
    each = told["each"]
    return Speed(told["documents"], each.total_seconds() if each is not None else None)


def counts(reasons: Sequence[dict[str, Any]]) -> dict[str, int]:
    """How many fields are named for each of ``REASONS``."""
    fields: dict[str, set[Any]] = {}
    for reason in reasons:
        key = (reason["field"], reason["document"])
        fields.setdefault(reason["code"], set()).add(key)
    return {code: len(fields[code]) for code in REASONS if code in fields}


def _free(filters: Filters) -> Filters:
    return Filters(filters.order, filters.template, filters.reason, "free")
