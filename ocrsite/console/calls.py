"""The page of an organisation's last calls of the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.generic import View

from accounts.models import Tenant
from accounts.recent_calls import KINDS, Call, Wanted, calls, leaf, names_of
from accounts.tenancy import PageMixin, actor_of

ROWS = 50


class CallsForm(forms.Form):
    """Which calls to show."""

    kind = forms.ChoiceField(label=_("Outcome"), required=False)
    caller = forms.ChoiceField(label=_("Key or person"), required=False)
    path = forms.CharField(
        label=_("Address"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("A part of it, for example /ocr/jobs or POST."),
    )
    before = forms.IntegerField(
        required=False, min_value=0, max_value=2**53, widget=forms.HiddenInput
    )

    def __init__(self, data: Any, callers: Mapping[str, str]) -> None:
        super().__init__(data)
        kind, caller = self.fields["kind"], self.fields["caller"]
        assert isinstance(kind, forms.ChoiceField)
        assert isinstance(caller, forms.ChoiceField)
        kind.choices = [("", _("All")), *KINDS.items()]
        caller.choices = [("", _("All")), *callers.items()]

    def wanted(self) -> Wanted:
        """What a valid form asks for."""
        return Wanted(**self.cleaned_data)


@dataclass(frozen=True, slots=True)
class Row:
    """A call as it is shown."""

    call: Call
    caller: str


class CallsPage(PageMixin, View):
    """The last calls, newest first; addresses for those alone who manage keys."""

    actions: ClassVar[Mapping[str, str]] = {"get": "usage:read"}

    def get(self, request: HttpRequest) -> HttpResponse:
        """The filters are the form's."""
        actor = actor_of(request)
        everything = calls(actor.tenant, Wanted())
        names = _callers(actor.tenant, everything or [], request.GET.get("caller", ""))
        form = CallsForm(request.GET, names)
        wanted = form.wanted() if form.is_valid() else Wanted()
        shown = everything if not form.errors else []
        found = [
            call for call in shown or [] if wanted.has(call) and wanted.kind in ("", call.kind)
        ]
        leafed, older = leaf(found, ROWS)
        query = request.GET.copy()
        query.pop("before", None)
        context = {
            "form": form,
            "away": everything is None,
            "rows": [Row(call, names.get(call.caller, "")) for call in leafed],
            "older": older,
            "before": wanted.before,
            "query": query.urlencode(),
            "filtered": any((wanted.kind, wanted.caller, wanted.path)) or bool(form.errors),
            "may_open": actor.may("jobs:read"),
            "may_see_addresses": actor.may("keys:manage"),
        }
        status = 503 if everything is None else 400 if form.errors else 200
        return render(request, "console/calls.html", context, status=status)


def _callers(tenant: Tenant, found: Sequence[Call], asked: str) -> dict[str, str]:
    """As ``names_of``, by name, with a word for people who have left."""
    known = names_of(tenant, found, asked=asked)
    gone = {call.caller: gettext("a former member") for call in found if not call.by_key}
    return dict(sorted(known.items(), key=lambda pair: pair[1].lower())) | {
        caller: name for caller, name in gone.items() if caller not in known
    }
