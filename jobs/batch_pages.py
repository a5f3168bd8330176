"""The pages of batches: their list, sending one, watching it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.generic import View
from django.views.generic.detail import SingleObjectMixin
from django.views.generic.list import MultipleObjectMixin

from accounts import limits
from accounts.audit import address_of
from accounts.tenancy import PageMixin, actor_of
from extraction.errors import ExtractionError
from extraction.formats import FORMATS
from extraction.types import Failure
from jobs import batch_actions, batches, queue, templates, viewer
from jobs.batch_api import receiving
from jobs.batch_forms import BatchForm
from jobs.batches import REFUSED, Item, Progress
from jobs.errors import Busy, NothingAccepted
from jobs.models import ENDED, Batch, Status
from jobs.plan_engines import default_engine, offered
from jobs.upload_pages import by_script, refusal_of
from jobs.uploads import BatchUploadHandler
from jobs.usual_options import set_by, usual_options
from jobs.viewer import Problem
from jobs.views import ProblemPage, page_or_part, uuid_of

ROWS = 30  # batches on one page of the list
ITEMS = 100  # documents on one page of a batch
NAMED = 20  # documents that are told of where none could be accepted


@dataclass(frozen=True, slots=True)
class Standing:
    """How a batch stands, in documents: those ended and refused, and those without a whole result.

    ``state`` is that of its badge: queued, running, succeeded, partial or failed.
    """

    batch: Batch
    total: int
    ended: int
    failed: int
    state: str
    progress: Progress


class BatchListPage(PageMixin, MultipleObjectMixin, View):
    """The tenant's batches, newest first."""

    actions: ClassVar[Mapping[str, str]] = {"get": "jobs:read"}
    queryset = Batch.objects.all()

    def get(self, request: HttpRequest) -> HttpResponse:
        """``before`` (a batch's id) goes on with older ones."""
        rows = self.get_queryset().order_by("-pk")
        before = request.GET.get("before", "")
        if before:
            rows = rows.filter(pk__lt=uuid_of(before))
        found = list(rows[: ROWS + 1])
        standings = standings_of(found[:ROWS])
        context = {
            "rows": standings,
            "older": found[ROWS - 1].pk if found[ROWS:] else None,
            "before": before,
            "live": any(not row.batch.ended for row in standings),
            "here": request.get_full_path(),
            "may_submit": actor_of(request).may("jobs:write"),
        }
        return page_or_part(request, "jobs/batches.html", "jobs/_batches.html", context)


@method_decorator(csrf_exempt, name="dispatch")  # checked around post, as in jobs.views.NewJobPage
class NewBatchPage(PageMixin, View):
    """Sending many documents at once, or zip archives of them."""

    actions: ClassVar[Mapping[str, str]] = {"get": "jobs:write", "post": "jobs:write"}

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        return self._shown(request, _form(request))

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """On to the batch's page; else the form with what was wrong."""
        if not receiving.acquire(blocking=False):
            return self._refuse(request, [viewer.explain(Busy().failure())], Busy.status)
        try:
            limits.admit(request, "submit")
            queue.refuse_when_full(queue.pool_of(default_engine(actor_of(request).tenant)))
            request.upload_handlers = [BatchUploadHandler(request)]
            return self._accept(request)
        except limits.RateLimited as error:
            answer = self._refuse(request, [refusal_of(error).problem], error.status_code)
            answer["Retry-After"] = str(error.wait)
            return answer
        except NothingAccepted as error:
            told = [viewer.explain(error.failure())]
            told += [
                viewer.explain(Failure(**row["error"]), subject=row["name"])
                for row in error.refused[:NAMED]
            ]
            return self._refuse(request, told, error.status)
        except ExtractionError as error:
            return self._refuse(request, [viewer.explain(error.failure())], error.status)
        finally:
            receiving.release()

    @method_decorator(csrf_protect)
    def _accept(self, request: HttpRequest) -> HttpResponseBase:
        actor = actor_of(request)
        form = _form(request, request.POST, request.FILES)
        if not form.is_valid():
            return self._refuse(request, _wrong(form), 400, form)
        batch = batch_actions.submit_batch(
            actor=actor,
            uploads=form.cleaned_data["file"],
            options=form.options(),
            name=form.cleaned_data["name"],
            priority=form.chosen_priority(),
            retention_hours=form.cleaned_data["retention_hours"],
            address=address_of(request),
        )
        address = reverse("batch-page", args=[batch.pk])
        if by_script(request):
            return HttpResponse(status=201, headers={"Location": address})
        return redirect(address)

    def _refuse(
        self,
        request: HttpRequest,
        problems: Sequence[Problem],
        status: int,
        form: BatchForm | None = None,
    ) -> HttpResponse:
        return self._shown(request, form or _form(request), problems, status)

    def _shown(
        self,
        request: HttpRequest,
        form: BatchForm,
        problems: Sequence[Problem] = (),
        status: int = 200,
    ) -> HttpResponse:
        context = {
            "form": form,
            "problems": problems,
            "max_bytes": settings.LIMITS.max_bytes,
            "max_files": settings.MAX_BATCH_FILES,
            "max_batch_bytes": settings.MAX_BATCH_BYTES,
            "set_by_organisation": list(set_by(actor_of(request).tenant)),
        }
        alone = by_script(request) and status >= 400
        template = "jobs/_problems.html" if alone else "jobs/batch_new.html"
        return render(request, template, context, status=status)


class OneBatch(ProblemPage, PageMixin, SingleObjectMixin, View):
    """What the pages of one batch share."""

    actions: ClassVar[Mapping[str, str]] = {"get": "jobs:read"}
    queryset = Batch.objects.select_related("tenant", "created_by", "api_key")


class BatchPage(OneBatch):
    """A batch: its progress while it runs, its documents, what can be done with it."""

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """``status`` shows some of its documents, ``after`` (a place) goes on with further ones."""
        batch, actor = self.get_object(), actor_of(request)
        status, after = request.GET.get("status", ""), request.GET.get("after", "")
        if status not in ("", REFUSED, *Status.values) or not (after or "0").isdecimal():
            raise BadRequest(_("There is no such place in the list."))
        found = batches.items_after(
            batch, after=int((after or "0")[:9]), most=ITEMS + 1, status=status
        )
        (standing,) = standings_of([batch])
        again = {Status.PARTIAL, Status.FAILED, Status.CANCELLED}
        context = {
            "batch": batch,
            "standing": standing,
            "items": [(item, _why(item)) for item in found[:ITEMS]],
            "further": found[ITEMS - 1].position if found[ITEMS:] else None,
            "after": after,
            "status": status,
            "statuses": _statuses(standing.progress),
            "retryable": batch.ended
            and sum(standing.progress.documents.get(each, 0) for each in again),
            "here": request.get_full_path(),
            "formats": FORMATS.values(),
            "may_submit": actor.may("jobs:write"),
            "may_cancel": actor.may("jobs:cancel"),
        }
        return page_or_part(request, "jobs/batch.html", "jobs/_batch.html", context)


def standings_of(rows: Sequence[Batch]) -> list[Standing]:
    """How the batches stand, in one query."""
    progress = batches.progress(rows)
    return [_standing(batch, progress[batch.pk]) for batch in rows]


def _standing(batch: Batch, progress: Progress) -> Standing:
    documents = progress.documents
    total = sum(documents.values())
    ended = sum(documents.get(status, 0) for status in (*ENDED, REFUSED))
    whole = documents.get(Status.SUCCEEDED, 0) + documents.get(Status.EXPIRED, 0)
    failed = ended - whole
    state = "running"
    if batch.ended:
        state = "succeeded" if not failed else "partial" if whole else "failed"
    elif not ended and not documents.get(Status.RUNNING):
        state = "queued"
    return Standing(batch, total, ended, failed, state, progress)


def _statuses(progress: Progress) -> list[tuple[str, str, int]]:
    """The statuses that its documents have: name, label, how many do."""
    known = [*((name, str(label)) for name, label in Status.choices), (REFUSED, _("Refused"))]
    counts = progress.documents
    return [(name, label, counts[name]) for name, label in known if counts.get(name)]


def _why(item: Item) -> Problem | None:
    return viewer.explain(Failure(**item.error)) if item.error else None


def _form(request: HttpRequest, *data: Any) -> BatchForm:
    tenant = actor_of(request).tenant
    return BatchForm(
        *data,
        usual=usual_options(tenant, on_pages=True),
        own_templates=templates.names(tenant),
        engines=offered(tenant),
    )


def _wrong(form: BatchForm) -> list[Problem]:
    return [
        Problem(title=f"{form.fields[name].label or name.title()}: {text}")
        for name, errors in form.errors.items()
        for text in errors
    ]
