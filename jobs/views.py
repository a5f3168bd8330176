"""What pages of jobs share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.generic import View
from django.views.generic.detail import SingleObjectMixin

from accounts.tenancy import PageMixin
from extraction.errors import ExtractionError
from jobs import viewer
from jobs.models import Job
from jobs.upload_pages import by_script


class ProblemPage:
    """Shows an expected failure as a page that says what to do, with the failure's status."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        except ExtractionError as error:
            problem = viewer.explain(error.failure())
            return render(request, "jobs/problem.html", {"problem": problem}, status=error.status)


class OneJob(ProblemPage, PageMixin, SingleObjectMixin, View):
    """What the pages of one job share: the tenant's job of that id."""

    actions: ClassVar[Mapping[str, str]] = {"get": "jobs:read"}
    queryset = Job.objects.select_related("file", "tenant", "created_by", "api_key")


def page_or_part(
    request: HttpRequest, whole: str, part: str, context: dict[str, Any]
) -> HttpResponse:
    """The whole page; to scripts the part of it that changes by itself.

    ``watched`` is then true: what showed the progress stays in its place when the work is over.
    """
    watched = by_script(request)
    response = render(request, part if watched else whole, {**context, "watched": watched})
    patch_vary_headers(response, ["HX-Request", "HX-Boosted"])
    return response


def uuid_of(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise BadRequest("There is no such place in the list.") from error
