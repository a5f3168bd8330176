"""What the sign-in endpoints take and give."""

from typing import Any

from rest_framework import serializers

from accounts.models import Tenant
from accounts.permissions import Role


class TenantSerializer(serializers.ModelSerializer[Tenant]):
    """An organisation as its members see it."""

    class Meta:
        model = Tenant
        fields = ["id", "name", "slug"]
        read_only_fields = fields


class CredentialsSerializer(serializers.Serializer[Any]):
    email = serializers.EmailField()
    password = serializers.CharField(max_length=1024, trim_whitespace=False)
    otp = serializers.CharField(
        max_length=20,
        required=False,
        help_text="A code of the person's authenticator app, or a recovery code.",
    )
    tenant = serializers.CharField(
        max_length=100,
        required=False,
        help_text="Id or slug of the organisation; without it, the first one joined.",
    )


class RefreshSerializer(serializers.Serializer[Any]):
    refresh = serializers.CharField(max_length=4096)


class TokenPairSerializer(serializers.Serializer[Any]):
    access = serializers.CharField(help_text="Send it as `Authorization: Bearer ...`.")
    refresh = serializers.CharField(help_text="Serves once; the answer brings the next one.")
    expires_in = serializers.IntegerField(help_text="Seconds until the access token expires.")
    tenant = TenantSerializer()


class MemberTenantSerializer(TenantSerializer):
    """An organisation, with the caller's role in it."""

    role = serializers.ChoiceField(Role.choices, allow_null=True)

    class Meta(TenantSerializer.Meta):
        fields = [*TenantSerializer.Meta.fields, "role"]


class ActorSerializer(serializers.Serializer[Any]):
    """Who the credentials speak for; ``user`` or ``api_key`` is null."""

    class PersonSerializer(serializers.Serializer[Any]):
        id = serializers.UUIDField()
        email = serializers.EmailField()
        name = serializers.CharField()

    class KeySerializer(serializers.Serializer[Any]):
        id = serializers.UUIDField()
        name = serializers.CharField()
        prefix = serializers.CharField()
        scopes = serializers.ListField(child=serializers.CharField())
        expires_at = serializers.DateTimeField(allow_null=True)

    user = PersonSerializer(allow_null=True)
    api_key = KeySerializer(allow_null=True)
    tenant = TenantSerializer()
    role = serializers.ChoiceField(Role.choices, allow_null=True)
    permissions = serializers.ListField(child=serializers.CharField())
    tenants = MemberTenantSerializer(many=True)
