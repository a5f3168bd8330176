"""accounts/provisioning.py and manage.py create_tenant"""

import json
from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from accounts.keys import verify_api_key
from accounts.models import ApiKey, AuditEntry, Membership, Tenant, User
from accounts.permissions import SCOPES
from accounts.provisioning import create_tenant
from tests.people import PASSWORD


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("create_tenant", *arguments, stdout=out)
    return out.getvalue()


def test_create_tenant_makes_tenant_owner_and_key(db: None) -> None:
    done = create_tenant(name="Acme GmbH & Co", owner_email="Boss@acme.example", password=PASSWORD)
    assert (done.tenant.name, done.tenant.slug, done.created) == (
        "Acme GmbH & Co",
        "acme-gmbh-co",
        True,
    )
    assert done.owner.email == "boss@acme.example"
    assert done.owner.check_password(PASSWORD)
    assert (done.owner.is_staff, done.owner.is_superuser) == (False, False)
    assert Membership.objects.get(tenant=done.tenant, user=done.owner).role == "owner"
    assert verify_api_key(done.raw_key).scopes == sorted(SCOPES)
    entry = AuditEntry.objects.get(action="tenant.create")
    assert (entry.tenant, entry.actor) == (done.tenant, "system")


def test_create_tenant_again_changes_nothing(db: None) -> None:
    first = create_tenant(name="Acme", owner_email="boss@acme.example", password=PASSWORD)
    again = create_tenant(name="Acme", owner_email="BOSS@acme.example", password="another " * 3)
    assert (again.tenant, again.owner, again.key) == (first.tenant, first.owner, first.key)
    assert (again.password, again.raw_key, again.created) == ("", "", False)
    assert User.objects.get().check_password(PASSWORD)
    assert (Tenant.objects.count(), ApiKey.objects.count()) == (1, 1)


def test_create_tenant_adds_a_key_of_another_name(db: None) -> None:
    create_tenant(name="Acme", owner_email="boss@acme.example")
    done = create_tenant(name="Acme", owner_email="boss@acme.example", key_name="second")
    assert verify_api_key(done.raw_key).name == "second"


def test_create_tenant_makes_up_a_password(db: None) -> None:
    done = create_tenant(name="Acme", owner_email="boss@acme.example")
    assert len(done.password) == 16
    assert User.objects.get().check_password(done.password)


def test_create_tenant_does_not_hand_a_tenant_to_another_person(db: None) -> None:
    create_tenant(name="Acme", owner_email="boss@acme.example")
    with pytest.raises(ValidationError, match="does not own it"):
        create_tenant(name="Acme", owner_email="thief@elsewhere.example")
    assert Membership.objects.count() == User.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "email", "password"),
    [
        ("Acme", "no address", PASSWORD),
        ("Acme", "boss@acme.example", "short"),
        ("Acme", "boss@acme.example", "password123"),
        ("", "boss@acme.example", PASSWORD),
        ("???", "boss@acme.example", PASSWORD),
    ],
)
def test_create_tenant_refuses_bad_values(db: None, name: str, email: str, password: str) -> None:
    with pytest.raises(ValidationError):
        create_tenant(name=name, owner_email=email, password=password)
    assert Tenant.objects.count() == User.objects.count() == 0


def test_command_prints_login_and_key_once(db: None) -> None:
    arguments = ("--name", "Acme", "--email", "boss@acme.example", "--password", PASSWORD)
    first = run(*arguments)
    key = ApiKey.objects.get()
    assert "Organisation  Acme (acme), created" in first
    assert f"Password      {PASSWORD}" in first
    printed = first.split("API key")[1].strip()
    assert verify_api_key(printed).pk == key.pk
    again = run(*arguments)
    assert "Organisation  Acme (acme), exists already" in again
    assert "Password      unchanged" in again
    assert f"API key       {key.prefix}... exists; shown once only" in again


def test_command_speaks_json(db: None) -> None:
    done = json.loads(run("--name", "Acme", "--email", "boss@acme.example", "--json"))
    assert (done["slug"], done["email"], done["created"]) == ("acme", "boss@acme.example", True)
    assert verify_api_key(done["api_key"]).prefix == done["api_key_prefix"]
    assert User.objects.get().check_password(done["password"])


def test_command_reports_refusals(db: None) -> None:
    with pytest.raises(CommandError, match="too short"):
        run("--name", "Acme", "--email", "boss@acme.example", "--password", "short")
