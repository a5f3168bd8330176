"""Events become deliveries in the transaction of what happened, or not at all."""

from __future__ import annotations

import json
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection, transaction
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import AuditEntry, Plan
from extraction import types
from extraction.errors import CorruptDocument
from extraction.options import Options
from jobs import job_actions, lifecycle, receivers, review, webhooks
from jobs.models import CallbackSecret, Delivery, Job, JobCallback, Webhook
from jobs.submit import submit_job
from jobs.webhooks import EVENTS, MAX_BYTES
from tests.documents import text_pdf
from tests.engines import FakeEngine
from tests.jobs.batching import make_batch
from tests.jobs.hooking import hook
from tests.jobs.making import claim, make_job, run_job, upload
from tests.jobs.reviewing import RIGHT, read_job
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue", "no_names"),
]
URL = "https://hooks.example.com/in"


def events(**which: Any) -> list[str]:
    """The events written, in order."""
    return list(Delivery.objects.filter(**which).order_by("pk").values_list("event", flat=True))


def test_whole_life_of_a_job_is_told(acme: Organisation) -> None:
    webhook, _ = hook(acme, URL, *EVENTS)
    job = make_job(acme, text_pdf(["One page of text.", "And another one."]))
    run_job(str(job.pk))
    assert events() == ["job.queued", "job.started", "job.page", "job.page", "job.succeeded"]
    bodies = [json.loads(row.body) for row in Delivery.objects.order_by("pk")]
    assert [body["type"] for body in bodies] == events()
    assert [body["data"]["id"] for body in bodies] == [str(job.pk)] * 5
    assert [body["data"].get("status") for body in bodies] == [
        "queued", "running", None, None, "succeeded",
    ]  # fmt: skip
    assert [body["data"].get("page") for body in bodies] == [None, None, 1, 2, None]
    last = bodies[-1]["data"]
    assert last["pages"] == {"total": 2, "done": 2, "failed": 0}
    assert last["finished_at"] is not None
    assert last["url"].endswith(f"/api/v1/ocr/jobs/{job.pk}")
    assert "One page of text" not in json.dumps(bodies)
    rows = Delivery.objects.all()
    assert {(row.tenant_id, row.webhook_id, row.endpoint) for row in rows} == {
        (acme.tenant.pk, webhook.pk, webhook.pk)
    }
    assert len({row.message for row in rows}) == 5


def test_ends_are_told_apart(acme: Organisation) -> None:
    hook(acme, URL, "job.failed", "job.cancelled", "job.partial")
    failed, running, queued = (make_job(acme) for _ in range(3))
    for job, error in ((failed, CorruptDocument()), (running, None)):
        started = claim(job)
        if error:
            lifecycle.fail(started, error)
        else:
            lifecycle.cancelled(started)
    job_actions.cancel(queued, actor=acme.actor, address=None)
    assert events() == ["job.failed", "job.cancelled", "job.cancelled"]
    told = [json.loads(row.body)["data"] for row in Delivery.objects.order_by("pk")]
    assert [data["id"] for data in told] == [str(failed.pk), str(running.pk), str(queued.pk)]
    assert told[0]["error"]["code"] == "corrupt_document"


def test_confirmed_review_is_told(acme: Organisation) -> None:
    hook(acme, URL, "review.completed")
    job = read_job(acme, *RIGHT)
    review.confirm(job, version=0, actor=acme.actor, address=None)
    assert events() == ["review.completed"]


def test_each_listener_gets_the_same_message(acme: Organisation, stranger: Organisation) -> None:
    for _ in range(2):
        hook(acme, URL, "job.queued")
    hook(acme, URL, "job.failed")
    hook(stranger, URL, "job.queued")
    off, _ = hook(acme, URL, "job.queued")
    receivers.change(off, actor=acme.actor, active=False, address=None)
    make_job(acme)
    rows = list(Delivery.objects.all())
    assert len(rows) == 2
    assert len({(row.message, row.body) for row in rows}) == 1
    assert {row.tenant for row in rows} == {acme.tenant}


def test_nothing_is_told_of_what_is_rolled_back(acme: Organisation) -> None:
    hook(acme, URL, "usage.threshold")
    with transaction.atomic():
        webhooks.notify(acme.tenant, "usage.threshold", {"percent": 80})
        assert events() == ["usage.threshold"]
        transaction.set_rollback(True)
    assert events() == []


def test_where_nobody_listens_it_costs_one_query(
    acme: Organisation, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    hook(acme, URL, "job.failed")
    job = make_job(acme)
    with transaction.atomic(), django_assert_num_queries(1):
        webhooks.notify(acme.tenant, "usage.threshold", {})
    with transaction.atomic(), django_assert_num_queries(2):
        webhooks.job_ended(job, "succeeded")
    assert events() == []


def test_pages_cost_one_query_a_job_where_nobody_listens(
    acme: Organisation, fake_engine: FakeEngine, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    job = make_job(acme)
    page = types.Page(1, 595, 842)
    with django_assert_num_queries(1):
        for _ in range(20):
            webhooks.page_finished(job, page)


def test_large_body_leaves_its_large_values_out() -> None:
    data = {"id": "x", "metadata": {"text": "ü" * 12_000}, "pages": {"total": 1}}
    body = webhooks.body_of("job.succeeded", data)
    assert len(body.encode()) < MAX_BYTES
    told = json.loads(body)["data"]
    assert told == {"id": "x", "pages": {"total": 1}, "left_out": ["metadata"]}


def test_callback_is_told_of_the_end_and_of_nothing_else(acme: Organisation) -> None:
    with upload() as received:
        job = submit_job(actor=acme.actor, upload=received, options=Options(), callback_url=URL)
    assert JobCallback.objects.get().url == URL
    run_job(str(job.pk))
    row = Delivery.objects.get()
    assert (row.event, row.webhook, row.url) == ("job.succeeded", None, URL)
    assert CallbackSecret.objects.get().tenant == acme.tenant


def test_webhook_deleted_while_a_job_ends_fails_neither(acme: Organisation) -> None:
    """The event comes first and goes with its webhook, or finds none."""
    for _ in range(6):
        webhook, _ = hook(acme, URL, "job.cancelled")
        job = make_job(acme)
        ready = Barrier(2)
        failed: list[Exception] = []

        def both(act: Any, *args: Any, ready: Barrier = ready, failed: Any = failed) -> None:
            try:
                ready.wait(10)
                act(*args, actor=acme.actor, address=None)
            except Exception as error:
                failed.append(error)
            finally:
                connection.close()

        threads = [
            Thread(target=both, args=(receivers.delete, webhook)),
            Thread(target=both, args=(job_actions.cancel, job)),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []
    assert not Webhook.objects.exists()
    assert not Delivery.objects.exists()
    assert Job.objects.filter(status="cancelled").count() == 6


def test_audit_holds_the_origin_and_no_secret(acme: Organisation, settings: Settings) -> None:
    webhook, secret = hook(acme, "https://hooks.example.com/T01/key-of-mine?token=x")
    new = receivers.rotate(webhook, actor=acme.actor, address=None)
    receivers.change(webhook, actor=acme.actor, events=["job.failed"], address=None)
    receivers.delete(webhook, actor=acme.actor, address="192.0.2.7")
    rows = AuditEntry.objects.filter(object_type="jobs.webhook").order_by("pk")
    assert [row.action for row in rows] == [
        "webhook.create", "webhook.rotate", "webhook.update", "webhook.delete",
    ]  # fmt: skip
    written = str(list(rows.values("before", "after")))
    assert "https://hooks.example.com:443" in written
    for hidden in ("key-of-mine", "token", secret, new):
        assert hidden not in written


def test_batch_is_told_once_when_its_last_job_ends(acme: Organisation) -> None:
    hook(acme, URL, "batch.completed")
    batch = make_batch(acme)
    jobs = list(Job.objects.filter(batch=batch))
    for job in jobs:
        assert events() == []
        run_job(str(job.pk))
    (row,) = Delivery.objects.all()
    data = json.loads(row.body)["data"]
    assert (data["id"], data["documents"]) == (str(batch.pk), {"succeeded": len(jobs)})


def test_threshold_of_a_quota_is_told(acme: Organisation) -> None:
    acme.tenant.plan = Plan.objects.create(name="small", title="Small", pages_per_day=2)
    acme.tenant.save()
    hook(acme, URL, "usage.threshold")
    run_job(str(make_job(acme).pk))
    data = json.loads(Delivery.objects.get().body)["data"]
    assert (data["percent"], data["used"], data["limit"]) == (50, 1, 2)
