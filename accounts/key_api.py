"""API keys through the API: parse, call one function, reply."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

from django.core.exceptions import ValidationError as Invalid
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.serializers import as_serializer_error

from accounts import key_changes
from accounts.audit import address_of
from accounts.key_changes import MANAGE, KeyTerms
from accounts.key_serializers import (
    ApiKeySerializer,
    ChangeKeySerializer,
    MadeKeySerializer,
    NewKeySerializer,
    RotateSerializer,
)
from accounts.keys import revoke_api_key
from accounts.limits import USUAL
from accounts.models import KEY_STATES, ApiKey
from accounts.tenancy import TenantMixin, actor_of

TAGS = ["keys"]


class KeyView(TenantMixin, GenericAPIView[ApiKey]):
    """What these endpoints share: the tenant's keys."""

    queryset = ApiKey.objects.select_related("tenant", "created_by")
    serializer_class = ApiKeySerializer
    rates: ClassVar[Mapping[str, str]] = USUAL

    def shown(self, key: ApiKey, raw: str, status: int = 200) -> Response:
        """The key with its text; never kept by a cache."""
        location = reverse("key", args=[key.pk], request=self.request)
        headers = {"Cache-Control": "no-store"}
        headers |= {"Location": location} if status == 201 else {}
        return Response({**ApiKeySerializer(key).data, "key": raw}, status=status, headers=headers)


class KeyListView(KeyView, ListAPIView[ApiKey]):
    """The tenant's keys, newest first; POST makes one."""

    actions: ClassVar[Mapping[str, str]] = {"get": MANAGE, "post": MANAGE}

    def filter_queryset(self, queryset: Any) -> Any:
        wanted = self.request.query_params.get("status")
        if wanted is None:
            return queryset
        if wanted not in KEY_STATES:
            raise ValidationError({"status": [f"It is one of: {', '.join(KEY_STATES)}."]})
        if wanted == "revoked":
            return queryset.exclude(revoked_at=None)
        return queryset.expired() if wanted == "expired" else queryset.live()

    @extend_schema(
        operation_id="keys",
        tags=TAGS,
        summary="List API keys, newest first",
        parameters=[OpenApiParameter("status", enum=KEY_STATES)],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The tenant's keys, without their texts."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="key_create",
        tags=TAGS,
        summary="Make an API key",
        request=NewKeySerializer,
        responses={201: MadeKeySerializer},
    )
    def post(self, request: Request) -> Response:
        """Its text is in this answer and in no other; it may do no more than who makes it."""
        form = NewKeySerializer(data=request.data)
        form.is_valid(raise_exception=True)
        with _told_by_field():
            made = key_changes.make_key(
                terms=KeyTerms(**form.validated_data),
                actor=actor_of(request),
                address=address_of(request),
            )
        return self.shown(*made, status=201)


class KeyDetailView(KeyView):
    """One key."""

    actions: ClassVar[Mapping[str, str]] = {"get": MANAGE, "patch": MANAGE, "delete": MANAGE}

    @extend_schema(operation_id="key", tags=TAGS, summary="An API key")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The key, without its text."""
        return Response(ApiKeySerializer(self.get_object()).data)

    @extend_schema(
        operation_id="key_change",
        tags=TAGS,
        summary="Change an API key's name, scopes, networks or expiry",
        request=ChangeKeySerializer,
        responses=ApiKeySerializer,
    )
    def patch(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """It holds from the next call on."""
        key = self.get_object()
        form = ChangeKeySerializer(data=request.data)
        form.is_valid(raise_exception=True)
        with _told_by_field():
            key = key_changes.change_key(
                key,
                changes=form.validated_data,
                actor=actor_of(request),
                address=address_of(request),
            )
        return Response(ApiKeySerializer(key).data)

    @extend_schema(
        operation_id="key_revoke",
        tags=TAGS,
        summary="Revoke an API key",
        responses={204: None},
    )
    def delete(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """It is refused from now on; its row stays, for the history."""
        revoke_api_key(self.get_object(), actor=actor_of(request), address=address_of(request))
        return Response(status=204)


class KeyRotateView(KeyView):
    """A key's text."""

    actions: ClassVar[Mapping[str, str]] = {"post": MANAGE, "delete": MANAGE}

    @extend_schema(
        operation_id="key_rotate",
        tags=TAGS,
        summary="A new text for an API key; the one before opens it too for 24 hours",
        request=RotateSerializer,
        responses=MadeKeySerializer,
    )
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The text is in this answer and in no other."""
        key = self.get_object()
        form = RotateSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        return self.shown(
            *key_changes.rotate_key(
                key, **form.validated_data, actor=actor_of(request), address=address_of(request)
            )
        )

    @extend_schema(
        operation_id="key_rotate_end",
        tags=TAGS,
        summary="Refuse the text before the last rotation from now on",
        responses={200: ApiKeySerializer},
    )
    def delete(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The overlap ends now."""
        key = key_changes.end_rotation(
            self.get_object(), actor=actor_of(request), address=address_of(request)
        )
        return Response(ApiKeySerializer(key).data)


@contextmanager
def _told_by_field() -> Iterator[None]:
    """Django's ValidationError as the API tells it."""
    try:
        yield
    except Invalid as error:
        raise ValidationError(as_serializer_error(error)) from error
