"""The operators' view of datasets and training runs: looking only."""

from __future__ import annotations

from django.contrib import admin

from accounts.audited_admin import ReadOnlyAdmin
from learning.models import Dataset, Example, TrainingRun


@admin.register(Dataset)
class DatasetAdmin(ReadOnlyAdmin):
    """Datasets."""

    list_display = ("name", "tenant", "base", "version", "created_at")
    list_filter = ("base",)
    search_fields = ("name", "tenant__name")
    list_select_related = ("tenant",)


@admin.register(Example)
class ExampleAdmin(ReadOnlyAdmin):
    """Examples, without their texts."""

    list_display = ("__str__", "dataset", "tenant", "held_out", "source", "created_at")
    list_filter = ("source", "held_out")
    search_fields = ("file__name", "file__sha256", "tenant__name")
    list_select_related = ("file", "dataset", "tenant")
    exclude = ("text",)


@admin.register(TrainingRun)
class TrainingRunAdmin(ReadOnlyAdmin):
    """Training runs."""

    list_display = (
        "id",
        "tenant",
        "dataset",
        "status",
        "step",
        "steps",
        "seconds",
        "worker",
        "created_at",
    )
    list_filter = ("status", "base")
    search_fields = ("id", "tenant__name", "worker", "digest")
    list_select_related = ("tenant", "dataset")
