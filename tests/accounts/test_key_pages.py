"""accounts/key_pages.py and its forms"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import key_changes, key_pages
from accounts.keys import create_api_key, revoke_api_key, verify_api_key
from accounts.models import ApiKey, AuditEntry
from accounts.permissions import SCOPES, Role
from tests.accounts.billing import record_usage
from tests.people import Organisation

KEYS = "/organisation/keys"
TERMS = {"name": "import", "scopes": ["jobs:read"], "expiry": "30", "networks": ""}


@pytest.fixture
def owner(client: Client, acme: Organisation) -> Client:
    client.force_login(acme.owner)
    return client


def raw_in(page: str) -> str:
    """The key's text in the field to copy from."""
    found = re.search(r'value="(ocrs_\w+)" readonly', page)
    assert found is not None
    return found[1]


def made(acme: Organisation, **more: Any) -> tuple[ApiKey, str]:
    """A key of acme."""
    terms = {"name": "import", "scopes": ["jobs:read"], "created_by": acme.owner, **more}
    return create_api_key(tenant=acme.tenant, **terms)


def test_key_is_made_and_shown_once_with_a_call_to_try(owner: Client, acme: Organisation) -> None:
    form = owner.get(f"{KEYS}/new").content.decode()
    assert all(f'value="{scope}"' in form for scope in SCOPES)
    assert "Cancel jobs" in form
    networks = "203.0.113.0/24\r\n\r\n 127.0.0.1 \r\n"
    answer = owner.post(f"{KEYS}/new", {**TERMS, "networks": networks})
    page = answer.content.decode()
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    raw = raw_in(page)
    assert f"export KEY={raw}" in page
    assert "curl" in page
    key = verify_api_key(raw, address="127.0.0.1")
    assert (key.tenant, key.name, key.created_by) == (acme.tenant, "import", acme.owner)
    assert key.networks == ["203.0.113.0/24", "127.0.0.1/32"]
    assert key.expires_at is not None
    left = key.expires_at - timezone.now()
    assert timedelta(days=29, hours=23) < left <= timedelta(days=30)
    for url in (KEYS, f"{KEYS}/{key.pk}", f"{KEYS}/{key.pk}/rotate", f"{KEYS}/{key.pk}/revoke"):
        text = owner.get(url).content.decode()
        assert key.prefix in text
        assert raw[12:] not in text


def test_expiry_on_a_day_lasts_until_its_end(owner: Client, acme: Organisation) -> None:
    day = (timezone.now() + timedelta(days=3)).astimezone(UTC).date()
    terms = {**TERMS, "expiry": "day", "expires_on": day.isoformat()}
    owner.post(f"{KEYS}/new", terms)
    key = ApiKey.objects.get(name="import")
    assert key.expires_at == datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=UTC)
    owner.post(f"{KEYS}/new", {**TERMS, "name": "for ever", "expiry": "never"})
    assert ApiKey.objects.get(name="for ever").expires_at is None


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"name": " "}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything"]}, "scopes"),
        ({"expiry": "1"}, "expiry"),
        ({"expiry": "keep"}, "expiry"),
        ({"expiry": "day"}, "expires_on"),
        ({"expiry": "day", "expires_on": "soon"}, "expires_on"),
        ({"expiry": "day", "expires_on": "2020-01-01"}, "expires_on"),
        ({"networks": "10.0.0.1/8"}, "networks"),
        ({"networks": "\n".join(f"10.0.{n}.0/24" for n in range(51))}, "networks"),
    ],
)
def test_terms_that_are_wrong_are_told_beside_their_field(
    owner: Client, acme: Organisation, terms: dict[str, Any], field: str
) -> None:
    answer = owner.post(f"{KEYS}/new", {**TERMS, **terms})
    assert answer.status_code == 400
    assert set(answer.context["form"].errors) == {field}
    assert ApiKey.objects.count() == 1


def test_list_shows_live_keys_and_those_that_ended(owner: Client, acme: Organisation) -> None:
    key, _ = made(acme, name="gone")
    revoke_api_key(key, actor=None)
    over, _ = made(acme, name="over")
    ApiKey.objects.filter(pk=over.pk).update(expires_at=timezone.now())
    context = owner.get(KEYS).context
    assert [row.name for row in context["live"]] == ["first"]
    assert [row.name for row in context["ended"]] == ["over", "gone"]


def test_list_without_keys_says_what_they_are_for(owner: Client, acme: Organisation) -> None:
    ApiKey.objects.all().delete()
    assert b"Make the first one" in owner.get(KEYS).content


def test_key_is_changed_and_keeps_its_expiry(owner: Client, acme: Organisation) -> None:
    key, _ = made(acme, expires_at=timezone.now() + timedelta(days=9))
    page = owner.get(f"{KEYS}/{key.pk}").content.decode()
    assert '<option value="keep" selected>' in page
    terms = {**TERMS, "name": "renamed", "expiry": "keep", "networks": "10.0.0.0/8"}
    answer = owner.post(f"{KEYS}/{key.pk}", terms)
    assert (answer.status_code, answer["Location"]) == (302, f"{KEYS}/{key.pk}")
    row = ApiKey.objects.get(pk=key.pk)
    assert (row.name, row.networks, row.expires_at) == ("renamed", ["10.0.0.0/8"], key.expires_at)
    entry = AuditEntry.objects.get(action="key.update")
    assert set(entry.after or {}) == {"name", "networks"}
    wrong = owner.post(f"{KEYS}/{key.pk}", {**terms, "networks": "nowhere"})
    assert (wrong.status_code, set(wrong.context["form"].errors)) == (400, {"networks"})


def test_key_is_rotated_with_an_overlap_that_can_be_ended(
    owner: Client, acme: Organisation
) -> None:
    key, old = made(acme)
    answer = owner.post(f"{KEYS}/{key.pk}/rotate", {"overlap_hours": "24"})
    new = raw_in(answer.content.decode())
    assert answer["Cache-Control"] == "no-store"
    assert verify_api_key(old).pk == verify_api_key(new).pk == key.pk
    page = owner.get(f"{KEYS}/{key.pk}").content.decode()
    assert "It was last used" in page
    answer = owner.post(f"{KEYS}/{key.pk}/end-rotation")
    assert answer["Location"] == f"{KEYS}/{key.pk}"
    assert not ApiKey.objects.get(pk=key.pk).rotating
    assert owner.post(f"{KEYS}/{key.pk}/rotate", {"overlap_hours": "9"}).status_code == 400


def test_key_is_revoked_after_a_question(owner: Client, acme: Organisation) -> None:
    key, _ = made(acme)
    assert b"Revoke the key" in owner.get(f"{KEYS}/{key.pk}/revoke").content
    assert ApiKey.objects.get(pk=key.pk).is_live
    assert owner.post(f"{KEYS}/{key.pk}/revoke")["Location"] == KEYS
    assert ApiKey.objects.get(pk=key.pk).status == "revoked"
    answer = owner.post(f"{KEYS}/{key.pk}/rotate", {"overlap_hours": "0"})
    assert answer.status_code == 400
    assert b"Only a live key" in answer.content
    answer = owner.post(f"{KEYS}/{key.pk}", TERMS)
    assert answer.status_code == 400


def test_page_of_a_key_shows_what_it_was_used_for(owner: Client, acme: Organisation) -> None:
    key, _ = made(acme)
    for number, pages in enumerate((2, 3)):
        record_usage(
            tenant=acme.tenant,
            job_id=[acme.tenant.pk, acme.owner.pk][number],
            engine="auto",
            pages=pages,
            compute_seconds=1.0,
            api_key_id=key.pk,
        )
    record_usage(
        tenant=acme.tenant, job_id=key.pk, engine="auto", pages=7, compute_seconds=1.0
    )  # nobody's
    context = owner.get(f"{KEYS}/{key.pk}").context
    assert (context["total"].calls, context["total"].pages) == (2, 5)
    assert [bucket.total.pages for bucket in context["used"]] == [5]


@pytest.mark.parametrize("role", [Role.MEMBER, Role.REVIEWER, Role.VIEWER])
def test_roles_without_the_right_see_no_keys(
    client: Client, acme: Organisation, role: Role
) -> None:
    client.force_login(acme.join(role))
    assert client.get(KEYS).status_code == 403
    assert client.post(f"{KEYS}/new", TERMS).status_code == 403
    assert b">API keys</a>" not in client.get("/organisation").content
    assert ApiKey.objects.count() == 1


def test_list_shows_all_live_keys_however_many_have_ended(
    owner: Client, acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_changes, "MAX_LIVE_KEYS", 1)
    monkeypatch.setattr(key_pages, "SHOWN", 2)
    live = [acme.key, *(made(acme)[0] for _ in range(2))]
    for _ in range(3):
        revoke_api_key(made(acme)[0], actor=None)
    answer = owner.get(KEYS)
    assert {key.pk for key in answer.context["live"]} == {key.pk for key in live}
    assert len(answer.context["ended"]) == 2


def test_name_is_kept_without_what_is_not_seen(owner: Client, acme: Organisation) -> None:
    owner.post(f"{KEYS}/new", {**TERMS, "name": "im\u202eport\u200b"})
    assert ApiKey.objects.filter(name="import").exists()
    for name in ("\u200b", "\u0958" * 100):
        answer = owner.post(f"{KEYS}/new", {**TERMS, "name": name})
        assert (answer.status_code, set(answer.context["form"].errors)) == (400, {"name"})


def test_too_many_keys_are_told(
    owner: Client, acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_changes, "MAX_LIVE_KEYS", 1)
    answer = owner.post(f"{KEYS}/new", TERMS)
    assert answer.status_code == 400
    assert b"At most 1 live API keys" in answer.content
