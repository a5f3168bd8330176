"""The page on which an organisation reads its audit log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views import View

from accounts.audit_actions import words_of
from accounts.audit_forms import AuditSearchForm
from accounts.audit_log import Change, Wanted, before, changes, entries
from accounts.audit_words import actor_words, detail_words, object_words, value_words
from accounts.models import AuditEntry
from accounts.organisation_views import OrganisationPageMixin
from accounts.tenancy import tenant_of

ROWS = 50


@dataclass(frozen=True, slots=True)
class Row:
    """An entry as it is shown."""

    entry: AuditEntry
    actor: str
    words: str
    object_kind: str
    changes: list[Change]


class AuditPage(OrganisationPageMixin, View):
    """Who did what, from where and when, newest first."""

    actions: ClassVar[Mapping[str, str]] = {"get": "audit:read"}

    def get(self, request: HttpRequest) -> HttpResponse:
        """The filters are the form's; ``before`` (an entry's id) goes on with older ones."""
        tenant, form = tenant_of(request), AuditSearchForm(request.GET)
        valid = form.is_valid()
        wanted = form.wanted() if valid else Wanted()
        rows = entries(tenant, wanted)
        after = request.GET.get("before", "")
        if after:
            rows = before(rows, get_object_or_404(entries(tenant, Wanted()), pk=_number(after)))
        shown = list(rows[: ROWS + 1]) if valid else []
        query = request.GET.copy()
        query.pop("before", None)
        context = {
            "form": form,
            "rows": [_row(entry) for entry in shown[:ROWS]],
            "older": shown[ROWS - 1].pk if len(shown) > ROWS else None,
            "before": after,
            "query": query.urlencode(),
            "filtered": bool(wanted.given()) or not valid,
        }
        response = self.shown(request, "accounts/audit.html", context, 200 if valid else 400)
        response["Cache-Control"] = "private, no-store"
        return response


def _row(entry: AuditEntry) -> Row:
    told = [
        Change(detail_words(each.name), value_words(each.before), value_words(each.after))
        for each in changes(entry)
    ]
    return Row(
        entry,
        actor_words(entry.actor),
        words_of(entry.action),
        object_words(entry.object_type),
        told,
    )


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise BadRequest("There is no such place in the list.")
    return int(text)
