"""The operators' plans: their limits and engines, what they cost from when on, who has had which.

Here, for engines are what is priced.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts import audit, clock
from accounts.audited_admin import AuditedAdmin, ReadOnlyAdmin
from accounts.models import (
    Plan,
    PlanPrice,
    PlanTerms,
    Subscription,
    TurnaroundObjective,
    User,
)
from accounts.money import is_currency, shown
from accounts.statements import TRAINING
from extraction.engines import ENGINES
from jobs.models import Priority


def engine_choices(*, priced: bool = False) -> list[tuple[str, str]]:
    """The engines by name; of what has a price "*" for any other and seconds of training too."""
    more = [("*", "any other"), (TRAINING, "training, a second")] if priced else []
    return [*more, *((name, name) for name in ENGINES)]


def money(field: str) -> Callable[[Any], str]:
    """A column of a list that shows the row's amount in its currency, sorted by it."""

    @admin.display(description=field, ordering=field)
    def column(row: Any) -> str:
        return shown(getattr(row, field), row.currency)

    return column


def known_currency(code: str) -> str:
    """The code; raises ValidationError for one that ISO 4217 does not know."""
    if not is_currency(code):
        raise forms.ValidationError("ISO 4217 knows no such currency: EUR is one.")
    return code


class PlanForm(forms.ModelForm):
    """A plan; its engines are those that there are."""

    engines = forms.MultipleChoiceField(
        choices=engine_choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="That may be used. None chosen: all.",
    )


class ObjectiveForm(forms.ModelForm):
    """How soon documents of a priority are done."""

    priority = forms.TypedChoiceField(choices=Priority.choices, coerce=int)


class ObjectiveInline(admin.StackedInline):
    """What the plan promises of turnaround."""

    model = TurnaroundObjective
    form = ObjectiveForm
    extra = 0
    max_num = len(Priority)


@admin.register(Plan)
class PlanAdmin(AuditedAdmin):
    """Plans: their limits and what they promise here, what they cost in their terms."""

    form = PlanForm
    inlines = (ObjectiveInline,)
    list_display = ("name", "title", "pages_per_day", "pages_per_month", "calls_per_minute")
    search_fields = ("name", "title")
    readonly_fields = ("prices",)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The objectives, and what they are now into the audit log."""
        super().save_related(request, form, formsets, change)
        if any(formset.has_changed() for formset in formsets):
            audit.record(
                actor=cast(User, request.user),
                tenant=None,
                action="plan.objectives",
                obj=form.instance,
                after={
                    Priority(row.priority).label.lower(): {
                        "seconds": row.seconds,
                        "seconds_a_page": str(row.seconds_a_page),
                        "share": str(row.share),
                    }
                    for row in form.instance.turnaround_objectives.all()
                },
                address=audit.address_of(request),
            )

    @admin.display(description="terms")
    def prices(self, plan: Plan) -> SafeString | str:
        if plan.pk is None:
            return "Save the plan first."
        return format_html(
            '<a href="{}?plan__id__exact={}">its terms</a>, <a href="{}?plan={}">new terms</a>',
            reverse("admin:accounts_planterms_changelist"), plan.pk,
            reverse("admin:accounts_planterms_add"), plan.pk,
        )  # fmt: skip


class PriceForm(forms.ModelForm):
    """A price, of an engine that there is."""

    engine = forms.ChoiceField(choices=lambda: engine_choices(priced=True))

    class Meta:
        model = PlanPrice
        fields = ("engine", "price", "covered")


class PriceInline(admin.TabularInline):
    """The terms' prices."""

    model = PlanPrice
    form = PriceForm
    extra = 1

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and not is_fixed(obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_add_permission(request, obj) and not is_fixed(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and not is_fixed(obj)


def is_fixed(terms: PlanTerms | None) -> bool:
    """Whether the terms have held for a day: the database then refuses changes."""
    if terms is None or terms.pk is None:
        return False
    today = clock.today()
    return terms.start < today and terms.created_at.date() < today


class TermsForm(forms.ModelForm):
    """Terms begin today at the earliest: what was, was."""

    def clean_currency(self) -> str:
        """A code that ISO 4217 knows."""
        return known_currency(str(self.cleaned_data["currency"]))

    def clean_start(self) -> Any:
        """Not before today."""
        start = self.cleaned_data["start"]
        today = clock.today()
        if start < today and start != self.initial.get("start"):
            raise forms.ValidationError(f"The first day can be {today:%Y-%m-%d} or a later one.")
        return start


@admin.register(PlanTerms)
class PlanTermsAdmin(AuditedAdmin):
    """What plans cost from a day on. To change a price, add terms that begin on a later day."""

    form = TermsForm
    inlines = (PriceInline,)
    list_display = ("plan", "start", money("base_fee"), "included_pages", "overage_price")
    list_filter = ("plan", "currency")
    list_select_related = ("plan",)
    search_fields = ("plan__name", "plan__title")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and not is_fixed(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and not is_fixed(obj)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The prices, and what they are now into the audit log."""
        super().save_related(request, form, formsets, change)
        if any(formset.has_changed() for formset in formsets):
            audit.record(
                actor=cast(User, request.user),
                tenant=None,
                action="plan.prices",
                obj=form.instance,
                after={
                    row.engine: {"price": str(row.price), "covered": row.covered}
                    for row in form.instance.prices.all()
                },
                address=audit.address_of(request),
            )


@admin.register(PlanPrice)
class PlanPriceAdmin(ReadOnlyAdmin):
    """All prices; they are changed with their terms."""

    list_display = ("terms", "engine", "price", "covered")
    list_select_related = ("terms__plan",)
    search_fields = ("engine", "terms__plan__name")


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnlyAdmin):
    """Who had which plan since when; it follows the organisation's plan."""

    list_display = ("tenant", "plan", "start", "changed_at")
    list_filter = ("plan",)
    list_select_related = ("tenant", "plan")
    search_fields = ("tenant__name", "tenant__slug")
