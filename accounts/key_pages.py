"""The pages about API keys: list, make, change, rotate, revoke."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, time, timedelta
from typing import ClassVar
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views import View

from accounts import key_changes
from accounts.audit import address_of
from accounts.key_changes import MANAGE, KeyNotLive, MoreThanMaker, TooManyKeys
from accounts.key_forms import KeyForm, RotateForm
from accounts.keys import revoke_api_key
from accounts.models import ApiKey, ApiKeyQuerySet
from accounts.organisation_views import OrganisationPageMixin
from accounts.permissions import allowed_to_scopes
from accounts.refusal_words import refusal_words
from accounts.tenancy import actor_of, tenant_of
from accounts.usage import OfKey, Used, used_by

SHOWN = 100  # ended keys in the list; live ones are all there
DAYS = 30  # of use on a key's page


class KeysView(OrganisationPageMixin, View):
    """What these pages share."""

    actions: ClassVar[Mapping[str, str]] = {"get": MANAGE, "post": MANAGE}

    def rows(self) -> ApiKeyQuerySet:
        """The tenant's keys."""
        rows = ApiKey.objects.select_related("tenant", "created_by")
        return rows.for_tenant(tenant_of(self.request))

    def key(self, pk: UUID) -> ApiKey:
        """The tenant's key with that id, or 404."""
        return get_object_or_404(self.rows(), pk=pk)

    def text_shown(self, key: ApiKey, raw: str, done: str) -> HttpResponse:
        """The page with the key's text, which nobody keeps."""
        me = settings.SITE_URL.rstrip("/") + reverse("auth-me")
        sends = "jobs:write" in allowed_to_scopes(key.scopes)
        send = settings.SITE_URL.rstrip("/") + reverse("job-list") + "?wait=30" if sends else ""
        context = {"key": key, "raw": raw, "done": done, "me": me, "send": send}
        response = self.shown(self.request, "accounts/key_text.html", context)
        response["Cache-Control"] = "no-store"
        return response


class KeysPage(KeysView):
    """The list."""

    actions: ClassVar[Mapping[str, str]] = {"get": MANAGE}

    def get(self, request: HttpRequest) -> HttpResponse:
        """Live keys first."""
        context = {"live": self.rows().live(), "ended": self.rows().ended()[:SHOWN]}
        return self.shown(request, "accounts/keys.html", context)


class NewKeyPage(KeysView):
    """Making one."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        return self._form(KeyForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        """The key, shown this once; or what is wrong, beside its field."""
        form = KeyForm(request.POST)
        if form.is_valid():
            try:
                made = key_changes.make_key(
                    terms=form.terms(), actor=actor_of(request), address=address_of(request)
                )
                return self.text_shown(*made, done="made")
            except (ValidationError, MoreThanMaker, TooManyKeys) as error:
                _tell(form, error)
        return self._form(form, status=400)

    def _form(self, form: KeyForm, status: int = 200) -> HttpResponse:
        return self.shown(self.request, "accounts/key_new.html", {"form": form}, status)


class KeyPage(KeysView):
    """One key: how it stands, what it was used for, its terms to change."""

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The key without its text."""
        key = self.key(pk)
        return self._page(key, KeyForm(key=key))

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Change its terms, and back to it; what is wrong is said beside its field."""
        key = self.key(pk)
        form = KeyForm(request.POST, key=key)
        if form.is_valid():
            try:
                key_changes.change_key(
                    key,
                    changes=asdict(form.terms()),
                    actor=actor_of(request),
                    address=address_of(request),
                )
                messages.success(request, _("The key %(name)s was saved.") % {"name": key.name})
                return redirect("key-page", pk)
            except (ValidationError, MoreThanMaker, KeyNotLive) as error:
                _tell(form, error)
        return self._page(key, form, status=400)

    def _page(self, key: ApiKey, form: KeyForm, status: int = 200) -> HttpResponse:
        today = datetime.combine(timezone.now().astimezone(UTC), time(), UTC)
        starts = [today - timedelta(days=before) for before in range(DAYS - 1, -1, -1)]
        end = today + timedelta(days=1)
        buckets = used_by(key.tenant, "day", starts, end, of=OfKey(key.pk))
        context = {
            "key": key,
            "form": form,
            "used": [bucket for bucket in reversed(buckets) if bucket.total != Used()],
            "total": sum((bucket.total for bucket in buckets), Used()),
            "days": DAYS,
        }
        return self.shown(self.request, "accounts/key.html", context, status)


class RotateKeyPage(KeysView):
    """A new text for a key."""

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """What it means, to be confirmed."""
        return self._form(self.key(pk), RotateForm())

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The new text, shown this once."""
        key, form = self.key(pk), RotateForm(request.POST)
        if form.is_valid():
            try:
                rotated = key_changes.rotate_key(
                    key, **form.cleaned_data, actor=actor_of(request), address=address_of(request)
                )
                return self.text_shown(*rotated, done="rotated")
            except (MoreThanMaker, KeyNotLive) as error:
                _tell(form, error)
        return self._form(key, form, status=400)

    def _form(self, key: ApiKey, form: RotateForm, status: int = 200) -> HttpResponse:
        context = {"key": key, "form": form}
        return self.shown(self.request, "accounts/key_rotate.html", context, status)


class EndRotationPage(KeysView):
    """Ending a rotation's overlap."""

    actions: ClassVar[Mapping[str, str]] = {"post": MANAGE}

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Refuse the text before, and back to the key."""
        key = key_changes.end_rotation(
            self.key(pk), actor=actor_of(request), address=address_of(request)
        )
        told = _("The earlier text of the key %(name)s is refused from now on.")
        messages.success(request, told % {"name": key.name})
        return redirect("key-page", pk)


class RevokeKeyPage(KeysView):
    """Revoking a key."""

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """What it means, to be confirmed."""
        return self.shown(request, "accounts/key_revoke.html", {"key": self.key(pk)})

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Revoke, and back to the list."""
        key = self.key(pk)
        revoke_api_key(key, actor=actor_of(request), address=address_of(request))
        messages.success(request, _("The key %(name)s is revoked.") % {"name": key.name})
        return redirect("keys-page")


def _tell(form: KeyForm | RotateForm, error: Exception) -> None:
    """Put what a function has refused into the form."""
    if isinstance(error, ValidationError):
        for field, messages_ in error.message_dict.items():
            told = [refusal_words(message) for message in messages_]
            form.add_error("expiry" if field == "expires_at" else field, told)
    else:
        form.add_error(None, refusal_words(str(error)))
