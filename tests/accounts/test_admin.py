"""accounts/admin.py"""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import audit
from accounts.models import ApiKey, AuditEntry, Membership, Tenant, UsageRecord, User
from tests.accounts.billing import record_usage
from tests.people import PASSWORD, Organisation

MODELS: list[Any] = [User, Tenant, Membership, ApiKey, AuditEntry, UsageRecord]
NEW = {
    "name": "New",
    "slug": "new",
    "when_engine_away": "wait",
    "default_text_layer": "auto",
    "default_cache": "on",
}


@pytest.fixture
def operator(client: Client, acme: Organisation) -> Client:
    """A superuser's browser, in a site where every table has a row."""
    record_usage(
        tenant=acme.tenant, job_id=acme.key.pk, engine="auto", pages=2, compute_seconds=1.0
    )
    client.force_login(User.objects.create_superuser("root@site.example", PASSWORD))
    return client


def url(model: Any, page: str, *arguments: Any) -> str:
    return reverse(f"admin:accounts_{model._meta.model_name}_{page}", args=arguments)


def last(action: str) -> AuditEntry:
    return AuditEntry.objects.filter(action=action).latest("id")


@pytest.mark.parametrize("model", MODELS)
def test_admin_lists_searches_and_shows(operator: Client, model: Any) -> None:
    assert operator.get(url(model, "changelist")).status_code == 200
    found = operator.get(url(model, "changelist"), {"q": "acme"})
    assert found.context["cl"].result_count >= 1
    row = model.objects.order_by("pk").first()
    assert operator.get(url(model, "change", row.pk)).status_code == 200


@pytest.mark.parametrize("model", [AuditEntry, UsageRecord, ApiKey])
def test_history_cannot_be_added_changed_or_deleted(operator: Client, model: Any) -> None:
    before = list(model.objects.order_by("pk").values())
    row = model.objects.order_by("pk").first()
    assert operator.get(url(model, "add")).status_code == 403
    assert operator.post(url(model, "change", row.pk), {"pages": 99}).status_code == 403
    assert operator.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    operator.post(
        url(model, "changelist"),
        {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"},
    )
    after = list(model.objects.order_by("pk").values())
    assert after[: len(before)] == before
    assert {row["action"] for row in after[len(before) :]} <= {"access.refuse"}


def test_key_page_shows_no_hash(operator: Client, acme: Organisation) -> None:
    page = operator.get(url(ApiKey, "change", acme.key.pk)).content.decode()
    assert acme.key.prefix in page
    assert acme.key.hash not in page


def test_keys_are_revoked_by_an_action(operator: Client, acme: Organisation) -> None:
    operator.post(
        url(ApiKey, "changelist"),
        {"action": "revoke_keys", "_selected_action": [acme.key.pk]},
    )
    assert ApiKey.objects.get(pk=acme.key.pk).revoked_at is not None
    entry = last("key.revoke")
    assert (entry.actor, entry.tenant) == ("root@site.example", acme.tenant)


def test_tenant_is_added_and_not_deleted(operator: Client, acme: Organisation) -> None:
    operator.post(url(Tenant, "add"), NEW)
    tenant = Tenant.objects.get(slug="new")
    entry = last("admin.add")
    assert (entry.tenant, entry.object_id, entry.actor) == (
        tenant,
        str(tenant.pk),
        "root@site.example",
    )
    assert entry.after == {"name": "New", "slug": "new"}
    assert operator.post(url(Tenant, "delete", tenant.pk), {"post": "yes"}).status_code == 403


def test_change_is_audited_with_before_and_after(operator: Client, acme: Organisation) -> None:
    operator.post(
        url(Membership, "change", acme.membership.pk),
        {"tenant": acme.tenant.pk, "user": acme.owner.pk, "role": "viewer"},
    )
    assert Membership.objects.get(pk=acme.membership.pk).role == "viewer"
    entry = last("admin.change")
    assert (entry.tenant, entry.object_type) == (acme.tenant, "accounts.membership")
    assert (entry.before, entry.after) == ({"role": "owner"}, {"role": "viewer"})


def test_deletion_is_audited(operator: Client, acme: Organisation) -> None:
    operator.post(url(Membership, "delete", acme.membership.pk), {"post": "yes"})
    assert not Membership.objects.exists()
    entry = last("admin.delete")
    assert entry.tenant == acme.tenant
    assert entry.before == {"name": "owner@acme.example in Acme: owner"}


def test_deletion_that_fails_leaves_no_entry(
    operator: Client, acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of several at once, which Django itself does in no transaction."""
    from accounts.admin import MembershipAdmin

    def fails(*args: Any) -> None:
        raise OperationalError

    chosen = {"action": "delete_selected", "_selected_action": [acme.membership.pk], "post": "yes"}
    with monkeypatch.context() as patch:
        patch.setattr(MembershipAdmin, "delete_queryset", fails)
        with pytest.raises(OperationalError):
            operator.post(url(Membership, "changelist"), chosen)
    assert Membership.objects.exists()
    assert not AuditEntry.objects.filter(action="admin.delete").exists()
    assert operator.post(url(Membership, "changelist"), chosen).status_code == 302
    assert not Membership.objects.exists()
    assert last("admin.delete").tenant == acme.tenant


def test_history_is_the_audit_log_and_there_is_no_second_one(
    operator: Client, acme: Organisation
) -> None:
    operator.post(url(Tenant, "add"), NEW)
    tenant = Tenant.objects.get(slug="new")
    assert not LogEntry.objects.exists()
    page = operator.get(url(Tenant, "history", tenant.pk), follow=True).content.decode()
    assert "added, as an operator" in page
    assert "Recent actions" not in operator.get("/admin/").content.decode()


def test_user_is_added_by_email_and_the_password_is_not_audited(operator: Client) -> None:
    fields = {
        "email": "Ann@Example.com",
        "name": "Ann",
        "usable_password": "true",
        "password1": PASSWORD,
        "password2": PASSWORD,
    }
    operator.post(url(User, "add"), fields)
    ann = User.objects.get(email="ann@example.com")
    assert ann.check_password(PASSWORD)
    assert last("admin.add").after == {"email": "ann@example.com", "name": "Ann"}


def test_user_email_taken_in_another_case_is_refused(operator: Client, acme: Organisation) -> None:
    fields = {"email": "OWNER@acme.example", "password1": PASSWORD, "password2": PASSWORD}
    answer = operator.post(url(User, "add"), {**fields, "usable_password": "true"})
    assert answer.status_code == 200
    assert "email" in answer.context["adminform"].form.errors


def test_password_change_is_audited_without_the_password(
    operator: Client, acme: Organisation
) -> None:
    new = "quite another staple"
    answer = operator.post(
        reverse("admin:auth_user_password_change", args=[acme.owner.pk]),
        {"password1": new, "password2": new, "usable_password": "true", "set-password": "1"},
    )
    assert answer.status_code == 302
    acme.owner.refresh_from_db()
    assert acme.owner.check_password(new)
    entry = last("admin.change")
    assert (entry.object_id, entry.after) == (str(acme.owner.pk), {"password": "changed"})


def test_lists_keep_their_number_of_queries(operator: Client, acme: Organisation) -> None:
    def queries(model: Any) -> int:
        with CaptureQueriesContext(connection) as captured:
            operator.get(url(model, "changelist"))
        return len(captured)

    few = {model: queries(model) for model in MODELS}
    for number in range(30):
        person = User.objects.create(email=f"{number}@acme.example")
        Membership.objects.create(tenant=acme.tenant, user=person, role="viewer")
        tenant = Tenant.objects.create(name=f"T{number}", slug=f"t{number}")
        ApiKey.objects.create(tenant=tenant, name="k", prefix=f"p{number}", scopes=["admin"])
        audit.record(actor=person, tenant=tenant, action="test", obj=tenant)
        record_usage(tenant=tenant, job_id=tenant.pk, engine="auto", pages=1, compute_seconds=1.0)
    assert {model: queries(model) for model in MODELS} == few


def test_rights_given_to_a_person_are_audited(operator: Client, acme: Organisation) -> None:
    group = Group.objects.create(name="billing")
    fields = {"email": acme.owner.email, "is_active": "on", "is_staff": "on", "groups": [group.pk]}
    assert operator.post(url(User, "change", acme.owner.pk), fields).status_code == 302
    assert list(acme.owner.groups.all()) == [group]
    entry = last("admin.change")
    assert entry.before == {"is_staff": False, "groups": []}
    assert entry.after == {"is_staff": True, "groups": [str(group.pk)]}
