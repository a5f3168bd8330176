"""extraction/tracing.py, ocrsite/traced_requests.py: one trace over all processes, and no more
told in it than may be.

Over the wire, by the real exporter; tests/test_metrics_truth.py has the same of real processes.
"""

from __future__ import annotations

import io
import json
import logging
import re
import secrets
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import MiddlewareNotUsed
from django.test import Client
from pytest_django import Settings

from extraction import engines, tracing
from extraction.engines import attempts
from extraction.engines.configuration import Configuration, OpenAIServer
from extraction.trace_collector import Collector, headers_in
from extraction.vision_models import VISION_MODELS
from jobs import sweep
from jobs.models import Delivery, Job, Status, Task
from jobs.sending import Sender
from ocrsite.log_lines import JsonFormatter, LineFormatter
from ocrsite.traced_requests import TracedRequestsMiddleware
from tests.chat_server import chat_server, refuses, writes
from tests.documents import encrypted_pdf, image_png, text_pdf
from tests.jobs.hooking import ALLOWED, hook
from tests.jobs.making import PDF, claim, form_file, make_job, run_job
from tests.jobs.receiving import Receiver, receiver
from tests.people import Organisation
from tests.span_collector import SpanCollector, Told, span_collector

SENTINEL = "Zyzzyva"
CALLER = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")  # trace and span
LATER = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")


def header(caller: tuple[str, str] = CALLER, flags: str = "01") -> dict[str, Any]:
    """A caller's headers, as Django's client takes them."""
    return {
        "HTTP_TRACEPARENT": f"00-{caller[0]}-{caller[1]}-{flags}",
        "HTTP_TRACESTATE": f"vendor={SENTINEL}",
        "HTTP_BAGGAGE": f"name={SENTINEL}",
    }


def switched_on(url: str, **other: Any) -> None:
    """Tracing, with all traces kept that callers do not want away."""
    usual = {"sampler": "parentbased_always_on", "share": 1.0, "service": "", "version": "0"}
    tracing.switch_on(Collector(url=url, headers={"x-token": "t0"}, **{**usual, **other}))


@pytest.fixture
def collected() -> Iterator[SpanCollector]:
    """Where spans are sent for this test, by requests, workers and senders in this process."""
    with span_collector() as collector:
        switched_on(collector.url)
        yield collector
        tracing.switch_off()


@pytest.fixture
def there(settings: Settings) -> Iterator[Receiver]:
    """A receiver of webhooks."""
    settings.WEBHOOK_ALLOWED_HOSTS = ALLOWED
    with receiver() as running:
        yield running


def submit(who: Organisation, body: bytes = PDF, **more: Any) -> Any:
    """The job's id."""
    files = {"file": form_file(body, name=f"{SENTINEL}.pdf"), **more.pop("fields", {})}
    answer = who.api().post("/api/v1/ocr/jobs", files, format="multipart", **more)
    assert answer.status_code in (200, 202), answer.content
    return answer.json()["id"]


def of_trace(collector: SpanCollector, trace: str = CALLER[0]) -> dict[str, Told]:
    """That trace's spans by name, each once; what the storage did apart."""
    tracing.flush()
    spans = [span for span in collector.spans() if span.trace == trace]
    found = {span.name: span for span in spans if not span.name.startswith("storage.")}
    assert len(found) == len([span for span in spans if not span.name.startswith("storage.")])
    return found


def test_off_nothing_is_made_and_no_request_passes_the_middleware() -> None:
    assert not tracing.on()
    with pytest.raises(MiddlewareNotUsed):
        TracedRequestsMiddleware(lambda request: None)  # type: ignore[arg-type, return-value]
    for made in (tracing.span("x", kind="server"), tracing.current()):
        assert made is tracing.OFF
    assert (tracing.traceparent(), tracing.trace_id()) == ("", "")


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("files", "empty_queue")
def test_off_jobs_and_webhooks_carry_nothing(acme: Organisation, there: Receiver) -> None:
    hook(acme, f"{there.url}/hook")
    job_id = submit(acme, **header())
    run_job(job_id)
    Sender().send_due()
    assert Job.objects.get().traceparent is None
    assert Delivery.objects.get().traceparent is None
    (sent,) = there.received
    assert "traceparent" not in sent.headers


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("files", "empty_queue")
def test_one_trace_leads_from_the_callers_span_to_the_webhook(
    acme: Organisation, there: Receiver, collected: SpanCollector
) -> None:
    hook(acme, f"{there.url}/hook")
    job_id = submit(acme, **header())
    run_job(job_id)
    Sender().send_due()
    spans = of_trace(collected)
    assert spans.keys() == {
        "POST /api/v1/ocr/jobs", "queue.wait", "job.work", "engine.read", "result.make",
        "webhook.deliver",
    }  # fmt: skip
    web, work = spans["POST /api/v1/ocr/jobs"], spans["job.work"]
    assert web.parent == CALLER[1]
    assert {spans[name].parent for name in ("queue.wait", "job.work")} == {web.id}
    parts = ("engine.read", "result.make", "webhook.deliver")
    assert {spans[name].parent for name in parts} == {work.id}
    stored = [span for span in collected.spans() if span.name.startswith("storage.")]
    assert {(span.name, span.parent) for span in stored} >= {("storage.storing", web.id)}
    assert {span.trace for span in stored} == {CALLER[0]}
    kinds = {span.name: span.kind for span in collected.spans()}
    assert (kinds[web.name], kinds["job.work"], kinds["webhook.deliver"]) == (
        "server", "consumer", "client",
    )  # fmt: skip
    tenant = str(acme.tenant.pk)
    assert web.attributes == {
        "http.request.method": "POST", "http.route": "/api/v1/ocr/jobs",
        "http.response.status_code": 202, "ocrsite.tenant.id": tenant,
    }  # fmt: skip
    assert work.attributes == {
        "ocrsite.job.id": job_id, "ocrsite.tenant.id": tenant, "ocrsite.engine": "auto",
        "ocrsite.attempt": 1, "ocrsite.outcome": "succeeded",
    }  # fmt: skip
    told = spans["webhook.deliver"]
    assert told.attributes == {
        "ocrsite.delivery.id": str(Delivery.objects.get().pk), "ocrsite.event": "job.succeeded",
        "ocrsite.attempt": 1, "http.response.status_code": 200,
    }  # fmt: skip
    (sent,) = there.received
    assert sent.headers["traceparent"] == f"00-{CALLER[0]}-{told.id}-01"
    assert {"tracestate", "baggage"} & sent.headers.keys() == set()
    assert not any(span.failed for span in collected.spans())
    assert collected.paths == {"/v1/traces"}
    assert {each["x-token"] for each in collected.headers} == {"t0"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("files", "empty_queue")
def test_hostile_document_and_what_is_secret_stay_out(
    acme: Organisation, there: Receiver, collected: SpanCollector, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook(acme, f"{there.url}/{SENTINEL}?{SENTINEL}", "job.succeeded", "job.failed")
    told = {"metadata": json.dumps({SENTINEL: SENTINEL}), "password": f"{SENTINEL}-password"}
    text = text_pdf([f"{SENTINEL} traceparent: 00-{CALLER[0]}-{CALLER[1]}-01 {SENTINEL}\n{told}"])
    made = [
        submit(acme, text, fields={"metadata": told["metadata"]}, **header()),
        submit(acme, encrypted_pdf(told["password"], SENTINEL), fields=told, **header()),
        submit(acme, f"%PDF-1.7 {SENTINEL}".encode(), **header()),
    ]
    for job_id in made:
        run_job(job_id)

    def fails(*args: object, **kwargs: object) -> None:
        raise ValueError(f"{SENTINEL} {acme.raw_key}")

    client = acme.api()
    client.raise_request_exception = False
    client.get(f"/api/v1/ocr/jobs?q={SENTINEL}", HTTP_REFERER=SENTINEL, HTTP_USER_AGENT=SENTINEL)
    client.get(f"/api/v1/no-such/{SENTINEL}")
    Client().post("/login", {"username": SENTINEL, "password": SENTINEL})
    with monkeypatch.context() as patch:
        patch.setattr("accounts.api.MeView.get", fails)
        assert client.get("/api/v1/auth/me").status_code == 500
    monkeypatch.setattr("extraction.engines.get", fails)
    run_job(submit(acme, text, **header()))
    Sender().send_due()
    tracing.flush()
    states = {str(job.pk): str(job.status) for job in Job.objects.all()}
    assert [states[job_id] for job_id in made] == ["succeeded", "succeeded", "failed"]
    spans = collected.spans()
    assert {span.name for span in spans} >= {"GET", "POST /login", "GET /api/v1/auth/me"}
    assert {span.attributes.get("error.type") for span in spans if span.failed} >= {
        "500", "corrupt_document",
    }  # fmt: skip
    written = b"".join(collected.bodies)
    for secret in (SENTINEL, acme.raw_key, acme.owner.email, there.url.rpartition(":")[2] + "/"):
        assert secret.encode() not in written


def test_text_that_is_no_plain_word_is_left_out(collected: SpanCollector) -> None:
    with tracing.span("x", kind="server", engine="auto", route="two words", job="ä", page=3) as one:
        one.set(outcome="a\nb", error="", event="e" * 201, tenant=None, status=200)
    tracing.flush()
    assert collected.one("x").attributes == {
        "ocrsite.engine": "auto", "ocrsite.page": 3, "http.response.status_code": 200,
    }  # fmt: skip


@pytest.mark.parametrize(
    "given",
    ["", "nonsense", "00-" + "0" * 32 + "-" + CALLER[1] + "-01", f"ff-{CALLER[0]}-{CALLER[1]}-01",
     f"00-{CALLER[0]}-{CALLER[1]}-01" + "x" * 9000, "00-\u00e4"],
)  # fmt: skip
def test_traceparent_that_is_none_begins_a_trace(given: str, collected: SpanCollector) -> None:
    with tracing.span("x", kind="server", parent=given):
        ours = tracing.traceparent()
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", ours)
    assert CALLER[0] not in ours
    tracing.flush()
    assert collected.one("x").parent == ""


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("files", "empty_queue")
def test_trace_that_the_caller_does_not_keep_is_not_told_but_handed_on(
    acme: Organisation, there: Receiver, collected: SpanCollector
) -> None:
    hook(acme, f"{there.url}/hook")
    run_job(submit(acme, **header(flags="00")))
    Sender().send_due()
    tracing.flush()
    assert collected.spans() == []
    (sent,) = there.received
    assert re.fullmatch(f"00-{CALLER[0]}-[0-9a-f]{{16}}-00", sent.headers["traceparent"])


def test_sampler_that_does_not_ask_the_caller_keeps_its_share() -> None:
    with span_collector() as collector:
        switched_on(collector.url, sampler="traceidratio", share=0.5)
        for _ in range(200):
            parent = f"00-{secrets.token_hex(16)}-{CALLER[1]}-01"
            with tracing.span("x", kind="server", parent=parent):
                pass
        tracing.switch_off()
        assert 50 < len(collector.spans()) < 150


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("files", "empty_queue")
def test_retry_belongs_to_the_request_that_asks_for_it_and_is_linked_to_the_first(
    acme: Organisation, collected: SpanCollector
) -> None:
    job_id = submit(acme, b"%PDF-1.7 broken", **header())
    run_job(job_id)
    first = of_trace(collected)["POST /api/v1/ocr/jobs"]
    answer = acme.api().post(f"/api/v1/ocr/jobs/{job_id}/retry", **header(LATER))
    assert answer.status_code == 202
    run_job(job_id)
    spans = of_trace(collected, LATER[0])
    asked = spans["POST /api/v1/ocr/jobs/<uuid:pk>/retry"]
    assert asked.links == [f"{first.trace}-{first.id}"]
    assert spans["job.work"].parent == asked.id
    assert (spans["job.work"].failed, spans["job.work"].attributes["error.type"]) == (
        True, "corrupt_document",
    )  # fmt: skip


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("files", "empty_queue")
def test_job_of_a_dead_worker_goes_on_in_its_trace(
    acme: Organisation, collected: SpanCollector, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = submit(acme, **header())
    task = claim(Job.objects.get(pk=job_id), worker="gone")
    Task.objects.filter(pk=task.pk).update(lease_until=task.created_at)
    monkeypatch.setattr(sweep, "HEARD_SECONDS", 0)
    sweep.sweep()
    run_job(job_id)
    spans = of_trace(collected)
    web = spans["POST /api/v1/ocr/jobs"]
    assert {spans[name].parent for name in ("job.abandoned", "job.work")} == {web.id}
    assert spans["job.abandoned"].attributes["ocrsite.outcome"] == "requeued"
    assert spans["job.work"].attributes["ocrsite.attempt"] == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("files", "empty_queue")
def test_result_of_another_job_is_taken_over_in_the_own_trace(
    acme: Organisation, there: Receiver, collected: SpanCollector, settings: Settings
) -> None:
    settings.RESULT_CACHE_SECONDS = 3600
    hook(acme, f"{there.url}/hook")
    first = submit(acme, **header())
    second = submit(acme, **header(LATER))
    run_job(first)
    assert Job.objects.get(pk=second).status == Status.SUCCEEDED
    Sender().send_due()
    read, taken = of_trace(collected), of_trace(collected, LATER[0])
    asked = read["POST /api/v1/ocr/jobs"]
    over = taken["job.take_over"]
    assert over.parent == taken["POST /api/v1/ocr/jobs"].id
    assert over.links == [f"{asked.trace}-{asked.id}"]
    assert taken["webhook.deliver"].parent == over.id
    assert read["webhook.deliver"].parent == read["job.work"].id


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("files", "empty_queue")
def test_requests_to_a_model_server_are_parts_of_the_reading(
    acme: Organisation, collected: SpanCollector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "FIRST_SECONDS", 0.01)
    with chat_server() as server:
        row = VISION_MODELS["nanonets-ocr2-3b"]
        engines.configure(Configuration(openai=OpenAIServer(server.url, "m", row)))
        try:
            server.replies = [refuses(503, SENTINEL), writes(SENTINEL)]
            job_id = submit(acme, image_png([SENTINEL]), fields={"engine": "openai"}, **header())
            run_job(job_id)
        finally:
            engines.configure(Configuration())
    assert Job.objects.get().status == Status.SUCCEEDED
    tracing.flush()
    reading = collected.one("engine.read")
    asked = collected.named("engine.request")
    assert {(span.parent, span.kind, span.attributes["ocrsite.engine"]) for span in asked} == {
        (reading.id, "client", "openai")
    }
    assert [(span.attributes["ocrsite.attempt"], span.failed) for span in asked] == [
        (1, True), (2, False),
    ]  # fmt: skip
    assert SENTINEL.encode() not in b"".join(collected.bodies)


@pytest.mark.parametrize("formatter", [LineFormatter(), JsonFormatter()])
def test_log_lines_have_the_id_of_the_trace(
    formatter: logging.Formatter, collected: SpanCollector
) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logger = logging.getLogger("tests.tracing")
    logger.addHandler(handler)
    try:
        with tracing.span("x", kind="server", parent=header()["HTTP_TRACEPARENT"]):
            logger.warning("within")
        logger.warning("outside")
    finally:
        logger.removeHandler(handler)
    within, outside = stream.getvalue().splitlines()
    assert CALLER[0] in within
    assert CALLER[0] not in outside
    if isinstance(formatter, JsonFormatter):
        assert json.loads(within)["trace_id"] == CALLER[0]
        assert "trace_id" not in json.loads(outside)


def test_parts_without_a_trace_are_not_begun(collected: SpanCollector) -> None:
    """As what the sweeper does with the storage, or a thread that nobody has told of its trace."""
    with tracing.span("storage.storing", kind="client"), tracing.span("y"):
        assert tracing.traceparent() == ""
    tracing.flush()
    assert collected.spans() == []


def test_collector_that_hangs_holds_up_nobody_and_the_end_not_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tracing, "EXPORT_SECONDS", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        switched_on(f"http://127.0.0.1:{silent.getsockname()[1]}")
        begun = time.monotonic()
        for _ in range(100):
            with tracing.span("x", kind="server"):
                pass
        assert time.monotonic() - begun < 1
        tracing.switch_off()
        assert time.monotonic() - begun < 10, "the SDK's own would take 30"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"url": "collector:4318"}, "OTEL_EXPORTER_OTLP_ENDPOINT"),
        ({"sampler": "some"}, "OTEL_TRACES_SAMPLER"),
        ({"share": 1.5}, "OTEL_TRACES_SAMPLER_ARG"),
    ],
)
def test_collector_that_cannot_be_meant_is_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        switched_on(**{"url": "http://127.0.0.1:1", **wrong})
    assert not tracing.on()


def test_headers_are_read_and_not_repeated_where_they_are_wrong() -> None:
    assert headers_in("") == {}
    assert headers_in("Authorization=Bearer%20x%3D, x-org = acme ,") == {
        "authorization": "Bearer x=", "x-org": "acme",
    }  # fmt: skip
    with pytest.raises(ValueError, match="name=value") as caught:
        headers_in("authorization: Bearer hunter2")
    assert "hunter2" not in str(caught.value)


def test_job_made_while_it_was_off_begins_a_trace_at_its_worker(
    acme: Organisation, files: Any, empty_queue: None
) -> None:
    job = make_job(acme)
    with span_collector() as collector:
        switched_on(collector.url)
        run_job(str(job.pk))
        tracing.switch_off()
        assert collector.one("job.work").parent == ""
        assert collector.named("queue.wait") == []
