"""Jobs that name a template or have one chosen."""

from __future__ import annotations

from typing import Any

import pytest

from jobs import templates
from jobs.models import FieldTemplate, Job
from tests.documents import text_pdf
from tests.jobs.making import form_file, make_job, run_job
from tests.jobs.templated import ACME, DOCUMENT, JOBS, URL, done, submitted
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]


def test_job_with_a_template_has_its_fields(acme: Organisation) -> None:
    client = acme.api()
    client.post(URL, ACME)
    job = submitted(client, template="acme")
    assert (job.template, str(job.template_version)) == ("acme@1", "acme@1")
    body = client.get(f"{JOBS}/{job.pk}").json()
    assert (body["template"], body["options"]["template"]) == ("acme@1", "acme@1")
    result = client.get(body["links"]["json"]).json()
    assert result["template"] == "acme@1"
    values = {field["name"]: field["value"] for field in result["fields"]}
    assert values == {"invoice_number": "4711", "cost_centre": "KS-0815"}
    used = templates.in_result(job, job.template)
    assert used is not None and (str(used), used.threshold) == ("acme@1", 0.8)


def test_job_keeps_the_version_it_was_submitted_with(acme: Organisation) -> None:
    client = acme.api()
    client.post(URL, ACME)
    answer = client.post(
        JOBS, {"file": form_file(DOCUMENT), "template": "acme"}, format="multipart"
    )
    client.put(f"{URL}/acme", {**ACME, "fields": [{"name": "iban"}]})
    run_job(answer.json()["id"])
    job = Job.objects.get(pk=answer.json()["id"])
    assert job.template == "acme@1"
    assert job.field_values.filter(name="cost_centre").exists()


def test_starter_may_be_named(acme: Organisation) -> None:
    job = submitted(acme.api(), template="receipt")
    assert (job.template, job.template_version) == ("receipt", None)
    assert str(templates.in_result(job, job.template)) == "receipt"


def test_template_is_chosen_by_type_and_issuer(acme: Organisation, stranger: Organisation) -> None:
    client = acme.api()
    client.post(URL, ACME)
    client.post(URL, {**ACME, "name": "others", "issuers": ["Somebody Else Ltd"]})
    client.post(URL, {**ACME, "name": "slips", "document_type": "receipt", "issuers": []})
    stranger.api().post(URL, {**ACME, "name": "foreign"})
    job = submitted(client)
    assert (job.template, str(job.template_version)) == ("acme@1", "acme@1")
    assert set(job.field_values.values_list("name", flat=True)) == {
        "invoice_number", "cost_centre",
    }  # fmt: skip
    with_fields = submitted(client, fields="total_amount")
    assert (with_fields.template, with_fields.template_version) == ("", None)


def test_parts_of_a_split_file_each_have_their_template(acme: Organisation) -> None:
    client = acme.api()
    client.post(URL, {**ACME, "issuers": []})
    stapled = text_pdf(
        [
            "Tax invoice\nInvoice no: 4711\nDue date: 2026-02-01\nTotal due: EUR 9.00",
            "Tax invoice\nInvoice no: 4712\nDue date: 2026-03-01\nTotal due: EUR 8.00",
        ]
    )
    job = done(acme, stapled, split=True)
    body = client.get(f"{JOBS}/{job.pk}").json()
    assert body["template"] is None
    assert [part["template"] for part in body["documents"]] == ["acme@1", "acme@1"]


def test_job_whose_template_is_deleted_while_it_waits_fails(acme: Organisation) -> None:
    client = acme.api()
    client.post(URL, ACME)
    job = make_job(acme, DOCUMENT, template="acme")
    client.delete(f"{URL}/acme")
    client.post(URL, ACME)  # another one of the same name and number
    run_job(str(job.pk))
    body = client.get(f"{JOBS}/{job.pk}").json()
    assert (body["status"], body["error"]["code"]) == ("failed", "template_not_found")
    assert "acme@1" in body["error"]["detail"]


def test_result_keeps_the_name_of_a_template_deleted_since(acme: Organisation) -> None:
    client = acme.api()
    client.post(URL, ACME)
    job = done(acme, template="acme")
    client.delete(f"{URL}/acme")
    client.post(URL, {**ACME, "fields": [{"name": "iban"}]})
    job.refresh_from_db()
    assert (job.template, job.template_version) == ("acme@1", None)
    assert templates.in_result(job, job.template) is None


def test_template_deleted_at_the_moment_of_submission_is_not_found(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jobs import storage

    client = acme.api()
    client.post(URL, ACME)
    put = storage.put_upload

    def deleted_meanwhile(*args: Any) -> None:
        put(*args)
        FieldTemplate.objects.all().delete()

    monkeypatch.setattr(storage, "put_upload", deleted_meanwhile)
    answer = client.post(
        JOBS, {"file": form_file(DOCUMENT), "template": "acme"}, format="multipart"
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "template_not_found")
    assert Job.objects.count() == 0


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"template": "acme", "fields": "total_amount"}, "invalid_option"),
        ({"template": "nothing"}, "template_not_found"),
        ({"template": "acme@7"}, "template_not_found"),
        ({"template": "../etc"}, "template_not_found"),
        ({"template": "x" * 81}, "invalid_option"),
    ],
)
def test_submission_refuses(acme: Organisation, options: dict[str, str], code: str) -> None:
    client = acme.api()
    client.post(URL, ACME)
    data = {"file": form_file(DOCUMENT), **options}
    answer = client.post(JOBS, data, format="multipart")
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert Job.objects.count() == 0


def test_page_offers_templates_and_shows_the_one_used(acme: Organisation) -> None:
    from django.test import Client

    acme.api().post(URL, ACME)
    session = Client()
    session.force_login(acme.owner)
    form = session.get("/jobs/new").content.decode()
    assert '<option value="acme">Invoices of ACME</option>' in form
    assert '<option value="passport">Passport</option>' in form
    answer = session.post("/jobs/new", {"file": form_file(DOCUMENT), "template": "acme"})
    assert answer.status_code == 302
    job = Job.objects.get()
    assert job.options["template"] == "acme@1"
    run_job(str(job.pk))
    shown = session.get(f"/jobs/{job.pk}?view=details").content.decode()
    assert "Template acme@1" in shown
    assert "template=acme@1" in shown, "the same by the API"

    for wrong in (
        {"template": "missing"},
        {"template": "acme", "fields_wanted": ["total_amount"]},
    ):
        refused = session.post("/jobs/new", {"file": form_file(DOCUMENT), **wrong})
        assert refused.status_code == 400
        assert '<option value="acme"' in refused.content.decode()
    assert Job.objects.count() == 1
