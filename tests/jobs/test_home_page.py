"""The home page: what each role is told of today, the month, the reviews; the first steps."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from accounts import audit, clock
from accounts.keys import create_api_key
from accounts.models import ApiKey, Membership, UsageSum
from accounts.permissions import Role
from jobs import first_steps, overview
from jobs.models import Job, Review
from tests.accounts.inviting import invited
from tests.engines import FakeEngine
from tests.jobs.hooking import hook
from tests.jobs.making import make_job, run_job
from tests.jobs.test_views import SCRIPT, browser, finished, page, send, signed_in, text_of
from tests.people import Organisation, organisation

__all__ = ["browser"]
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]


def figures(html: str) -> dict[str, int]:
    """The figures of today by their words."""
    found = re.findall(r"<strong>(\d+)</strong> ([a-z ]+)", html)
    return {words.strip(): int(number) for number, words in found}


def test_home_tells_what_happened_today(
    browser: Any, acme: Organisation, fake_engine: FakeEngine
) -> None:
    finished(acme)
    make_job(acme)
    yesterday = clock.today() - timedelta(days=1)
    numbers = dict.fromkeys(("rows", "calls", "pages", "included", "cached", "failed"), 50)
    UsageSum.objects.create(
        tenant=acme.tenant, day=yesterday, engine="auto", compute_seconds=1, cost=0, **numbers
    )
    html = page(browser, "/")
    assert figures(html) == {
        "document finished": 1,
        "page read": 1,
        "in work now": 1,
        "failed": 0,
    }
    assert text_of(html).count("a.pdf") == 2


def test_home_leads_to_what_failed(browser: Any, acme: Organisation) -> None:
    job = make_job(acme, b"%PDF-1.4 broken")
    run_job(str(job.pk))
    html = page(browser, "/")
    assert figures(html)["failed"] == 1
    assert 'href="/jobs?status=failed"' in html


def test_home_tells_of_the_month_and_its_limit(
    browser: Any, acme: Organisation, settings: Settings, fake_engine: FakeEngine
) -> None:
    finished(acme)
    assert "There is no limit." in page(browser, "/")
    settings.QUOTA_PAGES_PER_MONTH = 1
    said = text_of(page(browser, "/"))
    assert "1 of 1 page" in said
    assert "Until then no more pages are read." in said


def test_home_tells_how_many_wait_for_a_review(
    browser: Any, acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "MOST_COUNTED", 2)
    now = overview.overview_of(acme.member)
    assert (now.to_review, now.many_to_review) == (0, False)
    for _ in range(3):
        Review.objects.create(job=make_job(acme), tenant=acme.tenant)
    now = overview.overview_of(acme.member)
    assert (now.to_review, now.many_to_review) == (2, True)
    for role, told in ((Role.REVIEWER, True), (Role.MEMBER, True), (Role.VIEWER, False)):
        html = page(signed_in(acme.join(role)), "/")
        assert ("2 documents or more wait for somebody" in text_of(html)) is told, role
        assert ('id="to-review" href="/review"' in html) is told, role


def test_home_is_of_the_persons_own_role(acme: Organisation) -> None:
    make_job(acme)
    for role, submits, month in (
        (Role.ADMIN, True, True),
        (Role.MEMBER, True, True),
        (Role.REVIEWER, False, False),
        (Role.VIEWER, False, True),
    ):
        html = page(signed_in(acme.join(role)), "/")
        assert ('id="upload"' in html) is submits, role
        assert ('id="month"' in html) is month, role
        assert ("Plan and costs" in html) is (role == Role.ADMIN), role
        assert ("First steps" in html) is submits, role


def test_home_of_an_empty_organisation_offers_the_sample(browser: Any, acme: Organisation) -> None:
    html = page(browser, "/")
    assert "Welcome to Acme" in html
    assert 'action="/jobs/sample"' in html
    looking_on = page(signed_in(acme.join(Role.VIEWER)), "/")
    assert "No documents yet" in looking_on
    assert "/jobs/sample" not in looking_on
    make_job(acme)
    assert "/jobs/sample" not in page(browser, "/")


def test_home_asks_again_while_a_document_is_on_its_way(
    browser: Any, acme: Organisation, fake_engine: FakeEngine
) -> None:
    job = make_job(acme)
    part = page(browser, "/", **SCRIPT)
    assert "data-live" in part
    assert "<html" not in part
    assert 'id="upload"' not in part
    run_job(str(job.pk))
    assert "data-live" not in page(browser, "/", **SCRIPT)


def test_home_is_for_those_signed_in(acme: Organisation) -> None:
    answer = Client().get("/")
    assert (answer.status_code, answer["Location"]) == (302, "/login?next=/")


def test_home_shows_names_as_text(browser: Any, acme: Organisation) -> None:
    job = make_job(acme)
    job.file.name = "<script>alert(1)</script>"
    job.file.save(update_fields=["name"])
    html = page(browser, "/")
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_home_takes_the_same_queries_for_1_and_30_jobs(browser: Any, acme: Organisation) -> None:
    counts = []
    for jobs in (1, 29):
        for _ in range(jobs):
            make_job(acme)
        with CaptureQueriesContext(connection) as queries:
            page(browser, "/")
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 15


# The first steps ----------------------------------------------------------------------------


def done(acme: Organisation) -> list[str]:
    """The steps that the owner has done."""
    return [each.step.name for each in first_steps.steps_of(acme.member) if each.done]


def test_steps_are_ticked_off_by_what_was_done(
    acme: Organisation, fake_engine: FakeEngine, browser: Any
) -> None:
    stranger = organisation("stranger")
    finished(stranger)
    hook(stranger, "https://8.8.8.8/")
    assert done(acme) == ["key"]
    job = finished(acme)
    assert done(acme) == ["read", "key"]
    Job.objects.filter(pk=job.pk).delete()
    assert done(acme) == ["read", "key"], "the ledger remembers"
    invited(acme)
    hook(acme, "https://8.8.8.8/")
    ApiKey.objects.for_tenant(acme.tenant).delete()
    assert done(acme) == ["read", "invite", "webhook"]
    entry: dict[str, Any] = {"tenant": acme.tenant, "action": "field.correct", "address": None}
    audit.record(actor=acme.member, **entry)
    create_api_key(tenant=acme.tenant, name="x", scopes=["jobs:read"], created_by=acme.owner)
    assert first_steps.steps_of(acme.member) == [], "all done: nothing is left to show"
    assert "First steps" not in page(browser, "/")


def test_steps_are_those_that_the_person_may_do(acme: Organisation) -> None:
    def steps(role: Role) -> list[str]:
        html = page(signed_in(acme.join(role)), "/")
        return [str(step.title) for step in first_steps.STEPS if str(step.title) in html]

    assert steps(Role.MEMBER) == ["Have a document read", "Correct or confirm a field"]
    assert steps(Role.VIEWER) == []


def test_steps_are_hidden_by_one_person_for_themselves(browser: Any, acme: Organisation) -> None:
    other = signed_in(acme.join(Role.ADMIN))
    answer = send(browser, "/steps/hide")
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert "First steps" not in page(browser, "/")
    assert "First steps" in page(other, "/")
    hidden = Membership.objects.get(user=acme.owner).steps_hidden_at
    assert hidden is not None
    assert hidden <= timezone.now()


def test_steps_lead_to_the_newest_result(
    browser: Any, acme: Organisation, fake_engine: FakeEngine
) -> None:
    job = finished(acme)
    assert f'href="/jobs/{job.pk}?view=fields"' in page(browser, "/")
