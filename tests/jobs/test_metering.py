"""jobs/metering.py: quotas and bills, from a job's submission to its deletion."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core import mail
from django.db import transaction
from django.test import Client
from pytest_django import Settings

from accounts.models import Plan, QuotaUse, Reservation, ThresholdNotice, UsageRecord
from jobs import claims, job_actions, lifecycle, metering
from jobs.errors import QuotaExceeded
from jobs.models import Job, Page, Status, StoredFile
from jobs.reconciliation import differences, repair
from tests.documents import text_pdf
from tests.jobs.making import PDF, claim, form_file, make_job, run_job
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]
THREE = text_pdf([f"Page {number} of text that needs no OCR at all." for number in (1, 2, 3)])


def plan(organisation: Organisation, **limits: int) -> None:
    """Give the organisation a plan of these limits."""
    tenant = organisation.tenant
    tenant.plan = Plan.objects.create(name=f"of-{tenant.slug}", title="Small", **limits)
    tenant.save(update_fields=["plan"])
    organisation.key.tenant = tenant


def counters(organisation: Organisation) -> dict[str, tuple[int, int]]:
    """Used and reserved, by the kind of period."""
    rows = QuotaUse.objects.for_tenant(organisation.tenant).exclude(period__startswith="cost:")
    return {row.period.partition(":")[0]: (row.used, row.reserved) for row in rows}


def test_job_takes_its_pages_and_bytes_and_gives_the_bytes_back(acme: Organisation) -> None:
    job = make_job(acme, THREE)
    size = len(THREE)
    assert counters(acme) == {
        "open": (1, 0), "day": (0, 1), "month": (0, 1), "storage": (size, 0),
    }  # fmt: skip
    run_job(str(job.pk))
    assert counters(acme) == {
        "open": (0, 0), "day": (3, 0), "month": (3, 0), "storage": (size, 0),
    }  # fmt: skip
    row = UsageRecord.objects.get()
    assert (row.job_id, row.run, row.pages, row.outcome) == (job.pk, 0, 3, "succeeded")
    assert row.day == job.created_at.date()
    assert not Reservation.objects.exists()
    job_actions.delete(job, actor=acme.actor, address=None)
    assert counters(acme)["storage"] == (0, 0)
    assert counters(acme)["day"] == (3, 0), "what was read stays used"
    assert UsageRecord.objects.count() == 1
    assert differences() == []


def test_document_with_too_many_pages_fails_when_opened_and_reads_nothing(
    acme: Organisation,
) -> None:
    plan(acme, pages_per_day=4)
    run_job(str(make_job(acme, THREE).pk))
    job = make_job(acme, THREE)
    run_job(str(job.pk))
    job.refresh_from_db()
    assert (job.status, job.pages_done) == (Status.FAILED, 0)
    assert job.error is not None
    assert (job.error["code"], job.error["limit"], job.error["actual"]) == ("quota_exceeded", 4, 6)
    assert not Page.objects.filter(job=job).exists()
    assert counters(acme)["day"] == (3, 0)
    last = UsageRecord.objects.get(job_id=job.pk)
    assert (last.pages, last.outcome) == (0, "failed")
    run_job(str(make_job(acme, PDF).pk))
    assert counters(acme)["day"] == (4, 0)
    assert differences() == []


def test_chosen_pages_alone_are_counted(acme: Organisation) -> None:
    plan(acme, pages_per_day=2)
    run_job(str(make_job(acme, THREE, pages="2-3").pk))
    assert counters(acme)["day"] == (2, 0)


def test_failed_and_cancelled_jobs_give_back_what_they_kept(acme: Organisation) -> None:
    run_job(str(make_job(acme, b"%PDF-1.7 and then nothing").pk))
    job_actions.cancel(make_job(acme), actor=acme.actor, address=None)
    running = claim(make_job(acme))
    job_actions.delete(running.job, actor=acme.actor, address=None)
    assert counters(acme)["open"] == counters(acme)["day"] == counters(acme)["month"] == (0, 0)
    outcomes = UsageRecord.objects.order_by("pk").values_list("outcome", "pages")
    assert list(outcomes) == [("failed", 0), ("cancelled", 0), ("deleted", 0)]
    assert differences() == []


def test_job_taken_up_again_keeps_what_it_kept(acme: Organisation) -> None:
    job = make_job(acme, THREE)
    task = claim(job, worker="dies")
    claims.opened(task, page_count=3, numbers=range(1, 4))
    lifecycle.hand_back(task)
    assert counters(acme)["day"] == (0, 3)
    run_job(str(job.pk))
    assert counters(acme)["day"] == (3, 0)
    assert differences() == []


def test_later_run_keeps_and_bills_the_rest_alone(acme: Organisation) -> None:
    """As a retry does: the pages that failed are read again."""
    job = make_job(acme, THREE)
    run_job(str(job.pk))
    with_one_more = UsageRecord.objects.get()
    assert with_one_more.pages == 3
    Job.objects.filter(pk=job.pk).update(status=Status.QUEUED)
    with transaction.atomic():
        metering.reserve(job, run=1)
        metering.adjust(job, pages=4)
    assert counters(acme)["day"] == (3, 1)
    Page.objects.create(job=job, number=4, engine="fake", seconds=1, content={})
    metering.settle(job, outcome="succeeded")
    Job.objects.filter(pk=job.pk).update(status=Status.SUCCEEDED)
    assert counters(acme)["day"] == (4, 0)
    rows = UsageRecord.objects.filter(job_id=job.pk).order_by("run")
    assert list(rows.values_list("run", "pages")) == [(0, 3), (1, 1)]
    assert differences() == []


def test_cached_job_costs_its_storage_alone(acme: Organisation, settings: Settings) -> None:
    settings.RESULT_CACHE_SECONDS = 3600
    run_job(str(make_job(acme, THREE).pk))
    before = counters(acme)
    again = make_job(acme, THREE)
    assert (again.status, again.cached) == (Status.SUCCEEDED, True)
    row = UsageRecord.objects.get(job_id=again.pk)
    assert (row.pages, row.compute_seconds, row.cached) == (0, 0.0, True)
    stored = before["storage"][0] + len(THREE)
    assert counters(acme) == before | {"storage": (stored, 0)}
    assert differences() == []


def test_job_that_waited_for_another_ones_result_is_billed_nothing(acme: Organisation) -> None:
    plan(acme, pages_per_day=0)
    waited = make_job_ignoring_quotas(acme)
    metering.settle(waited, outcome="succeeded", cached=True)
    row = UsageRecord.objects.get(job_id=waited.pk)
    assert (row.pages, row.cached) == (0, True)


def make_job_ignoring_quotas(organisation: Organisation) -> Job:
    """A job of an organisation without pages left."""
    organisation.tenant.plan = None
    return make_job(organisation)


def test_job_of_a_version_without_quotas_is_billed_all_the_same(acme: Organisation) -> None:
    job = make_job(acme, THREE)
    Reservation.objects.all().delete()
    QuotaUse.objects.all().delete()
    run_job(str(job.pk))
    row = UsageRecord.objects.get()
    assert (row.pages, row.day, row.submitted_at) == (3, None, job.created_at)


@pytest.mark.parametrize(
    ("limits", "status", "limit", "actual", "retry"),
    [
        ({"pages_per_day": 1}, 429, 1, 2, 86_400),
        ({"pages_per_month": 1, "pages_per_day": 1}, 429, 1, 2, 31 * 86_400),
        ({"open_jobs": 1}, 429, 1, 2, 10),
        ({"storage_bytes": len(PDF)}, 403, len(PDF), 2 * len(PDF), None),
    ],
)
def test_submission_beyond_a_quota_is_refused_and_leaves_nothing(
    acme: Organisation,
    files: Path,
    limits: dict[str, int],
    status: int,
    limit: int,
    actual: int,
    retry: int | None,
) -> None:
    plan(acme, **limits)
    make_job(acme)
    answer = acme.api().post("/api/v1/ocr/jobs", {"file": form_file(PDF)}, format="multipart")
    body = answer.json()
    assert (answer.status_code, body["code"]) == (status, "quota_exceeded")
    assert (body["limit"], body["actual"]) == (limit, actual)
    if retry is None:
        assert "Retry-After" not in answer
    else:
        assert 0 < int(answer["Retry-After"]) <= retry
    assert Job.objects.count() == StoredFile.objects.count() == Reservation.objects.count() == 1
    assert len([path for path in files.rglob("*") if path.is_file()]) == 1
    assert differences() == []


def test_refusal_at_the_last_moment_leaves_nothing(
    acme: Organisation, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan(acme, pages_per_day=0)
    monkeypatch.setattr(metering, "refuse_beyond", lambda tenant, size: None)
    with pytest.raises(QuotaExceeded) as refused:
        make_job(acme)
    assert (refused.value.limit, refused.value.actual) == (0, 1)
    assert not Job.objects.exists()
    assert [path for path in files.rglob("*") if path.is_file()] == []
    assert set(counters(acme).values()) <= {(0, 0)}


def test_page_says_what_is_used_up(acme: Organisation) -> None:
    plan(acme, pages_per_day=1)
    client = Client()
    client.force_login(acme.owner)
    make_job(acme)
    for headers in ({}, {"HX-Request": "true"}):
        answer = client.post("/jobs/new", {"file": form_file(PDF)}, headers=headers)
        text = answer.content.decode()
        assert answer.status_code == 429
        assert "The plan allows 1 pages a day" in text
        assert "this one:" not in text, "the organisation's pages, not this document's"
        assert "larger plan" in text


def test_page_says_how_many_pages_of_the_month_are_used(acme: Organisation) -> None:
    client = Client()
    client.force_login(acme.owner)
    assert "used this month" not in client.get("/jobs").content.decode()
    plan(acme, pages_per_month=50)
    run_job(str(make_job(acme, THREE).pk))
    make_job(acme)
    assert "4 of 50 pages used this month." in client.get("/jobs").content.decode()


def test_thresholds_are_told_when_pages_are_settled(acme: Organisation) -> None:
    plan(acme, pages_per_day=6, pages_per_month=100)
    run_job(str(make_job(acme, PDF).pk))
    assert not ThresholdNotice.objects.exists()
    run_job(str(make_job(acme, THREE).pk))
    told = [message.subject for message in mail.outbox]
    assert told == ["Acme: 50 % of the day's pages are used"]
    assert list(ThresholdNotice.objects.values_list("percent", "used", "limit")) == [(50, 4, 6)]
    assert differences() == []


def test_wrong_counters_are_found_and_repaired(acme: Organisation, stranger: Organisation) -> None:
    run_job(str(make_job(acme, THREE).pk))
    make_job(acme)
    make_job(stranger)
    assert differences() == []
    QuotaUse.objects.filter(tenant=acme.tenant, period="open").update(used=9)
    QuotaUse.objects.filter(tenant=acme.tenant, period__startswith="day:").update(
        used=2, reserved=0
    )
    QuotaUse.objects.filter(tenant=stranger.tenant, period="storage").delete()
    found = differences()
    assert {(row.tenant_id, row.period.partition(":")[0]) for row in found} == {
        (acme.tenant.pk, "open"), (acme.tenant.pk, "day"), (stranger.tenant.pk, "storage"),
    }  # fmt: skip
    (day,) = [row for row in found if row.period.startswith("day")]
    assert (day.used, day.reserved, day.due_used, day.due_reserved) == (2, 0, 3, 1)
    assert differences(stranger.tenant.pk) == [found[-1]]
    assert sorted(repair(), key=str) == sorted(found, key=str)
    assert differences() == []
    assert counters(acme)["day"] == (3, 1)
