"""What the templates' endpoints take and give."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rest_framework import serializers

from extraction.fields.templates import Template
from jobs.learning import MOST_DOCUMENTS
from jobs.models import FieldTemplate
from jobs.templates import NAME

FORM = "as in extraction/schema/template.schema.json (docs/templates.md)"


@dataclass(frozen=True, slots=True)
class Summary:
    """A row of the list; a starter has neither version nor times."""

    name: str
    label: str
    document_type: str | None
    issuers: tuple[str, ...]
    starter: bool = True
    version: int | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


def summary_of(each: FieldTemplate | Template) -> Summary:
    """The row of a tenant's own template or of a starter."""
    kind, issuers = each.document_type or None, tuple(each.issuers)
    if isinstance(each, Template):
        return Summary(each.name, each.label, kind, issuers)
    return Summary(
        each.name, each.label, kind, issuers, False, each.version, each.created_at, each.updated_at
    )


class SummarySerializer(serializers.Serializer[Any]):
    """A template, without its fields."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    document_type = serializers.CharField(allow_null=True)
    issuers = serializers.ListField(child=serializers.CharField())
    starter = serializers.BooleanField(help_text="there for everybody, not to be changed")
    version = serializers.IntegerField(allow_null=True, help_text="the newest one's number")
    created_at = serializers.DateTimeField(allow_null=True)
    updated_at = serializers.DateTimeField(allow_null=True)


class TemplateListSerializer(serializers.Serializer[Any]):
    """All templates that can be named: the organisation's own, then the starters."""

    templates = SummarySerializer(many=True)


class TemplateSerializer(serializers.Serializer[Any]):
    """A template, for the description of the API: its own JSON, and which version it is."""

    name = serializers.CharField()
    label = serializers.CharField(required=False)  # type: ignore[assignment]
    document_type = serializers.CharField(required=False, allow_null=True)
    issuers = serializers.ListField(child=serializers.CharField(), required=False)
    threshold = serializers.FloatField(required=False, allow_null=True)
    fields_ = serializers.ListField(child=serializers.DictField(), help_text=FORM)
    version = serializers.IntegerField(
        required=False, allow_null=True, help_text="null for a starter"
    )
    starter = serializers.BooleanField(read_only=True)
    note = serializers.CharField(required=False, help_text="why it was changed")
    created_at = serializers.DateTimeField(read_only=True, allow_null=True)
    created_by = serializers.CharField(read_only=True, allow_null=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # "fields" is an attribute of every serializer, so the field cannot be declared by its name
        declared = super().get_fields()
        return {name.rstrip("_"): field for name, field in declared.items()}


class ChangeSerializer(serializers.Serializer[Any]):
    """What stands beside a template where it is written."""

    version = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=1_000_000_000
    )
    note = serializers.CharField(required=False, allow_blank=True, max_length=200)


class VersionSerializer(serializers.Serializer[Any]):
    """A version of a template, without what it holds."""

    version = serializers.IntegerField(source="number")
    note = serializers.CharField()
    created_at = serializers.DateTimeField()
    created_by = serializers.CharField(
        source="author", allow_null=True, help_text="a person's address or a key's name"
    )


class VersionListSerializer(serializers.Serializer[Any]):
    """A template's versions, newest first."""

    versions = VersionSerializer(many=True)


class LearnSerializer(serializers.Serializer[Any]):
    """Documents to learn from besides those read with the template."""

    jobs = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        default=list,
        max_length=MOST_DOCUMENTS,
        help_text="confirmed ones, whatever they were read with",
    )


class GainSerializer(serializers.Serializer[Any]):
    """How a field gains: of its confirmed values, those found right before and after."""

    name = serializers.CharField()
    values = serializers.IntegerField()
    before = serializers.IntegerField(help_text="right without anything learned")
    after = serializers.IntegerField(help_text="right by what the other documents teach")
    learned = serializers.BooleanField(help_text="false where it would have been found worse")


class LearnedSerializer(serializers.Serializer[Any]):
    """What a template has learned."""

    version = serializers.IntegerField(help_text="the newest one's number")
    documents = serializers.IntegerField()
    fields_ = GainSerializer(many=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        declared = super().get_fields()
        return {name.rstrip("_"): field for name, field in declared.items()}


class RestoreSerializer(serializers.Serializer[Any]):
    """Which version to copy as the newest."""

    version = serializers.IntegerField(min_value=1, max_value=1_000_000_000)


class TrySerializer(serializers.Serializer[Any]):
    """A job whose pages to search, and the template to search with: by itself or by its name."""

    job = serializers.UUIDField()
    name = serializers.CharField(
        required=False, max_length=80, help_text="NAME or NAME@VERSION; or template"
    )
    template = serializers.JSONField(required=False, help_text=FORM)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("name" in attrs) == ("template" in attrs):
            raise serializers.ValidationError("Either template or name.")
        return attrs


class MissingSerializer(serializers.Serializer[Any]):
    """A required field that was not found."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    document = serializers.IntegerField(allow_null=True, help_text="the part of a split file")


class TriedSerializer(serializers.Serializer[Any]):
    """What a template finds on a job's pages."""

    template = serializers.CharField()
    pages = serializers.IntegerField(help_text="searched")
    left_out = serializers.IntegerField(help_text="pages beyond those")
    fields_ = serializers.ListField(child=serializers.DictField(), help_text="as in results")
    missing = MissingSerializer(many=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # "fields" is an attribute of every serializer, so the field cannot be declared by its name
        declared = super().get_fields()
        return {name.rstrip("_"): field for name, field in declared.items()}


class ProposeSerializer(serializers.Serializer[Any]):
    """A job to make a template from, and the template's name."""

    job = serializers.UUIDField()
    name = serializers.RegexField(f"^{NAME}\\Z")
