"""Deliveries on their way to a real receiver, verified by the public library."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings
from django.db import OperationalError, connection
from django.db.models.functions import Now
from pytest_django import Settings
from standardwebhooks import WebhookVerificationError

from extraction.options import Options
from jobs import deliveries, receivers, webhooks
from jobs.models import Delivery, DeliveryAttempt, Webhook
from jobs.sending import KEPT_BYTES, READ_BYTES, Sender
from jobs.submit import submit_job
from tests.jobs.hooking import ALLOWED, hook, make_due, verified, waits
from tests.jobs.making import make_job, run_job, upload
from tests.jobs.receiving import Receiver, answering, endless, receiver
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def site() -> Iterator[Receiver]:
    """A receiver."""
    with receiver() as running:
        yield running


@pytest.fixture(autouse=True)
def _loopback(settings: Settings) -> None:
    settings.WEBHOOK_ALLOWED_HOSTS = ALLOWED


@pytest.fixture
def quick(settings: Settings) -> None:
    """What hangs is waited for half a second."""
    settings.WEBHOOK_SECONDS = 0.5


def send() -> int:
    """Send all that is due; returns how many attempts were made."""
    with_pool = Sender(threads=8)
    try:
        return with_pool.send_due()
    finally:
        with_pool._pool.shutdown()


def tell(organisation: Organisation, **data: Any) -> None:
    """An event."""
    webhooks.notify(organisation.tenant, "job.succeeded", data)


def wait_for(reached: Callable[[], bool], seconds: float = 30) -> None:
    """Until it is so."""
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_job_is_told_and_the_public_library_verifies_it(acme: Organisation, site: Receiver) -> None:
    _, secret = hook(acme, f"{site.url}/in?of=acme", "job.succeeded")
    job = make_job(acme)
    run_job(str(job.pk))
    assert send() == 1
    (received,) = site.received
    told = verified(received, secret)
    assert (told["type"], told["data"]["id"]) == ("job.succeeded", str(job.pk))
    assert received.path == "/in?of=acme"
    assert received.headers["content-type"] == "application/json"
    row = Delivery.objects.get()
    assert received.headers["webhook-id"] == row.message
    assert (row.status, row.attempts.get().answer) == ("delivered", "thanks")
    received.body += b" "
    with pytest.raises(WebhookVerificationError):
        verified(received, secret)


def test_id_stays_and_timestamp_is_fresh_at_every_try(
    acme: Organisation, site: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, secret = hook(acme, f"{site.url}/in")
    site.behaviours["/in"] = answering(503)
    tell(acme)
    assert send() == 1
    del site.behaviours["/in"]
    make_due()
    time.sleep(1.1)  # a timestamp has seconds
    assert send() == 1
    first, second = site.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert int(first.headers["webhook-timestamp"]) < int(second.headers["webhook-timestamp"])
    for received in site.received:
        verified(received, secret)


def test_two_secrets_sign_while_rotating_and_one_afterwards(
    acme: Organisation, site: Receiver
) -> None:
    webhook, old = hook(acme, f"{site.url}/in")
    new = receivers.rotate(webhook, actor=acme.actor, address=None)
    tell(acme)
    send()
    for secret in (old, new):
        verified(site.received[0], secret)
    assert len(site.received[0].headers["webhook-signature"].split(" ")) == 2
    Webhook.objects.update(old_secret_until=Now())
    tell(acme)
    send()
    verified(site.received[1], new)
    with pytest.raises(WebhookVerificationError):
        verified(site.received[1], old)


def test_callback_is_signed_with_the_tenants_secret(
    acme: Organisation, stranger: Organisation, site: Receiver
) -> None:
    secrets = {
        each: receivers.rotate_callback(actor=each.actor, address=None) for each in (acme, stranger)
    }
    for each in secrets:
        with upload() as received:
            job = submit_job(
                actor=each.actor,
                upload=received,
                options=Options(),
                callback_url=f"{site.url}/{each.tenant.slug}",
            )
        run_job(str(job.pk))
    assert send() == 2
    for each, secret in secrets.items():
        (mine,) = [got for got in site.received if got.path == f"/{each.tenant.slug}"]
        assert verified(mine, secret)["type"] == "job.succeeded"
        other = next(value for key, value in secrets.items() if key is not each)
        with pytest.raises(WebhookVerificationError):
            verified(mine, other)


@pytest.mark.parametrize(
    ("behaviour", "code", "error"),
    [
        (answering(500, b"broken"), 500, ""),
        (answering(404), 404, ""),
        (answering(302, headers={"Location": "/elsewhere"}), 302, "redirects are not followed"),
        (answering(307, headers={"Location": "http://127.0.0.1/"}), 307, "redirects"),
        ("hanging", None, "longer than 0.5 seconds"),
        ("dripping", None, "longer than 0.5 seconds"),
        (lambda handler: None, None, "closed"),
    ],
)
def test_failures_are_told_and_tried_again(
    acme: Organisation, site: Receiver, quick: None, behaviour: Any, code: int, error: str
) -> None:
    hook(acme, f"{site.url}/in")
    site.behaviours["/in"] = getattr(site, behaviour) if isinstance(behaviour, str) else behaviour
    tell(acme)
    begun = time.monotonic()
    assert send() == 1
    assert time.monotonic() - begun < 15
    attempt = DeliveryAttempt.objects.get()
    assert attempt.code == code
    assert error in attempt.error
    assert Delivery.objects.get().status == "pending"
    assert site.paths() == ["/in"]
    assert Webhook.objects.get().failing_since is not None


def test_dead_port_is_told(acme: Organisation) -> None:
    with receiver() as gone:
        url = gone.url
    hook(acme, url)
    tell(acme)
    assert send() == 1
    assert "refused" in DeliveryAttempt.objects.get().error


def test_endless_body_is_read_so_far_and_no_further(acme: Organisation, site: Receiver) -> None:
    hook(acme, f"{site.url}/in")
    site.behaviours["/in"] = endless
    tell(acme)
    assert send() == 1
    attempt = DeliveryAttempt.objects.get()
    assert (attempt.code, attempt.answer) == (200, "x" * KEPT_BYTES)
    assert attempt.seconds < 10
    assert Delivery.objects.get().status == "delivered"
    assert READ_BYTES == 65_536


def test_hostile_answer_is_kept_as_text(acme: Organisation, site: Receiver) -> None:
    hook(acme, f"{site.url}/in")
    site.behaviours["/in"] = answering(500, b"\0\xff<script>" + b"\xf0\x9f")
    tell(acme)
    send()
    assert DeliveryAttempt.objects.get().answer == "\ufffd\ufffd<script>\ufffd"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("300", 300), ("Fri, 01 Jan 2100 00:00:00 GMT", 24 * 3600), ("soon", 5), ("-5", 5), ("٣", 5)],
)
def test_retry_after_is_obeyed(
    acme: Organisation, site: Receiver, value: str, seconds: int
) -> None:
    hook(acme, f"{site.url}/in")
    site.behaviours["/in"] = answering(
        429, headers={"Retry-After": value.encode().decode("latin1")}
    )
    tell(acme)
    send()
    assert seconds - 1 <= waits(Delivery.objects.get()) <= seconds * 1.1 + 1


def test_gone_ends_it(acme: Organisation, site: Receiver) -> None:
    hook(acme, f"{site.url}/in")
    site.behaviours["/in"] = answering(410)
    tell(acme)
    send()
    assert not Webhook.objects.get().active
    tell(acme)
    make_due()
    assert send() == 0
    assert site.paths() == ["/in"]


def test_address_that_has_become_private_is_not_reached(
    acme: Organisation, site: Receiver, settings: Settings
) -> None:
    hook(acme, f"{site.url}/in")
    settings.WEBHOOK_ALLOWED_HOSTS = ()
    settings.OUTBOUND_HTTP, settings.OUTBOUND_PORTS = True, (int(site.url.rsplit(":")[-1]),)
    tell(acme)
    assert send() == 1
    assert DeliveryAttempt.objects.get().error == "The host has no public address."
    assert site.connections == 0


def test_replay_and_ping_are_sent(acme: Organisation, site: Receiver) -> None:
    webhook, secret = hook(acme, f"{site.url}/in")
    tell(acme)
    send()
    receivers.replay(Delivery.objects.get(), actor=acme.actor, address=None)
    receivers.ping(webhook, actor=acme.actor, address=None)
    assert send() == 2
    told = [verified(received, secret)["type"] for received in site.received]
    assert sorted(told) == ["job.succeeded", "job.succeeded", "webhook.ping"]
    ids = [received.headers["webhook-id"] for received in site.received]
    assert len(set(ids)) == 2


def test_dead_receivers_do_not_delay_a_live_one(
    acme: Organisation, stranger: Organisation, site: Receiver, settings: Settings
) -> None:
    """As many dead ones as there are hands: the live one's are done while those still hang."""
    settings.WEBHOOK_SECONDS = 5
    site.behaviours["/dead"] = site.hanging
    dead = [hook(acme, f"{site.url}/dead")[0] for _ in range(8)]
    for webhook in dead:
        Webhook.objects.filter(pk=webhook.pk).update(failing_since=Now() - timedelta(hours=1))
    hook(stranger, f"{site.url}/live")

    def spent() -> float:
        """Seconds until the live one has forty more."""
        begun, wanted = time.monotonic(), site.paths().count("/live") + 40
        for number in range(40):
            tell(stranger, number=number)
        wait_for(lambda: site.paths().count("/live") == wanted, 60)
        return time.monotonic() - begun

    stop = threading.Event()
    runner = threading.Thread(target=_run, args=(Sender(threads=8), stop))
    runner.start()
    try:
        alone = spent()
        for number in range(10):
            tell(acme, number=number)
        wait_for(lambda: site.paths().count("/dead") >= 4)
        beside = spent()
        hanging = Delivery.objects.filter(tenant=acme.tenant, lease_until__isnull=False).count()
    finally:
        site.released.set()
        stop.set()
        runner.join(30)
    print(f"40 deliveries: alone {alone:.2f} s, beside dead receivers {beside:.2f} s")
    assert 0 < hanging <= 4, "half of the hands at most"
    assert beside < alone * 2 + 1


def _run(sender: Sender, stop: threading.Event) -> None:
    try:
        sender.run(stop)
    finally:
        connection.close()


def test_database_away_loses_no_outcome(
    acme: Organisation, site: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook(acme, f"{site.url}/in")
    tell(acme)
    record, faults = deliveries.record, iter([True, True])

    def failing(*args: Any) -> Any:
        if next(faults, False):
            raise OperationalError("away")
        return record(*args)

    monkeypatch.setattr(deliveries, "record", failing)
    stop = threading.Event()
    runner = threading.Thread(target=_run, args=(Sender(threads=2), stop))
    runner.start()
    wait_for(lambda: Delivery.objects.filter(status="delivered").exists())
    stop.set()
    runner.join(30)
    assert len(site.received) == 1


def deliver_process(**more: str) -> subprocess.Popen[bytes]:
    """`manage.py deliver` on the test's database."""
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    return subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "deliver"],
        env={
            **os.environ,
            "DATABASE_URL": url.geturl(),
            "SECRET_KEY": django_settings.SECRET_KEY,
            "WEBHOOK_ALLOWED_HOSTS": ",".join(ALLOWED),
            **more,
        },
        cwd=ROOT,
    )


def test_killed_senders_deliveries_are_sent_again_under_the_same_id(
    acme: Organisation, site: Receiver
) -> None:
    _, secret = hook(acme, f"{site.url}/in")
    site.behaviours["/in"] = site.hanging
    tell(acme)
    process = deliver_process()
    try:
        wait_for(lambda: len(site.received) == 1)
    finally:
        process.kill()
        process.wait()
    row = Delivery.objects.get()
    assert (row.status, row.attempts.count()) == ("pending", 0)
    assert send() == 0, "its lease is still the dead one's"
    Delivery.objects.update(lease_until=Now())
    del site.behaviours["/in"]
    assert send() == 1
    first, second = site.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    verified(second, secret)
    row.refresh_from_db()
    assert (row.status, row.attempts.count()) == ("delivered", 1)


def test_sender_ends_when_told_and_writes_down_what_was_under_way(
    acme: Organisation, site: Receiver
) -> None:
    hook(acme, f"{site.url}/in")
    site.behaviours["/in"] = answering(200, after=1)
    tell(acme)
    process = deliver_process()
    try:
        wait_for(lambda: len(site.received) == 1)
        tell(acme)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
    first, second = Delivery.objects.order_by("pk")
    assert (first.status, second.status) == ("delivered", "pending")
    assert second.lease_until is None


def samples() -> tuple[str, str]:
    """The code of docs/webhooks.md, in Python and JavaScript."""
    page = (ROOT / "docs/webhooks.md").read_text()
    (python,) = re.findall(r"```python\n(.*?)```", page, re.S)
    (javascript,) = re.findall(r"```js\n(.*?)```", page, re.S)
    return python, javascript


@pytest.mark.parametrize("language", ["python", "js"])
def test_documented_samples_tell_signed_from_forged(
    acme: Organisation, site: Receiver, language: str
) -> None:
    webhook, old = hook(acme, f"{site.url}/in")
    new = receivers.rotate(webhook, actor=acme.actor, address=None)
    tell(acme, text="ü")
    send()
    (got,) = site.received
    late = {**got.headers, "webhook-timestamp": str(int(got.headers["webhook-timestamp"]) - 301)}
    calls = [
        (got.body, got.headers, new),
        (got.body, got.headers, old),
        (got.body + b" ", got.headers, new),
        (got.body, got.headers, "whsec_" + "A" * 43 + "="),
        (got.body, late, new),
        (got.body, {**got.headers, "webhook-signature": ""}, new),
        (got.body, {**got.headers, "webhook-id": "msg_other"}, new),
    ]
    python, javascript = samples()
    if language == "python":
        names: dict[str, Any] = {}
        exec(python, names)
        events = [names["receive"](*call) for call in calls]
    elif node := shutil.which("node"):
        asked = [[body.decode(), headers, secret] for body, headers, secret in calls]
        code = f"""{javascript}
        const calls = {json.dumps(asked)};
        console.log(JSON.stringify(calls.map(([b, h, s]) => receive(Buffer.from(b), h, s))));"""
        done = subprocess.run([node, "-e", code], capture_output=True, text=True, check=True)
        events = json.loads(done.stdout)
    else:
        pytest.skip("there is no Node.js")
    assert [event and event["type"] for event in events] == ["job.succeeded"] * 2 + [None] * 5
