"""What people do with a job on its page: cancel it, try it again, delete it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar
from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts import limits
from accounts.audit import address_of
from accounts.tenancy import actor_of
from extraction.errors import ExtractionError, InvalidOption, WrongCheckSum
from jobs import corrections, job_actions, job_page, queue, read_again, viewer
from jobs.field_rows import Refused
from jobs.forms import CorrectionForm, ReadAgainForm
from jobs.plan_engines import offered
from jobs.views import OneJob


class JobCancelPage(OneJob):
    """Cancelling a job."""

    actions: ClassVar[Mapping[str, str]] = {"post": "jobs:cancel"}

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """Cancel, and back to the job."""
        job_actions.cancel(self.get_object(), actor=actor_of(request), address=address_of(request))
        return redirect("job-page", pk)


class JobRetryPage(OneJob):
    """Trying again what failed or was not reached."""

    actions: ClassVar[Mapping[str, str]] = {"post": "jobs:write"}

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """Queue it again, with the password given, and back to the job."""
        limits.admit(request, "submit")
        job = self.get_object()
        queue.refuse_when_full(queue.pool_of(job.engine))
        job_actions.retry(
            job,
            actor=actor_of(request),
            address=address_of(request),
            password=request.POST.get("password", "")[:200],
        )
        return redirect("job-page", pk)


class JobReadAgainPage(OneJob):
    """Reading the document once more, by another engine."""

    actions: ClassVar[Mapping[str, str]] = {"post": "jobs:write"}

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """A new job of the same document, and on to its page."""
        limits.admit(request, "submit")
        job, actor = self.get_object(), actor_of(request)
        form = ReadAgainForm(request.POST, engines=offered(actor.tenant))
        if not form.is_valid():
            raise InvalidOption(_errors(form))
        again = read_again.read_again(
            job,
            actor=actor,
            engine=form.cleaned_data["engine"],
            pdf=form.cleaned_data["pdf"],
            password=form.cleaned_data["password"],
            address=address_of(request),
        )
        return redirect("job-page", again.pk)


class JobFieldPage(OneJob):
    """What a person says of a field, on the job's page."""

    actions: ClassVar[Mapping[str, str]] = {"post": "fields:correct"}

    def post(self, request: HttpRequest, pk: UUID, field: str) -> HttpResponseBase:
        """Keep it, and back to the field; where it is refused, the page again with why."""
        job = self.get_object()
        form = CorrectionForm(request.POST)
        if not form.is_valid():
            raise InvalidOption(_errors(form))
        data = form.cleaned_data
        text = data["alternative"] or data["text"]
        try:
            corrections.say(
                job,
                field,
                corrections.Saying(data["says"] or "holds"),
                text=text,
                version=data["version"],
                force=data["force"],
                document=data["document"],
                actor=actor_of(request),
                address=address_of(request),
            )
        except ExtractionError as error:
            problem = viewer.explain(error.failure())
            refused = Refused(
                name=field,
                document=data["document"],
                text=text,
                problem=problem,
                may_force=isinstance(error, WrongCheckSum),
            )
            return job_page.shown_again(request, job, refused, error.status)
        look = job_page.look_of(request, job)
        return redirect(f"{look.address(view='fields')}#field-{field}-{data['document'] or 0}")


class JobDeletePage(OneJob):
    """Deleting a job with its result and its files."""

    actions: ClassVar[Mapping[str, str]] = {"post": "jobs:write"}

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """Delete, and back to the list."""
        job = self.get_object()
        job_actions.delete(job, actor=actor_of(request), address=address_of(request))
        name = job.file.name
        messages.success(
            request,
            _("%(name)s was deleted with its result.") % {"name": name}
            if name
            else _("The job was deleted with its result."),
        )
        return redirect("job-list-page")


def _errors(form: Form) -> str:
    return " ".join(str(text) for errors in form.errors.values() for text in errors)
