"""Leaving through the API: everything as a zip, and the organisation deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.http import HttpRequest, StreamingHttpResponse
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import audit
from accounts.audit import address_of
from accounts.grants import grant_to
from accounts.member_errors import NotAPerson, PasswordWrong
from accounts.reauthentication import is_confirmed
from accounts.tenancy import Actor, actor_of
from jobs import departure, takeout
from jobs.exporting import held

NAME = "Type the organisation's name, exactly."


class LeaveSerializer(serializers.Serializer[Any]):
    """The confirmation."""

    name = serializers.CharField(max_length=200, help_text="the organisation's name, exactly")
    password = serializers.CharField(
        max_length=1024,
        trim_whitespace=False,
        default="",
        allow_blank=True,
        help_text="The caller's own; who has none deletes it on the page.",
    )


class DepartureSerializer(serializers.Serializer[Any]):
    """An organisation that is being deleted; its credentials are refused from now on."""

    id = serializers.UUIDField(source="tenant_id")
    name = serializers.CharField()
    due_at = serializers.DateTimeField(help_text="when removing begins; nothing is left after it")


def export(request: HttpRequest | Request, actor: Actor) -> StreamingHttpResponse:
    """The answer with everything. Raises ``Busy``."""
    tenant = actor.tenant
    parts = takeout.stream(tenant) if request.method == "GET" else iter(())
    with held(parts, grant_to(actor, "tenant:export")) as body:
        if request.method == "GET":
            audit.record(
                actor=actor,
                tenant=tenant,
                action="tenant.export",
                obj=tenant,
                address=address_of(request),
            )
        response = StreamingHttpResponse(body, content_type="application/zip")
    name = f"{tenant.slug}-export.zip"
    response["Content-Disposition"] = content_disposition_header(True, name)
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, no-store"
    return response


class OrganisationView(APIView):
    """The organisation as a whole."""

    actions: ClassVar[Mapping[str, str]] = {"delete": "tenant:delete"}
    rates: ClassVar[Mapping[str, str]] = {"delete": "token"}  # a password could be tried out here

    @extend_schema(
        operation_id="organisation_delete",
        tags=["organisation"],
        summary="Delete the organisation with all that it has",
        request=LeaveSerializer,
        responses={
            202: DepartureSerializer,
            400: OpenApiResponse(description="invalid_option"),
            403: OpenApiResponse(description="permission_denied, password_wrong"),
            429: OpenApiResponse(description="login_locked, rate_limited"),
        },
    )
    def delete(self, request: Request) -> Response:
        """Close it at once; its data goes at ``due_at``. Owners only, by token."""
        actor = actor_of(request)
        form = LeaveSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        if form.validated_data["name"] != actor.tenant.name:
            raise ValidationError({"name": [NAME]})
        if actor.user is None:
            raise NotAPerson
        if not is_confirmed(request._request, actor.user, form.validated_data["password"]):
            raise PasswordWrong
        row = departure.begin(actor.tenant, actor=actor, address=address_of(request))
        return Response(DepartureSerializer(row).data, status=202)


class OrganisationExportView(APIView):
    """Everything that the organisation has."""

    actions: ClassVar[Mapping[str, str]] = {"get": "tenant:export"}
    rates: ClassVar[Mapping[str, str]] = {"get": "try"}

    @extend_schema(
        operation_id="organisation_export",
        tags=["organisation"],
        summary="Everything that the organisation has, as a zip",
        responses={(200, "application/zip"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        """Documents, results, corrections, templates, members, usage, audit; no secrets.

        Owners only, by token. Made while it is sent: ``manifest.json`` comes last.
        """
        return export(request, actor_of(request))
