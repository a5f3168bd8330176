"""Lists of the operators' admin over tables with millions of rows.

Nobody counts them, no filter looks through them for its choices, and what is sought is what an
index finds: an id, an organisation, or within an organisation a part of a name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.audited_admin import ReadOnlyAdmin
from accounts.identifiers import first_since
from accounts.models import Tenant

DAYS = (("1", "the last 24 hours"), ("7", "7 days"), ("30", "30 days"), ("90", "90 days"))


class LargeListAdmin(ReadOnlyAdmin):
    """A list that is looked into, not through.

    ``ids`` are the columns with ids that the search knows, ``tenant`` the one with the
    organisation's, ``names`` those with names, looked into within an organisation alone.
    """

    ids: ClassVar[Sequence[str]] = ("pk",)
    tenant: ClassVar[str] = "tenant"
    names: ClassVar[Sequence[str]] = ()
    show_facets = admin.ShowFacets.NEVER  # they count, filter by filter
    search_fields = ("pk",)  # for the box to be there
    search_help_text = "An id, or an organisation's name or short name."
    list_max_show_all = 0  # the pages of a list, never all of it
    ordering = ("-pk",)  # the newest first; in another order the whole table would be sorted
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer(*(self.exclude or ()))  # what nobody is shown

    @admin.display(description="job")
    def of_job(self, row: Any) -> SafeString | str:
        """Its id, which leads there."""
        if row.job_id is None:
            return "-"
        return format_html(
            '<a href="{}">{}</a>', reverse("admin:jobs_job_change", args=[row.job_id]), row.job_id
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return self.found(queryset, search_term.strip()), False

    def found(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        """The rows that the text finds."""
        if not text or "\0" in text:
            return rows if not text else rows.none()
        if (known := _id(text)) is not None:
            wanted = Q()
            for column in self.ids:
                wanted |= Q(**{column: known})
            if self.tenant and Tenant.objects.filter(pk=known).exists():
                wanted = Q(**{self.tenant: known})
            return rows.filter(wanted)
        whose, comma, name = (part.strip() for part in text.partition(","))
        if not self.tenant:
            return rows.none()
        tenants = list(
            Tenant.objects.filter(Q(slug=whose) | Q(name__iexact=whose)).values_list(
                "pk", flat=True
            )
        )
        theirs = rows.filter(**{f"{self.tenant}__in": tenants})
        if not comma:
            return theirs
        wanted = Q()
        for column in self.names:
            wanted |= Q(**{f"{column}__icontains": name})
        return theirs.filter(wanted) if self.names else theirs


def one_of(
    column: str, choices: Iterable[tuple[str, str]], title: str = ""
) -> type[admin.SimpleListFilter]:
    """A filter by a column whose values are known beforehand."""
    known = list(choices)
    named = title or column.replace("_", " ")

    class OneOf(admin.SimpleListFilter):
        parameter_name = column

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            return known

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            chosen = self.value()
            return queryset.filter(**{column: chosen}) if chosen is not None else queryset

    OneOf.title = named
    return OneOf


class MadeLately(admin.SimpleListFilter):
    """By when a row was made, which its id tells: a range of the primary key."""

    title = "when it was made"
    parameter_name = "days"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Sequence[tuple[str, str]]:
        return DAYS

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value()
        if chosen not in dict(DAYS):
            return queryset
        begin = timezone.now() - timedelta(days=int(chosen or 0))
        return queryset.filter(pk__gte=first_since(begin))


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
