"""accounts/views.py: the sign-in pages"""

from typing import Any

import pytest
from django.http import HttpRequest
from django.template import Context, Template
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import AuditEntry, Membership
from accounts.permissions import Role
from accounts.tenancy import session_actor
from accounts.views import page_context
from tests.accounts.test_tenancy import page_request
from tests.people import PASSWORD, Organisation


def sign_in(client: Client, email: str, password: str = PASSWORD) -> Any:
    return client.post("/login", {"username": email, "password": password})


def entries() -> list[tuple[str, str]]:
    rows = AuditEntry.objects.exclude(action="key.create").order_by("id")
    return list(rows.values_list("action", "actor"))


def test_login_page_signs_in_and_is_audited(client: Client, acme: Organisation) -> None:
    answer = sign_in(client, "Owner@ACME.example")
    assert answer.status_code == 302
    assert client.session["_auth_user_id"] == str(acme.owner.pk)
    assert entries() == [("session.login", "owner@acme.example")]
    assert AuditEntry.objects.get(action="session.login").tenant == acme.tenant


def test_login_page_answers_unknown_people_and_wrong_passwords_alike(
    client: Client, acme: Organisation
) -> None:
    acme.join(Role.VIEWER)
    Membership.objects.get(role=Role.VIEWER).user.delete()
    for email, password in ((acme.owner.email, "wrong"), ("viewer@acme.example", PASSWORD)):
        answer = sign_in(client, email, password)
        assert answer.context["form"].non_field_errors() == [
            "No active account has this e-mail address and password."
        ]
    assert "_auth_user_id" not in client.session
    assert entries() == [
        ("login.fail", "owner@acme.example"),
        ("login.fail", "viewer@acme.example"),
    ]
    known, unknown = AuditEntry.objects.filter(action="login.fail").order_by("id")
    for entry in (known, unknown):  # who typed it nobody has proved
        assert (entry.tenant, entry.user, entry.object_id) == (None, None, "")


def test_login_page_labels_the_address(client: Client, db: None) -> None:
    form = client.get("/login").context["form"]
    assert form.fields["username"].label == "E-mail address"
    assert form.fields["username"].widget.input_type == "email"


def test_logout_by_post_alone(client: Client, acme: Organisation) -> None:
    sign_in(client, acme.owner.email)
    assert client.get("/logout").status_code == 405
    assert client.post("/logout").status_code == 302
    assert "_auth_user_id" not in client.session
    assert entries()[1:] == [("session.logout", "owner@acme.example")]
    assert AuditEntry.objects.get(action="session.logout").tenant == acme.tenant


def test_password_typed_as_a_name_is_not_kept(client: Client, db: None) -> None:
    client.post("/login", {"username": "hunter2hunter2", "password": "x"})
    assert entries() == []


def test_admin_has_no_sign_in_of_its_own(client: Client, acme: Organisation) -> None:
    acme.owner.is_staff = True
    acme.owner.save(update_fields=["is_staff"])
    answer = client.get("/admin/", follow=True)
    assert answer.redirect_chain[-1][0] == "/login?next=/admin/"
    for url in ("/admin/login/", "/admin/login/?next=/admin/"):
        client.post(url, {"username": acme.owner.email, "password": PASSWORD})
    assert "_auth_user_id" not in client.session
    assert entries() == []
    form = {"username": acme.owner.email, "password": PASSWORD, "next": "/admin/"}
    assert client.post("/login", form)["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200
    assert client.get("/admin/password_change/")["Location"] == "/account/password"


def test_switch_tenant_changes_what_pages_show(
    client: Client, acme: Organisation, stranger: Organisation
) -> None:
    Membership.objects.create(tenant=stranger.tenant, user=acme.owner, role=Role.VIEWER)
    client.force_login(acme.owner)
    answer = client.post("/switch-tenant", {"tenant": str(stranger.tenant.pk)})
    assert answer.status_code == 302
    assert client.session["tenant_id"] == str(stranger.tenant.pk)
    entry = AuditEntry.objects.get(action="session.switch")
    assert (entry.tenant, entry.user) == (stranger.tenant, acme.owner)
    assert (entry.before, entry.after) == ({"tenant": "acme"}, {"tenant": "stranger"})


@pytest.mark.parametrize("tenant", ["", "stranger", "\x00", "0192f0a0-0000-7000-8000-000000000000"])
def test_switch_to_a_tenant_that_is_not_ones_own_is_missing(
    client: Client, acme: Organisation, stranger: Organisation, tenant: str
) -> None:
    client.force_login(acme.owner)
    assert client.post("/switch-tenant", {"tenant": tenant}).status_code == 404
    foreign = client.post("/switch-tenant", {"tenant": str(stranger.tenant.pk)})
    missing = client.post("/switch-tenant", {"tenant": "0192f0a0-0000-7000-8000-000000000001"})
    assert foreign.status_code == missing.status_code == 404
    assert "tenant_id" not in client.session


def test_switch_tenant_needs_a_session_and_a_post(client: Client, acme: Organisation) -> None:
    answer: Any = client.post("/switch-tenant", {"tenant": str(acme.tenant.pk)})
    assert (answer.status_code, answer.url) == (302, "/login")
    client.force_login(acme.owner)
    assert client.get("/switch-tenant").status_code == 405


def render(request: HttpRequest) -> str:
    text = "{% if actor %}{{ actor }} {{ tenant.slug }} {{ tenants|length }}{% else %}-{% endif %}"
    return Template(text).render(Context(page_context(request)))


def test_page_context_knows_the_member(acme: Organisation, stranger: Organisation) -> None:
    Membership.objects.create(tenant=stranger.tenant, user=acme.owner, role=Role.VIEWER)
    assert render(page_request(acme.owner)) == "owner@acme.example acme 2"


def test_page_context_costs_nothing_unless_used(
    acme: Organisation, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    from django.contrib.auth.models import AnonymousUser

    with django_assert_num_queries(0):
        page_context(page_request(acme.owner))
        assert render(page_request(AnonymousUser())) == "-"
        assert render(HttpRequest()) == "-"
        assert session_actor(HttpRequest()) is None
