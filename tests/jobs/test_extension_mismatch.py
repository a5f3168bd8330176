"""The content of a file decides its type; a name that says another one is told of."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings

from jobs.models import Job
from tests.documents import image_png
from tests.jobs.making import PDF, form_file, run_job
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]
JOBS = "/api/v1/ocr/jobs"


def sent(organisation: Organisation, name: str, body: bytes = PDF) -> Job:
    """The job of a file of that name, done."""
    answer = organisation.api().post(JOBS, {"file": form_file(body, name)}, format="multipart")
    assert answer.status_code in (200, 202), answer.json()
    run_job(answer.json()["id"])
    return Job.objects.get(pk=answer.json()["id"])


def test_mismatch_is_a_warning_of_the_job_and_its_result(acme: Organisation) -> None:
    job = sent(acme, "scan.png")
    assert (job.status, job.file.media_type) == ("succeeded", "application/pdf")
    assert job.warnings == ["extension_mismatch"]
    client = acme.api()
    assert client.get(f"{JOBS}/{job.pk}").json()["warnings"] == ["extension_mismatch"]
    assert client.get(f"{JOBS}/{job.pk}/result.json").json()["warnings"] == ["extension_mismatch"]


def test_right_name_and_none_are_no_mismatch(acme: Organisation) -> None:
    assert sent(acme, "scan.PDF").warnings == sent(acme, "scan").warnings == []


def test_failed_job_tells_of_it_too(acme: Organisation, fake_engine: object) -> None:
    job = sent(acme, "broken.tiff", image_png("x")[:60])
    assert (job.status, job.warnings) == ("failed", ["extension_mismatch"])


def test_same_content_under_another_name_has_a_warning_of_its_own(
    acme: Organisation, settings: Settings
) -> None:
    settings.RESULT_CACHE_SECONDS = 3600
    first = sent(acme, "scan.jpg")
    again = sent(acme, "scan.pdf")
    third = sent(acme, "scan.html")
    assert (again.same_as, third.same_as, again.cached) == (first, first, True)
    assert [job.warnings for job in (first, again, third)] == [
        ["extension_mismatch"],
        [],
        ["extension_mismatch"],
    ]


def test_content_of_no_known_type_is_refused_whatever_its_name(
    acme: Organisation, files: Path
) -> None:
    for body in (b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<?xml version='1.0'?><a/>", b"MZ"):
        file = form_file(body, "scan.pdf")
        answer = acme.api().post(JOBS, {"file": file}, format="multipart")
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_type")
    assert not Job.objects.exists()
