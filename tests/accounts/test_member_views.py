"""accounts/member_views.py, accounts/tenancy.py: the members' pages, and who belongs nowhere"""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.keys import create_api_key
from accounts.models import ApiKey, AuditEntry, Invitation, Membership, Tenant, User
from accounts.permissions import Role
from accounts.rates import Rates
from tests.accounts.inviting import invited
from tests.people import PASSWORD, Organisation
from tests.signing_in import signed_in_long_ago

PAGE = "/organisation/members"


@pytest.fixture
def owner(client: Client, acme: Organisation) -> Client:
    client.force_login(acme.owner)
    return client


def browser(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def page(client: Client, url: str = PAGE) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def role_of(person: User) -> str | None:
    return Membership.objects.filter(user=person).values_list("role", flat=True).first()


def test_every_member_sees_who_the_members_are(acme: Organisation, stranger: Organisation) -> None:
    for role in (Role.ADMIN, Role.MEMBER, Role.REVIEWER, Role.VIEWER):
        html = page(browser(acme.join(role)))
        assert "owner@acme.example" in html
        assert "stranger" not in html
        assert ("Invite somebody" in html) == (role == Role.ADMIN)


@pytest.mark.django_db(transaction=True)
def test_invitation_from_the_page_and_its_link(
    owner: Client, acme: Organisation, settings: Settings, mailoutbox: list[Any]
) -> None:
    answer = owner.post(PAGE, {"email": "new@acme.example", "role": "viewer"})
    (link,) = re.findall(r'value="http[^"]+(/invitations/[\w-]+)"', answer.content.decode())
    assert f'value="{settings.SITE_URL}{link}"' in answer.content.decode()
    assert "This installation sends no e-mail." in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert "Join Acme" in page(Client(), link)
    assert "/invitations/" not in page(owner).replace("/organisation/invitations/", "")
    row = Invitation.objects.get()
    assert (row.email, row.role, row.invited_by) == ("new@acme.example", "viewer", acme.owner)
    settings.EMAIL_URL = "smtp://mail.example"
    answer = owner.post(f"/organisation/invitations/{row.pk}/resend")
    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    assert "An invitation was sent to new@acme.example." in page(owner)
    assert Client().get(link).status_code == 404
    assert [message.to for message in mailoutbox] == [["new@acme.example"]]
    owner.post(f"/organisation/invitations/{row.pk}/revoke")
    assert "Nobody is invited at the moment." in page(owner)


def test_what_is_wrong_with_an_invitation_is_said_beside_the_field(
    owner: Client, acme: Organisation
) -> None:
    invited(acme)
    for email, words in (
        ("x", "Enter a valid email address."),
        ("owner@acme.example", "This person is a member already."),
        ("new@acme.example", "This address has been invited already: send that one again."),
    ):
        answer = owner.post(PAGE, {"email": email, "role": "viewer"})
        assert answer.status_code in (400, 409)
        assert answer.context["form"].errors["email"] == [words]
    assert Invitation.objects.count() == 1


def test_admin_cannot_offer_or_touch_the_owners_role(acme: Organisation) -> None:
    admin = browser(acme.join(Role.ADMIN))
    made = invited(acme, role=Role.OWNER)
    html = page(admin)
    assert 'value="owner"' not in html
    assert "Withdraw" not in html
    assert admin.post(PAGE, {"email": "a@b.example", "role": "owner"}).status_code == 400
    for verb in ("resend", "revoke"):
        url = f"/organisation/invitations/{made.invitation.pk}/{verb}"
        answer = admin.post(url)
        assert answer.status_code == 403
        assert "Only an owner may give" in answer.content.decode()
    assert Invitation.objects.get().revoked_at is None
    member = f"{PAGE}/{acme.owner.pk}"
    assert "Only an owner can change or remove an owner." in page(admin, member)
    assert admin.post(member, {"role": "viewer"}).status_code == 403
    assert admin.post(f"{member}/remove").status_code == 403
    assert admin.get(f"{member}/transfer").status_code == 403
    assert role_of(acme.owner) == "owner"


def test_role_is_changed_on_the_page_and_holds_in_open_sessions(
    owner: Client, acme: Organisation
) -> None:
    admin = acme.join(Role.ADMIN)
    theirs = browser(admin)
    assert "Invite somebody" in page(theirs)
    answer = owner.post(f"{PAGE}/{admin.pk}", {"role": "viewer"})
    assert (answer.status_code, role_of(admin)) == (302, "viewer")
    assert "admin@acme.example is now viewer." in page(owner)
    assert "Invite somebody" not in page(theirs)
    assert theirs.post(PAGE, {"email": "a@b.example", "role": "viewer"}).status_code == 403
    assert owner.post(f"{PAGE}/{admin.pk}", {"role": "operator"}).status_code == 400
    assert role_of(admin) == "viewer"


@pytest.mark.parametrize("role", [Role.MEMBER, Role.REVIEWER, Role.VIEWER])
def test_others_reach_no_page_that_changes(acme: Organisation, role: Role) -> None:
    client, other = browser(acme.join(role)), acme.join(Role.ADMIN)
    made = invited(acme)
    for method, url in (
        ("post", PAGE),
        ("get", f"{PAGE}/{other.pk}"),
        ("post", f"{PAGE}/{other.pk}"),
        ("get", f"{PAGE}/{other.pk}/remove"),
        ("post", f"{PAGE}/{other.pk}/remove"),
        ("get", f"{PAGE}/{other.pk}/transfer"),
        ("post", f"{PAGE}/{other.pk}/transfer"),
        ("post", f"/organisation/invitations/{made.invitation.pk}/resend"),
        ("post", f"/organisation/invitations/{made.invitation.pk}/revoke"),
    ):
        assert getattr(client, method)(url, {"role": "viewer"}).status_code == 403
    assert role_of(other) == "admin"


def test_removal_lists_the_persons_keys_and_revokes_those_ticked(
    owner: Client, acme: Organisation
) -> None:
    admin = acme.join(Role.ADMIN)
    keys = [
        create_api_key(tenant=acme.tenant, name=name, scopes=["admin"], created_by=admin)[0]
        for name in ("kept", "gone")
    ]
    html = page(owner, f"{PAGE}/{admin.pk}/remove")
    assert all(key.prefix in html and key.hash not in html for key in keys)
    assert acme.key.prefix not in html
    url = f"{PAGE}/{admin.pk}/remove"
    assert owner.post(url, {"keys": [str(acme.key.pk)]}).status_code == 400
    assert role_of(admin) == "admin"
    assert owner.post(url, {"keys": [str(keys[1].pk)]}).status_code == 302
    assert role_of(admin) is None
    live = ApiKey.objects.filter(revoked_at=None).values_list("name", flat=True)
    assert sorted(live) == ["first", "kept"]
    assert User.objects.filter(pk=admin.pk).exists()


def test_leaving_on_the_page(acme: Organisation) -> None:
    viewer = acme.join(Role.VIEWER)
    client = browser(viewer)
    assert "Leave Acme?" in page(client, f"{PAGE}/leave")
    assert role_of(viewer) == "viewer"
    client.post(f"{PAGE}/leave")
    assert role_of(viewer) is None
    answer = client.get("/jobs")
    assert answer.status_code == 403
    assert "You have left Acme." in answer.content.decode()


def test_last_owner_is_told_why_they_cannot_leave(owner: Client, acme: Organisation) -> None:
    answer = owner.post(f"{PAGE}/leave")
    assert answer.status_code == 409
    assert "Make somebody else an owner first." in answer.content.decode()
    assert role_of(acme.owner) == "owner"


def test_handing_over_needs_the_password(owner: Client, acme: Organisation) -> None:
    viewer = acme.join(Role.VIEWER)
    url = f"{PAGE}/{viewer.pk}/transfer"
    assert "Hand Acme over to viewer@acme.example?" in page(owner, url)
    for wrong in ("", "wrong"):
        answer = owner.post(url, {"password": wrong})
        assert answer.context["form"].errors == {"password": ["This is not your password."]}
    assert role_of(acme.owner) == "owner"
    assert owner.post(url, {"password": PASSWORD}).status_code == 302
    assert (role_of(acme.owner), role_of(viewer)) == ("admin", "owner")
    assert AuditEntry.objects.get(action="tenant.transfer").user == acme.owner
    assert owner.get(url).status_code == 403


def test_guesses_at_handing_over_lock_the_person_out(owner: Client, acme: Organisation) -> None:
    viewer = acme.join(Role.VIEWER)
    url = f"{PAGE}/{viewer.pk}/transfer"
    statuses = [owner.post(url, {"password": "wrong"}).status_code for _ in range(5)]
    assert statuses == [400, 400, 400, 400, 429]
    locked = owner.post(url, {"password": PASSWORD})
    assert (locked.status_code, role_of(viewer)) == (429, "viewer")
    assert "Wait 15 minutes" in locked.content.decode()
    assert int(locked["Retry-After"]) > 890


def test_owner_without_a_password_hands_over_after_signing_in_anew(
    owner: Client, acme: Organisation
) -> None:
    viewer = acme.join(Role.VIEWER)
    url = f"{PAGE}/{viewer.pk}/transfer"
    acme.owner.set_unusable_password()
    acme.owner.save()
    owner.force_login(acme.owner)
    assert "You have no password here" in page(owner, url)
    signed_in_long_ago(owner)
    Client().force_login(acme.owner)  # elsewhere: it is this session that counts
    answer = owner.post(url, {"password": "!"})
    assert answer.status_code == 400
    assert "sign out and in again" in answer.content.decode()
    assert role_of(viewer) == "viewer"
    owner.force_login(acme.owner)
    assert owner.post(url).status_code == 302
    assert role_of(viewer) == "owner"


def test_too_many_invitations_in_a_time_are_refused_on_the_page(
    owner: Client, settings: Settings
) -> None:
    settings.RATES = {**settings.RATES, "invite": Rates(1, 1, 1, 1)}
    owner.post(PAGE, {"email": "1@b.example", "role": "viewer"})
    answer = owner.post(PAGE, {"email": "2@b.example", "role": "viewer"})
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert "then do it again." in answer.content.decode()
    assert Invitation.objects.count() == 1


def test_names_are_inert_on_the_pages(owner: Client, acme: Organisation) -> None:
    evil = "<script>alert(1)</script>"
    Tenant.objects.filter(pk=acme.tenant.pk).update(name=evil)
    User.objects.filter(pk=acme.owner.pk).update(name=evil)
    made = invited(acme)
    for client, url in (
        (owner, PAGE),
        (owner, f"{PAGE}/{acme.owner.pk}"),
        (owner, f"{PAGE}/leave"),
        (Client(), made.path),
    ):
        html = page(client, url)
        assert "&lt;script&gt;alert(1)" in html
        assert evil not in html


def test_list_keeps_its_number_of_queries_and_is_paged(owner: Client, acme: Organisation) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page(owner)
        return len(captured)

    invited(acme, "0@acme.example")
    few = queries()
    for number in range(110):
        person = User.objects.create(email=f"m{number:03}@acme.example")
        Membership.objects.create(tenant=acme.tenant, user=person, role=Role.VIEWER)
    for number in range(1, 20):
        invited(acme, f"{number}@acme.example", actor=acme.actor if number % 2 else None)
    assert queries() == few
    assert "m105@acme.example" not in page(owner)
    assert "m105@acme.example" in page(owner, f"{PAGE}?page=2")


# Several organisations, and none


def test_switcher_shows_active_organisations_alone(
    owner: Client, acme: Organisation, stranger: Organisation
) -> None:
    for tenant in (stranger.tenant, Tenant.objects.create(name="Off", slug="off", is_active=False)):
        Membership.objects.create(tenant=tenant, user=acme.owner, role=Role.VIEWER)
    switcher = page(owner).split('id="switch-tenant"')[1].split("</select>")[0]
    assert re.findall(r">(\w+)</option>", switcher) == ["Acme", "Stranger"]
    off = Tenant.objects.get(slug="off")
    assert owner.post("/switch-tenant", {"tenant": str(off.pk)}).status_code == 404


@pytest.mark.parametrize("chosen", [True, False])
def test_who_is_removed_goes_on_elsewhere_and_is_told(
    acme: Organisation, stranger: Organisation, chosen: bool
) -> None:
    person = acme.join(Role.ADMIN)
    Membership.objects.create(tenant=stranger.tenant, user=person, role=Role.ADMIN)
    client = browser(person)
    if chosen:
        client.post("/switch-tenant", {"tenant": str(acme.tenant.pk)})
    assert "Acme" in page(client)
    acme.api().delete(f"/api/v1/members/{person.pk}")
    html = page(client)
    assert "You no longer belong to the organisation you worked for. This is Stranger." in html
    assert "owner@stranger.example" in html
    assert "You no longer belong" not in page(client)
    assert client.session["tenant_id"] == str(stranger.tenant.pk)


def test_form_opened_for_one_organisation_is_not_sent_to_another(
    acme: Organisation, stranger: Organisation
) -> None:
    person = acme.join(Role.ADMIN)
    Membership.objects.create(tenant=stranger.tenant, user=person, role=Role.ADMIN)
    client = browser(person)
    page(client)
    acme.api().delete(f"/api/v1/members/{person.pk}")
    fields = {"email": "secret@acme.example", "role": "admin"}
    answer = client.post(PAGE, fields)
    assert answer.status_code == 403
    assert "This is Stranger. Nothing was changed." in answer.content.decode()
    assert not Invitation.objects.exists()
    client.post(PAGE, fields)  # knowing where they are
    assert Invitation.objects.get().tenant == stranger.tenant


def test_part_of_a_page_of_another_organisation_makes_the_whole_page_load(
    acme: Organisation, stranger: Organisation
) -> None:
    person = acme.join(Role.ADMIN)
    Membership.objects.create(tenant=stranger.tenant, user=person, role=Role.ADMIN)
    client = browser(person)
    page(client)
    acme.api().delete(f"/api/v1/members/{person.pk}")
    poll = {"HX-Request": "true", "HX-Current-URL": "http://testserver/jobs?status=failed"}
    answer = client.get("/jobs", headers=poll)
    assert answer["HX-Redirect"] == "/jobs?status=failed"
    assert "You no longer belong" in page(client, "/jobs?status=failed")
    assert "HX-Redirect" not in client.get("/jobs", headers=poll)


def test_who_belongs_nowhere_is_told_what_to_do(acme: Organisation) -> None:
    person = acme.join(Role.VIEWER)
    client = browser(person)
    assert client.get("/jobs").status_code == 200
    acme.api().delete(f"/api/v1/members/{person.pk}")
    for url in ("/jobs", PAGE, "/organisation"):
        answer = client.get(url)
        html = answer.content.decode()
        assert answer.status_code == 403
        assert "You belong to no organisation" in html
        assert "viewer@acme.example" in html
        assert "Acme" not in html
        assert 'action="/logout"' in html


def test_member_of_a_switched_off_organisation_is_told_so(acme: Organisation) -> None:
    client = browser(acme.join(Role.VIEWER))
    Tenant.objects.filter(pk=acme.tenant.pk).update(is_active=False)
    html = client.get("/jobs").content.decode()
    assert "Your organisation is switched off" in html
    assert "Acme" in html
