"""Webhooks: whether a request is one that the site has signed."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

from ocrsite_client.errors import WebhookInvalid

TOLERANCE_SECONDS = 300


def verify_webhook(
    body: bytes,
    headers: Mapping[str, str],
    secret: str,
    *,
    tolerance: float = TOLERANCE_SECONDS,
    now: float | None = None,
) -> dict[str, Any]:
    """The event in a request of a webhook; ``body`` as received, headers in any case.

    Raises ``WebhookInvalid``: answer 400. The same event may come twice, under the same
    ``webhook-id``: remember those that you have done. By https://www.standardwebhooks.com/.
    """
    given = {name.lower(): value for name, value in headers.items()}
    try:
        identity = given["webhook-id"]
        at = int(given["webhook-timestamp"])
        signatures = given["webhook-signature"].split()
    except (KeyError, ValueError) as error:
        raise WebhookInvalid("The request lacks a header of a webhook, or it is damaged") from error
    if abs((time.time() if now is None else now) - at) > tolerance:
        raise WebhookInvalid("The request is too old, or from the future: look at the clock")
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error as error:
        raise ValueError("The secret is none: it begins with whsec_") from error
    signed = f"{identity}.{at}.".encode() + body
    wanted = b"v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256))
    # each is compared, and each in the same time: how far one is right is told to nobody
    matches = [hmac.compare_digest(wanted, each.encode()) for each in signatures]
    if not any(matches):
        raise WebhookInvalid("The signature is not the site's")
    event: dict[str, Any] = json.loads(body)
    return event
