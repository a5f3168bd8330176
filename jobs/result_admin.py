"""The operators' view of results: what was read and corrected, without what it says."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin import ReadOnlyAdmin
from jobs.models import (
    Extraction,
    FieldRevision,
    FieldValue,
    Page,
    Review,
    SearchText,
    SearchWords,
)


@admin.register(SearchText)
class SearchTextAdmin(ReadOnlyAdmin):
    """Which jobs are found by their text; the text itself is the organisation's."""

    list_display = ("job_id", "tenant")
    search_fields = ("job__id", "tenant__slug")
    list_select_related = ("tenant",)
    exclude = ("text",)
    show_full_result_count = False


@admin.register(SearchWords)
class SearchWordsAdmin(ReadOnlyAdmin):
    """Which jobs are in the index of the search; the words are the organisation's."""

    list_display = ("job_id",)
    search_fields = ("job__id",)
    exclude = ("words",)
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
