"""A template, a document it is of, and jobs that use it."""

from __future__ import annotations

import json
from typing import Any

from rest_framework.test import APIClient

from jobs.models import Job
from tests.documents import text_pdf
from tests.jobs.making import form_file, make_job, run_job
from tests.people import Organisation

URL = "/api/v1/templates"
JOBS = "/api/v1/ocr/jobs"
ACME: dict[str, Any] = {
    "name": "acme",
    "label": "Invoices of ACME",
    "document_type": "invoice",
    "issuers": ["ACME Trading GmbH"],
    "threshold": 0.8,
    "fields": [
        {"name": "invoice_number", "synonyms": ["Vorgang"], "required": True},
        {"name": "purchase_order_number", "required": True},
        {"name": "cost_centre", "label": "Kostenstelle", "kind": "id", "required": False},
    ],
}
DOCUMENT = text_pdf(
    [
        "ACME Trading GmbH\nTax invoice\nVorgang: 4711\nInvoice date: 2026-01-05\n"
        "Kostenstelle: KS-0815\nProjektleiter: Erika Mustermann\n"
        "Bitte beachten: die Ware ist noch nicht bezahlt.\nTotal due: EUR 119.00"
    ]
)


def draft(name: str, *names: str, base: str = "", **more: Any) -> dict[str, Any]:
    """What the template editor sends: a draft with the catalogue's fields of those names."""
    fields = [{"name": each} for each in names or ("bic",)]
    content = {"name": name, "label": name.title(), "fields": fields}
    about = {f"about-{key}": "" for key in ("document_type", "issuers", "threshold")}
    return {
        "draft": json.dumps(content),
        "base": base,
        "about-label": name.title(),
        "about-name": name,
        **about,
        **more,
    }


def done(organisation: Organisation, body: bytes = DOCUMENT, **options: Any) -> Job:
    """A job that has been read."""
    job = make_job(organisation, body, **options)
    run_job(str(job.pk))
    job.refresh_from_db()
    return job


def submitted(client: APIClient, **options: Any) -> Job:
    """A job submitted by the API, and done."""
    data = {"file": form_file(DOCUMENT), **options}
    answer = client.post(JOBS, data, format="multipart")
    assert answer.status_code == 202, answer.json()
    run_job(answer.json()["id"])
    return Job.objects.get(pk=answer.json()["id"])
