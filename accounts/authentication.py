"""Who calls the API: an API key or a JSON web token, each of them for one tenant."""

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from accounts import refusals
from accounts.audit import address_of
from accounts.keys import MARK, KeyOutOfPlace, KeyRefused, verify_api_key
from accounts.models import ApiKey, Membership
from accounts.row_security import act_for
from accounts.second_factor import is_missing
from accounts.signin_errors import SecondFactorRequired
from accounts.tenancy import Actor, key_actor, member_actor
from accounts.tokens import TokenRefused, read_access

OUT_OF_PLACE = "This API key may not be used from this address."
CHALLENGE = 'Bearer realm="api"'


def bearer_of(request: Request) -> str:
    """The credential of ``Authorization: Bearer ...``, or ""."""
    scheme, _, credential = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    return credential.strip() if scheme.lower() == "bearer" else ""


class AddressNotAllowed(PermissionDenied):
    """The key is good, but not where the call comes from."""


class ApiKeyAuthentication(BaseAuthentication):
    """``Authorization: Bearer ocrs_...`` or ``X-API-Key: ocrs_...``; others are left alone."""

    def authenticate(self, request: Request) -> tuple[Actor, ApiKey] | None:
        """The key's actor and the key.

        Raises AuthenticationFailed (401) for a key refused, `AddressNotAllowed` (403) for one that
        is used from outside its networks.
        """
        for raw in (bearer_of(request), request.META.get("HTTP_X_API_KEY", "").strip()):
            if raw.startswith(MARK):
                try:
                    key = verify_api_key(raw, address=address_of(request))
                except KeyOutOfPlace as error:
                    if error.key is not None:
                        _tell(request, error.key, OUT_OF_PLACE)
                    raise AddressNotAllowed(str(error)) from error
                except KeyRefused as error:
                    if error.key is not None:
                        _tell(request, error.key, str(error))
                    raise AuthenticationFailed(str(error)) from error
                act_for(key.tenant)
                return key_actor(key), key
        return None

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE


def _tell(request: Request, key: ApiKey, why: str) -> None:
    """In the audit log now, and in the log of recent calls once this one is answered."""
    refusals.key_refused(key, why, request)
    request._request.refused_key = key  # type: ignore[attr-defined]


class TenantJWTAuthentication(BaseAuthentication):
    """``Authorization: Bearer <access token>``, for the tenant that the token names.

    Role and membership are read anew on every request, so that a change holds from the next one.
    """

    def authenticate(self, request: Request) -> tuple[Actor, Membership] | None:
        """The member's actor and membership; raises AuthenticationFailed (401).

        Raises `SecondFactorRequired` (403) where the organisation asks for what they lack.
        """
        raw = bearer_of(request)
        if not raw:
            return None
        try:
            membership = read_access(raw)
        except TokenRefused as error:
            raise AuthenticationFailed(str(error)) from error
        act_for(membership.tenant)
        if is_missing(membership.user, membership.tenant):
            raise SecondFactorRequired
        return member_actor(membership), membership

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE
