"""What an organisation says of itself, through the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.audit import address_of
from accounts.limits import USUAL
from accounts.models import Tenant, WhenEngineAway
from accounts.name_fields import NameSerializerField
from accounts.organisation_settings import MAX_RETENTION, change_settings, settings_of
from accounts.tenancy import actor_of

TAGS = ["organisation"]


class OrganisationSettingsSerializer(serializers.Serializer[Any]):
    """The settings; what is left out of a change stays as it is."""

    name = NameSerializerField(max_length=200)
    retention_hours = serializers.IntegerField(
        min_value=0,
        max_value=MAX_RETENTION,
        allow_null=True,
        help_text="after a job's end, where the job does not say; 0: until the first download; "
        "null: the installation's",
    )
    require_second_factor = serializers.BooleanField(
        help_text="members without one set it up before they get in"
    )
    when_engine_away = serializers.ChoiceField(
        WhenEngineAway.choices,
        help_text="what becomes of jobs whose engine, on another machine, is out of order",
    )


class OrganisationSettingsView(APIView):
    """The settings of the caller's organisation."""

    actions: ClassVar[Mapping[str, str]] = {"get": "jobs:read", "patch": "settings:write"}
    rates: ClassVar[Mapping[str, str]] = USUAL

    @extend_schema(
        operation_id="organisation_settings",
        tags=TAGS,
        summary="The organisation's settings",
        responses=OrganisationSettingsSerializer,
    )
    def get(self, request: Request) -> Response:
        """As they are."""
        return Response(asdict(settings_of(actor_of(request).tenant)))

    @extend_schema(
        operation_id="organisation_settings_change",
        tags=TAGS,
        summary="Change the organisation's settings",
        request=OrganisationSettingsSerializer(partial=True),
        responses={
            200: OrganisationSettingsSerializer,
            400: OpenApiResponse(description="invalid_option"),
        },
    )
    def patch(self, request: Request) -> Response:
        """They hold from the next request."""
        form = OrganisationSettingsSerializer(data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        actor = actor_of(request)
        wanted = replace(settings_of(actor.tenant), **form.validated_data)
        change_settings(actor, wanted, only=form.validated_data, address=address_of(request))
        return Response(asdict(settings_of(Tenant.objects.get(pk=actor.tenant.pk))))
