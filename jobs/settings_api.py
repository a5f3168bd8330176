"""What an organisation says of itself, through the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.audit import address_of
from accounts.limits import USUAL
from accounts.models import FEWEST_DPI, MOST_DPI, Tenant, TextLayer, WhenEngineAway
from accounts.name_fields import NameSerializerField
from accounts.organisation_settings import MAX_RETENTION, change_settings, settings_of
from accounts.tenancy import actor_of
from extraction.engines import ENGINES
from extraction.errors import InvalidOption
from jobs.submit_serializers import EngineName, engine_schema
from jobs.usual_options import refuse_default_engine

TAGS = ["organisation"]


@extend_schema_field(engine_schema("", *ENGINES))
class DefaultEngineName(EngineName):
    """The name of an engine, or "" for the installation's default."""


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
    default_engine = DefaultEngineName(
        allow_blank=True, help_text='what reads documents that name no engine; "": as usual here'
    )
    default_text_layer = serializers.ChoiceField(
        TextLayer.values, help_text="text_layer, where a document says none"
    )
    default_dpi = serializers.IntegerField(
        min_value=FEWEST_DPI,
        max_value=MOST_DPI,
        allow_null=True,
        help_text="dpi, where a document says none; null: 200",
    )
    default_strip_furniture = serializers.BooleanField(
        help_text="strip_furniture, where a document says nothing of it"
    )
    default_split = serializers.BooleanField(help_text="split, where a document says nothing of it")
    default_searchable_pdf = serializers.BooleanField(
        allow_null=True,
        help_text="whether the outputs of a document that names none have pdf; null: of those "
        "alone that are sent on pages",
    )
    default_cache = serializers.BooleanField(help_text="cache, where a document says nothing of it")


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
        """They hold from the next request; documents sent before keep what they were given."""
        form = OrganisationSettingsSerializer(data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        actor = actor_of(request)
        try:
            refuse_default_engine(actor.tenant, form.validated_data.get("default_engine", ""))
        except InvalidOption as error:
            raise serializers.ValidationError({"default_engine": [error.detail]}) from error
        wanted = replace(settings_of(actor.tenant), **form.validated_data)
        change_settings(actor, wanted, only=form.validated_data, address=address_of(request))
        return Response(asdict(settings_of(Tenant.objects.get(pk=actor.tenant.pk))))
