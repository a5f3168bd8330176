"""The audit log through the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils.dateparse import parse_datetime
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.generics import ListAPIView
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.audit_actions import words_of
from accounts.audit_forms import AuditFilterForm
from accounts.audit_log import Wanted, entries
from accounts.limits import USUAL
from accounts.models import AuditEntry
from accounts.tenancy import tenant_of

PARAMETERS = [
    OpenApiParameter("actor", description="how its name begins: an e-mail address, a key's prefix"),
    OpenApiParameter("actor_id", OpenApiTypes.UUID, description="the id of a person or key"),
    OpenApiParameter("action", description="one action, as key.create, or the part before the dot"),
    OpenApiParameter("object_type", description="as in the entries: jobs.job"),
    OpenApiParameter("object_id"),
    OpenApiParameter("address", description="an IP address"),
    OpenApiParameter("since", OpenApiTypes.DATETIME, description="ISO 8601; UTC without an offset"),
    OpenApiParameter("until", OpenApiTypes.DATETIME, description="likewise; exclusive"),
]


class AuditEntrySerializer(serializers.ModelSerializer[AuditEntry]):
    """An entry; ``user`` and ``api_key`` are ids, of what may be gone."""

    user = serializers.UUIDField(source="user_id", allow_null=True)
    api_key = serializers.UUIDField(source="api_key_id", allow_null=True)
    words = serializers.SerializerMethodField(help_text="the action in plain words")
    before = serializers.DictField(allow_null=True)
    after = serializers.DictField(allow_null=True)

    class Meta:
        model = AuditEntry
        fields = [
            "id",
            "at",
            "actor",
            "user",
            "api_key",
            "action",
            "words",
            "object_type",
            "object_id",
            "address",
            "request_id",
            "before",
            "after",
        ]
        read_only_fields = fields

    def get_words(self, entry: AuditEntry) -> str:
        return words_of(entry.action)


class NewestEntries(CursorPagination):
    """By time, newest first, at the same cost on the last page as on the first."""

    ordering = ("-at", "-id")
    page_size_query_param = "page_size"
    max_page_size = 200

    def decode_cursor(self, request: Request) -> Cursor | None:
        """The cursor's place in the list; raises NotFound where it names none."""
        cursor = super().decode_cursor(request)
        if cursor is not None and cursor.position is not None:
            try:
                at = parse_datetime(str(cursor.position))
            except ValueError:
                at = None
            if at is None or at.tzinfo is None:
                raise NotFound(self.invalid_cursor_message)
        return cursor


def wanted_of(request: Request) -> Wanted:
    """The filters of a request. Raises ValidationError."""
    form = AuditFilterForm(request.query_params)
    if not form.is_valid():
        wrong = {name: [str(each) for each in errors] for name, errors in form.errors.items()}
        raise ValidationError(wrong)
    return form.wanted()


class AuditView(ListAPIView[AuditEntry]):
    """Who did what in the organisation."""

    actions: ClassVar[Mapping[str, str]] = {"get": "audit:read"}
    rates: ClassVar[Mapping[str, str]] = USUAL
    serializer_class = AuditEntrySerializer
    pagination_class = NewestEntries
    queryset = AuditEntry.objects.none()

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):  # the schema is drawn without a request
            return self.queryset
        return entries(tenant_of(self.request), wanted_of(self.request))

    @extend_schema(
        operation_id="audit",
        tags=["audit"],
        summary="The audit log: who did what, newest first",
        parameters=PARAMETERS,
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The organisation's entries. They are never changed."""
        return super().get(request, *args, **kwargs)
