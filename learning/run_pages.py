"""The pages of one training run, and going back to what an own engine read with before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext
from django.views.generic import View
from django.views.generic.detail import SingleObjectMixin

from accounts.audit import address_of
from accounts.tenancy import PageMixin, actor_of
from extraction.errors import ExtractionError
from extraction.types import Failure
from jobs import own_engines, viewer
from jobs.models import TenantEngine
from jobs.views import ProblemPage, page_or_part
from learning import promotion, runs
from learning.curve import curve
from learning.models import TrainingRun
from learning.views import READ, WRITE, back


class OneRun(ProblemPage, PageMixin, SingleObjectMixin, View):
    """What the pages of one run share."""

    actions: ClassVar[Mapping[str, str]] = {"post": WRITE}
    queryset = TrainingRun.objects.select_related("tenant", "dataset", "adapter")


class RunPage(OneRun):
    """A run: its curve while it goes, then how it reads beside its base."""

    actions: ClassVar[Mapping[str, str]] = {"get": READ}

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Asked for again every two seconds until it has ended."""
        run, actor = self.get_object(), actor_of(request)
        held = TenantEngine.objects.for_tenant(actor.tenant).filter(base=run.base)
        context = {
            "run": run,
            "curve": curve([(step, loss) for step, loss in run.losses], run.steps),
            "loss": run.losses[-1][1] if run.losses else None,
            "problem": viewer.explain(Failure(**run.error)) if run.error else None,
            "warning": promotion.warning_of(run),
            "engines": held,
            "reads_with": [row for row in held if run.adapter_id and row.active == run.adapter],
            "may_write": actor.may(WRITE),
            "here": request.path,
        }
        return page_or_part(request, "learning/run.html", "learning/_run.html", context)


class RunCancelPage(OneRun):
    """Cancelling a run."""

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """Ask for its end, and back to it."""
        try:
            runs.cancel(run=self.get_object(), actor=actor_of(request), address=address_of(request))
        except ExtractionError as error:
            return back(request, error, "training-page", pk)
        return redirect("training-page", pk)


class RunDeletePage(OneRun):
    """Deleting a run with what it has learned."""

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """Delete, and back to the list."""
        try:
            runs.delete(run=self.get_object(), actor=actor_of(request), address=address_of(request))
        except ExtractionError as error:
            return back(request, error, "training-page", pk)
        messages.success(request, gettext("The training run was deleted."))
        return redirect("fine-tuning-page")


class RunPromotePage(OneRun):
    """Putting to use what was learned."""

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """Promote, and back to the list, where the engine stands."""
        try:
            done = promotion.promote(
                run=self.get_object(),
                name=request.POST.get("engine", "").strip()[:200],
                actor=actor_of(request),
                address=address_of(request),
            )
        except ExtractionError as error:
            return back(request, error, "training-page", pk)
        told = gettext("%(engine)s reads with this training from now on.")
        messages.success(request, told % {"engine": done.engine})
        if done.warning:
            messages.warning(request, done.warning)
        return redirect("fine-tuning-page")


class OwnEngineRollBackPage(PageMixin, SingleObjectMixin, View):
    """Going back to what an engine read with before."""

    actions: ClassVar[Mapping[str, str]] = {"post": WRITE}
    queryset = TenantEngine.objects.select_related("tenant")

    def post(self, request: HttpRequest, name: str) -> HttpResponseBase:
        """Roll back, and back to the list."""
        row = get_object_or_404(self.get_queryset(), name=name)
        try:
            own_engines.roll_back(row=row, actor=actor_of(request), address=address_of(request))
        except ExtractionError as error:
            return back(request, error, "fine-tuning-page")
        told = gettext("%(engine)s reads as before the last promotion.")
        messages.success(request, told % {"engine": row})
        return redirect("fine-tuning-page")
