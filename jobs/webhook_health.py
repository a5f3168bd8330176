"""How an organisation's webhooks stand, as their page shows it; two queries for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.db.models import OuterRef, QuerySet, Subquery

from jobs.models import Delivery, Webhook

# Where a webhook stands
NEW, WORKS, FAILING, PAUSED, OFF = "new", "works", "failing", "paused", "off"


@dataclass(frozen=True, slots=True)
class Standing:
    """A webhook with its newest delivery; ``state`` is one of those above.

    ``paused`` by a person, ``off`` by the site, because nothing could be delivered.
    """

    webhook: Webhook
    host: str
    state: str
    last: Delivery | None


def standings(webhooks: QuerySet[Webhook]) -> list[Standing]:
    """Of each of the rows, in their order."""
    # Between two bounds that are the same: with "=" the planner takes ids alone to be in order, and
    # looks through all deliveries for those of a webhook that has none
    its = Delivery.objects.filter(webhook__gte=OuterRef("pk"), webhook__lte=OuterRef("pk"))
    newest = its.order_by("webhook_id", "-pk").values("pk")[:1]
    rows = list(webhooks.annotate(newest=Subquery(newest)))
    found = Delivery.objects.defer("body").in_bulk([row.newest for row in rows if row.newest])
    return [standing_of(row, found.get(row.newest)) for row in rows]


def standing_of(webhook: Webhook, last: Delivery | None) -> Standing:
    """Of one webhook, whose newest delivery is ``last``."""
    return Standing(webhook, urlsplit(webhook.url).netloc, _state(webhook, last), last)


def _state(webhook: Webhook, last: Delivery | None) -> str:
    if not webhook.active:
        return OFF if webhook.disabled_reason else PAUSED
    if webhook.failing_since is not None:
        return FAILING
    return WORKS if last is not None and last.status == Delivery.Status.DELIVERED else NEW
