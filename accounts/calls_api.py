"""An organisation's last calls of the API, through the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import APIException, NotFound
from rest_framework.generics import GenericAPIView
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from accounts.limits import USUAL
from accounts.models import Tenant
from accounts.recent_calls import KINDS, Call, Wanted, calls, leaf, names_of
from accounts.tenancy import actor_of

USUAL_PAGE, MOST_A_PAGE = 50, 200
PARAMETERS = [
    OpenApiParameter("outcome", enum=list(KINDS), description="how the call ended"),
    OpenApiParameter("caller", OpenApiTypes.UUID, description="the id of a key or person"),
    OpenApiParameter("path", description="a part of method and address: /ocr/jobs, POST"),
]


class CallsUnavailable(APIException):
    """What keeps the calls does not answer."""

    status_code = 503
    default_code = "calls_unavailable"
    default_detail = "The calls cannot be read now. The API works."
    title = "The calls cannot be read now"


class CallsQuery(serializers.Serializer[Any]):
    """Which calls, and how many of them."""

    outcome = serializers.ChoiceField(list(KINDS), required=False, allow_blank=True)
    caller = serializers.UUIDField(required=False)
    path = serializers.CharField(required=False, allow_blank=True, max_length=100)
    page_size = serializers.IntegerField(default=USUAL_PAGE, min_value=1, max_value=MOST_A_PAGE)

    def wanted(self, before: int | None) -> Wanted:
        """What a valid query asks for, of those that came earlier than ``before``."""
        data = self.validated_data
        caller = data.get("caller")
        return Wanted(
            kind=data.get("outcome", ""),
            caller=str(caller) if caller else "",
            path=data.get("path", ""),
            before=before,
        )


class CallSerializer(serializers.Serializer[Call]):
    """A call. The context has callers' ``names``, and whether ``addresses`` may be seen."""

    at = serializers.DateTimeField(source="moment", help_text="when it came")
    method = serializers.CharField()
    path = serializers.CharField(help_text="without its query; of a signed link the pattern alone")
    status = serializers.IntegerField()
    outcome = serializers.ChoiceField(list(KINDS), source="kind")
    code = serializers.CharField(allow_blank=True, help_text="of the error, empty where none was")
    milliseconds = serializers.IntegerField()
    caller = serializers.UUIDField(help_text="the key's id, or the person's")
    by_key = serializers.BooleanField()
    caller_name = serializers.SerializerMethodField(help_text="null where it is gone")
    address = serializers.SerializerMethodField(help_text="null for those who may not manage keys")
    request_id = serializers.CharField()

    def get_caller_name(self, call: Call) -> str | None:
        name: str | None = self.context["names"].get(call.caller)
        return name

    def get_address(self, call: Call) -> str | None:
        return call.address if self.context["addresses"] else None


class ByMoment(BasePagination):
    """Newest first; the cursor is the moment of the last one, so nothing new shifts the rest."""

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """As other lists have them."""
        size = {"type": "integer", "minimum": 1, "maximum": MOST_A_PAGE, "default": USUAL_PAGE}
        text = {"type": "string"}
        return [
            {"name": "cursor", "in": "query", "description": "from `next`", "schema": text},
            {"name": "page_size", "in": "query", "description": "calls a page", "schema": size},
        ]

    def get_paginated_response_schema(self, schema: Any) -> dict[str, Any]:
        """The next page's address, and this one's calls."""
        return {
            "type": "object",
            "required": ["next", "results"],
            "properties": {
                "next": {"type": ["string", "null"], "format": "uri"},
                "results": schema,
            },
        }


class CallsView(GenericAPIView[Any]):
    """The last calls of the API, as programs and the console made them."""

    actions: ClassVar[Mapping[str, str]] = {"get": "usage:read"}
    rates: ClassVar[Mapping[str, str]] = USUAL
    serializer_class = CallSerializer
    pagination_class = ByMoment

    @extend_schema(
        operation_id="calls",
        tags=["usage"],
        summary="The last calls of the API, newest first",
        parameters=PARAMETERS,
        responses=CallSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """Up to 7 days back, without what was sent and answered; no evidence, but a help."""
        query = CallsQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        actor = actor_of(request)
        wanted = query.wanted(_moment(request.query_params.get("cursor")))
        found = calls(actor.tenant, wanted)
        if found is None:
            raise CallsUnavailable
        shown, older = leaf(found, query.validated_data["page_size"])
        context = {"names": _names(actor.tenant, shown), "addresses": actor.may("keys:manage")}
        results = CallSerializer(shown, many=True, context=context)  # type: ignore[arg-type]
        link = None
        if older is not None:
            link = replace_query_param(request.build_absolute_uri(), "cursor", str(older))
        return Response({"next": link, "results": results.data})


def _names(tenant: Tenant, shown: Sequence[Call]) -> Mapping[str, str]:
    return names_of(tenant, shown) if shown else {}


def _moment(cursor: str | None) -> int | None:
    """Raises NotFound for a cursor that is none of ours."""
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= 16):
        raise NotFound
    return int(cursor)
