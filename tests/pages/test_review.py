"""Reviews in a browser: the queue, one document after the other, by keyboard and by pointer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from accounts.permissions import Role
from jobs import review
from jobs.models import FieldRevision, Job, Review
from tests.jobs.picturing import box_of, pictured_job
from tests.jobs.reviewing import money, read_job
from tests.pages.visiting import PHONE, Visits, overflow, violations
from tests.people import Organisation

VALUE = "document.activeElement.closest('[data-row]')?.dataset.row ?? document.activeElement.id"


@pytest.fixture
def left(visits: Visits) -> Iterator[None]:
    """Every page is left before the database is emptied: who leaves a document gives it back."""
    yield
    for context in visits.contexts:
        for page in context.pages:
            page.goto("/style")


def until(page: Any, script: str, wanted: Any) -> None:
    """Wait until the script says so; the page's policy lets no script be waited for in it."""
    seen = None
    for _ in range(200):
        seen = page.evaluate(script)
        if seen == wanted:
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{script}: {seen!r}, not {wanted!r}")


def at(page: Any, place: str) -> None:
    """Wait until the keyboard is in that row, or on the element of that id."""
    until(page, VALUE, place)


def reads(page: Any, key: str, text: str) -> None:
    """Wait until that field's value is the text."""
    until(page, f"document.getElementById('value-{key}').value", text)


def said(job: Job) -> dict[str, tuple[str, Any]]:
    """What was said last of each field."""
    rows = FieldRevision.objects.filter(job=job).order_by("version")
    return {row.name: (row.action, row.value) for row in rows}


def test_documents_are_checked_by_keyboard_alone(
    visits: Visits, acme: Organisation, left: None
) -> None:
    first, second = pictured_job(acme), pictured_job(acme)
    page = visits.open(acme.join(Role.REVIEWER), "/jobs")
    lost = {"tax_amount"}  # on their way, where they are looked after from the start
    page.route(
        "**/fields/*",
        lambda route: (
            route.abort() if route.request.url.split("/")[-1] in lost else route.continue_()
        ),
    )
    page.get_by_role("link", name="Review , 2 waiting").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/review")
    page.get_by_role("button", name="Start").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/review/{first.pk}")
    at(page, "subtotal-0")
    assert page.locator(".lit").count() == 1, "its box is shown on the page"
    page.keyboard.press("Enter")  # right as it is
    at(page, "tax_amount-0")
    page.keyboard.press("Tab")
    page.get_by_text("This could not be saved").wait_for()
    lost.clear()
    at(page, "tax_amount-0")
    page.keyboard.press("Tab")
    at(page, "total_amount-0")
    page.keyboard.type("nothing")
    page.keyboard.press("Escape")
    assert page.locator("#value-total_amount-0").input_value() == "19,00 EUR", "undone"
    page.keyboard.press("Alt+1")  # the first other value
    at(page, "invoice_date-0")
    page.keyboard.type("soon")
    page.keyboard.press("Enter")
    page.get_by_text("This is not a date").wait_for()
    assert page.locator("#value-invoice_date-0").input_value() == "soon"
    at(page, "invoice_date-0")
    page.keyboard.press("Escape")  # the value is undone, then left
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.get_by_role("heading", name="Keys").wait_for()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.locator("#field-invoice_date-0").focus()
    page.keyboard.press("n")  # not on the document
    at(page, "confirm")
    assert page.get_by_text("do not add up").count() == 0
    page.keyboard.press("Control+Enter")
    page.wait_for_url(f"**/review/{second.pk}")
    at(page, "subtotal-0")
    assert said(first) == {
        "subtotal": ("confirmed", money("100.00")),
        "tax_amount": ("confirmed", money("19.00")),
        "total_amount": ("corrected", money("119.00")),
        "invoice_date": ("absent", None),
        "invoice_number": ("confirmed", "A-4711"),
        "issuer_name": ("confirmed", "ACME Trading GmbH"),
        "line_items": ("confirmed", said(first)["line_items"][1]),
    }
    assert Review.objects.get(job=first).status == "confirmed"
    page.keyboard.press("Alt+s")  # skipped: none is left after it
    page.get_by_text("No other document waits here").wait_for()
    assert page.get_by_text("1 document today").count() == 1
    assert Review.objects.get(job=second).taken_until is None


def test_box_is_drawn_with_pointer_and_with_keys(
    visits: Visits, acme: Organisation, left: None
) -> None:
    job = pictured_job(acme)
    review.take(job, actor=acme.member, address=None)
    page = visits.open(acme.owner, f"/review/{job.pk}")
    at(page, "subtotal-0")
    page.locator("#value-invoice_date-0").focus()
    page.keyboard.press("Alt+b")
    figure = page.locator(".drawing figure")
    figure.wait_for()
    frame: Any = figure.bounding_box()
    scale = frame["width"] / 595
    x0, y0, x1, y1 = box_of("Date 31.01.2026")
    page.mouse.move(frame["x"] + (x0 + 28) * scale, frame["y"] + (y0 - 2) * scale)
    page.mouse.down()
    page.mouse.move(frame["x"] + (x1 + 3) * scale, frame["y"] + (y1 + 2) * scale)
    page.mouse.up()
    reads(page, "invoice_date-0", "31.01.2026")
    page.keyboard.press("Enter")
    at(page, "subtotal-0")
    row = FieldRevision.objects.get(name="invoice_date")
    assert (row.value, row.page, row.grounded) == ("2026-01-31", 1, True)
    assert row.box is not None
    assert abs(row.box[0] - (x0 + 28)) < 1.5

    page.locator("#value-total_amount-0").focus()
    page.keyboard.press("Alt+b")  # begins at its box, one row too high
    for _ in range(5):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Enter")
    reads(page, "total_amount-0", "119,00 EUR")
    page.keyboard.press("Enter")
    page.get_by_text("All looked at").first.wait_for()
    assert said(job)["total_amount"] == ("corrected", money("119.00"))


def test_table_is_corrected_cell_by_cell(visits: Visits, acme: Organisation, left: None) -> None:
    job = pictured_job(acme)
    review.take(job, actor=acme.member, address=None)
    page = visits.open(acme.owner, f"/review/{job.pk}")
    at(page, "subtotal-0")
    items = page.locator("#field-line_items-0")
    items.locator("input[name='cell:0:unit_price']").fill("14,00")
    items.get_by_role("button", name="Add a row").click()
    page.keyboard.type("Washers")
    items.get_by_role("button", name="Remove row 2").click()
    items.get_by_role("button", name="Keep").click()
    items.get_by_text("Corrected", exact=True).wait_for()
    _, rows = said(job)["line_items"]
    assert rows == [
        {"description": "Bolts, M8", "quantity": "4", "unit_price": money("14.00"),
         "amount": money("60.00")},
        {"description": "Washers"},
    ]  # fmt: skip
    assert items.get_by_text("Quantity times price is not the amount").count() == 1
    items.locator("input[name='cell:0:amount']").fill("many")
    items.get_by_role("button", name="Keep").click()
    items.get_by_text("Row 1, Amount: This is not an amount").wait_for()
    assert items.locator("input[name='cell:0:amount']").input_value() == "many"


def test_two_people_do_not_overwrite_each_other(
    visits: Visits, acme: Organisation, left: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(review, "LEFT_SECONDS", 2)
    job = pictured_job(acme)
    colleague = acme.join(Role.MEMBER)
    page = visits.open(acme.owner, f"/review/{job.pk}")
    page.get_by_role("button", name="Take it").click()
    at(page, "subtotal-0")
    other = visits.open(colleague, f"/review/{job.pk}")
    other.get_by_text(f"{acme.owner.email} has taken this document").wait_for()
    assert other.locator("[data-say]").count() == 0
    assert violations(other) == []
    page.goto("/style")  # left, and so given back
    other.reload()
    for _ in range(20):
        if other.get_by_role("button", name="Take it").count():
            break
        other.wait_for_timeout(500)
        other.reload()
    monkeypatch.setattr(review, "LEFT_SECONDS", 15)
    other.get_by_role("button", name="Take it").click()
    at(other, "subtotal-0")
    other.reload()  # still one's own
    at(other, "subtotal-0")
    FieldRevision.objects.create(  # by the API, as the same person
        job=job, name="total_amount", label="Total amount", kind="money", version=1,
        action="corrected", raw="120,00 EUR", value=money("120.00"), actor="API key first",
    )  # fmt: skip
    other.locator("#value-total_amount-0").fill("119,00 EUR")
    other.keyboard.press("Enter")
    other.get_by_text("It reads now: 120,00 EUR").wait_for()
    assert other.locator("#value-total_amount-0").input_value() == "119,00 EUR"
    other.keyboard.press("Enter")
    at(other, "invoice_date-0")
    assert said(job)["total_amount"] == ("corrected", money("119.00"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible_and_narrow(
    visits: Visits, acme: Organisation, left: None, scheme: str
) -> None:
    page = visits.open(acme.owner, "/review", size=PHONE, scheme=scheme)
    page.get_by_role("heading", name="Nothing to check").wait_for()
    assert (violations(page), overflow(page)) == ([], 0)
    job = pictured_job(acme, pages=3)
    read_job(acme)
    page.goto("/review")
    assert (violations(page), overflow(page)) == ([], 0)
    page.goto("/review?holder=mine")
    page.get_by_role("heading", name="None of them").wait_for()
    assert (violations(page), overflow(page)) == ([], 0)
    review.take(job, actor=acme.member, address=None)
    page.goto(f"/review/{job.pk}")
    at(page, "subtotal-0")
    page.locator("summary", has_text="more were looked for").click()
    crop: Any = page.locator("#field-subtotal-0 .crop").bounding_box()
    value: Any = page.locator("#value-subtotal-0").bounding_box()
    assert crop["y"] + crop["height"] <= value["y"], "the crop is above the value"
    assert (violations(page), overflow(page)) == ([], 0)
    page.set_viewport_size({"width": 1440, "height": 900})
    assert (violations(page), overflow(page)) == ([], 0)


def test_viewer_is_told_who_checks(visits: Visits, acme: Organisation) -> None:
    page = visits.open(acme.join(Role.VIEWER), "/review")
    page.get_by_role("heading", name="You may look at documents, not check them").wait_for()
    assert violations(page) == []
    assert page.get_by_role("navigation", name="Main").get_by_text("Review").count() == 0
