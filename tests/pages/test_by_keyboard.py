"""The main job by keyboard alone: sign in, send a document, correct a value, save the table."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from tests.documents import text_pdf
from tests.pages.visiting import Visits, choose_by_keyboard
from tests.people import PASSWORD, Organisation

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

INVOICE = "Invoice number: INV-77123\nInvoice date: 31.01.2026\nTotal amount: 1,250.00 EUR"
MOST_STOPS = 150


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until it has the focus."""
    wanted.wait_for(state="attached")
    for _ in range(MOST_STOPS):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not lead to {wanted}")


def test_from_sign_in_to_the_table_by_keyboard(
    visits: Visits, acme: Organisation, worker: None, tmp_path: Path
) -> None:
    page = visits.open(None, "/login")
    page.locator("input:focus").wait_for()  # it has the focus from the start
    page.keyboard.type(acme.owner.email)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{visits.site}/")
    tab_to(page, page.locator("input[type=file]").first)
    pdf = tmp_path / "invoice.pdf"
    pdf.write_bytes(text_pdf([INVOICE]))
    choose_by_keyboard(page, page.locator("input[type=file]").first, str(pdf))
    page.wait_for_url("**/jobs/*-*")  # the only document's own page
    tab_to(page, page.get_by_role("link", name="Fields", exact=False).last)
    page.keyboard.press("Enter")
    page.wait_for_url("**view=fields**")
    number = page.locator("#field-invoice_number-0")
    tab_to(page, number.locator("summary", has_text="Correct"))
    page.keyboard.press("Enter")
    tab_to(page, number.get_by_role("textbox"))
    page.keyboard.press("Control+A")
    page.keyboard.type("INV-99001")
    tab_to(page, number.get_by_role("button", name="Save"))
    page.keyboard.press("Enter")
    number.get_by_text("Corrected").wait_for()
    tab_to(page, page.get_by_role("link", name="Files", exact=False).last)
    page.keyboard.press("Enter")
    page.wait_for_url("**view=formats**")
    tab_to(page, page.locator("a[download][href$='.csv']"))
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    taken = tmp_path / "taken.csv"
    download.value.save_as(taken)
    cells = [cell for row in csv.reader(taken.open(encoding="utf-8-sig")) for cell in row]
    assert "INV-99001" in cells and "INV-77123" not in cells
