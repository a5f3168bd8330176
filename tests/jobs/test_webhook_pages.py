"""jobs/webhook_pages.py, jobs/delivery_pages.py and their forms"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings
from pytest_django.asserts import assertContains, assertNotContains

from accounts.permissions import Role
from jobs import deliveries, receivers
from jobs.models import Delivery, DeliveryAttempt, Webhook
from jobs.sending import Sender
from jobs.webhook_forms import EVENT_WORDS
from jobs.webhook_health import standings
from jobs.webhooks import EVENTS, PING
from tests.jobs.hooking import ALLOWED, failing_for, hook
from tests.jobs.receiving import answering, receiver
from tests.people import Organisation

pytestmark = pytest.mark.django_db
PAGE = "/organisation/webhooks"
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def owner(client: Client, acme: Organisation) -> Client:
    client.force_login(acme.owner)
    return client


def secret_in(page: str) -> str:
    """The secret in the field to copy from."""
    found = re.search(r'value="(whsec_[^"]+)" readonly', page)
    assert found is not None
    return found[1]


def sent(webhook: Webhook | None, acme: Organisation, **more: Any) -> Delivery:
    """A delivery of it, or of a callback."""
    row = {
        "event": "job.succeeded",
        "status": Delivery.Status.DELIVERED,
        "body": json.dumps({"type": "job.succeeded", "data": {"name": HOSTILE}}),
        "endpoint": webhook.pk if webhook else acme.tenant.pk,
        "url": "" if webhook else "https://9.9.9.9/cb",
        "message": "msg_1",
    }
    return Delivery.objects.create(tenant=acme.tenant, webhook=webhook, **{**row, **more})


def test_every_event_is_told_in_words() -> None:
    assert set(EVENT_WORDS) == {*EVENTS, PING}


def test_a_webhook_is_made_and_its_secret_shown_once(owner: Client, acme: Organisation) -> None:
    form = owner.get(f"{PAGE}/new").content.decode()
    assert all(f'value="{event}"' in form for event in EVENTS)
    assert form.count(" checked>") == 3
    answer = owner.post(
        f"{PAGE}/new", {"url": "https://8.8.8.8/in", "events": ["job.failed", "job.succeeded"]}
    )
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    secret = secret_in(answer.content.decode())
    webhook = Webhook.objects.get()
    assert (webhook.url, webhook.events) == (
        "https://8.8.8.8/in",
        ["job.failed", "job.succeeded"],
    )
    assert receivers.live_secrets(webhook) == [secret]
    for url in (PAGE, f"{PAGE}/{webhook.pk}", f"{PAGE}/{webhook.pk}/rotate"):
        assertNotContains(owner.get(url), secret)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://8.8.8.8/", "The address must begin with https://."),
        ("https://127.0.0.1/", "The host has no public address."),
        ("https://10.0.0.7/", "The host has no public address."),
        ("https://8.8.8.8:22/", "The port must be one of"),
        ("javascript:alert(1)", "Not an absolute URL"),
        ("", "Give the address that is to be called."),
    ],
)
def test_an_address_that_must_not_be_called_is_refused_beside_its_field(
    owner: Client, url: str, told: str
) -> None:
    answer = owner.post(f"{PAGE}/new", {"url": url, "events": ["job.failed"]})
    assertContains(answer, told, status_code=400)
    assert not Webhook.objects.exists()


def test_it_must_listen_for_something_known(owner: Client) -> None:
    answer = owner.post(f"{PAGE}/new", {"url": "https://8.8.8.8/"})
    assertContains(answer, "Choose at least one.", status_code=400)
    owner.post(f"{PAGE}/new", {"url": "https://8.8.8.8/", "events": ["job.nothing"]})
    assert not Webhook.objects.exists()


def test_no_more_than_allowed_are_made(
    owner: Client, acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receivers, "MAX_WEBHOOKS", 1)
    hook(acme, "https://8.8.8.8/")
    answer = owner.post(f"{PAGE}/new", {"url": "https://8.8.8.8/", "events": ["job.failed"]})
    assertContains(answer, "as many webhooks as allowed", status_code=400)


def test_the_list_tells_how_each_stands(
    owner: Client, acme: Organisation, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    made = [hook(acme, f"https://8.8.8.8/{n}")[0] for n in range(5)]
    sent(made[0], acme)
    failing_for(made[1], 3)
    receivers.disable(made[2], "Its receiver answered 410 Gone.")
    receivers.change(made[3], active=False, actor=acme.actor, address=None)
    with django_assert_num_queries(2):
        found = standings(Webhook.objects.for_tenant(acme.tenant).order_by("pk"))
    assert [row.state for row in found] == ["works", "failing", "off", "paused", "new"]
    page = owner.get(PAGE)
    for told in ("Works", "Failing", "Switched off", "Paused", "Not called yet", "3 h ago"):
        assertContains(page, told)


def test_it_is_changed_paused_and_deleted(owner: Client, acme: Organisation) -> None:
    webhook, _ = hook(acme, "https://8.8.8.8/a")
    here = f"{PAGE}/{webhook.pk}"
    owner.post(here, {"url": "https://8.8.4.4/b", "events": ["job.page"]})
    webhook.refresh_from_db()
    assert (webhook.url, webhook.events) == ("https://8.8.4.4/b", ["job.page"])
    answer = owner.post(here, {"url": "https://10.1.1.1/", "events": ["job.page"]})
    assertContains(answer, "no public address", status_code=400)
    owner.post(f"{here}/switch")
    webhook.refresh_from_db()
    assert not webhook.active
    told = owner.post(f"{here}/ping", follow=True)
    assertContains(told, "It is switched off: switch it on, then send the test.")
    owner.post(f"{here}/switch", {"active": "1"})
    webhook.refresh_from_db()
    assert webhook.active
    owner.post(f"{here}/delete")
    assert not Webhook.objects.exists()
    assert owner.get(here).status_code == 404


def test_a_secret_is_rotated_and_the_page_says_so(owner: Client, acme: Organisation) -> None:
    webhook, first = hook(acme, "https://8.8.8.8/")
    assertContains(owner.get(f"{PAGE}/{webhook.pk}/rotate"), "For 24 hours")
    second = secret_in(owner.post(f"{PAGE}/{webhook.pk}/rotate").content.decode())
    webhook.refresh_from_db()
    assert receivers.live_secrets(webhook) == [second, first]
    assertContains(owner.get(f"{PAGE}/{webhook.pk}"), "that of the earlier secret too")


def test_the_secret_of_callbacks_is_made(owner: Client, acme: Organisation) -> None:
    assertContains(owner.get(f"{PAGE}/callback-secret"), "There is none yet.")
    answer = owner.post(f"{PAGE}/callback-secret")
    assert answer["Cache-Control"] == "no-store"
    assert secret_in(answer.content.decode())
    assertContains(owner.get(f"{PAGE}/callback-secret"), "A change is under way")


@pytest.mark.django_db(transaction=True)
def test_a_test_is_sent_and_its_answer_shown_as_text(
    owner: Client, acme: Organisation, settings: Settings
) -> None:
    settings.WEBHOOK_ALLOWED_HOSTS = ALLOWED
    sender = Sender(threads=2)
    with receiver() as site:
        webhook, _ = hook(acme, f"{site.url}/in")
        site.behaviours["/in"] = answering(500, HOSTILE.encode())
        here = owner.post(f"{PAGE}/{webhook.pk}/ping")["Location"]
        assertContains(owner.get(here), "It is being sent.")
        part = owner.get(here, headers={"HX-Request": "true"})
        assertContains(part, 'hx-trigger="every 2s"')
        assertNotContains(part, "<html")
        Delivery.objects.update(tries=1)  # the next try is not now
        sender.send_due()
        page = owner.get(here)
        assertContains(page, "It answered 500.")
        assertContains(page, "&lt;script&gt;alert(1)")
        assertNotContains(page, HOSTILE)
        site.behaviours["/in"] = answering(204)
        owner.post(f"{here}/replay")
        sender.send_due()
        page = owner.get(here)
    assertContains(page, "It answered 204.")
    assertContains(page, "Delivered")
    assertNotContains(page, "hx-trigger")
    sender._pool.shutdown()


def test_deliveries_are_filtered_and_paged(
    owner: Client,
    acme: Organisation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("jobs.delivery_pages.ROWS", 2)
    webhook, _ = hook(acme, "https://8.8.8.8/")
    other, _ = hook(acme, "https://8.8.4.4/")
    made = [sent(webhook, acme) for _ in range(3)]
    failed = sent(other, acme, event="job.failed", status="failed", error="It answered 410.")
    callback = sent(None, acme)

    def ids(query: str) -> list[str]:
        page = owner.get(f"{PAGE}/deliveries?{query}").content.decode()
        return re.findall(r'deliveries/([0-9a-f-]{36})"', page)

    assert ids("") == [str(callback.pk), str(failed.pk)]
    assert ids(f"before={failed.pk}") == [str(made[2].pk), str(made[1].pk)]
    assert ids("status=failed") == [str(failed.pk)]
    assert ids(f"webhook={webhook.pk}") == [str(made[2].pk), str(made[1].pk)]
    assert ids("webhook=callbacks") == [str(callback.pk)]
    assert ids("event=job.failed") == [str(failed.pk)]
    answer = owner.get(f"{PAGE}/deliveries?status=nonsense")
    assertContains(answer, "A filter cannot be read", status_code=400)
    assert owner.get(f"{PAGE}/deliveries?before=x").status_code == 400
    assertContains(owner.get(f"{PAGE}/deliveries?event=batch.completed"), "No delivery here")


def test_a_list_costs_the_same_at_one_row_and_at_thirty(
    owner: Client, acme: Organisation, django_assert_max_num_queries: Any
) -> None:
    counts = []
    webhook, _ = hook(acme, "https://8.8.8.8/")
    for number in (1, 29):
        for _ in range(number):
            sent(webhook, acme)
        for page in (f"{PAGE}/deliveries", f"{PAGE}/{webhook.pk}", PAGE):
            with django_assert_max_num_queries(30) as asked:
                owner.get(page)
            counts.append(len(asked))
    assert counts[:3] == counts[3:]


def test_a_delivery_is_shown_whole_and_as_text(owner: Client, acme: Organisation) -> None:
    webhook, _ = hook(acme, "https://8.8.8.8/")
    delivery = sent(webhook, acme, ended_at=timezone.now())
    DeliveryAttempt.objects.create(
        delivery=delivery, number=1, at=timezone.now(), seconds=0.2, code=200, answer=HOSTILE
    )
    page = owner.get(f"{PAGE}/deliveries/{delivery.pk}")
    for told in ("msg_1", "webhook-signature", "&lt;script&gt;", "It answered 200.", "Attempt 1"):
        assertContains(page, told)
    assertNotContains(page, HOSTILE)


def test_a_webhook_that_is_off_replays_nothing(owner: Client, acme: Organisation) -> None:
    webhook, _ = hook(acme, "https://8.8.8.8/")
    delivery = sent(webhook, acme, status="failed")
    receivers.change(webhook, active=False, actor=acme.actor, address=None)
    answer = owner.post(f"{PAGE}/deliveries/{delivery.pk}/replay", follow=True)
    assertContains(answer, "Its webhook is switched off: switch it on first.")
    delivery.refresh_from_db()
    assert delivery.status == "failed"


def test_it_looks_again_seldom_while_the_next_try_is_far(owner: Client, acme: Organisation) -> None:
    webhook, _ = hook(acme, "https://8.8.8.8/")
    later = timezone.now() + timedelta(hours=2)
    delivery = sent(webhook, acme, status="pending", tries=3, due_at=later)
    page = owner.get(f"{PAGE}/deliveries/{delivery.pk}")
    assertContains(page, 'hx-trigger="every 15s"')
    assertContains(page, "Next try")
    assert deliveries.counts()["pending"] == 1


@pytest.mark.parametrize("role", [Role.MEMBER, Role.REVIEWER, Role.VIEWER])
def test_others_are_refused_and_see_no_entry(
    client: Client, acme: Organisation, role: Role
) -> None:
    client.force_login(acme.join(role))
    assert client.get(PAGE).status_code == 403
    assertNotContains(client.get("/organisation"), PAGE)
