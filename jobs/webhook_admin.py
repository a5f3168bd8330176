"""The operators' view of webhooks and what was delivered, without secrets and bodies."""

from __future__ import annotations

from django.contrib import admin

from accounts.admin import ReadOnlyAdmin
from jobs.models import (
    CallbackSecret,
    Delivery,
    DeliveryAttempt,
    JobCallback,
    Webhook,
)

SECRETS = ("sealed_secret", "sealed_old_secret")


@admin.register(Webhook)
class WebhookAdmin(ReadOnlyAdmin):
    """Webhooks, without their secrets; an address is often one too."""

    list_display = ("id", "tenant", "active", "failing_since", "disabled_reason", "created_at")
    list_filter = ("active",)
    search_fields = ("id", "tenant__name", "tenant__slug")
    list_select_related = ("tenant",)
    exclude = ("url", *SECRETS)


@admin.register(CallbackSecret)
class CallbackSecretAdmin(ReadOnlyAdmin):
    """Which tenants have a secret for callbacks."""

    list_display = ("tenant", "old_secret_until")
    search_fields = ("tenant__name", "tenant__slug")
    list_select_related = ("tenant",)
    exclude = SECRETS


@admin.register(JobCallback)
class JobCallbackAdmin(ReadOnlyAdmin):
    """Which jobs have a callback."""

    list_display = ("job",)
    search_fields = ("job__id",)
    exclude = ("url",)
    show_full_result_count = False


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    """What was sent to whom, and what came of it, without what it says."""

    list_display = ("created_at", "tenant", "event", "status", "tries", "due_at", "error")
    list_filter = ("status", "event")
    search_fields = ("id", "message", "webhook__id", "tenant__name", "tenant__slug")
    list_select_related = ("tenant",)
    exclude = ("url", "body")
    show_full_result_count = False


@admin.register(DeliveryAttempt)
class DeliveryAttemptAdmin(ReadOnlyAdmin):
    """The requests that were made, without what was answered."""

    list_display = ("at", "delivery", "number", "code", "seconds", "error")
    list_filter = ("code",)
    search_fields = ("delivery__id", "delivery__message")
    list_select_related = ("delivery",)
    exclude = ("answer",)
    show_full_result_count = False
