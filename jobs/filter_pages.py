"""Keeping a filter of the list of jobs, and deleting it again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.generic import View

from accounts.audit import address_of
from accounts.tenancy import PageMixin, actor_of
from jobs import saved_filters
from jobs.list_page import address_of_list, filters_in, wanted_by
from jobs.views import ProblemPage


class FilterSavePage(ProblemPage, PageMixin, View):
    """Saving what the list is narrowed by, under a name."""

    actions: ClassVar[Mapping[str, str]] = {"post": "jobs:read"}

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """``query`` is the address's; ``shared`` shows it to all of the organisation."""
        actor = actor_of(request)
        name = " ".join(request.POST.get("name", "").replace("\x00", "").split())[:80]
        query = filters_in(QueryDict(request.POST.get("query", "")[:4000]))
        wanted_by(query)
        told = query.urlencode()
        if not name or not told or len(told) > 1000:
            raise BadRequest(_("A filter needs a name, and something that it filters by."))
        shared = bool(request.POST.get("shared"))
        if shared and not actor.may("jobs:write"):
            raise PermissionDenied(_("Your role does not allow this."))
        saved_filters.save(
            actor=actor, name=name, query=told, shared=shared, address=address_of(request)
        )
        messages.success(request, _("The filter “%(name)s” was saved.") % {"name": name})
        return redirect(address_of_list(query))


class FilterDeletePage(PageMixin, View):
    """Deleting a saved filter."""

    actions: ClassVar[Mapping[str, str]] = {"post": "jobs:read"}

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """One's own, or one that is shared, if one may; any other is missing."""
        actor = actor_of(request)
        row = get_object_or_404(saved_filters.deletable_by(actor), pk=pk)
        saved_filters.delete(row, actor=actor, address=address_of(request))
        messages.success(request, _("The filter “%(name)s” was deleted.") % {"name": row.name})
        return redirect("job-list-page")
