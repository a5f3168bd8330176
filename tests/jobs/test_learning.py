"""A template taught by corrected documents, through the API: measured, and taken back."""

from __future__ import annotations

from typing import Any

import pymupdf
import pytest
from rest_framework.test import APIClient

from accounts.models import AuditEntry
from benchmarks.template_learning import same
from benchmarks.vendor_papers import VendorPaper, template, vendor_paper
from extraction.fields.templates import template_to_dict
from jobs.models import FieldTemplate, Job
from tests.jobs.making import make_job, run_job
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]
URL = "/api/v1/templates/vendor"
VENDOR = 501


def pdf(paper: VendorPaper) -> bytes:
    """The vendor's paper as a PDF with text."""
    document = pymupdf.open()
    page = document.new_page(width=paper.page.width, height=paper.page.height)
    for line in paper.page.lines:
        height = line.box[3] - line.box[1]
        page.insert_text((line.box[0], line.box[3] - 0.2 * height), line.text, fontsize=height)
    return bytes(document.tobytes())


def read(organisation: Organisation, paper: VendorPaper, **options: Any) -> Job:
    """A job with the vendor's template that has ended."""
    job = make_job(organisation, pdf(paper), **{"template": "vendor", **options})
    run_job(str(job.pk))
    job.refresh_from_db()
    return job


def found(client: APIClient, job: Job) -> dict[str, Any]:
    """The values of the job's result by field."""
    result = client.get(f"/api/v1/ocr/jobs/{job.pk}/result.json").json()
    return {value["name"]: value["value"] for value in result["fields"]}


def corrected(client: APIClient, job: Job, truth: dict[str, Any]) -> None:
    """Every field put right and confirmed, as a person at the review does."""
    for field in client.get(f"/api/v1/reviews/{job.pk}").json()["fields"]:
        true = truth.get(field["name"])
        if same(field["value"], true) or (true is None and not field["required"]):
            continue
        if field["kind"] == "address" and true is not None:
            true = {"text": true}
        address = f"/api/v1/ocr/jobs/{job.pk}/fields/{field['name']}"
        answer = client.put(address, {"version": field["version"], "value": true}, format="json")
        assert answer.status_code == 200, answer.json()
    version = client.get(f"/api/v1/reviews/{job.pk}").json()["version"]
    answer = client.post(f"/api/v1/reviews/{job.pk}/confirm", {"version": version}, format="json")
    assert answer.status_code == 200, answer.json()


def paper(number: int) -> VendorPaper:
    """A paper of the vendor without misread letters, as its PDF says them."""
    return vendor_paper(VENDOR, number, misread=False)


def right(client: APIClient, job: Job, truth: dict[str, Any]) -> int:
    """How many of the paper's values the result has."""
    values = found(client, job)
    return sum(same(values.get(name), true) for name, true in truth.items())


@pytest.fixture
def client(acme: Organisation) -> APIClient:
    """A client of acme, which has the vendor's template."""
    client = acme.api()
    answer = client.post("/api/v1/templates", template_to_dict(template()), format="json")
    assert answer.status_code == 201, answer.json()
    return client


def test_ten_corrections_raise_the_score_on_unseen_documents(
    client: APIClient, acme: Organisation
) -> None:
    unseen = [paper(number) for number in range(100, 103)]
    printed = sum(len(each.truth) for each in unseen)
    before = sum(right(client, read(acme, each), each.truth) for each in unseen)
    for number in range(10):
        teacher = paper(number)
        corrected(client, read(acme, teacher), teacher.truth)

    learned = client.post(f"{URL}/learn")
    assert learned.status_code == 200, learned.json()
    told = learned.json()
    assert (told["version"], told["documents"]) == (2, 10)
    gains = {field["name"]: field for field in told["fields"]}
    number = gains["invoice_number"]
    assert (number["values"], number["before"], number["learned"]) == (10, 0, True)
    assert number["after"] >= 9

    after = sum(right(client, read(acme, each), each.truth) for each in unseen)
    assert before < 0.5 * printed
    assert after > 0.9 * printed

    restored = client.post(f"{URL}/restore", {"version": 1}, format="json")
    assert restored.json()["version"] == 3
    again = sum(right(client, read(acme, each), each.truth) for each in unseen)
    assert again == before, "what was learned is taken back"


def test_learning_is_in_the_versions_and_the_audit_log(
    client: APIClient, acme: Organisation
) -> None:
    for number in range(2):
        teacher = paper(number)
        corrected(client, read(acme, teacher), teacher.truth)
    assert client.post(f"{URL}/learn").status_code == 200
    versions = client.get(f"{URL}/versions").json()["versions"]
    assert versions[0]["version"] == 2
    assert versions[0]["note"].startswith("Learned from 2 documents: ")
    newest, first = (client.get(f"{URL}?version={n}").json()["fields"] for n in (2, 1))
    assert [{k: v for k, v in field.items() if k != "learned"} for field in newest] == first
    entry = AuditEntry.objects.get(action="template.learn")
    assert (entry.before, entry.after) == (
        {"name": "vendor", "version": 1},
        {"name": "vendor", "version": 2},
    )


def test_documents_read_otherwise_teach_where_they_are_named(
    client: APIClient, acme: Organisation
) -> None:
    jobs = []
    for number in range(2):
        teacher = paper(number)
        job = read(acme, teacher, template="invoice")
        corrected(client, job, teacher.truth)
        jobs.append(str(job.pk))
    assert client.post(f"{URL}/learn").json()["code"] == "nothing_to_learn"
    answer = client.post(f"{URL}/learn", {"jobs": jobs}, format="json")
    assert answer.status_code == 200, answer.json()
    assert answer.json()["documents"] == 2


def test_too_few_confirmed_documents_are_refused(client: APIClient, acme: Organisation) -> None:
    read(acme, paper(0))  # read, but nobody has confirmed it
    answer = client.post(f"{URL}/learn")
    assert answer.status_code == 409
    told = answer.json()
    assert (told["code"], told["limit"], told["actual"]) == ("nothing_to_learn", 2, 0)
    assert FieldTemplate.objects.get().version == 1


def test_foreign_documents_teach_nothing(
    client: APIClient, acme: Organisation, stranger: Organisation
) -> None:
    other = stranger.api()
    other.post("/api/v1/templates", template_to_dict(template()), format="json")
    jobs = []
    for number in range(2):
        teacher = paper(number)
        job = read(stranger, teacher)
        corrected(other, job, teacher.truth)
        jobs.append(str(job.pk))
    answer = client.post(f"{URL}/learn", {"jobs": jobs}, format="json")
    assert (answer.status_code, answer.json()["actual"]) == (409, 0)


@pytest.mark.parametrize("body", [{"jobs": ["x"]}, {"jobs": "all"}])
def test_jobs_that_are_none_are_refused(client: APIClient, body: dict[str, Any]) -> None:
    answer = client.post(f"{URL}/learn", body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_option")


def test_starter_cannot_learn(acme: Organisation) -> None:
    assert acme.api().post("/api/v1/templates/invoice/learn").status_code == 404


def test_learning_needs_the_right_to_write_templates(acme: Organisation, client: APIClient) -> None:
    assert acme.api("jobs:read", "jobs:write").post(f"{URL}/learn").status_code == 403
