"""The pages about what was sent to webhooks and callbacks, and what came back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views import View

from accounts.audit import address_of
from accounts.organisation_views import OrganisationPageMixin
from accounts.tenancy import TenantQuerySet, actor_of, tenant_of
from jobs import receivers
from jobs.errors import WebhookDisabled
from jobs.models import Delivery, Webhook
from jobs.receivers import WRITE
from jobs.views import uuid_of
from jobs.webhook_forms import CALLBACKS, EVENT_WORDS, DeliveryFilterForm

ROWS = 50  # on one page of the list
SOON, SELDOM = "2s", "15s"  # between looks at a delivery that is on its way


class DeliveriesView(OrganisationPageMixin, View):
    """What these pages share: the tenant's deliveries."""

    def rows(self) -> TenantQuerySet[Delivery]:
        """The tenant's deliveries."""
        rows = Delivery.objects.select_related("webhook", "tenant")
        return rows.for_tenant(tenant_of(self.request))

    def delivery(self, pk: UUID) -> Delivery:
        """The tenant's delivery with that id, or 404."""
        return get_object_or_404(self.rows(), pk=pk)


class DeliveriesPage(DeliveriesView):
    """The list, newest first."""

    actions: ClassVar[Mapping[str, str]] = {"get": WRITE}

    def get(self, request: HttpRequest) -> HttpResponse:
        """The filters are the form's; ``before`` (a delivery's id) goes on with older ones."""
        webhooks = Webhook.objects.for_tenant(tenant_of(request)).order_by("-pk")
        form = DeliveryFilterForm(request.GET, list(webhooks))
        valid, before = form.is_valid(), request.GET.get("before", "")
        wanted = {name: value for name, value in form.cleaned_data.items() if value}
        rows = self.rows().order_by("-pk").defer("body")
        if wanted.get("webhook") == CALLBACKS:
            rows = rows.filter(webhook=None)
        elif wanted.get("webhook"):
            rows = rows.filter(webhook=wanted["webhook"])
        rows = rows.filter(**{name: wanted[name] for name in ("event", "status") if name in wanted})
        if before:
            rows = rows.filter(pk__lt=uuid_of(before))
        found = list(rows[: ROWS + 1]) if valid else []
        query = request.GET.copy()
        query.pop("before", None)
        context = {
            "form": form,
            "rows": [(each, _words(each), _host(each)) for each in found[:ROWS]],
            "older": found[ROWS - 1].pk if len(found) > ROWS else None,
            "before": before,
            "query": query.urlencode(),
            "filtered": bool(wanted) or not valid,
        }
        return self.shown(request, "jobs/deliveries.html", context, 200 if valid else 400)


class DeliveryPage(DeliveriesView):
    """One delivery: what is sent, and what every attempt was answered."""

    actions: ClassVar[Mapping[str, str]] = {"get": WRITE}

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The whole page; to scripts the part of it that changes while it is on its way."""
        delivery = self.delivery(pk)
        context = {
            "delivery": delivery,
            "words": _words(delivery),
            "url": delivery.webhook.url if delivery.webhook else delivery.url,
            "attempts": list(delivery.attempts.order_by("-number")),
            "headers": _headers(delivery),
            "body": _spread(delivery.body),
            "again": _look_again(delivery),
        }
        if request.headers.get("HX-Request") == "true":
            response = render(request, "jobs/_delivery.html", context)
        else:
            response = self.shown(request, "jobs/delivery.html", context)
        patch_vary_headers(response, ["HX-Request"])
        return response


class DeliveryReplayPage(DeliveriesView):
    """Sending again."""

    actions: ClassVar[Mapping[str, str]] = {"post": WRITE}

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Send it now, and back to it."""
        try:
            receivers.replay(
                self.delivery(pk), actor=actor_of(request), address=address_of(request)
            )
        except WebhookDisabled:
            messages.error(request, _("Its webhook is switched off: switch it on first."))
        return redirect("delivery-page", pk)


def _words(delivery: Delivery) -> Any:
    return EVENT_WORDS.get(delivery.event, delivery.event)


def _host(delivery: Delivery) -> str:
    return urlsplit(delivery.webhook.url if delivery.webhook else delivery.url).netloc


def _headers(delivery: Delivery) -> list[tuple[str, str]]:
    """As jobs.sending makes them; those of one attempt alone are told in words."""
    return [
        ("Content-Type", "application/json"),
        ("User-Agent", f"OCRSite-Webhooks/{settings.VERSION}"),
        ("webhook-id", delivery.message),
        ("webhook-timestamp", _("the seconds since 1970 at which it was sent")),
        ("webhook-signature", _("v1, and the signature of this attempt by each valid secret")),
    ]


def _spread(body: str) -> str:
    """The body over several lines, as it is where it is no JSON."""
    with suppress(ValueError):
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    return body


def _look_again(delivery: Delivery) -> str:
    """How long a page waits until it looks again; "" for one that has ended."""
    if delivery.status != Delivery.Status.PENDING:
        return ""
    return SOON if delivery.due_at < timezone.now() + timedelta(seconds=30) else SELDOM
