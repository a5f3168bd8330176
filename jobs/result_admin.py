"""The operators' view of results: what was read and corrected, without what it says."""

from __future__ import annotations

from django.contrib import admin

from accounts.admin_lists import LargeListAdmin, one_of
from extraction.engines import ENGINES
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
class SearchTextAdmin(LargeListAdmin):
    """Which jobs are found by their text; the text itself is the organisation's."""

    list_display = ("job_id", "tenant")
    ids = ("job",)
    list_select_related = ("tenant",)
    exclude = ("text",)


@admin.register(SearchWords)
class SearchWordsAdmin(LargeListAdmin):
    """Which jobs are in the index of the search; the words are the organisation's."""

    list_display = ("job_id",)
    ids = ("job",)
    tenant = ""
    search_help_text = "A job's id."
    exclude = ("words",)


@admin.register(Page)
class PageAdmin(LargeListAdmin):
    """Finished pages, without what stands on them."""

    list_display = (
        "number", "of_job", "engine", "seconds", "confidence", "failed", "degraded", "tokens",
    )  # fmt: skip
    list_filter = (one_of("engine", ((name, name) for name in ENGINES)), "failed")
    ids = ("job",)
    tenant = ""
    search_help_text = "A job's id."
    exclude = ("content",)


@admin.register(FieldValue)
class FieldValueAdmin(LargeListAdmin):
    """Found fields: which, where and how surely, without the values."""

    list_display = ("name", "of_job", "page", "confidence", "method", "grounded")
    list_filter = ("grounded",)
    ids = ("job",)
    tenant = ""
    search_help_text = "A job's id."
    exclude = ("raw", "value", "alternatives")


@admin.register(Extraction)
class ExtractionAdmin(LargeListAdmin):
    """Which jobs filled a schema, without the values."""

    list_display = ("job_id",)
    ids = ("job",)
    tenant = ""
    search_help_text = "A job's id."
    exclude = ("content",)


@admin.register(FieldRevision)
class FieldRevisionAdmin(LargeListAdmin):
    """Who corrected or confirmed which field, without the values."""

    list_display = ("at", "of_job", "name", "version", "action", "actor")
    list_filter = ("action",)
    ids = ("job",)
    tenant = "job__tenant"
    search_help_text = "A job's id, or an organisation's name or short name."
    exclude = ("raw", "value", "comment")


@admin.register(Review)
class ReviewAdmin(LargeListAdmin):
    """Which jobs people must look at, and who has."""

    list_display = ("created_at", "of_job", "tenant", "status", "taken_until", "confirmed_at")
    list_filter = ("status",)
    ids = ("job",)
    list_select_related = ("tenant",)
