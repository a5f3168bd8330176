"""The organisation's pages about billing: this month, budget, who pays, invoices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views import View

from accounts import audit, billing, budgets
from accounts.billing_details import Details, WrongTaxNumber, change_details, details_of
from accounts.invoice_words import line_text, quantity_text
from accounts.models import Invoice
from accounts.money import shown
from accounts.organisation_views import OrganisationPageMixin
from accounts.refusal_words import refusal_words
from accounts.statements import Line, from_json
from accounts.tenancy import actor_of, tenant_of
from jobs.billing_api import csv_answer, pdf_answer

SHOWN = 36  # invoices; the API has all


class BudgetForm(forms.Form):
    """What pages may cost a month."""

    amount = forms.DecimalField(
        label=_("Budget a month"),
        required=False,
        min_value=0,
        max_digits=12,
        decimal_places=2,
        help_text=_("For pages beyond the included ones, without base fee and tax. Empty: none."),
    )
    hard_stop = forms.BooleanField(
        label=_("Refuse documents that might cost more"),
        required=False,
        help_text=_("Else owners are only told, at 50, 80 and 100 %."),
    )


class DetailsForm(forms.Form):
    """Who pays."""

    name = forms.CharField(label=_("Name or company"), max_length=200)
    address = forms.CharField(
        label=_("Address"), max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )
    country = forms.RegexField(
        r"^[A-Za-z]{2}\Z",
        label=_("Country"),
        help_text=_("Two letters: DE, FR, PL."),
        error_messages={"invalid": _("Give the country by its two letters, for example DE.")},
    )
    tax_id = forms.CharField(label=_("VAT or tax number"), max_length=50, required=False)
    email = forms.EmailField(
        label=_("E-mail address for invoices"), required=False, help_text=_("Empty: all owners.")
    )
    reference = forms.CharField(
        label=_("Your reference"),
        max_length=100,
        required=False,
        help_text=_("Printed on invoices."),
    )

    def clean_country(self) -> str:
        """In capital letters."""
        return str(self.cleaned_data["country"]).upper()


class BillingPage(OrganisationPageMixin, View):
    """The month so far, the budget and the invoices."""

    actions: ClassVar[Mapping[str, str]] = {"get": "billing:read"}

    def get(self, request: HttpRequest) -> HttpResponse:
        """All that there is to see."""
        actor = actor_of(request)
        now = billing.current(actor.tenant)
        invoices = Invoice.objects.for_tenant(actor.tenant)[:SHOWN]
        context = {
            "now": now,
            "statements": [
                {"lines": _lines(each.lines, each.currency), "net": shown(each.net, each.currency),
                 "tax": shown(each.tax, each.currency), "total": shown(each.total, each.currency),
                 "tax_label": each.tax_label or gettext("Tax"), "tax_rate": each.tax_rate,
                 "currency": each.currency}
                for each in now.statements
            ],
            "foreseen": shown(now.foreseen, now.statements[0].currency)
            if now.foreseen is not None else "",
            "invoices": [(each, shown(each.total, each.currency)) for each in invoices],
            "details": details_of(actor.tenant),
            "may_manage": actor.may("billing:manage"),
        }  # fmt: skip
        return self.shown(request, "accounts/billing.html", context)


class BudgetPage(OrganisationPageMixin, View):
    """Setting the budget."""

    actions: ClassVar[Mapping[str, str]] = {"get": "billing:manage", "post": "billing:manage"}

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form, filled."""
        standing = budgets.standing(tenant_of(request))
        initial = {"amount": standing.amount, "hard_stop": standing.hard_stop} if standing else {}
        return self._form(request, BudgetForm(initial=initial))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Change it, and back to the page."""
        form = BudgetForm(request.POST)
        if form.is_valid():
            try:
                changed = budgets.set_budget(
                    actor_of(request), **form.cleaned_data, address=audit.address_of(request)
                )
            except ValueError as error:
                why = gettext("There is nothing that a budget could limit.")
                form.add_error("amount", f"{refusal_words(str(error))} {why}")
            else:
                if changed:
                    messages.success(request, _("The budget was saved."))
                return redirect("billing-page")
        return self._form(request, form, status=400)

    def _form(self, request: HttpRequest, form: BudgetForm, status: int = 200) -> HttpResponse:
        currency = budgets.currency_of(tenant_of(request))
        context = {"form": form, "currency": currency, "title": gettext("Budget")}
        return self.shown(request, "accounts/billing_form.html", context, status)


class DetailsPage(OrganisationPageMixin, View):
    """Saying who pays."""

    actions: ClassVar[Mapping[str, str]] = {"get": "billing:manage", "post": "billing:manage"}

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form, filled."""
        tenant = tenant_of(request)
        details = details_of(tenant)
        initial = asdict(details) if details else {"name": tenant.name}
        return self._form(request, DetailsForm(initial=initial))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Change them, and back to the page."""
        form = DetailsForm(request.POST)
        if form.is_valid():
            wanted = Details(**form.cleaned_data)
            try:
                changed = change_details(
                    actor_of(request), wanted, address=audit.address_of(request)
                )
            except WrongTaxNumber as error:
                then = gettext("Correct it, or leave it empty.")
                form.add_error("tax_id", f"{refusal_words(str(error))} {then}")
            else:
                if changed:
                    messages.success(request, _("The billing details were saved."))
                return redirect("billing-page")
        return self._form(request, form, status=400)

    def _form(self, request: HttpRequest, form: DetailsForm, status: int = 200) -> HttpResponse:
        context = {"form": form, "title": gettext("Billing details")}
        return self.shown(request, "accounts/billing_form.html", context, status)


class InvoicePage(OrganisationPageMixin, View):
    """An invoice or a credit note."""

    actions: ClassVar[Mapping[str, str]] = {"get": "billing:read"}

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """As it was issued."""
        invoice = _invoice(request, pk)
        currency = invoice.currency
        context = {
            "invoice": invoice,
            "lines": _lines(from_json(invoice.lines), currency),
            "net": shown(invoice.net, currency),
            "tax": shown(invoice.tax, currency),
            "total": shown(invoice.total, currency),
            "notes": Invoice.objects.for_tenant(invoice.tenant).filter(corrects=invoice),
        }
        return self.shown(request, "accounts/invoice.html", context)


class InvoicePdfPage(OrganisationPageMixin, View):
    """Its PDF."""

    actions: ClassVar[Mapping[str, str]] = {"get": "billing:read"}

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """A download."""
        return pdf_answer(_invoice(request, pk))


class InvoiceCsvPage(OrganisationPageMixin, View):
    """Its table."""

    actions: ClassVar[Mapping[str, str]] = {"get": "billing:read"}

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """A download."""
        return csv_answer(_invoice(request, pk))


def _invoice(request: HttpRequest, pk: UUID) -> Invoice:
    rows = Invoice.objects.for_tenant(tenant_of(request)).select_related("corrects", "tenant")
    return get_object_or_404(rows, pk=pk)


def _lines(lines: Any, currency: str) -> list[dict[str, Any]]:
    """Lines as texts."""

    def as_texts(line: Line) -> dict[str, Any]:
        return {
            "text": line_text(line),
            "quantity": quantity_text(line),
            "included": line.included,
            "unit_price": shown(line.unit_price, ""),
            "amount": shown(line.amount, currency),
        }

    return [as_texts(line) for line in lines]
