"""The webhooks API, the happy path first, then refusals."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from accounts.models import AuditEntry, Membership
from accounts.permissions import Role
from jobs import deliveries, receivers, webhooks
from jobs.deliveries import Outcome
from jobs.models import Delivery, Webhook
from jobs.receivers import MAX_WEBHOOKS
from jobs.webhooks import EVENTS
from tests.jobs.hooking import hook
from tests.people import Organisation

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_names")]
URL = "/api/v1/webhooks"
HOOK = "https://hooks.example.com/in"


def make(organisation: Organisation, **data: Any) -> Any:
    """Make a webhook."""
    return organisation.api().post(URL, {"url": HOOK, "events": ["job.succeeded"], **data})


def failed_delivery(organisation: Organisation) -> Delivery:
    """One that has been tried once."""
    hook(organisation, HOOK)
    webhooks.notify(organisation.tenant, "job.succeeded", {"id": "x"})
    (claimed,) = deliveries.claim(1, troubled=False)
    deliveries.record(claimed, Outcome(0.5, 500, "<b>broken</b>"))
    return Delivery.objects.get(pk=claimed.id)


def test_role_lost_since_the_request_began_touches_no_webhook(acme: Organisation) -> None:
    actor, delivery = acme.member, failed_delivery(acme)
    webhook, before = Webhook.objects.get(), Webhook.objects.values().get()
    Membership.objects.update(role=Role.VIEWER)
    for work in (
        lambda: receivers.create(actor=actor, url=HOOK, events=["job.failed"], address=None),
        lambda: receivers.change(webhook, actor=actor, active=False, address=None),
        lambda: receivers.rotate(webhook, actor=actor, address=None),
        lambda: receivers.rotate_callback(actor=actor, address=None),
        lambda: receivers.ping(webhook, actor=actor, address=None),
        lambda: receivers.replay(delivery, actor=actor, address=None),
        lambda: receivers.delete(webhook, actor=actor, address=None),
    ):
        with pytest.raises(PermissionDenied):
            work()
    assert Webhook.objects.values().get() == before
    assert Delivery.objects.count() == 1


def test_post_makes_a_webhook_and_shows_its_secret_once(acme: Organisation) -> None:
    answer = make(acme, events=["job.succeeded", "job.failed", "job.succeeded"])
    assert answer.status_code == 201
    body = answer.json()
    assert answer["Location"] == f"http://testserver{URL}/{body['id']}"
    assert (body["url"], body["events"], body["active"]) == (
        HOOK,
        ["job.succeeded", "job.failed"],
        True,
    )
    kind, _, text = body["secret"].partition("_")
    assert kind == "whsec"
    assert 24 <= len(base64.b64decode(text)) <= 64
    row = Webhook.objects.get()
    assert body["secret"] not in (row.sealed_secret, row.sealed_old_secret)
    client = acme.api()
    for shown in (client.get(f"{URL}/{row.pk}"), client.get(URL)):
        assert b'secret"' not in shown.content
        assert text.encode() not in shown.content
    assert client.get(URL).json()["results"][0]["id"] == body["id"]


def test_patch_changes_what_is_given(acme: Organisation) -> None:
    webhook, _ = hook(acme, HOOK)
    client = acme.api()
    new = "https://other.example.com/"
    body = client.patch(f"{URL}/{webhook.pk}", {"url": new, "events": ["job.page"]}).json()
    assert (body["url"], body["events"], body["active"]) == (new, ["job.page"], True)
    assert client.patch(f"{URL}/{webhook.pk}", {"active": False}).json()["active"] is False
    webhook.refresh_from_db()
    assert (webhook.url, webhook.events, webhook.active) == (new, ["job.page"], False)
    assert AuditEntry.objects.filter(action="webhook.update").count() == 2
    client.patch(f"{URL}/{webhook.pk}", {"active": False})
    assert AuditEntry.objects.filter(action="webhook.update").count() == 2, "nothing has changed"


def test_rotate_gives_another_secret(acme: Organisation) -> None:
    webhook, old = hook(acme, HOOK)
    client = acme.api()
    new = client.post(f"{URL}/{webhook.pk}/rotate").json()["secret"]
    assert new != old
    assert client.get(f"{URL}/{webhook.pk}").json()["old_secret_until"] is not None
    first = client.post(f"{URL}/callback-secret").json()["secret"]
    second = client.post(f"{URL}/callback-secret").json()["secret"]
    assert len({old, new, first, second}) == 4


def test_ping_makes_a_delivery(acme: Organisation) -> None:
    webhook, _ = hook(acme, HOOK)
    answer = acme.api().post(f"{URL}/{webhook.pk}/ping")
    assert (answer.status_code, answer.json()["event"]) == (202, "webhook.ping")
    assert Delivery.objects.get().webhook == webhook


def test_deliveries_are_listed_shown_and_replayed(acme: Organisation) -> None:
    row = failed_delivery(acme)
    client = acme.api()
    (listed,) = client.get(f"{URL}/deliveries").json()["results"]
    assert (listed["id"], listed["url"], listed["status"], listed["tries"]) == (
        str(row.pk), HOOK, "pending", 1,
    )  # fmt: skip
    shown = client.get(f"{URL}/deliveries/{row.pk}").json()
    assert shown["body"] == row.body
    (attempt,) = shown["attempts"]
    assert (attempt["number"], attempt["code"], attempt["answer"]) == (1, 500, "<b>broken</b>")
    answer = client.post(f"{URL}/deliveries/{row.pk}/replay")
    assert (answer.status_code, answer.json()["status"], answer.json()["tries"]) == (
        202, "pending", 0,
    )  # fmt: skip
    assert len(deliveries.claim(1, troubled=True)) == 1


def test_deliveries_are_filtered(acme: Organisation) -> None:
    row = failed_delivery(acme)
    other, _ = hook(acme, HOOK)
    client = acme.api()
    client.post(f"{URL}/{other.pk}/ping")

    def listed(query: str) -> list[str]:
        return [each["id"] for each in client.get(f"{URL}/deliveries?{query}").json()["results"]]

    assert listed(f"webhook={row.webhook_id}") == [str(row.pk)]
    assert listed("event=job.succeeded") == [str(row.pk)]
    assert listed("status=failed") == []
    assert len(listed("status=pending")) == 2
    for query in ("webhook=x", "event=x", "status=x"):
        assert client.get(f"{URL}/deliveries?{query}").json()["code"] == "invalid_option"


def test_list_takes_the_same_queries_for_1_and_30(
    acme: Organisation, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    from django.db import connection

    hook(acme, HOOK)
    client = acme.api()
    webhooks.notify(acme.tenant, "job.succeeded", {})
    client.get(f"{URL}/deliveries")
    with CaptureQueriesContext(connection) as one:
        client.get(f"{URL}/deliveries")
    for _ in range(29):
        webhooks.notify(acme.tenant, "job.succeeded", {})
    with django_assert_num_queries(len(one)):
        assert len(client.get(f"{URL}/deliveries").json()["results"]) == 30


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://127.0.0.1/", "address_refused"),
        ("http://hooks.example.com/", "address_refused"),
        ("https://hooks.example.com:22/", "address_refused"),
        ("https://169.254.169.254/latest", "address_refused"),
        ("nonsense", "address_refused"),
        ("", "invalid_option"),
    ],
)
def test_address_that_may_not_be_reached_is_refused(
    acme: Organisation, url: str, code: str
) -> None:
    assert (make(acme, url=url).status_code, make(acme, url=url).json()["code"]) == (400, code)
    assert not Webhook.objects.exists()
    webhook, _ = hook(acme, HOOK)
    answer = acme.api().patch(f"{URL}/{webhook.pk}", {"url": url})
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    webhook.refresh_from_db()
    assert webhook.url == HOOK


@pytest.mark.parametrize("events", [[], ["job.odd"], ["webhook.ping"], "job.failed", [1], None])
def test_events_must_be_known(acme: Organisation, events: Any) -> None:
    answer = make(acme, events=events)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_option")
    assert not Webhook.objects.exists()


def test_secret_and_state_are_not_the_callers_to_set(
    acme: Organisation, stranger: Organisation
) -> None:
    secret = "whsec_" + base64.b64encode(b"x" * 32).decode()
    body = make(
        acme, secret=secret, tenant=str(stranger.tenant.pk), failing_since="2020-01-01"
    ).json()
    assert body["secret"] != secret
    assert (Webhook.objects.get().tenant, body["failing_since"]) == (acme.tenant, None)


def test_there_are_so_many_and_no_more(acme: Organisation, stranger: Organisation) -> None:
    for _ in range(MAX_WEBHOOKS):
        hook(acme, HOOK)
    answer = make(acme)
    assert (answer.status_code, answer.json()["code"]) == (422, "too_many_webhooks")
    assert answer.json()["limit"] == MAX_WEBHOOKS
    assert make(stranger).status_code == 201


def test_what_is_switched_off_takes_no_ping_and_no_replay(acme: Organisation) -> None:
    row = failed_delivery(acme)
    client = acme.api()
    client.patch(f"{URL}/{row.webhook_id}", {"active": False})
    for address in (f"{URL}/{row.webhook_id}/ping", f"{URL}/deliveries/{row.pk}/replay"):
        answer = client.post(address)
        assert (answer.status_code, answer.json()["code"]) == (409, "webhook_disabled")
    assert set(Delivery.objects.values_list("status", flat=True)) == {"failed"}


def test_other_scopes_see_nothing(acme: Organisation) -> None:
    row = failed_delivery(acme)
    for scopes in (("jobs:read", "jobs:write"), ("usage:read",)):
        client = acme.api(*scopes)
        for path in ("", f"/{row.webhook_id}", "/deliveries", f"/deliveries/{row.pk}"):
            assert client.get(URL + path).status_code == 403
        for path in (
            "", "/callback-secret", f"/{row.webhook_id}/ping", f"/deliveries/{row.pk}/replay",
        ):  # fmt: skip
            assert client.post(URL + path).status_code == 403
    assert acme.api("webhooks:write").get(URL).status_code == 200


def test_every_event_can_be_listened_for(acme: Organisation) -> None:
    assert make(acme, events=list(EVENTS)).json()["events"] == list(EVENTS)
