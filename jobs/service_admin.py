"""The operators' service levels: who is let down at present, and the sums that tell it."""

from __future__ import annotations

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path

from accounts import clock
from accounts.admin_lists import LargeListAdmin
from accounts.audited_admin import ReadOnlyAdmin
from accounts.models import CallSum, Plan, TurnaroundObjective
from accounts.statements import month_of
from jobs import service_levels, service_standings
from jobs.models import ServiceSum, SiteAnswer


def service_levels_view(request: HttpRequest) -> HttpResponse:
    """Organisations whose error budget is used up or goes fast, what plans promise, the site."""
    if not request.user.has_perm("jobs.view_servicesum"):
        raise PermissionDenied
    today = clock.today()
    context = {
        "title": "Service levels",
        "month": month_of(today),
        "standings": service_standings.standings(today),
        "fast": service_standings.FAST,
        "site": service_levels.site(month_of(today)),
        "plans": Plan.objects.prefetch_related("turnaround_objectives"),
    }
    page = {**admin.site.each_context(request), **context}
    return render(request, "admin/service_levels.html", page)


@admin.register(ServiceSum)
class ServiceSumAdmin(LargeListAdmin):
    """Ended jobs by plan and priority, as rows, and how many of them were late."""

    list_display = ("day", "tenant", "plan", "priority", "took", "jobs", "missed", "allowed")
    list_select_related = ("tenant",)
    ids = ("tenant",)
    search_help_text = "An organisation's name or short name."

    def get_urls(self) -> list[URLPattern]:
        """And the view over them."""
        view = self.admin_site.admin_view(service_levels_view)
        return [path("now/", view, name="service-levels-view"), *super().get_urls()]


@admin.register(CallSum)
class CallSumAdmin(LargeListAdmin):
    """Calls of the API by day and plan, as rows, and how many of them failed."""

    list_display = ("day", "tenant", "plan", "calls", "failed", "missed", "allowed")
    list_select_related = ("tenant",)
    ids = ("tenant",)
    search_help_text = "An organisation's name or short name."


@admin.register(SiteAnswer)
class SiteAnswerAdmin(ReadOnlyAdmin):
    """Whether the site answered the sweeper, minute by minute."""

    list_display = ("minute", "answered")
    list_filter = ("answered",)


@admin.register(TurnaroundObjective)
class TurnaroundObjectiveAdmin(ReadOnlyAdmin):
    """How soon each plan's documents are meant to be done; changed with their plan."""

    list_display = ("plan", "priority", "seconds", "seconds_a_page", "share")
    list_select_related = ("plan",)
