"""What the organisation's plan promises, and what was measured in a month."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import clock
from accounts.limits import USUAL
from accounts.tenancy import tenant_of
from jobs import service_levels
from jobs.service_serializers import ServiceLevelSerializer, as_told


class ServiceLevelView(APIView):
    """A month's service level."""

    actions: ClassVar[Mapping[str, str]] = {"get": "usage:read"}
    rates: ClassVar[Mapping[str, str]] = USUAL

    @extend_schema(
        operation_id="service_level",
        tags=["usage"],
        summary="A month's service level: promised, measured, and what is left of the error budget",
        parameters=[
            OpenApiParameter("month", description="2026-11, for example; this one if left out")
        ],
        responses=ServiceLevelSerializer,
    )
    def get(self, request: Request) -> Response:
        """Of days and months of UTC."""
        first = service_levels.month_from(request.query_params.get("month"), clock.today())
        found = service_levels.month(tenant_of(request), first)
        return Response(ServiceLevelSerializer(as_told(found)).data)
