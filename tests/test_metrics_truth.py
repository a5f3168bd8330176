"""/metrics of two web processes and two workers, one of each killed meanwhile, against the truth.

Each metric of the site's own is compared: what the database knows with the rows it speaks of
(tests/metric_truths.py), what it does not know (refusals, requests, tokens) with what the callers
were answered and the model's server wrote. What these processes write to their log is looked at as
well, and the traces that they send when they end.
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
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from django.db.models import Sum
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from accounts.keys import create_api_key
from accounts.models import CallSum, Plan, TurnaroundObjective
from extraction.training import TrainingSettings
from jobs import queue, sweep
from jobs.live_workers import live_workers
from jobs.models import Job, Page, Pause, Priority, Status, Task
from jobs.sending import Sender
from jobs.site_probe import Prober
from learning import runs
from learning.models import Dataset, Example, RunStatus, TrainingRun
from tests import metric_truths
from tests.chat_server import chat_server, refuses, writes
from tests.documents import encrypted_pdf, image_png, text_pdf
from tests.jobs.hooking import ALLOWED, hook
from tests.jobs.receiving import answering, receiver
from tests.learning.teaching import adapter, make_training
from tests.listening import Server, web_server
from tests.metric_truths import Truth, by
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
call_command("worker", pool="{pool}")
"""
ENVIRONMENT = {
    "DEFAULT_ENGINE": "text-layer",
    "RESULT_CACHE_SECONDS": "3600",
    "CALL_SUM_SECONDS": "1",
    "LEASE_SECONDS": "5",
    "HEARTBEAT_SECONDS": "1",
    "LOG_FORMAT": "json",
    "PYTHONPATH": str(ROOT),  # of decoders too
    "OTEL_BSP_SCHEDULE_DELAY": "3600000",  # spans are sent when many wait, or at the end
}
SENTINEL = "Zyzzyva"  # in texts and names
CALLER = "00f067aa0ba902b7"  # the span that calls
LONG = 64  # pages
TOKENS = 5  # that the model writes of each page
BY_MODEL = {"engine": "openai", "priority": "high"}


class Callers:
    """Programs that call the site; how they were answered is counted."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.requests: Counter[str] = Counter()  # by method
        self.statuses: Counter[str] = Counter()
        self.answers: Counter[tuple[str, int]] = Counter()  # by key and status
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
            self.answers[key, answer.status_code] += 1
            body = answer.json()
            if answer.status_code >= 400:
                self.codes[body["code"]] += 1
            elif method == "POST" and path == "/api/v1/ocr/jobs":
                self.states[body["status"]] += 1
                self.traces[body["id"]] = trace
        return body

    def submit(self, key: str, body: bytes, **options: str) -> Any:
        """The job, or the refusal."""
        files = {"file": (f"{SENTINEL}.pdf", body)}
        return self.call("POST", "/api/v1/ocr/jobs", key, files=files, data=options)


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


def all_calls_are_added(callers: Callers) -> bool:
    """Whether the web processes have written down each call of a known caller."""
    known = sum(number for (_, status), number in callers.answers.items() if status != 401)
    return CallSum.objects.aggregate(calls=Sum("calls"))["calls"] == known


def train(acme: Organisation) -> None:
    """Training runs: one that waits, one cancelled after 12.5 seconds of work, one with success."""
    taught = Dataset.objects.create(tenant=acme.tenant, name="invoices", base="openai")
    for number in range(runs.LEAST_TRAIN + runs.LEAST_HELD_OUT):
        Example.objects.create(
            tenant=acme.tenant,
            dataset=taught,
            file=adapter(acme),
            page=1,
            text="right",
            held_out=number < runs.LEAST_HELD_OUT,
            source=Example.Source.UPLOAD,
        )
    for seconds in (12.5, 0):
        run = runs.submit(actor=acme.actor, dataset=taught, options=TrainingSettings())
        if seconds:
            TrainingRun.objects.filter(pk=run.pk).update(status=RunStatus.RUNNING, seconds=seconds)
            runs.cancel(run=run, actor=acme.actor)
    make_training(acme)


def scraped(server: Server) -> dict[str, Truth]:
    """Every number of /metrics that is not 0, by name and labels."""
    answer = requests.get(f"{server.url}/metrics", timeout=60)
    assert answer.status_code == 200
    found: dict[str, Truth] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            told = found.setdefault(sample.name, {})
            if sample.value:
                told[frozenset(sample.labels.items())] = sample.value
    return found


def assert_told(server: Server, expected: dict[str, Truth]) -> None:
    """/metrics has these numbers, and none of the site's own besides."""
    before = metric_truths.ages()
    told = scraped(server)
    after = metric_truths.ages()
    wrong = [
        f"{name} is {told.get(name)}, not {truth}"
        for name, truth in expected.items()
        if told.get(name, {}) != {each: pytest.approx(n, rel=1e-9) for each, n in truth.items()}
    ]
    assert not wrong, "\n".join(wrong)
    for name, (age,) in ((name, told[name].values()) for name in before):
        assert before[name] <= age <= after[name], name
    assert {name for name in told if name.startswith("ocrsite_")} <= {*expected, *before}


def from_the_database() -> dict[str, Truth]:
    """The truth that PostgreSQL has."""
    return {
        **metric_truths.of_jobs_and_deliveries(),
        **metric_truths.of_pages(),
        **metric_truths.of_promised_jobs(),
        "ocrsite_database_up": by("", [(1,)]),
        # nothing is left to do
        "ocrsite_tasks": {},
        "ocrsite_queue_oldest_seconds": {},
        "ocrsite_pool_paused": {},
        "ocrsite_organisations_paused": {},
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
        "ocrsite_site_answered": by("", [(1,)]),
        "ocrsite_redis_up": by("", [(1,)]),
        "ocrsite_storage_up": by("", [(1,)]),
        "ocrsite_gpu_memory_bytes": {},
        "ocrsite_workers": by("", [(2,)]),
        "ocrsite_workers_unfiltered": by(
            "", [(sum(worker.filtered is False for worker in live_workers() or []),)]
        ),
        "ocrsite_engine_breaker": {},  # refusals of a page open none
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
    """Two web processes, two workers, by their process ids, and one that asks the model's server;
    ended as by an operator."""
    with (
        log.open("ab") as told_to,
        web_server(threads=4, log=told_to, WEB_WORKERS="2", **environment) as server,
    ):
        pools = ("cpu", "cpu", "io")
        begun = [process(WORKER.format(pool=pool), log=told_to, **environment) for pool in pools]
        try:
            yield server, {each.pid: each for each in begun[:2]}
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
    acme: Organisation,
    settings: Settings,
    files: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.WEBHOOK_ALLOWED_HOSTS = ALLOWED
    settings.RESULT_CACHE_SECONDS = 3600
    monkeypatch.setattr(sweep, "HEARD_SECONDS", 0)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    small, few, unlucky = organisation("small"), organisation("few"), organisation("unlucky")
    plans: dict[str, Plan] = {}
    for one, terms in (
        (acme, {"availability": Decimal("99.9")}),
        (small, {"pages_per_day": 2}),
        (few, {"calls_per_minute": 3, "availability": Decimal(99)}),
        (unlucky, {"availability": Decimal("99.5")}),
    ):
        one.tenant.plan = Plan.objects.create(name=one.tenant.slug, title="P", **terms)
        one.tenant.save()
        plans[one.raw_key] = one.tenant.plan
    for priority, seconds in ((Priority.HIGH, 3600), (Priority.NORMAL, 0)):  # in time, and never
        TurnaroundObjective.objects.create(
            plan=plans[acme.raw_key], priority=priority, seconds=seconds
        )
    _, narrow = create_api_key(
        tenant=acme.tenant, name="narrow", scopes=["usage:read"], created_by=acme.owner
    )
    plans[narrow] = plans[acme.raw_key]
    revoked, shut_out = create_api_key(
        tenant=acme.tenant, name="old", scopes=["usage:read"], created_by=acme.owner
    )
    revoked.revoked_at = revoked.created_at
    revoked.save()
    train(acme)
    (files / str(unlucky.tenant.pk)).write_text("in the place of the folder for its files")
    Pause.objects.create(pool="cpu", paused_by="the test")
    log = tmp_path / "log"
    with (
        receiver() as there,
        chat_server() as model,
        span_collector() as collector,
        ThreadPoolExecutor(8) as pool,
        site(
            log,
            ENVIRONMENT
            | {
                "VAR_DIR": str(tmp_path),
                "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
                "OPENAI_URL": model.url,
                "OPENAI_MODEL": "m",
            },
        ) as (server, workers),
    ):
        there.behaviours["/gone"] = answering(410)
        hook(acme, f"{there.url}/good", "job.succeeded", "job.failed")
        hook(acme, f"{there.url}/gone", "job.cancelled")
        callers = Callers(server)

        def at_once(*calls: Callable[[], Any]) -> list[Any]:
            return [each.result() for each in [pool.submit(call) for call in calls]]

        def send(who: Organisation, body: bytes, **options: str) -> Callable[[], Any]:
            return lambda: callers.submit(who.raw_key, body, **options)

        cancelled = at_once(*(send(acme, page(f"cancelled {n}")) for n in range(3)))
        paths = [f"/api/v1/ocr/jobs/{job['id']}/cancel" for job in cancelled]
        at_once(*(partial(callers.call, "POST", path, acme.raw_key) for path in paths))
        at_once(
            *(send(acme, page(f"good {n}")) for n in range(8)),
            *(send(acme, page("the same")) for _ in range(4)),
            *(send(acme, page(f"urgent {n}"), priority="high") for n in range(2)),
            send(acme, page("no promise"), priority="low"),
            *(send(acme, b"%PDF-1.7\nbroken " + bytes([65 + n])) for n in range(3)),
            *(send(acme, encrypted_pdf(f"p{n}")) for n in range(2)),
            *(send(small, page(f"small {n}")) for n in range(5)),
            *(send(few, page(f"few {n}")) for n in range(6)),
            *(partial(callers.submit, narrow, page("narrow")) for _ in range(3)),
            *(partial(callers.submit, shut_out, page("shut out")) for _ in range(2)),
            *(send(unlucky, page(f"not kept {n}")) for n in range(2)),
            partial(callers.call, "GET", "/api/v1/usage", unlucky.raw_key),
        )
        until(lambda: all_calls_are_added(callers))
        # what a web process has counted stays when it is killed
        gunicorn = psutil.Process(server.process.pid)
        victim = gunicorn.children()[0]
        victim.send_signal(signal.SIGKILL)
        until(lambda: victim not in gunicorn.children() and len(gunicorn.children()) == 2)
        long = at_once(*(send(acme, text_pdf([f"{SENTINEL} {n}"] * LONG)) for n in range(2)))
        until(lambda: len(live_workers() or []) == 3)
        Pause.objects.all().delete()
        queue.ring("cpu", 2)
        until(lambda: killed_at_work(workers))
        until(ended)
        again = at_once(*(send(acme, page("the same")) for _ in range(3)))
        until(ended)
        model.script(refuses(400))
        at_once(send(acme, image_png(["refused"]), **BY_MODEL))
        until(ended)
        model.script(writes("a ", "model's ", "page", tokens=TOKENS))
        at_once(*(send(acme, image_png([f"page {n}"]), **BY_MODEL) for n in range(3)))
        until(ended)
        Sender().send_due()
        settings.SITE_PROBE_URL = f"{server.url}/health/ready"
        Prober().run(lambda: False)
        until(lambda: len(live_workers() or []) == 2 and not queue.bells("cpu"))
        until(lambda: all_calls_are_added(callers))

        assert {each["status"] for each in Job.objects.values("status")} == {
            "succeeded", "failed", "cancelled",
        }  # fmt: skip
        assert callers.codes.keys() == {
            "rate_limited", "quota_exceeded", "permission_denied", "not_authenticated",
            "storage_unavailable",
        }, callers.codes  # fmt: skip
        assert callers.states["succeeded"] == 3, "served from what was read"
        expected = {
            **from_the_database(),
            **from_the_callers(callers),
            **metric_truths.of_promised_calls(callers.answers, plans),
        }
        assert expected["ocrsite_engine_tokens_total"] == by(
            "engine", [("openai", TOKENS * len(model.calls))]
        )
        assert set(expected["ocrsite_sla_jobs_total"]) == {
            frozenset({("plan", "acme"), ("priority", priority), ("outcome", outcome)})
            for priority, outcome in (("high", "kept"), ("high", "missed"), ("normal", "missed"))
        }
        assert set(expected["ocrsite_sla_calls_total"]) == {
            frozenset({("plan", plan), ("outcome", outcome)})
            for plan, outcome in (
                ("acme", "kept"), ("few", "kept"), ("unlucky", "kept"), ("unlucky", "missed"),
            )
        }  # fmt: skip
        good = Page.objects.filter(failed=False, job__cached=False).count()
        assert sum(expected["ocrsite_billed_pages"].values()) == good > LONG
        delivered = expected["ocrsite_deliveries"][frozenset({("status", "delivered")})]
        assert delivered == len([path for path in there.paths() if path == "/good"])
        for _ in range(4):  # whichever process answers
            assert_told(server, expected)
        assert len(who_have_served(tmp_path)) >= 2
    secret = [SENTINEL, acme.raw_key, narrow, shut_out, small.raw_key, few.raw_key]
    secret.append(unlucky.raw_key)
    assert [text for text in secret if text in log.read_text()] == []
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert {"gunicorn.error"} < {line["logger"] for line in lines}
    of_jobs = [line for line in lines if "job " in line["message"]]
    assert [line for line in of_jobs if line["job_id"] not in line["message"]] == []
    for job in (*long, *again):
        assert_traced(collector, callers.traces[job["id"]], read=job in long)
    assert [text for text in secret if text.encode() in b"".join(collector.bodies)] == []
