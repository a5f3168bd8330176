"""Every route that changes something leaves an entry in the audit log.

Each route and method of the URL conf but reading ones has its row in ``AUDITED``; one without a row
fails, and so does a successful call that leaves no entry of its action.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.contrib.auth.tokens import default_token_generator
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts import training_quota
from accounts.audited_admin import AuditedAdmin
from accounts.key_changes import rotate_key
from accounts.keys import create_api_key
from accounts.models import ApiKey, AuditEntry, Membership, Session, User
from accounts.permissions import Role
from jobs import job_actions, review
from jobs.batch_actions import cancel as cancel_batch
from jobs.models import Batch, Delivery, Job, SavedFilter
from learning.models import TrainingRun
from tests.accounts.billing import subscribe, terms
from tests.accounts.inviting import invited
from tests.jobs.comparing import make_comparison
from tests.jobs.hooking import hook
from tests.jobs.making import form_file, make_job
from tests.jobs.reviewing import RIGHT, read_job
from tests.jobs.templated import draft
from tests.learning.teaching import BASE, filled, make_training
from tests.people import PASSWORD, Organisation
from tests.signing_in import App, by_page
from tests.test_isolation import METHODS, address, methods_of, patterns

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("files", "empty_queue", "base"),
]

READING = {"get"}


@dataclass(frozen=True)
class Call:
    """A call that succeeds. ``make`` makes the object that its address names, and gives its id."""

    action: str
    make: Callable[[Organisation], Any] = lambda acme: None
    body: Callable[[Organisation, Any], dict[str, Any]] = lambda acme, pk: {}
    multipart: bool = False
    caller: Callable[[Organisation], Any] | None = None  # else the key, or the owner's session


def queued(acme: Organisation) -> Any:
    return make_job(acme).pk


def cancelled(acme: Organisation) -> Any:
    job = make_job(acme)
    job_actions.cancel(job, actor=acme.actor, address=None)
    return job.pk


def batch(acme: Organisation) -> Any:
    job = make_job(acme)
    made = Batch.objects.create(pk=job.pk, tenant=acme.tenant, name="a batch")
    Job.objects.filter(pk=job.pk).update(batch=made, batch_position=1)
    return made.pk


def kept_filter(acme: Organisation) -> Any:
    made = {"tenant": acme.tenant, "user": acme.owner, "name": "mine", "query": "q=a"}
    return SavedFilter.objects.create(**made).pk


def compared(acme: Organisation) -> Any:
    return make_comparison(acme).pk


def taught(acme: Organisation) -> Any:
    return filled(acme).pk


def trained(acme: Organisation) -> Any:
    return make_training(acme).pk


def training(acme: Organisation) -> Any:
    pk = trained(acme)
    TrainingRun.objects.filter(pk=pk).update(status="queued", adapter=None)
    training_quota.reserve(acme.tenant, run_id=pk, seconds=60, day=timezone.now().date())
    return pk


def cancelled_batch(acme: Organisation) -> Any:
    pk = batch(acme)
    cancel_batch(Batch.objects.get(pk=pk), actor=acme.actor, address=None)
    return pk


def in_review(acme: Organisation) -> Any:
    return read_job(acme).pk


def taken(acme: Organisation) -> Any:
    pk = read_job(acme).pk
    assert acme.api().post(f"/api/v1/reviews/{pk}/take").status_code == 200
    return pk


def taken_on_page(acme: Organisation) -> Any:
    job = read_job(acme)
    review.take(job, actor=acme.member, address=None)
    return job.pk


def right(acme: Organisation) -> Any:
    return read_job(acme, *RIGHT).pk


def template(acme: Organisation) -> Any:
    pk = acme.tenant.pk
    for name in ("iban", "vat_number"):
        body = {"fields": [{"name": name}]}
        assert acme.api().put(f"/api/v1/templates/of-{pk}", body).status_code < 300
    return pk


def template_that_learned(acme: Organisation) -> Any:
    pk = acme.tenant.pk
    seen = {"value": '"x"', "shape": "x", "left": "", "above": "", "page": 1, "place": [0.5, 0.5]}
    body = {"fields": [{"name": "iban", "learned": [seen]}]}
    assert acme.api().put(f"/api/v1/templates/of-{pk}", body).status_code == 201
    return pk


def webhook(acme: Organisation) -> Any:
    return hook(acme, "https://8.8.8.8/")[0].pk


def delivery(acme: Organisation) -> Any:
    made, _ = hook(acme, "https://8.8.8.8/")
    return Delivery.objects.create(
        tenant=acme.tenant, webhook=made, endpoint=made.pk, message="m", event="job.succeeded",
        body="{}", status=Delivery.Status.FAILED,
    ).pk  # fmt: skip


def pair(acme: Organisation) -> dict[str, Any]:
    credentials = {"email": acme.owner.email, "password": PASSWORD}
    body: dict[str, Any] = APIClient().post("/api/v1/auth/token", credentials).json()
    return body


def key(acme: Organisation) -> Any:
    terms = {"name": "x", "scopes": ["jobs:read"], "created_by": None}
    return create_api_key(tenant=acme.tenant, **terms)[0].pk  # type: ignore[arg-type]


def rotated(acme: Organisation) -> Any:
    pk = key(acme)
    rotate_key(ApiKey.objects.get(pk=pk), actor=acme.actor, address=None)
    return pk


def viewer(acme: Organisation) -> Any:
    return acme.join(Role.VIEWER).pk


def second_owner(acme: Organisation) -> Any:
    person = User.objects.create_user("second@acme.example", PASSWORD)
    Membership.objects.create(tenant=acme.tenant, user=person, role=Role.OWNER)
    return person.pk


def invitation(acme: Organisation) -> Any:
    return invited(acme).invitation.pk


def session(acme: Organisation) -> Any:
    by_page(acme.owner.email)
    return Session.objects.get(user=acme.owner).public_id


def priced(acme: Organisation) -> None:
    start = timezone.localdate().replace(day=1)
    subscribe(acme.tenant, terms(start=start).plan, start)


def by_token(acme: Organisation) -> Any:
    return APIClient(headers={"Authorization": f"Bearer {pair(acme)['access']}"})


def half_signed_in(acme: Organisation) -> Any:
    client = Client()
    assert by_page(acme.owner.email, client=client)["Location"] == "/login/code"
    return client


def by_reset_link(acme: Organisation) -> Any:
    client = Client()
    token = default_token_generator.make_token(acme.owner)
    assert client.get(reset_link(acme, token)).status_code == 302
    return client


def reset_link(acme: Organisation, token: str = "set-password") -> str:
    uid = urlsafe_base64_encode(force_bytes(acme.owner.pk))
    return reverse("password-reset-link", args=[uid, token])


FILE = Call("job.submit", body=lambda acme, pk: {"file": form_file()}, multipart=True)
LOGIN = Call(
    "session.login",
    body=lambda acme, pk: {"username": acme.owner.email, "password": PASSWORD},
    caller=lambda acme: Client(),
)
NEW = "another battery staple"
TERMS = {"name": "import", "scopes": ["jobs:read"]}
INVITE = {"email": "new@acme.example", "role": "viewer"}
HOOK = {"url": "https://8.8.8.8/", "events": ["job.failed"]}

# A text instead of a call says why there is none
AUDITED: dict[str, dict[str, Call | str]] = {
    "language": {"post": "changes a cookie alone"},
    "console/token": {"post": Call("token.console")},
    "api/v1/classify": {"post": FILE},
    "api/v1/ocr/jobs": {"post": FILE},
    "api/v1/ocr/jobs/<uuid:pk>": {"delete": Call("job.delete", queued)},
    "api/v1/ocr/jobs/<uuid:pk>/cancel": {"post": Call("job.cancel", queued)},
    "api/v1/ocr/jobs/<uuid:pk>/links": {"post": Call("job.link", queued)},
    "api/v1/ocr/jobs/<uuid:pk>/retry": {"post": Call("job.retry", cancelled)},
    "api/v1/ocr/jobs/<uuid:pk>/fields/<field:field>": {
        "put": Call("field.correct", in_review, lambda acme, pk: {"version": 0, "raw": "119,00"})
    },
    "api/v1/batches": {
        "post": Call("batch.submit", body=lambda acme, pk: {"files": form_file()}, multipart=True)
    },
    "api/v1/batches/<uuid:pk>": {"delete": Call("batch.delete", batch)},
    "api/v1/batches/<uuid:pk>/cancel": {"post": Call("batch.cancel", batch)},
    "api/v1/batches/<uuid:pk>/retry": {"post": Call("batch.retry", cancelled_batch)},
    "api/v1/compare": {
        "post": Call(
            "compare.submit",
            body=lambda acme, pk: {"file": form_file(), "engines": "auto,text-layer"},
            multipart=True,
        )
    },
    "api/v1/compare/<uuid:pk>": {"delete": Call("compare.delete", compared)},
    "compare": {
        "post": Call(
            "compare.submit",
            body=lambda acme, pk: {"file": form_file(), "engines": ["auto", "text-layer"]},
            multipart=True,
        )
    },
    "compare/<uuid:pk>/delete": {"post": Call("compare.delete", compared)},
    "batches/new": {
        "post": Call("batch.submit", body=lambda acme, pk: {"file": form_file()}, multipart=True)
    },
    "batches/<uuid:pk>/cancel": {"post": Call("batch.cancel", batch)},
    "batches/<uuid:pk>/retry": {"post": Call("batch.retry", cancelled_batch)},
    "batches/<uuid:pk>/delete": {"post": Call("batch.delete", batch)},
    "jobs/filters": {
        "post": Call("filter.save", body=lambda acme, pk: {"name": "mine", "query": "q=a"})
    },
    "jobs/filters/<uuid:pk>/delete": {"post": Call("filter.delete", kept_filter)},
    "jobs/selected": {
        "post": Call(
            "job.delete",
            queued,
            lambda acme, pk: {"action": "delete", "ids": str(pk), "confirmed": "1"},
        )
    },
    "api/v1/datasets": {
        "post": Call("dataset.create", taught, body=lambda acme, pk: {"name": "x", "base": BASE})
    },
    "api/v1/datasets/<uuid:pk>": {"delete": Call("dataset.delete", trained)},
    "api/v1/datasets/<uuid:pk>/corrections": {"post": Call("dataset.import", trained)},
    "api/v1/datasets/<uuid:pk>/examples": {
        "post": Call(
            "dataset.add",
            trained,
            body=lambda acme, pk: {"file": form_file(), "text": "right"},
            multipart=True,
        )
    },
    "api/v1/datasets/<uuid:pk>/examples/<uuid:example>": {
        "delete": Call("dataset.remove", trained)
    },
    "api/v1/training-runs": {
        "post": Call("training.submit", taught, body=lambda acme, pk: {"dataset": pk})
    },
    "api/v1/training-runs/<uuid:pk>": {"delete": Call("training.delete", trained)},
    "api/v1/training-runs/<uuid:pk>/cancel": {"post": Call("training.cancel", training)},
    "api/v1/training-runs/<uuid:pk>/promote": {
        "post": Call("own_engine.promote", trained, lambda acme, pk: {"engine": "mine"})
    },
    "api/v1/own-engines/<own:name>": {"delete": Call("own_engine.delete", trained)},
    "api/v1/own-engines/<own:name>/rollback": {"post": Call("own_engine.roll_back", trained)},
    "fine-tuning": {
        "post": Call("dataset.create", taught, body=lambda acme, pk: {"name": "x", "base": BASE})
    },
    "fine-tuning/datasets/<uuid:pk>": {
        "post": Call(
            "training.submit", taught, lambda acme, pk: {"epochs": 1, "learning_rate": 0.001}
        )
    },
    "fine-tuning/datasets/<uuid:pk>/corrections": {"post": Call("dataset.import", trained)},
    "fine-tuning/datasets/<uuid:pk>/examples": {
        "post": Call(
            "dataset.add",
            trained,
            body=lambda acme, pk: {"file": form_file(), "page": 1, "text": "right"},
            multipart=True,
        )
    },
    "fine-tuning/datasets/<uuid:pk>/delete": {"post": Call("dataset.delete", trained)},
    "fine-tuning/runs/<uuid:pk>/cancel": {"post": Call("training.cancel", training)},
    "fine-tuning/runs/<uuid:pk>/delete": {"post": Call("training.delete", trained)},
    "fine-tuning/runs/<uuid:pk>/promote": {
        "post": Call("own_engine.promote", trained, lambda acme, pk: {"engine": "mine"})
    },
    "fine-tuning/engines/<own:name>/rollback": {"post": Call("own_engine.roll_back", trained)},
    "api/v1/reviews/<uuid:pk>/take": {"post": Call("review.take", in_review)},
    "api/v1/reviews/<uuid:pk>/release": {"post": Call("review.release", taken)},
    "api/v1/reviews/<uuid:pk>/confirm": {
        "post": Call("review.confirm", right, lambda acme, pk: {"version": 0})
    },
    "review/next": {"post": Call("review.take", in_review)},
    "review/<uuid:pk>/take": {"post": Call("review.take", in_review)},
    "review/<uuid:pk>/leave": {"post": "a claim that runs out sooner"},
    "review/<uuid:pk>/release": {"post": Call("review.release", taken_on_page)},
    "review/<uuid:pk>/skip": {"post": Call("review.release", taken_on_page)},
    "review/<uuid:pk>/confirm": {
        "post": Call("review.confirm", right, lambda acme, pk: {"version": "0"})
    },
    "review/<uuid:pk>/fields/<field:field>": {
        "post": Call(
            "field.correct", in_review, lambda acme, pk: {"version": "0", "text": "119,00"}
        )
    },
    "api/v1/templates": {
        "post": Call(
            "template.create", body=lambda acme, pk: {"name": "mine", "fields": [{"name": "iban"}]}
        )
    },
    "api/v1/templates/test": {"post": "computes only"},
    "api/v1/templates/propose": {"post": "computes only"},
    "api/v1/templates/<template:name>": {
        "put": Call("template.update", template, lambda acme, pk: {"fields": [{"name": "bic"}]}),
        "delete": Call("template.delete", template),
    },
    "api/v1/templates/<template:name>/restore": {
        "post": Call("template.restore", template, lambda acme, pk: {"version": 1})
    },
    "api/v1/templates/<template:name>/learn": {
        "post": "template.learn: tests/jobs/test_learning.py, for it needs confirmed documents"
    },
    "templates/new": {
        "post": Call("template.create", body=lambda acme, pk: draft("mine") | {"do": "save"})
    },
    "templates/propose": {"post": "computes only, or sends a document: job.submit"},
    "templates/import": {
        "post": Call(
            "template.create",
            body=lambda acme, pk: {
                "file": form_file(b'{"name": "x", "fields": [{"name": "bic"}]}')
            },
            multipart=True,
        )
    },
    "templates/<template:name>": {
        "post": Call(
            "template.update",
            template,
            lambda acme, pk: draft(f"of-{pk}", base=f"of-{pk}@2") | {"do": "save"},
        )
    },
    "templates/<template:name>/restore": {
        "post": Call("template.restore", template, lambda acme, pk: {"version": 1})
    },
    "templates/<template:name>/learning": {
        "post": Call("template.update", template_that_learned, lambda acme, pk: {"forget": ""})
    },
    "templates/<template:name>/delete": {"post": Call("template.delete", template)},
    "api/v1/webhooks": {"post": Call("webhook.create", body=lambda acme, pk: HOOK)},
    "api/v1/webhooks/callback-secret": {"post": Call("callback.rotate")},
    "api/v1/webhooks/deliveries/<uuid:pk>/replay": {"post": Call("delivery.replay", delivery)},
    "api/v1/webhooks/<uuid:pk>": {
        "patch": Call("webhook.update", webhook, lambda acme, pk: HOOK),
        "delete": Call("webhook.delete", webhook),
    },
    "api/v1/webhooks/<uuid:pk>/rotate": {"post": Call("webhook.rotate", webhook)},
    "api/v1/webhooks/<uuid:pk>/ping": {"post": Call("webhook.ping", webhook)},
    "api/v1/auth/token": {
        "post": Call(
            "token.issue",
            body=lambda acme, pk: {"email": acme.owner.email, "password": PASSWORD},
        )
    },
    "api/v1/auth/token/refresh": {
        "post": "goes on with a sign-in that is noted, every few minutes; reuse is token.reuse"
    },
    "api/v1/auth/token/revoke": {
        "post": Call("token.revoke", body=lambda acme, pk: {"refresh": pair(acme)["refresh"]})
    },
    "login": {"post": LOGIN, "put": "Django's LoginView answers it as a post without a body"},
    "logout": {"post": Call("session.logout")},
    "organisation": {
        "post": Call("settings.change", body=lambda acme, pk: {"name": "New", "retention_hours": 5})
    },
    "api/v1/organisation/settings": {
        "patch": Call("settings.change", body=lambda acme, pk: {"retention_hours": 5})
    },
    "api/v1/keys": {"post": Call("key.create", body=lambda acme, pk: TERMS)},
    "api/v1/keys/<uuid:pk>": {
        "patch": Call("key.update", key, lambda acme, pk: {"name": "another"}),
        "delete": Call("key.revoke", key),
    },
    "api/v1/keys/<uuid:pk>/rotate": {
        "post": Call("key.rotate", key),
        "delete": Call("key.rotate_end", rotated),
    },
    "organisation/keys/new": {
        "post": Call("key.create", body=lambda acme, pk: {**TERMS, "expiry": "never"})
    },
    "organisation/keys/<uuid:pk>": {
        "post": Call("key.update", key, lambda acme, pk: {**TERMS, "expiry": "30"})
    },
    "organisation/keys/<uuid:pk>/rotate": {
        "post": Call("key.rotate", key, lambda acme, pk: {"overlap_hours": "1"})
    },
    "organisation/keys/<uuid:pk>/end-rotation": {"post": Call("key.rotate_end", rotated)},
    "organisation/keys/<uuid:pk>/revoke": {"post": Call("key.revoke", key)},
    "organisation/webhooks/new": {"post": Call("webhook.create", body=lambda acme, pk: HOOK)},
    "organisation/webhooks/callback-secret": {"post": Call("callback.rotate")},
    "organisation/webhooks/deliveries/<uuid:pk>/replay": {
        "post": Call("delivery.replay", delivery)
    },
    "organisation/webhooks/<uuid:pk>": {
        "post": Call("webhook.update", webhook, lambda acme, pk: HOOK)
    },
    "organisation/webhooks/<uuid:pk>/ping": {"post": Call("webhook.ping", webhook)},
    "organisation/webhooks/<uuid:pk>/switch": {"post": Call("webhook.update", webhook)},
    "organisation/webhooks/<uuid:pk>/rotate": {"post": Call("webhook.rotate", webhook)},
    "organisation/webhooks/<uuid:pk>/delete": {"post": Call("webhook.delete", webhook)},
    "api/v1/members/leave": {"post": Call("member.leave", second_owner, caller=by_token)},
    "api/v1/members/transfer": {
        "post": Call(
            "tenant.transfer",
            viewer,
            lambda acme, pk: {"member": str(pk), "password": PASSWORD},
            caller=by_token,
        )
    },
    "api/v1/members/<uuid:pk>": {
        "patch": Call("member.role", viewer, lambda acme, pk: {"role": "reviewer"}),
        "delete": Call("member.remove", viewer),
    },
    "api/v1/invitations": {"post": Call("invitation.create", body=lambda acme, pk: INVITE)},
    "api/v1/invitations/<uuid:pk>": {"delete": Call("invitation.revoke", invitation)},
    "api/v1/invitations/<uuid:pk>/resend": {"post": Call("invitation.resend", invitation)},
    "organisation/members": {"post": Call("invitation.create", body=lambda acme, pk: INVITE)},
    "organisation/members/leave": {"post": Call("member.leave", second_owner)},
    "organisation/members/<uuid:pk>": {
        "post": Call("member.role", viewer, lambda acme, pk: {"role": "reviewer"})
    },
    "organisation/members/<uuid:pk>/remove": {"post": Call("member.remove", viewer)},
    "organisation/members/<uuid:pk>/transfer": {
        "post": Call("tenant.transfer", viewer, lambda acme, pk: {"password": PASSWORD})
    },
    "organisation/invitations/<uuid:pk>/resend": {"post": Call("invitation.resend", invitation)},
    "organisation/invitations/<uuid:pk>/revoke": {"post": Call("invitation.revoke", invitation)},
    "invitations/<str:token>": {
        "post": Call(
            "invitation.accept",
            lambda acme: invited(acme).token,
            lambda acme, pk: {"name": "Ann", "password": PASSWORD, "again": PASSWORD},
            caller=lambda acme: Client(),
        )
    },
    "login/code": {
        "post": Call(
            "session.login",
            lambda acme: App(acme.owner).code(),
            lambda acme, pk: {"code": pk},
            caller=half_signed_in,
        )
    },
    "admin/login/": {"post": "leads to the one sign-in"},
    "password-reset": {"post": "password.link: test_passwords, for a thread does it"},
    "password-reset/<uidb64>/<token>": {
        "post": Call(
            "password.reset",
            body=lambda acme, pk: {"new_password1": NEW, "new_password2": NEW},
            caller=by_reset_link,
        )
    },
    "account/password": {
        "post": Call(
            "password.change",
            body=lambda acme, pk: {
                "current": PASSWORD,
                "new_password1": NEW,
                "new_password2": NEW,
            },
        )
    },
    "account/second-factor": {
        "post": Call(
            "second_factor.off",
            lambda acme: App(acme.owner).code(),
            lambda acme, pk: {"action": "off", "code": pk},
        )
    },
    "account/sessions/end-others": {"post": Call("session.end", session)},
    "account/sessions/<uuid:pk>/end": {"post": Call("session.end", session)},
    "api/v1/organisation": {
        "delete": Call(
            "tenant.leave",
            body=lambda acme, pk: {"name": "Acme", "password": PASSWORD},
            caller=by_token,
        )
    },
    "organisation/leave": {
        "post": Call("tenant.leave", body=lambda acme, pk: {"name": "Acme", "password": PASSWORD})
    },
    "organisation/billing/budget": {
        "post": Call("budget.change", priced, body=lambda acme, pk: {"amount": "10"})
    },
    "organisation/billing/details": {
        "post": Call(
            "billing.details",
            body=lambda acme, pk: {"name": "Acme", "address": "1 Road", "country": "DE"},
        )
    },
    "switch-tenant": {
        "post": Call("session.switch", body=lambda acme, pk: {"tenant": str(acme.tenant.pk)})
    },
    "steps/hide": {"post": "changes what one person is shown"},
    "jobs/sample": {"post": Call("job.submit")},
    "jobs/new": {"post": FILE},
    "jobs/<uuid:pk>/cancel": {"post": Call("job.cancel", queued)},
    "jobs/<uuid:pk>/retry": {"post": Call("job.retry", cancelled)},
    "jobs/<uuid:pk>/delete": {"post": Call("job.delete", queued)},
    "jobs/<uuid:pk>/again": {
        "post": Call("job.submit", cancelled, lambda acme, pk: {"engine": "rapidocr"})
    },
    "jobs/<uuid:pk>/fields/<field:field>": {
        "post": Call(
            "field.correct",
            in_review,
            lambda acme, pk: {"version": 0, "says": "holds", "text": "119,00"},
        )
    },
}
CALLS = [
    (route, method, call)
    for route, row in AUDITED.items()
    for method, call in row.items()
    if isinstance(call, Call)
]


def test_every_route_that_changes_something_has_its_row() -> None:
    served = {
        route: methods_of(pattern) - READING
        for route, pattern in patterns(get_resolver().url_patterns)
    }
    expected = {route: methods for route, methods in served.items() if methods}
    assert {route: set(row) for route, row in AUDITED.items()} == expected
    assert METHODS[0] in READING


@pytest.mark.parametrize(
    ("route", "method", "call"), CALLS, ids=[f"{method} {route}" for route, method, _ in CALLS]
)
def test_successful_call_leaves_an_entry(
    route: str, method: str, call: Call, acme: Organisation, settings: Settings
) -> None:
    settings.MAX_WAIT_SECONDS = 1  # nobody reads
    pk = call.make(acme)
    client: Any
    how = {}
    if route.startswith("api/"):
        how = {"format": "multipart" if call.multipart else "json"}
    if call.caller is not None:
        client = call.caller(acme)
    elif route.startswith("api/"):
        client = acme.api()
    else:
        client = Client()
        client.force_login(acme.owner)
    before = AuditEntry.objects.count()
    url, body = address(route, pk or acme.tenant.pk), call.body(acme, pk)
    url = url.replace("<str:token>", str(pk))
    url = url.replace("/password-reset/<uidb64>/<token>", reset_link(acme))
    answer = getattr(client, method)(url, body, **how, HTTP_X_REQUEST_ID="this-call")
    assert answer.status_code < 400, answer.content
    entries = AuditEntry.objects.order_by("pk")[before:]
    (entry,) = [entry for entry in entries if entry.action == call.action]
    assert entry.request_id == "this-call"
    assert entry.address == "127.0.0.1"
    assert entry.tenant == acme.tenant
    assert entry.api_key == (acme.key if route.startswith("api/v1/") and entry.api_key else None)
    assert entry.actor != "system"
    secrets = ("whsec_", PASSWORD, NEW, acme.raw_key, "ocrs_" + acme.raw_key[5:20])
    told = f"{entry.before}{entry.after}"
    assert not [secret for secret in secrets if secret in told]


def test_admin_changes_nothing_unaudited(acme: Organisation) -> None:
    unaudited = {
        model._meta.label
        for model, row in admin.site._registry.items()
        if not isinstance(row, AuditedAdmin)
    }
    assert unaudited == set()
    operator = Client()
    operator.force_login(User.objects.create_superuser("op@example.com", PASSWORD))
    assert operator.post("/admin/auth/group/add/", {"name": "support"}).status_code == 302
    group = Group.objects.get()
    operator.post(f"/admin/auth/group/{group.pk}/change/", {"name": "helpers"})
    operator.post(f"/admin/auth/group/{group.pk}/delete/", {"post": "yes"})
    entries = AuditEntry.objects.filter(object_type="auth.group").order_by("pk")
    assert [(entry.action, entry.before, entry.after) for entry in entries] == [
        ("admin.add", None, {"name": "support"}),
        ("admin.change", {"name": "support"}, {"name": "helpers"}),
        ("admin.delete", {"name": "helpers"}, None),
    ]
