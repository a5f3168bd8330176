"""Webhooks: where the site tells of what happens, and what it has sent there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ocrsite_client.calls import Listing, Steps, listing, operation
from ocrsite_client.core import Core, Named, id_of


class WebhookCalls(Core):
    """What can be done with webhooks and deliveries; where one is wanted, its id will do.

    Answers are dictionaries, as docs/webhooks.md has them.
    """

    @listing
    def webhooks(self) -> Listing[dict[str, Any]]:
        """All webhooks, newest first."""
        yield from self._listed("webhooks", {}, dict)

    @operation
    def webhook(self, webhook: Named) -> Steps[dict[str, Any]]:
        """One of them, without its secret."""
        found: dict[str, Any] = yield from self._get(_path(webhook))
        return found

    @operation
    def create_webhook(self, url: str, events: Sequence[str]) -> Steps[dict[str, Any]]:
        """Have the ``events`` sent to an address. The ``secret`` is in this answer alone."""
        body = {"url": url, "events": list(events)}
        found: dict[str, Any] = yield from self._change("POST", "webhooks", body)
        return found

    @operation
    def change_webhook(self, webhook: Named, **changes: Any) -> Steps[dict[str, Any]]:
        """Another ``url``, other ``events``; off or on: ``active``."""
        found: dict[str, Any] = yield from self._change(
            "PATCH", _path(webhook), changes, repeatable=True
        )
        return found

    @operation
    def delete_webhook(self, webhook: Named) -> Steps[None]:
        """Delete it with its deliveries."""
        yield from self._delete(_path(webhook))

    @operation
    def rotate_webhook(self, webhook: Named) -> Steps[str]:
        """A new secret; for 24 hours the one before signs too."""
        found: dict[str, str] = yield from self._change("POST", f"{_path(webhook)}/rotate")
        return found["secret"]

    @operation
    def rotate_callback_secret(self) -> Steps[str]:
        """The same of ``callback_url``, which jobs name themselves; the first time its only one."""
        found: dict[str, str] = yield from self._change("POST", "webhooks/callback-secret")
        return found["secret"]

    @operation
    def ping_webhook(self, webhook: Named) -> Steps[dict[str, Any]]:
        """Send it a test: the delivery."""
        found: dict[str, Any] = yield from self._change("POST", f"{_path(webhook)}/ping")
        return found

    @listing
    def deliveries(self, **filters: Any) -> Listing[dict[str, Any]]:
        """What was sent or is to be, newest first; ``status``, ``event``, ``webhook`` (an id)."""
        yield from self._listed("webhooks/deliveries", filters, dict)

    @operation
    def delivery(self, delivery: Named) -> Steps[dict[str, Any]]:
        """One of them with its body and all attempts."""
        found: dict[str, Any] = yield from self._get(f"webhooks/deliveries/{id_of(delivery)}")
        return found

    @operation
    def replay_delivery(self, delivery: Named) -> Steps[dict[str, Any]]:
        """Send it again, or now, under the same ``webhook-id``."""
        path = f"webhooks/deliveries/{id_of(delivery)}/replay"
        found: dict[str, Any] = yield from self._change("POST", path)
        return found


def _path(webhook: Named) -> str:
    return f"webhooks/{id_of(webhook)}"
