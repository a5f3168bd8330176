"""The operators' view of webhooks and what was delivered, without secrets and bodies."""

from __future__ import annotations

from django.contrib import admin

from accounts.admin_lists import LargeListAdmin, MadeLately, one_of
from accounts.audited_admin import ReadOnlyAdmin
from jobs.models import (
    CallbackSecret,
    Delivery,
    DeliveryAttempt,
    JobCallback,
    Webhook,
)
from jobs.webhooks import EVENTS, PING

SECRETS = ("sealed_secret", "sealed_old_secret")


@admin.register(Webhook)
class WebhookAdmin(ReadOnlyAdmin):
    """Webhooks, without their secrets; an address is often one too."""

    list_display = (
        "created_at", "tenant", "id", "active", "failing_since", "disabled_reason",
    )  # fmt: skip
    list_filter = ("active", ("failing_since", admin.EmptyFieldListFilter))
    search_fields = ("id", "tenant__name", "tenant__slug")
    list_select_related = ("tenant",)
    exclude = ("url", *SECRETS)
    related = (("Deliveries", "jobs_delivery", "webhook__id__exact"),)


@admin.register(CallbackSecret)
class CallbackSecretAdmin(ReadOnlyAdmin):
    """Which organisations have a secret for callbacks."""

    list_display = ("tenant", "old_secret_until")
    search_fields = ("tenant__name", "tenant__slug")
    list_select_related = ("tenant",)
    exclude = SECRETS


@admin.register(JobCallback)
class JobCallbackAdmin(LargeListAdmin):
    """Which jobs have a callback."""

    list_display = ("job_id",)
    ids = ("job",)
    tenant = ""
    search_help_text = "A job's id."
    exclude = ("url",)


@admin.register(Delivery)
class DeliveryAdmin(LargeListAdmin):
    """What was sent to whom, and what came of it, without what it says."""

    list_display = (
        "created_at", "tenant", "event", "status", "tries", "due_at", "ended_at", "error",
        "message",
    )  # fmt: skip
    list_filter = (
        "status",
        MadeLately,
        one_of("event", [(name, name) for name in (*EVENTS, PING)]),
    )
    list_select_related = ("tenant",)
    ids = ("pk", "webhook")
    search_help_text = "A delivery's or webhook's id, or an organisation's name or short name."
    exclude = ("url", "body")
    related = (("Its requests", "jobs_deliveryattempt", "delivery__id__exact"),)


@admin.register(DeliveryAttempt)
class DeliveryAttemptAdmin(LargeListAdmin):
    """The requests that were made, without what was answered."""

    list_display = ("at", "delivery_id", "number", "code", "seconds", "error")
    ids = ("delivery",)
    tenant = "delivery__tenant"
    search_help_text = "A delivery's id, or an organisation's name or short name."
    exclude = ("answer",)
