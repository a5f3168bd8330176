"""The page and the API of an organisation's settings."""

from dataclasses import replace

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from accounts.models import AuditEntry, Membership, Tenant
from accounts.organisation_settings import OrganisationSettings, change_settings, settings_of
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


@pytest.mark.parametrize("name", ["\u0958" * 200, "\u0958" * 101, "x" * 201])
def test_name_that_is_too_long_once_clean_is_told_beside_its_field(
    owner: Client, acme: Organisation, name: str
) -> None:
    """U+0958 becomes two characters in Unicode's NFC."""
    answer = owner.post("/organisation", {"name": name})
    assert (answer.status_code, set(answer.context["form"].errors)) == (400, {"name"})
    assert Tenant.objects.get(pk=acme.tenant.pk).name == "Acme"
    longest = "u\u0308" * 200  # is composed to 200
    assert owner.post("/organisation", {"name": longest}).status_code == 302
    assert Tenant.objects.get(pk=acme.tenant.pk).name == "\xfc" * 200


def test_role_lost_since_the_request_began_changes_no_settings(acme: Organisation) -> None:
    actor, wanted = acme.member, OrganisationSettings("Mine", None, False, "wait")
    Membership.objects.update(role=Role.VIEWER)
    with pytest.raises(PermissionDenied):
        change_settings(actor, wanted, address=None)
    assert Tenant.objects.get(pk=acme.tenant.pk).name == "Acme"


def test_members_without_the_right_see_settings_and_cannot_change_them(
    client: Client, acme: Organisation
) -> None:
    client.force_login(acme.join(Role.VIEWER))
    page = client.get("/organisation").content.decode()
    assert "disabled" in page
    assert "Save" not in page
    assert client.post("/organisation", {"name": "Mine"}).status_code == 403
    assert Tenant.objects.get(pk=acme.tenant.pk).name == "Acme"


def test_settings_are_seen_and_changed_through_the_api(acme: Organisation) -> None:
    api = acme.api()
    before = {
        "name": "Acme",
        "retention_hours": None,
        "require_second_factor": False,
        "when_engine_away": "wait",
        "default_engine": "",
        "default_text_layer": "auto",
        "default_dpi": None,
        "default_strip_furniture": False,
        "default_split": False,
        "default_searchable_pdf": None,
        "default_cache": True,
    }
    assert api.get("/api/v1/organisation/settings").json() == before
    answer = api.patch("/api/v1/organisation/settings", {"when_engine_away": "fall_back"})
    assert (answer.status_code, answer.json()) == (200, {**before, "when_engine_away": "fall_back"})
    entry = AuditEntry.objects.get(action="settings.change")
    assert (entry.before, entry.after) == (
        {"when_engine_away": "wait"},
        {"when_engine_away": "fall_back"},
    )
    assert api.patch("/api/v1/organisation/settings", {}).status_code == 200
    assert AuditEntry.objects.filter(action="settings.change").count() == 1


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"when_engine_away": "never"}, "when_engine_away"),
        ({"when_engine_away": None}, "when_engine_away"),
        ({"retention_hours": -1}, "retention_hours"),
        ({"name": "\u202e"}, "name"),
        ({"require_second_factor": "perhaps"}, "require_second_factor"),
        ({"default_engine": "own:none"}, "default_engine"),
        ({"default_engine": "tesseract"}, "default_engine"),
        ({"default_text_layer": ""}, "default_text_layer"),
        ({"default_dpi": 601}, "default_dpi"),
        ({"default_split": None}, "default_split"),
    ],
)
def test_wrong_setting_is_named_by_the_api(
    acme: Organisation, change: dict[str, object], wrong: str
) -> None:
    answer = acme.api().patch("/api/v1/organisation/settings", {"name": "New", **change})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_option")
    assert set(answer.json()["errors"]) == {wrong}
    assert Tenant.objects.get(pk=acme.tenant.pk).name == "Acme"


def test_change_of_one_setting_leaves_what_others_have_changed_meanwhile(
    acme: Organisation,
) -> None:
    seen = settings_of(acme.actor.tenant)
    Tenant.objects.filter(pk=acme.tenant.pk).update(retention_hours=9)
    wanted = replace(seen, when_engine_away="fall_back")
    assert change_settings(acme.actor, wanted, only={"when_engine_away"}, address=None)
    tenant = Tenant.objects.get(pk=acme.tenant.pk)
    assert (tenant.retention_hours, tenant.when_engine_away) == (9, "fall_back")
