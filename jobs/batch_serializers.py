"""The API's view of batches: what comes in, what goes out."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from accounts.name_fields import NameSerializerField
from jobs import batches
from jobs.batch_export import EXPORTS
from jobs.batch_fetching import Source
from jobs.batches import Item, Progress
from jobs.errors import TooManyFiles
from jobs.models import Batch
from jobs.serializers import FailureSerializer, PagesSerializer
from jobs.submit_serializers import SubmitSerializer

STATES = ["running", "cancelling", "completed"]
FILE_FIELDS = ("files", "file", "zip")  # of the form; the content decides, not the field's name


class SourceSerializer(serializers.Serializer[Any]):
    """A document by URL."""

    url = serializers.CharField(help_text="where to fetch it from")
    name = serializers.CharField(
        required=False, allow_blank=True, max_length=255, help_text="what people are shown"
    )


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string", "format": "uri"},
            {
                "type": "object",
                "properties": {
                    "url": {"type": "string", "format": "uri"},
                    "name": {"type": "string", "maxLength": 255},
                },
                "required": ["url"],
            },
        ]
    }
)
class SourceField(serializers.Field[Source, Any, Any, Any]):
    """A document by URL: the URL as text, or an object of it and a name."""

    def to_internal_value(self, data: Any) -> Source:
        form = SourceSerializer(data={"url": data} if isinstance(data, str) else data)
        form.is_valid(raise_exception=True)
        return Source(**form.validated_data)


class SourcesField(serializers.ListField):
    """Documents by URL; too many are refused before any is looked at."""

    child = SourceField()

    def to_internal_value(self, data: Any) -> list[Any]:
        if isinstance(data, list) and len(data) > settings.MAX_BATCH_FILES:
            raise TooManyFiles(limit=settings.MAX_BATCH_FILES, actual=len(data))
        return super().to_internal_value(data)


class BatchSubmitSerializer(SubmitSerializer):
    """Documents and what to do with each of them."""

    name = NameSerializerField(
        required=False, allow_blank=True, max_length=200, help_text="what people are shown"
    )
    files = serializers.ListField(
        child=serializers.FileField(),
        required=False,
        help_text="the documents, and zip archives of them",
    )
    urls = SourcesField(
        required=False, help_text="where to fetch documents and archives from, after the files"
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        declared = super().get_fields()
        one_document = ("file", "url", "content", "callback_url")
        return {name: field for name, field in declared.items() if name not in one_document}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return attrs  # which files there are is looked at one by one


class BatchPagesSerializer(PagesSerializer):
    """Progress in pages; ``total`` counts the documents opened so far."""

    total = serializers.IntegerField()


class ItemSerializer(serializers.Serializer[Any]):
    """A document of a batch: its job, or why there is none."""

    position = serializers.IntegerField(help_text="from 1, in the order sent")
    name = serializers.CharField()
    status = serializers.CharField(help_text="the job's, or refused")
    job = serializers.UUIDField(source="job.pk", default=None, allow_null=True)
    error = FailureSerializer(allow_null=True)
    link = serializers.SerializerMethodField()

    @extend_schema_field({"type": ["string", "null"], "format": "uri"})
    def get_link(self, item: Item) -> str | None:
        if item.job is None:
            return None
        return reverse("job", args=[item.job.pk], request=self.context.get("request"))


class BatchSerializer(serializers.ModelSerializer[Batch]):
    """A batch in a list; ``progress`` in the context holds that of each by id."""

    status = serializers.ChoiceField(choices=STATES)
    documents = serializers.SerializerMethodField(help_text="how many, by status, and refused")
    pages = serializers.SerializerMethodField()
    links = serializers.SerializerMethodField()

    class Meta:
        model = Batch
        fields = [
            "id",
            "name",
            "status",
            "documents",
            "pages",
            "options",
            "metadata",
            "created_at",
            "completed_at",
            "links",
        ]
        read_only_fields = fields

    def _progress(self, batch: Batch) -> Progress:
        found: Progress = self.context["progress"][batch.pk]
        return found

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "integer"}})
    def get_documents(self, batch: Batch) -> dict[str, int]:
        by_status = self._progress(batch).documents
        return {"total": sum(by_status.values()), **by_status}

    @extend_schema_field(BatchPagesSerializer)
    def get_pages(self, batch: Batch) -> dict[str, int]:
        found = self._progress(batch)
        return {"total": found.pages_total, "done": found.pages_done, "failed": found.pages_failed}

    @extend_schema_field(
        {"type": "object", "additionalProperties": {"type": "string", "format": "uri"}}
    )
    def get_links(self, batch: Batch) -> dict[str, str]:
        request = self.context.get("request")
        links = {"self": reverse("batch", args=[batch.pk], request=request)}
        if batch.completed_at is None:
            links["cancel"] = reverse("batch-cancel", args=[batch.pk], request=request)
        for name in EXPORTS:
            links[name] = reverse("batch-export", args=[batch.pk, name], request=request)
        return links


class BatchDetailSerializer(BatchSerializer):
    """A batch with its documents."""

    items = serializers.SerializerMethodField()

    class Meta(BatchSerializer.Meta):
        fields = [*BatchSerializer.Meta.fields, "items"]
        read_only_fields = fields

    @extend_schema_field(ItemSerializer(many=True))
    def get_items(self, batch: Batch) -> Any:
        return ItemSerializer(batches.items(batch), many=True, context=self.context).data
