"""jobs/download_audit.py: who had which document or result."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import run_checks
from django.test import Client
from pytest_django import Settings

from accounts import seldom
from accounts.models import AuditEntry
from accounts.permissions import Role
from jobs import download_audit
from jobs.models import Batch, Job
from tests.jobs.making import make_job, run_job
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]


@pytest.fixture
def done(acme: Organisation) -> Job:
    """A job with a result and a picture, in a batch of its id."""
    job = make_job(acme, preview=True)
    batch = Batch.objects.create(pk=job.pk, tenant=acme.tenant, name="Wages of Jane Miller")
    Job.objects.filter(pk=job.pk).update(batch=batch, batch_position=1)
    run_job(str(job.pk))
    return Job.objects.get(pk=job.pk)


def noted() -> list[tuple[str, Any]]:
    """The deliveries in the log."""
    rows = AuditEntry.objects.filter(action__in=("job.download", "batch.download"))
    return list(rows.order_by("pk").values_list("action", "after"))


def fetch(client: Any, url: str) -> None:
    answer = client.get(url)
    assert answer.status_code == 200, url
    if answer.streaming:
        list(answer)


def test_every_way_to_a_document_is_noted(acme: Organisation, done: Job) -> None:
    client, page = acme.api(), Client()
    page.force_login(acme.owner)
    api = f"/api/v1/ocr/jobs/{done.pk}"
    for url in (f"{api}/result.json", f"{api}/result.txt", f"{api}/pages/1"):
        fetch(client, url)
    fetch(client, f"/api/v1/batches/{done.pk}/export.csv")
    fetch(client, f"/api/v1/reviews/{done.pk}")
    fetch(client, f"{api}/fields/total_amount")
    links = client.post(f"{api}/links", {"files": ["original"]}).json()["links"]
    fetch(Client(), links["original"])
    fetch(page, f"/jobs/{done.pk}/result.json")
    fetch(page, f"/jobs/{done.pk}/pages/1.jpg")
    fetch(page, f"/jobs/{done.pk}")
    assert noted() == [
        ("job.download", {"file": "json", "by": "api"}),
        ("job.download", {"file": "txt", "by": "api"}),
        ("job.download", {"file": "page", "by": "api"}),
        ("batch.download", {"file": "csv", "by": "api"}),
        ("job.download", {"file": "fields", "by": "api"}),
        ("job.download", {"file": "original", "by": "link"}),
        ("job.download", {"file": "json", "by": "page"}),
        ("job.download", {"file": "pictures", "by": "page"}),
        ("job.download", {"file": "view", "by": "page"}),
    ]
    entries = AuditEntry.objects.filter(action__endswith=".download")
    assert {entry.object_id for entry in entries} == {str(done.pk)}
    assert {entry.tenant for entry in entries} == {acme.tenant}
    assert {entry.address for entry in entries} == {"127.0.0.1"}


def test_program_that_polls_leaves_one_entry_an_hour(
    acme: Organisation, done: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(seldom.time, "monotonic", lambda: now[0])
    client, url = acme.api(), f"/api/v1/ocr/jobs/{done.pk}/result.json"
    for _ in range(10):
        fetch(client, url)
    assert len(noted()) == 1
    fetch(acme.api("jobs:read"), url)
    assert len(noted()) == 2, "another key is another caller"
    now[0] += 3601
    fetch(client, url)
    assert len(noted()) == 3
    download_audit.noted.clear()


@pytest.mark.parametrize(("mode", "entries"), [("all", 3), ("none", 0)])
def test_setting_notes_all_or_none(
    mode: str, entries: int, acme: Organisation, done: Job, settings: Settings
) -> None:
    settings.AUDIT_DOWNLOADS = mode
    for _ in range(3):
        fetch(acme.api(), f"/api/v1/ocr/jobs/{done.pk}/result.json")
    assert len(noted()) == entries


def test_what_is_not_delivered_is_not_noted(acme: Organisation, done: Job) -> None:
    client, api = acme.api(), f"/api/v1/ocr/jobs/{done.pk}"
    assert client.head(f"{api}/result.json").status_code == 200
    assert client.get(f"{api}/result.pdf").status_code == 409
    assert client.get(f"{api}/pages/7").status_code == 404
    waiting = make_job(acme)
    assert client.get(f"/api/v1/ocr/jobs/{waiting.pk}/result.json").status_code == 409
    page = Client()
    page.force_login(acme.join(Role.VIEWER))
    fetch(page, f"/jobs/{waiting.pk}")
    assert noted() == []


def test_delivery_that_could_not_be_noted_is_not_taken_for_noted(
    acme: Organisation, done: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, url = acme.api(), f"/api/v1/ocr/jobs/{done.pk}/result.json"

    def fails(**kwargs: Any) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr("jobs.download_audit.audit.record", fails)
        with pytest.raises(RuntimeError):
            client.get(url)
    fetch(client, url)
    assert len(noted()) == 1


def test_no_name_or_text_of_a_document_is_noted(acme: Organisation, done: Job) -> None:
    fetch(acme.api(), f"/api/v1/batches/{done.pk}/export.json")
    fetch(acme.api(), f"/api/v1/ocr/jobs/{done.pk}/result.txt")
    for entry in AuditEntry.objects.filter(action__endswith=".download"):
        assert set(entry.after or ()) == {"file", "by"}


@pytest.mark.parametrize(
    ("name", "value"), [("AUDIT_DOWNLOADS", "some"), ("AUDIT_RETENTION_DAYS", 29)]
)
def test_setting_out_of_range_is_found_at_start(name: str, value: Any, settings: Settings) -> None:
    setattr(settings, name, value)
    assert "ocrsite.E020" in {message.id for message in run_checks()}
