"""For /metrics: what plans promise and how it is kept, over all organisations, by plan."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet, Sum
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from accounts.models import CallSum
from jobs.models import Priority, ServiceSum, SiteAnswer
from ocrsite.kept_counts import counted


def service_levels() -> Iterator[Metric]:
    """What was under a promise, what missed it and what may."""
    calls = CounterMetricFamily(
        "ocrsite_sla_calls",
        "Calls of the API under a promise: kept, missed (answered 500 and above)",
        labels=["plan", "outcome"],
    )
    calls_allowed = CounterMetricFamily(
        "ocrsite_sla_calls_allowed", "Of them, as many as may miss it", labels=["plan"]
    )
    names = ("promised", "missed", "allowed")
    sums = [Sum(name) for name in names]
    rows: QuerySet[Any, Any] = CallSum.objects.filter(promised__gt=0).order_by()
    for plan, promised, missed, allowed in counted(
        "calls", rows.values_list("plan").annotate(*sums)
    ):
        calls.add_metric([plan, "kept"], promised - missed)
        calls.add_metric([plan, "missed"], missed)
        calls_allowed.add_metric([plan], float(allowed))
    yield calls
    yield calls_allowed
    jobs = CounterMetricFamily(
        "ocrsite_sla_jobs",
        "Ended jobs under a promise: kept, missed (late, or failed by our fault)",
        labels=["plan", "priority", "outcome"],
    )
    jobs_allowed = CounterMetricFamily(
        "ocrsite_sla_jobs_allowed",
        "Of them, as many as may miss it",
        labels=["plan", "priority"],
    )
    rows = ServiceSum.objects.filter(promised__gt=0).order_by()
    for plan, number, promised, missed, allowed in counted(
        "service", rows.values_list("plan", "priority").annotate(*sums)
    ):
        priority = Priority(number).label.lower()
        jobs.add_metric([plan, priority, "kept"], promised - missed)
        jobs.add_metric([plan, priority, "missed"], missed)
        jobs_allowed.add_metric([plan, priority], float(allowed))
    yield jobs
    yield jobs_allowed
    answered = GaugeMetricFamily(
        "ocrsite_site_answered", "1 where the site answered the sweeper's last question"
    )
    asked = GaugeMetricFamily(
        "ocrsite_site_asked_seconds", "How long ago the minute began in which it was asked"
    )
    last = SiteAnswer.objects.order_by("-minute").first()
    if last is not None:
        answered.add_metric([], last.answered)
        asked.add_metric([], (datetime.now(UTC) - last.minute).total_seconds())
    yield answered
    yield asked
