"""Sign-in endpoints under /api/v1/auth/."""

from collections.abc import Mapping
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.settings import api_settings

from accounts import signin, tokens
from accounts.audit import address_of
from accounts.authentication import CHALLENGE
from accounts.limits import USUAL
from accounts.models import Membership, Tenant
from accounts.row_security import unscoped
from accounts.serializers import (
    ActorSerializer,
    CredentialsSerializer,
    RefreshSerializer,
    TokenPairSerializer,
)
from accounts.tenancy import actor_of

REFUSED = OpenApiResponse(description="Refused: a problem with code not_authenticated")


class PublicView(APIView):
    """Reached without credentials; a refusal is a 401 all the same."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    rates: ClassVar[Mapping[str, str]] = {"post": "token"}

    def get_authenticate_header(self, request: Request) -> str:
        return CHALLENGE


def token_pair(token: tokens.RefreshToken, membership: Membership) -> Response:
    """The answer that carries tokens; never kept by a cache."""
    body = TokenPairSerializer(
        {
            "access": str(token.access_token),
            "refresh": str(token),
            "expires_in": int(api_settings.ACCESS_TOKEN_LIFETIME.total_seconds()),
            "tenant": membership.tenant,
        }
    ).data
    return Response(body, headers={"Cache-Control": "no-store"})


class TokenView(PublicView):
    """Signing in."""

    @extend_schema(
        operation_id="auth_token",
        tags=["auth"],
        summary="Sign in with e-mail address and password",
        description="A person with a second factor sends a code of their authenticator app, or a "
        "recovery code, as `otp`; without it the answer is 401 with code `otp_required`.",
        request=CredentialsSerializer,
        responses={
            200: TokenPairSerializer,
            401: OpenApiResponse(
                description="Refused: a problem with code not_authenticated, otp_required or "
                "otp_wrong"
            ),
            403: OpenApiResponse(description="A problem with code second_factor_required"),
            429: OpenApiResponse(description="A problem with code login_locked or rate_limited"),
        },
    )
    def post(self, request: Request) -> Response:
        form = CredentialsSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        wanted: dict[str, Any] = form.validated_data
        token, membership = signin.sign_in(
            request._request,
            email=wanted["email"],
            password=wanted["password"],
            code=wanted.get("otp"),
            tenant=wanted.get("tenant"),
        )
        return token_pair(token, membership)


class TokenRefreshView(PublicView):
    """Trading a refresh token for the next pair."""

    @extend_schema(
        operation_id="auth_token_refresh",
        tags=["auth"],
        summary="Trade a refresh token for new tokens",
        description="Each refresh token serves once. One that comes a second time ends its "
        "whole login: sign in again.",
        request=RefreshSerializer,
        responses={200: TokenPairSerializer, 401: REFUSED},
    )
    def post(self, request: Request) -> Response:
        form = RefreshSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        try:
            pair = tokens.rotate(form.validated_data["refresh"], address=address_of(request))
        except tokens.TokenRefused as error:
            raise AuthenticationFailed(str(error)) from error
        return token_pair(*pair)


class TokenRevokeView(PublicView):
    """Signing out."""

    @extend_schema(
        operation_id="auth_token_revoke",
        tags=["auth"],
        summary="Sign out: revoke a refresh token and all of its login",
        request=RefreshSerializer,
        responses={204: None, 401: REFUSED},
    )
    def post(self, request: Request) -> Response:
        form = RefreshSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        try:
            tokens.revoke(form.validated_data["refresh"], address=address_of(request))
        except tokens.TokenRefused as error:
            raise AuthenticationFailed(str(error)) from error
        return Response(status=204)


class MeView(APIView):
    """The caller."""

    permission_classes = (IsAuthenticated,)
    rates = USUAL

    @extend_schema(
        operation_id="auth_me",
        tags=["auth"],
        summary="Whom the credentials speak for, and what they may do",
        responses={200: ActorSerializer, 401: REFUSED},
    )
    def get(self, request: Request) -> Response:
        actor = actor_of(request)
        tenants: list[tuple[Tenant, str | None]] = [(actor.tenant, None)]
        if actor.user is not None:
            memberships = Membership.objects.active().filter(user=actor.user).order_by("pk")
            with unscoped():  # the person's, in all organisations
                tenants = [(membership.tenant, membership.role) for membership in memberships]
        return Response(
            ActorSerializer(
                {
                    "user": actor.user,
                    "api_key": actor.api_key,
                    "tenant": actor.tenant,
                    "role": actor.role,
                    "permissions": sorted(actor.permissions),
                    "tenants": [
                        {"id": tenant.pk, "name": tenant.name, "slug": tenant.slug, "role": role}
                        for tenant, role in tenants
                    ],
                }
            ).data
        )
