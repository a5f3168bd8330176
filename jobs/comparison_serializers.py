"""The API's view of comparisons: what comes in, what goes out."""

from __future__ import annotations

import re
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from extraction.engines import ENGINES
from jobs import comparisons
from jobs.comparisons import FEWEST, MOST, Outcome, Standing, Truth
from jobs.models import Comparison
from jobs.models.engines import is_own
from jobs.serializers import FailureSerializer, PagesSerializer
from jobs.submit_serializers import NOT_TEXT, MetadataField, Names, SubmitSerializer

MOST_TRUTH = 200  # fields
MOST_TRUTH_TEXT = 1_000_000  # characters
FIELD_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")
LEFT_OUT = ("engine", "outputs", "schema", "split", "strip_furniture", "callback_url")


@extend_schema_field(
    {"type": "array", "items": {"type": "string"}, "minItems": FEWEST, "maxItems": MOST}
)
class EngineNames(Names):
    """Engines' names."""

    def to_internal_value(self, data: Any) -> tuple[str, ...]:
        given = data if isinstance(data, list) else str(data).split(",")
        names = tuple(dict.fromkeys(name.strip() for name in map(str, given) if name.strip()))
        if unknown := [name for name in names if not (name in ENGINES or is_own(name))]:
            raise serializers.ValidationError(
                f"{unknown[0][:80]!r} is not one of: {', '.join(ENGINES)}."
            )
        if not FEWEST <= len(names) <= MOST:
            raise serializers.ValidationError(f"{FEWEST} to {MOST} different engines.")
        return names


class CompareSubmitSerializer(SubmitSerializer):
    """A document, the engines that are to read it, and what is known to be right."""

    engines = EngineNames(help_text="2 to 5 engines, with commas or one by one")
    truth = MetadataField(
        required=False,
        help_text="true values by the field's name, in normal form or as written; null: not there",
    )
    truth_text = serializers.CharField(
        required=False,
        allow_blank=True,
        trim_whitespace=False,
        max_length=MOST_TRUTH_TEXT,
        help_text="the true text; a form feed between pages, or of all of them together",
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        declared = super().get_fields()
        fields = {name: field for name, field in declared.items() if name not in LEFT_OUT}
        if "engines" not in fields:  # what was not sent is left out there, but this is required
            fields["engines"] = EngineNames()
        return fields

    def validate_truth(self, value: dict[str, Any]) -> dict[str, Any]:
        wrong = [name for name in value if not FIELD_NAME.fullmatch(name)]
        if wrong or len(value) > MOST_TRUTH:
            raise serializers.ValidationError(
                f"At most {MOST_TRUTH} names of fields with their values."
            )
        return value

    def validate_truth_text(self, value: str) -> str:
        if NOT_TEXT.search(value):
            raise serializers.ValidationError("Text that cannot be kept.")
        return value

    def known(self) -> Truth:
        """What the caller knows to be right."""
        data = self.validated_data
        return Truth(data.get("truth") or {}, data.get("truth_text", ""))


class ComparedEngineSerializer(serializers.Serializer[Any]):
    """How one engine did, so far."""

    engine = serializers.CharField()
    status = serializers.ChoiceField(choices=comparisons.STATES)
    job = serializers.UUIDField(source="job.pk", default=None, allow_null=True)
    link = serializers.SerializerMethodField()
    pages = serializers.SerializerMethodField()
    seconds = serializers.FloatField(help_text="of the engine, for all pages that were read")
    seconds_a_page = serializers.FloatField(allow_null=True)
    cached = serializers.BooleanField(source="job.cached", default=False)
    cost = serializers.DictField(
        child=serializers.CharField(), help_text="as billed, by currency; empty where none was due"
    )
    confidence = serializers.FloatField(allow_null=True, help_text="mean of the pages")
    degraded = serializers.ListField(
        child=serializers.IntegerField(),
        help_text="pages read by OCR where the engine's model failed",
    )
    tokens = serializers.IntegerField(help_text="that a model wrote")
    revisions = serializers.ListField(
        child=serializers.CharField(), help_text="models that read the pages"
    )
    error = FailureSerializer(source="job.error", default=None, allow_null=True)

    @extend_schema_field({"type": ["string", "null"], "format": "uri"})
    def get_link(self, row: Standing) -> str | None:
        if row.job is None:
            return None
        return reverse("job", args=[row.job.pk], request=self.context.get("request"))

    @extend_schema_field(PagesSerializer)
    def get_pages(self, row: Standing) -> dict[str, int | None]:
        job = row.job
        if job is None:
            return {"total": None, "done": 0, "failed": 0}
        return {"total": job.pages_total, "done": job.pages_done, "failed": job.pages_failed}


class ComparedLikenessSerializer(serializers.Serializer[Any]):
    """How alike two texts are, from 0 to 1 (extraction.comparison.Likeness)."""

    characters = serializers.FloatField(help_text="1 less the edit distance by the longer text")
    words = serializers.FloatField(help_text="the same in words")
    bag = serializers.FloatField(help_text="F1 of the words, whatever their order")


class ComparedPageLikenessSerializer(serializers.Serializer[Any]):
    page = serializers.IntegerField()
    likeness = ComparedLikenessSerializer()


class ComparedDifferenceSerializer(serializers.Serializer[Any]):
    page = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=["changed", "left", "right"])
    left = serializers.CharField()
    right = serializers.CharField()


class ComparedPairSerializer(serializers.Serializer[Any]):
    """Two texts: of two engines, or of an engine beside the truth."""

    left = serializers.CharField(help_text='an engine, or "truth"')
    right = serializers.CharField()
    overall = ComparedLikenessSerializer(allow_null=True)
    pages = ComparedPageLikenessSerializer(many=True)
    differences = ComparedDifferenceSerializer(many=True)
    more_differences = serializers.IntegerField(help_text="lines that differ beyond these")


class ComparedTextsSerializer(serializers.Serializer[Any]):
    """All pairs of texts (extraction.comparison.Texts)."""

    pairs = ComparedPairSerializer(many=True)
    pages = serializers.ListField(child=serializers.IntegerField())
    left_out = serializers.ListField(
        child=serializers.IntegerField(), help_text="pages beyond the first 50 begin here"
    )
    cut = serializers.ListField(
        child=serializers.IntegerField(), help_text="pages compared in their beginning alone"
    )


class ComparedCellSerializer(serializers.Serializer[Any]):
    engine = serializers.CharField()
    value = serializers.JSONField(allow_null=True)
    raw = serializers.CharField()
    confidence = serializers.FloatField(allow_null=True)
    page = serializers.IntegerField(allow_null=True)
    found = serializers.BooleanField()
    right = serializers.BooleanField(allow_null=True, help_text="null without a truth")


class ComparedRowSerializer(serializers.Serializer[Any]):
    """A field with what each engine found (extraction.field_agreement.Row)."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    kind = serializers.CharField()
    document = serializers.IntegerField(allow_null=True)
    known = serializers.BooleanField(help_text="whether the truth is")
    truth = serializers.JSONField(allow_null=True)
    agreed = serializers.BooleanField()
    cells = ComparedCellSerializer(many=True)


class ComparedScoreSerializer(serializers.Serializer[Any]):
    engine = serializers.CharField()
    fields_ = serializers.IntegerField()
    right = serializers.IntegerField()
    wrong = serializers.IntegerField()
    missed = serializers.IntegerField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {name.rstrip("_"): field for name, field in super().get_fields().items()}


class ComparedConcordSerializer(serializers.Serializer[Any]):
    left = serializers.CharField()
    right = serializers.CharField()
    fields_ = serializers.IntegerField(help_text="that either found")
    same = serializers.IntegerField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {name.rstrip("_"): field for name, field in super().get_fields().items()}


class ComparedAgreementSerializer(serializers.Serializer[Any]):
    rows = ComparedRowSerializer(many=True)
    scores = ComparedScoreSerializer(many=True, help_text="beside the truth, where that was given")
    matrix = ComparedConcordSerializer(many=True)


class ComparedOutcomeSerializer(serializers.Serializer[Any]):
    """What the engines read, side by side."""

    texts = ComparedTextsSerializer()
    fields_ = ComparedAgreementSerializer()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # "fields" is an attribute of every serializer, so the field cannot be declared by its name
        return {name.rstrip("_"): field for name, field in super().get_fields().items()}


class ComparedPartSerializer(serializers.Serializer[Any]):
    """An engine of a comparison in a list."""

    engine = serializers.CharField()
    status = serializers.CharField()
    job = serializers.UUIDField(allow_null=True)


class ComparisonSerializer(serializers.ModelSerializer[Comparison]):
    """A comparison in a list; its ``parts`` and their jobs are loaded."""

    status = serializers.SerializerMethodField()
    engines = serializers.SerializerMethodField()
    links = serializers.SerializerMethodField()

    class Meta:
        model = Comparison
        fields = ["id", "status", "name", "engines", "created_at", "links"]
        read_only_fields = fields

    @extend_schema_field({"type": "string", "enum": list(comparisons.STATUSES)})
    def get_status(self, comparison: Comparison) -> str:
        return comparisons.status_of(comparison)

    @extend_schema_field(ComparedPartSerializer(many=True))
    def get_engines(self, comparison: Comparison) -> Any:
        return [
            {
                "engine": part.engine,
                "status": str(part.job.status) if part.job else comparisons.DELETED,
                "job": str(part.job.pk) if part.job else None,
            }
            for part in comparisons.parts_of(comparison)
        ]

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "string"}})
    def get_links(self, comparison: Comparison) -> dict[str, str]:
        request = self.context.get("request")
        return {"self": reverse("comparison", args=[comparison.pk], request=request)}


class ComparisonDetailSerializer(ComparisonSerializer):
    """A comparison with how each engine did and, once all jobs have ended, what came out."""

    result = serializers.SerializerMethodField()

    class Meta(ComparisonSerializer.Meta):
        fields = [*ComparisonSerializer.Meta.fields, "result"]
        read_only_fields = fields

    @extend_schema_field(ComparedEngineSerializer(many=True))
    def get_engines(self, comparison: Comparison) -> Any:
        rows = comparisons.standings(comparison)
        return ComparedEngineSerializer(rows, many=True, context=self.context).data

    @extend_schema_field(ComparedOutcomeSerializer(allow_null=True))
    def get_result(self, comparison: Comparison) -> Any:
        found: Outcome | None = comparisons.outcome(comparison)
        return None if found is None else ComparedOutcomeSerializer(found).data
