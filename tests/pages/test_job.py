"""A job's page in Chromium: leafing, looking, searching, correcting; live; on a phone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from accounts.permissions import Role
from extraction.types import Block, Cell, Document, Source, Table
from jobs import claims, lifecycle, storage
from jobs.models import FieldRevision, Job, Page
from tests.documents import text_pdf
from tests.jobs.making import claim, make_job, run_job
from tests.jobs.reviewing import INVOICE as INVOICE_KIND
from tests.jobs.reviewing import READ, read_job
from tests.jobs.reviewing import page as read_page
from tests.pages.visiting import DESKTOP, PHONE, Visits, overflow, shifts, violations
from tests.people import Organisation

INVOICE = "Invoice number: INV-77123\nInvoice date: 31.01.2026\nTotal amount: 1,250.00 EUR"


def finished(acme: Organisation, *pages: str) -> Job:
    """A job that has read these pages, with pictures of them."""
    job = make_job(acme, text_pdf(pages), preview=True, engine="text-layer")
    run_job(str(job.pk))
    return job


def place(page: Any, of: str) -> dict[str, float]:
    """Where a part of the page is on the screen."""
    found: dict[str, float] = page.locator(of).bounding_box()
    return found


def width(page: Any) -> float:
    """How wide the picture is on the screen."""
    return place(page, ".page")["width"]


def test_picture_is_zoomed_turned_and_moved_by_keys_and_mouse(
    visits: Visits, acme: Organisation
) -> None:
    page = visits.open(acme.owner, f"/jobs/{finished(acme, INVOICE, 'b').pk}")
    first = width(page)
    page.locator("#paper").focus()
    page.keyboard.press("+")
    assert width(page) == pytest.approx(first * 1.25, rel=0.01)
    assert page.locator("[data-zoom-share]").inner_text() == "125 %"
    page.keyboard.press("0")
    assert width(page) == pytest.approx(first, rel=0.01)
    page.get_by_role("button", name="Whole page").click()
    area = place(page, "#paper")
    assert place(page, ".page")["height"] <= area["height"]
    page.locator("#zoom-width").click()
    page.mouse.move(area["x"] + 200, area["y"] + 200)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -400)
    page.keyboard.up("Control")
    page.get_by_text("379 %").wait_for()
    before = page.evaluate("[paper.scrollLeft, paper.scrollTop]")
    page.mouse.down()
    page.mouse.move(area["x"] + 120, area["y"] + 100, steps=4)
    page.mouse.up()
    after = page.evaluate("[paper.scrollLeft, paper.scrollTop]")
    assert (after[0] - before[0], after[1] - before[1]) == pytest.approx((80, 100), abs=1)
    page.keyboard.press("0")
    page.keyboard.press("r")
    turned = place(page, ".page")
    assert turned["width"] > turned["height"]
    page.keyboard.press("]")  # how it is looked at stays
    page.wait_for_url("**page=2**")
    page.locator('#result[data-page="2"]').wait_for()
    turned = place(page, ".page")
    assert turned["width"] > turned["height"]


def test_both_sides_light_up_each_other(visits: Visits, acme: Organisation) -> None:
    page = visits.open(acme.owner, f"/jobs/{finished(acme, INVOICE).pk}")
    page.locator('.reading [data-part="l0"]').hover()
    assert page.locator('.page [data-part="l0"].active').count() == 1
    page.locator('.page [data-part="l2"] rect').first.hover()
    assert page.locator('.reading [data-part="l2"].active').count() == 1
    assert page.locator(".active[data-part^=l]").count() == 2
    assert page.locator("#readout").inner_text() == "Total"
    page.locator('.page [data-part="l0"]').focus()
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.dataset.part") == "l1"
    assert page.locator('.reading [data-part="l1"].active').count() == 1
    page.get_by_role("link", name="Fields", exact=False).first.click()
    page.wait_for_url("**view=fields**")
    field = page.locator(".fields > li", has_text="INV-77123")
    field.hover()
    assert page.locator(".page .layer-fields .active").count() == 1
    assert page.locator("#layer-fields").is_checked()
    field.get_by_role("link", name="On page 1").click()
    assert page.evaluate("document.activeElement.id") == "paper"


def test_leafing_searching_and_going_by_keyboard(visits: Visits, acme: Organisation) -> None:
    job = finished(acme, "First", "Second has a fox", "Third", "Fourth, a fox, a fox")
    page = visits.open(acme.owner, f"/jobs/{job.pk}")

    def at(number: int) -> None:
        page.locator(f'#result[data-page="{number}"]').wait_for()

    page.keyboard.press("]")  # without the focus in the document, a key alone does nothing
    page.locator(".reading").click()
    page.keyboard.press("]")
    at(2)
    assert page.locator("#said").text_content() == "Page 2 of 4"
    assert page.locator('#tiles [data-tile="2"] [aria-current="page"]').is_visible()
    page.keyboard.press("[")
    at(1)
    page.locator("#next").focus()
    for number in (2, 3, 4):
        page.keyboard.press("Enter")
        at(number)
    page.get_by_label("Page", exact=True).fill("3")
    page.keyboard.press("Enter")
    at(3)
    page.locator("#paper").focus()
    page.keyboard.press("f")
    page.keyboard.type("FOX")
    page.keyboard.press("Enter")
    at(2)
    assert page.get_by_text("“FOX” stands in 3 places").is_visible()
    assert page.locator(".reading mark").all_inner_texts() == ["fox"]
    assert page.locator(".page rect.hit").count() == 1
    assert violations(page) == []
    page.get_by_role("link", name="Page 4 (2)").click()
    at(4)
    assert page.locator(".page rect.hit").count() == 2
    page.get_by_role("link", name="End the search").click()
    page.locator(".hits").wait_for(state="detached")
    page.go_back()
    page.get_by_text("“FOX” stands in 3 places").wait_for()


def test_a_reviewer_corrects_a_field_by_keyboard_and_a_viewer_does_not(
    visits: Visits, acme: Organisation
) -> None:
    job = read_job(acme)
    address = f"/jobs/{job.pk}?view=fields"
    page = visits.open(acme.join(Role.REVIEWER), address)
    row = page.locator("#field-total_amount-0")
    row.locator("summary", has_text="Correct").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Control+A")
    page.keyboard.type("nothing like money")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    assert row.get_by_role("textbox").input_value() == "nothing like money"
    assert violations(page) == []
    row.get_by_role("textbox").fill("119,00")
    row.get_by_role("button", name="Save").press("Enter")
    row.get_by_text("119.00 EUR").wait_for()
    assert row.get_by_text("Corrected").is_visible()
    assert FieldRevision.objects.get(job=job).raw == "119,00 EUR"
    viewer = visits.open(acme.join(Role.VIEWER), address)
    assert viewer.get_by_text("119.00 EUR").is_visible()
    assert viewer.get_by_text("Correct", exact=True).count() == 0
    assert viewer.get_by_text("Another engine").count() == 0


def test_tables_are_copied_and_files_previewed(visits: Visits, acme: Organisation) -> None:
    cells = (Cell(0, 0, "Item", header=True), Cell(0, 1, "=1+1"))
    table = Block("p1-b1", "table", "", (0, 0, 90, 90), table=Table(1, 2, cells))
    job = read_job(acme, pages=(replace(read_page(), blocks=(table,)),))
    page = visits.open(acme.owner, f"/jobs/{job.pk}?view=tables")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy", exact=True).click()
    page.get_by_text("Copied", exact=True).first.wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.lstrip("\ufeff") == "Item\t'=1+1\r\n"
    page.goto(f"/jobs/{job.pk}?view=formats")
    page.get_by_role("link", name="Preview Markdown").press("Enter")
    page.get_by_role("region", name="Preview: Markdown").wait_for()
    assert violations(page) == []


def test_pages_appear_while_they_are_read_and_nothing_moves(
    visits: Visits, acme: Organisation
) -> None:
    job = make_job(acme, text_pdf(["a", "b"]), preview=True)
    page = visits.open(acme.owner, f"/jobs/{job.pk}")
    assert page.get_by_text("Waiting for a worker").first.is_visible()
    assert violations(page) == []
    task = claim(job)
    claims.opened(task, page_count=2, numbers=(1, 2))
    page.get_by_text("This page has not been read yet").wait_for()
    assert violations(page) == []
    claims.page_done(task, read_page(1), None)
    page.locator(".layer-words [aria-label='Total 119,00 EUR']").wait_for()
    page.locator("#zoom-in").click()
    find = page.get_by_label("Search in this document")
    find.fill("half typed")
    page.evaluate("htmx.config.defaultSettleDelay = 500")  # kept through it, not only after
    before = width(page)
    claims.page_done(task, read_page(2), None)
    page.locator('#tiles [data-tile="2"][data-state="done"]').wait_for()
    assert find.evaluate("node => node === document.activeElement")
    assert claims.last_one(task)
    source = Source("a.pdf", "application/pdf", "0" * 64, 2)
    lifecycle.finish(task, Document(source, (read_page(1), read_page(2)), READ, INVOICE_KIND))
    page.get_by_text("Succeeded").wait_for()
    page.locator("#delete").wait_for()
    assert find.input_value() == "half typed"
    assert width(page) == pytest.approx(before, rel=0.01)
    assert shifts(page) == []
    assert violations(page) == []


def test_what_is_asked_for_as_a_job_ends_is_answered(visits: Visits, acme: Organisation) -> None:
    job = make_job(acme, text_pdf(["a"]), preview=True)
    task = claim(job)
    claims.opened(task, page_count=1, numbers=(1,))
    claims.page_done(task, read_page(1), None)
    page = visits.open(acme.owner, f"/jobs/{job.pk}?page=1")
    held: list[Any] = []
    page.route("**view=fields*", lambda route: route.continue_() if held else held.append(route))
    page.locator("#tab-fields").click()
    assert claims.last_one(task)
    source = Source("a.pdf", "application/pdf", "0" * 64, 1)
    with page.expect_response("**?page=1"):  # the whole job, which would replace the link
        lifecycle.finish(task, Document(source, (read_page(1),), READ, INVOICE_KIND))
    page.locator("#work:not([hx-get])").wait_for()
    assert page.locator("#tab-fields.htmx-request").count() == 1
    assert page.locator("#delete").count() == 0
    held[0].continue_()
    page.wait_for_url("**view=fields*")
    page.locator("#delete").wait_for()
    page.locator('#tab-fields[aria-current="page"]').wait_for()  # once it has settled


def test_what_is_written_as_a_job_ends_stays(visits: Visits, acme: Organisation) -> None:
    job = make_job(acme, text_pdf(["a"]), preview=True)
    task = claim(job)
    claims.opened(task, page_count=1, numbers=(1,))
    claims.page_done(task, read_page(1), None)
    page = visits.open(acme.owner, f"/jobs/{job.pk}?page=1")
    held: list[Any] = []
    with page.expect_request("**/work?*"):  # how far it is: comes late
        page.route("**/work?*", lambda route: route.continue_() if held else held.append(route))
    assert claims.last_one(task)
    source = Source("a.pdf", "application/pdf", "0" * 64, 1)
    lifecycle.finish(task, Document(source, (read_page(1),), READ, INVOICE_KIND))
    page.locator("#tab-fields").click()
    row = page.locator(".fields > li", has_text="Total amount")
    row.locator("summary", has_text="Correct").press("Enter")
    row.get_by_role("textbox").fill("120,00 EUR")
    with page.expect_response("**view=fields"):  # the whole job, which would replace the form
        held[0].continue_()
    page.get_by_text("Succeeded").wait_for()
    assert page.locator("#delete").count() == 0
    row.get_by_role("button", name="Save").press("Enter")
    row.get_by_text("Corrected").wait_for()
    assert FieldRevision.objects.get(job=job).raw == "120,00 EUR"
    page.locator("#delete").wait_for()


def test_on_a_phone_picture_and_result_take_turns(visits: Visits, acme: Organisation) -> None:
    job = finished(acme, INVOICE, "b")
    page = visits.open(acme.owner, f"/jobs/{job.pk}?view=fields", size=PHONE, touch=True)
    assert overflow(page) == 0
    assert not page.locator("#paper").is_visible()
    row = page.locator(".fields > li", has_text="INV-77123")
    row.get_by_role("link", name="On page 1").tap()
    page.locator("#paper").wait_for()
    assert not row.is_visible()
    assert page.locator(".page .layer-fields .active").count() == 1
    page.locator("#next").tap()
    page.locator('#result[data-page="2"]').wait_for()
    assert page.locator("#paper").is_visible()  # stays as switched
    page.get_by_text("Result", exact=True).tap()
    page.locator("#panel").wait_for()
    assert overflow(page) == 0
    page.locator("#delete").tap()
    inside = place(page, "details[open] > .sheet")
    assert inside["x"] >= 0
    assert inside["x"] + inside["width"] <= PHONE[0]


def test_wide_the_page_ends_with_its_footer(visits: Visits, acme: Organisation) -> None:
    page = visits.open(acme.owner, f"/jobs/{read_job(acme).pk}?view=fields")
    for summary in page.locator(".fields summary").all():
        summary.press("Enter")
    foot = place(page, "footer")
    height = page.evaluate("document.documentElement.scrollHeight - scrollY")
    assert foot["y"] + foot["height"] == pytest.approx(height, abs=2)


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")])
def test_every_state_is_accessible(
    visits: Visits, acme: Organisation, size: tuple[int, int], scheme: str
) -> None:
    job = read_job(acme, pages=(read_page(), replace(read_page(2), lines=())))
    page = visits.open(acme.owner, "/jobs", size=size, scheme=scheme)
    for view in (
        "text",
        "text&page=2",
        "blocks",
        "tables",
        "fields",
        "formats&format=xml",
        "details",
    ):
        page.goto(f"/jobs/{job.pk}?view={view}")
        assert violations(page) == [], view
        assert overflow(page) == 0, view
    page.locator("#side-picture").check(force=True) if size == PHONE else None
    page.locator("#layer-sure").check()
    for each in page.locator("details summary:visible").all():
        each.press("Enter")
    assert violations(page) == []
    assert overflow(page) == 0
    failed = make_job(acme, b"%PDF-1.4 broken")
    run_job(str(failed.pk))
    page.goto(f"/jobs/{failed.pk}")
    assert violations(page) == []
    assert overflow(page) == 0


def test_a_picture_that_is_gone_is_told(visits: Visits, acme: Organisation) -> None:
    job = finished(acme, INVOICE)
    storage.delete([Page.objects.get(job=job).preview_key])
    page = visits.open(acme.owner, f"/jobs/{job.pk}")
    page.get_by_text("The picture of this page cannot be loaded.").wait_for()
    assert page.locator(".page [data-part=l0]").is_visible()


def test_entities_are_listed_shown_and_copied(visits: Visits, acme: Organisation) -> None:
    texts = "Due on 12 March 2026\nTotal: 1.234,50 EUR\nPlease ask info@example.com for the account"
    texts += "\nof the company that is named below this line, from 03/04/2026"
    job = finished(acme, texts, "Nothing of the kind")
    address = f"/jobs/{job.pk}?view=entities"
    page = visits.open(acme.owner, address)
    assert page.locator("#layer-entities").is_checked()
    assert page.get_by_role("heading", level=3).all_inner_texts() == [
        "Dates 2",
        "Amounts 1",
        "E-mail addresses 1",
    ]
    total = page.locator(".entities > li", has_text="1234.50 EUR")
    assert total.get_by_text("On the page: 1.234,50 EUR").is_visible()
    total.hover()
    assert page.locator(".layer-entities .active").count() == 1
    page.locator(".layer-entities [data-part=e0]").hover()
    assert "2026-03-12" in page.locator(".entities > li.active").inner_text()
    total.get_by_role("link").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "paper"
    assert page.locator(".layer-entities .active").get_attribute("data-part") == "e1"
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    copy = total.get_by_role("button")
    copy.focus()
    page.keyboard.press("Enter")
    total.get_by_text("Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == "1234.50 EUR"
    page.get_by_role("button", name="Copy all").click()
    page.locator(".panel-head").get_by_text("Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()").splitlines()
    assert copied[2] == "Amount\t1234.50\tEUR\t1.234,50 EUR"
    assert violations(page) == []
    phone = visits.open(acme.join(Role.VIEWER), address, size=PHONE, scheme="dark", language="de")
    phone.locator(".entities").first.wait_for()
    assert violations(phone) == []
    assert overflow(phone) == 0
    phone.goto(f"{address}&page=2")
    assert phone.locator("#panel .muted").count() == 1
    assert violations(phone) == []
    phone.goto(f"/jobs/{job.pk}?view=details")
    assert phone.get_by_text("Englisch").is_visible()
