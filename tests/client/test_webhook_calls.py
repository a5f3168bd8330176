"""Webhooks through the client: made, changed, tried, their deliveries sent again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jobs.sending import Sender
from ocrsite_client import Client, NotFound, verify_webhook
from tests.jobs.hooking import ALLOWED
from tests.jobs.receiving import receiver


def test_webhook_is_made_tried_changed_and_deleted(site: Client, settings: Any) -> None:
    settings.WEBHOOK_ALLOWED_HOSTS = ALLOWED
    with receiver() as there:
        made = site.create_webhook(f"{there.url}/in", ["job.succeeded"])
        assert [each["id"] for each in site.webhooks()] == [made["id"]]
        assert site.webhook(made) == {name: made[name] for name in made if name != "secret"}
        ping = site.ping_webhook(made["id"])
        Sender().send_due()
        (received,) = there.received
        event = verify_webhook(received.body, received.headers, made["secret"])
        assert event["type"] == "webhook.ping"
        sent = site.delivery(ping)
        assert (sent["status"], json.loads(sent["body"])) == ("delivered", event)
        secret = site.rotate_webhook(made)
        assert site.replay_delivery(ping["id"])["status"] == "pending"
        Sender().send_due()
        again = there.received[-1]
        assert verify_webhook(again.body, again.headers, secret) == event
        assert len(there.received) == 2
    listed = list(site.deliveries(webhook=made["id"], event="webhook.ping"))
    assert [each["id"] for each in listed] == [ping["id"]]
    assert list(site.deliveries(status="failed")) == []
    assert site.change_webhook(made, active=False)["active"] is False
    assert site.rotate_callback_secret().startswith("whsec_")
    site.delete_webhook(made)
    with pytest.raises(NotFound):
        site.webhook(made)
