"""Datasets, training runs and own engines through the API: parse, call one function, reply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db.models import Count, Q
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import audit
from accounts.audit import address_of
from accounts.grants import grant_to
from accounts.limits import USUAL
from accounts.tenancy import Actor, TenantMixin, actor_of
from extraction.errors import InvalidOption
from jobs import idempotency, own_engines
from jobs.api import ONCE
from jobs.downloads import as_download
from jobs.exporting import held
from jobs.models import TenantEngine
from learning import corrections, datasets, export, promotion, runs
from learning.models import Dataset, Example, RunStatus, TrainingRun
from learning.serializers import (
    DatasetSerializer,
    ExampleSerializer,
    ExampleUploadSerializer,
    ImportedSerializer,
    OwnEngineListSerializer,
    OwnEngineSerializer,
    PromotedSerializer,
    PromoteSerializer,
    TrainingRunDetailSerializer,
    TrainingRunSerializer,
    TrainingSubmitSerializer,
)

READ, WRITE = "jobs:read", "training:write"
GONE = {204: OpenApiResponse(description="It is gone.")}


def once_reply(body: Mapping[str, Any], status: int, repeated: bool) -> Response:
    """What was made, with its address."""
    headers = {"Location": body["links"]["self"]} if "links" in body else {}
    reply = Response(body, status=status, headers=headers)
    if repeated:
        reply[idempotency.REPLAYED] = "true"
    return reply


class DatasetView(TenantMixin, GenericAPIView[Dataset]):
    """What the endpoints of datasets share."""

    queryset = Dataset.objects.select_related("tenant").annotate(
        train=Count("examples", filter=Q(examples__held_out=False)),
        held_out=Count("examples", filter=Q(examples__held_out=True)),
    )
    serializer_class = DatasetSerializer
    rates: ClassVar[Mapping[str, str]] = USUAL


class DatasetListView(DatasetView, ListAPIView[Dataset]):
    """The organisation's datasets, newest first."""

    actions: ClassVar[Mapping[str, str]] = {"get": READ, "post": WRITE}

    @extend_schema(operation_id="datasets", tags=["learning"], summary="List datasets")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """With how many examples each has."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="datasets_create",
        tags=["learning"],
        summary="Make a dataset",
        parameters=[ONCE],
        responses={201: DatasetSerializer},
    )
    def post(self, request: Request) -> Response:
        """Without examples yet: import corrections, or send pages with their texts."""
        form, actor = DatasetSerializer(data=request.data), actor_of(request)
        form.is_valid(raise_exception=True)
        name, base = form.validated_data["name"], form.validated_data["base"]
        once = idempotency.asked(
            request, tenant=actor.tenant, route="datasets", content=lambda: [name, base]
        )
        made, repeated = idempotency.run_once(
            once,
            make=lambda: datasets.create(
                actor=actor, name=name, base=base, once=once, address=address_of(request)
            ),
            find=lambda pk: self.get_queryset().filter(pk=pk).first(),
        )
        return once_reply(self.get_serializer(made).data, 201, repeated is not None)


class DatasetDetailView(DatasetView):
    """One dataset."""

    actions: ClassVar[Mapping[str, str]] = {"get": READ, "delete": WRITE}

    @extend_schema(operation_id="dataset", tags=["learning"], summary="A dataset")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """With how many examples it has."""
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(
        operation_id="dataset_delete",
        tags=["learning"],
        summary="Delete a dataset with its examples and runs",
        responses=GONE,
    )
    def delete(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Not while a run of it has not ended, or an engine reads with what one has learned."""
        datasets.delete(
            dataset=self.get_object(), actor=actor_of(request), address=address_of(request)
        )
        return Response(status=204)


class DatasetCorrectionsView(DatasetView):
    """Examples from what people corrected."""

    actions: ClassVar[Mapping[str, str]] = {"post": WRITE}
    rates: ClassVar[Mapping[str, str]] = {"post": "submit"}

    @extend_schema(
        operation_id="dataset_corrections",
        tags=["learning"],
        summary="Take over the pages on which people corrected or confirmed fields",
        request=None,
        responses=ImportedSerializer,
    )
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Each with the text that the engine wrote and the corrected values in their places."""
        found = corrections.import_corrections(
            dataset=self.get_object(), actor=actor_of(request), address=address_of(request)
        )
        return Response(ImportedSerializer(found).data)


class ExamplesView(DatasetView, ListAPIView[Example]):
    """A dataset's examples, newest first; POST sends one."""

    actions: ClassVar[Mapping[str, str]] = {"get": READ, "post": WRITE}
    rates: ClassVar[Mapping[str, str]] = {"get": "read", "post": "submit"}
    parser_classes = [MultiPartParser]
    queryset = Example.objects.select_related("file", "dataset")  # type: ignore[assignment]
    serializer_class = ExampleSerializer  # type: ignore[assignment]

    def filter_queryset(self, queryset: Any) -> Any:
        return queryset.filter(dataset=self.dataset())

    def dataset(self) -> Dataset:
        """The one that the address names. Raises Http404."""
        rows = Dataset.objects.for_tenant(actor_of(self.request).tenant)
        return get_object_or_404(rows.select_related("tenant"), pk=self.kwargs["pk"])

    @extend_schema(operation_id="dataset_examples", tags=["learning"], summary="List examples")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Pages with their texts, and the side that each is on."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="dataset_examples_create",
        tags=["learning"],
        summary="Send a page with its right text",
        parameters=[ONCE],
        request={"multipart/form-data": ExampleUploadSerializer},
        responses={201: ExampleSerializer},
    )
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """In the place of the example that the dataset has of that page, if it has one."""
        actor, dataset = actor_of(request), self.dataset()
        form = ExampleUploadSerializer(data=request.data)
        if sum(len(files) for _, files in request.FILES.lists()) > 1:
            raise ValidationError({"file": ["One document a request."]})
        form.is_valid(raise_exception=True)
        data = form.validated_data
        upload = data["file"]
        once = idempotency.asked(
            request,
            tenant=actor.tenant,
            route="examples",
            content=lambda: [str(dataset.pk), upload.sha256, data["page"], data["text"]],
        )
        made, repeated = idempotency.run_once(
            once,
            make=lambda: datasets.add_upload(
                dataset=dataset,
                upload=upload,
                page=data["page"],
                text=data["text"],
                actor=actor,
                once=once,
                address=address_of(request),
            ),
            find=lambda pk: self.get_queryset().filter(pk=pk).first(),
        )
        return once_reply(ExampleSerializer(made).data, 201, repeated is not None)


class ExampleView(TenantMixin, GenericAPIView[Example]):
    """One example."""

    actions: ClassVar[Mapping[str, str]] = {"delete": WRITE}
    rates: ClassVar[Mapping[str, str]] = USUAL
    queryset = Example.objects.select_related("file", "dataset")
    serializer_class = ExampleSerializer
    lookup_url_kwarg = "example"

    def filter_queryset(self, queryset: Any) -> Any:
        return queryset.filter(dataset=self.kwargs["pk"])

    @extend_schema(
        operation_id="dataset_example_delete",
        tags=["learning"],
        summary="Take an example out",
        responses=GONE,
    )
    def delete(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Not while a run that has not ended is to learn from it."""
        datasets.remove_example(
            example=self.get_object(), actor=actor_of(request), address=address_of(request)
        )
        return Response(status=204)


def exported(request: HttpRequest | Request, actor: Actor, dataset: Dataset) -> HttpResponseBase:
    """The answer with a dataset. Raises ``Busy``."""
    parts = export.stream(dataset) if request.method == "GET" else iter(())
    with held(parts, grant_to(actor, READ)) as body:
        if request.method == "GET":
            audit.record(
                actor=actor,
                tenant=actor.tenant,
                action="dataset.export",
                obj=dataset,
                address=address_of(request),
            )
        response = StreamingHttpResponse(body, content_type="application/zip")
    return as_download(response, f"{dataset.name}.zip")


class DatasetExportView(DatasetView):
    """A dataset as a file."""

    actions: ClassVar[Mapping[str, str]] = {"get": READ}

    @extend_schema(
        operation_id="dataset_export",
        tags=["learning"],
        summary="A dataset as a zip: its documents, and its examples in lines of JSON",
        responses={(200, "application/zip"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Made while it is sent; ``examples.jsonl`` comes last."""
        return exported(request, actor_of(request), self.get_object())


class RunView(TenantMixin, GenericAPIView[TrainingRun]):
    """What the endpoints of training runs share."""

    queryset = TrainingRun.objects.select_related("tenant", "adapter")
    serializer_class: Any = TrainingRunDetailSerializer
    rates: ClassVar[Mapping[str, str]] = USUAL

    def reply(self, run: TrainingRun) -> Response:
        return Response(self.get_serializer(run).data)


class RunListView(RunView, ListAPIView[TrainingRun]):
    """The organisation's training runs, newest first; POST begins one."""

    actions: ClassVar[Mapping[str, str]] = {"get": READ, "post": WRITE}
    serializer_class = TrainingRunSerializer

    def filter_queryset(self, queryset: Any) -> Any:
        status = self.request.query_params.get("status")
        if status is not None and status not in RunStatus.values:
            raise InvalidOption(f"status {status!r} is not one of: {', '.join(RunStatus.values)}")
        return queryset if status is None else queryset.filter(status=status)

    @extend_schema(
        operation_id="training_runs",
        tags=["learning"],
        summary="List training runs",
        parameters=[OpenApiParameter("status", enum=RunStatus.values)],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """With how far each is."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="training_runs_create",
        tags=["learning"],
        summary="Begin a training run",
        parameters=[ONCE],
        request=TrainingSubmitSerializer,
        responses={202: TrainingRunDetailSerializer},
    )
    def post(self, request: Request) -> Response:
        """It learns from what the dataset holds now, whatever becomes of that."""
        form, actor = TrainingSubmitSerializer(data=request.data), actor_of(request)
        form.is_valid(raise_exception=True)
        rows = Dataset.objects.for_tenant(actor.tenant)
        dataset = rows.filter(pk=form.validated_data["dataset"]).first()
        if dataset is None:
            raise ValidationError({"dataset": ["There is no such dataset."]})
        options = form.options()
        once = idempotency.asked(
            request,
            tenant=actor.tenant,
            route="training-runs",
            content=lambda: {name: str(value) for name, value in form.validated_data.items()},
        )
        run, repeated = idempotency.run_once(
            once,
            make=lambda: runs.submit(
                actor=actor,
                dataset=dataset,
                options=options,
                max_seconds=form.validated_data.get("max_seconds"),
                once=once,
                address=address_of(request),
            ),
            find=lambda pk: self.get_queryset().filter(pk=pk).first(),
        )
        body = TrainingRunDetailSerializer(run, context=self.get_serializer_context()).data
        return once_reply(body, 202, repeated is not None)


class RunDetailView(RunView):
    """One training run."""

    actions: ClassVar[Mapping[str, str]] = {"get": READ, "delete": WRITE}

    @extend_schema(
        operation_id="training_run", tags=["learning"], summary="A training run with its loss"
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """How far it is; once it has ended, how it read what was held out, beside its base."""
        return self.reply(self.get_object())

    @extend_schema(
        operation_id="training_run_delete",
        tags=["learning"],
        summary="Delete an ended training run and what it has learned",
        responses=GONE,
    )
    def delete(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Not while an engine reads with it, or may go back to it."""
        runs.delete(run=self.get_object(), actor=actor_of(request), address=address_of(request))
        return Response(status=204)


class RunCancelView(RunView):
    """Ending a training run."""

    actions: ClassVar[Mapping[str, str]] = {"post": WRITE}

    @extend_schema(
        operation_id="training_run_cancel",
        tags=["learning"],
        summary="Cancel a training run",
        request=None,
    )
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One that a trainer is at ends within seconds; what it took is billed."""
        run = runs.cancel(
            run=self.get_object(), actor=actor_of(request), address=address_of(request)
        )
        return self.reply(run)


class RunPromoteView(RunView):
    """What was learned put to use."""

    actions: ClassVar[Mapping[str, str]] = {"post": WRITE}

    @extend_schema(
        operation_id="training_run_promote",
        tags=["learning"],
        summary="Let an own engine read with what the run has learned",
        request=PromoteSerializer,
        responses=PromotedSerializer,
    )
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """``own:NAME`` is made where there is none. Jobs that wait keep what they had."""
        run, form = self.get_object(), PromoteSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        done = promotion.promote(
            run=run,
            name=form.validated_data["engine"],
            actor=actor_of(request),
            address=address_of(request),
        )
        return Response(PromotedSerializer(done).data)


class OwnEngineView(TenantMixin, GenericAPIView[TenantEngine]):
    """What the endpoints of own engines share."""

    queryset = TenantEngine.objects.select_related("tenant", "active", "former")
    serializer_class: Any = OwnEngineSerializer
    rates: ClassVar[Mapping[str, str]] = USUAL
    lookup_field = "name"
    pagination_class = None


class OwnEngineListView(OwnEngineView):
    """The organisation's own engines."""

    actions: ClassVar[Mapping[str, str]] = {"get": READ}

    @extend_schema(
        operation_id="own_engines",
        tags=["learning"],
        summary="List own engines",
        responses=OwnEngineListSerializer,
    )
    def get(self, request: Request) -> Response:
        """By name, with what each reads with."""
        rows = self.get_queryset().order_by("name")
        return Response(OwnEngineListSerializer({"engines": rows}).data)


class OwnEngineDetailView(OwnEngineView):
    """One own engine."""

    actions: ClassVar[Mapping[str, str]] = {"get": READ, "delete": WRITE}

    @extend_schema(operation_id="own_engine", tags=["learning"], summary="An own engine")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """What it reads with."""
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(
        operation_id="own_engine_delete",
        tags=["learning"],
        summary="Delete an own engine",
        responses=GONE,
    )
    def delete(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Jobs that wait for it will fail; runs keep what they have learned."""
        own_engines.delete(
            row=self.get_object(), actor=actor_of(request), address=address_of(request)
        )
        return Response(status=204)


class OwnEngineRollBackView(OwnEngineView):
    """Going back."""

    actions: ClassVar[Mapping[str, str]] = {"post": WRITE}

    @extend_schema(
        operation_id="own_engine_roll_back",
        tags=["learning"],
        summary="Let an own engine read as before the last promotion",
        request=None,
    )
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """With the adapter before; where there was none, as its base does."""
        row = own_engines.roll_back(
            row=self.get_object(), actor=actor_of(request), address=address_of(request)
        )
        return Response(self.get_serializer(row).data)
