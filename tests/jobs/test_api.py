"""The jobs API, the happy path first, then refusals."""

from __future__ import annotations

import base64
import errno
import json
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries, Settings
from rest_framework.test import APIClient

from extraction.fields import CATALOGUE
from extraction.fields.kinds import KINDS
from extraction.formats import FORMATS
from jobs import blocking
from jobs.models import Job, Status
from jobs.uploads import Upload
from tests.documents import encrypted_pdf, text_pdf
from tests.jobs.making import PDF, form_file, make_job, run_job, text_in
from tests.listening import at_each_pause
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
    job = make_job(acme, text_pdf(["Total due: 12.50 EUR"]), outputs=("pdf",))
    run_job(str(job.pk))
    body = client.get(f"{URL}/{job.pk}").json()
    assert body["status"] == "succeeded"
    assert body["pages"] == {"total": 1, "done": 1, "failed": 0}
    assert body["options"]["outputs"] == ["pdf"]
    for name, row in FORMATS.items():
        answer = client.get(body["links"][name])
        assert answer.status_code == 200
        assert answer["Content-Type"] == row.media_type
        assert answer["Content-Disposition"] == f'attachment; filename="a.{row.suffix}"'
        assert "sandbox" in answer["Content-Security-Policy"]
        assert "12.50" in text_in(answer, name)
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


def test_fields_come_with_commas_or_one_by_one(acme: Organisation) -> None:
    for given in ("iban,total_amount", ["iban", "total_amount"], ["iban", " total_amount ,"]):
        answer = post(acme.api(), fields=given, cache=False)
        assert answer.status_code == 202, answer.content
        assert Job.objects.get(pk=answer.json()["id"]).options["fields"] == ["iban", "total_amount"]


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


def test_post_refuses_other_media_types(acme: Organisation) -> None:
    answer = acme.api().post(URL, PDF, content_type="application/pdf")
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


def test_fields_lists_the_catalogue_with_labels_columns_and_kinds(acme: Organisation) -> None:
    answer = acme.api("jobs:read").get("/api/v1/fields")
    assert answer.status_code == 200
    body = answer.json()
    assert [field["name"] for field in body["fields"]] == [field.name for field in CATALOGUE]
    assert [row["name"] for row in body["kinds"]] == list(KINDS)
    assert {"name": "payslip", "label": "Payslip"} in body["document_types"]
    (table,) = [field for field in body["fields"] if field["name"] == "line_items"]
    assert (table["kind"], table["synonyms"]) == ("table", [])
    (price,) = [column for column in table["columns"] if column["name"] == "unit_price"]
    assert (price["label"], price["kind"]) == ("Unit price", "money")
    assert "Einzelpreis" in price["synonyms"]


def test_fields_filters_by_document_type(acme: Organisation) -> None:
    body = acme.api().get("/api/v1/fields?document_type=payslip").json()
    names = {field["name"] for field in body["fields"]}
    assert {"net_pay", "tax_class", "iban"} <= names
    assert "vessel_name" not in names
    assert all("payslip" in field["document_types"] for field in body["fields"])


def test_fields_refuses_an_unknown_document_type_and_a_key_that_may_not_read(
    acme: Organisation,
) -> None:
    answer = acme.api().get("/api/v1/fields?document_type=shoe")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_option")
    assert "payslip" in answer.json()["detail"]
    assert acme.api("jobs:write").get("/api/v1/fields").status_code == 403


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


@pytest.mark.parametrize(
    "metadata",
    [
        '{"a": NaN}',
        '{"a": [1e999]}',
        '{"a": "\\ud800"}',
        '{"\\udfff": 1}',
        '{"a":' + "[" * 900 + "]" * 900 + "}",
        '{"a":' + "[" * 7000 + "]" * 7000 + "}",
    ],
)
def test_post_refuses_metadata_that_cannot_be_kept(acme: Organisation, metadata: str) -> None:
    answer = post(acme.api(), metadata=metadata)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_option")
    assert "metadata" in answer.json()["errors"]


def test_post_returns_metadata_as_given(acme: Organisation) -> None:
    given = {"emoji": "\U0001f600", "text": r"\u0000", "big": 10**40, "deep": [[{"x": [None]}]]}
    answer = post(acme.api(), metadata=json.dumps(given))
    assert answer.status_code == 202
    assert acme.api().get(answer["Location"]).json()["metadata"] == given


def test_post_refuses_a_second_document_instead_of_dropping_it(acme: Organisation) -> None:
    for files in ({"file": [form_file(), form_file()]}, {"file": form_file(), "b": form_file()}):
        answer = acme.api().post(URL, files, format="multipart")
        assert answer.status_code == 400
        assert answer.json()["errors"] == {"file": ["One document a request."]}
    assert not Job.objects.exists()


@pytest.mark.parametrize("name", ["a." + "x" * 300, "a." + "漢" * 90, "x" * 400 + ".pdf"])
def test_post_takes_a_name_longer_than_file_names_may_be(acme: Organisation, name: str) -> None:
    head = f'--B\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    body = head + PDF.decode("latin-1") + "\r\n--B--\r\n"
    answer = acme.api().generic("POST", URL, body, "multipart/form-data; boundary=B")
    assert answer.status_code == 202, answer.content
    assert len(answer.json()["name"]) <= 255


@pytest.mark.parametrize(
    ("name", "disposition"),
    [
        ("!!!.pdf", 'attachment; filename="!!!.json"'),
        ("..pdf", 'attachment; filename="result.json"'),
        ('say "hi".pdf', 'attachment; filename="say _hi_.json"'),
        ("Rechnung März.pdf", "attachment; filename*=utf-8''Rechnung%20M%C3%A4rz.json"),
    ],
)
def test_result_is_named_after_the_document_whatever_its_name(
    acme: Organisation, name: str, disposition: str
) -> None:
    job = make_job(acme)
    job.file.name = name
    job.file.save()
    run_job(str(job.pk))
    answer = acme.api().get(f"{URL}/{job.pk}/result.json")
    assert (answer.status_code, answer["Content-Disposition"]) == (200, disposition)


@pytest.mark.parametrize("position", [b"p=not-an-id", b"p=%00", b"p=%ff"])
def test_list_without_such_a_place_is_404(acme: Organisation, position: bytes) -> None:
    answer = acme.api().get(URL, {"cursor": base64.b64encode(position).decode()})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_wait_leaves_threads_for_others(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    slots = threading.BoundedSemaphore(1)
    monkeypatch.setattr(blocking, "waiting", slots)
    job = make_job(acme)

    def sleep(seconds: float) -> None:
        """While the first waits, a second one is answered and then the job ends."""
        assert acme.api().get(f"{URL}/{job.pk}?wait=60").json()["status"] == "queued"
        run_job(str(job.pk))

    at_each_pause(monkeypatch, blocking, sleep)
    assert acme.api().get(f"{URL}/{job.pk}?wait=60").json()["status"] == "succeeded"
    assert slots.acquire(blocking=False)  # given back


def test_wait_for_a_job_that_is_deleted_is_404(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(acme)
    at_each_pause(monkeypatch, blocking, lambda _: Job.objects.filter(pk=job.pk).delete())
    assert acme.api().get(f"{URL}/{job.pk}?wait=60").status_code == 404


def test_delete_without_storage_is_503_and_keeps_the_job(
    acme: Organisation, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(acme)

    def fails(keys: Iterable[str]) -> None:
        raise OSError("read-only file system")

    with monkeypatch.context() as broken:
        broken.setattr(default_storage, "remove", fails)
        answer = acme.api().delete(f"{URL}/{job.pk}")
    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    assert Job.objects.filter(pk=job.pk).exists()
    assert acme.api().delete(f"{URL}/{job.pk}").status_code == 204
    assert [path for path in files.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("place", ["temporary", "storage"])
def test_submission_without_room_is_507_and_leaves_nothing(
    acme: Organisation, files: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    def full(*args: Any) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    with monkeypatch.context() as broken:
        if place == "temporary":
            broken.setattr(Upload, "write", full)
        else:
            broken.setattr(default_storage, "save", full)
        inline = acme.api().post(URL, {"content": base64.b64encode(PDF).decode(), "name": "a.pdf"})
        for answer in (post(acme.api()), inline):
            assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
    assert not Job.objects.exists()
    assert [path for path in files.rglob("*") if path.is_file()] == []
    assert post(acme.api()).status_code == 202


SCHEMA = {
    "type": "object",
    "required": ["invoiceNumber", "total"],
    "properties": {"invoiceNumber": {"type": "string"}, "total": {"type": "number"}},
}


def test_post_takes_a_schema_and_the_result_has_it_filled(acme: Organisation) -> None:
    body = text_pdf(["Invoice number: A-1774\n\nTotal amount: EUR 12.50"])
    made = post(acme.api(), body, schema=json.dumps(SCHEMA))
    assert made.status_code == 202, made.json()
    job = Job.objects.get(pk=made.json()["id"])
    assert job.options["schema"] == SCHEMA
    run_job(str(job.pk))
    answer = acme.api().get(f"{URL}/{job.pk}/result.json")
    extraction = json.loads(answer.content)["extraction"]
    assert extraction["value"] == {"invoiceNumber": "A-1774", "total": 12.5}
    assert extraction["citations"]["/invoiceNumber"]["page"] == 1
    assert (extraction["partial"], extraction["problems"]) == (None, [])
    assert "<td>A-1774</td>" in acme.api().get(f"{URL}/{job.pk}/result.html").content.decode()


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ("{", "not valid JSON"),
        ('{"type": "string"}', "is not for an object"),
        ('{"type": "object", "properties": {"a": {"$ref": "http://10.0.0.1/"}}}', "leads out"),
        ('{"type": "object", "properties": {"a": {"pattern": "^(a|aa)+$"}}}', "takes too long"),
        ('{"type": "object", "title": "\\u0000"}', "cannot be kept"),
        (json.dumps({**SCHEMA, "title": "x" * 70_000}), "too large"),
    ],
)
def test_post_refuses_a_schema_with_the_reason(acme: Organisation, schema: str, why: str) -> None:
    answer = post(acme.api(), schema=schema)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_option")
    assert why in json.dumps(answer.json())
    assert not Job.objects.exists()


def test_post_refuses_a_schema_of_ten_megabytes(acme: Organisation) -> None:
    answer = post(acme.api(), schema=json.dumps({**SCHEMA, "title": "x" * 10_000_000}))
    assert answer.status_code in (400, 413)
    assert answer["Content-Type"] == "application/problem+json"
    assert not Job.objects.exists()
