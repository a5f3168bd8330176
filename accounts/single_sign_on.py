"""Signing in by the organisation's identity provider: OpenID Connect, the code flow with PKCE.

allauth finds the provider's addresses, keeps the state and trades the code; what an answer must
prove, and whom it signs in, is decided here. It makes no accounts: it admits people who have one,
the first time by an e-mail address that the provider has verified, from then on by its ``sub``.

That first time ends the account's password, sessions and tokens: who made the account by an
invitation's link that was handed on need not be who reads the address's mail.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import jwt
import requests
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.internal import statekit
from allauth.socialaccount.models import SocialAccount, SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.crypto import constant_time_compare

from accounts import audit, passwords
from accounts.models import User

PROVIDER = "sso"  # as allauth's state names it
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
LEEWAY_SECONDS = 60  # by which the provider's clock may differ


@dataclass(frozen=True, slots=True)
class SignedOn:
    """Whom the provider's answer signs in, and where they wanted to go."""

    user: User
    next_url: str | None
    password_dropped: bool  # it was the first time, and there was one


class SignOnRefused(Exception):
    """The provider's answer signs nobody in; the text says why, for the log."""


def begin(request: HttpRequest) -> HttpResponse:
    """Off to the provider. Raises `SignOnRefused` if it does not answer as it should."""
    with _asking():
        return _Provider(request, app=_app()).redirect_from_request(request)


def finish(request: HttpRequest) -> SignedOn:
    """What the provider's answer says. Raises `SignOnRefused`."""
    given = request.GET.get("state", "")
    state = statekit.unstash_state(request, provider_id=PROVIDER, state_id=given)
    if state is None:
        raise SignOnRefused("the state is not one of this session")
    if "code" not in request.GET:
        raise SignOnRefused(f"no code: {request.GET.get('error', '')[:100]!r}")
    adapter = _Adapter(request, PROVIDER)
    with _asking():
        client = adapter.get_client(request, _app())
        verifier = state.get("pkce_code_verifier")
        tokens = adapter.get_access_token_data(request, _app(), client, verifier)
        claims = adapter.claims_in(tokens, nonce=state["nonce"])
    user, dropped = _person_of(request, claims)
    return SignedOn(user, state.get("next"), dropped)


class SingleSignOnAdapter(DefaultSocialAccountAdapter):
    """The one provider, of the settings; none of a table."""

    def list_apps(self, *args: Any, **kwargs: Any) -> list[SocialApp]:
        return [_app()]

    def get_provider(self, request: HttpRequest, *args: Any, **kwargs: Any) -> _Provider:
        return _Provider(request, app=_app())


class _Provider(OpenIDConnectProvider):
    """The request for a code: always with PKCE and a nonce, with nothing the visitor says."""

    pkce_enabled_default = True

    def get_redirect_from_request_kwargs(self, request: HttpRequest) -> dict[str, Any]:
        nonce = secrets.token_urlsafe(32)
        return {
            "process": "login",
            "next_url": request.GET.get("next"),  # looked at when they are sent there
            "scope": ["openid", "email"],
            "auth_params": {"nonce": nonce},
            "nonce": nonce,
        }

    def get_oauth2_adapter(self, request: HttpRequest) -> _Adapter:
        return _Adapter(request, PROVIDER)


class _Adapter(OpenIDConnectOAuth2Adapter):
    """The trade of the code for claims, each of them checked."""

    @property
    def openid_config(self) -> Any:
        config = super().openid_config
        if str(config["issuer"]).rstrip("/") != settings.OIDC_ISSUER.rstrip("/"):
            raise OAuth2Error("the provider says it is another issuer")
        return config

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        return settings.SITE_URL.rstrip("/") + reverse("single-sign-on-callback")

    def claims_in(self, tokens: Mapping[str, Any], *, nonce: str) -> dict[str, Any]:
        """The claims of the signed ID token, with the e-mail address of /userinfo if it has none.

        Raises jwt.PyJWTError or OAuth2Error.
        """
        token, config = tokens["id_token"], self.openid_config
        with SingleSignOnAdapter().get_requests_session() as web:
            answer = web.get(config["jwks_uri"])
            answer.raise_for_status()
            claims = jwt.decode(
                token,
                _key_of(token, answer.json()["keys"]),
                algorithms=ALGORITHMS,
                issuer=config["issuer"],
                audience=settings.OIDC_CLIENT_ID,
                leeway=LEEWAY_SECONDS,
                options={"require": ["iss", "sub", "aud", "exp", "iat"]},
            )
            if not constant_time_compare(str(claims.get("nonce", "")), nonce):
                raise OAuth2Error("the nonce is another one")
            if claims.get("azp", settings.OIDC_CLIENT_ID) != settings.OIDC_CLIENT_ID:
                raise OAuth2Error("the token was made for another client")
            if "email" not in claims:
                answer = web.get(
                    config["userinfo_endpoint"],
                    headers={"Authorization": f"Bearer {tokens['access_token']}"},
                )
                answer.raise_for_status()
                more = answer.json()
                if more["sub"] != claims["sub"]:
                    raise OAuth2Error("/userinfo speaks of somebody else")
                claims |= {name: more[name] for name in ("email", "email_verified") if name in more}
        return claims


@contextmanager
def _asking() -> Iterator[None]:
    """Whatever is wrong with what the provider answers refuses the sign-in."""
    try:
        yield
    except (requests.RequestException, OAuth2Error, jwt.PyJWTError) as error:
        raise SignOnRefused(f"the answer is not valid: {error!r}") from error
    except (AttributeError, LookupError, TypeError, ValueError) as error:  # not as it should look
        raise SignOnRefused(f"the answer cannot be read: {error!r}") from error


def _app() -> SocialApp:
    return SocialApp(
        provider="openid_connect",
        provider_id=PROVIDER,
        name=settings.OIDC_NAME,
        client_id=settings.OIDC_CLIENT_ID,
        secret=settings.OIDC_CLIENT_SECRET,
        settings={"server_url": settings.OIDC_ISSUER.rstrip("/")},
    )


def _key_of(token: str, keys: list[dict[str, Any]]) -> jwt.PyJWK:
    """The provider's key that the token names; its algorithm is one of a pair of keys'."""
    header = jwt.get_unverified_header(token)
    if header.get("alg") not in ALGORITHMS:
        raise jwt.InvalidAlgorithmError("The algorithm is not allowed")
    signing = [key for key in keys if key.get("use", "sig") == "sig" and key["kty"] != "oct"]
    named = [key for key in signing if key.get("kid") == header.get("kid")]
    if len(named) != 1:
        raise jwt.InvalidKeyError("The token names no key of the provider")
    return jwt.PyJWK(named[0], algorithm=header["alg"])


def _person_of(request: HttpRequest, claims: Mapping[str, Any]) -> tuple[User, bool]:
    subject = str(claims["sub"])
    if not subject or len(subject) > 191 or "\0" in subject:
        raise SignOnRefused("the subject is empty or too long")
    issuer = settings.OIDC_ISSUER.rstrip("/")[:200]  # a subject is one of its issuer alone
    known = SocialAccount.objects.filter(provider=issuer, uid=subject).select_related("user")
    if linked := known.first():
        return _active(linked.user), False
    email = str(claims.get("email") or "")
    if (
        not email
        or "\0" in email
        or claims.get("email_verified", settings.OIDC_TRUST_EMAIL) is not True
    ):
        raise SignOnRefused("there is no verified e-mail address")
    with transaction.atomic():
        user = User.objects.select_for_update().filter(email=email.lower()).first()
        if user is None:
            raise SignOnRefused("nobody here has this e-mail address")
        _active(user)
        if SocialAccount.objects.filter(provider=issuer, user=user).exists():
            raise SignOnRefused("the account belongs to another subject of the provider")
        SocialAccount.objects.create(provider=issuer, uid=subject, user=user, extra_data={})
        request.session.flush()  # it may be the account's, and goes on as nobody's
        had_password = passwords.drop(user)
        audit.record(
            actor=user,
            tenant=audit.home_tenant(user),
            action="single_sign_on.link",
            obj=user,
            before={"password": had_password},
            after={"subject": subject, "password": False},
            address=audit.address_of(request),
        )
    return user, had_password


def _active(user: User) -> User:
    if not user.is_active:
        raise SignOnRefused("the account is switched off")
    return user
