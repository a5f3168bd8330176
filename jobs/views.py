"""The tenant's pages: the upload, and what pages of jobs share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.generic import View
from django.views.generic.detail import SingleObjectMixin

from accounts import limits
from accounts.audit import address_of
from accounts.quota_counters import PAGES_PER_MONTH
from accounts.quota_standings import limit_of, standing
from accounts.tenancy import Actor, PageMixin, actor_of
from extraction.errors import ExtractionError
from jobs import (
    submit,
    templates,
    viewer,
)
from jobs.forms import UploadForm
from jobs.models import Job
from jobs.plan_engines import default_engine, offered


class ProblemPage:
    """Shows an expected failure as a page that says what to do, with the failure's status."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        except ExtractionError as error:
            problem = viewer.explain(error.failure())
            return render(request, "jobs/problem.html", {"problem": problem}, status=error.status)


@method_decorator(csrf_exempt, name="dispatch")  # checked around post: see there
class NewJobPage(PageMixin, View):
    """Uploading: a form for browsers without scripts, the address for those with."""

    actions: ClassVar[Mapping[str, str]] = {"get": "jobs:write", "post": "jobs:write"}

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form alone."""
        return render(request, "jobs/new.html", upload_context(actor_of(request)))

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """One job a file: on to the only one's page, or to the list of jobs.

        Each counts as a call of the API's submitting, the first before anything is read.

        The CSRF check reads the form, and with it the files: where one is too large that raises,
        which Django's middleware would answer with a bare 400. So the check is made here.
        """
        try:
            limits.admit(request, "submit")
            return self._accept(request)
        except limits.RateLimited as error:
            return _refuse(request, None, [too_many(error)], error.status_code, error.wait)
        except ExtractionError as error:
            return _refuse(request, None, [viewer.explain(error.failure())], error.status)

    @method_decorator(csrf_protect)
    def _accept(self, request: HttpRequest) -> HttpResponseBase:
        actor = actor_of(request)
        own = templates.names(actor.tenant)
        form = UploadForm(
            request.POST, request.FILES, own_templates=own, engines=offered(actor.tenant)
        )
        if not form.is_valid():
            problems = [
                viewer.Problem(title=f"{form.fields[name].label or name.title()}: {text}")
                for name, errors in form.errors.items()
                for text in errors
            ]
            return _refuse(request, form, problems, 400)
        jobs, problems, status, wait = [], [], 0, None
        for number, upload in enumerate(form.cleaned_data["file"]):
            try:
                if number:
                    limits.admit(request, "submit")
                job = submit.submit_job(
                    actor=actor,
                    upload=upload,
                    options=form.options(default_engine(actor.tenant)),
                    retention_hours=form.cleaned_data["retention_hours"],
                    address=address_of(request),
                )
                jobs.append(job)
            except limits.RateLimited as error:
                problems.append(too_many(error, subject=upload.name or ""))
                status, wait = status or error.status_code, error.wait
            except ExtractionError as error:
                problems.append(viewer.explain(error.failure(), subject=upload.name or ""))
                status = status or error.status
        if problems:
            for job in jobs:
                messages.success(request, f"{job.file.name} is on its way.")
            return _refuse(request, form, problems, status, wait)
        address = reverse("job-page", args=[jobs[0].pk])
        if scripted(request):
            return HttpResponse(status=201, headers={"Location": address})
        return redirect(address if len(jobs) == 1 else "job-list-page")


class OneJob(ProblemPage, PageMixin, SingleObjectMixin, View):
    """What the pages of one job share: the tenant's job of that id."""

    actions: ClassVar[Mapping[str, str]] = {"get": "jobs:read"}
    queryset = Job.objects.select_related("file", "tenant", "created_by", "api_key")


def upload_context(actor: Actor) -> dict[str, Any]:
    form = UploadForm(
        initial={"engine": default_engine(actor.tenant)},
        own_templates=templates.names(actor.tenant),
        engines=offered(actor.tenant),
    )
    limited = limit_of(actor.tenant, PAGES_PER_MONTH) is not None
    return {
        "month": standing(actor.tenant, PAGES_PER_MONTH) if limited else None,
        "form": form,
        "max_bytes": settings.LIMITS.max_bytes,
        "may_submit": actor.may("jobs:write"),
    }


def too_many(error: limits.RateLimited, subject: str = "") -> viewer.Problem:
    """The refusal of a caller who sends too much at once."""
    return viewer.Problem(
        title="Too many documents in a short time",
        detail=str(error.detail),
        advice="Wait and send it again.",
        subject=subject,
    )


def _refuse(
    request: HttpRequest,
    form: UploadForm | None,
    problems: Sequence[viewer.Problem],
    status: int,
    wait: int | None = None,
) -> HttpResponse:
    """What was wrong with an upload: the form again, or the messages alone for a script.

    ``wait``: seconds until it may be sent again, where that is the whole trouble.
    """
    by_script = scripted(request)
    context = {
        **upload_context(actor_of(request)),
        **({"form": form} if form else {}),
        "problems": problems,
        "alone": by_script,  # the script shows the answer beneath the file's name
    }
    template = "jobs/_problems.html" if by_script else "jobs/new.html"
    response = render(request, template, context, status=status)
    if wait is not None:
        response["Retry-After"] = str(wait)
    return response


def scripted(request: HttpRequest) -> bool:
    """Whether a script asks for a part of a page."""
    return request.headers.get("HX-Request") == "true" and "HX-Boosted" not in request.headers


def page_or_part(
    request: HttpRequest, whole: str, part: str, context: dict[str, Any]
) -> HttpResponse:
    response = render(request, part if scripted(request) else whole, context)
    patch_vary_headers(response, ["HX-Request", "HX-Boosted"])
    return response


def uuid_of(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise BadRequest("There is no such place in the list.") from error
