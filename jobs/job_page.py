"""The page of one job: its progress, then its result, and what hangs on it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse

from accounts.tenancy import actor_of
from extraction.formats.json_reading import page_from_dict
from extraction.types import Failure
from jobs import (
    download_audit,
    places,
    progress,
    results,
    retention,
    revisions,
    storage,
    viewer,
)
from jobs.api import result_response
from jobs.models import Job, Page, Review, Status
from jobs.views import OneJob, page_or_part

PANELS = {
    "text": "Text",
    "tables": "Tables",
    "fields": "Fields",
    "downloads": "Download",
    "details": "Details",
}


class JobPage(OneJob):
    """A job: its progress while it runs, then its result, one page of the document at a time."""

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """``page`` is a page's number, ``view`` one of ``PANELS``."""
        job, actor = self.get_object(), actor_of(request)
        context: dict[str, Any] = {
            "job": job,
            "here": reverse("job-page", args=[pk]),
            "problem": viewer.explain(Failure(**job.error)) if job.error else None,
            "may_submit": actor.may("jobs:write"),
            "may_cancel": actor.may("jobs:cancel"),
            "may_delete": actor.may("jobs:write"),
        }
        context["place"] = places.place_of(job)
        context["written"] = 0 if job.ended else progress.tokens_written(job)
        if job.ended:
            context |= _result_context(request, job)
            if context["pages"]:
                download_audit.note(request, job, "view", by="page")
        return page_or_part(request, "jobs/job.html", "jobs/_job.html", context)


class JobImageView(OneJob):
    """The picture of a page."""

    def get(self, request: HttpRequest, pk: UUID, number: int) -> HttpResponse:
        """A JPEG for the tenant's browsers alone; 404 where the page has none."""
        job = self.get_object()
        results.refuse_expired(job)
        page = get_object_or_404(Page.objects.only("preview_key"), job=job, number=number)
        if not page.preview_key:
            raise Http404
        try:
            body = storage.read(page.preview_key)
        except FileNotFoundError as error:
            raise Http404 from error
        download_audit.note(request, job, "pictures", by="page")
        return HttpResponse(body, content_type="image/jpeg")


class JobDownloadView(OneJob):
    """The result in one of the formats, as the API gives it."""

    def get(self, request: HttpRequest, pk: UUID, name: str) -> HttpResponseBase:
        """A download that no browser runs."""
        job = self.get_object()
        response = result_response(job, name)
        download_audit.note(request, job, name, by="page")
        return retention.delivering(job, response, request.method)


def _result_context(request: HttpRequest, job: Job) -> dict[str, Any]:
    """The result for the viewer: the chosen page whole, of the others what the lists need."""
    rows = list(Page.objects.filter(job=job).order_by("number").defer("content"))
    if not rows or job.status == Status.EXPIRED:
        return {"pages": []}
    numbers = [row.number for row in rows]
    number = request.GET.get("page", "")
    chosen = next((known for known in numbers if str(known) == number), numbers[0])
    at = numbers.index(chosen)
    panel = request.GET.get("view", "")
    # 404 where the job has been deleted since the rows were read
    content = get_object_or_404(Page.objects.values_list("content", flat=True), pk=rows[at].pk)
    failures = Page.objects.filter(job=job, failed=True).values_list("number", "content__error")
    return {
        "pages": rows,
        "row": rows[at],
        "shown": viewer.show(page_from_dict(content)),
        "previous": numbers[at - 1] if at else None,
        "next": numbers[at + 1] if at + 1 < len(numbers) else None,
        "panel": panel if panel in PANELS else "text",
        "panels": PANELS,
        "fields": revisions.current_rows(job),
        "to_check": _to_check(job) if panel == "fields" else [],
        "table_pages": _table_pages(job) if panel == "tables" else [],
        "failed_pages": [
            viewer.explain(Failure(**error), subject=f"Page {number}")
            for number, error in failures.order_by("number")
        ],
        "formats": results.formats_of(job),
        "has_pdf": "pdf" in job.options.get("outputs", ()),
        "curl": viewer.curl(job, settings.SITE_URL.rstrip("/") + reverse("job-list")),
    }


def _to_check(job: Job) -> list[dict[str, Any]]:
    """Why a person should look at the fields, while nobody has confirmed them."""
    reviews = Review.objects.filter(job=job, status=Review.Status.OPEN)
    return reviews.values_list("reasons", flat=True).first() or []


def _table_pages(job: Job) -> list[int]:
    """The pages with tables on them."""
    pages = Page.objects.filter(job=job, content__blocks__contains=[{"kind": "table"}])
    return list(pages.order_by("number").values_list("number", flat=True))
