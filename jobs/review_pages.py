"""The page of the queue of reviews, and what all pages of reviews share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.generic import View

from accounts.audit import address_of
from accounts.tenancy import PageMixin, actor_of, session_actor
from jobs import review, review_queue, review_words
from jobs.labels import type_label
from jobs.models import Review
from jobs.review_queue import Filters
from jobs.views import ProblemPage, page_or_part, uuid_of

ROWS = 30  # documents on one page of the queue
CORRECT = "fields:correct"


class ReviewPage(ProblemPage, PageMixin, View):
    """What these pages share: who may not check documents is told who may."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)
        except PermissionDenied:
            actor = session_actor(request)
            if actor is None or actor.may(CORRECT):
                raise
            return render(request, "review/not_allowed.html", status=403)


class ReviewQueuePage(ReviewPage):
    """What waits, which reasons it has, who is at what."""

    actions: ClassVar[Mapping[str, str]] = {"get": CORRECT}

    def get(self, request: HttpRequest) -> HttpResponse:
        """``order``, ``template``, ``reason`` and ``holder`` filter; ``after`` goes on."""
        actor, filters = actor_of(request), filters_of(request.GET)
        last = request.GET.get("after", "")
        rows, more = review_queue.rows_of(actor, filters, uuid_of(last) if last else None, ROWS)
        by_template = review_queue.waiting_by_template(actor.tenant)
        context = {
            "rows": [_shown(row, actor) for row in rows],
            "more": rows[-1].job_id if more else None,
            "last": last,
            "filters": filters,
            "query": query_of(filters),
            "filtered": filters != Filters(filters.order),
            "templates": by_template,
            "no_template": review_queue.NO_TEMPLATE,
            "waiting": sum(by_template.values()),
            "speed": review_queue.speed_of(actor),
            "threshold": settings.REVIEW_THRESHOLD,
        }
        return page_or_part(request, "review/queue.html", "review/_queue.html", context)


class ReviewNextPage(ReviewPage):
    """Taking the next document."""

    actions: ClassVar[Mapping[str, str]] = {"post": CORRECT}

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """On to the document, or back to the queue where none is left."""
        return next_document(request, None)


def next_document(request: HttpRequest, last: Review | None) -> HttpResponseBase:
    """On to the next document after ``last`` by the address's filters, taken by who asks."""
    filters = filters_of(request.GET)
    found = review_queue.take_next(actor_of(request), filters, last, address=address_of(request))
    if found is None:
        messages.info(request, _("No other document waits here."))
        return redirect(queue_address(request.GET))
    return redirect(document_address(found.job_id, request.GET))


def filters_of(query: QueryDict) -> Filters:
    """The filters that an address names. Raises ``InvalidOption``."""
    return Filters(
        order=query.get("order") or "oldest",  # type: ignore[arg-type]
        template=query.get("template", "")[:100],
        reason=query.get("reason", ""),
        holder=query.get("holder", ""),
    )


def query_of(filters: Filters) -> str:
    """The filters as an address has them, those that say something."""
    told = {
        "order": filters.order if filters.order != "oldest" else "",
        "template": filters.template,
        "reason": filters.reason,
        "holder": filters.holder,
    }
    return urlencode({name: value for name, value in told.items() if value})


def queue_address(query: QueryDict) -> str:
    """The queue by the filters of an address."""
    return f"{reverse('review-page')}?{query_of(filters_of(query))}".rstrip("?")


def document_address(pk: UUID, query: QueryDict) -> str:
    """A document, with the filters by which the next one is found."""
    address = reverse("review-document-page", args=[pk])
    return f"{address}?{query_of(filters_of(query))}".rstrip("?")


def _shown(row: Review, actor: Any) -> dict[str, Any]:
    """A row of the queue."""
    taken = row.stage == "taken"
    return {
        "review": row,
        "job": row.job,
        "template": row.template,
        "type": type_label((row.job.classification or {}).get("kind", "")),
        "reasons": review_words.to_look_at(row.reasons),
        "holder": review.holder_of(row) if taken else "",
        "mine": taken and review.is_held_by(row, actor),
    }
