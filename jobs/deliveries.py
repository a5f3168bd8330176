"""Deliveries that are due: claimed for a sender, and what came of each written down.

Any number of senders may run. A claim is a lease of the row on the database's clock; a sender that
dies leaves it to run out, and the delivery is sent again under the same id: at least once.
"""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, F
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext_noop

from accounts.models import Membership
from accounts.permissions import Role
from jobs import receivers
from jobs.models import CallbackSecret, Delivery, DeliveryAttempt, Webhook

logger = logging.getLogger(__name__)

# When a delivery is tried, from the first time on, in seconds: for a day
SCHEDULE = tuple(
    int(timedelta(hours=hours, minutes=minutes, seconds=seconds).total_seconds())
    for hours, minutes, seconds in (
        (0, 0, 0),
        (0, 0, 5),
        (0, 5, 0),
        (0, 30, 0),
        (2, 0, 0),
        (5, 0, 0),
        (10, 0, 0),
        (14, 0, 0),
        (20, 0, 0),
        (24, 0, 0),
    )
)
JITTER = 0.1  # at most so much later, so that many do not come back at one moment
PER_ENDPOINT = 2  # under way at once to one webhook, or 1 while it fails
LEASE_SECONDS = 60
GIVE_UP = timedelta(hours=24)  # of nothing but failures, then the webhook is switched off
LONGEST_PAUSE = 24 * 3600  # seconds that a Retry-After may ask for
CLAIM_LOCK = 7_226_001  # of claiming senders, so that PER_ENDPOINT holds over all of them

_CLAIM = """
WITH RECURSIVE endpoints AS (
    (SELECT endpoint FROM jobs_delivery WHERE status = 'pending' ORDER BY endpoint LIMIT 1)
    UNION ALL
    SELECT (SELECT d.endpoint FROM jobs_delivery d
             WHERE d.status = 'pending' AND d.endpoint > e.endpoint ORDER BY d.endpoint LIMIT 1)
      FROM endpoints e WHERE e.endpoint IS NOT NULL
), waiting AS (
    SELECT due.id, due.place, due.tenant_id,
           row_number() OVER (PARTITION BY due.tenant_id ORDER BY due.place, random()) AS nth
      FROM endpoints e
      LEFT JOIN jobs_webhook w ON w.id = e.endpoint
     CROSS JOIN LATERAL (
        SELECT d.id, d.tenant_id, row_number() OVER (ORDER BY d.due_at) AS place
          FROM jobs_delivery d
         WHERE d.status = 'pending' AND d.endpoint = e.endpoint AND d.due_at <= now()
           AND (d.lease_until IS NULL OR d.lease_until <= now())
           AND (w.id IS NOT NULL OR (d.tries > 0) = %(troubled)s)
         ORDER BY d.due_at
         LIMIT greatest(0, %(each)s - (
            SELECT count(*) FROM jobs_delivery u
             WHERE u.endpoint = e.endpoint AND u.lease_until > now()))
     ) due
     WHERE e.endpoint IS NOT NULL
       AND (w.id IS NULL OR (w.active AND (w.failing_since IS NOT NULL) = %(troubled)s
                             AND (w.paused_until IS NULL OR w.paused_until <= now())))
), under_way AS (
    SELECT u.tenant_id, count(*) AS taken
      FROM jobs_delivery u LEFT JOIN jobs_webhook w ON w.id = u.webhook_id
     WHERE u.lease_until > now()
       AND CASE WHEN w.id IS NULL THEN u.tries > 0 ELSE w.failing_since IS NOT NULL END
           = %(troubled)s
     GROUP BY u.tenant_id
), chosen AS (
    SELECT waiting.id FROM waiting LEFT JOIN under_way USING (tenant_id)
     WHERE waiting.nth <= %(share)s - coalesce(under_way.taken, 0)
     ORDER BY waiting.place, random()
     LIMIT %(limit)s
)
UPDATE jobs_delivery SET lease_until = now() + make_interval(secs => %(lease)s), claim = claim + 1
 WHERE id IN (SELECT id FROM jobs_delivery WHERE id IN (SELECT id FROM chosen)
                 FOR UPDATE SKIP LOCKED)
   AND status = 'pending'
RETURNING id
"""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery to be sent now; ``claim`` must come back with its outcome."""

    id: UUID
    claim: int
    webhook: UUID | None
    url: str
    message: str
    body: str
    secrets: tuple[str, ...]
    event: str
    traceparent: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came back of one attempt; ``retry_after`` in seconds, ``code`` None for no answer."""

    seconds: float
    code: int | None = None
    answer: str = ""
    error: str = ""
    retry_after: float | None = None

    @property
    def delivered(self) -> bool:
        """Whether the receiver has taken it."""
        return self.code is not None and 200 <= self.code < 300


@dataclass(frozen=True, slots=True)
class Notice:
    """That a webhook was switched off, to be sent to these people."""

    recipients: tuple[str, ...]
    subject: str
    text: str


def claim(limit: int, *, troubled: bool) -> list[Claimed]:
    """At most ``limit`` deliveries that are due, in turn from every endpoint.

    One tenant has at most a quarter of WEBHOOK_THREADS under way of either kind.

    ``troubled``: those whose webhook fails at present, and callbacks that have failed before. A
    sender keeps them from taking all its hands.
    """
    if limit <= 0:
        return []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CLAIM_LOCK])
        cursor.execute(
            _CLAIM,
            {
                "troubled": troubled,
                "each": 1 if troubled else PER_ENDPOINT,
                "share": max(PER_ENDPOINT, settings.WEBHOOK_THREADS // 4),
                "limit": limit,
                "lease": LEASE_SECONDS,
            },
        )
        ids = [row[0] for row in cursor.fetchall()]
        rows = list(
            Delivery.objects.filter(pk__in=ids).select_related("webhook").order_by("due_at")
        )
        callers = [row.tenant_id for row in rows if row.webhook is None]
        signings = CallbackSecret.objects.in_bulk(callers) if callers else {}
    return [
        Claimed(
            id=row.pk,
            claim=row.claim,
            webhook=row.webhook_id,
            url=row.webhook.url if row.webhook else row.url,
            message=row.message,
            body=row.body,
            secrets=_secrets(row.webhook or signings.get(row.tenant_id)),
            event=row.event,
            traceparent=row.traceparent,
        )
        for row in rows
    ]


def _secrets(signing: Webhook | CallbackSecret | None) -> tuple[str, ...]:
    """The live secrets, none where they cannot be read: the attempt then fails, and says so."""
    try:
        return tuple(receivers.live_secrets(signing)) if signing else ()
    except InvalidToken:
        logger.error("SECRET_KEY has changed, secret %s is lost: rotate it", signing)
        return ()


def record(claimed: Claimed, outcome: Outcome) -> Notice | None:
    """Write the attempt down, and what follows from it; a notice if its webhook is now off.

    An outcome that comes after its lease has gone to another sender changes nothing.
    """
    with transaction.atomic():
        # the webhook's lock before the delivery's, as everywhere
        if claimed.webhook is not None:
            list(Webhook.objects.filter(pk=claimed.webhook).select_for_update(no_key=True))
        rows = Delivery.objects.select_for_update(of=("self",), no_key=True)
        held = rows.select_related("webhook__tenant").filter(
            pk=claimed.id, claim=claimed.claim, lease_until__isnull=False
        )
        delivery = held.first()
        if delivery is None:
            return None
        DeliveryAttempt.objects.create(
            delivery=delivery,
            number=delivery.attempts.count() + 1,
            at=Now(),
            seconds=round(outcome.seconds, 3),
            code=outcome.code,
            answer=outcome.answer,
            error=outcome.error[:200],
        )
        if outcome.delivered:
            _end(delivery, Delivery.Status.DELIVERED, "")
            if delivery.webhook is not None:
                Webhook.objects.filter(pk=delivery.webhook.pk, failing_since__isnull=False).update(
                    failing_since=None
                )
            return None
        _try_again_or_fail(delivery, outcome)
        return _blame(delivery.webhook, outcome) if delivery.webhook is not None else None


def _end(delivery: Delivery, status: Delivery.Status, error: str) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(
        status=status,
        tries=F("tries") + 1,
        error=error[:200],
        ended_at=Now(),
        lease_until=None,
    )


def _try_again_or_fail(delivery: Delivery, outcome: Outcome) -> None:
    error = outcome.error or f"It answered {outcome.code}."
    tries = delivery.tries + 1
    if tries >= len(SCHEDULE) or outcome.code == 410:
        _end(delivery, Delivery.Status.FAILED, error)
        return
    asked = min(outcome.retry_after or 0, LONGEST_PAUSE)
    wait = max(SCHEDULE[tries] - SCHEDULE[tries - 1], asked) * (1 + random.uniform(0, JITTER))  # noqa: S311
    Delivery.objects.filter(pk=delivery.pk).update(
        tries=tries, error=error[:200], due_at=Now() + timedelta(seconds=wait), lease_until=None
    )


def _blame(webhook: Webhook, outcome: Outcome) -> Notice | None:
    """Note that the webhook fails; switch it off where its receiver is gone, or for too long."""
    rows = Webhook.objects.filter(pk=webhook.pk)
    pause = {}
    if outcome.retry_after:
        seconds = min(outcome.retry_after, LONGEST_PAUSE)
        pause = {"paused_until": Now() + timedelta(seconds=seconds)}
    rows.update(failing_since=Coalesce("failing_since", Now()), **pause)
    if outcome.code == 410:
        reason = gettext_noop("Its receiver answered 410 Gone.")
    elif rows.filter(failing_since__lte=Now() - GIVE_UP).exists():
        reason = gettext_noop("Nothing could be delivered for a day.")
    else:
        return None
    if not receivers.disable(webhook, reason):
        return None
    owners = Membership.objects.active().filter(tenant=webhook.tenant, role=Role.OWNER)
    return Notice(
        recipients=tuple(owners.values_list("user__email", flat=True)),
        subject=f"{' '.join(webhook.tenant.name.split())}: a webhook was switched off",
        text=(
            f"The webhook {webhook.pk} of {webhook.tenant.name} was switched off. {reason}\n\n"
            "Put its receiver in order, then switch it on again; deliveries that failed can be "
            f"replayed.\n\n{settings.SITE_URL.rstrip('/')}\n"
        ),
    )


def prune() -> int:
    """Remove deliveries that ended more than WEBHOOK_HISTORY_DAYS ago; returns how many.

    Also ends what was written for a webhook at the moment in which it was switched off.
    """
    for webhook in Webhook.objects.filter(active=False, deliveries__status="pending").distinct():
        receivers.end_pending(webhook)
    past = Now() - timedelta(days=settings.WEBHOOK_HISTORY_DAYS)
    old = Delivery.objects.filter(ended_at__lt=past).order_by("ended_at")
    ids = list(old.values_list("pk", flat=True)[:5000])
    Delivery.objects.filter(pk__in=ids).delete()
    return len(ids)


def counts() -> dict[str, int]:
    """How many deliveries are kept, by status."""
    found = dict(Delivery.objects.order_by().values_list("status").annotate(Count("pk")))
    return {status: found.get(status, 0) for status in Delivery.Status.values}


def overdue_seconds() -> float:
    """For how long the delivery has been due that waits the longest; 0 where none is."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(extract(epoch FROM now() - min(d.due_at)), 0) FROM jobs_delivery d"
            " LEFT JOIN jobs_webhook w ON w.id = d.webhook_id"
            " WHERE d.status = 'pending' AND d.due_at <= now() AND d.lease_until IS NULL"
            " AND (w.id IS NULL OR w.active AND coalesce(w.paused_until <= now(), true))"
        )
        return float(cursor.fetchone()[0])
