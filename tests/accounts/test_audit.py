"""accounts/audit.py"""

from datetime import UTC, datetime

import pytest
from django.db import transaction
from django.test import RequestFactory
from pytest_django import Settings

from accounts import audit
from accounts.models import AuditEntry
from tests.people import Organisation


def test_record_keeps_who_what_where_and_the_change(acme: Organisation) -> None:
    audit.record(
        actor=acme.actor,
        tenant=acme.tenant,
        action="key.rename",
        obj=acme.key,
        before={"name": "first"},
        after={"name": "second", "at": datetime(2026, 1, 2, tzinfo=UTC)},
        address="192.0.2.7",
    )
    entry = AuditEntry.objects.get(action="key.rename")
    assert (entry.tenant, entry.api_key, entry.user) == (acme.tenant, acme.key, None)
    assert entry.actor == f"key {acme.key.prefix} (first)"
    assert (entry.object_type, entry.object_id) == ("accounts.apikey", str(acme.key.pk))
    assert entry.before == {"name": "first"}
    assert entry.after == {"name": "second", "at": "2026-01-02T00:00:00Z"}
    assert entry.address == "192.0.2.7"


def test_record_names_people_the_system_and_the_unproved(acme: Organisation) -> None:
    for actor in (acme.member, acme.owner, None, "somebody"):
        audit.record(actor=actor, tenant=None, action="test")
    rows = AuditEntry.objects.filter(action="test").order_by("id").values_list("actor", "user_id")
    assert list(rows) == [
        ("owner@acme.example", acme.owner.pk),
        ("owner@acme.example", acme.owner.pk),
        ("system", None),
        ("somebody", None),
    ]


def test_entries_outlive_the_person_and_the_key(acme: Organisation) -> None:
    audit.record(actor=acme.owner, tenant=acme.tenant, action="test.person")
    audit.record(actor=acme.actor, tenant=acme.tenant, action="test.key")
    person, key = acme.owner.pk, acme.key.pk
    acme.key.delete()
    acme.owner.delete()
    by_person = AuditEntry.objects.get(action="test.person")
    assert (by_person.actor, by_person.user_id) == ("owner@acme.example", person)
    assert AuditEntry.objects.get(action="test.key").api_key_id == key


def test_record_goes_back_with_its_transaction(acme: Organisation) -> None:
    with transaction.atomic():
        audit.record(actor=None, tenant=acme.tenant, action="test.lost")
        transaction.set_rollback(True)
    assert not AuditEntry.objects.filter(action="test.lost").exists()


@pytest.mark.parametrize(
    ("proxies", "remote", "forwarded", "expected"),
    [
        (0, "192.0.2.1", "203.0.113.9", "192.0.2.1"),
        (1, "10.0.0.1", "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        (2, "10.0.0.1", "6.6.6.6, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        (2, "10.0.0.1", "203.0.113.9", "203.0.113.9"),
        (1, "10.0.0.1", "", "10.0.0.1"),
        (1, "10.0.0.1", "<script>", None),
        (0, "2001:db8::1", "", "2001:db8::1"),
        (0, "fe80::1%eth0", "", "fe80::1"),
        (0, "", "", None),
    ],
)
def test_address_of_trusts_as_many_proxies_as_set(
    settings: Settings, proxies: int, remote: str, forwarded: str, expected: str | None
) -> None:
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", REMOTE_ADDR=remote, HTTP_X_FORWARDED_FOR=forwarded)
    assert audit.address_of(request) == expected
