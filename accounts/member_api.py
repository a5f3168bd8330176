"""Members and invitations through the API: parse, call one function, reply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from accounts import invitations, members
from accounts.audit import address_of
from accounts.limits import USUAL
from accounts.member_errors import NotAPerson, PasswordWrong
from accounts.member_serializers import (
    ChangeMemberSerializer,
    InvitationSerializer,
    MemberDetailSerializer,
    MemberSerializer,
    NewInvitationSerializer,
    SentInvitationSerializer,
    TransferSerializer,
)
from accounts.models import Invitation, Membership
from accounts.reauthentication import is_confirmed
from accounts.tenancy import TenantMixin, actor_of

READ, MANAGE = "members:read", "members:manage"
TAGS = ["members"]
# What the functions called here may refuse, beside what any endpoint may answer
WRONG = {400: OpenApiResponse(description="invalid_option")}
TOO_HIGH = {403: OpenApiResponse(description="permission_denied, role_too_high")}
NOT_YOU = {
    403: OpenApiResponse(description="permission_denied, password_wrong"),
    429: OpenApiResponse(description="login_locked, rate_limited"),
}
MISSING = {404: OpenApiResponse(description="not_found")}
OWNERLESS = {409: OpenApiResponse(description="last_owner")}
CLOSED = {409: OpenApiResponse(description="invitation_closed")}
INVITED = {
    409: OpenApiResponse(description="already_member, already_invited"),
    422: OpenApiResponse(description="too_many_invitations"),
}


class MemberView(TenantMixin, GenericAPIView[Membership]):
    """What these endpoints share: the tenant's members, named by the id of the person."""

    queryset = Membership.objects.select_related("user", "tenant")
    serializer_class = MemberSerializer
    lookup_field = "user_id"
    lookup_url_kwarg = "pk"


class MemberListView(MemberView, ListAPIView[Membership]):
    """The tenant's members, in the order of their accounts' age."""

    actions: ClassVar[Mapping[str, str]] = {"get": READ}
    rates: ClassVar[Mapping[str, str]] = USUAL
    ordering = ("user_id",)

    @extend_schema(operation_id="members", tags=TAGS, summary="List members, oldest account first")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The tenant's members."""
        return super().get(request, *args, **kwargs)


class MemberDetailView(MemberView):
    """One member, with the keys they have made: for who may change both."""

    actions: ClassVar[Mapping[str, str]] = {"get": MANAGE, "patch": MANAGE, "delete": MANAGE}
    rates: ClassVar[Mapping[str, str]] = USUAL

    @extend_schema(
        operation_id="member",
        tags=TAGS,
        summary="A member, with the live API keys they have made",
        responses={200: MemberDetailSerializer, **MISSING},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Keys belong to the organisation and stay when their maker goes."""
        return Response(MemberDetailSerializer(self.get_object()).data)

    @extend_schema(
        operation_id="member_change",
        tags=TAGS,
        summary="Change a member's role",
        request=ChangeMemberSerializer,
        responses={200: MemberSerializer, **WRONG, **TOO_HIGH, **MISSING, **OWNERLESS},
    )
    def patch(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Holds from the member's next request."""
        member = self.get_object()
        form = ChangeMemberSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        member = members.change_role(
            member,
            role=form.validated_data["role"],
            actor=actor_of(request),
            address=address_of(request),
        )
        return Response(MemberSerializer(member).data)

    @extend_schema(
        operation_id="member_remove",
        tags=TAGS,
        summary="Remove a member",
        responses={
            204: OpenApiResponse(description="They are no member any more."),
            **TOO_HIGH,
            **MISSING,
            **OWNERLESS,
        },
    )
    def delete(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """From their next request; their account and the keys they have made stay."""
        members.remove(self.get_object(), actor=actor_of(request), address=address_of(request))
        return Response(status=204)


class LeaveView(APIView):
    """Leaving."""

    actions: ClassVar[Mapping[str, str]] = {"post": READ}
    rates: ClassVar[Mapping[str, str]] = USUAL

    @extend_schema(
        operation_id="member_leave",
        tags=TAGS,
        summary="Leave the organisation that the token is for",
        request=None,
        responses={
            204: OpenApiResponse(description="You are no member any more."),
            409: OpenApiResponse(description="last_owner, not_a_person"),
        },
    )
    def post(self, request: Request) -> Response:
        """For people; an API key is no member."""
        members.leave(actor=actor_of(request), address=address_of(request))
        return Response(status=204)


class TransferView(MemberView):
    """Handing the organisation over."""

    actions: ClassVar[Mapping[str, str]] = {"post": "tenant:transfer"}
    rates: ClassVar[Mapping[str, str]] = {"post": "token"}  # a password could be tried out here

    @extend_schema(
        operation_id="member_transfer",
        tags=TAGS,
        summary="Make a member the owner, and oneself an admin",
        request=TransferSerializer,
        responses={200: MemberSerializer, **WRONG, **NOT_YOU, **MISSING, **OWNERLESS},
    )
    def post(self, request: Request) -> Response:
        """For owners, with their password."""
        actor = actor_of(request)
        form = TransferSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        heir = get_object_or_404(self.get_queryset(), user_id=form.validated_data["member"])
        if actor.user is None:
            raise NotAPerson
        if not is_confirmed(request._request, actor.user, form.validated_data["password"]):
            raise PasswordWrong
        members.transfer(heir, actor=actor_of(request), address=address_of(request))
        heir.refresh_from_db()
        return Response(MemberSerializer(heir).data)


class InvitationView(TenantMixin, GenericAPIView[Invitation]):
    """What these endpoints share: the tenant's invitations."""

    queryset = Invitation.objects.select_related("tenant", "invited_by", "api_key")
    serializer_class = InvitationSerializer

    def sent(self, sent: invitations.Sent, status: int) -> Response:
        """The answer that may carry a link; never kept by a cache."""
        shown = InvitationSerializer(sent.invitation, context=self.get_serializer_context()).data
        link = sent.link if sent.failure else None
        body = {**shown, "sent": not sent.failure, "link": link}
        headers = {
            "Cache-Control": "no-store",
            "Location": reverse("invitation", args=[sent.invitation.pk], request=self.request),
        }
        return Response(body, status=status, headers=headers)


class InvitationListView(InvitationView, ListAPIView[Invitation]):
    """The tenant's invitations, newest first; POST makes one."""

    actions: ClassVar[Mapping[str, str]] = {"get": MANAGE, "post": MANAGE}
    rates: ClassVar[Mapping[str, str]] = {"get": "read", "post": "invite"}

    @extend_schema(operation_id="invitations", tags=TAGS, summary="List invitations, newest first")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Those accepted, withdrawn and expired too."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="invitation_create",
        tags=TAGS,
        summary="Invite somebody by e-mail",
        request=NewInvitationSerializer,
        responses={201: SentInvitationSerializer, **WRONG, **TOO_HIGH, **INVITED},
    )
    def post(self, request: Request) -> Response:
        """The link is in the e-mail; where none is sent, in this answer and in no other."""
        form = NewInvitationSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        wanted = form.validated_data
        sent = invitations.invite(
            email=wanted["email"],
            role=wanted["role"],
            actor=actor_of(request),
            address=address_of(request),
        )
        return self.sent(sent, 201)


class InvitationDetailView(InvitationView):
    """One invitation."""

    actions: ClassVar[Mapping[str, str]] = {"get": MANAGE, "delete": MANAGE}
    rates: ClassVar[Mapping[str, str]] = USUAL

    @extend_schema(
        operation_id="invitation",
        tags=TAGS,
        summary="An invitation",
        responses={200: InvitationSerializer, **MISSING},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The invitation, without its link."""
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(
        operation_id="invitation_revoke",
        tags=TAGS,
        summary="Withdraw an invitation",
        responses={
            204: OpenApiResponse(description="Its link is dead."),
            **TOO_HIGH,
            **MISSING,
            **CLOSED,
        },
    )
    def delete(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """409 where it was accepted or withdrawn before."""
        invitations.revoke(self.get_object(), actor=actor_of(request), address=address_of(request))
        return Response(status=204)


class InvitationResendView(InvitationView):
    """Sending again."""

    actions: ClassVar[Mapping[str, str]] = {"post": MANAGE}
    rates: ClassVar[Mapping[str, str]] = {"post": "invite"}

    @extend_schema(
        operation_id="invitation_resend",
        tags=TAGS,
        summary="Send an invitation again, with a new link; the one before is dead",
        request=None,
        responses={200: SentInvitationSerializer, **TOO_HIGH, **MISSING, **CLOSED},
    )
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """For an expired one too."""
        return self.sent(
            invitations.resend(
                self.get_object(), actor=actor_of(request), address=address_of(request)
            ),
            200,
        )
