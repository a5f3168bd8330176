"""The tenant's pages: what works first, then what is refused."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.models import AuditEntry
from accounts.permissions import Role
from extraction.fields import CATALOGUE
from jobs.models import Job
from jobs.tasks import job_options
from tests.documents import encrypted_pdf, text_pdf
from tests.engines import FakeEngine
from tests.jobs.making import PDF, form_file, make_job, run_job
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]
SCRIPT = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def browser(acme: Organisation) -> Client:
    """The owner of acme, signed in."""
    return signed_in(acme.owner)


def signed_in(person: Any) -> Client:
    """A browser with this person signed in; forms need their token, as in a real one."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(person)
    return client


def send(client: Client, path: str = "/jobs/new", **data: Any) -> Any:
    """Post a form as a browser would, after loading the page it stands on."""
    extra = {key: data.pop(key) for key in list(data) if key.startswith("HTTP_")}
    found = re.search(r'csrfmiddlewaretoken" value="(\w+)"', page(client, "/jobs"))
    assert found
    return client.post(path, {"csrfmiddlewaretoken": found[1], **data}, **extra)


def page(client: Client, path: str, **extra: Any) -> str:
    """The page's HTML."""
    answer = client.get(path, **extra)
    assert answer.status_code == 200, answer.content
    return str(answer.content.decode())


def finished(organisation: Organisation, body: bytes = PDF, **options: Any) -> Job:
    """A job that has been worked on, with pictures of its pages."""
    job = make_job(organisation, body, preview=True, **options)
    run_job(str(job.pk))
    job.refresh_from_db()
    return job


def text_of(html: str) -> str:
    """The words of a page, without its markup."""
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


# Upload -------------------------------------------------------------------------------------


def test_upload_of_one_file_leads_to_its_job(browser: Client, acme: Organisation) -> None:
    answer = send(browser, file=form_file(name="scan.pdf"))
    job = Job.objects.for_tenant(acme.tenant).get()
    assert (answer.status_code, answer["Location"]) == (302, f"/jobs/{job.pk}")
    assert (job.status, job.file.name, job.created_by) == ("queued", "scan.pdf", acme.owner)
    assert AuditEntry.objects.get(action="job.submit").user == acme.owner


def test_upload_of_several_files_makes_a_job_each(browser: Client) -> None:
    answer = send(browser, file=[form_file(name="a.pdf"), form_file(name="b.pdf")])
    assert (answer.status_code, answer["Location"]) == (302, "/jobs")
    assert sorted(Job.objects.values_list("file__name", flat=True)) == ["a.pdf", "b.pdf"]


def test_upload_passes_its_options_on(browser: Client) -> None:
    send(
        browser,
        file=form_file(encrypted_pdf("open sesame")),
        engine="text-layer",
        pages="1",
        password="open sesame",
        text_layer="only",
        strip_furniture="on",
        fields_wanted=["iban", "total_amount"],
    )
    job = Job.objects.get()
    options = job_options(job)
    assert (options.engine, options.pages, options.text_layer) == ("text-layer", "1", "only")
    assert (options.fields, options.password) == (("iban", "total_amount"), "open sesame")
    assert options.preview
    assert options.strip_furniture
    assert "open sesame" not in job.sealed_password


def test_upload_offers_the_fields_under_the_types_of_documents(browser: Client) -> None:
    page = browser.get("/jobs/new").content.decode()
    boxes = re.findall(r'name="fields_wanted" value="(\w+)"', page)
    assert sorted(boxes) == sorted(field.name for field in CATALOGUE)
    invoice, passport = page.split("<summary>Invoice ")[1], page.split("<summary>Identity card ")[1]
    assert 'value="total_amount"' in invoice.split("</details>")[0]
    assert 'value="surname"' in passport.split("</details>")[0]


def test_upload_without_engine_takes_the_tenants(browser: Client, acme: Organisation) -> None:
    acme.tenant.default_engine = "text-layer"
    acme.tenant.save(update_fields=["default_engine"])
    assert '<option value="text-layer" selected>' in page(browser, "/jobs/new")
    send(browser, file=form_file())
    assert Job.objects.get().engine == "text-layer"


def test_upload_by_script_answers_201_with_the_jobs_address(browser: Client) -> None:
    answer = send(browser, file=form_file(), **SCRIPT)
    assert (answer.status_code, answer["Location"]) == (201, f"/jobs/{Job.objects.get().pk}")


def test_upload_of_an_unsupported_type_is_415_and_says_what_to_do(browser: Client) -> None:
    answer = send(browser, file=form_file(b"just words", name="notes.txt"))
    said = text_of(answer.content.decode())
    assert answer.status_code == 415
    assert "notes.txt: This kind of file is not supported" in said
    assert "as PDF, PNG or JPEG" in said
    assert not Job.objects.exists()


def test_upload_keeps_the_good_files_beside_a_bad_one(browser: Client) -> None:
    answer = send(browser, file=[form_file(name="good.pdf"), form_file(b"?", name="bad.bin")])
    said = text_of(answer.content.decode())
    assert answer.status_code == 415
    assert "good.pdf is on its way" in said
    assert "bad.bin: This kind of file" in said
    assert Job.objects.get().file.name == "good.pdf"


@pytest.mark.parametrize("size", [2_000, 100_000])
def test_upload_over_the_limit_is_413_with_limit_and_size(
    size: int, browser: Client, settings: Settings
) -> None:
    """Beyond the limit by its content alone, and by the length of the whole request."""
    settings.LIMITS = replace(settings.LIMITS, max_bytes=1_000)
    for extra in ({}, SCRIPT):
        answer = send(browser, file=form_file(b"%PDF-" + b"x" * size), **extra)
        said = text_of(answer.content.decode())
        assert answer.status_code == 413
        assert "The file is larger than allowed" in said
        assert re.search(r"Allowed: 1 kB, this one: (2|100\.\d) kB", said)
        assert ("<html" in answer.content.decode()) is (not extra)
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "Documents: Choose at least one document."),
        ({"pages": "3-1"}, "Pages: '3-1' is not a range of pages"),
        ({"engine": "crystal-ball"}, "Engine: Select a valid choice."),
        ({"fields_wanted": ["shoe_size"]}, "Fields to look for: Select a valid choice."),
    ],
)
def test_upload_with_a_wrong_option_is_400_and_names_it(
    data: dict[str, Any], words: str, browser: Client
) -> None:
    sent: dict[str, Any] = {"file": form_file(), **data} if data else {}
    answer = send(browser, **sent)
    assert answer.status_code == 400
    assert words in text_of(answer.content.decode()).replace("&#x27;", "'")
    assert not Job.objects.exists()


def test_upload_without_the_forms_token_is_403(browser: Client) -> None:
    answer = browser.post("/jobs/new", {"file": form_file()})
    assert answer.status_code == 403
    assert not Job.objects.exists()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.REVIEWER])
def test_upload_is_not_for_those_who_only_look(role: Role, acme: Organisation) -> None:
    client = signed_in(acme.join(role))
    assert "/jobs/new" not in page(client, "/jobs")
    assert client.get("/jobs/new").status_code == 403
    assert client.post("/jobs/new", {"file": form_file()}).status_code == 403


# The list -----------------------------------------------------------------------------------


def test_list_without_jobs_leads_to_the_upload(browser: Client) -> None:
    html = page(browser, "/jobs")
    assert "No documents yet" in html
    assert 'href="/jobs/new"' in html


def test_list_shows_status_pages_and_engine_newest_first(
    browser: Client, acme: Organisation, fake_engine: FakeEngine
) -> None:
    finished(acme, text_pdf(["one", "two"]))
    waiting = make_job(acme)
    html = page(browser, "/jobs")
    said = text_of(html[html.index("<tbody") :])
    assert said.index("Queued") < said.index("Succeeded")
    assert "2 of 2" in said
    assert f'href="/jobs/{waiting.pk}"' in html


def test_list_tells_what_was_read_before(
    browser: Client, acme: Organisation, fake_engine: FakeEngine
) -> None:
    job = finished(acme)
    assert "Read before" not in page(browser, "/jobs")
    Job.objects.filter(pk=job.pk).update(cached=True)
    assert "Read before" in page(browser, "/jobs")


def test_list_is_asked_for_again_only_while_a_job_is_on_its_way(
    browser: Client, acme: Organisation, fake_engine: FakeEngine
) -> None:
    job = make_job(acme)
    part = page(browser, "/jobs", **SCRIPT)
    assert "every 2s" in part
    assert "<html" not in part
    run_job(str(job.pk))
    assert "every 2s" not in page(browser, "/jobs", **SCRIPT)


def test_list_filters_by_status(
    browser: Client, acme: Organisation, fake_engine: FakeEngine
) -> None:
    done, waiting = finished(acme), make_job(acme)
    html = page(browser, "/jobs?status=queued")
    assert str(waiting.pk) in html
    assert str(done.pk) not in html
    assert browser.get("/jobs?status=lost").status_code == 400


def test_list_goes_on_with_older_jobs(
    browser: Client, acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.list_page.ROWS", 2)
    made = [str(make_job(acme).pk) for _ in range(3)]
    first = page(browser, "/jobs?status=queued")
    assert made[0] not in first
    assert f'href="/jobs?status=queued&amp;before={made[1]}"' in first
    second = page(browser, f"/jobs?status=queued&before={made[1]}")
    assert made[0] in second
    assert made[1] not in second.replace(f"before={made[1]}", "")
    assert browser.get("/jobs?before=yesterday").status_code == 400


def test_list_takes_the_same_queries_for_1_and_30_jobs(browser: Client, acme: Organisation) -> None:
    counts = []
    for jobs in (1, 29):
        for _ in range(jobs):
            make_job(acme)
        with CaptureQueriesContext(connection) as queries:
            page(browser, "/jobs")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_signed_out_browser_is_sent_to_sign_in_and_back(acme: Organisation) -> None:
    answer = Client().get("/jobs?status=failed")
    assert answer["Location"] == "/login?next=/jobs%3Fstatus%3Dfailed"
    assert Client().get("/jobs", **SCRIPT)["HX-Redirect"].startswith("/login")  # type: ignore[arg-type]
