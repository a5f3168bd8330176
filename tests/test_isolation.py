"""A tenant never sees another's anything: what each route shows, and the ways around them.

Each route of the URL conf has its row in ``ROUTES``; one without a row fails. By that table
tests/test_isolation_matrix.py calls every route as everybody; objects that a route names are
made by ``rows_of``. What a route needs is told in tests/permission_table.py.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.test import APIClient

from accounts import invitations
from accounts.key_changes import rotate_key
from accounts.keys import create_api_key
from accounts.models import ApiKey, AuditEntry, Invitation, Membership, User
from accounts.row_security import EVERYTHING
from accounts.tenancy import TenantQuerySet
from jobs import templates
from jobs.models import (
    Batch,
    ComparedJob,
    Comparison,
    Delivery,
    FieldTemplate,
    Job,
    SavedFilter,
    Webhook,
)
from tests.accounts.billing import make_invoice
from tests.jobs.hooking import hook
from tests.jobs.making import PDF, form_file, make_job, run_job
from tests.learning.teaching import make_training
from tests.people import PASSWORD, Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]

# object: names one of a tenant's objects, so a stranger gets the 404 of a missing one
# list: shows the caller's own rows alone
# public: shows nothing of any tenant
# self: about the caller alone
Kind = Literal["object", "list", "public", "self"]

ROUTES: dict[str, dict[str, Kind]] = {
    "api/v1/classify": {"post": "list"},
    "api/v1/ocr/jobs": {"get": "list", "post": "list"},
    "api/v1/ocr/jobs/<uuid:pk>": {"get": "object", "delete": "object"},
    "api/v1/ocr/jobs/<uuid:pk>/cancel": {"post": "object"},
    "api/v1/ocr/jobs/<uuid:pk>/events": {"get": "object"},
    "api/v1/ocr/jobs/<uuid:pk>/links": {"post": "object"},
    "api/v1/ocr/jobs/<uuid:pk>/retry": {"post": "object"},
    "api/v1/ocr/jobs/<uuid:pk>/pages": {"get": "object"},
    "api/v1/ocr/jobs/<uuid:pk>/pages/<int:number>": {"get": "object"},
    "api/v1/ocr/jobs/<uuid:pk>/result.<format:name>": {"get": "object"},
    "api/v1/ocr/jobs/<uuid:pk>/fields/<field:field>": {"get": "object", "put": "object"},
    "api/v1/links/<str:token>": {
        "get": "public"
    },  # what a signature names: tests/jobs/test_links.py
    "api/v1/batches": {"get": "list", "post": "list"},
    "api/v1/batches/<uuid:pk>": {"get": "object", "delete": "object"},
    "api/v1/batches/<uuid:pk>/cancel": {"post": "object"},
    "api/v1/batches/<uuid:pk>/events": {"get": "object"},
    "api/v1/batches/<uuid:pk>/retry": {"post": "object"},
    "api/v1/batches/<uuid:pk>/export.<export:name>": {"get": "object"},
    "api/v1/compare": {"get": "list", "post": "list"},
    "api/v1/compare/<uuid:pk>": {"get": "object", "delete": "object"},
    "api/v1/datasets": {"get": "list", "post": "list"},
    "api/v1/datasets/<uuid:pk>": {"get": "object", "delete": "object"},
    "api/v1/datasets/<uuid:pk>/corrections": {"post": "object"},
    "api/v1/datasets/<uuid:pk>/examples": {"get": "object", "post": "object"},
    "api/v1/datasets/<uuid:pk>/examples/<uuid:example>": {"delete": "object"},
    "api/v1/datasets/<uuid:pk>/export": {"get": "object"},
    "api/v1/training-runs": {"get": "list", "post": "list"},
    "api/v1/training-runs/<uuid:pk>": {"get": "object", "delete": "object"},
    "api/v1/training-runs/<uuid:pk>/cancel": {"post": "object"},
    "api/v1/training-runs/<uuid:pk>/promote": {"post": "object"},
    "api/v1/own-engines": {"get": "list"},
    "api/v1/own-engines/<own:name>": {"get": "object", "delete": "object"},
    "api/v1/own-engines/<own:name>/rollback": {"post": "object"},
    "api/v1/metrics/models": {"get": "list"},
    "api/v1/metrics/leaderboard": {"get": "list"},
    "api/v1/cache": {"get": "list"},
    "api/v1/reviews": {"get": "list"},
    "api/v1/reviews/<uuid:pk>": {"get": "object"},
    "api/v1/reviews/<uuid:pk>/take": {"post": "object"},
    "api/v1/reviews/<uuid:pk>/release": {"post": "object"},
    "api/v1/reviews/<uuid:pk>/confirm": {"post": "object"},
    "review": {"get": "list"},
    "review/next": {"post": "list"},
    "review/<uuid:pk>": {"get": "object"},
    "review/<uuid:pk>/take": {"post": "object"},
    "review/<uuid:pk>/leave": {"post": "object"},
    "review/<uuid:pk>/release": {"post": "object"},
    "review/<uuid:pk>/skip": {"post": "object"},
    "review/<uuid:pk>/confirm": {"post": "object"},
    "review/<uuid:pk>/text": {"get": "object"},
    "review/<uuid:pk>/fields/<field:field>": {"post": "object"},
    "api/v1/models": {"get": "self"},  # those of the caller's own plan
    "api/v1/fields": {"get": "self"},  # the same catalogue for every caller
    "api/v1/templates": {"get": "list", "post": "list"},
    "api/v1/templates/test": {"post": "list"},  # the job in the body: see below
    "api/v1/templates/propose": {"post": "list"},
    "api/v1/templates/<template:name>": {"get": "object", "put": "list", "delete": "object"},
    "api/v1/templates/<template:name>/versions": {"get": "object"},
    "api/v1/templates/<template:name>/restore": {"post": "object"},
    "api/v1/templates/<template:name>/learn": {"post": "object"},
    "api/v1/organisation": {"delete": "self"},
    "api/v1/organisation/settings": {"get": "self", "patch": "self"},
    "api/v1/organisation/export.zip": {"get": "self"},  # owners only: tests/jobs/test_takeout.py
    "api/v1/audit": {"get": "list"},
    "api/v1/calls": {"get": "self"},  # ids of what was asked for: tests/accounts/test_calls_api.py
    "api/v1/audit.csv": {"get": "list"},
    "api/v1/billing": {"get": "list"},
    "api/v1/invoices": {"get": "list"},
    "api/v1/invoices/<uuid:pk>": {"get": "object"},
    "api/v1/invoices/<uuid:pk>.pdf": {"get": "object"},
    "api/v1/invoices/<uuid:pk>.csv": {"get": "object"},
    "api/v1/usage": {"get": "list"},
    "api/v1/usage.csv": {"get": "list"},
    "api/v1/service-level": {"get": "list"},
    "api/v1/webhooks": {"get": "list", "post": "list"},
    "api/v1/webhooks/callback-secret": {"post": "self"},
    "api/v1/webhooks/deliveries": {"get": "list"},
    "api/v1/webhooks/deliveries/<uuid:pk>": {"get": "object"},
    "api/v1/webhooks/deliveries/<uuid:pk>/replay": {"post": "object"},
    "api/v1/webhooks/<uuid:pk>": {"get": "object", "patch": "object", "delete": "object"},
    "api/v1/webhooks/<uuid:pk>/rotate": {"post": "object"},
    "api/v1/webhooks/<uuid:pk>/ping": {"post": "object"},
    "api/v1/auth/token": {"post": "public"},
    "api/v1/auth/token/refresh": {"post": "public"},
    "api/v1/auth/token/revoke": {"post": "public"},
    "api/v1/auth/me": {"get": "self"},
    "api/v1/members": {"get": "list"},
    "api/v1/members/leave": {"post": "self"},
    "api/v1/members/transfer": {"post": "self"},  # the member in the body: test_member_api.py
    "api/v1/members/<uuid:pk>": {"get": "object", "patch": "object", "delete": "object"},
    "api/v1/invitations": {"get": "list", "post": "list"},
    "api/v1/invitations/<uuid:pk>": {"get": "object", "delete": "object"},
    "api/v1/invitations/<uuid:pk>/resend": {"post": "object"},
    "api/v1/keys": {"get": "list", "post": "list"},
    "api/v1/keys/<uuid:pk>": {"get": "object", "patch": "object", "delete": "object"},
    "api/v1/keys/<uuid:pk>/rotate": {"post": "object", "delete": "object"},
    "api/v1/health": {"get": "public"},
    "api/v1/schema": {"get": "public"},
    "api/v1/docs": {"get": "public"},
    "": {"get": "list"},
    "steps/hide": {"post": "self"},
    "favicon.ico": {"get": "public"},
    "language": {"post": "public"},
    "style": {"get": "self"},
    "console": {"get": "self"},  # the same operations for every caller
    "console/calls": {"get": "self"},  # foreign ids are in what one asked for oneself
    "console/again": {"get": "self"},  # the same operations for every caller
    "console/token": {"post": "self"},
    "console/do/<str:name>": {"get": "self"},
    "login": {"get": "public", "post": "public", "put": "public"},
    "login/code": {
        "get": "public",
        "post": "public",
    },  # who has given the password: test_second_factor
    "login/sso": {"get": "public"},  # 404 without a provider: test_single_sign_on
    "login/sso/callback": {"get": "public"},
    "admin/login/": {"get": "public", "post": "public"},  # a redirect
    "admin/password_change/": {"get": "public"},  # a redirect
    "password-reset": {"get": "public", "post": "public"},
    "password-reset/<uidb64>/<token>": {"get": "public", "post": "public"},
    "account": {"get": "public"},  # a redirect
    "account/password": {"get": "self", "post": "self"},
    "account/second-factor": {"get": "self", "post": "self"},
    "account/sessions": {"get": "self"},
    "account/sessions/end-others": {"post": "self"},
    "account/sessions/<uuid:pk>/end": {"post": "self"},  # of another person: test_signins
    "logout": {"post": "self"},
    "organisation": {"get": "list", "post": "self"},
    "organisation/members": {"get": "list", "post": "list"},
    "organisation/members/leave": {"get": "self", "post": "self"},
    "organisation/members/<uuid:pk>": {"get": "object", "post": "object"},
    "organisation/members/<uuid:pk>/remove": {"get": "object", "post": "object"},
    "organisation/members/<uuid:pk>/transfer": {"get": "object", "post": "object"},
    "organisation/invitations/<uuid:pk>/resend": {"post": "object"},
    "organisation/invitations/<uuid:pk>/revoke": {"post": "object"},
    # what a link's random part names: tests/accounts/test_invitation_views.py
    "invitations/<str:token>": {"get": "public", "post": "public"},
    "organisation/leave": {"get": "self", "post": "self"},
    "organisation/export.zip": {"get": "self"},
    "organisation/audit": {"get": "list"},
    "organisation/audit.csv": {"get": "list"},
    "organisation/keys": {"get": "list"},
    "organisation/keys/new": {"get": "self", "post": "self"},
    "organisation/keys/<uuid:pk>": {"get": "object", "post": "object"},
    "organisation/keys/<uuid:pk>/rotate": {"get": "object", "post": "object"},
    "organisation/keys/<uuid:pk>/end-rotation": {"post": "object"},
    "organisation/keys/<uuid:pk>/revoke": {"get": "object", "post": "object"},
    "analytics": {"get": "list"},
    "analytics/by-<slug:table>.csv": {"get": "list"},
    "organisation/service-level": {"get": "list"},
    "organisation/service-level.csv": {"get": "list"},
    "organisation/webhooks": {"get": "list"},
    "organisation/webhooks/new": {"get": "self", "post": "self"},
    "organisation/webhooks/callback-secret": {"get": "self", "post": "self"},
    "organisation/webhooks/deliveries": {"get": "list"},
    "organisation/webhooks/deliveries/<uuid:pk>": {"get": "object"},
    "organisation/webhooks/deliveries/<uuid:pk>/replay": {"post": "object"},
    "organisation/webhooks/<uuid:pk>": {"get": "object", "post": "object"},
    "organisation/webhooks/<uuid:pk>/ping": {"post": "object"},
    "organisation/webhooks/<uuid:pk>/switch": {"post": "object"},
    "organisation/webhooks/<uuid:pk>/rotate": {"get": "object", "post": "object"},
    "organisation/webhooks/<uuid:pk>/delete": {"get": "object", "post": "object"},
    "organisation/billing": {"get": "list"},
    "organisation/billing/budget": {"get": "list", "post": "self"},
    "organisation/billing/details": {"get": "list", "post": "self"},
    "organisation/invoices/<uuid:pk>": {"get": "object"},
    "organisation/invoices/<uuid:pk>.pdf": {"get": "object"},
    "organisation/invoices/<uuid:pk>.csv": {"get": "object"},
    "switch-tenant": {"post": "self"},  # a tenant the caller is a member of, else refused
    "jobs": {"get": "list"},
    "batches": {"get": "list"},
    "batches/new": {"get": "list", "post": "list"},
    "batches/<uuid:pk>": {"get": "object"},
    "batches/<uuid:pk>/cancel": {"post": "object"},
    "batches/<uuid:pk>/retry": {"post": "object"},
    "batches/<uuid:pk>/delete": {"post": "object"},
    "batches/<uuid:pk>/export.<export:name>": {"get": "object"},
    "jobs/filters": {"post": "list"},
    "jobs/filters/<uuid:pk>/delete": {"post": "object"},
    "jobs/new": {"get": "list", "post": "list"},
    "jobs/sample": {"post": "list"},
    "jobs/uploads": {"get": "list"},  # of the jobs in its query: tests/jobs/test_upload_pages.py
    "jobs/selected": {"post": "list"},
    "jobs/<uuid:pk>": {"get": "object"},
    "jobs/<uuid:pk>/cancel": {"post": "object"},
    "jobs/<uuid:pk>/retry": {"post": "object"},
    "jobs/<uuid:pk>/delete": {"post": "object"},
    "jobs/<uuid:pk>/work": {"get": "object"},
    "jobs/<uuid:pk>/again": {"post": "object"},
    "jobs/<uuid:pk>/fields/<field:field>": {"post": "object"},
    "jobs/<uuid:pk>/pages/<int:number>.jpg": {"get": "object"},
    "jobs/<uuid:pk>/pages/<int:number>-small.jpg": {"get": "object"},
    "jobs/<uuid:pk>/pages/<int:number>/tables/<int:block>.<table:name>": {"get": "object"},
    "jobs/<uuid:pk>/result.<format:name>": {"get": "object"},
    "compare": {"get": "list", "post": "list"},
    "compare/engines": {"get": "public"},  # a redirect
    "models": {"get": "list"},
    "compare/<uuid:pk>": {"get": "object"},
    "compare/<uuid:pk>/delete": {"post": "object"},
    "templates": {"get": "list"},
    "templates/new": {"get": "list", "post": "list"},
    "templates/propose": {"get": "list", "post": "list"},
    "templates/import": {"get": "self", "post": "list"},
    "templates/<template:name>": {"get": "object", "post": "object"},
    "templates/<template:name>.json": {"get": "object"},
    "templates/<template:name>/versions": {"get": "object"},
    "templates/<template:name>/restore": {"post": "object"},
    "templates/<template:name>/learning": {"get": "object", "post": "object"},
    "templates/<template:name>/delete": {"get": "object", "post": "object"},
    "fine-tuning": {"get": "list", "post": "list"},
    "fine-tuning/datasets/<uuid:pk>": {"get": "object", "post": "object"},
    "fine-tuning/datasets/<uuid:pk>/corrections": {"post": "object"},
    "fine-tuning/datasets/<uuid:pk>/examples": {"post": "object"},
    "fine-tuning/datasets/<uuid:pk>/export": {"get": "object"},
    "fine-tuning/datasets/<uuid:pk>/delete": {"post": "object"},
    "fine-tuning/runs/<uuid:pk>": {"get": "object"},
    "fine-tuning/runs/<uuid:pk>/cancel": {"post": "object"},
    "fine-tuning/runs/<uuid:pk>/delete": {"post": "object"},
    "fine-tuning/runs/<uuid:pk>/promote": {"post": "object"},
    "fine-tuning/engines/<own:name>/rollback": {"post": "object"},
}
METHODS = ("get", "post", "put", "patch", "delete")


def patterns(
    entries: list[URLPattern | URLResolver], prefix: str = ""
) -> Iterator[tuple[str, URLPattern]]:
    """Every route below, but the admin's (operators only, tested with Django's permissions)."""
    for entry in entries:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            if entry.app_name != "admin":
                yield from patterns(entry.url_patterns, route)
        else:
            yield route, entry


def methods_of(pattern: URLPattern) -> set[str]:
    """The methods that the route's view answers."""
    view = pattern.callback
    cls = getattr(view, "cls", None) or getattr(view, "view_class", None)
    if cls is None:
        return {"get"}
    allowed = view.view_initkwargs.get("http_method_names", cls.http_method_names)  # type: ignore[attr-defined]
    return {name for name in METHODS if name in allowed and hasattr(cls, name)}


def test_every_route_and_method_has_its_row() -> None:
    served = {
        route: methods_of(pattern) for route, pattern in patterns(get_resolver().url_patterns)
    }
    expected = {route: set(row) for route, row in ROUTES.items()}
    assert served == expected


def address(route: str, pk: uuid.UUID) -> str:
    """The route with this id, of a template with the name that goes with it, of a batch too."""
    return "/" + (
        route.replace("<uuid:pk>", str(pk))
        .replace("<uuid:example>", str(pk))
        .replace("<own:name>", f"of-{pk}")
        .replace("<template:name>", f"of-{pk}")
        .replace("<format:name>", "json")
        .replace("<export:name>", "csv")
        .replace("<int:number>", "1")
        .replace("<int:block>", "0")
        .replace("<table:name>", "csv")
        .replace("<slug:table>", "day")
        .replace("<field:field>", "total_amount")
        .replace("do/<str:name>", "do/auth_me")
    )


def clients(organisation: Organisation) -> dict[str, Client]:
    """The organisation's owner by key, by token and by session."""
    token = APIClient()
    issued = token.post(
        "/api/v1/auth/token", {"email": organisation.owner.email, "password": PASSWORD}
    ).json()
    token.credentials(HTTP_AUTHORIZATION=f"Bearer {issued['access']}")
    session = Client()
    session.force_login(organisation.owner)
    return {"key": organisation.api(), "token": token, "session": session}


OBJECTS = [
    (route, method) for route, row in ROUTES.items() for method, kind in row.items()
    if kind == "object"
]  # fmt: skip


def call(client: Client, method: str, url: str) -> tuple[int, bytes, str]:
    """Status, body and media type of the answer."""
    answer = getattr(client, method)(url)
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    body = re.sub(rb'name="csrfmiddlewaretoken" value="\w+"', b"", body)  # differs each time
    return answer.status_code, body, answer.get("Content-Type", "")


def rows_of(acme: Organisation) -> Job:
    """A job with a result and pictures; of its id also a batch, a dataset, a training run, an own
    engine, a template, a webhook, a delivery, a member, an invitation, a key and an invoice."""
    job = make_job(acme, preview=True)
    batch = Batch.objects.create(pk=job.pk, tenant=acme.tenant, name=f"of-{job.pk}")
    Job.objects.filter(pk=job.pk).update(batch=batch, batch_position=1)
    run_job(str(job.pk))
    compared = Comparison.objects.create(pk=job.pk, tenant=acme.tenant, name=f"of-{job.pk}")
    ComparedJob.objects.create(comparison=compared, position=1, engine=job.engine, job=job)
    make_training(acme, pk=job.pk)
    make_invoice(acme.tenant, pk=job.pk, number=f"R-{acme.tenant.slug}", sequence=9)
    SavedFilter.objects.create(
        pk=job.pk,
        tenant=acme.tenant,
        user=acme.owner,
        name=f"of-{job.pk}",
        query="q=a",
        shared=True,
    )
    data = {"name": f"of-{job.pk}", "fields": [{"name": "iban"}]}
    templates.create(tenant=acme.tenant, actor=acme.actor, template=templates.read_template(data))
    webhook, _ = hook(acme, "https://8.8.8.8/")
    Webhook.objects.filter(pk=webhook.pk).update(id=job.pk)
    Delivery.objects.create(
        id=job.pk,
        tenant=acme.tenant,
        webhook_id=job.pk,
        endpoint=job.pk,
        message="msg_1",
        event="job.succeeded",
        body="{}",
    )
    person = User.objects.create(pk=job.pk, email=f"{job.pk}@{acme.tenant.slug}.example")
    Membership.objects.create(tenant=acme.tenant, user=person, role="viewer")
    sent = invitations.invite(
        actor=acme.actor, email=f"soon@{acme.tenant.slug}.example", role="viewer", address=None
    )
    Invitation.objects.filter(pk=sent.invitation.pk).update(id=job.pk)
    key, _ = create_api_key(tenant=acme.tenant, name="x", scopes=["jobs:read"], created_by=None)
    rotate_key(key, actor=acme.actor, address=None)
    ApiKey.objects.filter(pk=key.pk).update(id=job.pk)
    return job


@pytest.fixture
def finished(acme: Organisation) -> Job:
    """The rows of acme."""
    return rows_of(acme)


@pytest.mark.parametrize(
    ("route", "body"),
    [
        ("test", {"name": "invoice"}),
        ("test", {"template": {"name": "x", "fields": [{"name": "iban"}]}}),
        ("propose", {"name": "x"}),
    ],
)
def test_job_named_in_a_body_is_missing_to_a_stranger(
    route: str, body: dict[str, Any], acme: Organisation, stranger: Organisation, finished: Job
) -> None:
    url = f"/api/v1/templates/{route}"
    foreign = stranger.api().post(url, {"job": str(finished.pk), **body})
    missing = stranger.api().post(url, {"job": str(uuid.uuid4()), **body})
    assert (foreign.status_code, foreign.content) == (404, missing.content)
    assert acme.api().post(url, {"job": str(finished.pk), **body}).status_code in (200, 400)


def test_template_of_another_tenant_is_missing(
    acme: Organisation, stranger: Organisation, finished: Job
) -> None:
    own = make_job(stranger)
    run_job(str(own.pk))
    name, client = f"of-{finished.pk}", stranger.api()
    tried = client.post("/api/v1/templates/test", {"job": str(own.pk), "name": name})
    file = {"file": form_file(PDF), "template": name}
    sent = client.post("/api/v1/ocr/jobs", file, format="multipart")
    for answer in (tried, sent):
        assert (answer.status_code, answer.json()["code"]) == (400, "template_not_found")
    body = {"fields": [{"name": "vat_number"}]}
    made = client.put(f"/api/v1/templates/{name}", body)
    assert made.status_code == 201, "a name is free whatever others call theirs"
    rows = FieldTemplate.objects.filter(name=name).order_by("created_at")
    assert [(row.tenant, row.version) for row in rows] == [(acme.tenant, 1), (stranger.tenant, 1)]


@pytest.fixture
def no_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first wall is gone: every query of a tenant's rows starts at everybody's."""
    monkeypatch.setattr(TenantQuerySet, "for_tenant", lambda rows, tenant: rows.all())


@pytest.mark.usefixtures("no_filter")
def test_without_the_filter_a_stranger_still_sees_nothing_foreign(
    acme: Organisation, stranger: Organisation, finished: Job
) -> None:
    """The second wall (accounts/row_security.py), on every route that shows a tenant's rows."""
    own = make_job(stranger)
    run_job(str(own.pk))
    who, entries = clients(stranger), AuditEntry.objects.filter(tenant=acme.tenant).count()
    for route, method in OBJECTS:
        for kind in ("key", "token") if route.startswith("api/") else ("session",):
            foreign = call(who[kind], method, address(route, finished.pk))
            missing = call(who[kind], method, address(route, uuid.uuid4()))
            assert foreign[0] == 404, (route, method, kind)
            assert foreign == missing
    for route, row in ROUTES.items():
        for kind in ("key", "token") if route.startswith("api/") else ("session",):
            if row.get("get") != "list":
                continue
            status, body, _ = call(who[kind], "get", address(route, finished.pk))
            assert status == 200, route
            for hidden in (finished.pk, acme.tenant.pk, acme.key.prefix, acme.owner.email):
                assert str(hidden).encode() not in body, route
    assert str(own.pk).encode() in call(who["key"], "get", "/api/v1/ocr/jobs")[1]
    for asked in ({"name": "invoice"}, {"template": {"name": "x", "fields": [{"name": "iban"}]}}):
        sent = {"job": str(finished.pk), **asked}
        assert stranger.api().post("/api/v1/templates/test", sent).status_code == 404
    assert Job.objects.get(pk=finished.pk).status == "succeeded"
    assert Webhook.objects.filter(active=True, old_secret_until=None).count() == 1
    assert FieldTemplate.objects.get().versions.count() == 1
    assert AuditEntry.objects.filter(tenant=acme.tenant).count() == entries


@pytest.mark.usefixtures("no_filter")
def test_without_both_walls_a_stranger_would_see_it(
    stranger: Organisation, finished: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the test above rests on: the filter is really gone."""
    monkeypatch.setattr("accounts.row_security.scope", lambda: EVERYTHING)
    assert stranger.api().get(f"/api/v1/ocr/jobs/{finished.pk}").status_code == 200
    assert str(finished.pk) in stranger.api().get("/api/v1/ocr/jobs").content.decode()


def test_submitting_cannot_name_another_tenant(acme: Organisation, stranger: Organisation) -> None:
    answer = stranger.api().post(
        "/api/v1/ocr/jobs",
        {
            "file": form_file(PDF),
            "tenant": str(acme.tenant.pk),
            "status": "succeeded",
            "tenant_id": str(acme.tenant.pk),
        },
        format="multipart",
    )
    job = Job.objects.get(pk=answer.json()["id"])
    assert (job.tenant, job.status) == (stranger.tenant, "queued")


def test_batch_cannot_be_sent_for_another_tenant(
    acme: Organisation, stranger: Organisation
) -> None:
    sent = {"files": form_file(PDF), "tenant": str(acme.tenant.pk), "status": "completed"}
    assert stranger.api().post("/api/v1/batches", sent, format="multipart").status_code == 202
    batch = Batch.objects.get()
    assert (batch.tenant, batch.status) == (stranger.tenant, "running")
    assert {job.tenant for job in batch.jobs.all()} == {stranger.tenant}


def test_token_for_another_tenant_is_refused(acme: Organisation, stranger: Organisation) -> None:
    answer = APIClient().post(
        "/api/v1/auth/token",
        {
            "email": stranger.owner.email,
            "password": PASSWORD,
            "tenant": str(acme.tenant.pk),
        },
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_option")
    assert "access" not in answer.json()


def test_session_cannot_switch_to_a_foreign_tenant(
    acme: Organisation, stranger: Organisation, finished: Job
) -> None:
    session = clients(stranger)["session"]
    session.post("/switch-tenant", {"tenant": str(acme.tenant.pk)})
    assert session.get(f"/jobs/{finished.pk}").status_code == 404


def test_files_of_a_tenant_lie_under_its_id(acme: Organisation, finished: Job) -> None:
    folders = {path.name for path in Path(settings.MEDIA_ROOT).iterdir()}
    assert folders == {str(acme.tenant.pk)}
