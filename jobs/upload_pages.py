"""Uploading on the tenant's pages: the form, its answers to scripts, how far the uploads are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.generic import View
from django.views.generic.list import MultipleObjectMixin

from accounts import limits
from accounts.audit import address_of
from accounts.quota_counters import PAGES_PER_MONTH
from accounts.quota_standings import Standing, limit_of, standing
from accounts.refusal_words import wait_words
from accounts.tenancy import Actor, PageMixin, actor_of
from extraction.errors import ExtractionError
from extraction.types import Failure
from jobs import fetching, idempotency, samples, submit, templates, viewer
from jobs.forms import UploadForm
from jobs.models import Job
from jobs.plan_engines import offered
from jobs.uploads import Upload
from jobs.usual_options import set_by, usual_options

MOST_SHOWN = 100  # uploads whose progress is told at once
BUSY_WAIT = 30  # seconds, for Retry-After, as the API says (ocrsite/problems.py)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something was not taken, as what status; ``wait``: seconds until it may be sent again."""

    problem: viewer.Problem
    status: int
    wait: int | None = None


class UploadPage(PageMixin, View):
    """What pages that take documents share: each document is a call of the API's submitting."""

    def refuse(
        self, refusals: Iterable[Refusal], form: UploadForm | None = None
    ) -> HttpResponseBase:
        """The form again with what was wrong, or for a script the messages alone."""
        listed = list(refusals)
        waits = [each.wait for each in listed if each.wait is not None]
        return _refused(
            self.request,
            [each.problem for each in listed],
            listed[0].status,
            form=form,
            wait=waits[-1] if waits else None,
        )


@method_decorator(csrf_exempt, name="dispatch")  # checked around post: see there
class NewJobPage(UploadPage):
    """Uploading: a form for browsers without scripts, the address for those with."""

    actions: ClassVar[Mapping[str, str]] = {"get": "jobs:write", "post": "jobs:write"}

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form alone."""
        return render(request, "jobs/new.html", upload_context(actor_of(request)))

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """One job a document: on to the only one's page, or to the list of jobs.

        Each counts as a call of the API's submitting, the first before anything is read.

        The CSRF check reads the form, and with it the files: where one is too large that raises,
        which Django's middleware would answer with a bare 400. So the check is made here.
        """
        try:
            limits.admit(request, "submit")
            return self._accept(request)
        except (limits.RateLimited, ExtractionError) as error:
            return self.refuse([refusal_of(error)])

    @method_decorator(csrf_protect)
    def _accept(self, request: HttpRequest) -> HttpResponseBase:
        actor = actor_of(request)
        form = _form(actor, request.POST, request.FILES)
        if not form.is_valid():
            return _refused(request, _wrong(form), 400, form=form)
        documents = form.documents()
        jobs, refusals = [], []
        for number, document in enumerate(documents):
            try:
                if number:
                    limits.admit(request, "submit")
                jobs.append(_submit(request, form, document, alone=len(documents) == 1))
            except (limits.RateLimited, ExtractionError) as error:
                name = document if isinstance(document, str) else document.name
                refusals.append(refusal_of(error, subject=name or ""))
        if refusals:
            for job in jobs:
                messages.success(request, _("%(name)s is on its way.") % {"name": job.file.name})
            return self.refuse(refusals, form)
        address = reverse("job-page", args=[jobs[0].pk])
        if by_script(request):
            return HttpResponse(status=201, headers={"Location": address})
        return redirect(address if len(jobs) == 1 else "job-list-page")


class SamplePage(UploadPage):
    """Trying the site with a document of ours: a job as any other."""

    actions: ClassVar[Mapping[str, str]] = {"post": "jobs:write"}

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Submit the sample, and on to its job."""
        actor = actor_of(request)
        options = usual_options(actor.tenant, on_pages=True)
        try:
            limits.admit(request, "submit")
            with samples.sample() as upload:
                job = submit.submit_job(
                    actor=actor, upload=upload, options=options, address=address_of(request)
                )
        except (limits.RateLimited, ExtractionError) as error:
            return self.refuse([refusal_of(error)])
        return redirect("job-page", job.pk)


class UploadProgressPage(PageMixin, MultipleObjectMixin, View):
    """How far some jobs are, for the list of uploads that a script keeps."""

    actions: ClassVar[Mapping[str, str]] = {"get": "jobs:read"}
    queryset = Job.objects.select_related("file", "review")

    def get(self, request: HttpRequest) -> HttpResponse:
        """A row of the list for each ``job`` (an id) that there is; others are left out."""
        wanted = [pk for text in request.GET.getlist("job")[:MOST_SHOWN] if (pk := _uuid(text))]
        jobs = self.get_queryset().filter(pk__in=wanted).order_by("pk")
        rows = [(job, viewer.explain(Failure(**job.error)) if job.error else None) for job in jobs]
        may_correct = actor_of(request).may("fields:correct")
        context = {"rows": rows, "may_correct": may_correct}
        return render(request, "jobs/_upload_rows.html", context)


def upload_context(actor: Actor, month: Standing | None = None) -> dict[str, Any]:
    """What templates/jobs/_upload.html needs; ``month`` where it is known already."""
    limited = limit_of(actor.tenant, PAGES_PER_MONTH) is not None
    return {
        "month": (month or standing(actor.tenant, PAGES_PER_MONTH)) if limited else None,
        "form": _form(actor),
        "max_bytes": settings.LIMITS.max_bytes,
        "may_submit": actor.may("jobs:write"),
        "set_by_organisation": list(set_by(actor.tenant)),
    }


def refusal_of(error: limits.RateLimited | ExtractionError, subject: str = "") -> Refusal:
    """What to tell of an error; where waiting helps, for how long."""
    if isinstance(error, limits.RateLimited):
        problem = viewer.Problem(
            title=_("Too many documents in a short time"),
            advice=wait_words(error),
            subject=subject,
        )
        return Refusal(problem, error.status_code, error.wait)
    wait = getattr(error, "wait", None)
    if wait is None and not error.permanent:
        wait = BUSY_WAIT if error.status == 503 else 1
    return Refusal(viewer.explain(error.failure(), subject=subject), error.status, wait)


def by_script(request: HttpRequest) -> bool:
    """Whether a script asks for a part of a page."""
    return request.headers.get("HX-Request") == "true" and "HX-Boosted" not in request.headers


def _form(actor: Actor, *data: Any) -> UploadForm:
    """The form with what the actor's organisation may choose."""
    return UploadForm(
        *data,
        usual=usual_options(actor.tenant, on_pages=True),
        own_templates=templates.names(actor.tenant),
        engines=offered(actor.tenant),
    )


def _submit(request: HttpRequest, form: UploadForm, document: Upload | str, alone: bool) -> Job:
    """A job for an uploaded file, or for what is at an address.

    ``alone`` in its request, it may be sent again under the same Idempotency-Key, as scripts do
    where no answer came.
    """
    actor = actor_of(request)
    options, priority = form.options(), form.chosen_priority()
    hours = form.cleaned_data["retention_hours"]
    with fetching.fetch(document) if isinstance(document, str) else document as upload:

        def content() -> list[Any]:
            what = document if isinstance(document, str) else [upload.sha256, upload.name]
            return [what, options.by_name(), priority, hours]

        once = (
            idempotency.asked(request, tenant=actor.tenant, route="jobs/new", content=content)
            if alone
            else None
        )
        job, _status = idempotency.run_once(
            once,
            make=partial(
                submit.submit_job,
                actor=actor,
                upload=upload,
                options=options,
                priority=priority,
                retention_hours=hours,
                once=once,
                address=address_of(request),
            ),
            find=lambda pk: Job.objects.for_tenant(actor.tenant).filter(pk=pk).first(),
        )
    return job


def _wrong(form: UploadForm) -> list[viewer.Problem]:
    """What is wrong with the form's fields, each by its label."""
    return [
        viewer.Problem(title=f"{form.fields[name].label or name.title()}: {text}")
        for name, errors in form.errors.items()
        for text in errors
    ]


def _refused(
    request: HttpRequest,
    problems: Sequence[viewer.Problem],
    status: int,
    *,
    form: UploadForm | None = None,
    wait: int | None = None,
) -> HttpResponse:
    """The upload form with the problems, or for a script the messages alone."""
    scripted = by_script(request)
    context = {
        **({} if scripted else upload_context(actor_of(request))),
        **({"form": form} if form else {}),
        "problems": problems,
        "alone": scripted,  # the script shows the answer beneath the file's name
    }
    template = "jobs/_problems.html" if scripted else "jobs/new.html"
    response = render(request, template, context, status=status)
    if wait is not None:
        response["Retry-After"] = str(wait)
    return response


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
