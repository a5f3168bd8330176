"""A document read once more by another engine."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import AuditEntry
from accounts.permissions import Role
from extraction.errors import InvalidOption
from jobs import storage
from jobs.errors import Expired
from jobs.models import Job, Status, StoredFile
from jobs.read_again import read_again
from tests.engines import FakeEngine
from tests.jobs.making import make_job, run_job
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]


def again(acme: Organisation, job: Job, **more: Any) -> Job:
    """The job's document read again by the owner."""
    told: dict[str, Any] = {"engine": "rapidocr", "address": "192.0.2.1", **more}
    return read_again(job, actor=acme.member, **told)


def test_document_is_read_again_as_a_job_of_its_own(
    acme: Organisation, fake_engine: FakeEngine
) -> None:
    job = make_job(acme, pages="1", fields=("iban",), preview=True)
    run_job(str(job.pk))
    job.refresh_from_db()
    new = again(acme, job, pdf=True)
    assert new.pk != job.pk
    assert (new.engine, new.status, new.created_by) == ("rapidocr", Status.QUEUED, acme.owner)
    kept = {"pages": "1", "fields": ["iban"], "preview": True, "outputs": ["pdf"]}
    new.refresh_from_db()
    assert {name: new.options[name] for name in kept} == kept
    assert new.file.key != job.file.key
    assert storage.read(new.file.key) == storage.read(job.file.key)
    assert new.file.sha256 == job.file.sha256
    entry = AuditEntry.objects.filter(action="job.submit").latest("pk")
    assert (entry.object_id, entry.actor) == (str(new.pk), acme.owner.email)


def test_same_engine_reads_anew_and_another_takes_what_is_there(
    acme: Organisation, settings: Settings
) -> None:
    settings.RESULT_CACHE_SECONDS = 3600
    job = make_job(acme, engine="text-layer")
    run_job(str(job.pk))
    job.refresh_from_db()
    assert again(acme, job, engine="text-layer").status == Status.QUEUED
    other = again(acme, job, engine="auto")
    run_job(str(other.pk))
    repeated = again(acme, job, engine="auto")
    repeated.refresh_from_db()
    assert (repeated.cached, repeated.same_as_id) == (True, other.pk)


def test_what_is_gone_or_not_offered_is_refused(acme: Organisation) -> None:
    job = make_job(acme)
    run_job(str(job.pk))
    job.refresh_from_db()
    with pytest.raises(InvalidOption):
        again(acme, job, engine="no-such")
    storage.delete([job.file.key])
    with pytest.raises(Expired):
        again(acme, job)
    Job.objects.filter(pk=job.pk).update(status=Status.EXPIRED)
    job.refresh_from_db()
    with pytest.raises(Expired):
        again(acme, job)
    assert Job.objects.count() == StoredFile.objects.count() == 1


def test_page_leads_to_the_new_job(acme: Organisation, client: Client) -> None:
    job = make_job(acme)
    run_job(str(job.pk))
    client.force_login(acme.owner)
    assert f'action="/jobs/{job.pk}/again"' in client.get(f"/jobs/{job.pk}").content.decode()
    answer = client.post(f"/jobs/{job.pk}/again", {"engine": "text-layer"})
    new = Job.objects.exclude(pk=job.pk).get()
    assert answer["Location"] == f"/jobs/{new.pk}"
    assert client.post(f"/jobs/{job.pk}/again", {"engine": "<b>"}).status_code == 400


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.VIEWER])
def test_page_does_not_offer_it_to_those_who_may_not(
    role: Role, acme: Organisation, client: Client
) -> None:
    job = make_job(acme)
    run_job(str(job.pk))
    client.force_login(acme.join(role))
    assert "/again" not in client.get(f"/jobs/{job.pk}").content.decode()
    assert client.post(f"/jobs/{job.pk}/again", {"engine": "auto"}).status_code == 403
