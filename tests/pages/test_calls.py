"""The log of recent calls in a browser."""

from __future__ import annotations

import pytest

from accounts.permissions import Role
from tests.pages.visiting import DESKTOP, PHONE, Visits, overflow, violations
from tests.people import Organisation


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "dark"), (DESKTOP, "light")])
def test_calls_are_found(
    visits: Visits, acme: Organisation, size: tuple[int, int], scheme: str
) -> None:
    page = visits.open(acme.owner, "/console/calls", size=size, scheme=scheme)
    assert page.get_by_text("No calls yet").is_visible()
    assert violations(page) == []
    acme.api().get("/api/v1/ocr/jobs/01890000-0000-7000-8000-000000000000")
    acme.api("jobs:read").get("/api/v1/keys")
    page.reload()
    assert page.get_by_text("permission_denied").is_visible()
    assert violations(page) == []
    assert overflow(page) == 0
    page.get_by_text("Find calls").click()
    page.get_by_label("Address").fill("keys")
    page.keyboard.press("Enter")
    page.wait_for_url("**path=keys**")
    assert page.get_by_text("not_found").count() == 0
    assert page.get_by_text("permission_denied").is_visible()
    assert violations(page) == []
    page.goto(f"/organisation/keys/{acme.key.pk}")
    page.get_by_role("link", name="Recent calls").click()
    assert page.get_by_text("not_found").is_visible()
    assert page.get_by_text("permission_denied").count() == 0
    page.get_by_role("link", name="Open in console").press("Enter")
    page.wait_for_selector("body[data-ready]")
    assert page.locator("#path-id").input_value() == "01890000-0000-7000-8000-000000000000"
    assert page.get_by_text("is not kept: fill that in again").is_visible()
    assert violations(page) == []
    assert overflow(page) == 0
    page.goto("/console/calls?kind=nothing")
    assert page.get_by_text("A filter cannot be read").is_visible()
    assert violations(page) == []


def test_who_may_not_see_them_is_told(visits: Visits, acme: Organisation) -> None:
    person = acme.join(Role.REVIEWER)
    page = visits.open(person, "/console/calls")
    assert page.get_by_text("Your role does not allow this.").is_visible()
    assert violations(page) == []
    page.goto("/console")
    assert page.get_by_role("link", name="Recent calls").count() == 0
