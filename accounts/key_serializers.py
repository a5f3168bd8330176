"""The API's view of API keys: what comes in, what goes out."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.key_changes import MOST_OVERLAP_HOURS, OVERLAP_HOURS
from accounts.models import KEY_STATES, ApiKey
from accounts.name_fields import NameSerializerField
from accounts.networks import MOST
from accounts.permissions import SCOPES

NETWORKS = "It is refused from elsewhere; 203.0.113.0/24, 2001:db8::/32. Empty: from anywhere."
EXPIRES = "null: never"


class RotationSerializer(serializers.Serializer[Any]):
    """The text before the last rotation, as long as it opens the key too."""

    prefix = serializers.CharField()
    until = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True)


class ApiKeySerializer(serializers.ModelSerializer[ApiKey]):
    """An API key, without its text."""

    scopes = serializers.ListField(child=serializers.CharField())
    networks = serializers.ListField(child=serializers.CharField())
    status = serializers.ChoiceField(choices=KEY_STATES)
    created_by = serializers.SerializerMethodField(help_text="null: another key")
    rotation = serializers.SerializerMethodField()

    class Meta:
        model = ApiKey
        fields = [
            "id",
            "name",
            "prefix",
            "scopes",
            "networks",
            "status",
            "expires_at",
            "revoked_at",
            "last_used_at",
            "last_used_from",
            "refused_at",
            "refused_from",
            "rotation",
            "created_at",
            "created_by",
        ]
        read_only_fields = fields
        extra_kwargs = {
            "refused_at": {"help_text": "when it last came from outside its networks"},
        }

    @extend_schema_field(serializers.EmailField(allow_null=True))
    def get_created_by(self, key: ApiKey) -> str | None:
        return key.created_by.email if key.created_by else None

    @extend_schema_field(RotationSerializer(allow_null=True))
    def get_rotation(self, key: ApiKey) -> Any:
        if not key.rotating:
            return None
        old = {"prefix": key.old_prefix, "until": key.old_until, "last_used_at": key.old_used_at}
        return RotationSerializer(old).data


class MadeKeySerializer(ApiKeySerializer):
    """An API key with its text, shown this once."""

    key = serializers.CharField(help_text="Send it as `Authorization: Bearer ...`.")

    class Meta(ApiKeySerializer.Meta):
        fields = [*ApiKeySerializer.Meta.fields, "key"]
        read_only_fields = fields


class NewKeySerializer(serializers.Serializer[Any]):
    """A key to be made."""

    name = NameSerializerField(max_length=100)
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=list(SCOPES)), allow_empty=False
    )
    networks = serializers.ListField(
        child=serializers.CharField(max_length=100),
        max_length=MOST,
        required=False,
        help_text=NETWORKS,
    )
    expires_at = serializers.DateTimeField(required=False, allow_null=True, help_text=EXPIRES)


class ChangeKeySerializer(NewKeySerializer):
    """What is to be changed of a key."""

    name = NameSerializerField(max_length=100, required=False)
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=list(SCOPES)), allow_empty=False, required=False
    )


class RotateSerializer(serializers.Serializer[Any]):
    """How a key is to be rotated."""

    overlap_hours = serializers.IntegerField(
        min_value=0,
        max_value=MOST_OVERLAP_HOURS,
        default=OVERLAP_HOURS,
        help_text="for which the text before opens it too",
    )
