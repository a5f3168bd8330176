"""What people do with a job on its page: cancel it, try it again, delete it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts import limits
from accounts.audit import address_of
from accounts.tenancy import actor_of
from jobs import job_actions, queue
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
