"""/metrics for Prometheus: the web processes' own counters, and the state of jobs read by SQL.

What is in the database is counted there at scrape time, so that it is right whatever the number
of processes. The web tier's request metrics (django-prometheus) are summed over its processes
when PROMETHEUS_MULTIPROC_DIR is set, which ``make run`` and the container do.
"""

from __future__ import annotations

import ipaddress
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import accumulate

import redis
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from accounts import audit_seals
from accounts.models import Tenant, UsageRecord
from accounts.row_security import unscoped
from extraction import engines
from jobs import deliveries, pauses, queue, storage, tallies
from jobs.live_workers import live_workers
from jobs.models import Job, Priority, Task
from jobs.models.engines import counted_as
from learning.models import TrainingRun
from ocrsite.kept_counts import counted
from ocrsite.service_metrics import service_levels

LATER = "later"  # the state of tasks that wait for their time
BREAKER_STATES = {"closed": 0, "half_open": 1, "open": 2}
STORAGE_SECONDS = 5.0  # for which its answer is kept, however often and by whom is scraped

_storage: dict[str, tuple[float, bool]] = {}  # until when, and whether it has answered


class JobsCollector(Collector):
    """Jobs, queue and usage over all tenants."""

    def collect(self) -> Iterable[Metric]:
        for name, title, read in (
            ("ocrsite_database_up", "Whether PostgreSQL answers", self._rows),
            ("ocrsite_redis_up", "Whether Redis answers", self._queue),
        ):
            up = 1
            try:
                yield from list(read())
            except (OperationalError, InterfaceError, redis.RedisError):
                up = 0
            yield GaugeMetricFamily(name, title, value=up)
        yield GaugeMetricFamily(
            "ocrsite_storage_up", "Whether the storage of files answers", value=_storage_answers()
        )

    def _rows(self) -> Iterator[Metric]:
        """What PostgreSQL knows."""
        jobs = GaugeMetricFamily(
            "ocrsite_jobs",
            "Jobs kept, by state, engine and priority",
            labels=["status", "engine", "priority"],
        )
        rows = Job.objects.order_by().values_list("status", "engine", "priority")
        kept: Counter[tuple[str, str, str]] = Counter()
        for status, engine, priority, count in counted("jobs", rows.annotate(Count("pk"))):
            kept[status, counted_as(engine), Priority(priority).label.lower()] += count
        for labels, count in kept.items():
            jobs.add_metric(labels, count)
        yield jobs
        tasks = GaugeMetricFamily(
            "ocrsite_tasks",
            "Tasks left to do, by pool, state (later: put off, not due yet) and priority",
            labels=["pool", "state", "priority"],
        )
        oldest = GaugeMetricFamily(
            "ocrsite_queue_oldest_seconds",
            "For how long the waiting task has been due that has been so the longest",
            labels=["pool"],
        )
        ages = dict.fromkeys(queue.POOLS, 0.0)
        now = timezone.now()
        for row in queue.depths():
            waits = row.state == Task.State.WAITING
            state = row.state if row.due or not waits else LATER
            tasks.add_metric([row.pool, state, row.priority], row.tasks)
            if waits and row.due:
                ages[row.pool] = max(ages[row.pool], (now - row.due_since).total_seconds())
        for pool, age in ages.items():
            oldest.add_metric([pool], age)
        yield tasks
        yield oldest
        paused = GaugeMetricFamily(
            "ocrsite_pool_paused", "1 where operators hold a pool's work back", labels=["pool"]
        )
        held = {row.pool for row in pauses.paused_pools()}
        for pool in queue.POOLS:
            paused.add_metric([pool], pool in held)
        yield paused
        yield GaugeMetricFamily(
            "ocrsite_organisations_paused",
            "Organisations whose work operators hold back",
            value=Tenant.objects.filter(paused_at__isnull=False).count(),
        )
        used = GaugeMetricFamily(
            "ocrsite_billed_pages", "Pages in the usage ledger, by engine", labels=["engine"]
        )
        seconds = GaugeMetricFamily(
            "ocrsite_compute_seconds", "Seconds of work in the usage ledger", labels=["engine"]
        )
        records = UsageRecord.objects.order_by().values_list("engine")
        sums = records.annotate(Sum("pages"), Sum("compute_seconds"))
        pages_of: Counter[str] = Counter()
        seconds_of: dict[str, float] = {}
        for engine, pages, spent in counted("usage", sums):
            name = counted_as(engine)
            pages_of[name] += pages
            seconds_of[name] = seconds_of.get(name, 0.0) + spent
        for name, pages in pages_of.items():
            used.add_metric([name], pages)
            seconds.add_metric([name], seconds_of[name])
        yield used
        yield seconds
        yield from _engines()
        runs = GaugeMetricFamily(
            "ocrsite_training_runs", "Training runs kept, by state", labels=["status"]
        )
        states = TrainingRun.objects.order_by().values_list("status").annotate(Count("pk"))
        for status, count in counted("training", states):
            runs.add_metric([status], count)
        yield runs
        told = GaugeMetricFamily(
            "ocrsite_deliveries", "Webhook deliveries kept, by outcome", labels=["status"]
        )
        for outcome, count in deliveries.counts().items():
            told.add_metric([outcome], count)
        yield told
        yield GaugeMetricFamily(
            "ocrsite_deliveries_overdue_seconds",
            "For how long the delivery has been due that waits the longest",
            value=deliveries.overdue_seconds(),
        )
        yield GaugeMetricFamily(
            "ocrsite_audit_unsealed_seconds",
            "For how long the oldest entry of the audit log has been without a seal",
            value=audit_seals.unsealed_seconds(),
        )
        yield from service_levels()

    def _queue(self) -> Iterator[Metric]:
        """What Redis knows."""
        bells = GaugeMetricFamily("ocrsite_bells", "Wake-ups waiting in Redis", labels=["pool"])
        for pool in queue.POOLS:
            bells.add_metric([pool], queue.bells(pool))
        yield bells
        breakers = GaugeMetricFamily(
            "ocrsite_engine_breaker",
            "Before an engine on another machine: 0 closed, 1 on trial, 2 open",
            labels=["engine"],
        )
        for breaker in engines.breakers():
            breakers.add_metric([breaker.name], BREAKER_STATES[breaker.state().state])
        yield breakers
        workers = live_workers() or []
        yield GaugeMetricFamily("ocrsite_workers", "Live workers", value=len(workers))
        yield GaugeMetricFamily(
            "ocrsite_workers_unfiltered",
            "Live workers whose decoders the system does not filter",
            value=sum(worker.filtered is False for worker in workers),
        )
        memory = GaugeMetricFamily(
            "ocrsite_gpu_memory_bytes",
            "Memory of a worker's GPU: total, available to this worker still, allocated by it",
            labels=["worker", "gpu", "kind"],
        )
        for worker in workers:
            for gpu in worker.gpus:
                of_gpu = worker.process, gpu.gpu
                memory.add_metric([*of_gpu, "total"], gpu.total_bytes)
                memory.add_metric([*of_gpu, "available"], gpu.available_bytes)
                memory.add_metric([*of_gpu, "allocated"], gpu.allocated_bytes)
        yield memory


def _engines() -> Iterator[Metric]:
    """Pages, tokens and seconds by the engine that was asked, since the installation began."""
    pages = CounterMetricFamily(
        "ocrsite_engine_pages",
        "Pages of each engine: read, degraded (read by OCR in its place), failed",
        labels=["engine", "outcome"],
    )
    tokens = CounterMetricFamily(
        "ocrsite_engine_tokens", "Tokens that models have written", labels=["engine"]
    )
    seconds = HistogramMetricFamily(
        "ocrsite_engine_page_seconds", "Time a page took that did not fail", labels=["engine"]
    )
    for tally in tallies.totals():
        for outcome in ("read", "degraded", "failed"):
            pages.add_metric([tally.engine, outcome], getattr(tally, outcome))
        tokens.add_metric([tally.engine], tally.tokens)
        bounds = [*map(str, tallies.BOUNDS), "+Inf"]
        buckets = list(zip(bounds, accumulate(tally.within), strict=True))
        seconds.add_metric([tally.engine], buckets, sum_value=tally.seconds)
    yield pages
    yield tokens
    yield seconds


def _storage_answers() -> bool:
    """As it was some seconds ago at most. What it does not answer within 3 is told as away."""
    now = time.monotonic()
    until, answers = _storage.get("up", (0.0, False))
    if now >= until:
        answers = storage.available()
        _storage["up"] = time.monotonic() + STORAGE_SECONDS, answers
    return answers


def metrics(request: HttpRequest) -> HttpResponse:
    """The metrics in Prometheus' text format; with METRICS_TOKEN, for its bearer only."""
    if not _allowed(request):
        return HttpResponseForbidden("Set METRICS_TOKEN and send it as a bearer token.\n")
    if settings.PROMETHEUS_MULTIPROC_DIR:
        registry = CollectorRegistry()
        MultiProcessCollector(registry, settings.PROMETHEUS_MULTIPROC_DIR)
    else:
        registry = REGISTRY
    jobs = CollectorRegistry()
    jobs.register(JobsCollector())
    with unscoped():
        body = generate_latest(registry) + generate_latest(jobs)
    return HttpResponse(body, content_type=CONTENT_TYPE_LATEST)


def _allowed(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return constant_time_compare(given, settings.METRICS_TOKEN)
    try:
        near = ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        near = False
    return near and "X-Forwarded-For" not in request.headers
