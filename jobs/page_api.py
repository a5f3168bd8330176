"""The pages of a job through the API, readable while it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from jobs import download_audit
from jobs.job_answers import JobView
from jobs.models import Page
from jobs.results import page_states, refuse_expired
from jobs.serializers import PageStateSerializer


class JobPagesView(JobView):
    """How far each page is."""

    pagination_class = None
    actions: ClassVar[Mapping[str, str]] = {"get": "jobs:read"}

    @extend_schema(
        summary="How far each page of a job is",
        responses=PageStateSerializer(many=True),
        operation_id="job_pages",
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The pages to be read, in order, each with its status and error; [] until opened."""
        return Response(PageStateSerializer(page_states(self.get_object()), many=True).data)


class JobPageView(JobView):
    """One page's part of the result."""

    actions: ClassVar[Mapping[str, str]] = {"get": "jobs:read"}

    @extend_schema(
        summary="One page of the result, as soon as it is read",
        responses=OpenApiTypes.OBJECT,
        operation_id="job_page",
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The page as in the JSON result; headers and footers are told at the job's end alone."""
        job = self.get_object()
        refuse_expired(job)
        rows = Page.objects.filter(job=job, number=kwargs["number"])
        content = rows.values_list("content", flat=True).first()
        if content is None:
            raise Http404()
        download_audit.note(request, job, "page", by="api")
        return Response(content)
