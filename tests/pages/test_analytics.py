"""The analytics page, as people see it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from accounts import clock
from accounts.permissions import Role
from tests.jobs.filling import fill_sums
from tests.pages.visiting import DESKTOP, PHONE, Visits, overflow, violations
from tests.people import Organisation


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "dark"), (DESKTOP, "light")])
def test_every_state_is_accessible(
    visits: Visits, acme: Organisation, size: tuple[int, int], scheme: str
) -> None:
    page = visits.open(acme.owner, "/analytics", size=size, scheme=scheme)
    page.get_by_role("heading", name="Nothing was read in this time").wait_for()
    assert (violations(page), overflow(page)) == ([], 0)
    fill_sums(acme.tenant, clock.today(), templates=("", "a" * 80))
    for query in ("period=30", "period=year", "period=custom&first=x"):
        page.goto(f"/analytics?{query}")
        for details in page.locator("#content details").all():
            details.evaluate("each => each.open = true")
        assert (query, violations(page)) == (query, [])
        assert (query, overflow(page)) == (query, 0)


def test_days_are_chosen_and_taken_away_by_keyboard(
    visits: Visits, acme: Organisation, tmp_path: Path
) -> None:
    today = clock.today()
    fill_sums(acme.tenant, today)
    page = visits.open(acme.join(Role.VIEWER), "/", size=PHONE)
    page.get_by_role("button", name="Menu").press("Enter")
    menu = page.get_by_role("navigation", name="Main")
    menu.get_by_role("link", name="Analytics").press("Enter")
    page.get_by_text("Choose the days").press("Enter")
    page.get_by_label("First day").fill(today.isoformat())
    page.get_by_label("Last day").fill("2020-01-01")
    page.get_by_role("button", name="Show").press("Enter")
    page.get_by_text("The last day comes before the first.").wait_for()
    page.get_by_label("Last day").fill(today.isoformat())
    page.get_by_role("button", name="Show").press("Enter")
    page.get_by_role("heading", name="Pages by engine", exact=True).wait_for()
    page.get_by_text("Show the numbers").first.press("Enter")
    shown = page.get_by_role("region", name="Pages by engine", exact=True)
    assert shown.get_by_role("row").count() == 2
    with page.expect_download() as told:
        page.get_by_role("link", name="CSV: By engine").press("Enter")
    told.value.save_as(tmp_path / "table.csv")
    rows = list(csv.reader((tmp_path / "table.csv").open()))
    table = page.get_by_role("region", name="By engine", exact=True).get_by_role("row")
    assert len(rows) == table.count() == 4
    assert [row[0] for row in rows[1:]] == table.locator("th[scope=row]").all_inner_texts()


def test_a_reviewer_is_told_that_it_is_not_theirs(visits: Visits, acme: Organisation) -> None:
    page = visits.open(acme.join(Role.REVIEWER), "/analytics")
    page.get_by_text("Your role does not allow this.").wait_for()
