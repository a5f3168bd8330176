"""The API's view of members and invitations: what comes in, what goes out."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import Any

from rest_framework import serializers

from accounts import clock
from accounts.invitations import Senders, State, senders_of, state_of
from accounts.members import keys_made_by
from accounts.models import ApiKey, Invitation, Membership
from accounts.permissions import Role
from accounts.tenancy import tenant_of


class MemberSerializer(serializers.ModelSerializer[Membership]):
    """A member; ``id`` is the person's."""

    id = serializers.UUIDField(source="user_id")
    email = serializers.EmailField(source="user.email")
    name = serializers.CharField(source="user.name")
    active = serializers.BooleanField(
        source="user.is_active", help_text="false: the account is switched off"
    )
    joined_at = serializers.DateTimeField(source="created_at")

    class Meta:
        model = Membership
        fields = ["id", "email", "name", "role", "active", "joined_at"]
        read_only_fields = fields


class KeyOfMemberSerializer(serializers.ModelSerializer[ApiKey]):
    """A key that a member has made."""

    class Meta:
        model = ApiKey
        fields = ["id", "name", "prefix", "expires_at", "last_used_at"]
        read_only_fields = fields


class MemberDetailSerializer(MemberSerializer):
    """A member, with the live keys they have made: those stay when the person goes."""

    api_keys = serializers.SerializerMethodField()

    class Meta(MemberSerializer.Meta):
        fields = [*MemberSerializer.Meta.fields, "api_keys"]
        read_only_fields = fields

    def get_api_keys(self, member: Membership) -> list[dict[str, Any]]:
        keys = keys_made_by(member.user, member.tenant)
        return list(KeyOfMemberSerializer(keys, many=True).data)


class ChangeMemberSerializer(serializers.Serializer[Any]):
    """What is to be changed of a member."""

    role = serializers.ChoiceField(Role.choices)


class TransferSerializer(serializers.Serializer[Any]):
    """To whom the organisation is handed over, and proof that its owner does it."""

    member = serializers.UUIDField(help_text="The id of a member.")
    password = serializers.CharField(
        max_length=1024, trim_whitespace=False, help_text="The caller's own."
    )


class InvitationSerializer(serializers.ModelSerializer[Invitation]):
    """An invitation, without its link."""

    status = serializers.SerializerMethodField()
    invited_by = serializers.SerializerMethodField(
        help_text="The person's e-mail address, or the name of an API key."
    )

    class Meta:
        model = Invitation
        fields = [
            "id",
            "email",
            "role",
            "status",
            "invited_by",
            "created_at",
            "sent_at",
            "expires_at",
            "accepted_at",
            "revoked_at",
        ]
        read_only_fields = fields

    def get_status(self, invitation: Invitation) -> State:
        senders, now = self._standing
        return state_of(invitation, senders, now)

    def get_invited_by(self, invitation: Invitation) -> str | None:
        sender = invitation.api_key or invitation.invited_by
        return None if sender is None else getattr(sender, "email", "") or str(sender)

    @cached_property
    def _standing(self) -> tuple[Senders, datetime]:
        """Asked once for a whole list, which has one serializer for its rows."""
        return senders_of(tenant_of(self.context["request"])), clock.now()


class NewInvitationSerializer(serializers.Serializer[Any]):
    """Whom to invite, and as what."""

    email = serializers.EmailField(max_length=254)
    role = serializers.ChoiceField(Role.choices)


class SentInvitationSerializer(InvitationSerializer):
    """An invitation whose link has just been made."""

    sent = serializers.BooleanField(help_text="Whether an e-mail with the link is on its way.")
    link = serializers.CharField(
        allow_null=True,
        help_text="Where no e-mail was sent, the link to hand over yourself; shown this once.",
    )

    class Meta(InvitationSerializer.Meta):
        fields = [*InvitationSerializer.Meta.fields, "sent", "link"]
        read_only_fields = fields
