"""Comparisons through the API: parse, call one function, reply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db.models import Prefetch
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.audit import address_of
from accounts.limits import USUAL
from accounts.tenancy import TenantMixin, actor_of
from jobs import comparisons, idempotency, queue
from jobs.comparison_serializers import (
    CompareSubmitSerializer,
    ComparisonDetailSerializer,
    ComparisonSerializer,
)
from jobs.job_answers import ONCE
from jobs.models import ComparedJob, Comparison
from jobs.uploads import DocumentJSONParser
from jobs.usual_options import NOTHING_SAID, usual_options

PARTS = Prefetch("parts", ComparedJob.objects.select_related("job__file", "job__tenant"))


class ComparisonView(TenantMixin, GenericAPIView[Comparison]):
    """What the comparison endpoints share: the tenant's comparisons with their jobs."""

    queryset = Comparison.objects.select_related("tenant").prefetch_related(PARTS)
    serializer_class = ComparisonDetailSerializer
    rates: ClassVar[Mapping[str, str]] = USUAL


class ComparisonListView(ComparisonView):
    """The tenant's comparisons, newest first; POST begins one."""

    actions: ClassVar[Mapping[str, str]] = {"get": "jobs:read", "post": "jobs:write"}
    rates: ClassVar[Mapping[str, str]] = {"get": "read", "post": "submit"}
    parser_classes = [MultiPartParser, DocumentJSONParser]

    @extend_schema(
        operation_id="comparisons",
        tags=["compare"],
        summary="List comparisons, newest first",
        responses=ComparisonSerializer(many=True),
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Without their results."""
        page = self.paginate_queryset(self.get_queryset())
        context = self.get_serializer_context()
        rows = ComparisonSerializer(page or [], many=True, context=context).data
        return self.get_paginated_response(rows)

    @extend_schema(
        operation_id="compare",
        tags=["compare"],
        summary="Have several engines read one document",
        request={
            "multipart/form-data": CompareSubmitSerializer,
            "application/json": CompareSubmitSerializer,
        },
        parameters=[ONCE],
        responses={202: ComparisonSerializer},
    )
    def post(self, request: Request) -> Response:
        """A job for each engine; ask for the comparison again until it is completed."""
        actor = actor_of(request)
        usual = usual_options(actor.tenant)
        queue.refuse_when_full(queue.pool_of(usual.engine))  # before the body is looked at
        form = CompareSubmitSerializer(data=request.data)
        if sum(len(files) for _, files in request.FILES.lists()) > 1:
            raise ValidationError({"file": ["One document a request."]})
        form.is_valid(raise_exception=True)
        data, priority, truth = form.validated_data, form.chosen_priority(), form.known()
        hours = data.get("retention_hours")

        def content() -> list[Any]:
            wanted = [
                form.options(NOTHING_SAID).by_name(),
                data["engines"],
                data.get("metadata"),
                priority,
            ]
            known = [truth.fields, truth.text]
            return [upload.sha256, upload.name, *wanted, *known, data.get("cache", True), hours]

        with form.upload() as upload:
            once = idempotency.asked(request, tenant=actor.tenant, route="compare", content=content)
            comparison, first_status = idempotency.run_once(
                once,
                make=lambda: comparisons.submit_comparison(
                    actor=actor,
                    upload=upload,
                    engines=data["engines"],
                    options=form.options(usual),
                    truth=truth,
                    metadata=data.get("metadata"),
                    priority=priority,
                    cache=data.get("cache"),
                    retention_hours=hours,
                    once=once,
                    address=address_of(request),
                ),
                find=lambda pk: self.get_queryset().filter(pk=pk).first(),
            )
        body = ComparisonSerializer(comparison, context=self.get_serializer_context()).data
        reply = Response(body, status=202, headers={"Location": body["links"]["self"]})
        if first_status is not None:
            reply[idempotency.REPLAYED] = "true"
        return reply


class ComparisonDetailView(ComparisonView):
    """One comparison."""

    actions: ClassVar[Mapping[str, str]] = {"get": "jobs:read", "delete": "jobs:write"}

    @extend_schema(
        operation_id="comparison", tags=["compare"], summary="A comparison with its result"
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """How each engine did; once all have ended, texts and fields side by side."""
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(
        operation_id="comparison_delete",
        tags=["compare"],
        summary="Delete a comparison with its jobs, their results and files",
        responses={204: OpenApiResponse(description="All is gone.")},
    )
    def delete(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Delete it and its jobs."""
        comparisons.delete(self.get_object(), actor=actor_of(request), address=address_of(request))
        return Response(status=204)
