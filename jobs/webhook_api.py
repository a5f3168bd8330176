"""Webhooks and their deliveries through the API: parse, call one function, reply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from accounts.audit import address_of
from accounts.limits import USUAL
from accounts.tenancy import TenantMixin, actor_of
from extraction.errors import InvalidOption
from jobs import receivers
from jobs.models import Delivery, Webhook
from jobs.receivers import WRITE
from jobs.webhook_serializers import (
    ChangeWebhookSerializer,
    DeliveryDetailSerializer,
    DeliverySerializer,
    MadeWebhookSerializer,
    NewWebhookSerializer,
    SecretSerializer,
    WebhookSerializer,
)
from jobs.webhooks import EVENTS, PING

TAGS = ["webhooks"]


class WebhookView(TenantMixin, GenericAPIView[Webhook]):
    """What these endpoints share: the tenant's webhooks."""

    queryset = Webhook.objects.select_related("tenant")
    serializer_class = WebhookSerializer


class WebhookListView(WebhookView, ListAPIView[Webhook]):
    """The tenant's webhooks, newest first; POST makes one."""

    actions: ClassVar[Mapping[str, str]] = {"get": WRITE, "post": WRITE}
    rates: ClassVar[Mapping[str, str]] = USUAL

    @extend_schema(operation_id="webhooks", tags=TAGS, summary="List webhooks, newest first")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The tenant's webhooks."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="webhook_create",
        tags=TAGS,
        summary="Make a webhook",
        request=NewWebhookSerializer,
        responses={201: MadeWebhookSerializer},
    )
    def post(self, request: Request) -> Response:
        """Its secret is in this answer and in no other."""
        form = NewWebhookSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        webhook, secret = receivers.create(
            url=form.validated_data["url"],
            events=form.validated_data["events"],
            actor=actor_of(request),
            address=address_of(request),
        )
        location = reverse("webhook", args=[webhook.pk], request=request)
        made = {**WebhookSerializer(webhook).data, "secret": secret}
        return Response(made, status=201, headers={"Location": location})


class WebhookDetailView(WebhookView):
    """One webhook."""

    actions: ClassVar[Mapping[str, str]] = {"get": WRITE, "patch": WRITE, "delete": WRITE}
    rates: ClassVar[Mapping[str, str]] = USUAL

    @extend_schema(operation_id="webhook", tags=TAGS, summary="A webhook")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The webhook, without its secret."""
        return Response(WebhookSerializer(self.get_object()).data)

    @extend_schema(
        operation_id="webhook_change",
        tags=TAGS,
        summary="Change a webhook, switch it off or on",
        request=ChangeWebhookSerializer,
        responses=WebhookSerializer,
    )
    def patch(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Switched off, what was on its way to it is failed, and can be replayed later."""
        webhook = self.get_object()
        form = ChangeWebhookSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        webhook = receivers.change(
            webhook, **form.validated_data, actor=actor_of(request), address=address_of(request)
        )
        return Response(WebhookSerializer(webhook).data)

    @extend_schema(
        operation_id="webhook_delete",
        tags=TAGS,
        summary="Delete a webhook with its deliveries",
        responses={204: OpenApiResponse(description="It is gone.")},
    )
    def delete(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Nothing is sent to it any more."""
        receivers.delete(self.get_object(), actor=actor_of(request), address=address_of(request))
        return Response(status=204)


class WebhookRotateView(WebhookView):
    """A webhook's secret."""

    actions: ClassVar[Mapping[str, str]] = {"post": WRITE}
    rates: ClassVar[Mapping[str, str]] = USUAL

    @extend_schema(
        operation_id="webhook_rotate",
        tags=TAGS,
        summary="A new secret; the one before signs too for 24 hours",
        request=None,
        responses=SecretSerializer,
    )
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The secret is in this answer and in no other."""
        return Response(
            {
                "secret": receivers.rotate(
                    self.get_object(), actor=actor_of(request), address=address_of(request)
                )
            }
        )


class CallbackSecretView(WebhookView):
    """The secret of the callbacks that jobs name themselves."""

    actions: ClassVar[Mapping[str, str]] = {"post": WRITE}
    rates: ClassVar[Mapping[str, str]] = USUAL

    @extend_schema(
        operation_id="callback_secret",
        tags=TAGS,
        summary="A new secret for callback_url; the one before signs too for 24 hours",
        request=None,
        responses=SecretSerializer,
    )
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The secret is in this answer and in no other."""
        return Response(
            {
                "secret": receivers.rotate_callback(
                    actor=actor_of(request), address=address_of(request)
                )
            }
        )


class WebhookPingView(WebhookView):
    """A test of a webhook."""

    actions: ClassVar[Mapping[str, str]] = {"post": WRITE}
    rates: ClassVar[Mapping[str, str]] = USUAL

    @extend_schema(
        operation_id="webhook_ping",
        tags=TAGS,
        summary="Send a test",
        request=None,
        responses={202: DeliverySerializer},
    )
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A delivery of the event webhook.ping, signed and tried as all others."""
        delivery = receivers.ping(
            self.get_object(), actor=actor_of(request), address=address_of(request)
        )
        return Response(DeliverySerializer(delivery).data, status=202)


class DeliveryView(TenantMixin, GenericAPIView[Delivery]):
    """What the endpoints of deliveries share: the tenant's deliveries."""

    queryset = Delivery.objects.select_related("webhook", "tenant")
    serializer_class = DeliverySerializer


class DeliveryListView(DeliveryView, ListAPIView[Delivery]):
    """The tenant's deliveries, newest first."""

    actions: ClassVar[Mapping[str, str]] = {"get": WRITE}
    rates: ClassVar[Mapping[str, str]] = USUAL

    def filter_queryset(self, queryset: Any) -> Any:
        query = self.request.query_params
        for name, known in (("status", Delivery.Status.values), ("event", [*EVENTS, PING])):
            if (value := query.get(name)) is not None:
                if value not in known:
                    raise InvalidOption(f"{name} is not one of: {', '.join(known)}")
                queryset = queryset.filter(**{name: value})
        if (webhook := query.get("webhook")) is not None:
            try:
                queryset = queryset.filter(webhook_id=UUID(webhook))
            except ValueError as error:
                raise InvalidOption("webhook is the id of one.") from error
        return queryset.defer("body")

    @extend_schema(
        operation_id="deliveries",
        tags=TAGS,
        summary="List deliveries, newest first",
        parameters=[
            OpenApiParameter("status", enum=Delivery.Status.values),
            OpenApiParameter("event", enum=[*EVENTS, PING]),
            OpenApiParameter("webhook", OpenApiTypes.UUID),
        ],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """To all webhooks and callbacks, or to one webhook."""
        return super().get(request, *args, **kwargs)


class DeliveryDetailView(DeliveryView):
    """One delivery."""

    actions: ClassVar[Mapping[str, str]] = {"get": WRITE}
    rates: ClassVar[Mapping[str, str]] = USUAL

    @extend_schema(
        operation_id="delivery",
        tags=TAGS,
        summary="A delivery with its body and attempts",
        responses=DeliveryDetailSerializer,
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """What is sent, and what every attempt was answered."""
        return Response(DeliveryDetailSerializer(self.get_object()).data)


class DeliveryReplayView(DeliveryView):
    """Sending again."""

    actions: ClassVar[Mapping[str, str]] = {"post": WRITE}
    rates: ClassVar[Mapping[str, str]] = USUAL

    @extend_schema(
        operation_id="delivery_replay",
        tags=TAGS,
        summary="Send a delivery again, or now",
        request=None,
        responses={202: DeliverySerializer},
    )
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Under the same webhook-id, with all tries before it."""
        delivery = receivers.replay(
            self.get_object(), actor=actor_of(request), address=address_of(request)
        )
        return Response(DeliverySerializer(delivery).data, status=202)
