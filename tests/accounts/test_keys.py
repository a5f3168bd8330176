"""accounts/keys.py and authentication by key"""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings
from rest_framework.test import APIClient

from accounts import keys
from accounts.models import ApiKey, AuditEntry
from tests.people import Organisation

ME = "/api/v1/auth/me"


def me(raw: str, header: str = "HTTP_AUTHORIZATION") -> tuple[int, Any]:
    client = APIClient()
    client.credentials(**{header: raw if header == "HTTP_X_API_KEY" else f"Bearer {raw}"})
    answer = client.get(ME)
    return answer.status_code, answer.json()


def test_key_text_has_githubs_form() -> None:
    raw = keys.new_key_text()
    assert re.fullmatch(r"ocrs_[0-9A-Za-z]{36}", raw)
    assert keys.is_well_formed(raw)
    assert raw != keys.new_key_text()


def test_checksum_is_crc32_in_six_base62_digits() -> None:
    # zlib.crc32(b"123456789") is the check value 0xCBF43926 = 3421780262 of every CRC32
    value = 0
    for digit in keys.checksum("123456789"):
        value = value * 62 + keys.BASE62.index(digit)
    assert value == 0xCBF43926
    assert len(keys.checksum("")) == 6


def test_key_with_one_wrong_character_is_refused_without_a_query(acme: Organisation) -> None:
    raw = acme.raw_key
    wrong = raw[:20] + ("x" if raw[20] != "x" else "y") + raw[21:]
    with CaptureQueriesContext(connection) as queries, pytest.raises(keys.KeyRefused):
        keys.verify_api_key(wrong)
    assert len(queries) == 0


def test_database_holds_no_key_text(acme: Organisation) -> None:
    row = ApiKey.objects.values().get(pk=acme.key.pk)
    assert row["prefix"] == acme.raw_key[:12]
    assert re.fullmatch(r"[0-9a-f]{64}", row["hash"])
    secret_part = acme.raw_key[12:]
    entry = AuditEntry.objects.get(action="key.create", object_id=str(acme.key.pk))
    assert secret_part not in str(row) + str(entry.after)
    assert entry.after == {
        "name": "first",
        "prefix": acme.key.prefix,
        "scopes": sorted(acme.key.scopes),
        "networks": [],
        "expires_at": None,
    }


@pytest.mark.parametrize("header", ["HTTP_AUTHORIZATION", "HTTP_X_API_KEY"])
def test_key_opens_its_tenant(acme: Organisation, stranger: Organisation, header: str) -> None:
    status, body = me(acme.raw_key, header)
    assert status == 200
    assert body["tenant"] == {"id": str(acme.tenant.pk), "name": "Acme", "slug": "acme"}
    assert body["user"] is None
    assert body["role"] is None
    assert body["api_key"]["prefix"] == acme.key.prefix
    assert [tenant["slug"] for tenant in body["tenants"]] == ["acme"]


def test_key_costs_one_query_and_one_more_a_minute(
    acme: Organisation, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(2):
        first = keys.verify_api_key(acme.raw_key).last_used_at
    with django_assert_num_queries(1):
        assert keys.verify_api_key(acme.raw_key).last_used_at == first
    long_ago = timezone.now() - timedelta(seconds=61)
    ApiKey.objects.update(last_used_at=long_ago)
    keys.verify_api_key(acme.raw_key)
    assert ApiKey.objects.get(pk=acme.key.pk).last_used_at > long_ago  # type: ignore[operator]


def test_key_permissions_are_those_of_its_scopes(acme: Organisation) -> None:
    answer = acme.api("jobs:read", "usage:read").get(ME)
    assert answer.json()["permissions"] == ["jobs:read", "usage:read"]


def test_wrong_key_is_refused(acme: Organisation) -> None:
    body = acme.raw_key[:12] + keys.new_key_text()[12:-6]  # a known prefix, another secret
    status, answer = me(body + keys.checksum(body))
    assert (status, answer["detail"]) == (401, "This API key is not known.")
    status, answer = me(keys.new_key_text())
    assert (status, answer["detail"]) == (401, "This API key is not known.")
    for junk in ("ocrs_", "ocrs_" + "é" * 36, "ocrs_" + "a" * 36, "ocrs_" + "a" * 10_000):
        assert me(junk, "HTTP_X_API_KEY")[0] == 401


def test_key_is_looked_up_once_in_a_while(
    acme: Organisation, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(keys.time, "monotonic", lambda: now)
    settings.KEY_CACHE_SECONDS = 0.5
    keys.verify_api_key(acme.raw_key)
    with CaptureQueriesContext(connection) as queries:
        assert keys.verify_api_key(acme.raw_key).tenant == acme.tenant
    assert not queries.captured_queries
    ApiKey.objects.update(revoked_at=timezone.now())  # by another process
    now += 0.49
    assert keys.verify_api_key(acme.raw_key).pk == acme.key.pk
    now += 0.02
    with pytest.raises(keys.KeyRefused, match="revoked"):
        keys.verify_api_key(acme.raw_key)


def test_key_revoked_by_this_process_is_not_let_in_again(acme: Organisation, settings: Any) -> None:
    settings.KEY_CACHE_SECONDS = 60
    keys.verify_api_key(acme.raw_key)
    keys.revoke_api_key(acme.key, actor=None)
    with pytest.raises(keys.KeyRefused, match="revoked"):
        keys.verify_api_key(acme.raw_key)


def test_refused_keys_are_not_remembered(acme: Organisation, settings: Any) -> None:
    settings.KEY_CACHE_SECONDS = 60
    wrong = keys.new_key_text()
    for _ in range(2):
        with pytest.raises(keys.KeyRefused):
            keys.verify_api_key(wrong)
    assert len(keys._checked) <= keys.MOST_CHECKED


def test_revoked_key_is_refused_at_once(acme: Organisation) -> None:
    assert me(acme.raw_key)[0] == 200
    assert keys.revoke_api_key(acme.key, actor=acme.owner, address="192.0.2.1")
    status, answer = me(acme.raw_key)
    assert (status, answer["detail"]) == (401, "This API key has been revoked.")
    assert not keys.revoke_api_key(acme.key, actor=acme.owner)
    entry = AuditEntry.objects.get(action="key.revoke")
    assert (entry.user, entry.tenant, entry.address) == (acme.owner, acme.tenant, "192.0.2.1")


def test_expired_key_is_refused(acme: Organisation) -> None:
    ApiKey.objects.update(expires_at=timezone.now() + timedelta(hours=1))
    assert me(acme.raw_key)[0] == 200
    ApiKey.objects.update(expires_at=timezone.now())
    status, answer = me(acme.raw_key)
    assert (status, answer["detail"]) == (401, "This API key has expired.")


def test_key_of_inactive_tenant_is_refused(acme: Organisation) -> None:
    acme.tenant.is_active = False
    acme.tenant.save(update_fields=["is_active"])
    assert me(acme.raw_key)[0] == 401


def test_refusal_names_the_scheme(db: None) -> None:
    answer = APIClient().get(ME, HTTP_AUTHORIZATION="Bearer " + keys.new_key_text())
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'
    assert APIClient().get(ME).headers["WWW-Authenticate"] == 'Bearer realm="api"'


OLD, NEW = "the pepper before, of fifty or more characters", "the pepper after, of fifty or more"


def test_key_survives_a_change_of_the_secret_key(acme: Organisation, settings: Settings) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key, of fifty or more characters, for the tests"
    before = acme.key.hash
    assert keys.verify_api_key(acme.raw_key).pk == acme.key.pk
    acme.key.refresh_from_db()
    assert acme.key.hash != before  # hashed anew
    settings.SECRET_KEY_FALLBACKS = []
    assert keys.verify_api_key(acme.raw_key).pk == acme.key.pk


def test_key_not_used_in_time_is_refused(acme: Organisation, settings: Settings) -> None:
    settings.SECRET_KEY = "another key, of fifty or more characters, for the tests"
    with pytest.raises(keys.KeyRefused):
        keys.verify_api_key(acme.raw_key)


def test_pepper_changes_apart_from_the_secret_key(acme: Organisation, settings: Settings) -> None:
    settings.API_KEY_PEPPER = OLD
    settings.API_KEY_PEPPER_FALLBACKS = [settings.SECRET_KEY]
    assert keys.verify_api_key(acme.raw_key).pk == acme.key.pk
    settings.SECRET_KEY = "another key, of fifty or more characters, for the tests"
    settings.API_KEY_PEPPER_FALLBACKS = []
    assert keys.verify_api_key(acme.raw_key).pk == acme.key.pk
    settings.API_KEY_PEPPER, settings.API_KEY_PEPPER_FALLBACKS = NEW, [OLD]
    assert keys.verify_api_key(acme.raw_key).pk == acme.key.pk
    settings.API_KEY_PEPPER_FALLBACKS = []
    assert keys.verify_api_key(acme.raw_key).pk == acme.key.pk
    settings.API_KEY_PEPPER = OLD
    with pytest.raises(keys.KeyRefused):
        keys.verify_api_key(acme.raw_key)


def test_refused_key_is_not_hashed_anew(acme: Organisation, settings: Settings) -> None:
    before = acme.key.hash
    keys.revoke_api_key(acme.key, actor=None)
    settings.API_KEY_PEPPER, settings.API_KEY_PEPPER_FALLBACKS = NEW, [settings.SECRET_KEY]
    with pytest.raises(keys.KeyRefused):
        keys.verify_api_key(acme.raw_key)
    assert ApiKey.objects.get().hash == before


@pytest.mark.parametrize("scopes", [[], ["jobs:everything"], ["jobs:read", ""]])
def test_key_without_known_scopes_is_not_made(acme: Organisation, scopes: list[str]) -> None:
    with pytest.raises(ValidationError):
        keys.create_api_key(tenant=acme.tenant, name="x", scopes=scopes, created_by=None)
    assert ApiKey.objects.count() == 1
