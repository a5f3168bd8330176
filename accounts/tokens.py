"""JSON web tokens: issued for one tenant, rotated, and revoked by family.

A login starts a family of refresh tokens, of which each serves once. A second use means that two
hold the token, a thief perhaps one of them, so the whole family is refused from then on (RFC 9700,
section 4.14.2). The ids of a family's tokens start with the family's own: simplejwt's table of
outstanding tokens finds them by the index it has. What a family is to its person, a sign-in from
somewhere that can be ended, is a row of `TokenFamily`; where it has ended, its access tokens are
refused as well. That row is what rotating and ending a family wait for one another at: of several
parallel rotations one wins.
"""

from collections.abc import Collection
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID, uuid4

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import AccessToken as PlainAccessToken
from rest_framework_simplejwt.tokens import RefreshToken as PlainRefreshToken
from rest_framework_simplejwt.utils import datetime_from_epoch

from accounts import audit
from accounts.models import Membership, Session, TokenFamily
from accounts.row_security import unscoped
from accounts.token_signing import BACKEND

TENANT, FAMILY, STAMP = "tenant", "family", "stamp"
JTI, SUBJECT = api_settings.JTI_CLAIM, api_settings.USER_ID_CLAIM


class TokenRefused(Exception):
    """The token is invalid, expired or revoked, or who it speaks for is no longer admitted."""


class TokenReused(TokenError):
    """A refresh token has come a second time, or its family has been revoked."""

    def __init__(self, token: "RefreshToken") -> None:
        super().__init__("Token is blacklisted")
        self.used = token


class AccessToken(PlainAccessToken):
    """What a request is made with."""

    _token_backend = BACKEND


class RefreshToken(PlainRefreshToken):
    """A refresh token with its tenant and family; a used one raises `TokenReused`."""

    access_token_class = AccessToken
    _token_backend = BACKEND

    def verify(self, *args: Any, **kwargs: Any) -> None:
        if FAMILY not in self.payload:
            raise TokenError("Token has no family")
        super().verify(*args, **kwargs)

    def check_blacklist(self) -> None:
        try:
            super().check_blacklist()
        except TokenError as error:
            raise TokenReused(self) from error


@unscoped()
def issue(
    membership: Membership, *, user_agent: str = "", address: str | None = None
) -> RefreshToken:
    """The first refresh token of a new family; its ``access_token`` carries the same claims.

    ``user_agent`` and ``address`` tell the person later from where they signed in.
    """
    family = uuid4()
    token = RefreshToken()
    with transaction.atomic():
        TokenFamily.objects.create(
            id=family,
            user=membership.user,
            tenant=membership.tenant,
            user_agent=user_agent,
            address=address,
            expires_at=datetime_from_epoch(token["exp"]),
        )
        return _next_token(token, membership, family.hex)


@unscoped()
def issue_for_session(
    membership: Membership, *, session_key: str, user_agent: str = "", address: str | None = None
) -> tuple[AccessToken, bool]:
    """An access token for the pages of a browser's session, and whether it is their first one.

    Without a refresh token: it serves until it expires or the session is over, whichever is first.
    """
    token = AccessToken()
    expires_at = datetime_from_epoch(token["exp"])
    theirs = TokenFamily.objects.filter(
        user=membership.user, tenant=membership.tenant, session_key=session_key, ended_at=None
    )
    family = theirs.first()
    first = family is None
    if family is None:
        family = TokenFamily.objects.create(
            id=uuid4(),
            user=membership.user,
            tenant=membership.tenant,
            session_key=session_key,
            user_agent=user_agent,
            address=address,
            expires_at=expires_at,
        )
    else:
        theirs.update(last_seen_at=timezone.now(), expires_at=expires_at)
    _speak_for(token, membership, family.pk.hex)
    return token, first


def _speak_for(token: AccessToken | RefreshToken, membership: Membership, family: str) -> None:
    token[SUBJECT] = str(membership.user_id)
    token[TENANT] = str(membership.tenant_id)
    token[FAMILY] = family
    token[STAMP] = _stamp(membership)


def _next_token(token: RefreshToken, membership: Membership, family: str) -> RefreshToken:
    _speak_for(token, membership, family)
    token[JTI] = f"{family}.{uuid4().hex}"
    OutstandingToken.objects.create(
        user=membership.user,
        jti=token[JTI],
        token="",  # the text would let a reader of the database sign in
        created_at=token.current_time,
        expires_at=datetime_from_epoch(token["exp"]),
    )
    return token


def _stamp(membership: Membership) -> str:
    """Changes with the password, as the session's hash does: old tokens then end."""
    return membership.user.get_session_auth_hash()


def _is_stamp(stamp: str, membership: Membership) -> bool:
    """Whether the stamp is the member's, under this SECRET_KEY or one of its fallbacks."""
    user = membership.user
    known = (_stamp(membership), *user.get_session_auth_fallback_hash())
    return any(constant_time_compare(stamp, each) for each in known)


@unscoped()
def member_of(token: AccessToken | RefreshToken) -> Membership:
    """The membership a valid token speaks for, as it is now, by one query.

    Raises `TokenRefused` when the person, the tenant or the membership is gone or inactive, the
    password has changed, the sign-in was ended, or the token names no tenant.
    """
    try:
        open_session = Session.objects.filter(
            session_key=OuterRef("session_key"), expire_date__gt=timezone.now()
        )
        live = TokenFamily.objects.filter(pk=UUID(token[FAMILY]), ended_at=None).filter(
            Q(session_key="") | Exists(open_session)
        )
        membership = Membership.objects.active().get(
            Exists(live), user_id=token[SUBJECT], tenant_id=token[TENANT]
        )
    except (KeyError, ValueError, ValidationError, Membership.DoesNotExist) as error:
        raise TokenRefused("The token's holder is not an active member.") from error
    if not _is_stamp(str(token.get(STAMP, "")), membership):
        raise TokenRefused("The password has changed since the token was issued.")
    return membership


def read_access(raw: str) -> Membership:
    """The membership an access token speaks for; raises `TokenRefused`."""
    try:
        return member_of(AccessToken(raw))  # type: ignore[arg-type]  # simplejwt mistypes it
    except TokenError as error:
        raise TokenRefused("The token is invalid or has expired.") from error


@unscoped()
def rotate(raw: str, *, address: str | None = None) -> tuple[RefreshToken, Membership]:
    """Trade a refresh token for the next of its family; of parallel trades one wins.

    Raises `TokenRefused`; on a token that was traded before, after revoking its family.
    """
    try:
        token = RefreshToken(raw)  # type: ignore[arg-type]  # simplejwt mistypes it
        membership = member_of(token)
        following = RefreshToken()
        with transaction.atomic():
            live = TokenFamily.objects.filter(pk=UUID(token[FAMILY]), ended_at=None)
            if not live.update(
                last_seen_at=timezone.now(), expires_at=datetime_from_epoch(following["exp"])
            ):
                raise TokenRefused("The sign-in has been ended.")
            row = OutstandingToken.objects.filter(jti=token[JTI]).first()
            if row is None:
                raise TokenRefused("The token is not known.")
            if not BlacklistedToken.objects.get_or_create(token=row)[1]:
                raise TokenReused(token)
            return _next_token(following, membership, token[FAMILY]), membership
    except TokenReused as error:
        _end_family(error.used, action="token.reuse", address=address)
        raise TokenRefused("The token is invalid or has expired.") from error
    except TokenError as error:
        raise TokenRefused("The token is invalid or has expired.") from error


def revoke(raw: str, *, address: str | None = None) -> None:
    """Sign out: refuse the token's whole family; doing it again changes nothing.

    Raises `TokenRefused` for a text that is no refresh token of ours or has expired.
    """
    try:
        token = RefreshToken(raw)  # type: ignore[arg-type]  # simplejwt mistypes it
    except TokenReused as error:
        token = error.used
    except TokenError as error:
        raise TokenRefused("The token is invalid or has expired.") from error
    _end_family(token, action="token.revoke", address=address)


@unscoped()
def _end_family(token: RefreshToken, *, action: str, address: str | None) -> None:
    """Revoke the token's family and, where that ended something, say so in the audit log."""
    with transaction.atomic():
        if end_families([UUID(token[FAMILY])]):
            membership = (
                Membership.objects.filter(user_id=token[SUBJECT], tenant_id=token[TENANT])
                .select_related("user", "tenant")
                .first()
            )
            user = membership.user if membership else None
            audit.record(
                actor=user,
                tenant=membership.tenant if membership else None,
                action=action,
                obj=user,
                address=address,
            )


@unscoped()
def end_families(families: Collection[UUID]) -> int:
    """Refuse every token of these sign-ins; returns how many had not ended before."""
    if not families:
        return 0
    with transaction.atomic():
        ended = TokenFamily.objects.filter(pk__in=families, ended_at=None).update(
            ended_at=timezone.now()
        )
        # Read after that: a rotation that was first has written its new token by now.
        theirs = [Q(jti__startswith=f"{family.hex}.") for family in families]
        live = OutstandingToken.objects.filter(reduce(or_, theirs), blacklistedtoken=None)
        BlacklistedToken.objects.bulk_create(
            [BlacklistedToken(token=token) for token in live], ignore_conflicts=True
        )
    return ended
