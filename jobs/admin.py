"""The operators' view of jobs: read only, and without the text of the documents."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from jobs.models import FieldValue, Job, Outbox, Page, StoredFile


class HistoryAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows that the pipeline writes: people look."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Job)
class JobAdmin(HistoryAdmin):
    """Jobs; the document's password is not shown, nor is its text."""

    list_display = ("id", "tenant", "status", "engine", "pages_done", "pages_total", "created_at")
    list_filter = ("status", "engine", "created_at")
    search_fields = ("id", "file__name", "file__sha256", "tenant__name", "tenant__slug")
    list_select_related = ("tenant", "file")
    date_hierarchy = "created_at"
    exclude = ("sealed_password",)
    show_full_result_count = False


@admin.register(StoredFile)
class StoredFileAdmin(HistoryAdmin):
    """Uploaded files."""

    list_display = ("name", "tenant", "media_type", "size", "created_at")
    list_filter = ("media_type",)
    search_fields = ("name", "sha256", "key", "tenant__name")
    list_select_related = ("tenant",)
    show_full_result_count = False


@admin.register(Page)
class PageAdmin(HistoryAdmin):
    """Finished pages, without what stands on them."""

    list_display = ("job", "number", "engine", "seconds", "confidence", "failed")
    list_filter = ("engine", "failed")
    search_fields = ("job__id",)
    exclude = ("content",)
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Page]:
        return super().get_queryset(request).defer("content")


@admin.register(FieldValue)
class FieldValueAdmin(HistoryAdmin):
    """Found fields: which, where and how surely, without the values."""

    list_display = ("job", "name", "page", "confidence", "method", "grounded")
    list_filter = ("name", "method", "grounded")
    search_fields = ("job__id", "name")
    exclude = ("raw", "value", "alternatives")
    show_full_result_count = False


@admin.register(Outbox)
class OutboxAdmin(HistoryAdmin):
    """Job ids that wait for Redis."""

    list_display = ("job", "due_at")
    list_select_related = ("job",)
