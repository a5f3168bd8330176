"""Many jobs at once: those ticked in their list, a question that states how many, the outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.generic import View

from accounts import limits
from accounts.audit import address_of
from accounts.grants import grant_to
from accounts.tenancy import PageMixin, actor_of
from extraction.formats import FORMATS
from jobs import download_audit, job_filters, selected, viewer
from jobs.batch_export import EXPORTS, of_jobs
from jobs.downloads import as_download
from jobs.exporting import held
from jobs.job_filters import MOST_COUNTED
from jobs.list_page import address_of_list, filters_in, wanted_by
from jobs.models import Job
from jobs.selected import NEEDS, Outcome
from jobs.viewer import Problem
from jobs.views import ProblemPage

NAMED = 10  # jobs that the question names
TABLES = {"fields": "csv", "lines": "lines.csv"}  # what is one table of all: its export
REASONS = 50  # jobs that the outcome names, of those for which it was not done


@dataclass(frozen=True, slots=True)
class Chosen:
    """What it is to be done with: at most ``MOST_COUNTED`` jobs; ``more``: others match too."""

    ids: Sequence[UUID]
    more: bool = False


class SelectedJobsPage(ProblemPage, PageMixin, View):
    """One thing done with many jobs: asked first, then done, then told."""

    actions: ClassVar[Mapping[str, str]] = {"post": "jobs:read"}

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """``action`` is one of ``NEEDS``; ``job`` are those ticked, ``all`` means all that match
        ``query``, ``ids`` are those that the question was about, ``confirmed`` its answer."""
        actor = actor_of(request)
        action = request.POST.get("action", "")
        query = filters_in(QueryDict(request.POST.get("query", "")[:4000]))
        if action not in NEEDS:
            raise BadRequest(_("Choose what is to be done."))
        if not actor.may(NEEDS[action]):
            raise PermissionDenied(_("Your role does not allow this."))
        chosen = self._chosen(request, query)
        if not chosen.ids:
            messages.warning(request, _("Tick the jobs first that it is to be done with."))
            return redirect(address_of_list(query))
        back = address_of_list(query)
        if not request.POST.get("confirmed"):
            return self._ask(request, action, chosen, back)
        if action == "download":
            return self._download(request, chosen)
        if action == "retry":
            limits.admit(request, "submit")
        done = selected.run(action, chosen.ids, actor=actor, address=address_of(request))
        if not done.refused and not done.left:
            messages.success(request, told(action, done.done))
            return redirect(back)
        return self._tell(request, action, done, back)

    def _chosen(self, request: HttpRequest, query: QueryDict) -> Chosen:
        """The jobs meant, those of the tenant alone."""
        jobs = Job.objects.for_tenant(actor_of(request).tenant)
        if request.POST.get("all"):
            matching = job_filters.narrowed(jobs, actor_of(request).tenant, wanted_by(query))
            return Chosen(*job_filters.newest_ids(matching))
        given = [*request.POST.getlist("job"), *request.POST.get("ids", "").split(",")]
        try:
            ids = {UUID(text) for text in given if text}
        except ValueError as error:
            raise BadRequest(_("There is no such job.")) from error
        return Chosen(job_filters.newest_ids(jobs.filter(pk__in=list(ids)[: 2 * MOST_COUNTED]))[0])

    def _ask(
        self, request: HttpRequest, action: str, chosen: Chosen, back: str
    ) -> HttpResponseBase:
        """The question, which holds the jobs it is about: none that comes later is meant."""
        named = Job.objects.for_tenant(actor_of(request).tenant).select_related("file")
        rows = named.filter(pk__in=chosen.ids[:NAMED]).order_by("-pk")
        context = {
            "action": action,
            "count": len(chosen.ids),
            "more": chosen.more,
            "jobs": rows,
            "others": max(len(chosen.ids) - NAMED, 0),
            "ids": ",".join(map(str, chosen.ids)),
            "query": request.POST.get("query", ""),
            "formats": FORMATS.values(),
            "back": back,
        }
        return render(request, "jobs/selected.html", context)

    def _download(self, request: HttpRequest, chosen: Chosen) -> HttpResponseBase:
        """All in one file: a table of the fields, or a zip of one format."""
        actor, wanted = actor_of(request), request.POST.get("format", "")
        if wanted not in TABLES and wanted not in FORMATS:
            raise BadRequest(_("There is no such format."))
        row = EXPORTS[TABLES.get(wanted, "zip")]
        sent: list[UUID] = []
        parts = row.make(of_jobs(actor.tenant, chosen.ids), [wanted], sent)
        with held(parts, grant_to(actor, "jobs:read"), sent) as body:
            for job in Job.objects.for_tenant(actor.tenant).filter(pk__in=chosen.ids):
                download_audit.deliver(
                    job, wanted, by="page", actor=actor, address=address_of(request)
                )
            response = StreamingHttpResponse(body, content_type=row.media_type)
        return as_download(response, f"jobs.{row.name}")

    def _tell(
        self, request: HttpRequest, action: str, done: Outcome, back: str
    ) -> HttpResponseBase:
        """What was done, what was not and why, and what is left."""
        problems: list[tuple[UUID, Problem]] = [
            (row.job, viewer.explain(row.failure, subject=row.name))
            for row in done.refused[:REASONS]
        ]
        context: dict[str, Any] = {
            "action": action,
            "told": told(action, done.done),
            "done": done.done,
            "refused": len(done.refused),
            "problems": problems,
            "others": max(len(done.refused) - REASONS, 0),
            "left": len(done.left),
            "ids": ",".join(map(str, done.left)),
            "query": request.POST.get("query", ""),
            "back": back,
        }
        return render(request, "jobs/selected_done.html", context)


def told(action: str, count: int) -> str:
    """What was done with so many jobs."""
    sentences = {
        "cancel": ngettext("%(count)s job was cancelled.", "%(count)s jobs were cancelled.", count),
        "retry": ngettext(
            "%(count)s job is tried again.", "%(count)s jobs are tried again.", count
        ),
        "delete": ngettext(
            "%(count)s job was deleted with its result.",
            "%(count)s jobs were deleted with their results.",
            count,
        ),
    }
    return sentences[action] % {"count": count}
