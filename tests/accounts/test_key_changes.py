"""accounts/key_changes.py, and how changed, rotated and bound keys are let in"""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import key_changes, keys
from accounts.key_changes import KeyTerms, MoreThanMaker
from accounts.models import ApiKey, AuditEntry, Membership
from accounts.permissions import SCOPES, Role
from accounts.seniority import locked
from accounts.tenancy import key_actor, member_actor
from tests.people import Organisation

ME = "/api/v1/auth/me"


def status(raw: str, address: str = "127.0.0.1") -> tuple[int, str]:
    """Status and code with which a call with the key is answered."""
    client = APIClient(headers={"X-API-Key": raw}, REMOTE_ADDR=address)
    answer = client.get(ME)
    return answer.status_code, answer.json().get("code", "")


def bound(acme: Organisation, **terms: Any) -> tuple[ApiKey, str]:
    """A key of that organisation with these terms."""
    wanted = KeyTerms(**{"name": "bound", "scopes": ["jobs:read"], **terms})
    return key_changes.make_key(actor=acme.member, terms=wanted, address=None)


def test_key_is_let_in_from_its_networks_alone(acme: Organisation) -> None:
    key, raw = bound(acme, networks=["203.0.113.0/24", "2001:db8::/32"])
    assert key.networks == ["203.0.113.0/24", "2001:db8::/32"]
    assert status(raw, "203.0.113.9") == (200, "")
    assert status(raw, "2001:db8::9") == (200, "")
    assert status(raw, "::ffff:203.0.113.9") == (200, "")
    assert status(raw, "203.0.114.9") == (403, "address_not_allowed")
    assert status(raw, "2001:db9::9") == (403, "address_not_allowed")


def test_refusal_tells_the_callers_address_and_no_network(acme: Organisation) -> None:
    _, raw = bound(acme, networks=["203.0.113.0/24"])
    client = APIClient(headers={"X-API-Key": raw}, REMOTE_ADDR="198.51.100.7")
    answer = client.get(ME).json()
    assert answer["detail"] == "This API key may not be used from 198.51.100.7."
    assert "203.0.113" not in str(answer)


def test_network_is_checked_though_the_key_is_remembered(acme: Organisation, settings: Any) -> None:
    settings.KEY_CACHE_SECONDS = 60
    _, raw = bound(acme, networks=["203.0.113.0/24"])
    assert status(raw, "203.0.113.9")[0] == 200
    assert status(raw, "198.51.100.7")[0] == 403
    assert status(raw, "203.0.113.9")[0] == 200


def test_callers_header_does_not_choose_the_address(acme: Organisation, settings: Any) -> None:
    _, raw = bound(acme, networks=["203.0.113.0/24"])
    forged = APIClient(
        headers={"X-API-Key": raw, "X-Forwarded-For": "203.0.113.9"}, REMOTE_ADDR="198.51.100.7"
    )
    assert forged.get(ME).status_code == 403
    settings.TRUSTED_PROXIES = 1
    assert forged.get(ME).status_code == 200
    through = APIClient(
        headers={"X-API-Key": raw, "X-Forwarded-For": "203.0.113.9, 198.51.100.7"},
        REMOTE_ADDR="127.0.0.1",
    )
    assert through.get(ME).status_code == 403


def test_use_from_elsewhere_is_noted_and_audited_once_a_minute(acme: Organisation) -> None:
    key, raw = bound(acme, networks=["203.0.113.0/24"])
    for _ in range(3):
        status(raw, "198.51.100.7")
    key.refresh_from_db()
    assert key.refused_from == "198.51.100.7"
    assert key.last_used_at is None, "it was not let in"
    entry = AuditEntry.objects.get(action="key.refuse")
    assert (entry.object_id, entry.tenant) == (str(key.pk), acme.tenant)
    assert entry.address == "198.51.100.7"
    assert entry.after == {"reason": "This API key may not be used from this address."}
    long_ago = timezone.now() - timedelta(seconds=61)
    ApiKey.objects.filter(pk=key.pk).update(refused_at=long_ago)
    status(raw, "198.51.100.8")
    key.refresh_from_db()
    assert key.refused_from == "198.51.100.8"
    assert AuditEntry.objects.filter(action="key.refuse").count() == 1, "within the same minute"


def test_last_use_tells_from_where(acme: Organisation) -> None:
    key, raw = bound(acme)
    assert status(raw, "203.0.113.9")[0] == 200
    key.refresh_from_db()
    assert key.last_used_from == "203.0.113.9"
    assert key.last_used_at is not None
    assert key.old_used_at is None


def test_rotated_key_keeps_its_row_and_both_texts_open_it(acme: Organisation) -> None:
    key, old = bound(acme, networks=["127.0.0.0/8"])
    rotated, new = key_changes.rotate_key(key, actor=acme.member, address=None)
    assert (rotated.pk, rotated.networks, rotated.scopes) == (key.pk, key.networks, key.scopes)
    assert old != new
    assert (status(old), status(new)) == ((200, ""), (200, ""))
    row = ApiKey.objects.get(pk=key.pk)
    assert (row.prefix, row.old_prefix) == (new[:12], old[:12])
    assert row.old_used_at is not None
    assert row.old_until is not None
    left = row.old_until - timezone.now()
    assert timedelta(hours=23, minutes=59) < left <= timedelta(hours=24)
    entry = AuditEntry.objects.get(action="key.rotate")
    assert entry.before == {"prefix": old[:12]}
    assert entry.after is not None
    assert entry.after["prefix"] == new[:12]


def test_replaced_text_is_refused_when_its_time_is_over(
    acme: Organisation, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, old = bound(acme)
    _, new = key_changes.rotate_key(key, actor=acme.member, address=None)
    clock = 1000.0
    monkeypatch.setattr(keys.time, "monotonic", lambda: clock)
    settings.KEY_CACHE_SECONDS = 0.5
    assert status(old)[0] == 200
    ApiKey.objects.filter(pk=key.pk).update(old_until=timezone.now())  # in another process
    clock += 1  # within a second
    assert status(old) == (401, "not_authenticated")
    assert status(new)[0] == 200


def test_rotation_without_overlap_refuses_the_old_text_at_once(
    acme: Organisation, settings: Any
) -> None:
    settings.KEY_CACHE_SECONDS = 60
    key, old = bound(acme)
    assert status(old)[0] == 200
    _, new = key_changes.rotate_key(key, actor=acme.member, overlap_hours=0, address=None)
    assert (status(old)[0], status(new)[0]) == (401, 200)


def test_second_rotation_ends_the_first_ones_overlap(acme: Organisation) -> None:
    key, first = bound(acme)
    _, second = key_changes.rotate_key(key, actor=acme.member, address=None)
    _, third = key_changes.rotate_key(key, actor=acme.member, address=None)
    assert [status(raw)[0] for raw in (first, second, third)] == [401, 200, 200]


def test_overlap_is_ended_early(acme: Organisation, settings: Any) -> None:
    settings.KEY_CACHE_SECONDS = 60
    key, old = bound(acme)
    _, new = key_changes.rotate_key(key, actor=acme.member, address=None)
    assert status(old)[0] == 200
    for _ in range(2):
        assert not key_changes.end_rotation(key, actor=acme.member, address=None).rotating
    assert (status(old)[0], status(new)[0]) == (401, 200)
    assert AuditEntry.objects.filter(action="key.rotate_end").count() == 1


def test_revoking_refuses_both_texts(acme: Organisation) -> None:
    key, old = bound(acme)
    key, new = key_changes.rotate_key(key, actor=acme.member, address=None)
    keys.revoke_api_key(key, actor=acme.member)
    assert (status(old)[0], status(new)[0]) == (401, 401)
    with pytest.raises(key_changes.KeyNotLive):
        key_changes.rotate_key(key, actor=acme.member, address=None)


def test_old_prefix_with_the_new_texts_rest_is_refused(acme: Organisation) -> None:
    key, old = bound(acme)
    _, new = key_changes.rotate_key(key, actor=acme.member, address=None)
    for body in (old[:12] + new[12:-6], new[:12] + old[12:-6]):
        assert status(body + keys.checksum(body)) == (401, "not_authenticated")


def test_changes_hold_at_once_and_are_audited_with_what_was_before(
    acme: Organisation, settings: Any
) -> None:
    settings.KEY_CACHE_SECONDS = 60
    key, raw = bound(acme)
    assert status(raw)[0] == 200
    soon = timezone.now() + timedelta(days=1)
    changes = {"scopes": ["usage:read"], "networks": ["203.0.113.7"], "expires_at": soon}
    key_changes.change_key(key, actor=acme.member, changes=changes, address="192.0.2.1")
    assert status(raw)[0] == 403
    assert status(raw, "203.0.113.7")[0] == 200
    row = ApiKey.objects.get(pk=key.pk)
    assert (row.name, row.scopes, row.networks) == ("bound", ["usage:read"], ["203.0.113.7/32"])
    assert row.expires_at == soon
    entry = AuditEntry.objects.get(action="key.update")
    assert entry.before == {"scopes": ["jobs:read"], "networks": [], "expires_at": None}
    assert entry.after is not None
    assert entry.after["networks"] == ["203.0.113.7/32"]
    assert (entry.user, entry.address) == (acme.owner, "192.0.2.1")
    key_changes.change_key(key, actor=acme.member, changes=changes, address=None)
    assert AuditEntry.objects.filter(action="key.update").count() == 1, "nothing differed"


def test_revoked_key_stays_as_it_is(acme: Organisation) -> None:
    key, _ = bound(acme)
    keys.revoke_api_key(key, actor=acme.member)
    with pytest.raises(key_changes.KeyNotLive):
        key_changes.change_key(key, actor=acme.member, changes={"name": "x"}, address=None)
    assert ApiKey.objects.get(pk=key.pk).name == "bound"


def test_expired_key_is_renamed_and_lives_again_with_a_later_expiry(acme: Organisation) -> None:
    key, raw = bound(acme)
    past = timezone.now() - timedelta(days=1)
    ApiKey.objects.filter(pk=key.pk).update(expires_at=past)
    assert status(raw)[0] == 401
    key_changes.change_key(key, actor=acme.member, changes={"name": "x"}, address=None)
    later = {"expires_at": timezone.now() + timedelta(days=1)}
    key_changes.change_key(key, actor=acme.member, changes=later, address=None)
    assert status(raw)[0] == 200


@pytest.mark.parametrize("role", [Role.ADMIN, Role.OWNER])
@pytest.mark.parametrize("scope", SCOPES)
def test_admins_and_owners_may_give_every_scope(acme: Organisation, role: Role, scope: str) -> None:
    acme.membership.role = role
    actor = member_actor(acme.membership)
    terms = KeyTerms("x", [scope])
    assert key_changes.make_key(actor=actor, terms=terms, address=None)[0].scopes == [scope]


@pytest.mark.parametrize("role", [Role.MEMBER, Role.REVIEWER, Role.VIEWER])
def test_no_role_gives_a_scope_beyond_its_own(acme: Organisation, role: Role) -> None:
    client = Client()
    client.force_login(acme.join(role))
    assert client.post("/organisation/keys/new", {"name": "x"}).status_code == 403
    acme.membership.role = role
    with pytest.raises(MoreThanMaker):
        key_changes._refuse_more(member_actor(acme.membership), KeyTerms("x", ["admin"]))
    assert ApiKey.objects.count() == 1


def test_role_lost_since_the_request_began_makes_no_key(acme: Organisation) -> None:
    """Nor changes or rotates one; the actor was read before."""
    actor, before = acme.member, ApiKey.objects.values().get()
    Membership.objects.update(role=Role.MEMBER)
    for work in (
        lambda: key_changes.make_key(actor=actor, terms=KeyTerms("x", ["admin"]), address=None),
        lambda: key_changes.change_key(acme.key, actor=actor, changes={"name": "x"}, address=None),
        lambda: key_changes.rotate_key(acme.key, actor=actor, address=None),
        lambda: key_changes.end_rotation(acme.key, actor=actor, address=None),
    ):
        with pytest.raises(PermissionDenied):
            work()
    assert ApiKey.objects.values().get() == before


def test_key_that_ended_since_the_request_began_makes_none(acme: Organisation) -> None:
    actor = acme.actor
    ApiKey.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(PermissionDenied):
        key_changes.make_key(actor=actor, terms=KeyTerms("x", ["admin"]), address=None)
    assert ApiKey.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_demotion_under_way_is_waited_for(acme: Organisation) -> None:
    """The role is read once the tenant's lock is had, not before."""
    outcome: list[object] = []

    def make() -> None:
        try:
            terms = KeyTerms("x", ["admin"])
            outcome.append(key_changes.make_key(actor=acme.member, terms=terms, address=None))
        except PermissionDenied as error:
            outcome.append(error)
        finally:
            connection.close()

    with transaction.atomic():
        locked(acme.tenant)
        Membership.objects.update(role=Role.MEMBER)
        thread = threading.Thread(target=make)
        thread.start()
        thread.join(0.3)
        assert outcome == [], "it waits"
    thread.join(20)
    assert [type(each) for each in outcome] == [PermissionDenied]
    assert ApiKey.objects.count() == 1


def test_rotated_key_is_hashed_under_the_pepper_of_now(acme: Organisation, settings: Any) -> None:
    settings.API_KEY_PEPPER = "a pepper of its own, which is new"
    settings.API_KEY_PEPPER_FALLBACKS = [settings.SECRET_KEY]
    newest = keys.pepper_name(settings.API_KEY_PEPPER)
    assert acme.key.pepper != newest
    key, raw = key_changes.rotate_key(acme.key, actor=acme.actor, address=None)
    key.refresh_from_db()
    assert (key.pepper, key.hash) == (newest, keys.key_hash(raw, settings.API_KEY_PEPPER))
    assert status(raw) == status(acme.raw_key) == (200, "")


def test_key_makes_changes_and_rotates_none_that_may_more_than_itself(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    tomorrow = timezone.now() + timedelta(days=1)
    weak, _ = bound(acme, scopes=["jobs:read"], networks=["10.0.0.0/8"], expires_at=tomorrow)
    monkeypatch.setitem(SCOPES, "jobs:read", frozenset({"jobs:read", "usage:read", "keys:manage"}))
    actor = key_actor(weak)
    own = KeyTerms("x", ["jobs:read"], ["10.1.0.0/16"], tomorrow)
    made, _ = key_changes.make_key(actor=actor, terms=own, address=None)
    assert (made.created_by, made.scopes) == (None, ["jobs:read"])
    entry = AuditEntry.objects.get(action="key.create", object_id=str(made.pk))
    assert entry.api_key_id == weak.pk
    more: list[dict[str, Any]] = [
        {"scopes": ["jobs:write"]},
        {"scopes": ["admin"]},
        {"networks": []},
        {"networks": ["10.0.0.0/7"]},
        {"networks": ["10.0.0.0/8", "2001:db8::/32"]},
        {"expires_at": None},
        {"expires_at": tomorrow + timedelta(seconds=1)},
    ]
    before = ApiKey.objects.order_by("pk").values()
    rows = list(before)
    for change in more:
        terms = {"name": "x", "scopes": own.scopes, "networks": own.networks}
        wanted = KeyTerms(**{**terms, "expires_at": tomorrow, **change})
        with pytest.raises(MoreThanMaker):
            key_changes.make_key(actor=actor, terms=wanted, address=None)
        for key in (made, weak):  # itself too
            with pytest.raises(MoreThanMaker):
                key_changes.change_key(key, actor=actor, changes=change, address=None)
    with pytest.raises(MoreThanMaker):
        key_changes.rotate_key(acme.key, actor=actor, address=None)
    with pytest.raises(MoreThanMaker):
        key_changes.change_key(acme.key, actor=actor, changes={"name": "y"}, address=None)
    with pytest.raises(MoreThanMaker):
        key_changes.end_rotation(acme.key, actor=actor, address=None)
    assert list(before.all()) == rows
    key_changes.rotate_key(made, actor=actor, address=None)


def test_more_keys_than_allowed_are_refused(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_changes, "MAX_LIVE_KEYS", 2)
    key, _ = bound(acme)
    with pytest.raises(key_changes.TooManyKeys):
        bound(acme)
    keys.revoke_api_key(key, actor=None)
    bound(acme)
    assert ApiKey.objects.filter(revoked_at=None).count() == 2


@pytest.mark.django_db(transaction=True)
def test_parallel_rotations_leave_two_texts(acme: Organisation) -> None:
    key, first = bound(acme)
    made: list[str] = []

    def rotate() -> None:
        try:
            made.append(key_changes.rotate_key(key, actor=acme.member, address=None)[1])
        finally:
            connection.close()

    threads = [threading.Thread(target=rotate) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    live = [raw for raw in (first, *made) if status(raw)[0] == 200]
    row = ApiKey.objects.get(pk=key.pk)
    assert {raw[:12] for raw in live} == {row.prefix, row.old_prefix}
    assert len(made) == 6


@pytest.mark.django_db(transaction=True)
def test_parallel_makers_do_not_pass_the_bound(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_changes, "MAX_LIVE_KEYS", 3)
    refused: list[Exception] = []

    def make() -> None:
        try:
            bound(acme)
        except key_changes.TooManyKeys as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=make) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (ApiKey.objects.count(), len(refused)) == (3, 4)
