"""The API console in a browser: calls sent as oneself and by a key, their answers, as code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from accounts.models import Session, Tenant
from accounts.permissions import Role
from jobs.models import Job, StoredFile
from tests.jobs.making import make_job
from tests.pages.visiting import DESKTOP, PHONE, Visits, overflow, violations
from tests.people import PASSWORD, Organisation

BAD_NAME = "<img src=x onerror=alert(1)>.pdf"


def opened(visits: Visits, person: Any, name: str, **more: Any) -> Any:
    page = visits.open(person, f"/console/do/{name}", **more)
    page.wait_for_selector("body[data-ready]")
    return page


def answer(page: Any) -> str:
    """The status of the answer, when all of it is there."""
    page.wait_for_selector("#outcome .number")
    page.wait_for_selector("#stop", state="hidden")
    return str(page.locator("#outcome .badge").inner_text())


def test_a_call_from_the_list_by_keyboard(visits: Visits, acme: Organisation) -> None:
    job = make_job(acme)
    StoredFile.objects.update(name=BAD_NAME)
    page = visits.open(acme.owner, "/console")
    page.get_by_label("Find an endpoint").fill("get list jobs")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/do/ocr_jobs_list")
    page.wait_for_selector("body[data-ready]")
    page.get_by_label("status").select_option("queued")
    page.get_by_label("page_size").fill("2")
    page.keyboard.press("Enter")
    assert answer(page) == "200 OK"
    shown = page.locator("#body").inner_text()
    assert str(job.pk) in shown
    assert BAD_NAME in shown  # as text
    assert page.locator("#body *").count() == 0
    page.get_by_text("What was sent").click()
    sent = page.locator("#sent").inner_text()
    assert "/api/v1/ocr/jobs?page_size=2&status=queued" in sent
    assert "authorization: Bearer eyJ" in sent
    assert "…" in sent  # no token is shown whole
    assert violations(page) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "jobs.json"
    page.get_by_label("Python").check()
    assert 'f"Bearer {os.environ[' in page.locator("#sample").inner_text()


def test_a_document_is_sent_and_deleted(visits: Visits, acme: Organisation, tmp_path: Path) -> None:
    from tests.jobs.making import PDF

    (tmp_path / "it's.pdf").write_bytes(PDF)
    page = opened(visits, acme.owner, "ocr_jobs_create")
    page.get_by_label("file", exact=True).set_input_files(tmp_path / "it's.pdf")
    page.get_by_text("19 more, which may be left out").click()
    page.locator("#form-metadata").fill('{"a": ')
    page.get_by_role("button", name="Send").click()
    assert page.get_by_text("This is not valid JSON.").is_visible()
    assert not Job.objects.exists()
    page.locator("#form-metadata").fill('{"a": 1}')
    assert r"""-F 'file=@it'\''s.pdf'""" in page.locator("#sample").inner_text()
    page.get_by_role("button", name="Send").click()
    assert answer(page) == "202 Accepted"
    job = Job.objects.get()
    assert (job.file.name, job.metadata, job.created_by) == ("it's.pdf", {"a": 1}, acme.owner)

    page.goto(f"/console/do/ocr_jobs_destroy?id={job.pk}")
    page.wait_for_selector("body[data-ready]")
    page.locator("#path-id").press("Enter")
    assert page.get_by_text("It cannot be undone").is_visible()
    assert Job.objects.exists()
    page.keyboard.press("Enter")
    assert answer(page) == "204 No Content"
    assert page.get_by_text("The answer has no body.").is_visible()
    assert not Job.objects.exists()


def test_an_owner_deletes_the_organisation_with_a_body(visits: Visits, acme: Organisation) -> None:
    page = opened(visits, acme.owner, "organisation_delete", size=PHONE)
    page.get_by_label("name").fill("Acne")
    page.get_by_label("password").fill(PASSWORD)
    assert '-d \'{"name":"Acne"' in page.locator("#sample").inner_text()
    page.locator("#sure > summary").press("Enter")
    page.get_by_role("button", name="Delete for good").press("Enter")
    assert answer(page) == "400 Bad Request"
    assert Tenant.objects.get(pk=acme.tenant.pk).is_active
    page.get_by_label("name").fill("Acme")
    assert violations(page) == []
    page.locator("#sure > summary").press("Enter")
    page.get_by_role("button", name="Delete for good").press("Enter")
    assert answer(page) == "202 Accepted"
    assert not Tenant.objects.get(pk=acme.tenant.pk).is_active


def test_json_by_form_and_as_text(visits: Visits, acme: Organisation) -> None:
    page = opened(visits, acme.owner, "key_create")
    page.get_by_role("button", name="Send").click()
    assert page.get_by_text("This is required.").is_visible()
    assert page.evaluate("document.activeElement.id") == "json-name"
    assert violations(page) == []
    page.locator("#json-name").fill("robot")
    page.get_by_label("usage:read").check()
    page.locator("#json-networks").fill("10.0.0.0/8\n192.168.0.0/16")
    page.get_by_label("Body", exact=True).select_option("raw")
    typed = page.locator("#raw").input_value()
    page.locator("#raw").fill(typed.replace("robot", "raw robot"))
    page.get_by_label("Body", exact=True).select_option("application/json")
    assert page.locator("#json-name").input_value() == "raw robot"
    page.get_by_role("button", name="Send").click()
    assert answer(page) == "201 Created"
    assert '"192.168.0.0/16"' in page.locator("#body").inner_text()


def test_a_key_is_used_and_forgotten(visits: Visits, acme: Organisation) -> None:
    page = opened(visits, acme.owner, "auth_me")
    page.get_by_label("Send as").select_option("key")
    page.get_by_role("button", name="Send").click()
    assert page.get_by_text("Type an API key.").is_visible()
    page.get_by_label("API key", exact=True).fill(acme.raw_key)
    page.get_by_role("button", name="Send").click()
    assert answer(page) == "200 OK"
    assert '"user": null' in page.locator("#body").inner_text()
    assert acme.raw_key not in page.content()
    stored = "JSON.stringify([localStorage, sessionStorage, document.cookie, location.href])"
    assert acme.raw_key not in page.evaluate(stored)
    page.reload()
    assert page.locator("#key").input_value() == ""


def test_rights_are_those_of_the_role(visits: Visits, acme: Organisation) -> None:
    page = opened(visits, acme.join(Role.VIEWER), "keys")
    page.get_by_role("button", name="Send").click()
    assert answer(page) == "403 Forbidden"
    assert '"permission_denied"' in page.locator("#body").inner_text()
    assert violations(page) == []
    Session.objects.all().delete()
    page.get_by_role("button", name="Send").click()
    page.get_by_text("You are signed out.").wait_for()
    assert violations(page) == []


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "light"), (DESKTOP, "dark")])
def test_pages_are_accessible(
    visits: Visits, acme: Organisation, size: tuple[int, int], scheme: str
) -> None:
    page = visits.open(acme.owner, "/console", size=size, scheme=scheme)
    assert violations(page) == []
    assert overflow(page) == 0
    page.goto("/console/do/ocr_jobs_destroy")
    page.wait_for_selector("body[data-ready]")
    page.locator("#sure summary").click()
    assert violations(page) == []
    assert overflow(page) == 0
    page.goto("/console/do/ocr_jobs_create")
    page.get_by_text("more, which may be left out").first.click()
    assert violations(page) == []
    assert overflow(page) == 0


def test_pages_are_light(visits: Visits, acme: Organisation) -> None:
    page = visits.open(acme.owner, "/style")
    sizes: list[int] = []
    page.on("response", lambda response: sizes.append(len(response.body())))
    page.goto("/console/do/ocr_jobs_create")
    page.wait_for_selector("body[data-ready]")
    assert sum(sizes) < 150_000  # even if nothing were compressed and kept
