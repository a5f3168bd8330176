"""The pages of templates in a browser: a template made, tried, drawn, saved, compared."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

import pytest

from accounts.permissions import Role
from jobs import templates
from jobs.models import FieldTemplateVersion, Job
from tests.jobs.making import make_job, run_job
from tests.jobs.templated import ACME, DOCUMENT
from tests.pages.visiting import PHONE, Visits, overflow, violations
from tests.people import Organisation


@pytest.fixture
def read(acme: Organisation, visits: Visits) -> Job:
    """A document that was read, with a picture of its page."""
    job = make_job(acme, DOCUMENT, preview=True)
    run_job(str(job.pk))
    return job


@pytest.fixture
def ours(acme: Organisation, visits: Visits) -> FieldTemplateVersion:
    """A template of acme's."""
    template = templates.read_template(ACME)
    return templates.create(tenant=acme.tenant, actor=acme.member, template=template)


def found(page: Any, name: str) -> Any:
    """What stands in a field's row as found."""
    return page.locator(f"#found-{name} strong")


def test_template_is_proposed_tried_and_saved(
    visits: Visits, acme: Organisation, read: Job
) -> None:
    page = visits.open(acme.join(Role.MEMBER), "/templates")
    page.get_by_role("link", name="Propose from a document").click()
    page.get_by_role("button", name="Use it").click()
    page.get_by_role("checkbox", name="Bank").uncheck()
    page.get_by_role("button", name="Go on with these").click()
    page.get_by_label("Title").fill("Rechnungen")
    found(page, "vorgang").wait_for()
    assert found(page, "vorgang").inner_text() == "4711"
    assert page.locator("#boxes g").count() > 3
    # own field, tried while it is typed
    page.get_by_role("button", name="A field of your own").click()
    page.locator("#id_field-label:focus").wait_for()
    page.keyboard.type("Hinweis")
    page.get_by_label("Labels on the document").fill("Bitte beachten")
    page.locator("#found-new_field").filter(has_text="die Ware").wait_for()
    with page.expect_navigation(url=re.compile("/templates/rechnungen")):
        page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Saved as version 1.").wait_for()
    version = FieldTemplateVersion.objects.get()
    assert version.content["fields"][-1]["name"] == "hinweis"
    assert "bank_name" not in [row["name"] for row in version.content["fields"]]
    found(page, "hinweis").wait_for()  # the document is still beside it


def test_place_is_drawn_by_pointer_and_by_keyboard(
    visits: Visits, acme: Organisation, read: Job, ours: FieldTemplateVersion
) -> None:
    page = visits.open(acme.owner, f"/templates/acme?sample={read.pk}")
    found(page, "invoice_number").wait_for()
    page.locator("#open-invoice_number").click()
    draw = page.get_by_role("button", name="Draw it on the page")
    draw.click()
    sheet = page.locator("#sheet").bounding_box()
    assert sheet
    x, y, width, height = sheet["x"], sheet["y"], sheet["width"], sheet["height"]
    page.mouse.move(x + width * 0.5, y + height * 0.2)
    page.mouse.down()
    page.mouse.move(x + width * 0.7, y + height * 0.25)
    page.mouse.move(x + width * 0.9, y + height * 0.3)
    page.mouse.up()
    edges = [page.get_by_label(f"{side} (%)") for side in ("Left", "Top", "Right", "Bottom")]

    def values() -> list[float]:
        return [float(edge.input_value()) for edge in edges]

    assert values() == pytest.approx([50, 20, 90, 30], abs=0.6)
    # nothing stands there: the value is gone from its row
    page.locator("#found-invoice_number").filter(has_text="Not found").wait_for()
    region = page.locator("#region")
    region.focus()
    before = values()
    for key in ("ArrowLeft", "ArrowUp", "Shift+ArrowRight", "Shift+ArrowDown"):
        page.keyboard.press(key)
    step = [-1, -1, 0, 0]
    assert values() == pytest.approx([b + s for b, s in zip(before, step, strict=True)], abs=0.11)
    for edge, value in zip(edges, ("10", "5", "60", "20"), strict=True):
        edge.fill(value)
    found(page, "invoice_number").wait_for()
    assert found(page, "invoice_number").inner_text() == "4711"
    assert violations(page) == []
    page.get_by_role("button", name="Clear", exact=True).click()
    region.wait_for(state="hidden")
    assert edges[0].input_value() == ""


def test_editor_works_by_keyboard_alone(
    visits: Visits, acme: Organisation, ours: FieldTemplateVersion
) -> None:
    page = visits.open(acme.owner, "/templates/acme")
    focused = "document.activeElement.id"
    page.locator("#down-invoice_number").focus()
    page.keyboard.press("Enter")
    page.get_by_role("status").filter(has_text="Invoice number is now number 2 of 3.").wait_for()
    assert page.evaluate(focused) == "down-invoice_number"
    page.keyboard.press("Enter")
    page.get_by_role("status").filter(has_text="Invoice number is now number 3 of 3.").wait_for()
    page.locator(".rows li:last-child #down-invoice_number:focus").wait_for()
    page.locator("#add-search").focus()
    page.keyboard.type("iban")
    page.locator("#add-iban").wait_for()
    assert page.evaluate(focused) == "add-search"
    page.locator("#add-iban").focus()
    page.keyboard.press("Enter")
    page.locator("#open-iban").wait_for()
    assert page.evaluate(focused) == "add-iban"
    page.locator("#open-iban").focus()
    page.keyboard.press("Enter")
    page.locator("#id_field-label:focus").wait_for()
    page.keyboard.type("Konto")
    page.locator(".field-form summary").filter(has_text="More").press("Enter")
    page.locator("#id_field-threshold").fill("120")
    page.locator("#save").focus()
    page.keyboard.press("Enter")
    page.locator("[aria-invalid=true]:focus").wait_for()
    assert "less than or equal to 100" in page.locator("#editor").inner_text()
    page.keyboard.press("Control+A")
    page.keyboard.type("90")
    with page.expect_navigation():
        page.locator("#save").focus()
        page.keyboard.press("Enter")
    page.get_by_text("Saved as version 2.").wait_for()
    page.get_by_role("link", name="Versions").click()
    page.get_by_text("Added: Konto.").first.wait_for()


def test_leaving_without_saving_is_asked_about(
    visits: Visits, acme: Organisation, ours: FieldTemplateVersion
) -> None:
    page = visits.open(acme.owner, "/templates/acme")
    asked: list[str] = []

    def stay(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.get_by_role("link", name="Learning").click()
    page.wait_for_url("**/learning")
    page.go_back()
    page.get_by_label("Title").fill("Other")
    page.get_by_role("link", name="Learning").click()
    page.wait_for_timeout(200)
    assert asked == ["beforeunload"]
    assert page.url.endswith("/templates/acme")


def test_sample_is_sent_from_the_editor(
    visits: Visits, acme: Organisation, ours: FieldTemplateVersion, worker: None, tmp_path: Path
) -> None:
    page = visits.open(acme.owner, "/templates/acme")
    page.get_by_label("Title").fill("Still there")
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"no document")
    page.locator("#file").set_input_files(broken)
    refused = page.get_by_role("alert").filter(has_text="This kind of file is not supported")
    refused.wait_for()
    assert all("Response Status Error Code 415" in told for told in visits.troubles)
    visits.troubles.clear()  # htmx's own word of it
    sent = tmp_path / "sent.pdf"
    sent.write_bytes(DOCUMENT)
    page.locator("#file").set_input_files(sent)
    found(page, "invoice_number").wait_for()
    assert not refused.is_visible()
    assert page.get_by_label("Title").input_value() == "Still there"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_state_is_accessible_on_a_phone(
    visits: Visits, acme: Organisation, read: Job, ours: FieldTemplateVersion, scheme: str
) -> None:
    page = visits.open(acme.owner, "/templates", size=PHONE, scheme=scheme)
    for path in (
        "/templates?q=nothing", "/templates/new?empty", f"/templates/propose?sample={read.pk}",
        "/templates/invoice", f"/templates/acme?sample={read.pk}",
    ):  # fmt: skip
        page.goto(path)
        assert (path, violations(page), overflow(page)) == (path, [], 0)
    found(page, "invoice_number").wait_for()
    page.locator("#open-cost_centre").click()
    page.get_by_label("Kind of value").select_option("table")
    page.get_by_label("Label", exact=True).fill("")
    page.get_by_role("button", name="Done").click()
    page.get_by_text("Give the field a label.").wait_for()
    assert (violations(page), overflow(page)) == ([], 0)
    page.get_by_label("Label", exact=True).fill("Items")
    page.get_by_label("Kind of value").press("Enter")
    page.get_by_role("button", name="Save").scroll_into_view_if_needed()


def test_who_may_not_write_looks(
    visits: Visits, acme: Organisation, ours: FieldTemplateVersion
) -> None:
    page = visits.open(acme.join(Role.VIEWER), "/templates")
    assert page.get_by_role("link", name="New template").count() == 0
    page.get_by_role("link", name="Invoices of ACME").click()
    page.get_by_text("You can look at templates.").wait_for()
    assert page.get_by_role("button", name="Save").count() == 0
    assert violations(page) == []


def test_editor_is_light(
    visits: Visits, acme: Organisation, read: Job, ours: FieldTemplateVersion
) -> None:
    """Transferred bytes, the document's picture aside, with a starter's 37 fields."""
    page = visits.open(acme.owner, "/templates")
    sizes: dict[str, int] = {}

    def keep(response: Any) -> None:
        if response.request.resource_type != "image":
            body = response.body()
            static = "/static/" in response.url  # served compressed
            sizes[response.url] = len(gzip.compress(body) if static else body)

    page.on("response", keep)
    page.goto(f"/templates/new?from=invoice&sample={read.pk}")
    page.locator("#boxes g").first.wait_for()
    assert sum(sizes.values()) < 150_000, sizes
