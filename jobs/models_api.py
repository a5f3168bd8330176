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
from accounts.tenancy import actor_of
from extraction import engines
from jobs import own_engines
from jobs.live_workers import live_workers
from jobs.plan_engines import default_engine, engines_of


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
        tenant = actor_of(request).tenant
        workers = live_workers()
        usual = default_engine(tenant)
        vision = {model.name: model for model in engines.configured().vision}
        reports = [worker.report for worker in workers or [] if worker.report]
        told = []
        own = [(str(one), one.base, one.active) for one in own_engines.names_of(tenant)]
        usable = [(name, name, None) for name in engines_of(tenant)]
        for shown, name, adapter in [*usable, *own]:
            row, reads = engines.ENGINES[name], engines.model_of(name)
            there = None if workers is None else sum(each.pool == row.pool for each in workers)
            held = [model for report in reports for model in report.models if model.name == reads]
            first = held[0] if held else None
            told.append(
                {
                    "name": shown,
                    "title": row.title if name == shown else f"{row.title}, taught",
                    "default": shown == usual,
                    "boxes": row.boxes,
                    "revision": own_engines.Chosen(name, adapter).revision,
                    "workers": there,
                    "model": None
                    if reads not in vision
                    else {
                        "available": bool(held) if there else None,
                        "loaded": any(model.loaded for model in held),
                        "dtype": first and first.dtype,
                        "quantisation": first and first.quantisation,
                        "batch": first and first.batch,
                        "max_pixels": first and first.max_pixels,
                        "memory_bytes": first and first.memory_bytes,
                        "licence": vision[reads].licence,
                    },
                }
            )
        return Response(EngineListSerializer({"engines": told}).data)
