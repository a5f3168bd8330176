"""The operators' view of the ledger of usage, of what is reserved, and who was told of it."""

from __future__ import annotations

from django.contrib import admin

from accounts.admin_lists import LargeListAdmin, one_of
from accounts.audited_admin import ReadOnlyAdmin
from accounts.models import Reservation, ThresholdNotice, UsageRecord

OUTCOMES = ("succeeded", "partial", "failed", "cancelled", "deleted")


@admin.register(UsageRecord)
class UsageRecordAdmin(LargeListAdmin):
    """The ledger, which nobody changes: a row for each run of a job."""

    list_display = (
        "created_at",
        "tenant",
        "of_job",
        "run",
        "engine",
        "pages",
        "included",
        "unit_price",
        "currency",
        "compute_seconds",
        "outcome",
        "cached",
    )
    list_filter = (one_of("outcome", ((name, name) for name in OUTCOMES)), "cached")
    list_select_related = ("tenant",)
    ids = ("job_id",)
    search_help_text = "A job's id, or an organisation's name or short name."


@admin.register(Reservation)
class ReservationAdmin(LargeListAdmin):
    """What jobs that have not ended keep of quotas."""

    list_display = ("submitted_at", "of_job", "tenant", "run", "engine", "day", "pages")
    list_select_related = ("tenant",)
    search_help_text = "A job's id, or an organisation's name or short name."


@admin.register(ThresholdNotice)
class ThresholdNoticeAdmin(ReadOnlyAdmin):
    """Who was told of having used so much."""

    list_display = ("created_at", "tenant", "period", "percent", "used", "limit")
    list_filter = ("percent",)
    list_select_related = ("tenant",)
    search_fields = ("period", "tenant__name", "tenant__slug")
