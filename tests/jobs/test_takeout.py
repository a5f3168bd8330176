"""jobs/takeout.py: everything that an organisation has, in an archive that says what it holds."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import AuditEntry, Membership, UsageRecord
from accounts.permissions import Role
from jobs import departure, storage, takeout
from jobs.belongings import tables
from jobs.exporting import places
from jobs.models import Job, StoredFile
from tests.jobs.making import PDF, make_job
from tests.jobs.possessions import possess
from tests.people import PASSWORD, Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue", "no_names"),
]
URL = "/api/v1/organisation/export.zip"


def by_token(organisation: Organisation, email: str = "") -> APIClient:
    """A client with a person's token, the owner's by itself."""
    client = APIClient()
    body = {"email": email or organisation.owner.email, "password": PASSWORD}
    issued = client.post("/api/v1/auth/token", body).json()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {issued['access']}")
    return client


def opened(sent: Any) -> zipfile.ZipFile:
    """The archive, of an answer or by its parts, every entry's checksum tested."""
    parts = getattr(sent, "streaming_content", sent)
    archive = zipfile.ZipFile(io.BytesIO(b"".join(parts)))
    assert archive.testzip() is None
    return archive


def lines(archive: zipfile.ZipFile, name: str) -> list[Any]:
    return [json.loads(line) for line in archive.read(name).splitlines()]


def cells(archive: zipfile.ZipFile, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(archive.read(name).decode("utf-8-sig"))))


def test_export_holds_what_the_database_holds(acme: Organisation, stranger: Organisation) -> None:
    for each in (acme, stranger):
        possess(each)
    answer = by_token(acme).get(URL)
    assert answer["Content-Disposition"] == 'attachment; filename="acme-export.zip"'
    archive = opened(answer)
    manifest = json.loads(archive.read("manifest.json"))
    assert manifest["organisation"]["id"] == str(acme.tenant.pk)
    assert manifest["missing"] == []
    # each entry is as the manifest says, and none is untold
    assert [row["name"] for row in manifest["entries"]] == archive.namelist()[:-1]
    assert archive.namelist()[-1] == "manifest.json"
    for row in manifest["entries"]:
        body = archive.read(row["name"])
        assert (len(body), hashlib.sha256(body).hexdigest()) == (row["bytes"], row["sha256"])
    # as many rows as the database has, of every table
    for table in tables():
        if table.label in takeout.LEFT_OUT:
            continue
        rows = lines(archive, f"rows/{table.label}.jsonl")
        assert len(rows) == table.rows(acme.tenant.pk).count() == manifest["counts"][table.label]
        assert rows, table.label
    # the documents, byte for byte
    stored = StoredFile.objects.for_tenant(acme.tenant).filter(job__isnull=False)
    sent = {name: archive.read(name) for name in archive.namelist() if "documents/" in name}
    assert sorted(hashlib.sha256(body).hexdigest() for body in sent.values()) == sorted(
        stored.values_list("sha256", flat=True)
    )
    kept = [name for name in archive.namelist() if name.startswith("training/")]
    assert len(kept) == 3 and archive.read(kept[0]) == b"an adapter"
    assert manifest["documents_sha256"] == departure.sum_of_documents(acme.tenant.pk)
    assert len([name for name in archive.namelist() if name.startswith("searchable/")]) == 1
    # results with corrections
    results = {row["job"]: row["result"] for row in lines(archive, "results.jsonl")}
    ended = Job.objects.for_tenant(acme.tenant).filter(pages_done__gt=0)
    assert results.keys() == {str(pk) for pk in ended.values_list("pk", flat=True)}
    totals = [
        field["value"]["amount"]
        for result in results.values()
        for field in result["fields"]
        if field["name"] == "total_amount"
    ]
    assert totals == ["119.00"]
    # people, usage, audit
    emails = [row["email"] for row in cells(archive, "members.csv")]
    members = Membership.objects.for_tenant(acme.tenant)
    assert sorted(emails) == sorted(members.values_list("user__email", flat=True))
    assert len(cells(archive, "usage.csv")) == UsageRecord.objects.for_tenant(acme.tenant).count()
    assert len(cells(archive, "audit.csv")) == AuditEntry.objects.for_tenant(acme.tenant).count()
    assert AuditEntry.objects.get(action="tenant.export").user_id == acme.owner.pk
    # nothing of anybody else
    everything = b"".join(archive.read(name) for name in archive.namelist())
    assert b"stranger" not in everything.lower()
    assert str(stranger.tenant.pk).encode() not in everything


def test_export_holds_no_secrets(acme: Organisation) -> None:
    possess(acme)
    archive = opened(takeout.stream(acme.tenant))
    everything = b"".join(archive.read(name) for name in archive.namelist())
    for secret in (acme.raw_key, acme.key.hash, acme.owner.password, "whsec_"):
        assert secret.encode() not in everything
    columns = {name for table in tables() for name in takeout.columns_of(table)}
    assert "sha256" in columns
    assert not {"hash", "sealed_secret", "sealed_old_secret", "sealed_password"} & columns


def test_templates_can_be_imported_elsewhere(acme: Organisation, stranger: Organisation) -> None:
    possess(acme)
    archive = opened(takeout.stream(acme.tenant))
    template = json.loads(archive.read("templates/ours.json"))
    assert stranger.api().post("/api/v1/templates", template).status_code == 201
    made = stranger.api().get("/api/v1/templates/ours").json()
    assert [field["name"] for field in made["fields"]] == ["iban"]


def test_file_that_is_gone_is_told(acme: Organisation) -> None:
    job, kept = make_job(acme), make_job(acme)
    storage.remove([job.file.key])
    archive = opened(takeout.stream(acme.tenant))
    manifest = json.loads(archive.read("manifest.json"))
    assert manifest["missing"] == [{"job": str(job.pk), "what": "documents", "why": "gone"}]
    assert manifest["counts"]["documents"] == 1
    assert archive.read(f"documents/{kept.pk}/a.pdf") == PDF


def test_names_of_documents_lead_nowhere(acme: Organisation) -> None:
    job = make_job(acme)
    StoredFile.objects.filter(pk=job.file_id).update(name="../../etc/pass\x1bwd.pdf")
    archive = opened(takeout.stream(acme.tenant))
    assert f"documents/{job.pk}/_.._etc_passwd.pdf" in archive.namelist()


def test_only_owners_may_export_and_not_by_key(acme: Organisation) -> None:
    assert acme.api().get(URL).status_code == 403
    for role in (Role.ADMIN, Role.VIEWER):
        person = acme.join(role)
        assert by_token(acme, person.email).get(URL).status_code == 403
        session = Client()
        session.force_login(person)
        assert session.get("/organisation/export.zip").status_code == 403
    assert not AuditEntry.objects.filter(action="tenant.export").exists()


def test_exports_beyond_their_places_are_refused(acme: Organisation) -> None:
    held = 0
    while places.acquire(blocking=False):
        held += 1
    answer = by_token(acme).get(URL)
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    for _ in range(held):
        places.release()
    for _ in range(held + 1):  # each gives its place back
        answer = by_token(acme).get(URL)
        assert opened(answer)
        answer.close()


def test_memory_does_not_grow_with_the_documents(acme: Organisation, files: Path) -> None:
    import tracemalloc

    job = make_job(acme)
    Path(files / job.file.key).write_bytes(b"\x00" * 40_000_000)
    tracemalloc.start()
    size = sum(len(part) for part in takeout.stream(acme.tenant))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size > 40_000_000
    assert peak < 8_000_000
