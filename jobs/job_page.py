"""The page of one job: its progress, then its result, one page of the document at a time."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import Actor, actor_of
from extraction.formats import FORMATS
from extraction.formats.json_reading import extraction_from_dict, page_from_dict
from extraction.types import Failure
from jobs import (
    download_audit,
    field_rows,
    format_previews,
    leafing,
    page_search,
    page_statistics,
    places,
    progress,
    request_examples,
    results,
    shown_page,
    viewer,
    webhooks,
)
from jobs.forms import ReadAgainForm
from jobs.models import ENDED, KEPT, Extraction, Job, Page, Review, Status
from jobs.plan_engines import offered
from jobs.serializers import JobSerializer
from jobs.shown_entities import entities_shown
from jobs.usual_options import in_words
from jobs.views import OneJob, page_or_part

PANELS = {
    "text": _("Text"),
    "blocks": _("Blocks"),
    "tables": _("Tables"),
    "fields": _("Fields"),
    "entities": _("Entities"),
    "formats": _("Files"),
    "details": _("Details"),
}
# What a panel lights up in the picture
LAYERS = {"blocks": "blocks", "tables": "tables", "fields": "fields", "entities": "entities"}
FAILED_SHOWN = 5  # pages that failed, told at once
HIT_PAGES_SHOWN = 30


@dataclass(frozen=True, slots=True)
class Look:
    """What somebody looks at: a page's number ("" for the first), a panel, what they search, the
    format whose file they preview, and the field that they add."""

    job_id: UUID
    page: str
    view: str
    find: str
    format: str = ""
    field: str = ""

    @property
    def find_code(self) -> str:
        """What is searched as part of an element's id: the same for the same search alone."""
        return f"{zlib.crc32(self.find.encode()):x}"

    def address(self, **changed: Any) -> str:
        """The address of the same look, with changes; of another panel without what was its own."""
        told = {"page": self.page, "view": self.view, "find": self.find, "format": self.format}
        told |= {name: str(value) for name, value in changed.items()}
        if told["view"] != "formats":
            told["format"] = ""
        kept = {name: value for name, value in told.items() if value}
        return f"{reverse('job-page', args=[self.job_id])}?{urlencode(kept)}"


def look_of(request: HttpRequest, job: Job) -> Look:
    """What the request's parameters ask for; what there is not is left out.

    What is posted is about a field.
    """
    told = request.GET if request.method == "GET" else request.POST
    view = told.get("view", "") if request.method == "GET" else "fields"
    name = told.get("format", "")
    return Look(
        job_id=job.pk,
        page=told.get("page", "")[:6],
        view=view if view in PANELS else "text",
        find=page_search.asked(told.get("find", "")),
        format=name if name in FORMATS else "",
        field=told.get("field", "")[:120],
    )


class JobPage(OneJob):
    """A job: its progress while it runs, then its result; finished pages meanwhile."""

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """``page`` is a page's number, ``view`` one of ``PANELS``, ``find`` what is searched."""
        job = self.get_object()
        context = page_context(request, job)
        return page_or_part(request, "jobs/job.html", "jobs/_job.html", context)


class JobWorkPart(OneJob):
    """How far a job is, for its page, which asks again and again."""

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The strip above the result, and the pages in small that are near the chosen one."""
        job = self.get_object()
        look = look_of(request, job)
        context: dict[str, Any] = {"job": job, "look": look, **_work_context(job)}
        if not job.ended:
            context["leaves"] = leafing.leaves(job, look.page, {})
        return render(request, "jobs/_work_part.html", context)


def page_context(
    request: HttpRequest, job: Job, refused: field_rows.Refused | None = None
) -> dict[str, Any]:
    """What the job's page shows; ``refused`` is a correction that was not taken."""
    actor, look = actor_of(request), look_of(request, job)
    context: dict[str, Any] = {
        "job": job,
        "look": look,
        "panels": PANELS,
        "read_with": list(in_words(job)),
        "problem": viewer.explain(Failure(**job.error)) if job.error else None,
        "may_submit": actor.may("jobs:write"),
        "may_cancel": actor.may("jobs:cancel"),
        "may_delete": actor.may("jobs:write"),
        "may_correct": actor.may("fields:correct"),
        **_work_context(job),
    }
    if job.status in KEPT and actor.may("jobs:write"):
        context["again"] = _again_form(actor, job)
    if job.status != Status.EXPIRED:
        context |= _result_context(request, job, look, refused)
    return context


def _work_context(job: Job) -> dict[str, Any]:
    if job.ended:
        return {}
    return {"place": places.place_of(job), "written": progress.tokens_written(job)}


def _again_form(actor: Actor, job: Job) -> ReadAgainForm:
    return ReadAgainForm(
        engines=offered(actor.tenant),
        initial={"engine": job.engine, "pdf": "pdf" in job.options.get("outputs", ())},
    )


def _result_context(
    request: HttpRequest, job: Job, look: Look, refused: field_rows.Refused | None
) -> dict[str, Any]:
    """What has been read so far: the chosen page whole, of the others what the lists need."""
    hits = page_search.find(job, look.find)
    leaves = leafing.leaves(job, look.page, hits.pages)
    if leaves is None:
        return {}
    context: dict[str, Any] = {
        "leaves": leaves,
        "hits": hits,
        "hit_pages": list(hits.pages.items())[:HIT_PAGES_SHOWN],
        "more_hit_pages": max(0, len(hits.pages) - HIT_PAGES_SHOWN),
        "panel_label": PANELS[look.view],
        "layer": LAYERS.get(look.view, "words"),
        "table_pages": _table_pages(job) if look.view == "tables" else [],
        "failed_pages": _failed_pages(job) if job.pages_failed else [],
    }
    if job.ended:
        rows = field_rows.field_rows(job, refused, look.field)
        context["fields"] = [row for row in rows if row.shown]
        context["other_fields"] = [row for row in rows if not row.shown]
        context["formats"] = results.formats_of(job)
        context["has_pdf"] = "pdf" in job.options.get("outputs", ())
    if leaves.row is not None:
        # 404 where the job has been deleted since the rows were read
        contents = Page.objects.values_list("content", flat=True)
        page = page_from_dict(get_object_or_404(contents, pk=leaves.row.pk))
        context["shown"] = shown_page.show(page, look.find)
        context["entities"] = entities_shown(page)
        context["page_problem"] = viewer.explain(page.error) if page.error else None
        if look.view == "formats" and look.format and job.ended:
            context["preview"] = format_previews.preview(job, page, look.format)
        if look.view == "details":
            context["statistics"] = page_statistics.statistics(page)
        download_audit.note(request, job, "view", by="page")
    if look.view == "fields" and job.ended:
        context["review"] = Review.objects.filter(job=job).first()
        filled = Extraction.objects.filter(job=job).values_list("content", flat=True).first()
        if filled:
            told = extraction_from_dict(filled)
            context["extraction"] = told
            value = told.partial if told.value is None else told.value
            context["filled"] = request_examples.pretty(value)
    if look.view == "details":
        context |= _details_context(request, job)
    return context


def _details_context(request: HttpRequest, job: Job) -> dict[str, Any]:
    """The calls and answers of the API that belong to the job, as text."""
    submitting = settings.SITE_URL.rstrip("/") + reverse("job-list")
    event = f"job.{job.status}" if job.status in ENDED else "job.started"
    return {
        "examples": request_examples.examples(job, submitting),
        "answer": request_examples.pretty(JobSerializer(job, context={"request": request}).data),
        "event": event,
        "told": request_examples.pretty_json(webhooks.body_of(event, webhooks.job_data(job))),
    }


def _failed_pages(job: Job) -> list[viewer.Problem]:
    """Why pages could not be read, of the first ones that were not."""
    rows = Page.objects.filter(job=job, failed=True).order_by("number")
    failures = rows.values_list("number", "content__error")[:FAILED_SHOWN]
    return [viewer.explain(Failure(**error), subject=str(number)) for number, error in failures]


def _table_pages(job: Job) -> list[int]:
    """The pages with tables on them."""
    pages = Page.objects.filter(job=job, content__blocks__contains=[{"kind": "table"}])
    return list(pages.order_by("number").values_list("number", flat=True))


def shown_again(
    request: HttpRequest, job: Job, refused: field_rows.Refused, status: int
) -> HttpResponseBase:
    """The page with a correction that was not taken, and why."""
    context = page_context(request, job, refused)
    response = render(request, "jobs/job.html", context, status=status)
    response["HX-Push-Url"] = "false"  # what was posted to has no page
    return response
