"""Webhooks as they stand, for tests."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models.functions import Now
from standardwebhooks import Webhook as Verifier

from jobs import receivers
from jobs.models import Delivery, Webhook
from tests.jobs.receiving import Received
from tests.people import Organisation

ALLOWED = ("127.0.0.0/8",)


def hook(organisation: Organisation, url: str, *events: str) -> tuple[Webhook, str]:
    """A webhook of that organisation, and its secret."""
    return receivers.create(
        actor=organisation.actor, url=url, events=events or ("job.succeeded",), address=None
    )


def verified(received: Received, secret: str) -> Any:
    """The body, if the public library finds it signed by the secret; raises if not."""
    return Verifier(secret).verify(received.body, received.headers)


def make_due(**which: Any) -> None:
    """The waiting deliveries' time has come."""
    Delivery.objects.filter(status="pending", **which).update(due_at=Now())


def waits(delivery: Delivery) -> float:
    """Seconds from its last attempt until the delivery is due again."""
    delivery.refresh_from_db()
    last = delivery.attempts.last()
    assert last is not None
    return (delivery.due_at - last.at).total_seconds()


def failing_for(webhook: Webhook, hours: float) -> None:
    """The webhook has failed for so long."""
    Webhook.objects.filter(pk=webhook.pk).update(failing_since=Now() - timedelta(hours=hours))
