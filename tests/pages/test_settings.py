"""The pages about an organisation, its programs and its people's accounts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from accounts.permissions import Role
from jobs.models import Delivery, Webhook
from tests.jobs.hooking import ALLOWED, failing_for, hook
from tests.jobs.receiving import Receiver, answering, receiver
from tests.pages.visiting import DESKTOP, PHONE, Visits, overflow, violations
from tests.people import Organisation
from tests.working import delivering


@pytest.fixture
def site(settings: Settings) -> Iterator[Receiver]:
    """Somebody's program, which may be called."""
    settings.WEBHOOK_ALLOWED_HOSTS = ALLOWED
    with receiver() as running:
        yield running


@pytest.fixture
def sender(visits: Visits) -> Iterator[None]:
    """What is due is sent until the test ends."""
    with delivering():
        yield


def fine(page: Any) -> None:
    """Nothing that axe-core finds wrong, nothing beyond the window's edge."""
    assert violations(page) == []
    assert overflow(page) == 0


def test_a_webhook_from_nothing_to_an_answer_by_keyboard(
    visits: Visits, acme: Organisation, site: Receiver, sender: None
) -> None:
    site.behaviours["/in"] = answering(503, b"<b>not today</b>")
    page = visits.open(acme.owner, "/organisation/webhooks", size=PHONE)
    page.get_by_role("heading", name="No webhook yet").wait_for()
    fine(page)
    page.get_by_role("link", name="Make the first one").press("Enter")
    address = page.get_by_label("Address of your program")
    address.fill("https://10.0.0.1/")
    address.press("Enter")
    page.get_by_text("The host has no public address.").wait_for()
    assert address.get_attribute("aria-invalid") == "true"
    fine(page)
    address.fill(f"{site.url}/in")
    address.press("Enter")
    page.get_by_role("heading", name="The webhook is made").wait_for()
    assert page.get_by_label("Signing secret").input_value().startswith("whsec_")
    fine(page)
    page.get_by_role("button", name="Send a test").press("Enter")
    page.get_by_text("It answered 503.").wait_for()
    page.get_by_text("<b>not today</b>").wait_for()
    fine(page)
    site.behaviours["/in"] = answering(204)
    page.get_by_role("button", name="Send now").press("Enter")
    page.get_by_text("It answered 204.").wait_for()
    page.get_by_role("status").get_by_text("Delivered").wait_for()
    page.get_by_role("link", name=site.url).click()
    page.get_by_role("button", name="Pause").press("Enter")
    page.get_by_text("The webhook is paused: nothing is sent to it.").wait_for()
    page.get_by_role("link", name="Delete").press("Enter")
    page.get_by_role("button", name="Delete for good").press("Enter")
    page.get_by_role("heading", name="No webhook yet").wait_for()


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "dark"), (DESKTOP, "light")])
def test_every_state_of_webhooks_is_accessible(
    visits: Visits, acme: Organisation, size: tuple[int, int], scheme: str
) -> None:
    made = [hook(acme, f"https://8.8.8.8/{'a-very-long-path-' * 6}{n}")[0] for n in range(3)]
    failing_for(made[0], 3)
    Webhook.objects.filter(pk=made[1].pk).update(active=False)
    for status in Delivery.Status.values:
        last = Delivery.objects.create(
            tenant=acme.tenant, webhook=made[0], endpoint=made[0].pk, message="msg_1",
            event="job.succeeded", status=status, body='{"a": "' + "b" * 500 + '"}',
            error="It answered 500.",
        )  # fmt: skip
    page = visits.open(acme.owner, "/organisation/webhooks", size=size, scheme=scheme)
    for path in (
        "",
        f"/{made[0].pk}",
        f"/{made[1].pk}",
        f"/{made[0].pk}/rotate",
        f"/{made[0].pk}/delete",
        "/callback-secret",
        "/deliveries",
        "/deliveries?event=job.page",
        f"/deliveries/{last.pk}",
    ):
        page.goto(f"/organisation/webhooks{path}")
        assert (path, violations(page)) == (path, [])
        assert (path, overflow(page)) == (path, 0)


def test_a_member_is_told_that_webhooks_are_not_theirs(visits: Visits, acme: Organisation) -> None:
    page = visits.open(acme.join(Role.MEMBER), "/organisation/webhooks", size=PHONE)
    page.get_by_text("Your role does not allow this.").wait_for()
    fine(page)


def test_log_without_such_entries_is_accessible(visits: Visits, acme: Organisation) -> None:
    """With entries: tests/pages/test_everywhere.py, as all pages about organisation and oneself."""
    fine(visits.open(acme.owner, "/organisation/audit?address=none", size=PHONE))


def test_settings_are_explained_and_changed_by_keyboard(visits: Visits, acme: Organisation) -> None:
    page = visits.open(acme.owner, "/organisation", size=PHONE)
    assert page.get_by_text("1 member has no second factor at present.").is_visible()
    page.get_by_label("As many hours as I say").press("Space")
    page.get_by_role("button", name="Save").press("Enter")
    page.get_by_text("Say how many hours, from 1 on.").wait_for()
    fine(page)
    page.get_by_role("spinbutton", name="Hours").fill("48")
    page.get_by_role("button", name="Save").press("Enter")
    page.get_by_text("The settings were saved.").wait_for()
    assert page.get_by_label("As many hours as I say").is_checked()
    acme.tenant.refresh_from_db()
    assert acme.tenant.retention_hours == 48
    page.get_by_label("Until the result has been downloaded once").press("Space")
    page.get_by_role("button", name="Save").press("Enter")
    page.get_by_text("The settings were saved.").wait_for()
    acme.tenant.refresh_from_db()
    assert acme.tenant.retention_hours == 0


def test_what_documents_get_is_set_by_keyboard_and_the_upload_begins_at_it(
    visits: Visits, acme: Organisation
) -> None:
    page = visits.open(acme.join(Role.ADMIN), "/organisation", size=PHONE, scheme="dark")
    page.get_by_label("Engine", exact=True).select_option("text-layer")
    page.get_by_label("Dots per inch").fill("71")
    page.get_by_role("button", name="Save").press("Enter")
    dpi = page.get_by_label("Dots per inch")
    assert dpi.evaluate("input => input.validity.rangeUnderflow")
    dpi.fill("300")
    page.get_by_label("Make a searchable PDF").select_option("Of none")
    page.get_by_label("Tell stapled documents apart").press("Space")
    page.get_by_role("button", name="Save").press("Enter")
    page.get_by_text("The settings were saved.").wait_for()
    fine(page)
    page.goto("/jobs/new")
    page.locator("summary", has_text="Options").press("Enter")
    assert page.get_by_text("Set by your organisation for all documents: Engine, ").is_visible()
    assert page.get_by_label("Engine", exact=True).input_value() == "text-layer"
    assert page.get_by_label("Tell stapled documents apart").is_checked()
    assert not page.get_by_label("Make a searchable PDF").is_checked()
    fine(page)
    page.get_by_role("link", name="Settings").first.press("Enter")
    page.get_by_role("heading", name="How documents are read").wait_for()


@pytest.mark.parametrize("role", [Role.ADMIN, Role.MEMBER, Role.REVIEWER, Role.VIEWER])
def test_each_role_sees_the_settings_and_admins_change_them(
    visits: Visits, acme: Organisation, role: Role
) -> None:
    page = visits.open(acme.join(role), "/organisation", size=PHONE)
    may = role == Role.ADMIN
    assert page.get_by_role("button", name="Save").count() == int(may)
    assert page.get_by_role("textbox", name="Name").is_enabled() == may
    fine(page)


def test_a_key_is_made_by_keyboard_and_comes_with_calls_to_try(
    visits: Visits, acme: Organisation
) -> None:
    page = visits.open(acme.join(Role.ADMIN), "/organisation/keys", size=PHONE)
    page.get_by_role("link", name="New key").press("Enter")
    page.get_by_role("textbox", name="Name").fill("import")
    page.get_by_role("checkbox", name="jobs:write").press("Space")
    page.get_by_role("button", name="Make the key").press("Enter")
    page.get_by_role("heading", name="The key import is made").wait_for()
    raw = page.get_by_label("API key", exact=True).input_value()
    shown = page.get_by_role("region", name="Sending a document, as a curl command")
    assert f'-F file=@invoice.pdf "{visits.site}/api/v1/ocr/jobs?wait=30"' in shown.inner_text()
    assert raw in page.get_by_role("region", name="A call with the key").inner_text()
    fine(page)
