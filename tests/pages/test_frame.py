"""The frame of every page: menu, language, style, on wide and narrow screens."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.permissions import Role
from tests.pages.visiting import DESKTOP, PHONE, Visits, overflow, violations
from tests.people import Organisation


def test_the_menu_leads_everywhere_by_keyboard(visits: Visits, acme: Organisation) -> None:
    page = visits.open(acme.owner, "/jobs")
    menu = page.get_by_role("navigation", name="Main")
    assert menu.get_by_role("link", name="Jobs").get_attribute("aria-current") == "page"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#main"
    menu.get_by_role("link", name="Compare").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/compare")
    assert menu.get_by_role("link", name="Compare").get_attribute("aria-current") == "page"


def test_on_a_phone_the_menu_opens_over_the_page(visits: Visits, acme: Organisation) -> None:
    page = visits.open(acme.owner, "/jobs", size=PHONE)
    jobs = page.get_by_role("link", name="Compare")
    assert not jobs.is_visible()
    page.get_by_role("button", name="Menu").click()
    jobs.wait_for()
    assert violations(page) == []
    page.keyboard.press("Escape")
    jobs.wait_for(state="hidden")
    page.get_by_role("button", name="Menu").click()
    jobs.click()
    page.wait_for_url("**/compare")
    assert overflow(page) == 0


def test_each_sees_what_they_may_open(visits: Visits, acme: Organisation) -> None:
    def entries(person: Any) -> list[str]:
        page = visits.open(person, "/style")
        return page.get_by_role("navigation", name="Main").get_by_role("link").all_inner_texts()

    seen = {role: entries(acme.join(role)) for role in Role if role != Role.OWNER}
    assert set(entries(acme.owner)) >= {"Home", "Jobs", "Settings"}
    assert set(seen[Role.VIEWER]) <= set(seen[Role.MEMBER]) <= set(seen[Role.ADMIN])


def test_the_language_is_chosen_and_kept(visits: Visits, acme: Organisation) -> None:
    page = visits.open(acme.owner, "/jobs?status=failed")
    page.locator("summary.account").click()
    page.get_by_role("button", name="Deutsch").click()
    page.wait_for_url("**/jobs?status=failed")
    assert page.locator("html").get_attribute("lang") == "de"
    page.goto("/style")
    assert page.locator("html").get_attribute("lang") == "de"
    page = visits.open(None, "/login", language="de-AT")
    assert page.locator("html").get_attribute("lang") == "de"
    page.get_by_role("button", name="English").click()
    page.wait_for_url("**/login")
    assert page.locator("html").get_attribute("lang") == "en"


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "light"), (DESKTOP, "dark")])
def test_every_part_is_accessible(
    visits: Visits, acme: Organisation, size: tuple[int, int], scheme: str
) -> None:
    page = visits.open(acme.owner, "/style", size=size, scheme=scheme)
    assert violations(page) == []
    assert overflow(page) == 0
