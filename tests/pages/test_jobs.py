"""The list of jobs and the batches in Chromium: searched, ticked, sent, watched, exported."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.permissions import Role
from jobs.models import Job, SavedFilter
from tests.documents import text_pdf
from tests.jobs.batching import make_batch, run_all
from tests.jobs.making import PDF, make_job, run_job
from tests.jobs.test_search import read
from tests.pages.visiting import DESKTOP, PHONE, Visits, overflow, violations
from tests.people import Organisation


def test_search_narrows_the_list_while_typing(visits: Visits, acme: Organisation) -> None:
    read(acme, "Rechnung der Firma Müller", name="one.pdf")
    read(acme, "Receipt of a shop", name="two.pdf")
    page = visits.open(acme.owner, "/jobs")
    search = page.get_by_role("searchbox", name="Search names, text and fields")
    search.focus()
    page.keyboard.type("mull")
    page.locator("mark", has_text="Müller").wait_for()
    assert page.get_by_role("link", name="two.pdf").count() == 0
    page.wait_for_url("**/jobs?q=mull")
    assert search.evaluate("e => e === document.activeElement")
    page.keyboard.type("x")
    page.get_by_role("heading", name="No job here").wait_for()
    assert violations(page) == []
    page.get_by_role("link", name="Remove this filter").press("Enter")
    page.get_by_role("link", name="two.pdf").wait_for()
    page.locator("#more-filters summary").press("Enter")
    page.locator("#filter-engine").select_option("text-layer")
    page.wait_for_url("**/jobs?engine=text-layer")
    page.get_by_text("Save this filter…").press("Enter")
    page.get_by_label("Name of the filter").fill("Fast ones")
    page.keyboard.press("Enter")
    page.get_by_text("The filter “Fast ones” was saved.").wait_for()
    page.get_by_text("Saved filters").click()
    page.get_by_role("link", name="Fast ones").wait_for()
    assert SavedFilter.objects.get().query == "engine=text-layer"


def test_what_is_ticked_stays_so_while_the_list_is_live(visits: Visits, acme: Organisation) -> None:
    for _ in range(4):
        make_job(acme)
    page = visits.open(acme.owner, "/jobs")
    boxes = page.locator("input[name=job]")
    boxes.nth(0).focus()
    page.keyboard.press("Space")
    boxes.nth(2).click(modifiers=["Shift"])
    page.get_by_text("3 jobs ticked").wait_for()
    with page.expect_response(lambda answer: answer.url.endswith("/jobs")):
        pass  # the list fetched anew
    page.wait_for_timeout(100)
    assert page.locator("input[name=job]:checked").count() == 3
    assert boxes.nth(2).evaluate("e => e === document.activeElement")
    first = Job.objects.order_by("pk").first()
    assert first is not None
    run_job(str(first.pk))
    page.locator(".jobs .badge-succeeded").wait_for()
    assert page.locator("input[name=job]:checked").count() == 3
    page.get_by_role("button", name="Delete…").press("Enter")
    page.get_by_role("heading", name="Delete 3 jobs?").wait_for()
    assert violations(page) == []
    page.get_by_role("button", name="Delete for good").press("Enter")
    page.get_by_text("3 jobs were deleted with their results.").wait_for()
    assert Job.objects.get() == first


def test_who_looks_on_may_download_alone(visits: Visits, acme: Organisation) -> None:
    read(acme, "Alpha")
    page = visits.open(acme.join(Role.VIEWER), "/jobs")
    page.locator("input[name=job]").check()
    bar = page.locator("#selection")
    assert bar.get_by_role("button").all_inner_texts() == ["Download…"]
    bar.get_by_role("button").press("Enter")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").press("Enter")
    assert download.value.suggested_filename == "jobs.csv"
    page.goto("/batches")
    assert page.get_by_role("link", name="New batch").count() == 0


def test_batch_is_sent_watched_and_exported(
    visits: Visits, acme: Organisation, worker: None
) -> None:
    page = visits.open(acme.owner, "/batches")
    page.get_by_role("link", name="Send the first batch").press("Enter")
    page.get_by_role("button", name="Send and read").press("Enter")
    page.get_by_text("Choose at least one document.").wait_for()
    files: list[Any] = [
        {"name": f"{n}.pdf", "mimeType": "application/pdf", "buffer": PDF} for n in range(3)
    ]
    files.append({"name": "notes.txt", "mimeType": "text/plain", "buffer": b"words"})
    page.locator("input[type=file]").set_input_files(files)
    page.get_by_text("4 files chosen").wait_for()
    page.get_by_label("Name of the batch").fill("Invoices of May")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Invoices of May").wait_for()
    page.get_by_text("Completed, 1 failed").wait_for()
    page.get_by_text("This kind of file is not supported").wait_for()
    page.get_by_text("Download", exact=True).press("Enter")
    assert violations(page) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="Table of all fields (CSV)").press("Enter")
    assert download.value.suggested_filename == "Invoices of May.csv"
    page.get_by_text("Delete…").press("Enter")
    page.get_by_role("button", name="Delete for good").press("Enter")
    page.get_by_text("The batch was deleted with its documents and results.").wait_for()


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "light"), (DESKTOP, "dark")])
def test_lists_are_accessible(
    visits: Visits, acme: Organisation, size: tuple[int, int], scheme: str
) -> None:
    page = visits.open(acme.owner, "/jobs", size=size, scheme=scheme)
    for path in ("/jobs", "/batches", "/batches/new"):
        page.goto(path)
        assert violations(page) == [], f"empty {path}"
    batch = make_batch(acme, [text_pdf(["Alpha"]), b"%PDF-1.7 broken", PDF])
    run_all(batch)
    waits = make_batch(acme, [PDF])
    make_job(acme)
    for path in ("/jobs", "/jobs?q=alpha&engine=auto", "/batches", f"/batches/{batch.pk}",
                 f"/batches/{waits.pk}"):  # fmt: skip
        page.goto(path)
        if page.locator("input[name=job]").count():
            page.locator("input[name=job]").first.check()
        assert violations(page) == [], path
        assert overflow(page) == 0, path
