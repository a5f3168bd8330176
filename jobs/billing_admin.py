"""The operators' invoices, credits, closings and sums of the ledger; plans: `jobs.plan_admin`."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts import audit
from accounts.admin_lists import LargeListAdmin, one_of
from accounts.audited_admin import AuditedAdmin, ReadOnlyAdmin
from accounts.billing_details import WrongTaxNumber, checked_tax_number
from accounts.invoices import (
    BillingError,
    credit_note,
    grant_credit,
    left_of,
    payment_changed,
    refuse_amount,
)
from accounts.models import (
    BillingDetails,
    Budget,
    ClosedUsage,
    Closing,
    Credit,
    CreditUse,
    Invoice,
    NumberSeries,
    UsageSum,
    User,
)
from accounts.money import shown
from extraction.engines import ENGINES
from jobs.models import JobSum
from jobs.plan_admin import known_currency, money

ENGINE_CHOICES = [(name, name) for name in ENGINES]


class BillingDetailsForm(forms.ModelForm):
    """Who pays, with a tax number that the country gives."""

    def clean(self) -> dict[str, Any]:
        """As owners' own form."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        country, number = cleaned.get("country"), cleaned.get("tax_id")
        if country and number:
            try:
                cleaned["tax_id"] = checked_tax_number(country, number)
            except WrongTaxNumber as error:
                self.add_error("tax_id", f"{error} Correct it, or leave it empty.")
        return cleaned


@admin.register(BillingDetails)
class BillingDetailsAdmin(AuditedAdmin):
    """Who pays; an own tax rate is set here alone."""

    form = BillingDetailsForm
    list_display = ("name", "tenant", "country", "tax_id", "tax_rate")
    list_select_related = ("tenant",)
    search_fields = ("name", "tenant__name", "tenant__slug")
    autocomplete_fields = ("tenant",)


@admin.register(Budget)
class BudgetAdmin(ReadOnlyAdmin):
    """What organisations want to spend at most; their owners say so."""

    list_display = ("tenant", money("amount"), "hard_stop")
    list_select_related = ("tenant",)
    search_fields = ("tenant__name", "tenant__slug")


class CreditNoteForm(forms.Form):
    """How much of an invoice is taken back, and why."""

    net = forms.DecimalField(
        label="Amount without tax", required=False, min_value=Decimal("0.0001"), decimal_places=4,
        max_digits=14, help_text="Empty: all that is left.",
    )  # fmt: skip
    reason = forms.CharField(max_length=150)


@admin.register(Invoice)
class InvoiceAdmin(ReadOnlyAdmin):
    """Invoices and credit notes, which nobody changes."""

    list_display = (
        "number", "tenant", "kind", "month", money("total"), "status", "payment", "due_on",
    )  # fmt: skip
    list_filter = ("kind", "status", "payment")
    date_hierarchy = "month"
    list_select_related = ("tenant",)
    search_fields = ("number", "tenant__name", "tenant__slug")
    search_help_text = "An invoice's number, an organisation."
    actions = ("mark_paid",)
    readonly_fields = ("take_back",)

    def get_urls(self) -> list[URLPattern]:
        """And the page that takes an invoice back."""
        view = self.admin_site.admin_view(self.credit_view)
        return [
            path("<uuid:pk>/credit", view, name="accounts_invoice_credit"),
            *super().get_urls(),
        ]

    def has_bill_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.change_invoice")

    @admin.display(description="credit note")
    def take_back(self, invoice: Invoice) -> SafeString | str:
        if invoice.kind != Invoice.Kind.INVOICE or invoice.status != Invoice.Status.ISSUED:
            return "-"
        url = reverse("admin:accounts_invoice_credit", args=[invoice.pk])
        return format_html('<a href="{}">Issue a credit note</a>', url)

    @admin.action(description="Note selected invoices as paid", permissions=["bill"])
    def mark_paid(self, request: HttpRequest, queryset: Any) -> None:
        """For payments that came to the bank."""
        changed = sum(
            payment_changed(
                invoice,
                Invoice.Payment.PAID,
                actor=cast(User, request.user),
                address=audit.address_of(request),
            )
            for invoice in queryset.filter(kind=Invoice.Kind.INVOICE)
        )
        self.message_user(request, f"{changed} invoices noted as paid.", messages.SUCCESS)

    def credit_view(self, request: HttpRequest, pk: Any) -> HttpResponseBase:
        """Asks how much and why, then issues the credit note."""
        if not self.has_bill_permission(request):
            return HttpResponse("You may not issue credit notes.", status=403)
        invoice = get_object_or_404(Invoice.objects.select_related("tenant"), pk=pk)
        form = CreditNoteForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                note = credit_note(
                    invoice,
                    net=form.cleaned_data["net"],
                    reason=form.cleaned_data["reason"],
                    actor=cast(User, request.user),
                    address=audit.address_of(request),
                )
            except BillingError as error:
                form.add_error("net", str(error))
            else:
                self.message_user(request, f"{note.number} was issued.", messages.SUCCESS)
                return redirect("admin:accounts_invoice_change", note.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": "Credit note",
            "invoice": invoice,
            "left": shown(left_of(invoice)[0], invoice.currency),
            "form": form,
        }
        return render(request, "admin/credit_invoice.html", context)


class CreditForm(forms.ModelForm):
    """An amount in a currency that there is."""

    def clean_currency(self) -> str:
        """A code that ISO 4217 knows."""
        return known_currency(str(self.cleaned_data["currency"]))

    def clean(self) -> dict[str, Any]:
        """An amount that the currency has coins for."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        amount, currency = cleaned.get("amount"), cleaned.get("currency")
        if amount is not None and currency:
            try:
                refuse_amount(amount, currency)
            except BillingError as error:
                self.add_error("amount", str(error))
        return cleaned


@admin.register(Credit)
class CreditAdmin(ReadOnlyAdmin):
    """Amounts off coming invoices: added here, never changed."""

    form = CreditForm
    list_display = ("tenant", money("amount"), "reason", "created_by", "created_at")
    list_select_related = ("tenant", "created_by")
    search_fields = ("reason", "tenant__name", "tenant__slug")
    autocomplete_fields = ("tenant",)
    fields = ("tenant", "amount", "currency", "reason")

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return request.user.has_perm("accounts.add_credit")

    def save_model(self, request: HttpRequest, obj: Credit, form: Any, change: bool) -> None:
        """Through the one function that grants credits."""
        made = grant_credit(
            obj.tenant,
            amount=obj.amount,
            currency=obj.currency,
            reason=obj.reason,
            actor=cast(User, request.user),
            address=audit.address_of(request),
        )
        obj.pk = made.pk


@admin.register(Closing)
class ClosingAdmin(ReadOnlyAdmin):
    """Months that have been billed."""

    list_display = ("tenant", "month", "rows", "closed_at")
    date_hierarchy = "month"
    list_select_related = ("tenant",)
    search_fields = ("tenant__name", "tenant__slug")


@admin.register(ClosedUsage)
class ClosedUsageAdmin(LargeListAdmin):
    """Which closing billed which row of the ledger."""

    list_display = ("usage", "closing", "tenant")
    list_select_related = ("usage", "closing__tenant", "tenant")
    ids = ("usage__job_id",)
    search_help_text = "A job's id, or an organisation's name or short name."


@admin.register(CreditUse)
class CreditUseAdmin(ReadOnlyAdmin):
    """What invoices have used of credits."""

    list_display = ("credit", "invoice", "amount")
    list_select_related = ("credit__tenant", "invoice")
    search_fields = ("invoice__number", "tenant__name")


@admin.register(NumberSeries)
class NumberSeriesAdmin(ReadOnlyAdmin):
    """The last number of each series."""

    list_display = ("series", "year", "last", "removed")
    search_fields = ("series",)


@admin.register(JobSum)
class JobSumAdmin(LargeListAdmin):
    """What ended jobs add up to, as rows; organisations see them on their analytics page."""

    list_display = ("day", "tenant", "engine", "template", "took", "ends", "pages", "reviews")
    list_filter = (one_of("engine", ENGINE_CHOICES),)
    list_select_related = ("tenant",)
    ids = ("tenant",)
    names = ("template",)
    search_help_text = (
        "An organisation's name or short name; after that and a comma a part of a template's: "
        "acme, invoice"
    )


@admin.register(UsageSum)
class UsageSumAdmin(LargeListAdmin):
    """The sums of the ledger, as rows; the views are on the start page."""

    list_display = ("day", "tenant", "engine", "pages", money("cost"), "cached", "failed")
    list_filter = (one_of("engine", ENGINE_CHOICES), "day")
    list_select_related = ("tenant",)
    ids = ("tenant",)
    search_help_text = "An organisation's name or short name."

    def get_urls(self) -> list[URLPattern]:
        """And the two views over them."""
        from jobs.usage_views import billing_view, usage_view

        return [
            path("usage/", self.admin_site.admin_view(usage_view), name="usage-view"),
            path("billing/", self.admin_site.admin_view(billing_view), name="billing-view"),
            *super().get_urls(),
        ]
