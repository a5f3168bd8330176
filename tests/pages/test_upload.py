"""Uploading in a browser: dropped, chosen, pasted, by address; the queue, its list, the options."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from accounts.permissions import Role
from jobs.models import Job, Review
from tests.documents import text_pdf
from tests.pages.visiting import (
    DESKTOP,
    PHONE,
    Visits,
    Watched,
    choose_by_keyboard,
    overflow,
    violations,
)
from tests.people import Organisation

DROP = """([names, body]) => {
  const carried = new DataTransfer();
  for (const name of names) carried.items.add(new File([body + name], name));
  const how = {dataTransfer: carried, bubbles: true, cancelable: true};
  for (const type of ["dragenter", "dragover", "drop"])
    document.body.dispatchEvent(new DragEvent(type, how));
}"""
PASTE = """() => {
  const carried = new DataTransfer();
  carried.items.add(new File(["no picture"], "image.png", {type: "image/png"}));
  document.body.dispatchEvent(new ClipboardEvent("paste", {clipboardData: carried, bubbles: true}));
}"""


UNSURE = {"code": "unsure", "field": "total_amount", "document": None}


def document(name: str, words: str = "") -> Any:
    body = text_pdf([words or f"This is what {name} says."])
    return {"name": name, "mimeType": "application/pdf", "buffer": body}


def test_several_documents_are_read_beside_each_other(
    visits: Visits, worker: None, acme: Organisation
) -> None:
    page = visits.open(acme.owner, "/jobs/new")
    page.set_input_files("#id_file", [document(f"{n}.pdf") for n in range(5)])
    page.get_by_text("5 of 5 finished").wait_for()
    rows = page.locator("#uploads .row")
    assert rows.locator(".badge").all_inner_texts() == ["Succeeded"] * 5
    assert violations(page) == []
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save all fields (CSV)").click()
    rows_saved = list(csv.DictReader(io.StringIO(saved.value.path().read_text("utf-8-sig"))))
    assert sorted(row["name"] for row in rows_saved) == [f"{n}.pdf" for n in range(5)]
    page.get_by_role("link", name="Open document 3.pdf").click()
    page.get_by_text("This is what 3.pdf says.").first.wait_for()


def test_one_document_leads_to_its_result_by_keyboard(
    visits: Visits, worker: None, acme: Organisation
) -> None:
    page = visits.open(acme.owner, "/jobs/new")
    choose_by_keyboard(page, page.locator("#id_file"), document("one.pdf"))
    page.get_by_text("This is what one.pdf says.").first.wait_for()


def test_list_survives_a_reload_and_can_be_cleared(visits: Visits, acme: Organisation) -> None:
    page = visits.open(acme.owner, "/jobs/new", size=PHONE)
    page.set_input_files("#id_file", [document("a.pdf"), document("b.pdf")])
    page.locator("#uploads .badge-queued").nth(1).wait_for()
    page.reload()
    page.locator("#uploads .badge-queued").nth(1).wait_for()
    assert set(page.locator("#uploads a.name").all_inner_texts()) == {"a.pdf", "b.pdf"}
    assert violations(page) == []
    assert overflow(page) == 0
    Job.objects.filter(file__name="a.pdf").update(status="running", pages_total=9, pages_done=4)
    page.get_by_text("4 of 9 pages").wait_for()
    Job.objects.update(status="cancelled")
    page.get_by_role("button", name="Clear this list").click()
    assert page.locator("#tray").is_hidden()
    page.reload()
    assert page.locator("#tray").is_hidden()


def test_nothing_moves_while_documents_are_read(visits: Visits, acme: Organisation) -> None:
    for size in (PHONE, DESKTOP):
        page = visits.open(acme.owner, "/", size=size)
        names = [f"{size[0]}-{n}.pdf" for n in range(2)]
        page.set_input_files("#id_file", [document(name) for name in names])
        rows = page.locator("#uploads .row")
        rows.locator(".badge-queued").nth(1).wait_for()
        page.locator("#overview .badge-queued").nth(1).wait_for()
        watched = Watched(page)
        own = Job.objects.filter(file__name__in=names)
        for done in (1, 5, 9):
            own.update(status="running", pages_total=9, pages_done=done)
            page.get_by_text(f"{done} of 9 pages").nth(3).wait_for()
            assert watched.moved() == {}, done
        for job in own:
            Review.objects.create(job=job, tenant=acme.tenant, reasons=[UNSURE])
        own.update(status="succeeded")
        page.locator("#uploads .row[data-ended]").nth(1).wait_for()
        page.locator("#overview .badge-succeeded").nth(1).wait_for()
        assert watched.moved() == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_not_taken_says_why_and_can_be_sent_again(
    visits: Visits, acme: Organisation, settings: Any, scheme: str
) -> None:
    from dataclasses import replace

    settings.LIMITS = replace(settings.LIMITS, max_bytes=100_000)
    page = visits.open(acme.owner, "/jobs/new", scheme=scheme)
    empty = {"name": "empty.pdf", "mimeType": "application/pdf", "buffer": b""}
    large = {"name": "large.pdf", "mimeType": "application/pdf", "buffer": b"%PDF" * 50_000}
    words = {"name": "words.docx", "mimeType": "text/plain", "buffer": b"words"}
    page.set_input_files("#id_file", [empty, large, words, document("pages.pdf")])
    page.get_by_text("The file is empty").wait_for()
    page.get_by_text("The file is larger than allowed").wait_for()
    page.get_by_text("This kind of file is not supported").wait_for()
    page.locator("#uploads .badge-queued").wait_for()
    assert page.get_by_role("button", name="Try again").count() == 1
    assert violations(page) == []
    for name in ("empty.pdf", "large.pdf"):
        row = page.locator("#uploads .row", has_text=name)
        row.get_by_role("button", name="Remove from the list").click()
    page.get_by_role("button", name="Try again").click()
    page.get_by_text("This kind of file is not supported").wait_for()
    assert page.locator("#uploads .row").count() == 2


def test_wrong_option_is_told_and_mended_in_place(visits: Visits, acme: Organisation) -> None:
    page = visits.open(acme.owner, "/jobs/new")
    page.locator("summary", has_text="Options").click()
    page.get_by_label("Pages", exact=True).fill("3-1")
    page.set_input_files("#id_file", [document("a.pdf"), document("b.pdf")])
    page.get_by_text("Pages: '3-1' is not a range").nth(1).wait_for()
    page.get_by_label("Pages", exact=True).fill("1")
    page.get_by_role("button", name="Try again").first.click()
    page.get_by_role("button", name="Try again").last.click()
    page.locator("#uploads .badge-queued").nth(1).wait_for()
    assert [job.options["pages"] for job in Job.objects.all()] == ["1", "1"]


def test_lost_connection_is_waited_for(visits: Visits, acme: Organisation) -> None:
    page = visits.open(acme.owner, "/jobs/new")
    page.route("**/jobs/new", lambda route: route.abort(), times=1)
    page.set_input_files("#id_file", [document("a.pdf"), document("b.pdf")])
    page.get_by_text("No connection: tried again in").wait_for()
    page.evaluate("dispatchEvent(new Event('online'))")
    page.locator("#uploads .badge-queued").nth(1).wait_for()
    assert Job.objects.count() == 2


def test_too_many_wait_until_they_may(visits: Visits, acme: Organisation, settings: Any) -> None:
    from accounts.rates import Rates

    settings.RATES = {**settings.RATES, "submit": Rates(20, 1000, 1000, 2)}
    page = visits.open(acme.owner, "/jobs/new")
    page.set_input_files("#id_file", [document(f"{n}.pdf") for n in range(4)])
    page.get_by_text("Many documents at once: goes on in").wait_for()
    page.locator("#uploads .badge-queued").nth(3).wait_for()
    assert Job.objects.count() == 4


def test_dropped_and_pasted_files_and_addresses_are_sent(
    visits: Visits, acme: Organisation
) -> None:
    page = visits.open(acme.owner, "/jobs")
    page.evaluate(DROP, [["x.txt", "y.txt"], "plain "])
    page.evaluate(PASTE)
    page.get_by_text("From a web address").click()
    page.get_by_label("Address of a document").fill("http://127.0.0.1/secret.pdf")
    page.keyboard.press("Enter")
    page.get_by_text("The address is not one that may be reached").wait_for()
    page.get_by_text("This kind of file is not supported").nth(2).wait_for()
    names = page.locator("#uploads .name").all_inner_texts()
    assert names[:2] == ["x.txt", "y.txt"]
    assert names[2].startswith("Pasted ")
    assert names[3] == "http://127.0.0.1/secret.pdf"


def test_options_are_kept_for_next_time_but_for_the_password(
    visits: Visits, acme: Organisation
) -> None:
    page = visits.open(acme.owner, "/jobs/new", size=DESKTOP)
    page.locator("summary", has_text="Options").click()
    page.get_by_label("Engine").select_option("text-layer")
    page.get_by_label("Make a searchable PDF").uncheck()
    page.get_by_label("Password").fill("geheim")
    page.get_by_label("Password").blur()
    assert page.locator("#options-changed").inner_text() == "3 changed"
    assert violations(page) == []
    assert overflow(page) == 0
    page.goto("/jobs")
    assert page.locator("#options-changed").inner_text() == "2 changed"
    assert "geheim" not in page.evaluate("JSON.stringify(localStorage)")
    page.set_input_files("#id_file", [document("a.pdf")])
    page.wait_for_url("**/jobs/*-*")
    job = Job.objects.get()
    assert (job.engine, job.options["outputs"]) == ("text-layer", [])
    page.goto("/jobs/new")
    page.locator("summary", has_text="Options").click()
    page.get_by_role("button", name="Back to the usual").click()
    assert page.locator("#options-changed").is_hidden()
    assert page.get_by_label("Engine").input_value() != "text-layer"


def test_photos_stay_on_the_page(visits: Visits, acme: Organisation) -> None:
    page = visits.open(acme.owner, "/jobs/new", size=PHONE, touch=True)
    with page.expect_file_chooser() as chosen:
        page.evaluate("document.getElementById('camera').click()")
    chosen.value.set_files(document("photo.pdf"))
    page.locator("#uploads .badge-queued").wait_for()
    assert page.url.endswith("/jobs/new")


def test_those_who_only_look_have_no_upload(visits: Visits, acme: Organisation) -> None:
    page = visits.open(acme.join(Role.VIEWER), "/jobs")
    assert page.locator("#upload").count() == 0
    page.goto("/jobs/new")
    page.get_by_text("Your role does not allow this.").wait_for()
    assert violations(page) == []
