"""What documents get that come without a wish: by every way in, and wishes win."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import AuditEntry, Plan, Tenant, TextLayer
from accounts.permissions import Role
from extraction.options import Options
from jobs.batch_actions import submit_batch
from jobs.models import Job, TenantEngine
from jobs.plan_engines import default_engine
from jobs.usual_options import usual_options
from tests.jobs.batching import send as send_batch
from tests.jobs.making import PDF, form_file, run_job, upload
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]
SETTINGS = "/api/v1/organisation/settings"
JOBS = "/api/v1/ocr/jobs"
HOUSE = {
    "default_engine": "text-layer",
    "default_text_layer": "only",
    "default_dpi": 300,
    "default_strip_furniture": True,
    "default_split": True,
    "default_searchable_pdf": True,
    "default_cache": False,
}
READ = {
    "engine": "text-layer",
    "text_layer": "only",
    "dpi": 300,
    "strip_furniture": True,
    "split": True,
    "outputs": ["pdf"],
}


@pytest.fixture(autouse=True)
def _results_are_shared(settings: Settings) -> None:
    settings.RESULT_CACHE_SECONDS = 3600


@pytest.fixture
def house(acme: Organisation) -> Organisation:
    """Acme with defaults of its own for everything."""
    assert acme.api().patch(SETTINGS, HOUSE).status_code == 200
    acme.tenant.refresh_from_db()
    return acme


def browser_of(organisation: Organisation, role: Role = Role.MEMBER) -> Client:
    client = Client()
    client.force_login(organisation.join(role))
    return client


def browser_of_owner(organisation: Organisation) -> Client:
    client = Client()
    client.force_login(organisation.owner)
    return client


def sent(organisation: Organisation, url: str = JOBS, **wishes: Any) -> Job:
    """The job of a document that was sent with these wishes through the API."""
    answer = organisation.api().post(url, {"file": form_file(), **wishes}, format="multipart")
    assert answer.status_code in (200, 202), answer.content
    return Job.objects.get(pk=answer.json()["id"])


def given(job: Job, names: Any = READ) -> dict[str, Any]:
    return {name: job.options[name] for name in names}


def as_shown(client: Client, path: str) -> dict[str, Any]:
    """What a browser would send of the form on the page."""
    form = client.get(path).context["form"]
    shown = {name: form[name].value() for name in form.fields if name != "file"}
    return {name: value for name, value in shown.items() if value not in (None, False)}


def test_without_settings_nothing_is_changed(acme: Organisation) -> None:
    assert usual_options(acme.tenant) == Options(preview=True)
    assert usual_options(acme.tenant, on_pages=True) == Options(outputs=("pdf",), preview=True)
    assert [each.value for each in TextLayer] == ["auto", "ignore", "only"]


def test_every_way_of_the_api_takes_them(house: Organisation) -> None:
    assert given(sent(house)) == READ
    told = sent(house, "/api/v1/classify?wait=0")
    assert given(told) == {**READ, "strip_furniture": False, "outputs": []}  # cannot be asked for
    assert send_batch(house.api(), {"a.pdf": PDF}).status_code == 202
    assert given(Job.objects.get(batch__isnull=False)) == READ
    compared = house.api().post(
        "/api/v1/compare",
        {"file": form_file(), "engines": "auto,rapidocr"},
        format="multipart",
    )
    assert compared.status_code == 202
    job = Job.objects.filter(engine="rapidocr").get()
    assert given(job, ("dpi", "text_layer", "split", "strip_furniture")) == {
        "dpi": 300,
        "text_layer": "only",
        "split": False,
        "strip_furniture": False,
    }
    assert set(Job.objects.values_list("cache_key", flat=True)) == {None}


def test_every_page_that_takes_documents_takes_them(house: Organisation) -> None:
    browser = browser_of(house)
    for path in ("/jobs/new", "/batches/new"):
        answer = browser.post(path, {**as_shown(browser, path), "file": form_file()})
        assert answer.status_code == 302
        assert given(Job.objects.latest("pk")) == READ
    assert browser.post("/jobs/sample").status_code == 302
    assert given(Job.objects.latest("pk")) == READ
    browser.post("/templates/propose", {"do": "upload", "file": form_file()})
    bench = Job.objects.latest("pk")
    assert Job.objects.count() == 4
    assert given(bench) == {**READ, "split": False, "outputs": []}  # one document is tried
    assert set(Job.objects.values_list("cache_key", flat=True)) == {None}


def test_a_wish_wins(house: Organisation) -> None:
    wishes: dict[str, Any] = {
        "engine": "rapidocr",
        "text_layer": "ignore",
        "dpi": 150,
        "strip_furniture": "false",
        "split": "false",
        "outputs": "",
        "cache": "true",
    }
    job = sent(house, **wishes)
    assert given(job) == {
        "engine": "rapidocr",
        "text_layer": "ignore",
        "dpi": 150,
        "strip_furniture": False,
        "split": False,
        "outputs": [],
    }
    assert job.cache_key is not None
    browser = browser_of(house)
    shown = as_shown(browser, "/jobs/new")
    wanted = {**shown, "engine": "rapidocr", "text_layer": "auto", "file": form_file()}
    for box in ("strip_furniture", "split", "searchable_pdf"):
        del wanted[box]
    browser.post("/jobs/new", wanted)
    assert given(Job.objects.latest("pk")) == {
        "engine": "rapidocr",
        "text_layer": "auto",
        "dpi": 300,  # the form does not ask
        "strip_furniture": False,
        "split": False,
        "outputs": [],
    }


def test_upload_pages_say_what_the_organisation_has_set(
    house: Organisation, stranger: Organisation
) -> None:
    told = "Set by your organisation for all documents: Engine, A PDF&#x27;s own text, "
    for path in ("/", "/jobs", "/jobs/new", "/batches/new"):
        page = browser_of_owner(house).get(path).text
        assert told in page, path
        assert "Dots per inch (300)" in page
        assert "Read every document anew" in page
    assert "Set by your organisation" not in browser_of_owner(stranger).get("/jobs/new").text


def test_jobs_keep_what_they_were_given(acme: Organisation) -> None:
    before = sent(acme)
    run_job(str(before.pk))
    assert sent(acme).same_as_id == before.pk
    acme.api().patch(SETTINGS, {"default_strip_furniture": True})
    after = sent(acme)
    assert after.same_as_id is None, "of other options"
    before.refresh_from_db()
    assert (before.options["strip_furniture"], after.options["strip_furniture"]) == (False, True)
    assert sent(acme, strip_furniture="false").same_as_id == before.pk


def test_a_request_sent_again_is_the_same_though_defaults_have_changed(acme: Organisation) -> None:
    def send() -> Any:
        return acme.api().post(
            JOBS,
            {"file": form_file()},
            format="multipart",
            headers={"Idempotency-Key": "one"},
        )

    first = send()
    acme.api().patch(SETTINGS, HOUSE)
    again = send()
    assert (again.status_code, again.json()["id"]) == (202, first.json()["id"])
    assert again["Idempotency-Replayed"] == "true"
    assert Job.objects.count() == 1


def test_page_of_a_job_says_what_it_was_given(house: Organisation) -> None:
    job = sent(house, pages="1", fields="total_amount")
    house.api().patch(SETTINGS, {"default_engine": "", "default_dpi": None})
    shown = browser_of(house, Role.VIEWER).get(f"/jobs/{job.pk}?view=details")
    assert [(str(label), str(value)) for label, value in shown.context["read_with"]] == [
        ("Engine", "The PDF's own text, no OCR"),
        ("Pages", "1"),
        ("Fields", "Total amount"),
        ("A PDF's own text", "Use nothing else, no OCR"),
        ("Dots per inch", "300"),
        (
            "Options",
            "Make a searchable PDF; Leave out headers, footers and page numbers; "
            "Tell stapled documents apart",
        ),
    ]
    run_job(str(job.pk))
    page = browser_of_owner(house).get(f"/jobs/{job.pk}?view=details").text
    assert "<h2>Read with</h2>" in page
    assert '<dt>Dots per inch</dt><dd class="break">300</dd>' in page


def test_functions_called_without_a_word_of_the_cache_ask_the_organisation(
    house: Organisation,
) -> None:
    with upload() as one:
        submit_batch(actor=house.actor, uploads=[one], options=Options())
    assert Job.objects.get().cache_key is None


def test_own_engine_may_be_the_default_and_goes_with_its_row(
    acme: Organisation, stranger: Organisation
) -> None:
    row = TenantEngine.objects.create(tenant=acme.tenant, name="ours", base="rapidocr")
    refused = stranger.api().patch(SETTINGS, {"default_engine": "own:ours"})
    missing = stranger.api().patch(SETTINGS, {"default_engine": "own:none"})
    assert refused.status_code == missing.status_code == 400
    assert refused.json() == missing.json()
    assert acme.api().patch(SETTINGS, {"default_engine": "own:ours"}).status_code == 200
    assert sent(acme).engine == "own:ours"
    told = acme.api().get("/api/v1/models").json()["engines"]
    assert [each["name"] for each in told if each["default"]] == ["own:ours"]
    row.delete()
    assert sent(acme).engine == "auto"
    page = browser_of_owner(acme).get("/organisation").text
    assert "The engine own:ours, chosen once, is no longer there." in page
    assert "own:ours, no longer there" in page


def test_engine_that_the_plan_lost_falls_back_and_may_stay_in_the_settings(
    acme: Organisation,
) -> None:
    api = acme.api()
    api.patch(SETTINGS, {"default_engine": "rapidocr"})
    plan = Plan.objects.create(name="p", title="P", engines=["text-layer"])
    Tenant.objects.filter(pk=acme.tenant.pk).update(plan=plan)
    assert default_engine(Tenant.objects.get(pk=acme.tenant.pk)) == "text-layer"
    assert sent(acme).engine == "text-layer"
    whole = api.get(SETTINGS).json()
    assert api.patch(SETTINGS, {**whole, "default_dpi": 100}).status_code == 200
    assert api.patch(SETTINGS, {"default_engine": "auto"}).status_code == 400
    assert api.patch(SETTINGS, {"default_engine": ""}).status_code == 200
    assert api.patch(SETTINGS, {"default_engine": "rapidocr"}).status_code == 400


def test_page_saves_them_and_the_audit_log_says_from_what_to_what(acme: Organisation) -> None:
    browser = browser_of(acme, Role.ADMIN)
    form = browser.get("/organisation").context["form"]
    shown = {name: form[name].value() for name in form.fields}
    kept = {name: value for name, value in shown.items() if value not in (None, False)}
    assert browser.post("/organisation", kept).status_code == 302
    assert not AuditEntry.objects.filter(action="settings.change").exists()
    wanted = {
        **kept,
        "default_engine": "rapidocr",
        "default_dpi": "300",
        "default_searchable_pdf": "False",
        "read_anew": "on",
    }
    assert browser.post("/organisation", wanted).status_code == 302
    entry = AuditEntry.objects.get(action="settings.change")
    assert entry.before == {
        "default_engine": "",
        "default_dpi": None,
        "default_searchable_pdf": None,
        "default_cache": True,
    }
    assert entry.after == {
        "default_engine": "rapidocr",
        "default_dpi": 300,
        "default_searchable_pdf": False,
        "default_cache": False,
    }
    form = browser.get("/organisation").context["form"]
    shown = {name: str(form[name].value()) for name in wanted if name.startswith(("def", "read"))}
    assert shown == {
        "default_engine": "rapidocr",
        "default_text_layer": "auto",
        "default_dpi": "300",
        "default_searchable_pdf": "False",
        "read_anew": "True",
    }
    # a form from before these were there leaves them
    assert browser.post("/organisation", {"name": "Acme", "retention_hours": ""}).status_code == 302
    assert Tenant.objects.get(pk=acme.tenant.pk).default_dpi == 300
    wrong = {**wanted, "default_engine": "own:none", "default_dpi": "71"}
    answer = browser.post("/organisation", wrong)
    assert answer.status_code == 400
    assert set(answer.context["form"].errors) == {"default_engine", "default_dpi"}
