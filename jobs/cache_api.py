"""What taking over results has saved an organisation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.limits import USUAL
from accounts.tenancy import tenant_of
from jobs import same_document


class CacheSerializer(serializers.Serializer[Any]):
    """Of the jobs submitted since a moment and not deleted."""

    seconds = serializers.SerializerMethodField(help_text="how long a result serves; 0: never")
    since = serializers.DateTimeField()
    hits = serializers.IntegerField(help_text="jobs that have the result of another")
    misses = serializers.IntegerField(help_text="jobs whose document was read")
    waiting = serializers.IntegerField(help_text="jobs that wait for the result of another")
    pages = serializers.IntegerField(help_text="neither read again nor billed")

    def get_seconds(self, statistics: Any) -> int:
        return int(settings.RESULT_CACHE_SECONDS)


class CacheView(APIView):
    """How often the same document came again."""

    actions: ClassVar[Mapping[str, str]] = {"get": "usage:read"}
    rates: ClassVar[Mapping[str, str]] = USUAL

    @extend_schema(
        summary="How often the same document came again, in 24 hours", responses=CacheSerializer
    )
    def get(self, request: Request) -> Response:
        """Counts of the organisation's jobs."""
        return Response(CacheSerializer(same_document.statistics(tenant_of(request))).data)
