"""How engines have done, through the API."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.limits import USUAL
from accounts.tenancy import tenant_of
from extraction.errors import InvalidOption
from jobs import engine_metrics
from jobs.usage_api import time_of

USUAL_DAYS, MOST_DAYS = 30, 366
PARAMETERS = [
    OpenApiParameter(
        "from", OpenApiTypes.DATETIME, description="ISO 8601 date or time; UTC without an offset"
    ),
    OpenApiParameter("to", OpenApiTypes.DATETIME, description="likewise; now if left out"),
]


class MeasuredPagesSerializer(serializers.Serializer[Any]):
    """What an engine did (jobs.engine_metrics.Done)."""

    pages = serializers.IntegerField()
    failed = serializers.IntegerField()
    degraded = serializers.IntegerField(
        help_text="pages that OCR read where the engine's model failed"
    )
    seconds = serializers.FloatField(help_text="of all pages that did not fail")
    p50 = serializers.FloatField(allow_null=True, help_text="seconds a page, the median")
    p95 = serializers.FloatField(allow_null=True, help_text="that 95 % of the pages kept to")
    tokens = serializers.IntegerField()
    tokens_a_second = serializers.FloatField(allow_null=True)
    confidence = serializers.FloatField(allow_null=True, help_text="mean")


class MeasuredRevisionSerializer(serializers.Serializer[Any]):
    revision = serializers.CharField()
    done = MeasuredPagesSerializer()


class MeasuredEngineSerializer(serializers.Serializer[Any]):
    engine = serializers.CharField(help_text="that was asked for")
    done = MeasuredPagesSerializer()
    revisions = MeasuredRevisionSerializer(many=True, help_text="by what read the pages")


class MeasuredRightSerializer(serializers.Serializer[Any]):
    """How often an engine was right, with a 95 % interval (Wilson)."""

    fields_ = serializers.IntegerField()
    right = serializers.IntegerField()
    share = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {name.rstrip("_"): field for name, field in super().get_fields().items()}


class RankedEngineSerializer(serializers.Serializer[Any]):
    engine = serializers.CharField()
    revision = serializers.CharField()
    overall = MeasuredRightSerializer()
    by_field = serializers.DictField(child=MeasuredRightSerializer())


class SpanSerializer(serializers.Serializer[Any]):
    from_ = serializers.DateTimeField()
    to = serializers.DateTimeField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {name.rstrip("_"): field for name, field in super().get_fields().items()}


class ModelMetricsSerializer(SpanSerializer):
    """Engines by the pages they have read."""

    engines = MeasuredEngineSerializer(many=True)


class LeaderboardSerializer(SpanSerializer):
    """Engines by how often they were right, the best first."""

    engines = RankedEngineSerializer(many=True)


class ModelsView(APIView):
    """Pages, times, failures and confidence by engine."""

    actions: ClassVar[Mapping[str, str]] = {"get": "usage:read"}
    rates: ClassVar[Mapping[str, str]] = USUAL

    @extend_schema(
        operation_id="model_metrics",
        tags=["usage"],
        summary="How fast and sure engines were, by engine and revision",
        parameters=PARAMETERS,
        responses=ModelMetricsSerializer,
    )
    def get(self, request: Request) -> Response:
        """Of the jobs submitted in the span, by the pages that are kept."""
        begin, end = span_of(request)
        rows = engine_metrics.models(tenant_of(request), begin, end)
        return Response(ModelMetricsSerializer({"from": begin, "to": end, "engines": rows}).data)


class LeaderboardView(APIView):
    """How often engines were right, by what people confirmed."""

    actions: ClassVar[Mapping[str, str]] = {"get": "usage:read"}
    rates: ClassVar[Mapping[str, str]] = USUAL

    @extend_schema(
        operation_id="leaderboard",
        tags=["usage"],
        summary="How often engines were right, by what people confirmed or corrected",
        parameters=PARAMETERS,
        responses=LeaderboardSerializer,
    )
    def get(self, request: Request) -> Response:
        """Of the fields of jobs submitted in the span, by field and overall."""
        begin, end = span_of(request)
        rows = engine_metrics.leaderboard(tenant_of(request), begin, end)
        return Response(LeaderboardSerializer({"from": begin, "to": end, "engines": rows}).data)


def span_of(request: Request) -> tuple[datetime, datetime]:
    """From when to before when; the last 30 days if nothing is said. Raises ``InvalidOption``."""
    try:
        end = time_of(request, "to") or datetime.now(UTC) + timedelta(seconds=1)
        begin = time_of(request, "from") or end - timedelta(days=USUAL_DAYS)
    except OverflowError as error:
        raise InvalidOption("from or to is beyond the calendar.") from error
    if begin >= end:
        raise InvalidOption("from is not before to.")
    if begin.year < 1970:
        raise InvalidOption("from is before 1970.")
    if end - begin > timedelta(days=MOST_DAYS):
        raise InvalidOption(
            "From and to are more days apart than one answer holds.",
            limit=MOST_DAYS,
            actual=(end - begin).days,
        )
    return begin, end
