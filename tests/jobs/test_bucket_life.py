"""The life of a job whose files lie in a bucket, and a bucket's server that goes away amid it."""

from __future__ import annotations

from typing import Any, cast

import pytest
from botocore.exceptions import EndpointConnectionError
from pytest_django import Settings

from accounts.models import QuotaUse, UsageRecord
from jobs import result_cache, storage
from jobs.models import Job, Page, StoredFile, Task
from jobs.stores.bucket import BucketStore
from tests.documents import text_pdf
from tests.jobs.buckets import point_to
from tests.jobs.making import form_file, run_job, text_in
from tests.people import Organisation

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queue")]
URL = "/api/v1/ocr/jobs"
TWO = text_pdf(["The first page, with text.", "The second page, with text."])
RESULT = "The first page, with text."


def keys() -> set[str]:
    """All that is in the bucket."""
    return {one.key for page in storage.pages() for one in page}


def submit(organisation: Organisation) -> Any:
    """The answer to a submission with pictures of the pages and a searchable PDF."""
    form = {"file": form_file(TWO), "outputs": "json,pdf"}
    return organisation.api().post(URL, form, format="multipart")


def check_result(organisation: Organisation, job: str) -> None:
    """The job has ended well, read each page and was billed once; all its files are there."""
    client = organisation.api()
    row = Job.objects.get(pk=job)
    assert (row.status, row.pages_done) == ("succeeded", 2)
    assert UsageRecord.objects.filter(job_id=job).count() == 1
    assert not Task.objects.filter(job=row).exists()
    folder = f"{row.tenant_id}/pages/{job}"
    wanted = {row.file.key, f"{folder}/1.jpg", f"{folder}/2.jpg", f"{folder}/{row.attempt}.pdf"}
    assert {key for key in keys() if job in key or key == row.file.key} == wanted
    for name in ("txt", "pdf"):
        answer = client.get(f"{URL}/{job}/result.{name}")
        assert RESULT in text_in(answer, name)


def test_job_lives_and_ends_in_a_bucket(bucket: str, acme: Organisation) -> None:
    answer = submit(acme)
    assert answer.status_code == 202, answer.content
    job = answer.json()["id"]
    file = StoredFile.objects.get()
    assert keys() == {file.key}
    run_job(job)
    check_result(acme, job)
    picture = Page.objects.get(job=job, number=2).preview_key
    assert storage.read(picture)[:2] == b"\xff\xd8"
    assert acme.api().delete(f"{URL}/{job}").status_code == 204
    assert keys() == set()
    assert not StoredFile.objects.exists()


def test_same_document_again_has_files_of_its_own(
    bucket: str, acme: Organisation, settings: Settings
) -> None:
    settings.RESULT_CACHE_SECONDS = 3600
    result_cache._memory.clear()
    first = submit(acme).json()["id"]
    run_job(first)
    again = submit(acme).json()
    assert (again["status"], again["cached"]) == ("succeeded", True)
    assert len(keys()) == 8
    assert acme.api().delete(f"{URL}/{first}").status_code == 204
    assert len(keys()) == 4
    assert RESULT in text_in(acme.api().get(f"{URL}/{again['id']}/result.pdf"), "pdf")
    assert storage.read(Page.objects.get(job=again["id"], number=1).preview_key)


class Line:
    """The line to the bucket's server, which breaks after some requests."""

    def __init__(self, store: BucketStore) -> None:
        self.left: int | None = None
        store.check()
        assert store.client
        for client in store._clients.values():
            client.meta.events.register("before-send.s3", self)

    def __call__(self, request: Any, **kwargs: Any) -> None:
        if self.left is not None and self.left <= 0:
            raise EndpointConnectionError(endpoint_url=request.url)
        if self.left is not None:
            self.left -= 1


@pytest.fixture
def line(bucket: str, s3_address: str, settings: Settings) -> Line:
    """The line to the storage, whole; nothing is tried twice."""
    point_to(settings, s3_address, bucket, tries=1)
    return Line(cast(BucketStore, storage.store()))


def test_submission_without_a_server_leaves_no_rows(acme: Organisation, line: Line) -> None:
    line.left = 0
    answer = submit(acme)
    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    assert answer["Retry-After"]
    assert not Job.objects.exists()
    assert not StoredFile.objects.exists()
    assert not QuotaUse.objects.exclude(used=0, reserved=0).exists()
    line.left = None
    assert keys() == set()
    assert submit(acme).status_code == 202


def test_server_that_goes_away_amid_the_work_loses_nothing(acme: Organisation, line: Line) -> None:
    """At the document, at either picture, at the PDF; for longer than there are tries."""
    for requests in range(4):
        job = submit(acme).json()["id"]
        line.left = requests
        for _ in range(4):
            run_job(job)
            task = Task.objects.get(job=job)
            assert (task.state, task.retries, task.due_at > task.created_at) == ("waiting", 0, True)
            assert Job.objects.get(pk=job).status == "queued"
            assert not UsageRecord.objects.filter(job_id=job).exists()
        assert Page.objects.filter(job=job).count() == max(0, min(requests - 1, 2))
        line.left = None
        run_job(job)
        check_result(acme, job)


def test_server_that_refuses_one_file_does_not_do_so_for_ever(
    acme: Organisation, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = submit(acme).json()["id"]

    def refused(*args: Any) -> None:
        raise OSError("access denied")

    with monkeypatch.context() as patch:
        patch.setattr(BucketStore, "_save", refused)
        for _ in range(3):
            run_job(job)
    row = Job.objects.get(pk=job)
    assert (row.status, row.error and row.error["code"]) == ("failed", "storage_unavailable")
    assert acme.api().post(f"{URL}/{job}/retry").status_code == 202
    run_job(job)
    assert Job.objects.get(pk=job).status == "succeeded"


def test_job_is_deleted_when_the_server_is_back(acme: Organisation, line: Line) -> None:
    job = submit(acme).json()["id"]
    run_job(job)
    for requests in (0, 1):  # at the listing, at the removal
        line.left = requests
        answer = acme.api().delete(f"{URL}/{job}")
        assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
        line.left = None
        check_result(acme, job)
    assert acme.api().delete(f"{URL}/{job}").status_code == 204
    assert keys() == set()


def test_copy_that_breaks_off_leaves_nothing(
    acme: Organisation, line: Line, settings: Settings
) -> None:
    settings.RESULT_CACHE_SECONDS = 3600
    result_cache._memory.clear()
    first = submit(acme).json()["id"]
    run_job(first)
    for requests in (1, 3):
        line.left = requests
        assert submit(acme).json()["code"] == "storage_unavailable"
        assert Job.objects.count() == StoredFile.objects.count() == 1
    line.left = None
    assert submit(acme).json()["cached"] is True
    check_result(acme, first)


def test_result_is_told_to_be_away_and_comes_back(acme: Organisation, line: Line) -> None:
    job = submit(acme).json()["id"]
    run_job(job)
    line.left = 0
    client = acme.api()
    assert RESULT in text_in(client.get(f"{URL}/{job}/result.txt"), "txt")  # needs no file
    answer = client.get(f"{URL}/{job}/result.pdf")
    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    assert client.get("/health/ready").status_code == 503
    assert client.get("/health/live").status_code == 200
    line.left = None
    assert client.get("/health/ready").status_code == 200
    assert RESULT in text_in(client.get(f"{URL}/{job}/result.pdf"), "pdf")
