"""The API's view of datasets, training runs and own engines: what comes in, what goes out."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from extraction.training import TrainingSettings
from extraction.training.settings import BOUNDS, WHOLE
from jobs.models import TenantEngine
from jobs.submit_serializers import NOT_TEXT
from learning import datasets
from learning.models import Dataset, Example, RunStatus, TrainingRun

DEFAULTS = TrainingSettings()
QUANTISATIONS = ("none", "4bit")


class DatasetCountsSerializer(serializers.Serializer[Any]):
    """Pages by the side they are on."""

    train = serializers.IntegerField(help_text="learned from")
    held_out = serializers.IntegerField(help_text="measured by, never learned from")


class DatasetSerializer(serializers.ModelSerializer[Dataset]):
    """A dataset."""

    name = serializers.CharField(max_length=100)
    base = serializers.CharField(max_length=50, help_text="the engine that is to be taught")
    examples = serializers.SerializerMethodField()
    links = serializers.SerializerMethodField()

    class Meta:
        model = Dataset
        fields = ["id", "name", "base", "version", "examples", "created_at", "links"]
        read_only_fields = ["id", "version", "created_at"]

    def validate_name(self, value: str) -> str:
        return storable(value)

    @extend_schema_field(DatasetCountsSerializer)
    def get_examples(self, dataset: Dataset) -> dict[str, int]:
        if hasattr(dataset, "train"):  # counted with the list
            return {"train": dataset.train, "held_out": dataset.held_out}  # type: ignore[attr-defined]
        found = datasets.counts(dataset)
        return {"train": found.train, "held_out": found.held_out}

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "string"}})
    def get_links(self, dataset: Dataset) -> dict[str, str]:
        request = self.context.get("request")
        return {
            name: reverse(route, args=[dataset.pk], request=request)
            for name, route in (
                ("self", "dataset"),
                ("examples", "dataset-examples"),
                ("export", "dataset-export"),
            )
        }


def storable(text: str) -> str:
    """The text, which PostgreSQL can keep. Raises ValidationError."""
    if NOT_TEXT.search(text):
        raise serializers.ValidationError("Text that cannot be kept.")
    return text


class ImportedSerializer(serializers.Serializer[Any]):
    """What became of the pages with confirmed fields (learning.corrections.Imported)."""

    added = serializers.IntegerField()
    changed = serializers.IntegerField(help_text="taken anew: their text is another one now")
    unchanged = serializers.IntegerField()
    skipped = serializers.IntegerField(
        help_text="where a corrected value was not found once in the page's text, or the document "
        "is gone"
    )


class ExampleSerializer(serializers.ModelSerializer[Example]):
    """A page with its right text."""

    document = serializers.CharField(source="file.name", help_text="the file's name")
    sha256 = serializers.CharField(source="file.sha256")
    split = serializers.SerializerMethodField()
    job = serializers.UUIDField(source="job_id", allow_null=True)

    class Meta:
        model = Example
        fields = [
            "id",
            "document",
            "sha256",
            "page",
            "text",
            "split",
            "source",
            "job",
            "confirmed_by",
            "created_at",
        ]
        read_only_fields = fields

    @extend_schema_field({"type": "string", "enum": ["train", "held_out"]})
    def get_split(self, example: Example) -> str:
        return "held_out" if example.held_out else "train"


class ExampleUploadSerializer(serializers.Serializer[Any]):
    """A document, a page of it, and the text that is right for that."""

    file = serializers.FileField(help_text="PDF or image; the content decides, not the name")
    page = serializers.IntegerField(default=1, min_value=1, max_value=100_000)
    text = serializers.CharField(
        trim_whitespace=False, help_text="all that the model is to write for the page"
    )

    def validate_text(self, value: str) -> str:
        if len(value) > settings.TRAINING_MOST_CHARACTERS:
            raise serializers.ValidationError(
                f"At most {settings.TRAINING_MOST_CHARACTERS} characters."
            )
        if not value.strip():
            raise serializers.ValidationError("The page's text.")
        return storable(value)


def _option(name: str, kind: type, default: Any) -> serializers.Field[Any, Any, Any, Any]:
    if name == "quantisation":
        return serializers.ChoiceField(choices=QUANTISATIONS, required=False)
    least, most = BOUNDS[name]
    told = f"{default} if left out"
    if name in WHOLE:
        return serializers.IntegerField(
            min_value=int(least), max_value=int(most), required=False, help_text=told
        )
    return serializers.FloatField(min_value=least, max_value=most, required=False, help_text=told)


class TrainingSubmitSerializer(serializers.Serializer[Any]):
    """What is to be learned, and how (extraction.training.TrainingSettings)."""

    dataset = serializers.UUIDField()
    max_seconds = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=31_536_000,
        help_text="the run ends with failure when it has taken longer; kept of the quota",
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        options = {
            each.name: _option(each.name, type(each.default), each.default)
            for each in fields(TrainingSettings)
        }
        return super().get_fields() | options

    def options(self) -> TrainingSettings:
        """How it is to be trained. Raises ``InvalidOption``."""
        given = {each.name for each in fields(TrainingSettings)} & self.validated_data.keys()
        return TrainingSettings(**{name: self.validated_data[name] for name in given})


class MeasuredSerializer(serializers.Serializer[Any]):
    """How an engine read the held-out pages (extraction.training.Evaluation)."""

    lessons = serializers.IntegerField()
    similarity = serializers.FloatField(help_text="of the characters, 0 to 1, a page's mean")
    exact = serializers.FloatField(help_text="share of pages without a difference")
    seconds = serializers.FloatField()


class EvaluationSerializer(serializers.Serializer[Any]):
    """The taught engine beside its base, on the pages held out."""

    base = MeasuredSerializer()
    tuned = MeasuredSerializer()
    worse = serializers.BooleanField(help_text="whether it is less like the right texts")


class SkippedExampleSerializer(serializers.Serializer[Any]):
    """An example that was not used, and why."""

    example = serializers.UUIDField()
    code = serializers.CharField(
        help_text="an error's, or held_out_copy, gone, no_such_page, text_too_long, page_too_narrow"
    )


class TrainingFailureSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    title = serializers.CharField()
    detail = serializers.CharField()
    limit = serializers.FloatField(allow_null=True)
    actual = serializers.FloatField(allow_null=True)


class TrainingRunSerializer(serializers.ModelSerializer[TrainingRun]):
    """A training run in a list."""

    status = serializers.ChoiceField(choices=RunStatus.choices)
    dataset = serializers.UUIDField(source="dataset_id")
    loss = serializers.SerializerMethodField(help_text="of the newest step")
    adapter = serializers.SerializerMethodField(help_text="SHA-256 of what was learned")
    evaluation = EvaluationSerializer(allow_null=True)
    error = TrainingFailureSerializer(allow_null=True)
    links = serializers.SerializerMethodField()

    class Meta:
        model = TrainingRun
        fields = [
            "id",
            "status",
            "dataset",
            "dataset_version",
            "digest",
            "base",
            "step",
            "steps",
            "loss",
            "seconds",
            "max_seconds",
            "adapter",
            "evaluation",
            "error",
            "created_at",
            "started_at",
            "finished_at",
            "links",
        ]
        read_only_fields = fields

    max_seconds = serializers.IntegerField(source="most_seconds")

    @extend_schema_field({"type": ["number", "null"]})
    def get_loss(self, run: TrainingRun) -> float | None:
        return run.losses[-1][1] if run.losses else None

    @extend_schema_field({"type": ["string", "null"]})
    def get_adapter(self, run: TrainingRun) -> str | None:
        return run.adapter.sha256 if run.adapter and run.status == RunStatus.SUCCEEDED else None

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "string"}})
    def get_links(self, run: TrainingRun) -> dict[str, str]:
        request = self.context.get("request")
        return {"self": reverse("training-run", args=[run.pk], request=request)}


class LossSerializer(serializers.Serializer[Any]):
    step = serializers.IntegerField()
    loss = serializers.FloatField()


class TrainingRunDetailSerializer(TrainingRunSerializer):
    """A training run with its curve."""

    losses = serializers.SerializerMethodField()
    skipped = SkippedExampleSerializer(many=True)

    class Meta(TrainingRunSerializer.Meta):
        fields = [
            *TrainingRunSerializer.Meta.fields,
            "options",
            "tokens",
            "losses",
            "skipped",
            "cancel_requested",
        ]
        read_only_fields = fields

    @extend_schema_field(LossSerializer(many=True))
    def get_losses(self, run: TrainingRun) -> list[dict[str, float]]:
        return [{"step": step, "loss": loss} for step, loss in run.losses]


class PromoteSerializer(serializers.Serializer[Any]):
    """Which engine is to read with what was learned."""

    engine = serializers.CharField(
        max_length=40, help_text="NAME of own:NAME: small letters, digits, hyphens"
    )


class OwnEngineSerializer(serializers.ModelSerializer[TenantEngine]):
    """An engine of the organisation's own."""

    engine = serializers.SerializerMethodField(help_text="what the option engine of a job takes")
    active = serializers.CharField(
        source="active.sha256", default=None, allow_null=True, help_text="the adapter it reads with"
    )
    former = serializers.CharField(
        source="former.sha256", default=None, allow_null=True, help_text="what rolling back gives"
    )

    class Meta:
        model = TenantEngine
        fields = ["name", "engine", "base", "active", "former", "created_at", "changed_at"]
        read_only_fields = fields

    @extend_schema_field(str)
    def get_engine(self, row: TenantEngine) -> str:
        return str(row)


class PromotedSerializer(serializers.Serializer[Any]):
    """The engine after a promotion, and whether what it learned made it worse."""

    engine = OwnEngineSerializer()
    warning = serializers.CharField(allow_null=True)


class OwnEngineListSerializer(serializers.Serializer[Any]):
    """All of them."""

    engines = OwnEngineSerializer(many=True)
