"""jobs/submit.py: the rows of a new job, written by one function of the database."""

from __future__ import annotations

import json
from typing import Any

import pytest
import redis
from django.conf import settings as live_settings
from django.db import connection, models
from pytest_django import Settings

from accounts.models import AuditEntry, Plan, QuotaUse, Reservation, Tenant
from extraction.options import Options
from jobs import result_cache, same_document, submit, templates
from jobs.errors import QuotaExceeded
from jobs.models import Delivery, Job, StoredFile, Task
from jobs.submit import submit_job
from tests.jobs.hooking import hook
from tests.jobs.making import PDF, make_job, upload
from tests.owner import Owner
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("files", "empty_queue"),
]
NAME = "a'b%s; -- \\ \u2028 \U0001f4c4.pdf"


@pytest.fixture
def cache_on(settings: Settings) -> None:
    settings.RESULT_CACHE_SECONDS = 3600


def values(row: models.Model) -> dict[str, Any]:
    """A row's values by column, JSON as it comes back."""
    return {
        field.attname: json.loads(json.dumps(value)) if isinstance(value, dict) else value
        for field in row._meta.concrete_fields
        for value in [getattr(row, field.attname)]
    }


def test_rows_are_kept_as_they_were_made(acme: Organisation) -> None:
    metadata = {"a": [1, 2.5, None, True, {"b": "\u00e9\\\"'"}], "%s": "1 % 2"}
    with upload(name=NAME) as received:
        received.name = NAME
        made = submit_job(
            actor=acme.actor,
            upload=received,
            options=Options(pages="1", schema={"type": "object"}, password="pass"),
            metadata=metadata,
            retention_hours=7,
            address="192.0.2.1",
        )
    kept = Job.objects.select_related("file").get()
    assert values(kept) == values(made)
    assert values(kept.file) == values(made.file)
    assert (kept.metadata, kept.retention_hours, kept.file.name) == (metadata, 7, NAME)
    assert not made._state.adding
    made.save()  # as any other row
    task = Task.objects.get()
    assert (task.job_id, task.pool, task.numbers, task.state) == (made.pk, "cpu", None, "waiting")
    assert task.due_at == task.created_at, "the database's"
    entry = AuditEntry.objects.get(action="job.submit")
    assert (entry.object_id, entry.address, entry.tenant_id) == (
        str(made.pk),
        "192.0.2.1",
        acme.tenant.pk,
    )
    assert Reservation.objects.get().job_id == made.pk


def test_nothing_is_kept_of_what_fails_late(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any, **what: Any) -> None:
        raise RuntimeError("late")

    monkeypatch.setattr(submit.receivers, "call_back", broken)
    with upload() as received, pytest.raises(RuntimeError, match="late"):
        submit_job(
            actor=acme.actor,
            upload=received,
            options=Options(),
            callback_url="https://example.com/told",
        )
    kept = (StoredFile, Job, Task, Reservation)
    assert [model._default_manager.count() for model in kept] == [0, 0, 0, 0]
    assert not AuditEntry.objects.filter(action="job.submit").exists()
    assert Tenant.objects.exists(), "the connection still serves"


def test_refused_for_want_of_room_writes_nothing(acme: Organisation) -> None:
    Plan.objects.update_or_create(name="small", defaults={"title": "Small", "open_jobs": 1})
    acme.tenant.plan = Plan.objects.get(name="small")
    acme.tenant.save()
    make_job(acme)
    uses = list(QuotaUse.objects.order_by("period").values_list("period", "used", "reserved"))
    order = submit.order(actor=acme.actor, options=Options())  # the look before is passed by
    file = StoredFile(tenant=acme.tenant, key="k", name="a", media_type="x/y", size=1, sha256="0")
    for alone in (True, False):
        with pytest.raises(QuotaExceeded) as refused:
            submit.create(order, file, alone=alone)
        assert (refused.value.limit, refused.value.actual) == (1, 2)
    assert [Job.objects.count(), Task.objects.count(), Reservation.objects.count()] == [1, 1, 1]
    assert uses == list(
        QuotaUse.objects.order_by("period").values_list("period", "used", "reserved")
    )


def test_webhook_that_listens_is_told_in_the_transaction(acme: Organisation) -> None:
    webhook, _ = hook(acme, "https://example.com/told", "job.queued")
    job = make_job(acme)
    told = Delivery.objects.get()
    assert (told.webhook, told.event) == (webhook, "job.queued")
    assert json.loads(told.body)["data"]["id"] == str(job.pk)


@pytest.mark.usefixtures("cache_on")
def test_few_rows_are_looked_at_whatever_waits(acme: Organisation) -> None:
    """PostgreSQL took the index of an organisation's jobs by status, and read all that waited."""

    def rows_read() -> int:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)"
                " FROM pg_stat_xact_user_tables WHERE relname = 'jobs_job'"
            )
            return int(cursor.fetchone()[0])

    for number in range(60):
        make_job(acme, PDF + b"%%%d" % number)
    Owner().execute("ANALYZE jobs_job")  # autovacuum may have looked when it was empty
    with connection.cursor() as cursor:  # as if the table were large
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("DISCARD PLANS")  # of other tests, for which it was small
    for number in range(2):
        before = rows_read()
        make_job(acme, PDF + b"%%new %d" % number)
        assert rows_read() - before < 10
        key = Job.objects.latest("pk").cache_key
        assert key is not None
        before = rows_read()
        with connection.cursor() as cursor:
            cursor.execute(same_document._AT_WORK, [key])
            assert len(cursor.fetchall()) == 1
        assert rows_read() - before < 10
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE jobs_job")


@pytest.mark.usefixtures("cache_on")
def test_same_document_is_found_without_a_hint(acme: Organisation) -> None:
    first = make_job(acme)
    result_cache._memory.clear()
    redis.Redis.from_url(live_settings.REDIS_URL).flushdb()
    again = make_job(acme)
    assert (again.same_as, again.cache_key) == (first, first.cache_key)
    assert Task.objects.count() == 1


@pytest.mark.usefixtures("cache_on")
def test_templates_last_seen_by_another_process_count(acme: Organisation) -> None:
    first = make_job(acme)
    templates._seen[acme.tenant.pk] = "of yesterday"
    again = make_job(acme)
    assert (again.same_as, again.cache_key) == (first, first.cache_key)
    other = make_job(acme, PDF + b"%other")
    own = {"name": "own", "fields": [{"name": "iban"}]}
    stale = templates.state_seen(acme.tenant)
    templates.create(tenant=acme.tenant, actor=acme.actor, template=templates.read_template(own))
    templates._seen[acme.tenant.pk] = stale
    anew = make_job(acme, PDF + b"%other")
    assert anew.same_as is None
    assert anew.cache_key not in (None, other.cache_key)
    assert templates.state_seen(acme.tenant) != stale
