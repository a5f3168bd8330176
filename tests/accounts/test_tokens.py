"""accounts/tokens.py and the sign-in endpoints"""

import hmac
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import cache
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from django.db import connection
from django.utils import timezone
from jwt.utils import base64url_encode
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken as PlainRefreshToken

from accounts import tokens
from accounts.models import AuditEntry, Membership, Tenant
from accounts.permissions import ROLES, Role
from tests.people import PASSWORD, Organisation, organisation

TOKEN = "/api/v1/auth/token"
REFRESH = "/api/v1/auth/token/refresh"
REVOKE = "/api/v1/auth/token/revoke"
ME = "/api/v1/auth/me"


def sign_in(email: str, password: str = PASSWORD, **more: str) -> Any:
    return APIClient().post(TOKEN, {"email": email, "password": password, **more})


def refresh(token: str) -> Any:
    return APIClient().post(REFRESH, {"refresh": token})


def me(access: str) -> Any:
    return APIClient().get(ME, HTTP_AUTHORIZATION=f"Bearer {access}")


def claims_of(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def signed(claims: dict[str, Any], key: Any = "", algorithm: str = "HS256", **headers: Any) -> str:
    return jwt.encode(claims, key or settings.SECRET_KEY, algorithm=algorithm, headers=headers)


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def under_public_key(claims: dict[str, Any]) -> str:
    """A MAC whose secret is a public key, as a server expecting RS256 would have it."""
    public = (
        rsa_key()
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    header, payload, _ = signed(claims).split(".")
    mac = hmac.digest(public, f"{header}.{payload}".encode(), "sha256")
    return f"{header}.{payload}.{base64url_encode(mac).decode()}"


def signed_by_nobody(claims: dict[str, Any], algorithm: str) -> str:
    _, payload, _ = signed(claims).split(".")
    header = base64url_encode(b'{"alg":"%s","typ":"JWT"}' % algorithm.encode()).decode()
    return f"{header}.{payload}."


def test_sign_in_gives_tokens_for_the_tenant(acme: Organisation) -> None:
    answer = sign_in("OWNER@acme.example")
    body = answer.json()
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert body["expires_in"] == 600
    assert body["tenant"] == {"id": str(acme.tenant.pk), "name": "Acme", "slug": "acme"}
    claims = claims_of(body["access"])
    assert claims["exp"] - claims["iat"] in (599, 600)  # a second may have begun between
    assert (claims["iss"], claims["aud"]) == ("ocrsite", "ocrsite-api")
    assert claims["tenant"] == str(acme.tenant.pk)
    own = me(body["access"]).json()
    assert own["user"] == {"id": str(acme.owner.pk), "email": "owner@acme.example", "name": ""}
    assert (own["role"], own["api_key"]) == ("owner", None)
    assert own["permissions"] == sorted(ROLES[Role.OWNER])
    entry = AuditEntry.objects.get(action="token.issue")
    assert (entry.user, entry.tenant, entry.address) == (acme.owner, acme.tenant, "127.0.0.1")


def test_sign_in_chooses_the_tenant_by_id_or_slug(
    acme: Organisation, stranger: Organisation
) -> None:
    Membership.objects.create(tenant=stranger.tenant, user=acme.owner, role=Role.VIEWER)
    for name in ("stranger", str(stranger.tenant.pk)):
        body = sign_in(acme.owner.email, tenant=name).json()
        assert body["tenant"]["slug"] == "stranger"
        own = me(body["access"]).json()
        assert own["role"] == "viewer"
        assert [(row["slug"], row["role"]) for row in own["tenants"]] == [
            ("acme", "owner"),
            ("stranger", "viewer"),
        ]
    assert sign_in(acme.owner.email).json()["tenant"]["slug"] == "acme"


def test_sign_in_to_a_foreign_tenant_answers_as_to_a_missing_one(
    acme: Organisation, stranger: Organisation
) -> None:
    foreign = sign_in(acme.owner.email, tenant="stranger")
    missing = sign_in(acme.owner.email, tenant="nowhere")
    assert foreign.status_code == missing.status_code == 400
    assert foreign.json() == missing.json()


def test_sign_in_answers_unknown_people_and_wrong_passwords_alike(acme: Organisation) -> None:
    acme.join(Role.VIEWER)
    Membership.objects.get(role=Role.VIEWER).user.delete()
    answers = [
        sign_in(acme.owner.email, "wrong"),
        sign_in("nobody@acme.example", "wrong"),
        sign_in("viewer@acme.example"),
    ]
    acme.owner.is_active = False
    acme.owner.save(update_fields=["is_active"])
    answers.append(sign_in(acme.owner.email))
    assert [answer.status_code for answer in answers] == [401] * 4
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].json()["detail"] == "No active account has these credentials."
    failed = AuditEntry.objects.filter(action="login.fail")
    assert [entry.actor for entry in failed.order_by("id")] == [
        "owner@acme.example",
        "nobody@acme.example",
        "viewer@acme.example",
        "owner@acme.example",
    ]
    assert OutstandingToken.objects.count() == 0


def test_unknown_people_cost_a_password_hash(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.contrib.auth.hashers import MD5PasswordHasher

    hashed: list[str] = []
    encode = MD5PasswordHasher.encode

    def counted(self: MD5PasswordHasher, password: str, salt: str) -> str:
        hashed.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    sign_in(acme.owner.email, "wrong one")
    sign_in("nobody@acme.example", "wrong two")
    assert hashed == ["wrong one", "wrong two"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "owner@acme.example"},
        {"email": "owner@acme.example", "password": "a\x00b"},
        {"email": ["x"], "password": {}},
        {"email": "owner@acme.example", "password": PASSWORD, "tenant": "\x00"},
    ],
)
def test_sign_in_refuses_malformed_bodies(acme: Organisation, body: dict[str, Any]) -> None:
    assert APIClient().post(TOKEN, body).status_code == 400


def test_sign_in_needs_an_active_membership(acme: Organisation) -> None:
    Tenant.objects.update(is_active=False)
    assert sign_in(acme.owner.email).status_code == 400
    assert OutstandingToken.objects.count() == 0


def test_database_holds_no_refresh_token(acme: Organisation) -> None:
    text = sign_in(acme.owner.email).json()["refresh"]
    row = OutstandingToken.objects.get()
    assert (row.token, row.user) == ("", acme.owner)
    assert row.jti == claims_of(text)["jti"]


def test_access_token_costs_one_query(
    acme: Organisation, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    access = sign_in(acme.owner.email).json()["access"]
    with django_assert_num_queries(1):
        assert tokens.read_access(access).pk == acme.membership.pk


def test_refresh_rotates_within_the_family(acme: Organisation) -> None:
    first = sign_in(acme.owner.email).json()
    second = refresh(first["refresh"]).json()
    third = refresh(second["refresh"]).json()
    assert me(third["access"]).status_code == 200
    claims = [claims_of(pair["refresh"]) for pair in (first, second, third)]
    assert len({claim["family"] for claim in claims}) == 1
    assert len({claim["jti"] for claim in claims}) == 3


def test_reused_refresh_token_ends_its_family_alone(acme: Organisation) -> None:
    first = sign_in(acme.owner.email).json()["refresh"]
    other_login = sign_in(acme.owner.email).json()["refresh"]
    second = refresh(first).json()["refresh"]
    assert refresh(first).status_code == 401
    assert refresh(second).status_code == 401
    entry = AuditEntry.objects.get(action="token.reuse")
    assert (entry.user, entry.tenant) == (acme.owner, acme.tenant)
    assert refresh(other_login).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_of_parallel_refreshes_one_wins_and_the_reuse_ends_the_family() -> None:
    acme = organisation("acme")
    token = sign_in(acme.owner.email).json()["refresh"]

    def attempt(_: int) -> Any:
        try:
            return refresh(token)
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(attempt, range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 19
    winner = next(answer for answer in answers if answer.status_code == 200)
    assert refresh(winner.json()["refresh"]).status_code == 401
    assert OutstandingToken.objects.filter(blacklistedtoken=None).count() == 0


def test_sign_in_ended_while_its_token_is_traded_gives_none(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = sign_in(acme.owner.email).json()
    look = tokens.member_of

    def ended_after_the_look(token: tokens.RefreshToken) -> Membership:
        member = look(token)
        assert tokens.end_families([uuid.UUID(token["family"])]) == 1
        return member

    monkeypatch.setattr(tokens, "member_of", ended_after_the_look)
    with pytest.raises(tokens.TokenRefused):
        tokens.rotate(pair["refresh"])
    assert not OutstandingToken.objects.filter(blacklistedtoken=None).exists()


@pytest.mark.django_db(transaction=True)
def test_of_a_trade_and_an_ending_at_once_no_token_is_left() -> None:
    acme = organisation("acme")
    pair = sign_in(acme.owner.email).json()
    family = uuid.UUID(claims_of(pair["refresh"])["family"])

    def trade() -> None:
        try:
            tokens.rotate(pair["refresh"])
        except tokens.TokenRefused:
            pass
        finally:
            connection.close()

    def end() -> None:
        try:
            tokens.end_families([family])
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(work) for work in (trade, end, trade, end)]:
            done.result()
    assert not OutstandingToken.objects.filter(blacklistedtoken=None).exists()


def test_ending_many_sign_ins_takes_as_many_statements_as_one(
    acme: Organisation, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for many in (1, 5):
        families = [
            uuid.UUID(claims_of(sign_in(acme.owner.email).json()["refresh"])["family"])
            for _ in range(many)
        ]
        with django_assert_num_queries(5):
            assert tokens.end_families(families) == many
        assert tokens.end_families(families) == 0
    assert not OutstandingToken.objects.filter(blacklistedtoken=None).exists()


def test_revoked_login_cannot_refresh(acme: Organisation) -> None:
    token = sign_in(acme.owner.email).json()["refresh"]
    pair = refresh(token).json()
    newest = pair["refresh"]
    assert me(pair["access"]).status_code == 200
    assert APIClient().post(REVOKE, {"refresh": newest}).status_code == 204
    assert me(pair["access"]).status_code == 401, "at once"
    assert refresh(newest).status_code == 401
    assert APIClient().post(REVOKE, {"refresh": newest}).status_code == 204
    assert AuditEntry.objects.filter(action="token.revoke").count() == 1
    assert APIClient().post(REVOKE, {"refresh": "junk"}).status_code == 401


def test_old_token_of_a_family_signs_the_whole_of_it_out(acme: Organisation) -> None:
    old = sign_in(acme.owner.email).json()["refresh"]
    newest = refresh(old).json()["refresh"]
    assert APIClient().post(REVOKE, {"refresh": old}).status_code == 204
    assert refresh(newest).status_code == 401


def test_gone_member_is_refused_at_the_next_request(acme: Organisation) -> None:
    pair = sign_in(acme.owner.email).json()
    acme.membership.delete()
    assert me(pair["access"]).status_code == 401
    assert refresh(pair["refresh"]).status_code == 401


def test_deleted_or_inactive_person_and_tenant_are_refused(acme: Organisation) -> None:
    pair = sign_in(acme.owner.email).json()
    for row in (acme.owner, acme.tenant):
        row.is_active = False
        row.save(update_fields=["is_active"])
        assert me(pair["access"]).status_code == 401
        assert refresh(pair["refresh"]).status_code == 401
        row.is_active = True
        row.save(update_fields=["is_active"])
    assert me(pair["access"]).status_code == 200
    acme.owner.delete()
    assert me(pair["access"]).status_code == 401
    assert refresh(pair["refresh"]).status_code == 401


def test_changed_role_holds_at_the_next_request(acme: Organisation) -> None:
    access = sign_in(acme.owner.email).json()["access"]
    Membership.objects.update(role=Role.REVIEWER)
    body = me(access).json()
    assert (body["role"], body["permissions"]) == (
        "reviewer",
        ["fields:correct", "jobs:read", "members:read"],
    )


def test_changed_password_ends_all_tokens(acme: Organisation) -> None:
    pair = sign_in(acme.owner.email).json()
    acme.owner.set_password("another battery staple")
    acme.owner.save(update_fields=["password"])
    assert me(pair["access"]).status_code == 401
    assert refresh(pair["refresh"]).status_code == 401


def test_forged_access_tokens_are_refused(acme: Organisation) -> None:
    pair = sign_in(acme.owner.email).json()
    good = claims_of(pair["access"])
    now = int(timezone.now().timestamp())
    assert me(signed(good)).status_code == 200  # so that each refusal below has one cause
    forged = {
        "alg none": jwt.encode(good, "", algorithm="none"),
        "other key": signed(good, "x" * 50),
        "other hash": signed(good, algorithm="HS512"),
        "other audience": signed({**good, "aud": "elsewhere"}),
        "no audience": signed({k: v for k, v in good.items() if k != "aud"}),
        "other issuer": signed({**good, "iss": "elsewhere"}),
        "expired": signed({**good, "exp": now - 1}),
        "no expiry": signed({k: v for k, v in good.items() if k != "exp"}),
        "no type": signed({k: v for k, v in good.items() if k != "token_type"}),
        "no tenant": signed({k: v for k, v in good.items() if k != "tenant"}),
        "no stamp": signed({k: v for k, v in good.items() if k != "stamp"}),
        "refresh as access": pair["refresh"],
        "plain refresh": str(PlainRefreshToken.for_user(acme.owner)),
        "key id and address": signed(good, "x" * 50, kid="../../dev/null", jku="http://x.example"),
        "key in the header": signed(good, "x" * 50, jwk='{"kty":"oct","k":"eHg"}', x5u="http://x"),
        "empty key": signed(good, "\0", kid="/dev/null"),
        "own pair of keys": signed(good, rsa_key(), algorithm="RS256", kid="1", jku="http://x"),
        "HS under a public key": under_public_key(good),
        "alg none, as others spell it": signed_by_nobody(good, "nOnE"),
        "critical extension": signed(good, crit=["b64"], b64=False),
        "family that is none": signed({**good, "family": "../x"}),
        "no family": signed({k: v for k, v in good.items() if k != "family"}),
        "family of nobody": signed({**good, "family": uuid.uuid4().hex}),
        "cut": pair["access"][:-5],
        "junk": "é.é.é",
    }
    answers = {name: me(token).status_code for name, token in forged.items()}
    assert answers == dict.fromkeys(forged, 401)


def test_forged_refresh_tokens_are_refused(acme: Organisation) -> None:
    pair = sign_in(acme.owner.email).json()
    good = claims_of(pair["refresh"])
    forged = {
        "access as refresh": pair["access"],
        "alg none": jwt.encode(good, "", algorithm="none"),
        "unknown id": signed({**good, "jti": good["family"] + ".0"}),
        "plain": str(PlainRefreshToken.for_user(acme.owner)),
        "expired": signed({**good, "exp": good["iat"] - 1}),
        "other key": signed(good, "x" * 50),
        "other hash": signed(good, algorithm="HS512"),
        "other audience": signed({**good, "aud": "elsewhere"}),
        "other issuer": signed({**good, "iss": "elsewhere"}),
        "no type": signed({k: v for k, v in good.items() if k != "token_type"}),
        "own pair of keys": signed(good, rsa_key(), algorithm="RS256", kid="1", jku="http://x"),
        "HS under a public key": under_public_key(good),
        "no family": signed({k: v for k, v in good.items() if k != "family"}),
    }
    answers = {name: refresh(token).status_code for name, token in forged.items()}
    assert answers == dict.fromkeys(forged, 401)
    assert refresh(pair["refresh"]).status_code == 200


def test_token_for_a_foreign_tenant_is_refused(acme: Organisation, stranger: Organisation) -> None:
    claims = claims_of(sign_in(acme.owner.email).json()["access"])
    assert me(signed({**claims, "tenant": str(stranger.tenant.pk)})).status_code == 401


def test_refresh_token_lives_fourteen_days(acme: Organisation) -> None:
    claims = claims_of(sign_in(acme.owner.email).json()["refresh"])
    assert claims["exp"] - claims["iat"] == timedelta(days=14).total_seconds()
