"""The jobs API, the happy path first, then refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries, Settings
from rest_framework.test import APIClient

from extraction.formats import FORMATS
from jobs.models import Job, Status
from jobs.tasks import run_job
from tests.documents import encrypted_pdf, text_pdf
from tests.jobs.making import PDF, form_file, make_job
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]
URL = "/api/v1/ocr/jobs"


def post(client: APIClient, body: bytes = PDF, query: str = "", **data: Any) -> Any:
    """Submit a document."""
    return client.post(URL + query, {"file": form_file(body), **data}, format="multipart")


def test_post_answers_202_with_the_job_and_its_address(acme: Organisation) -> None:
    answer = post(acme.api(), pages="1", dpi="150", metadata='{"order": 7}')
    assert answer.status_code == 202, answer.json()
    body = answer.json()
    job = Job.objects.get(pk=body["id"])
    assert answer["Location"] == f"http://testserver{URL}/{job.pk}"
    assert (body["status"], body["name"], body["size"]) == ("queued", "a.pdf", len(PDF))
    assert body["media_type"] == "application/pdf"
    assert body["metadata"] == {"order": 7}
    assert (job.options["pages"], job.options["dpi"], job.engine) == ("1", 150, "auto")
    assert job.tenant == acme.tenant
    assert job.api_key == acme.key


def test_result_comes_in_every_format(acme: Organisation) -> None:
    client = acme.api()
    job = make_job(acme, text_pdf(["Total due: 12.50 EUR"]))
    run_job(str(job.pk))
    body = client.get(f"{URL}/{job.pk}").json()
    assert body["status"] == "succeeded"
    assert body["pages"] == {"total": 1, "done": 1, "failed": 0}
    for name, row in FORMATS.items():
        answer = client.get(body["links"][name])
        assert answer.status_code == 200
        assert answer["Content-Type"] == row.media_type
        assert answer["Content-Disposition"] == f'attachment; filename="a.{row.suffix}"'
        assert "sandbox" in answer["Content-Security-Policy"]
        assert b"12.50" in answer.content
    result = json.loads(client.get(body["links"]["json"]).content)
    assert result["pages"][0]["words"][0]["text"] == "Total"
    assert result["source"]["sha256"] == job.file.sha256


def test_wait_returns_the_job_when_it_has_ended(acme: Organisation) -> None:
    job = make_job(acme)
    run_job(str(job.pk))
    answer = acme.api().get(f"{URL}/{job.pk}?wait=5")
    assert answer.json()["status"] == "succeeded"


def test_list_shows_newest_first_page_by_page(acme: Organisation) -> None:
    made = [str(make_job(acme).pk) for _ in range(3)]
    client = acme.api()
    first = client.get(f"{URL}?page_size=2").json()
    assert [job["id"] for job in first["results"]] == [made[2], made[1]]
    second = client.get(first["next"]).json()
    assert [job["id"] for job in second["results"]] == [made[0]]


def test_list_filters_by_status(acme: Organisation) -> None:
    queued, done = make_job(acme), make_job(acme)
    run_job(str(done.pk))
    client = acme.api()
    assert [j["id"] for j in client.get(f"{URL}?status=queued").json()["results"]] == [
        str(queued.pk)
    ]
    assert client.get(f"{URL}?status=odd").json()["code"] == "invalid_option"


def test_list_takes_the_same_queries_for_1_and_30_jobs(
    acme: Organisation, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    from django.db import connection

    client = acme.api()
    make_job(acme)
    client.get(URL)
    with CaptureQueriesContext(connection) as one:
        client.get(URL)
    for _ in range(29):
        make_job(acme)
    with django_assert_num_queries(len(one)):
        assert len(client.get(URL).json()["results"]) == 30


def test_cancel_and_delete(acme: Organisation) -> None:
    client = acme.api()
    job = make_job(acme)
    answer = client.post(f"{URL}/{job.pk}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (202, "cancelled")
    again = client.post(f"{URL}/{job.pk}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "already_ended")
    assert client.delete(f"{URL}/{job.pk}").status_code == 204
    assert client.get(f"{URL}/{job.pk}").status_code == 404


def test_password_is_never_shown(acme: Organisation) -> None:
    answer = post(acme.api(), encrypted_pdf("geheim"), password="geheim")
    assert "geheim" not in answer.content.decode()
    listed = acme.api().get(URL)
    assert "geheim" not in listed.content.decode()


@pytest.mark.parametrize(
    ("body", "data", "status", "code"),
    [
        (b"just some text", {}, 415, "unsupported_type"),
        (b"MZ\x90 a program called a.pdf", {}, 415, "unsupported_type"),
        (PDF, {"engine": "no-such"}, 400, "invalid_option"),
        (PDF, {"pages": "3-1"}, 400, "invalid_option"),
        (PDF, {"pages": "one"}, 400, "invalid_option"),
        (PDF, {"fields": "no_such_field"}, 400, "invalid_option"),
        (PDF, {"dpi": "9000"}, 400, "invalid_option"),
        (PDF, {"text_layer": "maybe"}, 400, "invalid_option"),
        (PDF, {"metadata": "[1]"}, 400, "invalid_option"),
        (PDF, {"metadata": "{"}, 400, "invalid_option"),
        (PDF, {"metadata": '{"a": "\\u0000"}'}, 400, "invalid_option"),
    ],
)
def test_post_refuses_what_is_not_valid(
    acme: Organisation, body: bytes, data: dict[str, str], status: int, code: str
) -> None:
    answer = post(acme.api(), body, **data)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer["Content-Type"] == "application/problem+json"
    assert not Job.objects.exists()


def test_post_refuses_an_empty_and_a_missing_file(acme: Organisation) -> None:
    client = acme.api()
    empty = post(client, b"")
    assert (empty.status_code, empty.json()["code"]) == (400, "invalid_option")
    missing = client.post(URL, {"pages": "1"}, format="multipart")
    assert missing.status_code == 400
    assert "file" in missing.json()["errors"]


def test_post_refuses_a_file_over_the_limit_and_keeps_nothing(
    acme: Organisation, settings: Settings, files: Path
) -> None:
    from dataclasses import replace

    settings.LIMITS = replace(settings.LIMITS, max_bytes=1000)
    for body in (PDF + b" " * 2000, PDF + b" " * 200_000):
        answer = post(acme.api(), body)
        assert (answer.status_code, answer.json()["code"]) == (413, "file_too_large")
        assert answer.json()["limit"] == 1000
        assert answer.json()["actual"] > 1000
    assert [path for path in files.rglob("*") if path.is_file()] == []


def test_post_refuses_json(acme: Organisation) -> None:
    answer = acme.api().post(URL, {"file": "x"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("wait", ["61", "-1", "soon"])
def test_wait_beyond_its_limit_is_refused(acme: Organisation, wait: str) -> None:
    answer = post(acme.api(), query=f"?wait={wait}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_option")
    assert answer.json()["limit"] == 60


def test_result_of_an_unfinished_job_is_409(acme: Organisation) -> None:
    job = make_job(acme)
    answer = acme.api().get(f"{URL}/{job.pk}/result.json")
    assert (answer.status_code, answer.json()["code"]) == (409, "result_not_ready")


def test_result_of_a_failed_job_tells_why(acme: Organisation) -> None:
    job = make_job(acme, encrypted_pdf("geheim"))
    run_job(str(job.pk))
    client = acme.api()
    shown = client.get(f"{URL}/{job.pk}").json()
    assert (shown["status"], shown["error"]["code"]) == ("failed", "encrypted")
    answer = client.get(f"{URL}/{job.pk}/result.md")
    assert (answer.status_code, answer.json()["code"]) == (409, "no_result")


def test_scopes_bound_what_a_key_may_do(acme: Organisation) -> None:
    reader, writer = acme.api("jobs:read"), acme.api("jobs:write")
    job = make_job(acme)
    assert reader.get(f"{URL}/{job.pk}").status_code == 200
    assert post(reader).json()["code"] == "permission_denied"
    assert reader.post(f"{URL}/{job.pk}/cancel").status_code == 403
    assert reader.delete(f"{URL}/{job.pk}").status_code == 403
    assert writer.get(URL).status_code == 403
    assert post(writer).status_code == 202
    assert Job.objects.filter(status=Status.QUEUED).count() == 2


def test_without_credentials_401(acme: Organisation) -> None:
    for answer in (APIClient().get(URL), post(APIClient())):
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
        assert answer["WWW-Authenticate"].startswith("Bearer")
