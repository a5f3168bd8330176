"""Templates through the API: the happy paths first, then refusals."""

from __future__ import annotations

from typing import Any

import pytest
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from accounts.permissions import Role
from extraction.fields.templates import MAX_BYTES, REQUIRED
from jobs import bench
from jobs.models import FieldTemplate
from tests.documents import text_pdf
from tests.jobs.making import make_job
from tests.jobs.templated import ACME, URL, done
from tests.people import PASSWORD, Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]


def test_template_is_made_exported_and_imported(acme: Organisation, stranger: Organisation) -> None:
    client = acme.api()
    made = client.post(URL, {**ACME, "note": "First try"})
    assert made.status_code == 201, made.json()
    assert made["Location"] == f"http://testserver{URL}/acme"
    exported = client.get(f"{URL}/acme").json()
    assert exported == made.json()
    assert {key: exported[key] for key in ACME} == ACME
    assert (exported["version"], exported["starter"]) == (1, False)
    assert (exported["note"], exported["created_by"]) == ("First try", "API key first")

    imported = stranger.api().post(URL, exported)
    assert imported.status_code == 201, imported.json()
    again = stranger.api().get(f"{URL}/acme").json()
    assert {key: again[key] for key in ACME} == ACME


def test_starter_is_exported_and_its_name_may_be_taken(acme: Organisation) -> None:
    client = acme.api()
    starter = client.get(f"{URL}/invoice").json()
    assert (starter["starter"], starter["version"], starter["document_type"]) == (
        True, None, "invoice",
    )  # fmt: skip
    required = [field["name"] for field in starter["fields"] if field["required"]]
    assert set(required) == set(REQUIRED["invoice"])
    starter["fields"][0]["synonyms"] = ["Vorgang"]
    assert client.put(f"{URL}/invoice", starter).status_code == 201
    own = client.get(f"{URL}/invoice").json()
    assert (own["starter"], own["version"]) == (False, 1)
    assert own["fields"][0]["synonyms"] == ["Vorgang"]
    rows = client.get(URL).json()["templates"]
    assert [row["name"] for row in rows].count("invoice") == 1


def test_list_holds_own_templates_and_starters(acme: Organisation, stranger: Organisation) -> None:
    stranger.api().post(URL, {**ACME, "name": "theirs"})
    client = acme.api()
    client.post(URL, ACME)
    rows = client.get(URL).json()["templates"]
    assert [row["name"] for row in rows] == ["acme", *REQUIRED]
    first = rows[0]
    assert (first["label"], first["document_type"]) == ("Invoices of ACME", "invoice")
    assert (first["issuers"], first["version"], first["starter"]) == (
        ["ACME Trading GmbH"], 1, False,
    )  # fmt: skip
    assert (rows[1]["version"], rows[1]["starter"], rows[1]["created_at"]) == (None, True, None)


def test_list_takes_the_same_queries_for_1_and_30_templates(
    acme: Organisation, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    from django.db import connection

    client = acme.api()
    client.post(URL, ACME)
    client.get(URL)
    with CaptureQueriesContext(connection) as one:
        client.get(URL)
    count = len(one)  # the next request empties it
    for number in range(29):
        client.post(URL, {**ACME, "name": f"acme-{number}"})
    with django_assert_num_queries(count):
        assert len(client.get(URL).json()["templates"]) == 30 + len(REQUIRED)


def test_put_writes_the_next_version_and_keeps_the_earlier_ones(acme: Organisation) -> None:
    client = acme.api()
    first = client.put(f"{URL}/acme", {key: ACME[key] for key in ACME if key != "name"})
    assert (first.status_code, first.json()["version"]) == (201, 1)
    changed = {**first.json(), "label": "Changed", "note": "A better label"}
    second = client.put(f"{URL}/acme", changed)
    assert (second.status_code, second.json()["version"]) == (200, 2)
    late = client.put(f"{URL}/acme", {**first.json(), "label": "Late"})
    assert (late.status_code, late.json()["code"]) == (409, "version_conflict")
    assert client.get(f"{URL}/acme").json()["label"] == "Changed"
    assert client.get(f"{URL}/acme?version=1").json()["label"] == "Invoices of ACME"
    versions = client.get(f"{URL}/acme/versions").json()["versions"]
    assert [(row["version"], row["note"]) for row in versions] == [(2, "A better label"), (1, "")]
    assert {row["created_by"] for row in versions} == {"API key first"}

    restored = client.post(f"{URL}/acme/restore", {"version": 1})
    assert (restored.status_code, restored.json()["version"]) == (200, 3)
    assert restored.json()["label"] == "Invoices of ACME"


def test_version_that_is_no_template_any_more_is_still_exported(acme: Organisation) -> None:
    client = acme.api()
    client.post(URL, ACME)
    gone = {**ACME, "document_type": "no_longer_known"}
    FieldTemplate.objects.get().versions.update(content=gone)
    exported = client.get(f"{URL}/acme")
    assert (exported.status_code, exported.json()["document_type"]) == (200, "no_longer_known")


def test_delete(acme: Organisation) -> None:
    client = acme.api()
    client.post(URL, ACME)
    assert client.delete(f"{URL}/acme").status_code == 204
    assert client.get(f"{URL}/acme").status_code == 404
    assert client.delete(f"{URL}/acme").status_code == 404
    assert client.delete(f"{URL}/invoice").status_code == 404, "a starter"


def test_bench_finds_without_storing(acme: Organisation) -> None:
    job, client = done(acme, fields=("total_amount",)), acme.api()
    answer = client.post(f"{URL}/test", {"job": str(job.pk), "template": ACME})
    assert answer.status_code == 200, answer.json()
    body = answer.json()
    found = {field["name"]: field["value"] for field in body["fields"]}
    assert found == {"invoice_number": "4711", "cost_centre": "KS-0815"}
    assert body["fields"][0]["box"] and body["fields"][0]["page"] == 1
    assert [row["name"] for row in body["missing"]] == ["purchase_order_number"]
    assert (body["template"], body["pages"], body["left_out"]) == ("acme", 1, 0)
    assert FieldTemplate.objects.count() == 0
    assert list(job.field_values.values_list("name", flat=True)) == ["total_amount"]

    client.post(URL, ACME)
    named = client.post(f"{URL}/test", {"job": str(job.pk), "name": "acme@1"}).json()
    assert (named["template"], named["fields"]) == ("acme@1", body["fields"])


def test_bench_searches_the_parts_of_a_split_file(acme: Organisation) -> None:
    stapled = text_pdf(
        [
            "Tax invoice\nInvoice no: 4711\nDue date: 2026-02-01\nTotal due: EUR 9.00",
            "Tax invoice\nInvoice no: 4712\nPurchase order no: PO-4500\nTotal due: EUR 8.00",
        ]
    )
    job = done(acme, stapled, split=True)
    assert len(job.documents) == 2
    body = acme.api().post(f"{URL}/test", {"job": str(job.pk), "template": ACME}).json()
    numbers = [
        (field["document"], field["value"])
        for field in body["fields"]
        if field["name"] == "invoice_number"
    ]
    assert numbers == [(1, "4711"), (2, "4712")]
    missing = [(row["document"], row["name"]) for row in body["missing"]]
    assert missing == [(1, "purchase_order_number")]


def test_bench_looks_at_the_first_pages_only(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "MAX_PAGES", 1)
    job = done(acme, text_pdf(["Page one", "Invoice no: 4711", "Page three"]))
    body = acme.api().post(f"{URL}/test", {"job": str(job.pk), "template": ACME}).json()
    assert (body["pages"], body["left_out"], body["fields"]) == (1, 2, [])
    monkeypatch.setattr(bench, "MAX_PAGES", 50)
    monkeypatch.setattr(bench, "MAX_WORK", 2 * len(ACME["fields"]))
    body = acme.api().post(f"{URL}/test", {"job": str(job.pk), "template": ACME}).json()
    assert (body["pages"], body["left_out"], len(body["fields"])) == (2, 1, 1)


def test_bench_refuses_more_than_some_at_once(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "WAIT_SECONDS", 0.01)
    job, client = done(acme), acme.api()
    body = {"job": str(job.pk), "template": ACME}
    for _ in range(bench.AT_ONCE):
        assert bench._running.acquire(blocking=False)
    try:
        answer = client.post(f"{URL}/test", body)
    finally:
        bench._running.release(bench.AT_ONCE)
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert answer["Retry-After"]
    assert client.post(f"{URL}/test", body).status_code == 200


def test_proposal_finds_again_what_it_was_made_of(acme: Organisation) -> None:
    job, client = done(acme), acme.api()
    answer = client.post(f"{URL}/propose", {"job": str(job.pk), "name": "fresh"})
    assert answer.status_code == 200, answer.json()
    proposed = answer.json()
    assert (proposed["name"], proposed["document_type"]) == ("fresh", "invoice")
    assert proposed["issuers"] == ["ACME Trading GmbH"]
    fields = {field["name"]: field for field in proposed["fields"]}
    assert fields["total_amount"]["required"]
    assert fields["kostenstelle"]["kind"] == "id"
    assert fields["projektleiter"]["kind"] == "text"
    assert "bitte_beachten" not in fields
    assert FieldTemplate.objects.count() == 0
    tried = client.post(f"{URL}/test", {"job": str(job.pk), "template": proposed}).json()
    values = {field["name"]: field["value"] for field in tried["fields"]}
    assert (values["kostenstelle"], values["projektleiter"]) == ("KS-0815", "Erika Mustermann")
    assert tried["missing"] == []
    assert client.post(URL, proposed).status_code == 201


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("post", "", ACME, 409, "template_exists"),
        ("post", "", {**ACME, "name": "Not A Name"}, 400, "invalid_template"),
        ("post", "", {**ACME, "name": "test"}, 400, "invalid_template"),
        ("post", "", {**ACME, "odd": 1}, 400, "invalid_template"),
        ("post", "", [ACME], 400, "invalid_template"),
        ("post", "", {**ACME, "note": "x" * 201}, 400, "invalid_option"),
        ("put", "/acme", {**ACME, "name": "other"}, 400, "invalid_template"),
        ("put", "/acme", {**ACME, "version": 7}, 409, "version_conflict"),
        ("put", "/acme", {**ACME, "version": "one"}, 400, "invalid_option"),
        ("put", "/fresh", {**ACME, "name": "fresh", "version": 1}, 409, "version_conflict"),
        ("get", "/missing", None, 404, "not_found"),
        ("get", "/acme?version=2", None, 404, "not_found"),
        ("get", "/acme?version=-1", None, 400, "invalid_option"),
        ("get", "/invoice?version=1", None, 404, "not_found"),
        ("get", "/Not-a-name", None, 404, "not_found"),
        ("get", "/invoice/versions", None, 404, "not_found"),
        ("post", "/acme/restore", {"version": 2}, 400, "template_not_found"),
        ("post", "/acme/restore", {}, 400, "invalid_option"),
        ("post", "/test", {}, 400, "invalid_option"),
        ("post", "/test", {"job": "x", "name": "acme"}, 400, "invalid_option"),
        ("post", "/propose", [], 400, "invalid_option"),
    ],
)
def test_refused(
    acme: Organisation, method: str, path: str, body: Any, status: int, code: str
) -> None:
    client = acme.api()
    client.post(URL, ACME)
    answer = getattr(client, method)(URL + path, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.json()
    assert FieldTemplate.objects.get().version == 1


def test_bench_and_proposal_refuse(acme: Organisation) -> None:
    client, queued = acme.api(), make_job(acme)
    for path, body in (("test", {"template": ACME}), ("propose", {"name": "fresh"})):
        answer = client.post(f"{URL}/{path}", {"job": str(queued.pk), **body})
        assert (answer.status_code, answer.json()["code"]) == (409, "result_not_ready")
    job = str(done(acme).pk)
    refused: list[tuple[str, dict[str, Any], str]] = [
        ("test", {"template": ACME, "name": "acme"}, "invalid_option"),
        ("test", {"template": {"name": "x"}}, "invalid_template"),
        ("test", {"template": 7}, "invalid_template"),
        ("test", {"name": "missing"}, "template_not_found"),
        ("propose", {"name": "Not a name"}, "invalid_option"),
        ("propose", {"name": "test"}, "invalid_template"),
    ]
    for path, body, code in refused:
        answer = client.post(f"{URL}/{path}", {"job": job, **body})
        assert (answer.status_code, answer.json()["code"]) == (400, code), answer.json()
    blank = str(done(acme, text_pdf(["word"])).pk)
    answer = client.post(f"{URL}/propose", {"job": blank, "name": "fresh"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_option")


def test_body_larger_than_allowed_is_refused_unread(acme: Organisation) -> None:
    body = b'{"name": "x", "fields": "' + b"x" * MAX_BYTES + b'"}'
    answer = acme.api().post(URL, body, content_type="application/json")
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (413, "template_too_large")
    assert (problem["limit"], problem["actual"]) == (MAX_BYTES, len(body))


def test_body_is_json(acme: Organisation) -> None:
    client = acme.api()
    broken = client.post(URL, b'{"name": ', content_type="application/json")
    assert (broken.status_code, broken.json()["code"]) == (400, "malformed_request")
    form = client.post(URL, {"name": "x"}, format="multipart")
    assert (form.status_code, form.json()["code"]) == (415, "unsupported_media_type")


def test_reading_and_writing_need_their_rights(acme: Organisation) -> None:
    reader, writer = acme.api("jobs:read"), acme.api("templates:write")
    assert writer.post(URL, ACME).status_code == 201
    assert writer.get(f"{URL}/acme").status_code == 403
    assert reader.get(f"{URL}/acme").status_code == 200
    for answer in (
        reader.post(URL, ACME),
        reader.put(f"{URL}/acme", ACME),
        reader.delete(f"{URL}/acme"),
        reader.post(f"{URL}/acme/restore", {"version": 1}),
        writer.post(f"{URL}/test", {"job": str(make_job(acme).pk), "name": "acme"}),
        writer.get(URL),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    viewer = APIClient()
    person = acme.join(Role.VIEWER)
    issued = viewer.post("/api/v1/auth/token", {"email": person.email, "password": PASSWORD})
    viewer.credentials(HTTP_AUTHORIZATION=f"Bearer {issued.json()['access']}")
    assert viewer.get(URL).status_code == 200
    assert viewer.post(URL, ACME).status_code == 403
