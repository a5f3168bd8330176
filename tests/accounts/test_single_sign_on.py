"""accounts/single_sign_on.py, against a provider on loopback"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client
from jwt.utils import base64url_encode
from pytest_django import Settings

from accounts.models import AuditEntry, Session, User
from accounts.rates import Rates
from tests.identity_provider import CLIENT, SECRET, IdentityProvider
from tests.people import Organisation
from tests.signing_in import App, by_api, by_page, me, refresh

START, BACK = "/login/sso", "/login/sso/callback"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)  # takes a moment


@pytest.fixture
def provider(settings: Settings) -> Iterator[IdentityProvider]:
    fresh = IdentityProvider(KEY)
    with fresh.running():
        settings.OIDC_ISSUER = fresh.issuer
        settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = CLIENT, SECRET
        settings.OIDC_NAME = "Acme ID"
        settings.SITE_URL = "https://ocr.example"
        yield fresh


def begin(client: Client, provider: IdentityProvider, start: str = START) -> dict[str, str]:
    """The request that the browser takes to the provider."""
    answer = client.get(start)
    assert answer.status_code == 302
    where = urlsplit(answer["Location"])
    assert f"{where.scheme}://{where.netloc}{where.path}" == f"{provider.issuer}/authorize"
    provider.request = dict(parse_qsl(where.query))
    return provider.request


def come_back(client: Client, provider: IdentityProvider, **more: str) -> Any:
    return client.get(BACK, {"code": "c", "state": provider.request["state"], **more})


def sign_on(client: Client, provider: IdentityProvider) -> Any:
    begin(client, provider)
    return come_back(client, provider)


def is_refused(client: Client, answer: Any) -> bool:
    assert "_auth_user_id" not in client.session
    return bool(answer.status_code == 403 and "did not sign you in" in answer.content.decode())


def reason() -> str:
    entry = AuditEntry.objects.filter(action="login.fail").latest("id")
    assert entry.after is not None
    return str(entry.after["reason"])


def test_person_with_an_account_is_signed_in(
    client: Client, acme: Organisation, provider: IdentityProvider
) -> None:
    assert "Sign in with Acme ID" in client.get("/login").content.decode()
    asked = begin(client, provider, f"{START}?next=/organisation")
    assert asked["redirect_uri"] == f"https://ocr.example{BACK}"
    assert (asked["response_type"], asked["client_id"]) == ("code", CLIENT)
    assert asked["code_challenge_method"] == "S256"
    assert set(asked["scope"].split()) == {"openid", "email"}
    assert min(len(asked["nonce"]), len(asked["state"]) + 20) >= 32
    answer = come_back(client, provider)
    assert (answer.status_code, answer["Location"]) == (302, "/organisation")
    assert client.session["_auth_user_id"] == str(acme.owner.pk)
    linked = SocialAccount.objects.get()
    assert (linked.user, linked.uid) == (acme.owner, "subject-1")
    assert (linked.provider, linked.extra_data) == (provider.issuer, {})
    actions = AuditEntry.objects.exclude(action="key.create").order_by("id")
    assert [(row.action, row.user) for row in actions] == [
        ("single_sign_on.link", acme.owner),
        ("session.login", acme.owner),
    ]


def test_subject_counts_from_the_second_time_on(
    client: Client, acme: Organisation, stranger: Organisation, provider: IdentityProvider
) -> None:
    sign_on(client, provider)
    provider.claims |= {"email": "owner@stranger.example", "email_verified": False}
    again = Client()
    assert sign_on(again, provider).status_code == 302
    assert again.session["_auth_user_id"] == str(acme.owner.pk), "not the address's owner"
    assert SocialAccount.objects.count() == 1


def test_second_factor_is_asked_for_as_well(
    client: Client, acme: Organisation, provider: IdentityProvider
) -> None:
    app = App(acme.owner)
    assert sign_on(client, provider)["Location"] == "/login/code"
    assert "_auth_user_id" not in client.session
    assert client.post("/login/code", {"code": app.code()})["Location"] == "/"
    assert client.session["_auth_user_id"] == str(acme.owner.pk)


def test_nobody_gets_an_account_by_it(
    client: Client, acme: Organisation, provider: IdentityProvider
) -> None:
    provider.claims["email"] = "new@acme.example"
    assert is_refused(client, sign_on(client, provider))
    assert User.objects.count() == 1
    assert reason() == "nobody here has this e-mail address"


@pytest.mark.parametrize("verified", [False, None, "true", 1, "false"])
def test_unverified_address_signs_nobody_in(
    client: Client, acme: Organisation, provider: IdentityProvider, verified: Any
) -> None:
    provider.claims["email_verified"] = verified
    assert is_refused(client, sign_on(client, provider))
    assert SocialAccount.objects.count() == 0


def test_provider_that_never_says_verified_may_be_trusted(
    client: Client, acme: Organisation, provider: IdentityProvider, settings: Settings
) -> None:
    settings.OIDC_TRUST_EMAIL = True
    provider.claims["email_verified"] = False
    assert is_refused(client, sign_on(client, provider)), "it says it is not"
    del provider.claims["email_verified"]
    assert sign_on(client, provider).status_code == 302


def test_address_handed_on_to_another_person_does_not_hand_on_the_account(
    client: Client, acme: Organisation, provider: IdentityProvider
) -> None:
    sign_on(Client(), provider)
    provider.claims["sub"] = "subject-2"
    assert is_refused(client, sign_on(client, provider))
    assert reason() == "the account belongs to another subject of the provider"


def test_both_steps_are_counted_by_address(
    acme: Organisation, provider: IdentityProvider, settings: Settings
) -> None:
    settings.RATES = {**settings.RATES, "token": Rates(2, 9, 9, 9)}
    client = Client(REMOTE_ADDR="203.0.113.79")
    statuses = [client.get(url).status_code for url in (START, BACK, START, BACK)]
    assert statuses == [302, 403, 429, 429]
    assert int(client.get(START)["Retry-After"]) > 0


def test_subject_of_another_issuer_is_another_person(
    client: Client, acme: Organisation, provider: IdentityProvider
) -> None:
    SocialAccount.objects.create(provider="https://old.example", uid="subject-1", user=acme.owner)
    provider.claims["email"] = "nobody@acme.example"
    assert is_refused(client, sign_on(client, provider))


@pytest.mark.parametrize("linked", [False, True])
def test_switched_off_person_is_refused(
    client: Client, acme: Organisation, provider: IdentityProvider, linked: bool
) -> None:
    if linked:
        sign_on(Client(), provider)
    User.objects.update(is_active=False)
    assert is_refused(client, sign_on(client, provider))
    assert reason() == "the account is switched off"


def test_state_of_another_session_or_used_before_is_refused(
    client: Client, acme: Organisation, provider: IdentityProvider
) -> None:
    begin(client, provider)
    other = Client()
    assert is_refused(other, come_back(other, provider))
    assert is_refused(client, client.get(BACK, {"code": "c"}))
    assert is_refused(client, client.get(BACK, {"code": "c", "state": "made up"}))
    assert provider.traded == []
    assert come_back(client, provider).status_code == 302
    client.post("/logout")
    assert is_refused(client, come_back(client, provider))
    assert len(provider.traded) == 1


def foreign_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def under_public_key(provider: IdentityProvider) -> str:
    """A token with a MAC, whose secret is the public key, which everybody knows."""
    public = provider.key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    _, payload, _ = provider.id_token().split(".")
    header = base64url_encode(b'{"alg":"HS256","typ":"JWT","kid":"k1"}').decode()
    digest = hmac.digest(public, f"{header}.{payload}".encode(), "sha256")
    return f"{header}.{payload}.{base64url_encode(digest).decode()}"


def unsigned(provider: IdentityProvider) -> str:
    _, payload, _ = provider.id_token().split(".")
    header = base64url_encode(b'{"alg":"none","kid":"k1"}').decode()
    return f"{header}.{payload}."


FORGERIES: dict[str, tuple[Callable[[IdentityProvider], Any], str]] = {  # and what is told of it
    "wrong nonce": (lambda p: p.changed.update(nonce="another"), "nonce"),
    "no nonce": (lambda p: p.changed.update(nonce=None), "nonce"),
    "wrong issuer": (lambda p: p.changed.update(iss="https://evil.example"), "InvalidIssuer"),
    "wrong audience": (lambda p: p.changed.update(aud="another client"), "InvalidAudience"),
    "made for another of two": (
        lambda p: p.changed.update(aud=[CLIENT, "other"], azp="other"),
        "made for another client",
    ),
    "expired": (lambda p: p.changed.update(exp=int(time.time()) - 120), "ExpiredSignature"),
    "no expiry": (lambda p: p.changed.update(exp=None), "MissingRequiredClaim"),
    "no subject": (lambda p: p.changed.update(sub=None), "MissingRequiredClaim"),
    "empty subject": (lambda p: p.changed.update(sub=""), "subject is empty"),
    "long subject": (lambda p: p.changed.update(sub="x" * 192), "too long"),
    "address that is none": (lambda p: p.changed.update(email=["owner@acme.example"]), "nobody"),
    "another key": (lambda p: setattr(p, "signing_key", foreign_key()), "InvalidSignature"),
    "unknown key id": (lambda p: setattr(p, "headers", {"kid": "k2"}), "names no key"),
    "no key id": (lambda p: setattr(p, "headers", {}), "names no key"),
    "key in the header": (
        lambda p: p.__dict__.update(
            signing_key=foreign_key(), headers={"kid": "k1", "jku": "https://evil.example/keys"}
        ),
        "InvalidSignature",
    ),
    "MAC under the public key": (
        lambda p: setattr(p, "token", under_public_key(p)),
        "algorithm is not allowed",
    ),
    "not signed": (lambda p: setattr(p, "token", unsigned(p)), "algorithm is not allowed"),
    "junk": (lambda p: setattr(p, "token", "a.b.c"), "DecodeError"),
    "discovery of another issuer": (
        lambda p: p.config.update(issuer="https://evil.example"),
        "another issuer",
    ),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_forged_answer_signs_nobody_in(
    client: Client, acme: Organisation, provider: IdentityProvider, forgery: str
) -> None:
    begin(client, provider)
    forge, told = FORGERIES[forgery]
    forge(provider)
    assert is_refused(client, come_back(client, provider))
    assert told in reason()
    assert SocialAccount.objects.count() == 0
    assert AuditEntry.objects.filter(action="session.login").count() == 0


def test_answer_that_says_no_signs_nobody_in(
    client: Client, acme: Organisation, provider: IdentityProvider
) -> None:
    begin(client, provider)
    answer = client.get(BACK, {"error": "access_denied", "state": provider.request["state"]})
    assert is_refused(client, answer)
    assert provider.traded == []


def test_wrong_client_secret_signs_nobody_in(
    client: Client, acme: Organisation, provider: IdentityProvider, settings: Settings
) -> None:
    settings.OIDC_CLIENT_SECRET = "another"
    assert is_refused(client, sign_on(client, provider))
    assert SECRET not in reason()


def test_address_may_come_from_userinfo_of_the_same_subject(
    client: Client, acme: Organisation, provider: IdentityProvider
) -> None:
    provider.claims = {"sub": "subject-1"}
    provider.userinfo = {"sub": "subject-9", "email": acme.owner.email, "email_verified": True}
    assert is_refused(client, sign_on(client, provider))
    provider.userinfo["sub"] = "subject-1"
    assert sign_on(client, provider).status_code == 302


def test_first_time_ends_what_whoever_made_the_account_has(
    client: Client, acme: Organisation, provider: IdentityProvider
) -> None:
    """An invitation's link may have been handed to somebody else than the address's reader."""
    intruder = Client()
    by_page(acme.owner.email, client=intruder)
    pair = by_api(acme.owner.email).json()
    assert sign_on(client, provider).status_code == 302
    assert "first sign-in by Acme ID" in client.get("/account/sessions").content.decode()
    assert intruder.get("/account/sessions").status_code == 302
    assert (me(pair["access"]).status_code, refresh(pair["refresh"]).status_code) == (401, 401)
    assert by_page(acme.owner.email).status_code == 200, "the password opens nothing"
    entry = AuditEntry.objects.get(action="single_sign_on.link")
    assert (entry.before, entry.after) == (
        {"password": True},
        {"password": False, "subject": "subject-1"},
    )


def test_first_time_out_of_a_session_with_a_second_factor_goes_on(
    client: Client, acme: Organisation, provider: IdentityProvider
) -> None:
    app = App(acme.owner)
    client.force_login(acme.owner)
    assert sign_on(client, provider)["Location"] == "/login/code"
    assert client.get("/account/sessions").status_code == 302, "the session is signed out"
    assert client.get("/login/code").status_code == 200
    assert client.post("/login/code", {"code": app.code()}).status_code == 302
    assert client.get("/account/sessions").status_code == 200
    assert Session.objects.filter(user=acme.owner).count() == 1


def test_password_set_after_the_first_time_stays(
    client: Client, acme: Organisation, provider: IdentityProvider
) -> None:
    sign_on(client, provider)
    acme.owner.set_password("another battery staple")
    acme.owner.save()
    assert sign_on(Client(), provider).status_code == 302
    assert by_page(acme.owner.email, "another battery staple").status_code == 302


@pytest.mark.parametrize(
    "config",
    [
        {"issuer": "https://another.example"},
        {"issuer": None, "authorization_endpoint": None},
    ],
)
def test_odd_description_of_the_provider_is_refused_at_once(
    client: Client, acme: Organisation, provider: IdentityProvider, config: dict[str, Any]
) -> None:
    provider.config = config
    assert is_refused(client, client.get(START))


@pytest.mark.parametrize(
    ("claim", "value"), [("sub", "a\0b"), ("email", "a\0@acme.example"), ("email", ["a"])]
)
def test_odd_claims_sign_nobody_in(
    client: Client, acme: Organisation, provider: IdentityProvider, claim: str, value: Any
) -> None:
    provider.claims[claim] = value
    assert is_refused(client, sign_on(client, provider))


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/keys", "/token"])
@pytest.mark.parametrize("body", [None, [], "text", {"keys": 1}, {"keys": [1]}])
def test_odd_answers_sign_nobody_in(
    client: Client,
    acme: Organisation,
    provider: IdentityProvider,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    body: Any,
) -> None:
    begin(client, provider)
    usual = provider.answer
    monkeypatch.setattr(
        provider, "answer", lambda asked, form: body if asked == path else usual(asked, form)
    )
    assert is_refused(client, come_back(client, provider))
    assert is_refused(client, client.get(START)) == (path.startswith("/."))


def test_provider_that_is_down_is_said(
    client: Client, acme: Organisation, provider: IdentityProvider, settings: Settings
) -> None:
    provider.status = 500
    assert is_refused(client, client.get(START))
    provider.status = 200
    begin(client, provider)
    settings.OIDC_ISSUER = "http://127.0.0.1:9"
    assert is_refused(client, come_back(client, provider))


def test_visitor_chooses_no_parameter_of_the_request(
    client: Client, acme: Organisation, provider: IdentityProvider
) -> None:
    query = (
        "scope=admin&auth_params=nonce%3Dx%26redirect_uri%3Dhttps://evil.example&process=connect"
    )
    asked = begin(client, provider, f"{START}?{query}&next=https://evil.example/")
    assert set(asked["scope"].split()) == {"openid", "email"}
    assert asked["redirect_uri"] == f"https://ocr.example{BACK}"
    assert asked["nonce"] != "x"
    assert come_back(client, provider)["Location"] == "/"


def test_without_a_provider_there_is_none(client: Client, db: None) -> None:
    assert "login/sso" not in client.get("/login").content.decode()
    assert client.get(START).status_code == client.get(BACK).status_code == 404
