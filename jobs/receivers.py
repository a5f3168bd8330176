"""A tenant's webhooks and secrets: made, changed, rotated, switched off, removed.

Who does so is looked at anew under the tenant's lock, which raises PermissionDenied. Secrets are
shown once, when they are made. Audit entries hold a URL's origin alone: paths and
queries of receivers often are secrets themselves.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts import audit
from accounts.models import Tenant
from accounts.seniority import under_lock
from accounts.tenancy import Actor
from extraction.errors import InvalidOption
from jobs import netguard, webhooks
from jobs.errors import TooManyWebhooks, WebhookDisabled
from jobs.models import CallbackSecret, Delivery, Job, JobCallback, Webhook
from jobs.sealing import seal, unseal

WRITE = "webhooks:write"  # reading needs it too: receivers' addresses often are secrets
MAX_WEBHOOKS = 20  # of a tenant
SECRET_BYTES = 32
ROTATION = timedelta(hours=24)  # for which the secret before is used too


def create(
    *, actor: Actor, url: str, events: Iterable[str], address: str | None
) -> tuple[Webhook, str]:
    """A new webhook, and its secret. Raises ``AddressRefused``, ``TooManyWebhooks``."""
    target = netguard.check_url(url, settings.WEBHOOK_ALLOWED_HOSTS)
    chosen, secret = _known(events), _new_secret()
    with transaction.atomic():
        actor = under_lock(actor, WRITE)
        count = Webhook.objects.for_tenant(actor.tenant).count()
        if count >= MAX_WEBHOOKS:
            raise TooManyWebhooks(limit=MAX_WEBHOOKS, actual=count + 1)
        webhook = Webhook.objects.create(
            tenant=actor.tenant, url=url, events=chosen, sealed_secret=seal(secret)
        )
        after = {"origin": target.origin, "events": chosen}
        _record("webhook.create", webhook, actor, address, after=after)
    return webhook, secret


def change(
    webhook: Webhook,
    *,
    actor: Actor,
    url: str | None = None,
    events: Iterable[str] | None = None,
    active: bool | None = None,
    address: str | None,
) -> Webhook:
    """What is given is changed. Switching on forgets earlier failures; off ends what is pending.

    Raises ``AddressRefused``, Http404 where it was deleted meanwhile.
    """
    if url is not None:
        netguard.check_url(url, settings.WEBHOOK_ALLOWED_HOSTS)
    chosen = None if events is None else _known(events)
    with transaction.atomic():
        actor = under_lock(actor, WRITE)
        webhook = _locked(webhook)
        before = _told(webhook)
        if url is not None:
            webhook.url, webhook.paused_until = url, None
        if chosen is not None:
            webhook.events = chosen
        if active is not None and active != webhook.active:
            webhook.active, webhook.disabled_reason = active, ""
            webhook.failing_since = webhook.paused_until = None
        webhook.save(
            update_fields=[
                "url",
                "events",
                "active",
                "disabled_reason",
                "failing_since",
                "paused_until",
            ]
        )
        if not webhook.active:
            end_pending(webhook)
        after = _told(webhook)
        if url is not None or after != before:
            _record("webhook.update", webhook, actor, address, before=before, after=after)
    return webhook


def delete(webhook: Webhook, *, actor: Actor, address: str | None) -> None:
    """Remove the webhook with its deliveries. Raises Http404 where it is gone already."""
    with transaction.atomic():
        actor = under_lock(actor, WRITE)
        # the strongest lock: events being written for it come before, or find it gone
        rows = Webhook.objects.select_for_update(of=("self",)).select_related("tenant")
        webhook = get_object_or_404(rows, pk=webhook.pk)
        _record("webhook.delete", webhook, actor, address, before=_told(webhook))
        webhook.delete()


def rotate(webhook: Webhook, *, actor: Actor, address: str | None) -> str:
    """A new secret; the one before goes on signing beside it for ``ROTATION``."""
    with transaction.atomic():
        actor = under_lock(actor, WRITE)
        webhook = _locked(webhook)
        secret = _rotated(webhook)
        _record("webhook.rotate", webhook, actor, address)
    return secret


def rotate_callback(*, actor: Actor, address: str | None) -> str:
    """As ``rotate``, of the secret that signs the tenant's callbacks; the first makes it."""
    with transaction.atomic():
        actor = under_lock(actor, WRITE)
        _ensure_callback_secret(actor.tenant)
        signing = CallbackSecret.objects.select_for_update().get(tenant=actor.tenant)
        secret = _rotated(signing)
        _record("callback.rotate", signing, actor, address)
    return secret


def call_back(job: Job, url: str) -> None:
    """Have the URL told when the job ends; to be called in the transaction that makes the job."""
    _ensure_callback_secret(job.tenant)
    JobCallback.objects.create(job=job, url=url)


def disable(webhook: Webhook, reason: str) -> bool:
    """Switch it off because of what its receiver answers; whether it was on.

    To be called in a transaction.
    """
    switched = Webhook.objects.filter(pk=webhook.pk, active=True).update(
        active=False, disabled_reason=reason[:200]
    )
    if switched:
        end_pending(webhook)
        _record("webhook.disable", webhook, None, None, after={"reason": reason})
    return switched == 1


def end_pending(webhook: Webhook) -> None:
    """What waits for the webhook is failed; it can be replayed when it is on again."""
    Delivery.objects.filter(webhook=webhook, status=Delivery.Status.PENDING).update(
        status=Delivery.Status.FAILED,
        error=gettext_noop("The webhook is switched off."),
        ended_at=Now(),
        lease_until=None,
    )


def ping(webhook: Webhook, *, actor: Actor, address: str | None) -> Delivery:
    """Send a test. Raises ``WebhookDisabled``."""
    with transaction.atomic():
        actor = under_lock(actor, WRITE)
        webhook = _locked(webhook)
        if not webhook.active:
            raise WebhookDisabled()
        _record("webhook.ping", webhook, actor, address)
        return webhooks.ping(webhook)


def replay(delivery: Delivery, *, actor: Actor, address: str | None) -> Delivery:
    """Send it (again) now, under the same id, with all its tries before it.

    One under way stays so. Raises ``WebhookDisabled``, Http404 where it was deleted meanwhile.
    """
    with transaction.atomic():
        actor = under_lock(actor, WRITE)
        if delivery.webhook_id and not Webhook.objects.filter(
            pk=delivery.webhook_id, active=True
        ).select_for_update(no_key=True):
            raise WebhookDisabled()
        rows = Delivery.objects.select_for_update(of=("self",)).select_related("webhook", "tenant")
        delivery = get_object_or_404(rows, pk=delivery.pk)
        if delivery.lease_until is None or delivery.status != Delivery.Status.PENDING:
            delivery.status, delivery.tries = Delivery.Status.PENDING, 0
            delivery.ended_at = None
            delivery.save(update_fields=["status", "tries", "ended_at"])
            Delivery.objects.filter(pk=delivery.pk).update(due_at=Now())
            _record("delivery.replay", delivery, actor, address)
        delivery.refresh_from_db(fields=["due_at"])
    return delivery


def live_secrets(signing: Webhook | CallbackSecret) -> list[str]:
    """The secrets to sign with, the newest first. Raises InvalidToken if that is unreadable."""
    found = [unseal(signing.sealed_secret)]
    if signing.old_secret_until is not None and signing.old_secret_until > timezone.now():
        with suppress(InvalidToken):  # rotated because its SECRET_KEY is lost
            found.append(unseal(signing.sealed_old_secret))
    return found


def _ensure_callback_secret(tenant: Tenant) -> None:
    if not CallbackSecret.objects.filter(tenant=tenant).exists():
        secret = seal(_new_secret())
        CallbackSecret.objects.get_or_create(tenant=tenant, defaults={"sealed_secret": secret})


def _rotated(signing: Webhook | CallbackSecret) -> str:
    secret = _new_secret()
    type(signing).objects.filter(pk=signing.pk).update(
        sealed_secret=seal(secret),
        sealed_old_secret=signing.sealed_secret,
        old_secret_until=Now() + ROTATION,
    )
    return secret


def _new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def _known(events: Iterable[str]) -> list[str]:
    chosen = list(dict.fromkeys(events))
    if not chosen or (unknown := [name for name in chosen if name not in webhooks.EVENTS]):
        wrong = f"{unknown[0][:50]!r} is none" if chosen else "There must be some"
        raise InvalidOption(f"events: {wrong} of: {', '.join(webhooks.EVENTS)}.")
    return chosen


def _locked(webhook: Webhook) -> Webhook:
    rows = Webhook.objects.select_for_update(of=("self",), no_key=True).select_related("tenant")
    return get_object_or_404(rows, pk=webhook.pk)


def _told(webhook: Webhook) -> dict[str, Any]:
    allowed: Sequence[str] = settings.WEBHOOK_ALLOWED_HOSTS
    try:
        origin = netguard.check_url(webhook.url, allowed, resolve=False).origin
    except netguard.AddressRefused:  # the settings have become stricter
        origin = "refused"
    return {"origin": origin, "events": webhook.events, "active": webhook.active}


def _record(
    action: str, obj: Any, actor: Actor | None, address: str | None, **changes: Any
) -> None:
    audit.record(actor=actor, tenant=obj.tenant, action=action, obj=obj, address=address, **changes)
