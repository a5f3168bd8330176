"""accounts/organisation_views.py: the pages about the organisation"""

import pytest
from django.test import Client

from accounts.models import AuditEntry, Tenant
from accounts.permissions import Role
from tests.people import Organisation


@pytest.fixture
def owner(client: Client, acme: Organisation) -> Client:
    client.force_login(acme.owner)
    return client


def test_settings_are_changed_and_audited(owner: Client, acme: Organisation) -> None:
    answer = owner.post("/organisation", {"name": "Acme & Sons", "retention_hours": "24"})
    assert (answer.status_code, answer["Location"]) == (302, "/organisation")
    tenant = Tenant.objects.get(pk=acme.tenant.pk)
    assert (tenant.name, tenant.retention_hours, tenant.slug) == ("Acme & Sons", 24, "acme")
    entry = AuditEntry.objects.get(action="settings.change")
    assert entry.before == {"name": "Acme", "retention_hours": None}
    assert entry.after == {"name": "Acme & Sons", "retention_hours": 24}
    assert b"Acme &amp; Sons" in owner.get("/organisation").content


def test_settings_as_they_are_change_nothing(owner: Client, acme: Organisation) -> None:
    owner.post("/organisation", {"name": "Acme", "retention_hours": ""})
    assert not AuditEntry.objects.filter(action="settings.change").exists()


def test_settings_that_are_wrong_are_told_beside_their_field(
    owner: Client, acme: Organisation
) -> None:
    answer = owner.post("/organisation", {"name": "", "retention_hours": "-1"})
    assert answer.status_code == 400
    assert set(answer.context["form"].errors) == {"name", "retention_hours"}
    assert Tenant.objects.get(pk=acme.tenant.pk).name == "Acme"


def test_name_is_kept_without_what_is_not_seen(owner: Client, acme: Organisation) -> None:
    owner.post("/organisation", {"name": " Acme\u202e\u200b \u2066 So\u0308ns\ufeff\x1b "})
    assert Tenant.objects.get(pk=acme.tenant.pk).name == "Acme S\xf6ns"
    answer = owner.post("/organisation", {"name": "\u202e\u200b"})
    assert (answer.status_code, set(answer.context["form"].errors)) == (400, {"name"})


def test_members_without_the_right_see_settings_and_cannot_change_them(
    client: Client, acme: Organisation
) -> None:
    client.force_login(acme.join(Role.VIEWER))
    page = client.get("/organisation").content.decode()
    assert "disabled" in page
    assert "Save" not in page
    assert client.post("/organisation", {"name": "Mine"}).status_code == 403
    assert Tenant.objects.get(pk=acme.tenant.pk).name == "Acme"
