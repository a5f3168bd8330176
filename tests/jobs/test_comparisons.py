"""Comparisons through the API, with real engines: what works first, then what is refused."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Plan, UsageRecord
from jobs import retention, storage
from jobs.models import ComparedJob, Comparison, Job, Page, StoredFile
from tests.accounts.billing import subscribe, terms
from tests.documents import text_pdf
from tests.jobs.comparing import make_comparison, run_comparison
from tests.jobs.making import PDF, form_file, run_job
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]
URL = "/api/v1/compare"
INVOICE = text_pdf(
    [
        "Tax invoice\nInvoice no: 4711\nDue date: 2026-02-01\nTotal due: EUR 9.00",
        "The second page of the invoice",
    ]
)


def compare(acme: Organisation, body: bytes = PDF, **data: Any) -> Any:
    extra = {key: data.pop(key) for key in list(data) if key.startswith("HTTP_")}
    sent = {"file": form_file(body, "invoice.pdf"), "engines": "auto,text-layer", **data}
    return acme.api().post(URL, sent, format="multipart", **extra)


def run(answer: Any) -> None:
    for part in answer.json()["engines"]:
        run_job(part["job"])


def test_engines_read_the_same_document_side_by_side(acme: Organisation) -> None:
    truth = {"invoice_number": "4711", "total_amount": {"amount": "8.00", "currency": "EUR"}}
    answer = compare(
        acme, INVOICE, engines=["text-layer", "rapidocr"], text_layer="auto",
        truth=json.dumps(truth), pages="1",
    )  # fmt: skip
    assert answer.status_code == 202, answer.json()
    begun = acme.api().get(answer["Location"]).json()
    assert (begun["status"], begun["name"], begun["result"]) == ("running", "invoice.pdf", None)
    assert [row["status"] for row in begun["engines"]] == ["queued", "queued"]
    run(answer)

    body = acme.api().get(answer["Location"]).json()
    assert body["status"] == "completed"
    text_layer, rapid = body["engines"]
    assert [row["engine"] for row in body["engines"]] == ["text-layer", "rapidocr"]
    assert text_layer["pages"] == rapid["pages"] == {"total": 1, "done": 1, "failed": 0}
    assert text_layer["confidence"] is None
    assert rapid["confidence"] > 0.8
    assert rapid["seconds"] == rapid["seconds_a_page"] > 0
    assert rapid["revisions"][0].startswith("PP-OCRv6-small")
    texts, fields = body["result"]["texts"], body["result"]["fields"]
    (pair,) = texts["pairs"]
    assert (pair["left"], pair["right"], texts["pages"]) == ("text-layer", "rapidocr", [1])
    assert pair["overall"]["characters"] > 0.9
    assert pair["pages"] == [{"page": 1, "likeness": pair["overall"]}]
    rows = {row["name"]: row for row in fields["rows"]}
    assert [cell["value"] for cell in rows["invoice_number"]["cells"]] == ["4711", "4711"]
    assert rows["invoice_number"]["agreed"] is True
    score = {"engine": "text-layer", "fields": 2, "right": 1, "wrong": 1, "missed": 0}
    assert fields["scores"][0] == score
    assert fields["matrix"][0]["left"] == "text-layer"


def test_true_text_is_compared_with_each_engine(acme: Organisation) -> None:
    text = "A page of text that needs no OCR at any."
    made = make_comparison(acme, text=text)
    run_comparison(made)
    body = acme.api().get(f"{URL}/{made.pk}").json()
    pairs = {(pair["left"], pair["right"]): pair for pair in body["result"]["texts"]["pairs"]}
    assert list(pairs) == [("truth", "auto"), ("truth", "text-layer"), ("auto", "text-layer")]
    # "all." for "any.": 2 of 40 letters, 1 of 10 words
    assert pairs["truth", "auto"]["overall"] == {"characters": 0.95, "words": 0.9, "bag": 0.9}
    assert pairs["auto", "text-layer"]["overall"]["characters"] == 1.0
    assert pairs["truth", "auto"]["differences"] == [
        {"page": 1, "kind": "changed", "left": text, "right": text.replace("any", "all")}
    ]


def test_each_engine_is_an_ordinary_job_billed_as_such(acme: Organisation) -> None:
    start = timezone.localdate().replace(day=1)
    subscribe(acme.tenant, terms(start=start, prices={"*": "0.01"}).plan, start)
    made = make_comparison(acme, INVOICE, engines=("auto", "text-layer"))
    run_comparison(made)
    assert list(UsageRecord.objects.order_by("pk").values_list("engine", "pages")) == [
        ("auto", 2), ("text-layer", 2)
    ]  # fmt: skip
    rows = acme.api().get(f"{URL}/{made.pk}").json()["engines"]
    assert [row["cost"] for row in rows] == [
        {r.currency: str((r.pages - r.included) * r.unit_price)} for r in
        UsageRecord.objects.order_by("pk")
    ]  # fmt: skip
    assert Job.objects.count() == 2
    assert {job.file.sha256 for job in Job.objects.all()} == {StoredFile.objects.all()[0].sha256}


def test_document_read_before_is_taken_over_unless_asked_anew(
    acme: Organisation, settings: Settings
) -> None:
    settings.RESULT_CACHE_SECONDS = 3600
    run(compare(acme))
    again = acme.api().get(compare(acme)["Location"]).json()
    assert again["status"] == "completed"
    assert [row["cached"] for row in again["engines"]] == [True, True]
    assert again["result"]["texts"]["pairs"][0]["overall"]["characters"] == 1.0
    anew = compare(acme, cache="false").json()
    assert anew["status"] == "running"
    assert UsageRecord.objects.filter(pages__gt=0).count() == 2


def test_same_key_makes_one_comparison(acme: Organisation) -> None:
    once = compare(acme, HTTP_IDEMPOTENCY_KEY="a")
    again = compare(acme, HTTP_IDEMPOTENCY_KEY="a")
    assert (again.status_code, again.json()["id"]) == (202, once.json()["id"])
    assert again["Idempotency-Replayed"] == "true"
    assert (Comparison.objects.count(), Job.objects.count()) == (1, 2)
    other = compare(acme, HTTP_IDEMPOTENCY_KEY="a", engines="auto,rapidocr")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")


def test_failed_and_deleted_jobs_are_told(acme: Organisation) -> None:
    made = make_comparison(acme, b"%PDF-1.7 and then nothing")
    run_comparison(made)
    body = acme.api().get(f"{URL}/{made.pk}").json()
    assert [row["error"]["code"] for row in body["engines"]] == ["corrupt_document"] * 2
    assert body["result"]["texts"]["pairs"][0]["overall"] is None
    acme.api().delete(f"/api/v1/ocr/jobs/{body['engines'][0]['job']}")
    body = acme.api().get(f"{URL}/{made.pk}").json()
    assert [(row["status"], row["job"] is None) for row in body["engines"]] == [
        ("deleted", True), ("failed", False)
    ]  # fmt: skip


def test_deleting_removes_jobs_and_files(acme: Organisation) -> None:
    made = make_comparison(acme)
    run_comparison(made)
    assert acme.api().delete(f"{URL}/{made.pk}").status_code == 204
    for model in (Comparison, ComparedJob, Job, Page, StoredFile):
        assert model._default_manager.count() == 0
    assert [each for page in storage.pages(f"{acme.tenant.pk}/") for each in page] == []
    assert acme.api().delete(f"{URL}/{made.pk}").status_code == 404


def test_truth_goes_when_the_document_expires(acme: Organisation) -> None:
    made = make_comparison(acme, truth={"iban": "x"}, text="secret", retention_hours=1)
    run_comparison(made)
    Job.objects.update(expires_at=timezone.now())
    assert retention.sweep() == 2
    made.refresh_from_db()
    assert (made.name, made.truth, made.truth_text) == ("", {}, "")
    body = acme.api().get(f"{URL}/{made.pk}").json()
    assert [row["status"] for row in body["engines"]] == ["expired"] * 2
    assert body["result"]["texts"] == {
        "pairs": [], "pages": [], "left_out": [], "cut": []
    }  # fmt: skip


def test_list_takes_as_many_queries_for_thirty_as_for_one(acme: Organisation) -> None:
    api = acme.api()
    api.get(URL)  # notes that the key is used
    counts = []
    for more in (1, 29):
        for _ in range(more):
            one = Comparison.objects.create(tenant=acme.tenant, name="x")
            ComparedJob.objects.create(comparison=one, position=1, engine="auto", job_id=uuid4())
        with CaptureQueriesContext(connection) as queries:
            rows = api.get(URL, {"page_size": 50}).json()["results"]
        counts.append(len(queries))
    assert (len(rows), counts[0]) == (30, counts[1])


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"engines": "auto"}, "engines"),
        ({"engines": "auto,auto"}, "engines"),
        ({"engines": "auto,nonesuch"}, "engines"),
        ({"engines": ""}, "engines"),
        ({"truth": "[1]"}, "truth"),
        ({"truth": '{"Not a name": 1}'}, "truth"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    data: dict[str, Any], field: str, acme: Organisation
) -> None:
    answer = compare(acme, **data)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert Comparison.objects.count() == Job.objects.count() == 0


def test_missing_engines_are_refused(acme: Organisation) -> None:
    answer = acme.api().post(URL, {"file": form_file()}, format="multipart")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["engines"])


def test_refused_part_leaves_nothing_behind(acme: Organisation) -> None:
    acme.tenant.plan = Plan.objects.create(name="small", title="Small", open_jobs=1)
    acme.tenant.save(update_fields=["plan"])
    answer = compare(acme)
    assert (answer.status_code, answer.json()["code"]) == (429, "quota_exceeded")
    assert Comparison.objects.count() == Job.objects.count() == StoredFile.objects.count() == 0
    assert [each for page in storage.pages(f"{acme.tenant.pk}/") for each in page] == []


def test_results_that_go_with_their_delivery_are_refused(acme: Organisation) -> None:
    answer = compare(acme, retention_hours=0)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_option")
    assert Job.objects.count() == 0
