"""The operators' view of jobs: read only, and without the text of the documents."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin import ReadOnlyAdmin
from jobs.models import (
    Extraction,
    FieldRevision,
    FieldTemplate,
    FieldTemplateVersion,
    FieldValue,
    IdempotencyKey,
    Job,
    Page,
    Review,
    StoredFile,
    Task,
    Turn,
)


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    """Jobs; neither the password nor words of the document are shown."""

    list_display = (
        "created_at",
        "tenant",
        "status",
        "engine",
        "pages_done",
        "pages_total",
        "priority",
        "cached",
    )
    list_filter = ("status", "cached", "engine", "created_at")
    search_fields = ("id", "file__name", "file__sha256", "tenant__name", "tenant__slug")
    list_select_related = ("tenant", "file")
    date_hierarchy = "created_at"
    exclude = ("sealed_password", "classification", "documents")
    show_full_result_count = False


@admin.register(StoredFile)
class StoredFileAdmin(ReadOnlyAdmin):
    """Uploaded files."""

    list_display = ("name", "tenant", "media_type", "size", "created_at")
    list_filter = ("media_type",)
    search_fields = ("name", "sha256", "key", "tenant__name")
    list_select_related = ("tenant",)
    show_full_result_count = False


@admin.register(Page)
class PageAdmin(ReadOnlyAdmin):
    """Finished pages, without what stands on them."""

    list_display = ("job", "number", "engine", "seconds", "confidence", "failed")
    list_filter = ("engine", "failed")
    search_fields = ("job__id",)
    exclude = ("content",)
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Page]:
        return super().get_queryset(request).defer("content")


@admin.register(FieldValue)
class FieldValueAdmin(ReadOnlyAdmin):
    """Found fields: which, where and how surely, without the values."""

    list_display = ("job", "name", "page", "confidence", "method", "grounded")
    list_filter = ("name", "method", "grounded")
    search_fields = ("job__id", "name")
    exclude = ("raw", "value", "alternatives")
    show_full_result_count = False


@admin.register(Extraction)
class ExtractionAdmin(ReadOnlyAdmin):
    """Which jobs filled a schema, without the values."""

    list_display = ("job",)
    search_fields = ("job__id",)
    exclude = ("content",)
    show_full_result_count = False


@admin.register(FieldTemplate)
class FieldTemplateAdmin(ReadOnlyAdmin):
    """Templates by name; what they hold is the tenant's."""

    list_display = ("name", "tenant", "version", "document_type", "updated_at")
    list_filter = ("document_type",)
    search_fields = ("name", "tenant__name", "tenant__slug")
    list_select_related = ("tenant",)
    exclude = ("issuers",)
    show_full_result_count = False


@admin.register(FieldTemplateVersion)
class FieldTemplateVersionAdmin(ReadOnlyAdmin):
    """Versions of templates: which, when and by whom, without what they hold."""

    list_display = ("template", "number", "note", "created_at", "created_by", "api_key")
    search_fields = ("template__name", "template__tenant__name")
    list_select_related = ("template", "created_by", "api_key")
    exclude = ("content",)
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[FieldTemplateVersion]:
        return super().get_queryset(request).defer("content")


@admin.register(FieldRevision)
class FieldRevisionAdmin(ReadOnlyAdmin):
    """Who corrected or confirmed which field, without the values."""

    list_display = ("job", "name", "version", "action", "at", "actor")
    list_filter = ("name", "action")
    search_fields = ("job__id", "name", "actor")
    exclude = ("raw", "value", "comment")
    show_full_result_count = False


@admin.register(Review)
class ReviewAdmin(ReadOnlyAdmin):
    """Which jobs people must look at, and who has."""

    list_display = ("job", "tenant", "status", "created_at", "taken_until", "confirmed_at")
    list_filter = ("status",)
    search_fields = ("job__id", "tenant__name", "tenant__slug")
    list_select_related = ("tenant",)
    show_full_result_count = False


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(ReadOnlyAdmin):
    """Keys that callers have used, and what for."""

    list_display = ("created_at", "tenant", "route", "key", "made", "status")
    list_filter = ("route",)
    search_fields = ("key", "made", "tenant__name", "tenant__slug")
    list_select_related = ("tenant",)
    show_full_result_count = False


@admin.register(Task)
class TaskAdmin(ReadOnlyAdmin):
    """What waits and what workers are at."""

    list_display = ("job", "tenant", "pool", "priority", "state", "worker", "due_at", "crashes")
    list_filter = ("pool", "state", "priority")
    search_fields = ("job__id", "tenant__name", "tenant__slug")
    list_select_related = ("job", "tenant")


@admin.register(Turn)
class TurnAdmin(ReadOnlyAdmin):
    """Whose turn it was."""

    list_display = ("tenant", "pool", "at")
    list_select_related = ("tenant",)
