"""The API's view of webhooks and deliveries: what comes in, what goes out."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from jobs.models import Delivery, DeliveryAttempt, Webhook
from jobs.webhooks import EVENTS

URL = "https, a public host, port 80 or 443"


class WebhookSerializer(serializers.ModelSerializer[Webhook]):
    """A webhook, without its secret."""

    class Meta:
        model = Webhook
        fields = [
            "id",
            "url",
            "events",
            "active",
            "disabled_reason",
            "failing_since",
            "paused_until",
            "old_secret_until",
            "created_at",
        ]
        read_only_fields = fields


class NewWebhookSerializer(serializers.Serializer[Any]):
    """A webhook to be made."""

    url = serializers.CharField(help_text=URL)
    events = serializers.ListField(
        child=serializers.ChoiceField(choices=list(EVENTS.items())), allow_empty=False
    )


class ChangeWebhookSerializer(serializers.Serializer[Any]):
    """What is to be changed of a webhook."""

    url = serializers.CharField(required=False, help_text=URL)
    events = serializers.ListField(
        child=serializers.ChoiceField(choices=list(EVENTS.items())),
        allow_empty=False,
        required=False,
    )
    active = serializers.BooleanField(required=False)


class SecretSerializer(serializers.Serializer[Any]):
    """A new secret, shown this once."""

    secret = serializers.CharField()


class MadeWebhookSerializer(WebhookSerializer):
    """A webhook just made, with its secret, shown this once."""

    secret = serializers.CharField()

    class Meta(WebhookSerializer.Meta):
        fields = [*WebhookSerializer.Meta.fields, "secret"]
        read_only_fields = fields


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    """A delivery in a list."""

    webhook = serializers.UUIDField(
        source="webhook_id", allow_null=True, help_text="null for a job's callback"
    )
    url = serializers.SerializerMethodField(help_text="where it goes")

    class Meta:
        model = Delivery
        fields = [
            "id",
            "webhook",
            "url",
            "message",
            "event",
            "status",
            "tries",
            "due_at",
            "error",
            "created_at",
            "ended_at",
        ]
        read_only_fields = fields

    def get_url(self, delivery: Delivery) -> str:
        return delivery.webhook.url if delivery.webhook else delivery.url


class AttemptSerializer(serializers.ModelSerializer[DeliveryAttempt]):
    """One request and what came back."""

    class Meta:
        model = DeliveryAttempt
        fields = ["number", "at", "seconds", "code", "answer", "error"]
        read_only_fields = fields


class DeliveryDetailSerializer(DeliverySerializer):
    """A delivery with what it sends and every attempt."""

    attempts = AttemptSerializer(many=True)
    body = serializers.SerializerMethodField(help_text="the body as it is signed, as text")

    class Meta(DeliverySerializer.Meta):
        fields = [*DeliverySerializer.Meta.fields, "body", "attempts"]
        read_only_fields = fields

    @extend_schema_field(OpenApiTypes.STR)
    def get_body(self, delivery: Delivery) -> str:
        return delivery.body
