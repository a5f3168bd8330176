"""/metrics of two web processes and two workers, one of each killed meanwhile, against the truth.

What the database knows is compared with the database; what it does not know (refusals, requests),
with what the callers were answered. What these processes write to their log is looked at as well,
and the traces that they send when they end.
"""

from __future__ import annotations

import json
import secrets
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from django.db.models import Count, Sum
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from accounts.keys import create_api_key
from accounts.models import Plan, UsageRecord
from jobs import queue, sweep
from jobs.live_workers import live_workers
from jobs.models import Delivery, Job, Page, Pause, Status, Task
from jobs.sending import Sender
from tests.documents import encrypted_pdf, text_pdf
from tests.jobs.hooking import ALLOWED, hook
from tests.jobs.receiving import answering, receiver
from tests.listening import Server, web_server
from tests.people import Organisation, organisation
from tests.processes import ROOT, process, until
from tests.span_collector import SpanCollector, span_collector

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]
WORKER = """
from django.core.management import call_command
call_command("worker")
"""
ENVIRONMENT = {
    "DEFAULT_ENGINE": "text-layer",
    "RESULT_CACHE_SECONDS": "3600",
    "LEASE_SECONDS": "5",
    "HEARTBEAT_SECONDS": "1",
    "LOG_FORMAT": "json",
    "PYTHONPATH": str(ROOT),  # of decoders too
    "OTEL_BSP_SCHEDULE_DELAY": "3600000",  # spans are sent when many wait, or at the end
}
SENTINEL = "Zyzzyva"  # in texts and names
CALLER = "00f067aa0ba902b7"  # the span that calls
LONG = 64  # pages
Truth = dict[frozenset[tuple[str, str]], float]


class Callers:
    """Programs that call the site; how they were answered is counted."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.requests: Counter[str] = Counter()  # by method
        self.statuses: Counter[str] = Counter()
        self.codes: Counter[str] = Counter()  # of refusals
        self.states: Counter[str] = Counter()  # of jobs, as they were submitted
        self.traces: dict[str, str] = {}  # of jobs
        self._lock = threading.Lock()

    def call(self, method: str, path: str, key: str, **more: Any) -> Any:
        """The answer's body, over a connection of its own."""
        answer = requests.request(
            method,
            self.server.url + path,
            headers={
                "Authorization": f"Bearer {key}",
                "traceparent": f"00-{secrets.token_hex(16)}-{CALLER}-01",
            },
            timeout=60,
            **more,
        )
        trace = answer.request.headers["traceparent"][3:35]
        with self._lock:
            self.requests[method] += 1
            self.statuses[str(answer.status_code)] += 1
            body = answer.json()
            if answer.status_code >= 400:
                self.codes[body["code"]] += 1
            elif method == "POST" and path == "/api/v1/ocr/jobs":
                self.states[body["status"]] += 1
                self.traces[body["id"]] = trace
        return body

    def submit(self, key: str, body: bytes) -> Any:
        """The job, or the refusal."""
        return self.call("POST", "/api/v1/ocr/jobs", key, files={"file": (f"{SENTINEL}.pdf", body)})


def page(text: str) -> bytes:
    """A document of one page."""
    return text_pdf([f"Delivery note of {SENTINEL} {text}, with text enough to be read."])


def ended() -> bool:
    """Whether nothing is left to do; looks after what dead workers left."""
    sweep.sweep()
    return not Job.objects.filter(status__in=(Status.QUEUED, Status.RUNNING)).exists()


def killed_at_work(workers: dict[int, Any]) -> int | None:
    """Kill a worker that is at a task of which something has been read; its process id."""
    for name in Task.objects.filter(state="running", job__pages_done__gt=0).values_list(
        "worker", flat=True
    ):
        pid = int(name.rpartition(":")[2])
        worker = psutil.Process(pid)
        worker.suspend()
        until(lambda w=worker: w.status() == psutil.STATUS_STOPPED)  # type: ignore[misc]
        if Task.objects.filter(state="running", worker=name).exists():
            workers[pid].kill()
            workers[pid].wait()
            return pid
        worker.resume()  # it was quicker
    return None


def scraped(server: Server) -> dict[str, Truth]:
    """Every number of /metrics that is not 0, by name and labels."""
    answer = requests.get(f"{server.url}/metrics", timeout=60)
    assert answer.status_code == 200
    found: dict[str, Truth] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            if sample.value:
                found.setdefault(sample.name, {})[frozenset(sample.labels.items())] = sample.value
    return found


def by(names: str, rows: Any) -> Truth:
    """What has been counted, by labels; rows are the labels' values and the number."""
    return {
        frozenset(zip(names.split(), map(str, values), strict=True)): float(number)
        for *values, number in rows
        if number
    }


def from_the_database() -> dict[str, Truth]:
    """The truth that PostgreSQL has."""
    read = Page.objects.filter(job__cached=False).exclude(engine="")
    pages = read.order_by().values_list("job__engine", "failed").annotate(Count("pk"))
    records = UsageRecord.objects.order_by().values_list("engine")
    return {
        "ocrsite_jobs": by(
            "status engine",
            Job.objects.order_by().values_list("status", "engine").annotate(Count("pk")),
        ),
        "ocrsite_billed_pages": by("engine", records.annotate(Sum("pages"))),
        "ocrsite_engine_pages_total": by(
            "engine outcome",
            [(engine, "failed" if failed else "read", number) for engine, failed, number in pages],
        ),
        "ocrsite_engine_page_seconds_count": by(
            "engine", [(engine, number) for engine, failed, number in pages if not failed]
        ),
        "ocrsite_deliveries": by(
            "status", Delivery.objects.order_by().values_list("status").annotate(Count("pk"))
        ),
        "ocrsite_database_up": by("", [(1,)]),
        # nothing is left to do
        "ocrsite_tasks": {},
        "ocrsite_queue_oldest_seconds": {},
        "ocrsite_pool_paused": {},
        "ocrsite_deliveries_overdue_seconds": {},
    }


def from_the_callers(callers: Callers) -> dict[str, Truth]:
    """The truth that those have who called, or who started the processes."""
    looked = Job.objects.exclude(cache_key=None)
    hits = callers.states["succeeded"]  # at once
    waited = looked.exclude(same_as=None).count() - hits
    return {
        "ocrsite_cache_lookups_total": by(
            "result",
            [
                ("hit", hits),
                ("shared", waited),
                ("miss", looked.filter(same_as=None).count()),
            ],
        ),
        "ocrsite_rate_limited_total": by("group", [("submit", callers.codes["rate_limited"])]),
        "ocrsite_quota_refused_total": by(
            "quota", [("pages_per_day", callers.codes["quota_exceeded"])]
        ),
        "ocrsite_refused_total": by(
            "reason",
            [
                ("permission", callers.codes["permission_denied"]),
                ("key", callers.codes["not_authenticated"]),
            ],
        ),
        "django_http_responses_total_by_status_total": by("status", callers.statuses.items()),
        "django_http_requests_total_by_method_total": by("method", callers.requests.items()),
        "ocrsite_redis_up": by("", [(1,)]),
        "ocrsite_workers": by("", [(1,)]),
        "ocrsite_listeners": {},
        "ocrsite_bells": {},
    }


def who_have_served(folder: Path) -> list[str]:
    """The web processes that have counted requests."""
    return [
        file.name
        for file in folder.glob("ocrsite-metrics-*/counter_*.db")
        for metric in MultiProcessCollector.merge([str(file)], accumulate=True)
        if metric.name == "django_http_requests_total_by_method"
        and sum(sample.value for sample in metric.samples)
    ]


@contextmanager
def site(log: Path, environment: dict[str, Any]) -> Iterator[tuple[Server, dict[int, Any]]]:
    """Two web processes and two workers, these by their process ids; ended as by an operator."""
    with (
        log.open("ab") as told_to,
        web_server(threads=4, log=told_to, WEB_WORKERS="2", **environment) as server,
    ):
        begun = [process(WORKER, log=told_to, **environment) for _ in range(2)]
        try:
            yield server, {each.pid: each for each in begun}
        finally:
            for each in begun:
                each.terminate()
                each.wait(60)


def assert_traced(collector: SpanCollector, trace: str, *, read: bool) -> None:
    """The request and, of what was ``read``, the work have come as parts of the caller's trace."""
    web = collector.one("POST /api/v1/ocr/jobs", trace)
    assert (web.service, web.parent) == ("ocrsite-web", CALLER)
    work = collector.named("job.work", trace)
    assert {(span.service, span.parent) for span in work} == (
        {("ocrsite-worker", web.id)} if read else set()
    )
    parts = {span.parent for span in collector.named("engine.read", trace)}
    assert parts <= {span.id for span in work}
    assert bool(parts) == read


def test_metrics_are_true_under_several_processes_of_which_some_are_killed(
    acme: Organisation, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WEBHOOK_ALLOWED_HOSTS = ALLOWED
    settings.RESULT_CACHE_SECONDS = 3600
    monkeypatch.setattr(sweep, "HEARD_SECONDS", 0)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    small, few = organisation("small"), organisation("few")
    for limited, limits in ((small, {"pages_per_day": 2}), (few, {"calls_per_minute": 3})):
        limited.tenant.plan = Plan.objects.create(name=limited.tenant.slug, title="P", **limits)
        limited.tenant.save()
    _, narrow = create_api_key(
        tenant=acme.tenant, name="narrow", scopes=["usage:read"], created_by=acme.owner
    )
    revoked, shut_out = create_api_key(
        tenant=acme.tenant, name="old", scopes=["usage:read"], created_by=acme.owner
    )
    revoked.revoked_at = revoked.created_at
    revoked.save()
    Pause.objects.create(pool="cpu", paused_by="the test")
    log = tmp_path / "log"
    with (
        receiver() as there,
        span_collector() as collector,
        ThreadPoolExecutor(8) as pool,
        site(
            log,
            ENVIRONMENT | {"VAR_DIR": str(tmp_path), "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url},
        ) as (server, workers),
    ):
        there.behaviours["/gone"] = answering(410)
        hook(acme, f"{there.url}/good", "job.succeeded", "job.failed")
        hook(acme, f"{there.url}/gone", "job.cancelled")
        callers = Callers(server)

        def at_once(*calls: Callable[[], Any]) -> list[Any]:
            return [each.result() for each in [pool.submit(call) for call in calls]]

        def send(who: Organisation, body: bytes) -> Callable[[], Any]:
            return lambda: callers.submit(who.raw_key, body)

        cancelled = at_once(*(send(acme, page(f"cancelled {n}")) for n in range(3)))
        paths = [f"/api/v1/ocr/jobs/{job['id']}/cancel" for job in cancelled]
        at_once(*(partial(callers.call, "POST", path, acme.raw_key) for path in paths))
        at_once(
            *(send(acme, page(f"good {n}")) for n in range(8)),
            *(send(acme, page("the same")) for _ in range(4)),
            *(send(acme, b"%PDF-1.7\nbroken " + bytes([65 + n])) for n in range(3)),
            *(send(acme, encrypted_pdf(f"p{n}")) for n in range(2)),
            *(send(small, page(f"small {n}")) for n in range(5)),
            *(send(few, page(f"few {n}")) for n in range(6)),
            *(partial(callers.submit, narrow, page("narrow")) for _ in range(3)),
            *(partial(callers.submit, shut_out, page("shut out")) for _ in range(2)),
        )
        # what a web process has counted stays when it is killed
        gunicorn = psutil.Process(server.process.pid)
        victim = gunicorn.children()[0]
        victim.send_signal(signal.SIGKILL)
        until(lambda: victim not in gunicorn.children() and len(gunicorn.children()) == 2)
        long = at_once(*(send(acme, text_pdf([f"{SENTINEL} {n}"] * LONG)) for n in range(2)))
        until(lambda: len(live_workers() or []) == 2)
        Pause.objects.all().delete()
        queue.ring("cpu", 2)
        until(lambda: killed_at_work(workers))
        until(ended)
        again = at_once(*(send(acme, page("the same")) for _ in range(3)))
        until(ended)
        Sender().send_due()
        until(lambda: len(live_workers() or []) == 1 and not queue.bells("cpu"))

        assert {each["status"] for each in Job.objects.values("status")} == {
            "succeeded", "failed", "cancelled",
        }  # fmt: skip
        assert callers.codes.keys() == {
            "rate_limited", "quota_exceeded", "permission_denied", "not_authenticated",
        }, callers.codes  # fmt: skip
        assert callers.states["succeeded"] == 3, "served from what was read"
        expected = {**from_the_database(), **from_the_callers(callers)}
        good = Page.objects.filter(failed=False, job__cached=False).count()
        assert sum(expected["ocrsite_billed_pages"].values()) == good > LONG
        delivered = expected["ocrsite_deliveries"][frozenset({("status", "delivered")})]
        assert delivered == len([path for path in there.paths() if path == "/good"])
        for _ in range(4):  # whichever process answers
            told = scraped(server)
            assert {name: told.get(name, {}) for name in expected} == expected
        assert len(who_have_served(tmp_path)) >= 2
    secret = [SENTINEL, acme.raw_key, narrow, shut_out, small.raw_key, few.raw_key]
    assert [text for text in secret if text in log.read_text()] == []
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert {"gunicorn.error"} < {line["logger"] for line in lines}
    of_jobs = [line for line in lines if "job " in line["message"]]
    assert [line for line in of_jobs if line["job_id"] not in line["message"]] == []
    for job in (*long, *again):
        assert_traced(collector, callers.traces[job["id"]], read=job in long)
    assert [text for text in secret if text.encode() in b"".join(collector.bodies)] == []
