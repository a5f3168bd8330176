"""accounts/models"""

import pytest
from django.db import IntegrityError

from accounts.models import Membership, User
from accounts.permissions import Role
from tests.people import Organisation


def test_email_is_kept_and_found_without_case(db: None) -> None:
    person = User.objects.create_user("Ann.Lee@Example.COM", "x")
    assert person.email == "ann.lee@example.com"
    assert User.objects.get(email="ANN.LEE@example.com") == person
    assert User.objects.get_by_natural_key("Ann.Lee@example.com") == person
    assert person.pk.version == 7


def test_email_is_unique_without_case(db: None) -> None:
    User.objects.create_user("ann@example.com", "x")
    with pytest.raises(IntegrityError):
        User.objects.bulk_create([User(email="ANN@example.com")])


def test_user_needs_an_email(db: None) -> None:
    with pytest.raises(ValueError):
        User.objects.create_user("")


def test_user_without_password_cannot_sign_in(db: None) -> None:
    assert not User.objects.create_user("ann@example.com").has_usable_password()


def test_superuser_is_an_operator(db: None) -> None:
    root = User.objects.create_superuser("root@example.com", "x")
    assert (root.is_staff, root.is_superuser, root.is_active) == (True, True, True)


def test_person_has_one_role_a_tenant(acme: Organisation) -> None:
    with pytest.raises(IntegrityError):
        Membership.objects.create(tenant=acme.tenant, user=acme.owner, role=Role.VIEWER)


def test_role_outside_the_table_cannot_be_stored(acme: Organisation) -> None:
    with pytest.raises(IntegrityError):
        Membership.objects.filter(pk=acme.membership.pk).update(role="emperor")
