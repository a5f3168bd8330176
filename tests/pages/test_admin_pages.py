"""The operators' admin in a browser: its first page, their own views, a list and a form."""

from __future__ import annotations

import pytest
from django.urls import reverse

from accounts.models import User
from tests.jobs.making import make_job
from tests.jobs.test_service_levels import promise
from tests.pages.visiting import DESKTOP, PHONE, Visits, overflow, violations
from tests.people import PASSWORD, Organisation


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "dark"), (DESKTOP, "light")])
def test_operators_find_their_way(
    visits: Visits, acme: Organisation, size: tuple[int, int], scheme: str
) -> None:
    operator = User.objects.create_superuser("op@site.example", PASSWORD)
    job, plan = make_job(acme), promise(acme)
    page = visits.open(operator, "/admin/", size=size, scheme=scheme)
    tile = page.get_by_role("listitem").filter(has_text="Waiting for cpu workers")
    assert tile.get_by_text("1", exact=True).is_visible()
    assert tile.get_by_text("Look here.").is_visible()
    assert violations(page) == []
    assert overflow(page) == 0
    for path in (
        reverse("admin:operations-view"),
        reverse("admin:usage-view"),
        reverse("admin:billing-view"),
        reverse("admin:service-levels-view"),
        reverse("admin:jobs_job_changelist"),
        reverse("admin:jobs_job_change", args=[job.pk]),
        reverse("admin:accounts_tenant_change", args=[acme.tenant.pk]),
        reverse("admin:accounts_plan_change", args=[plan.pk]),
        reverse("admin:tenant-pause", args=[acme.tenant.pk]),
    ):
        page.goto(path)
        assert violations(page) == [], path
        assert overflow(page) == 0, path
    page.get_by_role("textbox", name="Reason").fill("A flood of documents.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Let its work go on").wait_for()
    people = visits.open(acme.owner, "/", size=size, scheme=scheme)
    assert people.get_by_text("The work of your organisation is paused").is_visible()
    assert people.get_by_text("A flood of documents.").is_visible()
    assert violations(people) == []
    assert overflow(people) == 0
    page.get_by_role("navigation", name="Operators' pages").get_by_role("link", name="Jobs").click()
    page.get_by_role("textbox").first.fill(str(job.pk))
    page.keyboard.press("Enter")
    page.wait_for_url("**q=**")
    assert page.get_by_text("a.pdf").is_visible()
    page.locator("input.action-select").check()
    page.locator("select[name=action]").select_option("stop")
    page.get_by_role("button", name="Go").click()
    page.get_by_role("textbox", name="Reason").fill("It blocks the others.")
    assert violations(page) == []
    assert overflow(page) == 0
    page.get_by_role("button", name="Stop them").click()
    page.get_by_text("1 jobs stopped.").wait_for()
    job.refresh_from_db()
    assert job.status == "cancelled"
