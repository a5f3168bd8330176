"""A template from a sample document: its fields proposed, to be ticked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.generic import View

from accounts import limits
from accounts.refusal_words import wait_words
from accounts.tenancy import PageMixin, tenant_of
from extraction.errors import ExtractionError
from jobs import bench, template_desk, template_sample, viewer
from jobs.template_answers import part_of, refused, sample_context, shown, uploaded
from jobs.template_pages import WRITE
from jobs.template_sample import Sample
from jobs.views import ProblemPage


@method_decorator(csrf_exempt, name="dispatch")  # checked around post, as in jobs.views.NewJobPage
class ProposePage(ProblemPage, PageMixin, View):
    """A template from a sample document: its fields proposed, to be ticked."""

    actions: ClassVar[Mapping[str, str]] = {"get": WRITE, "post": WRITE}

    def get(self, request: HttpRequest) -> HttpResponse:
        """``sample`` is the document: watched until it is read, then what it holds."""
        sample = template_sample.sample_of(
            tenant_of(request), request.GET.get("sample", ""), request.GET.get("page", "")
        )
        context = {**sample_context(request, sample), "here": request.get_full_path()}
        if sample and sample.readable:
            try:
                limits.admit(request, "try")
                context |= _proposed(sample)
            except limits.RateLimited as error:
                problem = viewer.Problem(_("Too much at once"), advice=wait_words(error))
                return refused(request, problem, error.status_code)
            except ExtractionError as error:
                context["problems"] = [viewer.explain(error.failure())]
        part = "field_templates/_proposed.html"
        response = render(
            request, part if part_of(request) else "field_templates/propose.html", context
        )
        patch_vary_headers(response, ["HX-Request", "HX-Target"])
        return response

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """A document chosen or sent; or the ticked fields, and on to the editor with them."""
        try:
            return self._taken(request)
        except limits.RateLimited as error:
            problem = viewer.Problem(_("Too many documents in a short time"), wait_words(error))
            return refused(request, problem, error.status_code)

    @method_decorator(csrf_protect)
    def _taken(self, request: HttpRequest) -> HttpResponseBase:
        data, address = request.POST, reverse("template-propose-page")
        if data.get("do") == "upload":
            return redirect(f"{address}?sample={uploaded(request).pk}")
        if data.get("do") == "sample":
            chosen = template_sample.sample_of(tenant_of(request), data.get("document", ""))
            return redirect(f"{address}?sample={chosen.job.pk}" if chosen else address)
        sample = template_sample.sample_of(tenant_of(request), data.get("sample", ""))
        proposal = template_desk.read(data.get("draft", ""))
        wanted = set(data.getlist("wanted"))
        fields = tuple(field for field in proposal.fields if field.name in wanted)
        desk = template_desk.laid_out(
            replace(proposal, name="", fields=fields), base="", new=True, focus="id_about-label"
        )
        return shown(request, None, desk, sample, whole=True)


def _proposed(sample: Sample) -> dict[str, Any]:
    """The proposal for the page: each field with what it finds on the document."""
    proposal = bench.propose(sample.job, "draft")
    found = template_sample.tried(sample, proposal)
    desk = template_desk.laid_out(proposal, base="", new=True)
    rows = [(field, found.values.get(field.name, [])) for field in proposal.fields]
    return {"proposal": proposal, "draft": desk.draft, "proposed": rows, "found": found}
