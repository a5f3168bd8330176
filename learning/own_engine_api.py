"""Organisations' own engines through the API: parse, call one function, reply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.audit import address_of
from accounts.limits import USUAL
from accounts.tenancy import TenantMixin, actor_of
from jobs import own_engines
from jobs.models import TenantEngine
from learning.dataset_api import GONE, READ, WRITE
from learning.serializers import (
    OwnEngineListSerializer,
    OwnEngineSerializer,
)


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
