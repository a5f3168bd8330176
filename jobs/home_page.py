"""The page that people come to: what happened today, what waits for them, the first steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.generic import View

from accounts.tenancy import PageMixin, actor_of
from jobs import first_steps, overview
from jobs.first_steps import CORRECT, READ, Standing
from jobs.models import Job, Status
from jobs.upload_pages import by_script, upload_context
from jobs.views import page_or_part


@dataclass(frozen=True, slots=True)
class ShownStep:
    """A step with the address at which it is done."""

    standing: Standing
    address: str


class HomePage(PageMixin, View):
    """How the organisation stands today."""

    actions: ClassVar[Mapping[str, str]] = {"get": "jobs:read"}

    def get(self, request: HttpRequest) -> HttpResponse:
        """The page, or for a script what changes by itself."""
        actor = actor_of(request)
        now = overview.overview_of(actor)
        context: dict[str, Any] = {
            "now": now,
            "here": reverse("home"),
            "may_submit": actor.may("jobs:write"),
            "may_see_billing": actor.may("billing:read"),
        }
        if not by_script(request):
            if actor.may("jobs:write"):
                context |= upload_context(actor, now.counted_month)
            context["steps"] = _shown(first_steps.steps_of(actor), now.latest)
        return page_or_part(request, "jobs/home.html", "jobs/_overview.html", context)


class StepsHidePage(PageMixin, View):
    """Having enough of the first steps."""

    actions: ClassVar[Mapping[str, str]] = {"post": "jobs:write"}

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Hide them, and back to the page."""
        first_steps.hide(actor_of(request))
        return redirect("home")


def _shown(steps: Sequence[Standing], latest: Sequence[Job]) -> list[ShownStep]:
    """The steps; fields are corrected in the newest result, where one is among the latest."""
    result = next((job for job in latest if job.status == Status.SUCCEEDED), None)
    places = {READ: "#upload", CORRECT: reverse("job-list-page")}
    if result:
        places[CORRECT] = reverse("job-page", args=[result.pk]) + "?view=fields"
    return [
        ShownStep(each, places.get(each.step.name) or reverse(each.step.url_name)) for each in steps
    ]
