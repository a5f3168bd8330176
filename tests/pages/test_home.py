"""The home page in a browser: as each role, new and in use, from the sample to its result."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.permissions import Role
from jobs.models import Job, Review
from tests.jobs.making import PDF, make_job
from tests.pages.test_upload import document
from tests.pages.visiting import DESKTOP, PHONE, Visits, overflow, violations
from tests.people import Organisation


def in_use(acme: Organisation) -> None:
    """Documents in every state, of which one waits for a review."""
    states: list[dict[str, Any]] = [
        {"status": "queued"},
        {"status": "running", "pages_total": 9, "pages_done": 4},
        {"status": "succeeded", "pages_total": 2, "pages_done": 2},
        {"status": "failed"},
    ]
    for number, state in enumerate(states):
        job = make_job(acme, PDF + b"\n" * number)
        Job.objects.filter(pk=job.pk).update(**state)
    job.file.name = "A name that is longer than most, of an invoice of November 2026 (2).pdf"
    job.file.save(update_fields=["name"])
    Review.objects.create(job=job, tenant=acme.tenant)


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "light"), (DESKTOP, "dark")])
def test_new_and_used_are_accessible(
    visits: Visits, acme: Organisation, size: tuple[int, int], scheme: str, settings: Any
) -> None:
    page = visits.open(acme.owner, "/", size=size, scheme=scheme)
    assert (violations(page), overflow(page)) == ([], 0)
    in_use(acme)
    settings.QUOTA_PAGES_PER_MONTH = 4
    page.reload()
    page.get_by_text("4 of 9 pages").wait_for()
    assert (violations(page), overflow(page)) == ([], 0)


def test_new_person_comes_to_a_result_by_the_sample(
    visits: Visits, worker: None, acme: Organisation
) -> None:
    page = visits.open(acme.owner, "/")
    page.get_by_role("button", name="Read the sample invoice").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/jobs/*-*")
    page.locator(".badge-succeeded").first.wait_for(timeout=60_000)
    page.get_by_text("Brackwater Analytics GmbH").first.wait_for(state="attached")
    page.get_by_role("link", name="Home").click()
    page.get_by_text("Have a document read (done)").wait_for()
    page.get_by_role("button", name="Hide").click()
    page.wait_for_url(f"{visits.site}/")
    assert page.get_by_text("First steps").count() == 0


def test_documents_sent_here_appear_without_a_reload(
    visits: Visits, worker: None, acme: Organisation
) -> None:
    page = visits.open(acme.owner, "/", size=PHONE)
    page.set_input_files("#id_file", [document("a.pdf"), document("b.pdf")])
    page.get_by_text("2 of 2 finished").wait_for()
    page.locator("#overview .badge-succeeded").nth(1).wait_for()
    page.get_by_text("2 documents finished").wait_for()
    assert overflow(page) == 0


def test_each_role_has_a_page_of_its_own(visits: Visits, acme: Organisation) -> None:
    in_use(acme)
    for role, seen, unseen in (
        (Role.MEMBER, ["Choose files", "First steps", "This month"], ["Plan and costs"]),
        (Role.REVIEWER, ["Latest documents"], ["Choose files", "First steps", "This month"]),
        (Role.VIEWER, ["Latest documents", "This month"], ["Choose files", "First steps"]),
    ):
        page = visits.open(acme.join(role), "/")
        for words in seen:
            assert page.get_by_text(words, exact=True).first.is_visible(), (role, words)
        for words in unseen:
            assert page.get_by_text(words, exact=True).count() == 0, (role, words)
        assert violations(page) == []


def test_who_is_not_signed_in_does_so_and_comes_here(visits: Visits, acme: Organisation) -> None:
    from tests.people import PASSWORD

    page = visits.open(None, "/")
    page.wait_for_url("**/login?next=/")
    page.get_by_label("E-mail address").fill(acme.owner.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Welcome to Acme").wait_for()
