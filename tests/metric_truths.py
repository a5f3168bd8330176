"""What /metrics must tell, put together from the rows that each number speaks of.

Sums that the site keeps for its metrics (the ledger's, tallies, sums of service levels) are not
looked at here: pages, jobs, runs and objectives are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Sum

from accounts.models import AuditEntry, Plan
from jobs.errors import OUR_FAULTS
from jobs.models import Delivery, Job, Page, Priority, SiteAnswer, Status
from jobs.tallies import BOUNDS
from learning.models import TrainingRun

Truth = dict[frozenset[tuple[str, str]], float]
JUDGED = (Status.SUCCEEDED, Status.PARTIAL, Status.FAILED)


def by(names: str, rows: Iterable[Any]) -> Truth:
    """What has been counted, by labels; rows are the labels' values and the number."""
    return {
        frozenset(zip(names.split(), map(str, values), strict=True)): float(number)
        for *values, number in rows
        if number
    }


def of_jobs_and_deliveries() -> dict[str, Truth]:
    """By state."""
    return {
        "ocrsite_jobs": by(
            "status engine priority",
            [
                (status, engine, Priority(priority).label.lower(), number)
                for status, engine, priority, number in Job.objects.order_by()
                .values_list("status", "engine", "priority")
                .annotate(Count("pk"))
            ],
        ),
        "ocrsite_deliveries": by(
            "status", Delivery.objects.order_by().values_list("status").annotate(Count("pk"))
        ),
        "ocrsite_training_runs": by(
            "status", TrainingRun.objects.order_by().values_list("status").annotate(Count("pk"))
        ),
    }


def of_pages() -> dict[str, Truth]:
    """By the engine that was asked, of pages that were read for their job; seconds of runs too."""
    pages = Page.objects.filter(job__cached=False).exclude(engine="").order_by()
    read = pages.filter(failed=False)
    seconds = [*read.values_list("job__engine").annotate(Sum("seconds"))]
    within = [
        (engine, bound, read.filter(job__engine=engine, seconds__lte=float(bound)).count())
        for engine in read.values_list("job__engine", flat=True).distinct()
        for bound in (*map(str, BOUNDS), "inf")
    ]
    outcomes = pages.values_list("job__engine", "failed", "degraded").annotate(Count("pk"))
    learned = TrainingRun.objects.exclude(finished_at=None).aggregate(seconds=Sum("seconds"))
    return {
        "ocrsite_billed_pages": by("engine", read.values_list("job__engine").annotate(Count("pk"))),
        "ocrsite_compute_seconds": by("engine", [*seconds, ("training", learned["seconds"])]),
        "ocrsite_engine_pages_total": by(
            "engine outcome",
            [
                (engine, "failed" if failed else "degraded" if degraded else "read", number)
                for engine, failed, degraded, number in outcomes
            ],
        ),
        "ocrsite_engine_tokens_total": by(
            "engine", pages.values_list("job__engine").annotate(Sum("tokens"))
        ),
        "ocrsite_engine_page_seconds_count": by(
            "engine", read.values_list("job__engine").annotate(Count("pk"))
        ),
        "ocrsite_engine_page_seconds_sum": by("engine", seconds),
        "ocrsite_engine_page_seconds_bucket": by(
            "engine le",
            [(engine, "+Inf" if bound == "inf" else bound, n) for engine, bound, n in within],
        ),
    }


def of_promised_jobs() -> dict[str, Truth]:
    """Each ended job that was read for itself, judged by its plan's objective."""
    judged: Counter[tuple[str, str, str]] = Counter()
    allowed: dict[tuple[str, str], Decimal] = {}
    for job in Job.objects.filter(cached=False, status__in=JUDGED).select_related("tenant__plan"):
        plan, priority = job.tenant.plan, Priority(job.priority).label.lower()
        if plan is None:
            continue
        meant = plan.turnaround_objectives.filter(priority=job.priority).first()
        if meant is None:
            continue
        assert job.finished_at is not None
        took = (job.finished_at - job.created_at).total_seconds()
        late = took > meant.seconds + float(meant.seconds_a_page) * (job.pages_total or 1)
        ours = job.status == Status.FAILED and (job.error or {})["code"] in OUR_FAULTS
        judged[plan.name, priority, "missed" if late or ours else "kept"] += 1
        key = (plan.name, priority)
        allowed[key] = allowed.get(key, Decimal(0)) + (100 - meant.share) / 100
    return {
        "ocrsite_sla_jobs_total": by(
            "plan priority outcome", [(*labels, number) for labels, number in judged.items()]
        ),
        "ocrsite_sla_jobs_allowed_total": by(
            "plan priority", [(*labels, number) for labels, number in allowed.items()]
        ),
    }


def of_promised_calls(
    answers: Mapping[tuple[str, int], int], plans: Mapping[str, Plan]
) -> dict[str, Truth]:
    """``answers`` are how many had a status, by key; ``plans`` those of the keys that are known."""
    judged: Counter[tuple[str, str]] = Counter()
    allowed: dict[str, Decimal] = {}
    for (key, status), number in answers.items():
        plan = plans.get(key)
        if plan is None or plan.availability is None:
            continue
        judged[plan.name, "missed" if status >= 500 else "kept"] += number
        more = number * (100 - plan.availability) / 100
        allowed[plan.name] = allowed.get(plan.name, Decimal(0)) + more
    return {
        "ocrsite_sla_calls_total": by(
            "plan outcome", [(*labels, number) for labels, number in judged.items()]
        ),
        "ocrsite_sla_calls_allowed_total": by("plan", allowed.items()),
    }


def ages() -> dict[str, float]:
    """What grows while one looks: seconds, at least so many from now on."""
    oldest = AuditEntry.objects.order_by("pk").values_list("at", flat=True)[0]  # none is sealed
    asked = SiteAnswer.objects.order_by("-minute").values_list("minute", flat=True)[0]
    now = datetime.now(UTC)
    return {
        "ocrsite_audit_unsealed_seconds": (now - oldest).total_seconds(),
        "ocrsite_site_asked_seconds": (now - asked).total_seconds(),
    }
