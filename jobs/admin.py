"""The operators' view of what belongs to jobs: read only, without the text of the documents."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from accounts.admin_lists import LargeListAdmin, MadeLately, one_of
from accounts.admin_paging import soon
from accounts.audit import address_of
from accounts.audited_admin import ReadOnlyAdmin
from accounts.models import Departure, QuotaUse, Tenant
from accounts.quota_counters import QUOTAS, quota_of
from accounts.quota_standings import limit_of
from extraction.engines import ENGINES
from jobs import (
    billing_admin,  # noqa: F401  # registers its models
    departure,
    job_admin,  # noqa: F401
    reconciliation,
    result_admin,  # noqa: F401
    service_admin,  # noqa: F401
    webhook_admin,  # noqa: F401
)
from jobs.models import (
    Batch,
    ComparedJob,
    Comparison,
    Drain,
    EngineTally,
    FieldTemplate,
    FieldTemplateVersion,
    IdempotencyKey,
    Pause,
    SavedFilter,
    StoredFile,
    TenantEngine,
)


class DepartureForm(forms.ModelForm):
    """An organisation, and its name once more."""

    tenant = forms.ModelChoiceField(Tenant.objects.all(), label="Organisation")
    confirmed = forms.CharField(
        label="Its name", max_length=200, help_text="Exactly, so that no other one is deleted."
    )

    class Meta:
        model = Departure
        fields = ("tenant", "confirmed")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        tenant = cleaned.get("tenant")
        if tenant is not None and cleaned.get("confirmed") not in (None, tenant.name):
            self.add_error("confirmed", "This is not the name of the organisation.")
        if tenant is not None and Departure.objects.filter(pk=tenant.pk).exists():
            self.add_error("tenant", "This organisation is being deleted already.")
        return cleaned


@admin.register(Departure)
class DepartureAdmin(ReadOnlyAdmin):
    """Organisations that are being deleted: adding one begins it, an action calls it off."""

    form = DepartureForm
    list_display = ("name", "tenant_id", "requested_by", "requested_at", "due_at", "step", "files")
    actions = ("call_off",)

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return request.user.is_superuser

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ("tenant", "confirmed")
        return [field.name for field in Departure._meta.fields]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        row = departure.begin(
            form.cleaned_data["tenant"],
            actor=request.user,  # type: ignore[arg-type]
            address=address_of(request),
        )
        obj.tenant_id, obj.name = row.tenant_id, row.name

    def has_call_off_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    @admin.action(description="Call off, all as it was before", permissions=["call_off"])
    def call_off(self, request: HttpRequest, queryset: QuerySet[Departure]) -> None:
        for row in queryset:
            try:
                departure.call_off(
                    row.pk,
                    actor=request.user,  # type: ignore[arg-type]
                    address=address_of(request),
                )
            except departure.DepartureBegun:
                self.message_user(request, f"{row}: removing has begun.", messages.ERROR)
            else:
                self.message_user(request, f"{row} is as it was before.", messages.SUCCESS)


@admin.register(Batch)
class BatchAdmin(LargeListAdmin):
    """Batches; what came of them is at their jobs."""

    list_display = ("created_at", "tenant", "name", "cancel_requested", "completed_at")
    list_filter = (MadeLately,)
    list_select_related = ("tenant",)
    names = ("name",)
    related = (("Jobs", "jobs_job", "q"), ("Audit log", "accounts_auditentry", "q"))


@admin.register(Comparison)
class ComparisonAdmin(LargeListAdmin):
    """Comparisons of engines, without what their senders know to be true."""

    list_display = ("created_at", "tenant", "created_by")
    list_filter = (MadeLately,)
    list_select_related = ("tenant", "created_by")
    exclude = ("truth", "truth_text")


@admin.register(ComparedJob)
class ComparedJobAdmin(LargeListAdmin):
    """The engines of comparisons."""

    list_display = ("engine", "of_job", "comparison_id", "position")
    list_filter = (one_of("engine", ((name, name) for name in ENGINES)),)
    ids = ("comparison", "job")
    tenant = "comparison__tenant"


@admin.register(SavedFilter)
class SavedFilterAdmin(ReadOnlyAdmin):
    """Filters of the list of jobs that people keep."""

    list_display = ("created_at", "tenant", "user", "name", "shared")
    search_fields = ("id", "tenant__slug")
    list_select_related = ("tenant", "user")


@admin.register(EngineTally)
class EngineTallyAdmin(ReadOnlyAdmin):
    """What engines have done since the installation began."""

    list_display = ("engine", "shard", "read", "degraded", "failed", "tokens", "seconds")
    list_filter = ("engine",)
    search_fields = ("engine",)


@admin.register(StoredFile)
class StoredFileAdmin(LargeListAdmin):
    """Uploaded files."""

    list_display = ("created_at", "name", "tenant", "media_type", "size")
    list_filter = (MadeLately,)
    list_select_related = ("tenant",)
    names = ("name", "sha256")
    search_help_text = (
        "An id, or an organisation's name or short name; after that and a comma a part of the "
        "file's name, or its SHA-256: acme, invoice"
    )


@admin.register(TenantEngine)
class TenantEngineAdmin(ReadOnlyAdmin):
    """Engines of organisations' own."""

    list_display = ("__str__", "tenant", "base", "active", "former", "changed_at")
    list_filter = ("base",)
    search_fields = ("name", "tenant__name")
    list_select_related = ("tenant", "active", "former")


@admin.register(FieldTemplate)
class FieldTemplateAdmin(ReadOnlyAdmin):
    """Templates by name; what they hold is the organisation's."""

    list_display = ("name", "tenant", "version", "document_type", "updated_at")
    search_fields = ("name", "tenant__name", "tenant__slug")
    list_select_related = ("tenant",)
    exclude = ("issuers",)


@admin.register(FieldTemplateVersion)
class FieldTemplateVersionAdmin(ReadOnlyAdmin):
    """Versions of templates: which, when and by whom, without what they hold."""

    list_display = ("template", "number", "note", "created_at", "created_by", "api_key")
    search_fields = ("template__name", "template__tenant__name")
    list_select_related = ("template", "created_by", "api_key")
    exclude = ("content",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[FieldTemplateVersion]:
        return super().get_queryset(request).defer("content")


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(LargeListAdmin):
    """Keys that callers have used, and what for."""

    list_display = ("created_at", "tenant", "route", "key", "made", "status")
    list_select_related = ("tenant",)
    ids = ("made",)
    names = ("key",)


@admin.register(Pause)
class PauseAdmin(ReadOnlyAdmin):
    """Pools whose work is held back; *Operations* changes them."""

    list_display = ("pool", "since", "paused_by", "reason")


@admin.register(Drain)
class DrainAdmin(ReadOnlyAdmin):
    """Workers that have been asked to end; *Operations* asks them."""

    list_display = ("worker", "at", "asked_by")


@admin.register(QuotaUse)
class QuotaUseAdmin(LargeListAdmin):
    """Quotas by period, and whether the counters say what the rows say. Here, for jobs are rows."""

    list_display = ("period", "tenant", "used", "reserved", "limit", "percent")
    list_select_related = ("tenant__plan",)
    ids = ("tenant",)
    names = ("period",)
    search_help_text = (
        "An organisation's name or short name; after that and a comma a part of a period: acme, day"
    )

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        wrong = soon(lambda: len(reconciliation.differences()))
        told = "not compared, for it takes long" if wrong is None else f"= {wrong}"
        shown = {
            "subtitle": f"Differences {told}" + ("" if wrong == 0 else ": see manage.py quotas")
        }
        return super().changelist_view(request, shown | (extra_context or {}))

    @admin.display(empty_value="unlimited")
    def limit(self, use: QuotaUse) -> int | None:
        quota = quota_of(use.period)
        return limit_of(use.tenant, quota) if quota in QUOTAS else None

    @admin.display(description="used and reserved, %")
    def percent(self, use: QuotaUse) -> str:
        limit = self.limit(use)
        return f"{100 * (use.used + use.reserved) / limit:.0f}" if limit else "-"
