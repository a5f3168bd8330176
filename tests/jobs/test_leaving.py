"""jobs/leaving_api.py and jobs/leaving_views.py: only owners, and only on purpose"""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import AuditEntry, Departure, Membership, Tenant, User
from accounts.permissions import Role
from tests.jobs.test_takeout import by_token, opened
from tests.people import PASSWORD, Organisation
from tests.signing_in import signed_in_long_ago

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("files")]
URL = "/api/v1/organisation"
LEAVE = {"name": "Acme", "password": PASSWORD}


@pytest.fixture
def owner(client: Client, acme: Organisation) -> Client:
    client.force_login(acme.owner)
    return client


def test_owner_deletes_the_organisation_by_its_name(acme: Organisation) -> None:
    answer = by_token(acme).delete(URL, LEAVE)
    assert answer.status_code == 202
    row = Departure.objects.get(pk=acme.tenant.pk)
    assert answer.json()["id"] == str(acme.tenant.pk)
    assert (row.due_at - row.requested_at).days in (6, 7)
    assert row.owners == [acme.owner.email]
    assert not Tenant.objects.get().is_active
    assert acme.api().get("/api/v1/ocr/jobs").status_code == 401


def test_token_alone_deletes_nothing(acme: Organisation) -> None:
    client = by_token(acme)
    for body in ({"name": "Acme"}, {"name": "Acme", "password": "no"}):
        answer = client.delete(URL, body)
        assert (answer.status_code, answer.json()["code"]) == (403, "password_wrong")
    assert not Departure.objects.exists()
    assert Tenant.objects.get().is_active
    assert AuditEntry.objects.filter(action="login.fail").exists()


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": "acme"}, {"name": ["Acme"]}])
def test_another_name_deletes_nothing(acme: Organisation, body: dict[str, object]) -> None:
    answer = by_token(acme).delete(URL, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_option")
    assert list(answer.json()["errors"]) == ["name"]
    assert Tenant.objects.get().is_active
    assert not Departure.objects.exists()


def test_nobody_but_owners_may_delete(acme: Organisation) -> None:
    asked = [acme.api(), APIClient()]
    asked += [by_token(acme, acme.join(role).email) for role in Role if role != Role.OWNER]
    statuses = [client.delete(URL, LEAVE).status_code for client in asked]
    assert statuses == [403, 401, 403, 403, 403, 403]
    assert Tenant.objects.get().is_active


def test_page_deletes_by_name_and_password(owner: Client, acme: Organisation) -> None:
    page = owner.get("/organisation/leave").content.decode()
    assert "Delete Acme" in page
    assert "After 7 days all its documents" in page
    answer = owner.post("/organisation/leave", {"name": "Acme", "password": PASSWORD})
    assert (answer.status_code, answer["Location"]) == (302, "/login")
    assert "Acme is closed." in owner.get("/login").content.decode()
    assert Departure.objects.get().requested_by == acme.owner.email
    assert owner.get("/jobs").status_code == 302  # signed out
    assert AuditEntry.objects.filter(action="session.logout").exists()


def test_person_of_another_organisation_goes_on_there(
    owner: Client, acme: Organisation, stranger: Organisation
) -> None:
    Membership.objects.create(tenant=stranger.tenant, user=acme.owner, role=Role.VIEWER)
    answer = owner.post("/organisation/leave", {"name": "Acme", "password": PASSWORD})
    assert answer["Location"] == "/jobs"
    page = owner.get("/jobs").content.decode()
    assert "Acme is closed." in page
    assert "Stranger" in page
    assert Tenant.objects.get(pk=stranger.tenant.pk).is_active


@pytest.mark.parametrize(
    ("sent", "wrong"),
    [
        ({"name": "Acme", "password": "no"}, "password"),
        ({"name": "acme", "password": PASSWORD}, "name"),
        ({"name": "Acme"}, "password"),
    ],
)
def test_what_is_wrong_is_told_beside_its_field(
    owner: Client, acme: Organisation, sent: dict[str, str], wrong: str
) -> None:
    answer = owner.post("/organisation/leave", sent)
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == [wrong]
    assert Tenant.objects.get().is_active
    failed = AuditEntry.objects.filter(action="login.fail").count()
    assert failed == (sent.get("password") == "no")


def test_who_has_no_password_confirms_by_having_just_signed_in(
    owner: Client, acme: Organisation
) -> None:
    acme.owner.set_unusable_password()
    acme.owner.save()
    owner.force_login(acme.owner)
    signed_in_long_ago(owner)
    assert b'type="password"' not in owner.get("/organisation/leave").content
    answer = owner.post("/organisation/leave", {"name": "Acme"})
    assert answer.status_code == 400
    assert "sign out and in again" in answer.content.decode()
    assert not Departure.objects.exists()
    owner.force_login(acme.owner)
    assert owner.post("/organisation/leave", {"name": "Acme"}).status_code == 302
    assert Departure.objects.exists()


def test_admins_see_neither_page_nor_menu(client: Client, acme: Organisation) -> None:
    client.force_login(acme.join(Role.ADMIN))
    assert client.get("/organisation/leave").status_code == 403
    assert b"/organisation/leave" not in client.get("/organisation").content
    assert client.post("/organisation/leave", {"name": "Acme"}).status_code == 403


def test_passwords_cannot_be_guessed_on_the_page(
    owner: Client, acme: Organisation, settings: Settings
) -> None:
    from accounts.rates import Rates

    settings.RATES = settings.RATES | {"token": Rates(3, 3, 3, 3)}
    sent = {"name": "Acme", "password": "no"}
    statuses = [owner.post("/organisation/leave", sent).status_code for _ in range(4)]
    assert statuses == [400, 400, 400, 429]
    assert Tenant.objects.get().is_active


def test_guesses_on_the_page_lock_the_person_out(owner: Client, acme: Organisation) -> None:
    sent = {"name": "Acme", "password": "no"}
    statuses = [owner.post("/organisation/leave", sent).status_code for _ in range(5)]
    assert statuses == [400, 400, 400, 400, 429]
    locked = owner.post("/organisation/leave", {"name": "Acme", "password": PASSWORD})
    assert locked.status_code == 429
    assert "Wait 15 minutes" in locked.content.decode()
    assert Tenant.objects.get().is_active


@pytest.mark.django_db(transaction=True)
def test_button_of_the_page_exports(owner: Client, acme: Organisation) -> None:
    archive = opened(owner.get("/organisation/export.zip"))
    assert b"owner@acme.example" in archive.read("members.csv")
    assert AuditEntry.objects.get(action="tenant.export").actor == acme.owner.email


def test_operator_deletes_an_organisation_and_calls_it_off(
    client: Client, acme: Organisation
) -> None:
    operator = User.objects.create_superuser("root@example.com", PASSWORD)
    client.force_login(operator)
    add = "/admin/accounts/departure/add/"
    assert client.get(add).status_code == 200
    answer = client.post(add, {"tenant": str(acme.tenant.pk), "confirmed": "acme"})
    assert answer.status_code == 200
    assert not Departure.objects.exists()
    answer = client.post(add, {"tenant": str(acme.tenant.pk), "confirmed": "Acme"})
    assert answer.status_code == 302
    row = Departure.objects.get(pk=acme.tenant.pk)
    assert row.requested_by == operator.email
    assert AuditEntry.objects.filter(action="tenant.leave", user=operator).count() == 1
    assert client.get(f"/admin/accounts/departure/{row.pk}/change/").status_code == 200
    sent = {"action": "call_off", "_selected_action": [str(row.pk)]}
    page = client.post("/admin/accounts/departure/", sent, follow=True).content.decode()
    assert "Acme is as it was before." in page
    assert Tenant.objects.get().is_active
    assert not Departure.objects.exists()
