"""What the site signs is taken, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from ocrsite_client import WebhookInvalid, verify_webhook

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLDER = "whsec_" + "QUFB" * 8
BODY = b'{"type":"job.succeeded","data":{"id":"01a2"}}'
AT = 1_795_688_400


def headers(secret: str = SECRET, body: bytes = BODY) -> dict[str, str]:
    """As the site's own library signs."""
    signed = Webhook(secret).sign("msg_1", datetime.fromtimestamp(AT, UTC), body.decode())
    return {"Webhook-Id": "msg_1", "Webhook-Timestamp": str(AT), "Webhook-Signature": signed}


def test_signed_event_is_given() -> None:
    event = verify_webhook(BODY, headers(), SECRET, now=AT + 299)
    assert event["data"] == {"id": "01a2"}
    two = headers()
    two["Webhook-Signature"] = f"{headers(OLDER)['Webhook-Signature']} {two['Webhook-Signature']}"
    for secret in (SECRET, OLDER):  # while the secret is being changed
        assert verify_webhook(BODY, two, secret, now=AT) == event


@pytest.mark.parametrize(
    ("change", "body", "now"),
    [
        ({}, BODY + b" ", AT),
        ({}, BODY, AT + 301),
        ({}, BODY, AT - 301),
        ({"Webhook-Id": "msg_2"}, BODY, AT),
        ({"Webhook-Timestamp": str(AT + 1)}, BODY, AT),
        ({"Webhook-Timestamp": "soon"}, BODY, AT),
        ({"Webhook-Signature": ""}, BODY, AT),
        ({"Webhook-Signature": "v1,ünsigned"}, BODY, AT),
        ({"Webhook-Signature": headers(OLDER)["Webhook-Signature"]}, BODY, AT),
    ],
)
def test_anything_else_is_refused(change: dict[str, str], body: bytes, now: int) -> None:
    with pytest.raises(WebhookInvalid):
        verify_webhook(body, headers() | change, SECRET, now=now)
    lacking = headers()
    del lacking["Webhook-Signature"]
    with pytest.raises(WebhookInvalid):
        verify_webhook(BODY, lacking, SECRET, now=AT)
