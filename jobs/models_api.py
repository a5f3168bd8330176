"""The engines that an organisation may use, as the API lists them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.limits import USUAL
from accounts.tenancy import tenant_of
from jobs.engine_standings import OfferedEngine, offered


class HeldModelSerializer(serializers.Serializer[Any]):
    """A vision-language model, as a worker that runs it has told."""

    available = serializers.BooleanField(
        allow_null=True, help_text="whether a live worker can run it; null: no worker is known"
    )
    loaded = serializers.BooleanField(help_text="whether it is in memory somewhere now")
    dtype = serializers.CharField(allow_null=True)
    quantisation = serializers.CharField(allow_null=True, help_text="none, 8bit or 4bit")
    batch = serializers.IntegerField(allow_null=True, help_text="pages read together")
    max_pixels = serializers.IntegerField(allow_null=True, help_text="a page is shown with")
    memory_bytes = serializers.IntegerField(allow_null=True)
    licence = serializers.CharField(allow_blank=True, help_text="a note")


class EngineSerializer(serializers.Serializer[Any]):
    """An engine."""

    name = serializers.CharField(help_text="what the option engine of a job takes")
    title = serializers.CharField()
    default = serializers.BooleanField(help_text="whether it reads what comes without a wish")
    boxes = serializers.BooleanField(help_text="whether lines and words have places on the page")
    revision = serializers.CharField(help_text="what its results depend on")
    workers = serializers.IntegerField(
        allow_null=True, help_text="live ones of its kind; null: not known"
    )
    model = HeldModelSerializer(allow_null=True)


class EngineListSerializer(serializers.Serializer[Any]):
    """All of them."""

    engines = EngineSerializer(many=True)


class ModelListView(APIView):
    """Engines and models."""

    actions: ClassVar[Mapping[str, str]] = {"get": "jobs:read"}
    rates = USUAL

    @extend_schema(
        operation_id="models",
        tags=["engines"],
        summary="The engines and models that the organisation may use",
        responses=EngineListSerializer,
    )
    def get(self, request: Request) -> Response:
        """Those of its plan, in their usual order, then its own."""
        told = [_shown(engine) for engine in offered(tenant_of(request))]
        return Response(EngineListSerializer({"engines": told}).data)


def _shown(engine: OfferedEngine) -> dict[str, Any]:
    model = engine.model
    report = model.report if model else None
    return {
        "name": engine.name,
        "title": engine.title,
        "default": engine.default,
        "boxes": engine.boxes,
        "revision": engine.revision,
        "workers": engine.workers,
        "model": model
        and {
            "available": model.available,
            "loaded": model.loaded,
            "dtype": report and report.dtype,
            "quantisation": report and report.quantisation,
            "batch": report and report.batch,
            "max_pixels": report and report.max_pixels,
            "memory_bytes": report and report.memory_bytes,
            "licence": model.licence,
        },
    }
