"""What comes in with a document, and what is to be done with it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.fields import empty

from accounts.models import FEWEST_DPI, MOST_DPI, TextLayer
from extraction.documents import parse_pages
from extraction.engines import ENGINES
from extraction.errors import InvalidOption
from extraction.fields import known
from extraction.fields.by_schema.checks import MAX_LEVELS, checked, parse_schema
from extraction.formats import FORMATS
from extraction.options import Options
from jobs import fetching, netguard, uploads
from jobs.archives import display_name
from jobs.models import Priority
from jobs.models.engines import OWN
from jobs.own_engines import NAME
from jobs.retention import MAX_HOURS
from jobs.uploads import Upload

MAX_METADATA_BYTES = 16_384
MAX_METADATA_LEVELS = 32  # of objects and lists in each other
NOT_TEXT = re.compile("[\0\ud800-\udfff]")  # in JSON's escapes, but not for PostgreSQL


class Names(serializers.Field[tuple[str, ...], Any, str, Any]):
    """Names, with commas, a form's field several times or, in a body of JSON, in a list."""

    def get_value(self, dictionary: Any) -> Any:
        if hasattr(dictionary, "getlist") and self.field_name in dictionary:
            return ",".join(dictionary.getlist(self.field_name))
        return super().get_value(dictionary)

    def to_representation(self, value: tuple[str, ...]) -> str:
        return ",".join(value)


@extend_schema_field(OpenApiTypes.STR)
class FieldNames(Names):
    """Names of fields of the catalogue."""

    def to_internal_value(self, data: Any) -> tuple[str, ...]:
        wanted = _names(data)
        try:
            known(wanted)
        except InvalidOption as error:
            raise serializers.ValidationError(error.detail) from error
        return wanted


@extend_schema_field(OpenApiTypes.STR)
class FormatNames(Names):
    """Names of output formats."""

    def to_internal_value(self, data: Any) -> tuple[str, ...]:
        wanted = dict.fromkeys(_names(data))
        if unknown := wanted.keys() - FORMATS.keys():
            raise serializers.ValidationError(
                f"{', '.join(sorted(unknown))[:80]!r} is not one of: {', '.join(FORMATS)}."
            )
        return tuple(wanted)


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


def engine_schema(*names: str) -> dict[str, Any]:
    """What the OpenAPI document says of such a name, or one of an organisation's own."""
    own = {"pattern": f"^{OWN}{NAME}$", "description": "an engine of the organisation's own"}
    return {"type": "string", "anyOf": [{"enum": list(names)}, own]}


@extend_schema_field(engine_schema(*ENGINES))
class EngineName(serializers.ChoiceField):
    """The name of an engine; whether an ``own:NAME`` is there, ``submit.order`` looks."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__([(row.name, row.title) for row in ENGINES.values()], **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if isinstance(data, str) and re.fullmatch(OWN + NAME, data):
            return data
        return str(super().to_internal_value(data))


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
    engine = EngineName(required=False)
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
        required=False,
        min_value=FEWEST_DPI,
        max_value=MOST_DPI,
        help_text="resolution for rendering PDF pages",
    )
    text_layer = serializers.ChoiceField(
        choices=TextLayer.values,
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
        required=False, help_text="false reads the document even where its result is there already"
    )
    password = serializers.CharField(
        required=False, allow_blank=True, max_length=200, write_only=True, trim_whitespace=False
    )
    retention_hours = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=MAX_HOURS,
        help_text="how long files and result stay after the end; 0: until the first download",
    )
    metadata = MetadataField(required=False, help_text="a JSON object, returned as given")
    callback_url = serializers.CharField(
        required=False, allow_blank=True, help_text="told of the job's end, signed as webhooks are"
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # "fields" is an attribute of every serializer, so the field cannot be declared by its name.
        # Those of which nothing was said are not needed: a copy of a field costs more than its work
        said = getattr(self, "initial_data", None)
        return {
            name.rstrip("_"): deepcopy(field)
            for name, field in self._declared_fields.items()
            if not isinstance(said, Mapping)
            or field.default is not empty
            or name.rstrip("_") in said
        }

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
            upload.name = display_name(data["name"])
        return upload

    def chosen_priority(self) -> Priority:
        """The priority asked for."""
        return Priority[self.validated_data.get("priority", "normal").upper()]

    def options(self, usual: Options) -> Options:
        """What was asked for, the ``usual`` where nothing was; pages for people are always made."""
        data = self.validated_data
        given = {
            name: data[name]
            for name in (
                "pages",
                "fields",
                "outputs",
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
        engine = data.get("engine") or usual.engine
        return replace(usual, engine=engine, preview=True, **given)


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

    def options(self, usual: Options) -> Options:
        """What was asked for, else the ``usual``, but for what cannot be asked for here."""
        return replace(super().options(usual), split=True, strip_furniture=False, outputs=())


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
