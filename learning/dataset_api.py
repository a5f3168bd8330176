"""Datasets through the API: parse, call one function, reply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db.models import Count, Q
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
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
from jobs import idempotency
from jobs.downloads import as_download
from jobs.exporting import held
from jobs.job_answers import ONCE
from learning import corrections, datasets, export
from learning.models import Dataset, Example
from learning.serializers import (
    DatasetSerializer,
    ExampleSerializer,
    ExampleUploadSerializer,
    ImportedSerializer,
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
