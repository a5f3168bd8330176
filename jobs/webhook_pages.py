"""The pages about webhooks: list, make, change, try, pause, rotate, delete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views import View

from accounts.audit import address_of
from accounts.organisation_views import OrganisationPageMixin
from accounts.tenancy import TenantQuerySet, actor_of, tenant_of
from jobs import receivers
from jobs.errors import AddressRefused, TooManyWebhooks, WebhookDisabled
from jobs.failure_details import detail_words
from jobs.models import CallbackSecret, Delivery, Webhook
from jobs.receivers import MAX_WEBHOOKS, WRITE
from jobs.webhook_forms import EVENT_WORDS, USUAL_EVENTS, WebhookForm
from jobs.webhook_health import standing_of, standings

RECENT = 10  # deliveries on a webhook's page


class WebhooksView(OrganisationPageMixin, View):
    """What these pages share: the tenant's webhooks."""

    actions: ClassVar[Mapping[str, str]] = {"get": WRITE, "post": WRITE}

    def rows(self) -> TenantQuerySet[Webhook]:
        """The tenant's webhooks, newest first."""
        rows = Webhook.objects.select_related("tenant").order_by("-pk")
        return rows.for_tenant(tenant_of(self.request))

    def webhook(self, pk: UUID) -> Webhook:
        """The tenant's webhook with that id, or 404."""
        return get_object_or_404(self.rows(), pk=pk)

    def secret_shown(self, secret: str, done: str, webhook: Webhook | None = None) -> HttpResponse:
        """The page with a new secret, which is shown on no other."""
        context = {"secret": secret, "done": done, "webhook": webhook}
        response = self.shown(self.request, "jobs/webhook_secret.html", context)
        response["Cache-Control"] = "no-store"
        return response


class WebhooksPage(WebhooksView):
    """The list."""

    actions: ClassVar[Mapping[str, str]] = {"get": WRITE}

    def get(self, request: HttpRequest) -> HttpResponse:
        """All of them: there are few."""
        rows = standings(self.rows())
        context = {"rows": rows, "most": MAX_WEBHOOKS, "full": len(rows) >= MAX_WEBHOOKS}
        return self.shown(request, "jobs/webhooks.html", context)


class NewWebhookPage(WebhooksView):
    """Making one."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form, with what most people need chosen."""
        return self._form(WebhookForm(initial={"events": USUAL_EVENTS}))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Its secret, shown this once; or what is wrong, beside its field."""
        form = WebhookForm(request.POST)
        if form.is_valid():
            try:
                webhook, secret = receivers.create(
                    **form.cleaned_data, actor=actor_of(request), address=address_of(request)
                )
                return self.secret_shown(secret, "made", webhook)
            except AddressRefused as refused:
                form.add_error("url", detail_words(refused.detail))
            except TooManyWebhooks:
                form.add_error(None, _("There are as many webhooks as allowed: delete one first."))
        return self._form(form, status=400)

    def _form(self, form: WebhookForm, status: int = 200) -> HttpResponse:
        return self.shown(self.request, "jobs/webhook_new.html", {"form": form}, status)


class WebhookPage(WebhooksView):
    """One webhook: how it stands, what was sent to it, its terms to change."""

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The webhook without its secret."""
        webhook = self.webhook(pk)
        return self._page(
            webhook, WebhookForm(initial={"url": webhook.url, "events": webhook.events})
        )

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Change it, and back to it; what is wrong is said beside its field."""
        webhook, form = self.webhook(pk), WebhookForm(request.POST)
        if form.is_valid():
            try:
                # an address that stays is not looked up again: its host may be away just now
                changed = {k: v for k, v in form.cleaned_data.items() if v != getattr(webhook, k)}
                receivers.change(
                    webhook, **changed, actor=actor_of(request), address=address_of(request)
                )
                messages.success(request, _("The webhook was saved."))
                return redirect("webhook-page", pk)
            except AddressRefused as refused:
                form.add_error("url", detail_words(refused.detail))
        return self._page(webhook, form, status=400)

    def _page(self, webhook: Webhook, form: WebhookForm, status: int = 200) -> HttpResponse:
        sent = Delivery.objects.filter(webhook=webhook).order_by("-pk").defer("body")
        recent = list(sent[:RECENT])
        standing = standing_of(webhook, recent[0] if recent else None)
        host = standing.host
        context = {
            "webhook": webhook,
            "standing": standing,
            "events": [EVENT_WORDS.get(name, name) for name in webhook.events],
            "recent": [(each, EVENT_WORDS.get(each.event, each.event), host) for each in recent],
            "form": form,
        }
        return self.shown(self.request, "jobs/webhook.html", context, status)


class WebhookPingPage(WebhooksView):
    """A test."""

    actions: ClassVar[Mapping[str, str]] = {"post": WRITE}

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """On to the delivery, whose page tells live what comes of it."""
        try:
            delivery = receivers.ping(
                self.webhook(pk), actor=actor_of(request), address=address_of(request)
            )
        except WebhookDisabled:
            messages.error(request, _("It is switched off: switch it on, then send the test."))
            return redirect("webhook-page", pk)
        return redirect("delivery-page", delivery.pk)


class WebhookSwitchPage(WebhooksView):
    """Pausing and resuming."""

    actions: ClassVar[Mapping[str, str]] = {"post": WRITE}

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """``active`` is "1" to switch it on, else it is switched off; back to the webhook."""
        active = request.POST.get("active") == "1"
        receivers.change(
            self.webhook(pk), active=active, actor=actor_of(request), address=address_of(request)
        )
        told = (
            _("The webhook is on: it is called from now on.")
            if active
            else _("The webhook is paused: nothing is sent to it.")
        )
        messages.success(request, told)
        return redirect("webhook-page", pk)


class WebhookRotatePage(WebhooksView):
    """A new secret for a webhook."""

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """What it means, to be confirmed."""
        context: dict[str, Any] = {"webhook": self.webhook(pk)}
        return self.shown(request, "jobs/webhook_rotate.html", context)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The new secret, shown this once."""
        webhook = self.webhook(pk)
        secret = receivers.rotate(webhook, actor=actor_of(request), address=address_of(request))
        return self.secret_shown(secret, "rotated", webhook)


class WebhookDeletePage(WebhooksView):
    """Removing a webhook."""

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """What it means, to be confirmed."""
        return self.shown(request, "jobs/webhook_delete.html", {"webhook": self.webhook(pk)})

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Delete it with its deliveries, and back to the list."""
        receivers.delete(self.webhook(pk), actor=actor_of(request), address=address_of(request))
        messages.success(request, _("The webhook was deleted."))
        return redirect("webhooks-page")


class CallbackSecretPage(WebhooksView):
    """The secret of the callbacks that single documents name."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """What it is for, and a new one to ask for."""
        signing = CallbackSecret.objects.for_tenant(tenant_of(request)).first()
        return self.shown(request, "jobs/callback_secret.html", {"signing": signing})

    def post(self, request: HttpRequest) -> HttpResponse:
        """The new secret, shown this once."""
        secret = receivers.rotate_callback(actor=actor_of(request), address=address_of(request))
        return self.secret_shown(secret, "callback")
