"""The same document again: read once, its result taken over or waited for, never another's."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import redis
from django.conf import settings as live_settings
from django.db import transaction
from pytest_django import Settings

from accounts.models import AuditEntry, UsageRecord
from extraction import engines
from extraction.errors import ExtractionError
from extraction.options import Options
from jobs import (
    corrections,
    job_actions,
    lifecycle,
    own_engines,
    places,
    result_cache,
    same_document,
    storage,
    templates,
)
from jobs.corrections import Change
from jobs.models import (
    Extraction,
    FieldValue,
    Job,
    Page,
    Priority,
    Review,
    Status,
    StoredFile,
    Task,
)
from jobs.results import document_of, open_pdf
from jobs.submit import submit_job
from jobs.sweep import sweep
from tests.documents import encrypted_pdf, text_pdf
from tests.engines import FakeEngine
from tests.jobs.making import PDF, claim, form_file, make_job, run_job, upload
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue", "cache_on"),
]
INVOICE = text_pdf(["Invoice number: A-17"])
SCHEMA = {"type": "object", "properties": {"invoiceNumber": {"type": "string"}}}


@pytest.fixture
def cache_on(settings: Settings) -> None:
    """Results are kept for an hour, as by default."""
    settings.RESULT_CACHE_SECONDS = 3600
    result_cache._memory.clear()


def read(organisation: Organisation, body: bytes = PDF, **options: Any) -> Job:
    """A job of that organisation that a worker has done."""
    job = make_job(organisation, body, **options)
    run_job(str(job.pk))
    job.refresh_from_db()
    assert job.status == Status.SUCCEEDED
    return job


def fresh(job: Job) -> Job:
    """The job's row as it is now."""
    return Job.objects.get(pk=job.pk)


def files_of(organisation: Organisation, folder: Path) -> int:
    """How many files of that organisation are stored."""
    return sum(path.is_file() for path in (folder / str(organisation.tenant.pk)).rglob("*"))


def test_document_read_before_ends_at_once_with_that_result(acme: Organisation) -> None:
    options = {"preview": True, "outputs": ("pdf",), "schema": SCHEMA}
    first = read(acme, INVOICE, **options)
    again = make_job(acme, INVOICE, **options)
    assert (again.status, again.cached, again.same_as_id) == ("succeeded", True, first.pk)
    assert again.finished_at is not None
    assert not ready(again)
    assert document_of(again) == document_of(first)
    assert document_of(again).fields != ()
    for model in (Page, FieldValue, Extraction):
        kept = model.objects.filter(job=first).values()
        copied = model.objects.filter(job=again).values()
        own = {"id", "job_id", "preview_key"}
        assert [{k: v for k, v in row.items() if k not in own} for row in copied] == [
            {k: v for k, v in row.items() if k not in own} for row in kept
        ]
    assert open_pdf(again).read() == open_pdf(first).read()
    pictures = [Page.objects.get(job=job).preview_key for job in (first, again)]
    assert pictures[0] != pictures[1]
    assert storage.read(pictures[0]) == storage.read(pictures[1])
    ended = AuditEntry.objects.get(action="job.end", object_id=str(again.pk))
    assert ended.after == {"status": "succeeded", "same_as": str(first.pk)}


def test_taken_over_result_is_free(acme: Organisation) -> None:
    first = read(acme)
    again = make_job(acme)
    assert again.cached
    job_actions.delete(again, actor=acme.actor, address=None)
    assert [row.job_id for row in UsageRecord.objects.filter(pages__gt=0)] == [first.pk]


def test_name_and_metadata_are_the_new_jobs_own(acme: Organisation) -> None:
    read(acme)
    with upload(PDF, "another.pdf") as received:
        again = submit_job(
            actor=acme.actor, upload=received, options=Options(), metadata={"case": 2}
        )
    assert again.cached
    assert again.metadata == {"case": 2}
    assert document_of(again).source.name == "another.pdf"


def test_deleting_either_leaves_the_other_whole(acme: Organisation, files: Path) -> None:
    first = read(acme, preview=True, outputs=("pdf",))
    alone = files_of(acme, files)
    second, third = (make_job(acme, preview=True, outputs=("pdf",)) for _ in range(2))
    assert files_of(acme, files) == 3 * alone
    whole = document_of(first)
    job_actions.delete(first, actor=acme.actor, address=None)
    assert document_of(second) == whole
    assert storage.read(Page.objects.get(job=second).preview_key)
    assert open_pdf(second).read()
    job_actions.delete(second, actor=acme.actor, address=None)
    assert document_of(third) == whole
    job_actions.delete(third, actor=acme.actor, address=None)
    assert files_of(acme, files) == 0
    assert not Page.objects.exists()


def test_deleted_result_is_not_taken_over(acme: Organisation) -> None:
    first = read(acme)
    make_job(acme)
    job_actions.delete(first, actor=acme.actor, address=None)
    again = make_job(acme)
    assert (again.status, again.cached, again.same_as) == ("queued", False, None)


def test_result_is_as_old_as_the_job_that_read_it(acme: Organisation, settings: Settings) -> None:
    first = read(acme)
    copy = make_job(acme)
    assert copy.cached
    Job.objects.filter(pk=first.pk).update(finished_at="2020-01-01T00:00:00Z")
    assert not make_job(acme).cached


def test_what_people_said_is_not_taken_over(acme: Organisation) -> None:
    first = read(acme, INVOICE)
    name = FieldValue.objects.filter(job=first)[0].name
    as_read = document_of(first).fields
    corrections.correct(first, name, change=Change(0, raw="B-99"), actor=acme.member)
    assert document_of(first).fields != as_read
    again = make_job(acme, INVOICE)
    assert again.cached
    assert document_of(again).fields == as_read
    reasons = Review.objects.filter(job=first).values_list("reasons", flat=True)
    assert list(Review.objects.filter(job=again).values_list("reasons", flat=True)) == list(reasons)


def test_caller_may_have_it_read_anew(acme: Organisation) -> None:
    read(acme)
    with upload() as received:
        again = submit_job(actor=acme.actor, upload=received, options=Options(), cache=False)
    assert (again.status, again.cached, again.cache_key) == ("queued", False, None)


def test_setting_turns_it_off(acme: Organisation, settings: Settings) -> None:
    read(acme)
    settings.RESULT_CACHE_SECONDS = 0
    assert [make_job(acme).same_as for _ in range(2)] == [None, None]


def test_other_organisation_gets_a_run_of_its_own(
    acme: Organisation, stranger: Organisation
) -> None:
    first = read(acme)
    waiting = make_job(acme, INVOICE)
    for body, own in ((PDF, first), (INVOICE, waiting)):
        theirs = make_job(stranger, body)
        assert (theirs.status, theirs.cached, theirs.same_as) == ("queued", False, None)
        assert theirs.cache_key not in (None, own.cache_key)
    # even if Redis were to name another's job
    key = same_document.key_of(stranger.tenant, "00", Options(), None, "", "1")
    assert key is not None
    Job.objects.filter(pk=first.pk).update(cache_key=key)
    with transaction.atomic():
        assert same_document.first_of(stranger.tenant, key, first.pk) is None


OTHER: list[dict[str, Any]] = [
    {"engine": "text-layer"},
    {"pages": "1"},
    {"fields": ("iban",)},
    {"dpi": 150},
    {"text_layer": "only"},
    {"strip_furniture": True},
    {"preview": True},
    {"outputs": ("pdf",)},
    {"schema": SCHEMA},
    {"split": True},
    {"template": "invoice"},
    {"password": "x"},
]


@pytest.mark.parametrize("options", OTHER, ids=lambda options: next(iter(options)))
def test_other_options_are_another_result(acme: Organisation, options: dict[str, Any]) -> None:
    read(acme)
    assert not make_job(acme, **options).cached


def test_every_option_is_looked_at() -> None:
    assert {next(iter(each)) for each in OTHER} == {*Options.__dataclass_fields__}


def test_formats_that_are_always_there_are_no_difference(acme: Organisation) -> None:
    first = read(acme, outputs=("json", "pdf"))
    assert make_job(acme, outputs=("pdf", "csv")).same_as == first


def test_wrong_password_does_not_open_what_the_right_one_did(acme: Organisation) -> None:
    body = encrypted_pdf("geheim")
    read(acme, body, password="geheim")
    assert make_job(acme, body, password="geheim").cached
    for wrong in ("", "falsch"):
        job = make_job(acme, body, password=wrong)
        assert (job.status, job.same_as) == ("queued", None)


def test_changed_template_is_another_result(acme: Organisation) -> None:
    data: dict[str, Any] = {"name": "own", "fields": [{"name": "iban"}]}
    actor: dict[str, Any] = {"tenant": acme.tenant, "actor": acme.actor}
    named: dict[str, Any] = {"template": "own"}
    read(acme, INVOICE)
    templates.create(**actor, template=templates.read_template(data))
    read(acme, INVOICE)  # the new one might have been chosen
    read(acme, INVOICE, **named)
    assert make_job(acme, INVOICE, **named).cached
    data["fields"].append({"name": "invoice_number"})
    templates.replace(**actor, template=templates.read_template(data))
    assert not make_job(acme, INVOICE).cached
    assert not make_job(acme, INVOICE, **named).cached
    read(acme, INVOICE, template="own@1")
    row = templates.version_of(acme.tenant, "own")
    assert row is not None
    templates.delete(row=row.template, actor=acme.actor)
    templates.create(**actor, template=templates.read_template(data))
    assert not make_job(acme, INVOICE, template="own@1").cached, "another one of that name"


@pytest.mark.parametrize(
    ("where", "name"),
    [(same_document, "code_revision"), (own_engines, "ENGINES")],
    ids=["other code", "other models"],
)  # fmt: skip
def test_what_reads_now_is_another(
    acme: Organisation, where: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(acme)
    other = {
        "code_revision": lambda: "new",
        "ENGINES": {"auto": engines.EngineRow("auto", "", "", "new")},
    }
    monkeypatch.setattr(where, name, other[name])
    assert not make_job(acme).cached


def test_revisions_told_without_the_engines_are_theirs() -> None:
    for name, row in engines.ENGINES.items():
        own = engines.get(name).revision
        assert own == row.revision or own.startswith(f"{row.revision}/")


def test_document_on_its_way_is_waited_for(acme: Organisation, fake_engine: FakeEngine) -> None:
    jobs = [make_job(acme, preview=True) for _ in range(5)]
    assert [job.same_as for job in jobs] == [None, *[jobs[0]] * 4]
    assert [ready(job) for job in jobs] == [True, *[False] * 4]
    assert {(job.status, job.cached) for job in jobs} == {("queued", False)}
    run_job(str(jobs[0].pk))
    now = [fresh(job) for job in jobs]
    assert [job.status for job in now] == ["succeeded"] * 5
    assert [job.cached for job in now] == [False, True, True, True, True]
    assert fake_engine.read_pages == [1]
    assert UsageRecord.objects.get(pages__gt=0).job_id == jobs[0].pk
    assert len({document_of(job).pages for job in now}) == 1


def test_running_one_is_waited_for_until_it_is_to_be_cancelled(acme: Organisation) -> None:
    first = make_job(acme)
    claim(first)
    assert make_job(acme).same_as == first
    job_actions.cancel(fresh(first), actor=acme.actor, address=None)
    assert make_job(acme).same_as is None


def ready(job: Job) -> bool:
    """Whether the job has work of its own."""
    return Task.objects.filter(job=job).exists()


@pytest.mark.parametrize("how", ["failed", "cancelled", "cancelled at work", "deleted", "partial"])
def test_one_that_waits_takes_the_place_of_one_without_a_result(
    acme: Organisation, how: str
) -> None:
    first, second, third = (make_job(acme) for _ in range(3))
    assert not ready(second)
    if how in ("failed", "cancelled at work", "partial"):
        running = claim(first)
        if how == "failed":
            lifecycle.fail(running, ExtractionError("no"))
        elif how == "partial":
            with transaction.atomic():
                lifecycle._end(running, Status.PARTIAL)
        else:
            job_actions.cancel(fresh(first), actor=acme.actor, address=None)
            assert fresh(second).same_as == first
            lifecycle.cancelled(running)
    elif how == "cancelled":
        job_actions.cancel(first, actor=acme.actor, address=None)
    else:
        job_actions.delete(first, actor=acme.actor, address=None)
    assert (fresh(second).same_as, fresh(third).same_as) == (None, second)
    assert ready(second)
    assert not ready(third)
    run_job(str(second.pk))
    assert [(fresh(job).status, fresh(job).cached) for job in (second, third)] == [
        ("succeeded", False),
        ("succeeded", True),
    ]


def test_one_that_was_cancelled_can_be_tried_again_by_itself(acme: Organisation) -> None:
    first, second = (make_job(acme) for _ in range(2))
    job_actions.cancel(second, actor=acme.actor, address=None)
    job_actions.retry(fresh(second), actor=acme.actor, address=None)
    assert ready(second)
    run_job(str(first.pk))
    assert fresh(second).status == Status.QUEUED
    run_job(str(second.pk))
    assert (fresh(second).status, fresh(second).cached) == ("succeeded", False)


def test_urgent_one_hurries_the_one_that_it_waits_for(acme: Organisation) -> None:
    def send(priority: Priority) -> Job:
        with upload() as received:
            return submit_job(
                actor=acme.actor, upload=received, options=Options(), priority=priority
            )

    jobs = [send(priority) for priority in (Priority.LOW, Priority.NORMAL, Priority.HIGH)]
    assert Task.objects.get().priority == Priority.HIGH
    send(Priority.LOW)
    assert Task.objects.get().priority == Priority.HIGH
    assert [fresh(job).priority for job in jobs] == [2, 1, 0]
    job_actions.cancel(jobs[0], actor=acme.actor, address=None)
    assert [ready(job) for job in jobs] == [False, False, True]
    assert Task.objects.get().priority == Priority.HIGH


def test_one_that_waits_has_the_place_of_the_other(acme: Organisation) -> None:
    before, first, second = (make_job(acme, body) for body in (INVOICE, PDF, PDF))
    assert [places.place_of(job) for job in (first, second)] == [places.Place(1, None)] * 2
    run_job(str(before.pk))
    second = fresh(second)
    job_actions.delete(first, actor=acme.actor, address=None)
    assert places.place_of(second) is None


def test_one_that_waits_can_be_cancelled_and_deleted(acme: Organisation) -> None:
    first, second, third = (make_job(acme) for _ in range(3))
    job_actions.cancel(second, actor=acme.actor, address=None)
    job_actions.delete(third, actor=acme.actor, address=None)
    run_job(str(first.pk))
    assert fresh(first).status == Status.SUCCEEDED
    assert (fresh(second).status, fresh(second).same_as) == ("cancelled", None)
    assert not Page.objects.filter(job=second).exists()
    assert UsageRecord.objects.filter(pages__gt=0).count() == 1


@pytest.mark.parametrize("succeeds", [True, False])
def test_sweeper_sees_to_what_a_crash_left(
    acme: Organisation, succeeds: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = (make_job(acme) for _ in range(3))
    with monkeypatch.context() as crash:
        crash.setattr(same_document, "_ended", lambda *_: None)
        if succeeds:
            run_job(str(first.pk))
        else:
            job_actions.delete(first, actor=acme.actor, address=None)
    assert fresh(second).status == Status.QUEUED
    sweep()
    if succeeds:
        assert [fresh(job).cached for job in (second, third)] == [True, True]
    else:
        assert (fresh(second).same_as, fresh(third).same_as) == (None, second)
        assert ready(second)


def test_result_whose_file_is_gone_is_read_anew(acme: Organisation) -> None:
    first = read(acme, preview=True)
    storage.delete([Page.objects.get(job=first).preview_key])
    again = make_job(acme, preview=True)
    assert (again.status, again.cached, again.same_as_id) == ("queued", False, None)
    assert ready(again)
    assert not Page.objects.filter(job=again).exists()


def test_storage_that_fails_leaves_nothing_of_a_copy(
    acme: Organisation, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(acme, text_pdf([f"Page {n} of several, with text." for n in range(7)]), preview=True)
    before = files_of(acme, files)
    copy, done = storage.copy, []

    def fails(key: str, target: str) -> None:
        copy(key, target)
        done.append(target)
        if len(done) == 3:
            raise storage.StorageUnavailable()

    monkeypatch.setattr(storage, "copy", fails)
    body = text_pdf([f"Page {n} of several, with text." for n in range(7)])
    with pytest.raises(storage.StorageUnavailable):
        make_job(acme, body, preview=True)
    assert files_of(acme, files) == before
    assert Job.objects.count() == StoredFile.objects.count() == 1


def test_many_pages_are_copied(acme: Organisation, files: Path) -> None:
    body = text_pdf([f"Page {n} of several, with text." for n in range(12)])
    first = read(acme, body, preview=True)
    again = make_job(acme, body, preview=True)
    assert document_of(again).pages == document_of(first).pages
    for row in Page.objects.filter(job=again):
        assert row.preview_key.startswith(f"{acme.tenant.pk}/pages/{again.pk}/")
        assert storage.read(row.preview_key)


@pytest.fixture
def no_redis(settings: Settings) -> None:
    """Redis does not answer."""
    settings.REDIS_URL = "redis://127.0.0.1:1/0"


def test_without_redis_each_process_remembers(acme: Organisation, no_redis: None) -> None:
    first = read(acme)
    assert make_job(acme).same_as == first
    result_cache._memory.clear()
    assert make_job(acme).same_as is None, "another process does not know it"


def test_memory_is_bounded(acme: Organisation, no_redis: None) -> None:
    keys = [uuid4() for _ in range(result_cache.MOST + 5)]
    for key in keys:
        result_cache.notice(acme.tenant.pk, key, key)
    assert len(result_cache._memory) == result_cache.MOST
    assert result_cache.recall(acme.tenant.pk, keys[0]) is None
    assert result_cache.recall(acme.tenant.pk, keys[-1]) == keys[-1]


def test_other_process_learns_of_a_result_by_redis(acme: Organisation) -> None:
    first = read(acme)
    result_cache._memory.clear()
    assert make_job(acme).same_as == first
    connection = redis.Redis.from_url(live_settings.REDIS_URL)
    (key,) = connection.keys("*:result:*")
    assert str(key).startswith(f"b'{acme.tenant.pk}:")
    assert 0 < connection.ttl(key) <= 3600
    result_cache._memory.clear()
    job_actions.delete(first, actor=acme.actor, address=None)
    assert connection.keys("*:result:*") == []


def test_api_tells_of_it(acme: Organisation, stranger: Organisation) -> None:
    client = acme.api()
    sent = [
        client.post("/api/v1/ocr/jobs", {"file": form_file(), **options}, format="multipart")
        for options in ({}, {}, {"cache": "false"})
    ]
    assert [answer.status_code for answer in sent] == [202] * 3
    first = sent[0].json()["id"]
    assert [answer.json()["same_as"] for answer in sent] == [None, first, None]
    run_job(first)
    answer = client.post("/api/v1/ocr/jobs", {"file": form_file()}, format="multipart")
    assert (answer.status_code, answer.json()["status"]) == (200, "succeeded")
    assert (answer.json()["cached"], answer.json()["same_as"]) == (True, first)
    assert answer.json()["started_at"] is None
    listed = client.get("/api/v1/ocr/jobs?cached=true").json()["results"]
    assert {job["id"] for job in listed} == {answer.json()["id"], sent[1].json()["id"]}
    assert len(client.get("/api/v1/ocr/jobs?cached=false").json()["results"]) == 2
    refused = client.get("/api/v1/ocr/jobs?cached=1")
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_option")


def test_statistics_are_the_tenants_own(acme: Organisation, stranger: Organisation) -> None:
    read(acme, INVOICE)
    read(stranger)
    make_job(stranger)
    make_job(acme, INVOICE)
    make_job(acme)
    make_job(acme)
    make_job(acme, dpi=100)
    answer = acme.api("usage:read").get("/api/v1/cache").json()
    assert answer.pop("since") < Job.objects.latest("pk").created_at.isoformat()
    assert answer == {"seconds": 3600, "hits": 1, "misses": 3, "waiting": 1, "pages": 1}
    assert acme.api("jobs:read").get("/api/v1/cache").status_code == 403


def test_metrics_count_lookups(acme: Organisation) -> None:
    def counted() -> list[float]:
        return [
            same_document.LOOKUPS.labels(result)._value.get()
            for result in ("hit", "miss", "shared")
        ]

    before = counted()
    read(acme)
    make_job(acme)
    make_job(acme, INVOICE)
    make_job(acme, INVOICE)
    assert [now - then for now, then in zip(counted(), before, strict=True)] == [1, 2, 1]
