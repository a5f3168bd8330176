"""Which deliveries a sender takes, and what follows from what came back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone
from pytest_django import Settings

from accounts.models import AuditEntry
from jobs import deliveries, receivers, sending, webhooks
from jobs.deliveries import JITTER, PER_ENDPOINT, SCHEDULE, Claimed, Outcome
from jobs.models import Delivery, DeliveryAttempt, Webhook
from tests.jobs.hooking import failing_for, hook, make_due, waits
from tests.people import Organisation

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_names")]
URL = "https://hooks.example.com/in"


def tell(organisation: Organisation, times: int = 1) -> None:
    """An event, so often."""
    for number in range(times):
        webhooks.notify(organisation.tenant, "job.succeeded", {"number": number})


def claim(limit: int = 100, *, troubled: bool = False) -> list[Claimed]:
    """Take what is due."""
    return deliveries.claim(limit, troubled=troubled)


def fail(claimed: Claimed, **what: Any) -> Any:
    """The attempt has failed so."""
    return deliveries.record(claimed, Outcome(0.1, **{"code": 500, **what}))


def test_a_delivery_is_tried_for_a_day_and_then_failed(acme: Organisation) -> None:
    hook(acme, URL)
    tell(acme)
    row = Delivery.objects.get()
    for number in range(1, len(SCHEDULE)):
        (claimed,) = claim(troubled=number > 1)
        fail(claimed)
        gap = SCHEDULE[number] - SCHEDULE[number - 1]
        assert gap - 1 <= waits(row) <= gap * (1 + JITTER) + 1
        assert (row.status, row.tries, row.error) == ("pending", number, "It answered 500.")
        assert claim(troubled=True) == [], "not due yet"
        make_due()
    (claimed,) = claim(troubled=True)
    fail(claimed)
    row.refresh_from_db()
    assert (row.status, row.tries) == ("failed", len(SCHEDULE))
    assert row.ended_at is not None
    assert SCHEDULE[-1] == 24 * 3600
    assert [each.number for each in row.attempts.all()] == list(range(1, 11))
    assert {each.code for each in row.attempts.all()} == {500}


def test_success_is_kept_with_its_answer(acme: Organisation) -> None:
    webhook, _ = hook(acme, URL)
    failing_for(webhook, 3)
    tell(acme)
    (claimed,) = claim(troubled=True)
    deliveries.record(claimed, Outcome(0.25, 204, "thanks"))
    row = Delivery.objects.get()
    assert (row.status, row.tries, row.lease_until, row.error) == ("delivered", 1, None, "")
    attempt = DeliveryAttempt.objects.get()
    assert (attempt.code, attempt.answer, attempt.seconds) == (204, "thanks", 0.25)
    webhook.refresh_from_db()
    assert webhook.failing_since is None


def test_senders_share_what_is_due(acme: Organisation, settings: Settings) -> None:
    """Whoever comes at once: each delivery to one, to one webhook no more than its share."""
    settings.WEBHOOK_THREADS = 64
    for _ in range(6):
        hook(acme, URL)
    tell(acme, 5)

    def take(_: int) -> list[Claimed]:
        try:
            return claim(3)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        taken = [each for found in pool.map(take, range(6)) for each in found]
    assert len(taken) == 6 * PER_ENDPOINT
    assert len({each.id for each in taken}) == len(taken)
    assert all(sum(1 for t in taken if t.webhook == w.pk) == 2 for w in Webhook.objects.all())
    assert claim() == []


def test_endpoints_take_turns(acme: Organisation, stranger: Organisation) -> None:
    """One with a thousand waiting has its share of the hands, not more."""
    busy, _ = hook(acme, URL)
    Delivery.objects.bulk_create(
        Delivery(
            tenant=acme.tenant, webhook=busy, endpoint=busy.pk, message=f"msg_{number}",
            event="job.succeeded", body="{}", due_at=timezone.now() - timedelta(hours=1),
        )
        for number in range(1000)
    )  # fmt: skip
    quiet = [hook(stranger, URL)[0] for _ in range(3)]
    tell(stranger)
    taken = claim(4)
    assert {each.webhook for each in taken} == {busy.pk, *(webhook.pk for webhook in quiet)}


@pytest.mark.parametrize("failing", [True, False])
def test_one_tenant_takes_a_quarter_of_the_hands(
    acme: Organisation, stranger: Organisation, settings: Settings, failing: bool
) -> None:
    """Also while its many receivers hang and nobody knows yet that they fail."""
    settings.WEBHOOK_THREADS = 16
    for _ in range(6):
        webhook, _ = hook(acme, URL)
        if failing:
            failing_for(webhook, 1)
    sound, _ = hook(stranger, URL)
    tell(acme, 3)
    tell(stranger)
    taken = claim(16, troubled=failing)
    assert len([each for each in taken if each.webhook != sound.pk]) == 4
    assert claim(16, troubled=failing) == []
    assert failing == (claim(16) != []), "the others' are taken, then or now"
    own, _ = hook(acme, URL, "job.failed")
    webhooks.notify(acme.tenant, "job.failed", {})
    assert [each.webhook for each in claim(16)] == ([own.pk] if failing else [])


def test_failing_endpoints_are_taken_apart_and_one_at_a_time(acme: Organisation) -> None:
    failing, _ = hook(acme, URL)
    sound, _ = hook(acme, URL)
    failing_for(failing, 1)
    tell(acme, 3)
    assert [each.webhook for each in claim()] == [sound.pk] * PER_ENDPOINT
    assert [each.webhook for each in claim(troubled=True)] == [failing.pk]


def test_dead_senders_delivery_is_sent_again_and_its_late_word_is_not_taken(
    acme: Organisation,
) -> None:
    hook(acme, URL)
    tell(acme)
    (dead,) = claim()
    assert claim() == []
    Delivery.objects.update(lease_until=Now() - timedelta(seconds=1))
    (again,) = claim()
    assert (again.id, again.message, again.claim) == (dead.id, dead.message, dead.claim + 1)
    fail(dead)
    assert not DeliveryAttempt.objects.exists()
    deliveries.record(again, Outcome(0.1, 200))
    fail(again)
    row = Delivery.objects.get()
    assert (row.status, row.attempts.count()) == ("delivered", 1)


def test_retry_after_holds_for_the_whole_endpoint(acme: Organisation) -> None:
    hook(acme, URL)
    tell(acme, 4)
    first, second = claim()
    fail(first, code=429, retry_after=120.0)
    row = Delivery.objects.get(pk=first.id)
    assert 119 <= waits(row) <= 120 * (1 + JITTER) + 1
    deliveries.record(second, Outcome(0.1, 200))
    assert claim() == claim(troubled=True) == []
    Webhook.objects.update(paused_until=Now())
    assert len(claim()) == 2


def test_retry_after_is_bounded(acme: Organisation) -> None:
    webhook, _ = hook(acme, URL)
    tell(acme)
    (claimed,) = claim()
    fail(claimed, code=503, retry_after=1e9)
    day = 24 * 3600
    assert waits(Delivery.objects.get()) <= day * (1 + JITTER) + 1
    webhook.refresh_from_db()
    assert webhook.paused_until is not None
    assert webhook.paused_until <= timezone.now() + timedelta(seconds=day + 60)


def test_gone_switches_off_at_once(acme: Organisation) -> None:
    webhook, _ = hook(acme, URL)
    tell(acme, 3)
    first, second = claim()
    notice = fail(first, code=410)
    webhook.refresh_from_db()
    assert (webhook.active, webhook.disabled_reason) == (False, "Its receiver answered 410 Gone.")
    assert notice.recipients == (acme.owner.email,)
    assert set(Delivery.objects.values_list("status", flat=True)) == {"failed"}
    deliveries.record(second, Outcome(0.1, 200))
    assert DeliveryAttempt.objects.count() == 1, "its lease was taken away"
    entry = AuditEntry.objects.get(action="webhook.disable")
    assert (entry.actor, entry.object_id) == ("system", str(webhook.pk))
    tell(acme)
    assert Delivery.objects.count() == 3


def test_a_day_of_failures_switches_off_with_a_notice(acme: Organisation) -> None:
    webhook, _ = hook(acme, URL)
    tell(acme, 2)
    failing_for(webhook, 23.9)
    (claimed,) = claim(troubled=True)
    assert fail(claimed) is None
    failing_for(webhook, 24.1)
    (claimed,) = claim(troubled=True)
    notice = fail(claimed)
    sending._tell(notice)
    webhook.refresh_from_db()
    assert not webhook.active
    (sent,) = mail.outbox
    assert sent.to == [acme.owner.email]
    assert str(webhook.pk) in sent.body
    assert "a day" in sent.body
    assert AuditEntry.objects.filter(action="webhook.disable").count() == 1


def test_switched_on_again_it_starts_afresh_and_can_be_replayed(acme: Organisation) -> None:
    webhook, _ = hook(acme, URL)
    tell(acme)
    (claimed,) = claim()
    fail(claimed, code=410)
    row = Delivery.objects.get()
    with pytest.raises(receivers.WebhookDisabled):
        receivers.replay(row, actor=acme.actor, address=None)
    webhook = receivers.change(webhook, actor=acme.actor, active=True, address=None)
    assert (webhook.failing_since, webhook.disabled_reason) == (None, "")
    receivers.replay(row, actor=acme.actor, address=None)
    (again,) = claim()
    assert (again.id, again.message, again.body) == (claimed.id, claimed.message, claimed.body)
    deliveries.record(again, Outcome(0.1, 200))
    row.refresh_from_db()
    assert (row.status, [each.number for each in row.attempts.all()]) == ("delivered", [1, 2])
    assert AuditEntry.objects.filter(action="delivery.replay").count() == 1


def test_event_written_for_a_webhook_just_switched_off_is_ended(acme: Organisation) -> None:
    hook(acme, URL)
    tell(acme)
    Webhook.objects.update(active=False)
    assert claim() == []
    assert deliveries.overdue_seconds() == 0
    deliveries.prune()
    row = Delivery.objects.get()
    assert (row.status, row.error) == ("failed", "The webhook is switched off.")


def test_old_deliveries_are_removed(acme: Organisation, settings: Settings) -> None:
    settings.WEBHOOK_HISTORY_DAYS = 10
    hook(acme, URL)
    tell(acme, 3)
    kept, old, waiting = Delivery.objects.order_by("pk")
    for row, days in ((kept, 9), (old, 11)):
        ended = Now() - timedelta(days=days)
        Delivery.objects.filter(pk=row.pk).update(status="delivered", ended_at=ended)
    assert deliveries.prune() == 1
    assert set(Delivery.objects.values_list("pk", flat=True)) == {kept.pk, waiting.pk}


def test_unreadable_secret_fails_the_attempt_alone(acme: Organisation, settings: Settings) -> None:
    hook(acme, URL)
    tell(acme)
    settings.SECRET_KEY = "another one"
    (claimed,) = claim()
    assert claimed.secrets == ()
    assert "rotate" in sending.post(claimed).error


def test_waiting_and_outcomes_are_counted(acme: Organisation) -> None:
    assert deliveries.overdue_seconds() == 0
    hook(acme, URL)
    tell(acme, 3)
    Delivery.objects.update(due_at=Now() - timedelta(minutes=5))
    assert 299 < deliveries.overdue_seconds() < 330
    first, _ = claim()
    deliveries.record(first, Outcome(0.1, 200))
    assert deliveries.counts() == {"pending": 2, "delivered": 1, "failed": 0}


def test_claim_stays_quick_beside_a_great_backlog(acme: Organisation) -> None:
    """What is read does not grow with what waits for one webhook that fails."""
    webhook, _ = hook(acme, URL)
    failing_for(webhook, 1)
    Delivery.objects.bulk_create(
        Delivery(
            tenant=acme.tenant, webhook=webhook, endpoint=webhook.pk, message=f"msg_{number}",
            event="job.succeeded", body="{}",
        )
        for number in range(20_000)
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE jobs_delivery")
        for troubled in (True, False):
            cursor.execute(
                "EXPLAIN (ANALYZE, FORMAT JSON) " + deliveries._CLAIM,
                {"troubled": troubled, "each": 2, "share": 8, "limit": 32, "lease": 60},
            )
            plan = str(cursor.fetchone()[0])
            most = max(float(part.split(",")[0]) for part in plan.split("'Actual Rows': ")[1:])
            removed = [
                float(part.split(",")[0].rstrip("}"))
                for part in plan.split("'Rows Removed by Filter': ")[1:]
            ]
            assert most < 200, plan
            assert sum(removed) < 200, plan
