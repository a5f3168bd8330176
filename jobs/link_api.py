"""The endpoints of signed links."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.http import FileResponse, Http404
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from accounts.audit import address_of
from accounts.tenancy import actor_of
from extraction.errors import InvalidOption
from extraction.formats import FORMATS
from jobs import links, retention, storage
from jobs.downloads import as_download
from jobs.job_answers import JobView, result_response

MAX_FILES = 100  # in one request


class WantedLinksSerializer(serializers.Serializer[Any]):
    """Which files links are wanted to."""

    files = serializers.ListField(
        child=serializers.CharField(max_length=40),
        required=False,
        allow_empty=False,
        max_length=MAX_FILES,
        help_text="original, page-1, or a format's name; the original and every format if absent",
    )


class LinksSerializer(serializers.Serializer[Any]):
    """Links by the files' names."""

    links = serializers.DictField(child=serializers.URLField(), source="urls")
    expires_at = serializers.DateTimeField()


class JobLinksView(JobView):
    """Links to a job's files, which need no key."""

    actions: ClassVar[Mapping[str, str]] = {"post": "jobs:read"}

    @extend_schema(
        summary="Make links to a job's files that need no key",
        request=WantedLinksSerializer,
        responses={201: LinksSerializer},
    )
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Links that work for five minutes, for whoever has them."""
        form = WantedLinksSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        job = self.get_object()
        made = links.make(
            job,
            form.validated_data.get("files") or links.names_of(job),
            actor=actor_of(request),
            address=address_of(request),
            url_of=lambda token: reverse("link", args=[token], request=request),
        )
        return Response(LinksSerializer(made).data, status=201)


class LinkView(APIView):
    """A file by its signed link."""

    permission_classes = [AllowAny]
    authentication_classes = []
    rates: ClassVar[Mapping[str, str]] = {"get": "public"}

    @extend_schema(
        summary="A file by its signed link",
        responses={(200, "*/*"): OpenApiTypes.ANY},
    )
    def get(self, request: Request, token: str) -> HttpResponseBase:
        """The file as a download that no browser runs; 410 when the link's time is over."""
        job, name = links.opened(token, address=address_of(request))
        try:
            kept = links.kept_file(job, name)
            if kept is None:
                return retention.delivering(job, result_response(job, name), request.method)
            file = storage.open_file(kept.key)
        except (InvalidOption, FileNotFoundError) as error:
            raise Http404 from error
        answer = as_download(FileResponse(file, content_type=kept.media_type), kept.name)
        return retention.delivering(job, answer, request.method) if name in FORMATS else answer
