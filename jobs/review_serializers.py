"""The API's view of reviews and of single fields: what comes in, what goes out."""

from __future__ import annotations

from typing import Any, cast

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from extraction.formats.json import field_to_dict
from extraction.types import Box, FieldValue
from jobs import review
from jobs.corrections import Change
from jobs.models import Job
from jobs.revisions import State, Version
from jobs.serializers import ReasonSerializer

STANDINGS = ["missing", "read", "corrected", "confirmed", "absent"]
STAGES = ["open", "taken", "confirmed"]


class ReviewSerializer(serializers.Serializer[Job]):
    """A job's review, without its fields."""

    job = serializers.UUIDField(source="id")
    name = serializers.CharField(source="file.name", help_text="the document's")
    document_type = serializers.SerializerMethodField(help_text="null where it is not known")
    status = serializers.SerializerMethodField(help_text="null for a job that needs no review")
    reasons = serializers.SerializerMethodField(help_text="those when the job ended")
    created_at = serializers.SerializerMethodField()
    taken_by = serializers.SerializerMethodField()
    taken_until = serializers.SerializerMethodField()
    confirmed_by = serializers.SerializerMethodField()
    confirmed_at = serializers.SerializerMethodField()
    links = serializers.SerializerMethodField()

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_document_type(self, job: Job) -> str | None:
        return job.classification["kind"] if job.classification else None

    @extend_schema_field(serializers.ChoiceField(choices=STAGES, allow_null=True))
    def get_status(self, job: Job) -> str | None:
        return self._of(job, "stage")

    @extend_schema_field(ReasonSerializer(many=True))
    def get_reasons(self, job: Job) -> Any:
        return self._of(job, "reasons") or []

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_created_at(self, job: Job) -> Any:
        return self._of(job, "created_at")

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_taken_by(self, job: Job) -> str | None:
        return review.holder_of(job.review) if self._of(job, "stage") == "taken" else None

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_taken_until(self, job: Job) -> Any:
        return self._of(job, "taken_until") if self._of(job, "stage") == "taken" else None

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_confirmed_by(self, job: Job) -> str | None:
        return self._of(job, "confirmed_by") or None

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_confirmed_at(self, job: Job) -> Any:
        return self._of(job, "confirmed_at")

    @extend_schema_field(
        {"type": "object", "additionalProperties": {"type": "string", "format": "uri"}}
    )
    def get_links(self, job: Job) -> dict[str, str]:
        request = self.context.get("request")
        return {
            "self": reverse("review", args=[job.pk], request=request),
            "job": reverse("job", args=[job.pk], request=request),
        }

    def _of(self, job: Job, name: str) -> Any:
        return getattr(getattr(job, "review", None), name, None)


class SaidSerializer(serializers.Serializer[Any]):
    """A value and its place, as in the JSON result."""

    raw = serializers.CharField()
    value = serializers.JSONField(allow_null=True)
    page = serializers.IntegerField(allow_null=True)
    box = serializers.ListField(child=serializers.FloatField(), allow_null=True)
    confidence = serializers.FloatField(allow_null=True)
    method = serializers.CharField()
    grounded = serializers.BooleanField(
        allow_null=True, help_text="null where the page's engine tells no places"
    )
    checks = serializers.DictField(child=serializers.BooleanField())
    notes = serializers.ListField(child=serializers.CharField())


class FieldVersionSerializer(SaidSerializer):
    """One version of a field; number 0 is as it was read."""

    version = serializers.IntegerField()
    status = serializers.ChoiceField(choices=STANDINGS)
    at = serializers.DateTimeField()
    by = serializers.CharField(allow_null=True)
    note = serializers.CharField()

    def to_representation(self, instance: Version) -> dict[str, Any]:
        blank = FieldValue("", "", "", "", None, grounded=False)
        told = {
            "version": instance.number,
            "status": instance.standing,
            "at": instance.at,
            "by": instance.by,
            "note": instance.comment,
        }
        return super().to_representation({**field_to_dict(instance.value or blank), **told})


class FieldStateSerializer(SaidSerializer):
    """A field as it stands now."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    kind = serializers.CharField()
    document = serializers.IntegerField(allow_null=True)
    version = serializers.IntegerField(help_text="what a change of it has to name")
    status = serializers.ChoiceField(choices=STANDINGS)
    required = serializers.BooleanField()  # type: ignore[assignment]
    alternatives = serializers.ListField(child=serializers.DictField())

    def to_representation(self, instance: State) -> dict[str, Any]:
        told = (instance.name, instance.label, instance.kind)
        value = instance.value or FieldValue(*told, "", None, grounded=False)
        named: dict[str, Any] = {
            "document": instance.document,
            "version": instance.version,
            "status": instance.standing,
            "required": instance.required,
        }
        return super().to_representation({**field_to_dict(value), **named})


class FieldHistorySerializer(serializers.Serializer[Any]):
    """A field with all its versions."""

    field = FieldStateSerializer()
    history = FieldVersionSerializer(many=True)


class ReviewDetailSerializer(ReviewSerializer):
    """A review with the fields as they stand, and what is still to be looked at."""

    version = serializers.IntegerField(help_text="what confirming has to name")
    remaining = ReasonSerializer(many=True)
    fields_ = FieldStateSerializer(many=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # "fields" is an attribute of every serializer, so the field cannot be declared by its name
        declared = super().get_fields()
        return {name.rstrip("_"): field for name, field in declared.items()}

    def to_representation(self, instance: Job) -> dict[str, Any]:
        version = review.version_of(instance)  # before the fields: they are as new or newer
        states, remaining = review.state_of(instance)
        shown = ReviewSerializer(instance, context=self.context).data
        return {
            **shown,
            "version": version,
            "remaining": ReasonSerializer(remaining, many=True).data,
            "fields": FieldStateSerializer(states, many=True).data,
        }


class ChangeSerializer(serializers.Serializer[Any]):
    """What a field holds: ``raw`` as written, or ``value`` in its normal form; null is nothing."""

    version = serializers.IntegerField(min_value=0, help_text="the one that you have seen")
    raw = serializers.JSONField(
        required=False, allow_null=True, help_text="text; of a table a list of rows of texts"
    )
    value = serializers.JSONField(required=False, allow_null=True, help_text="the normal form")
    document = serializers.IntegerField(required=False, allow_null=True, min_value=1)
    page = serializers.IntegerField(required=False, allow_null=True, min_value=1)
    box = serializers.ListField(
        child=serializers.FloatField(), min_length=4, max_length=4, required=False, allow_null=True
    )
    force = serializers.BooleanField(
        required=False, default=False, help_text="keep a number whose check sum is wrong"
    )
    note = serializers.CharField(required=False, allow_blank=True, max_length=500)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "raw" not in attrs and "value" not in attrs:
            raise serializers.ValidationError(
                {"value": ["Send raw or value; null where the field is not on the document."]}
            )
        if attrs.get("box") is not None and attrs.get("page") is None:
            raise serializers.ValidationError({"page": ["A box is on a page: say which."]})
        return attrs

    def change(self) -> Change:
        """The validated change."""
        data = self.validated_data
        box = data.get("box")
        return Change(
            version=data["version"],
            raw=data.get("raw"),
            value=data.get("value"),
            page=data.get("page"),
            box=cast(Box, tuple(box)) if box else None,
            comment=data.get("note", ""),
            force=data["force"],
        )


class ConfirmSerializer(serializers.Serializer[Any]):
    """What is confirmed."""

    version = serializers.IntegerField(min_value=0, help_text="the review's that you have seen")
