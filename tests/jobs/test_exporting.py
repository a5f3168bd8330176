"""jobs/exporting.py: answers that are made while they are sent."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.db.models.functions import Now

from accounts.grants import Grant
from accounts.models import ApiKey, Membership
from accounts.permissions import Role
from jobs import audit_csv, exporting
from jobs.exporting import held
from tests.jobs.batching import make_batch
from tests.jobs.making import make_job
from tests.jobs.test_takeout import URL, by_token, opened
from tests.people import Organisation

NOBODYS = Grant("jobs:read", uuid4(), None, None, "")


def test_what_makes_an_answer_ends_with_it() -> None:
    """A browser that goes away amid an export leaves no cursor of the database behind."""
    ended = []

    def parts() -> Iterator[bytes]:
        try:
            yield b"one"
            yield b"two"
        finally:
            ended.append(True)

    with held(parts(), NOBODYS) as body:
        sending = iter(body)
        assert next(sending) == b"one"
        body.close()
        assert ended == [True]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("files", "empty_queue")
@pytest.mark.parametrize("what", ["archive", "batch", "audit"])
def test_answer_ends_when_its_reader_may_no_longer_have_it(
    what: str, acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "ASK_SECONDS", -1)
    monkeypatch.setattr(audit_csv, "ROWS", 1)
    if what == "archive":
        make_job(acme)
        answer: Any = by_token(acme).get(URL)
    elif what == "batch":
        batch = make_batch(acme, [b"%PDF-1.4 one", b"%PDF-1.4 two"])
        answer = acme.api().get(f"/api/v1/batches/{batch.pk}/export.json")
    else:
        answer = acme.api().get("/api/v1/audit.csv")
    parts = iter(answer.streaming_content)
    begun = next(parts)
    Membership.objects.filter(user=acme.owner).update(role=Role.REVIEWER)
    ApiKey.objects.update(revoked_at=Now())
    with pytest.raises(exporting.Withdrawn):
        begun += b"".join(parts)
    answer.close()
    if what == "archive":
        with pytest.raises(zipfile.BadZipFile):
            zipfile.ZipFile(io.BytesIO(begun))


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("files", "empty_queue")
def test_archive_can_be_broken_off_anywhere(acme: Organisation) -> None:
    make_job(acme)
    client = by_token(acme)
    whole: Any = client.get(URL)
    count = sum(1 for _ in whole.streaming_content)
    whole.close()
    for number in range(0, count, 7):
        answer: Any = client.get(URL)
        parts = iter(answer.streaming_content)
        for _ in range(number):
            next(parts)
        answer.close()
    assert opened(client.get(URL)).namelist()[-1] == "manifest.json"
