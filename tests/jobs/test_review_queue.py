"""The queue: its order, what is meant, what comes next, how fast it goes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Membership
from accounts.permissions import Role
from accounts.tenancy import Actor, member_actor
from extraction.errors import InvalidOption
from jobs import review, review_queue
from jobs.models import Job, Review
from jobs.review_queue import Filters
from tests.jobs.reviewing import READ, money, read_job, value
from tests.people import Organisation

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("files")]


def unsure(organisation: Organisation, confidence: float) -> Job:
    """A document whose only fault is one unsure value."""
    rest = (
        READ[0],
        READ[1],
        value("invoice_date", "date", "31.01.2026", "2026-01-31"),
        value("total_amount", "money", "19,00 EUR", money("19.00"), confidence=confidence),
    )
    return read_job(organisation, *rest)


@pytest.fixture
def colleague(acme: Organisation) -> Actor:
    return member_actor(Membership.objects.get(user=acme.join(Role.REVIEWER)))


def listed(actor: Actor, **filters: str) -> list[Job]:
    rows, more = review_queue.rows_of(actor, Filters(**filters), None, 30)  # type: ignore[arg-type]
    assert not more
    return [row.job for row in rows]


def test_least_confidence_is_kept_when_the_job_ends(acme: Organisation) -> None:
    assert Review.objects.get(job=unsure(acme, 0.31)).confidence == 0.31
    assert Review.objects.get(job=read_job(acme)).confidence == 0, "a value is missing"


def test_queue_is_ordered_by_age_or_by_confidence(acme: Organisation) -> None:
    one, two, three, four = (unsure(acme, share) for share in (0.4, 0.2, 0.3, 0.2))
    assert listed(acme.member) == [one, two, three, four]
    assert listed(acme.member, order="unsure") == [two, four, three, one]
    for order in ("oldest", "unsure"):
        filters = Filters(order)
        seen: list[Job] = []
        last = None
        for _ in range(4):
            (row,), more = review_queue.rows_of(acme.member, filters, last, 1)
            seen.append(row.job)
            last = row.job_id
            assert more == (len(seen) < 4)
        assert seen == listed(acme.member, order=order)


def test_filters_keep_what_is_meant(acme: Organisation, colleague: Actor) -> None:
    missing, low, held = read_job(acme), unsure(acme, 0.2), unsure(acme, 0.3)
    Review.objects.filter(job=low).update(template="bills")
    review.take(held, actor=colleague, address=None)
    assert listed(acme.member, reason="missing") == [missing]
    assert listed(acme.member, reason="unsure") == [missing, low, held]
    assert listed(acme.member, template="bills") == [low]
    assert listed(acme.member, template="bill") == []
    assert listed(acme.member, template="-") == [missing, held]
    assert listed(acme.member, holder="free") == [missing, low]
    assert listed(acme.member, holder="others") == [held]
    assert listed(acme.member, holder="mine") == []
    assert listed(colleague, holder="mine") == [held]
    assert review_queue.waiting_by_template(acme.tenant) == {"-": 2, "bills": 1}
    for wrong in ({"order": "up"}, {"reason": "odd"}, {"holder": "me"}):
        with pytest.raises(InvalidOption):
            Filters(**wrong)  # type: ignore[arg-type]


def test_next_one_is_free_and_after_the_last(acme: Organisation, colleague: Actor) -> None:
    one, two, three = (unsure(acme, share) for share in (0.4, 0.3, 0.2))
    review.take(two, actor=colleague, address=None)

    def taken(last: Job | None, order: str = "oldest") -> Job | None:
        filters = Filters(order)  # type: ignore[arg-type]
        row = Review.objects.get(job=last) if last else None
        found = review_queue.take_next(acme.member, filters, row, address=None)
        if found is None:
            return None
        review.release(found.job, actor=acme.member, address=None)
        return found.job

    assert taken(None) == one
    assert taken(one) == three, "a colleague has the second"
    assert taken(three) == one, "from the beginning again"
    assert taken(None, "unsure") == three
    assert taken(three, "unsure") == one
    review.take(one, actor=acme.member, address=None)
    review.take(three, actor=acme.member, address=None)
    assert taken(None) is None


def test_one_that_is_taken_just_now_is_passed_over(
    acme: Organisation, colleague: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = unsure(acme, 0.4), unsure(acme, 0.3)
    take = review.take

    def late(job: Job, *, actor: Actor, address: str | None) -> Review:
        if job == one:
            take(one, actor=colleague, address=None)
        return take(job, actor=actor, address=address)

    monkeypatch.setattr(review, "take", late)
    found = review_queue.take_next(acme.member, Filters(), None, address=None)
    assert found is not None
    assert found.job == two


def test_speed_is_what_the_person_has_confirmed_today(acme: Organisation, colleague: Actor) -> None:
    assert review_queue.speed_of(acme.member).documents == 0
    for seconds in (20, 40):
        job = unsure(acme, 0.2)
        review.take(job, actor=acme.member, address=None)
        since = timezone.now() - timedelta(seconds=seconds)
        Review.objects.filter(job=job).update(taken_at=since)
        review.confirm(job, version=0, actor=acme.member, address=None)
    review.confirm(unsure(acme, 0.2), version=0, actor=acme.member, address=None)  # never taken
    speed = review_queue.speed_of(acme.member)
    assert speed.documents == 3
    assert speed.seconds is not None
    assert 29 < speed.seconds < 35
    assert review_queue.speed_of(colleague).documents == 0
    tomorrow = timezone.now() + timedelta(days=1)
    assert review_queue.speed_of(acme.member, tomorrow).documents == 0


def test_time_at_a_document_begins_with_each_claim(acme: Organisation) -> None:
    job = unsure(acme, 0.2)
    first = review.take(job, actor=acme.member, address=None).taken_at
    assert first is not None
    assert review.take(job, actor=acme.member, address=None).taken_at == first, "only kept"
    review.leave(job, actor=acme.member)
    until = Review.objects.get(job=job).taken_until
    assert until is not None
    assert until < timezone.now() + timedelta(seconds=review.LEFT_SECONDS + 1)
    Review.objects.filter(job=job).update(taken_until=timezone.now())
    again = review.take(job, actor=acme.member, address=None).taken_at
    assert again is not None
    assert again > first
    assert review.release(job, actor=acme.member, address=None).taken_at is None
    review.confirm(job, version=0, actor=acme.member, address=None)
    assert Review.objects.get(job=job).taken_at is None


def test_leaving_anothers_document_changes_nothing(acme: Organisation, colleague: Actor) -> None:
    job = unsure(acme, 0.2)
    until = review.take(job, actor=colleague, address=None).taken_until
    review.leave(job, actor=acme.member)
    assert Review.objects.get(job=job).taken_until == until


def test_count_of_the_menu_is_limited(acme: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        unsure(acme, 0.2)
    assert review_queue.count_for_menu(acme.member) == 3
    monkeypatch.setattr(review_queue, "MOST_COUNTED", 2)
    assert review_queue.count_for_menu(acme.member) == 2
    viewer = member_actor(Membership.objects.get(user=acme.join(Role.VIEWER)))
    assert review_queue.count_for_menu(viewer) == 0
