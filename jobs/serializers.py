"""The API's view of jobs: what comes in, what goes out."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from typing import Any

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from extraction.documents import parse_pages
from extraction.engines import ENGINES
from extraction.errors import InvalidOption
from extraction.fields import known
from extraction.fields.by_schema.checks import MAX_LEVELS, checked, parse_schema
from extraction.fields.document_types import BY_NAME
from extraction.formats import FORMATS
from extraction.options import Options
from jobs import fetching, netguard, uploads
from jobs.models import Job, Priority, Status
from jobs.queue import place_of
from jobs.results import formats_of
from jobs.uploads import Upload

MAX_METADATA_BYTES = 16_384
MAX_METADATA_LEVELS = 32  # of objects and lists in each other
NOT_TEXT = re.compile("[\0\ud800-\udfff]")  # in JSON's escapes, but not for PostgreSQL


@extend_schema_field(OpenApiTypes.STR)
class FieldNames(serializers.Field[tuple[str, ...], str, str, Any]):
    """Field names, separated by commas or, in a body of JSON, in a list."""

    def to_internal_value(self, data: Any) -> tuple[str, ...]:
        wanted = _names(data)
        try:
            known(wanted)
        except InvalidOption as error:
            raise serializers.ValidationError(error.detail) from error
        return wanted

    def to_representation(self, value: tuple[str, ...]) -> str:
        return ",".join(value)


@extend_schema_field(OpenApiTypes.STR)
class FormatNames(serializers.Field[tuple[str, ...], str, str, Any]):
    """Names of output formats, separated by commas or, in a body of JSON, in a list."""

    def to_internal_value(self, data: Any) -> tuple[str, ...]:
        wanted = dict.fromkeys(_names(data))
        if unknown := wanted.keys() - FORMATS.keys():
            raise serializers.ValidationError(
                f"{', '.join(sorted(unknown))[:80]!r} is not one of: {', '.join(FORMATS)}."
            )
        return tuple(wanted)

    def to_representation(self, value: tuple[str, ...]) -> str:
        return ",".join(value)


@extend_schema_field(OpenApiTypes.STR)
class SchemaField(serializers.Field[dict[str, Any], str, str, Any]):
    """A JSON Schema, as text or, in a body of JSON, as it is."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        try:
            schema = checked(data) if isinstance(data, dict) else parse_schema(str(data))
        except InvalidOption as error:
            raise serializers.ValidationError(error.detail) from error
        if not _storable(schema, MAX_LEVELS):
            raise serializers.ValidationError("schema: text that cannot be kept (NUL)")
        return schema

    def to_representation(self, value: dict[str, Any]) -> str:
        return json.dumps(value)


@extend_schema_field(OpenApiTypes.OBJECT)
class MetadataField(serializers.Field[dict[str, Any], str, str, Any]):
    """A JSON object, as text or, in a body of JSON, as it is."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        try:
            text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
            size = len(text.encode(errors="replace"))
            metadata = json.loads(text or "{}")
        except (ValueError, RecursionError) as error:
            raise serializers.ValidationError("Not valid JSON.") from error
        if size > MAX_METADATA_BYTES:
            raise serializers.ValidationError(f"More than {MAX_METADATA_BYTES} bytes.")
        if not isinstance(metadata, dict) or not _storable(metadata, MAX_METADATA_LEVELS):
            raise serializers.ValidationError(
                f"Not a JSON object of text and finite numbers, at most {MAX_METADATA_LEVELS} "
                "levels deep."
            )
        return metadata

    def to_representation(self, value: dict[str, Any]) -> str:
        return json.dumps(value)


class SubmitSerializer(serializers.Serializer[Any]):
    """A document and what to do with it."""

    file = serializers.FileField(
        required=False, help_text="PDF or image; the content decides, not the name"
    )
    url = serializers.CharField(required=False, help_text="where to fetch it from, for file")
    content = serializers.CharField(
        required=False, trim_whitespace=False, help_text="the document in base64, for file"
    )
    name = serializers.CharField(
        required=False, allow_blank=True, max_length=255, help_text="what people are shown"
    )
    engine = serializers.ChoiceField(
        choices=[(row.name, row.title) for row in ENGINES.values()], required=False
    )
    pages = serializers.CharField(
        required=False, allow_blank=True, max_length=1000, help_text='"1-3,7"; all if left out'
    )
    fields_ = FieldNames(
        required=False,
        help_text="catalogue names with commas; those of the document's type if left out",
    )
    template = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=80,
        help_text="a template's NAME or NAME@VERSION; by the document if left out",
    )
    outputs = FormatNames(
        required=False, help_text="pdf to have a searchable PDF made; other formats always are"
    )
    dpi = serializers.IntegerField(
        required=False, min_value=72, max_value=600, help_text="resolution for rendering PDF pages"
    )
    text_layer = serializers.ChoiceField(
        choices=["auto", "ignore", "only"],
        required=False,
        help_text="what to make of a PDF's own text",
    )
    strip_furniture = serializers.BooleanField(
        required=False, help_text="leave out headers, footers, page numbers and watermarks"
    )
    schema = SchemaField(
        required=False, help_text="a JSON Schema (draft 2020-12) of an object to be filled"
    )
    priority = serializers.ChoiceField(
        choices=[level.label.lower() for level in Priority],
        required=False,
        help_text="which of an organisation's own jobs come first; normal if left out",
    )
    split = serializers.BooleanField(
        required=False, help_text="tell the documents of a file apart, each with fields of its own"
    )
    cache = serializers.BooleanField(
        default=True, help_text="false reads the document even where its result is there already"
    )
    password = serializers.CharField(
        required=False, allow_blank=True, max_length=200, write_only=True, trim_whitespace=False
    )
    metadata = MetadataField(required=False, help_text="a JSON object, returned as given")
    callback_url = serializers.CharField(
        required=False, allow_blank=True, help_text="told of the job's end, signed as webhooks are"
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # "fields" is an attribute of every serializer, so the field cannot be declared by its name
        declared = super().get_fields()
        return {name.rstrip("_"): field for name, field in declared.items()}

    def validate_pages(self, value: str) -> str:
        try:
            parse_pages(value, settings.LIMITS.max_pages)
        except InvalidOption as error:
            raise serializers.ValidationError(error.detail) from error
        return value

    def validate_callback_url(self, value: str) -> str:
        if value:
            netguard.check_url(value, settings.WEBHOOK_ALLOWED_HOSTS, resolve=False)
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if sum(name in attrs for name in ("file", "url", "content")) != 1:
            raise serializers.ValidationError({"file": "One of file, url and content."})
        return attrs

    def upload(self) -> Upload:
        """The document, fetched or decoded where it was not sent as a file.

        Raises as ``fetching.fetch`` and ``uploads.decoded``.
        """
        data = self.validated_data
        if "url" in data:
            upload = fetching.fetch(data["url"])
        elif "content" in data:
            upload = uploads.decoded(data["content"], name="document")
        else:
            upload = data["file"]
        if data.get("name"):
            upload.name = data["name"]
        return upload

    def chosen_priority(self) -> Priority:
        """The priority asked for."""
        return Priority[self.validated_data.get("priority", "normal").upper()]

    def options(self, default_engine: str) -> Options:
        """The validated options; pages for people are always made."""
        data = self.validated_data
        given = {
            name: data[name]
            for name in (
                "pages",
                "dpi",
                "text_layer",
                "strip_furniture",
                "schema",
                "split",
                "template",
                "password",
            )
            if name in data
        }
        return Options(
            engine=data.get("engine") or default_engine,
            fields=tuple(data.get("fields", ())),
            outputs=data.get("outputs", ()),
            preview=True,
            **given,
        )


def _names(data: Any) -> tuple[str, ...]:
    """Names given as text with commas, or as a list."""
    given = data if isinstance(data, list) else str(data).split(",")
    return tuple(name.strip() for name in map(str, given) if name.strip())


def _storable(value: Any, levels: int) -> bool:
    """Whether PostgreSQL can keep the parsed JSON, nested no deeper than ``levels``."""
    if isinstance(value, str):
        return NOT_TEXT.search(value) is None
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict | list):
        inside = [*value, *value.values()] if isinstance(value, dict) else value
        return levels > 0 and all(_storable(item, levels - 1) for item in inside)
    return True


class ClassifySerializer(SubmitSerializer):
    """A document to be told what it is, and how it is read; its parts are always told apart."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        left_out = ("fields", "template", "outputs", "strip_furniture", "schema", "split")
        declared = super().get_fields()
        return {name: field for name, field in declared.items() if name not in left_out}

    def options(self, default_engine: str) -> Options:
        """The validated options."""
        return replace(super().options(default_engine), split=True)


class LikelihoodSerializer(serializers.Serializer[Any]):
    """A less likely type."""

    kind = serializers.CharField()
    confidence = serializers.FloatField()


class EvidenceSerializer(serializers.Serializer[Any]):
    """Words that told the type."""

    text = serializers.CharField()
    page = serializers.IntegerField()
    box = serializers.ListField(child=serializers.FloatField())


class ClassificationSerializer(serializers.Serializer[Any]):
    """What type of document it is; null until the end, and where nothing was read."""

    kind = serializers.ChoiceField(choices=list(BY_NAME))
    label = serializers.CharField()  # type: ignore[assignment]
    confidence = serializers.FloatField()
    alternatives = LikelihoodSerializer(many=True)
    evidence = EvidenceSerializer(many=True)


class PartSerializer(serializers.Serializer[Any]):
    """One of the documents of a file that was split."""

    number = serializers.IntegerField()
    pages = serializers.ListField(child=serializers.IntegerField())
    confidence = serializers.FloatField(help_text="how surely a document begins here")
    classification = ClassificationSerializer()
    template = serializers.CharField(
        default=None, allow_null=True, help_text="NAME@VERSION, as the job's"
    )


class PagesSerializer(serializers.Serializer[Any]):
    """Progress in pages; ``total`` is null until the document has been opened."""

    total = serializers.IntegerField(allow_null=True)
    done = serializers.IntegerField(help_text="failed ones included")
    failed = serializers.IntegerField()


class PlaceSerializer(serializers.Serializer[Any]):
    """Where a job stands that has not ended."""

    position = serializers.IntegerField(
        allow_null=True, help_text="tasks before it, about; null while a worker is at it"
    )
    eta_seconds = serializers.FloatField(
        allow_null=True, help_text="until its likely end, by what was done lately"
    )


class FailureSerializer(serializers.Serializer[Any]):
    """Why a job or page failed."""

    code = serializers.CharField()
    title = serializers.CharField()
    detail = serializers.CharField()
    limit = serializers.FloatField(allow_null=True)
    actual = serializers.FloatField(allow_null=True)


class ReasonSerializer(serializers.Serializer[Any]):
    """Why a person should look at a field."""

    field = serializers.CharField()
    code = serializers.ChoiceField(choices=["missing", "unsure", "inconsistent"])
    detail = serializers.CharField()
    document = serializers.IntegerField(
        allow_null=True, help_text="the part of a split file, from 1"
    )


class JobReviewSerializer(serializers.Serializer[Any]):
    """Whether a person should look at the fields, and why."""

    status = serializers.ChoiceField(choices=["open", "taken", "confirmed"], source="stage")
    reasons = ReasonSerializer(many=True)


class JobSerializer(serializers.ModelSerializer[Job]):
    """A job as the API shows it."""

    name = serializers.CharField(source="file.name", read_only=True)
    media_type = serializers.CharField(source="file.media_type", read_only=True)
    size = serializers.IntegerField(source="file.size", read_only=True, help_text="bytes")
    sha256 = serializers.CharField(source="file.sha256", read_only=True)
    priority = serializers.SerializerMethodField()
    pages = serializers.SerializerMethodField()
    queue = serializers.SerializerMethodField(
        help_text="null in lists and for a job that has ended"
    )
    classification = ClassificationSerializer(read_only=True, allow_null=True)
    documents = PartSerializer(many=True, read_only=True)
    template = serializers.SerializerMethodField(
        help_text="whose fields were looked for; null until the end, for none, and where split"
    )
    review = serializers.SerializerMethodField(help_text="null where none was needed")
    error = FailureSerializer(read_only=True, allow_null=True)
    batch = serializers.UUIDField(source="batch_id", read_only=True, allow_null=True)
    links = serializers.SerializerMethodField()
    cached = serializers.BooleanField(
        read_only=True, help_text="the result of the same document, read before; not billed"
    )
    same_as = serializers.UUIDField(
        source="same_as_id",
        read_only=True,
        allow_null=True,
        help_text="the job whose result it has, or waits for",
    )

    class Meta:
        model = Job
        fields = [
            "id",
            "status",
            "name",
            "media_type",
            "size",
            "sha256",
            "engine",
            "options",
            "priority",
            "metadata",
            "batch",
            "pages",
            "queue",
            "classification",
            "documents",
            "template",
            "review",
            "cached",
            "same_as",
            "attempt",
            "run",
            "error",
            "warnings",
            "created_at",
            "started_at",
            "finished_at",
            "links",
        ]
        read_only_fields = fields

    @extend_schema_field(PagesSerializer)
    def get_pages(self, job: Job) -> dict[str, int | None]:
        return {"total": job.pages_total, "done": job.pages_done, "failed": job.pages_failed}

    @extend_schema_field(serializers.ChoiceField([level.label.lower() for level in Priority]))
    def get_priority(self, job: Job) -> str:
        return str(Priority(job.priority).label.lower())

    @extend_schema_field(PlaceSerializer(allow_null=True))
    def get_queue(self, job: Job) -> Any:
        place = None if self.parent else place_of(job)
        return PlaceSerializer(place).data if place else None

    def get_template(self, job: Job) -> str | None:
        return job.template or None

    @extend_schema_field(JobReviewSerializer(allow_null=True))
    def get_review(self, job: Job) -> Any:
        review = getattr(job, "review", None)
        return JobReviewSerializer(review).data if review else None

    @extend_schema_field(
        {"type": "object", "additionalProperties": {"type": "string", "format": "uri"}}
    )
    def get_links(self, job: Job) -> dict[str, str]:
        request = self.context.get("request")
        links = {
            "self": reverse("job", args=[job.pk], request=request),
            "pages": reverse("job-pages", args=[job.pk], request=request),
        }
        if not job.ended:
            links["cancel"] = reverse("job-cancel", args=[job.pk], request=request)
        elif job.status != Status.SUCCEEDED:
            links["retry"] = reverse("job-retry", args=[job.pk], request=request)
        if job.ended and job.pages_done:
            for row in formats_of(job):
                links[row.name] = reverse("job-result", args=[job.pk, row.name], request=request)
            links["review"] = reverse("review", args=[job.pk], request=request)
        return links


class RetrySerializer(serializers.Serializer[Any]):
    """What a job needs again to be tried again."""

    password = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=200,
        write_only=True,
        trim_whitespace=False,
        help_text="of an encrypted document; it was forgotten when the job ended",
    )


class PageStateSerializer(serializers.Serializer[Any]):
    """How far one page of a job is."""

    number = serializers.IntegerField()
    status = serializers.ChoiceField(choices=["waiting", "done", "failed"])
    engine = serializers.CharField(allow_null=True)
    seconds = serializers.FloatField(allow_null=True)
    confidence = serializers.FloatField(allow_null=True)
    error = FailureSerializer(allow_null=True)
