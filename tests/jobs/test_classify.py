"""Classification and splitting through the API: stored with the job, served, shown."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from jobs.models import FieldValue, Job
from jobs.submit_serializers import ClassifySerializer
from tests.documents import text_pdf
from tests.jobs.making import form_file, make_job, run_job
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]
URL = "/api/v1/classify"
STAPLED = text_pdf(
    [
        "Tax invoice\nInvoice no: 4711\nDue date: 2026-02-01\nTotal due: EUR 9.00",
        "Tax invoice\nInvoice no: 4712\nDue date: 2026-03-01\nTotal due: EUR 8.00",
    ]
)


def classify(client: APIClient, query: str = "?wait=0", **data: Any) -> Any:
    file = form_file(STAPLED)
    return client.post(URL + query, {"file": file, **data}, format="multipart")


def test_classify_makes_a_job_that_tells_type_and_parts(acme: Organisation) -> None:
    answer = classify(acme.api())
    assert answer.status_code == 202, answer.json()
    assert (answer.json()["classification"], answer.json()["documents"]) == (None, [])
    job = Job.objects.get(pk=answer.json()["id"])
    assert job.options["split"] is True
    run_job(str(job.pk))

    body = acme.api().get(answer["Location"]).json()
    assert (body["classification"]["kind"], body["classification"]["label"]) == (
        "invoice",
        "Invoice",
    )
    assert body["classification"]["evidence"][0]["text"] == "Tax invoice"
    assert [part["pages"] for part in body["documents"]] == [[1], [2]]
    job.refresh_from_db()
    assert job.classification == body["classification"]
    assert job.documents == body["documents"]
    found = FieldValue.objects.filter(job=job, name="invoice_number").order_by("position")
    assert list(found.values_list("document", "value")) == [(1, "4711"), (2, "4712")]


def test_result_of_a_split_job_holds_its_documents(acme: Organisation) -> None:
    job = make_job(acme, STAPLED, split=True)
    run_job(str(job.pk))
    client = acme.api()
    links = client.get(f"/api/v1/ocr/jobs/{job.pk}").json()["links"]
    result = json.loads(client.get(links["json"]).content)
    assert result["classification"]["kind"] == "invoice"
    numbers = [
        {field["name"]: field["value"] for field in part["fields"]}["invoice_number"]
        for part in result["documents"]
    ]
    assert numbers == ["4711", "4712"]
    assert b"Document 2, page 2: Invoice" in client.get(links["html"]).content


def test_page_of_a_split_job_shows_its_documents(acme: Organisation) -> None:
    from django.test import Client

    job = make_job(acme, STAPLED, split=True)
    run_job(str(job.pk))
    session = Client()
    session.force_login(acme.owner)
    shown = session.get(f"/jobs/{job.pk}?view=fields").content.decode()
    assert "Documents in this file" in shown
    assert "of document 2" in shown


def test_split_is_off_unless_asked_for(acme: Organisation) -> None:
    answer = acme.api().post("/api/v1/ocr/jobs", {"file": form_file(STAPLED)}, format="multipart")
    job = Job.objects.get(pk=answer.json()["id"])
    run_job(str(job.pk))
    job.refresh_from_db()
    assert (job.options["split"], job.documents) == (False, [])
    assert job.classification is not None
    assert job.classification["kind"] == "invoice"


def test_classify_refuses_what_submitting_refuses(acme: Organisation) -> None:
    client = acme.api()
    nothing = client.post(URL, {}, format="multipart")
    assert (nothing.status_code, nothing.json()["code"]) == (400, "invalid_option")
    unknown = client.post(URL, {"file": form_file(b"plain text, no document")}, format="multipart")
    assert (unknown.status_code, unknown.json()["code"]) == (415, "unsupported_type")
    waiting = classify(client, "?wait=61")
    assert (waiting.status_code, waiting.json()["code"]) == (400, "invalid_option")
    assert Job.objects.count() == 0


def test_classify_takes_what_tells_how_a_document_is_read() -> None:
    assert list(ClassifySerializer().fields) == [
        "file", "url", "content", "name", "engine", "pages", "dpi", "text_layer", "priority",
        "cache", "password", "retention_hours", "metadata", "callback_url",
    ]  # fmt: skip


def test_classify_needs_the_right_to_submit(acme: Organisation) -> None:
    reader = acme.api("jobs:read")
    assert classify(reader).status_code == 403
