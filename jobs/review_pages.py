"""The pages of reviews: the queue, and one document after the other to be looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.generic import View
from django.views.generic.detail import SingleObjectMixin

from accounts.audit import address_of
from accounts.tenancy import PageMixin, actor_of, session_actor
from extraction.errors import InvalidOption
from extraction.fields.boxed import text_within
from extraction.formats.json_reading import page_from_dict
from jobs import download_audit, review, review_answers, review_queue, review_sheet, review_words
from jobs.errors import FieldsMissing, NotInReview, ReviewTaken, VersionConflict
from jobs.models import Job, Page, Review
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


class OneReview(ReviewPage, SingleObjectMixin):
    """What the pages of one document share: the tenant's job of that id with its review."""

    actions: ClassVar[Mapping[str, str]] = {"post": CORRECT}
    queryset = Job.objects.select_related("file", "tenant", "review__taken_by", "review__taken_key")

    def shown(
        self, request: HttpRequest, desk: review_sheet.Desk, status: int = 200, **more: Any
    ) -> HttpResponse:
        """The document as a page, or as the part of it that a script asks for."""
        filters = filters_of(request.GET)
        number = request.GET.get("page", "")
        chosen = [sheet for sheet in desk.sheets if str(sheet.number) == number]
        first = next((row.spot.sheet for row in desk.rows if row.doubtful and row.spot), None)
        sheet = next(iter(chosen), None) or first or next(iter(desk.sheets), None)
        context = {
            "desk": desk,
            "job": desk.job,
            "sheet": sheet,
            "query": query_of(filters),
            "holder_until": desk.review.taken_until if desk.review else None,
            "addable": review_sheet.addable(desk),
            **more,
        }
        part = "review/_document.html"
        response = page_or_part(request, "review/document.html", part, context)
        response.status_code = status
        return response

    def fresh(self, request: HttpRequest) -> review_sheet.Desk:
        """The document as it stands now."""
        columns = request.GET.get("columns") == "all"
        return review_sheet.desk_of(
            self.get_object(),
            actor_of(request),
            add=request.GET.get("add", "")[:100],
            all_columns=columns,
        )


class ReviewDocumentPage(OneReview):
    """One document: its fields beside the page."""

    actions: ClassVar[Mapping[str, str]] = {"get": CORRECT}

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """``page`` is the page shown first, ``add`` a field to be given, ``columns`` "all"."""
        desk = self.fresh(request)
        actor, filters = actor_of(request), filters_of(request.GET)
        download_audit.note(request, desk.job, "fields", by="page")
        following = review_queue.peek(actor, filters, desk.review) if desk.waits else None
        context: dict[str, Any] = {
            "speed": review_queue.speed_of(actor),
            "next_image": _first_image(following) if following else "",
        }
        return self.shown(request, desk, **context)


class ReviewTextView(OneReview):
    """The words in a box that is drawn on a page."""

    actions: ClassVar[Mapping[str, str]] = {"get": CORRECT}

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """``page`` and ``box``; plain text, "" where nothing stands there."""
        job = self.get_object()
        review.ready(job)
        number = request.GET.get("page", "")
        if not (number.isascii() and number.isdecimal() and len(number) < 7):
            raise InvalidOption("page: a number.")
        rows = Page.objects.filter(job=job, number=int(number), failed=False)
        content = rows.values_list("content", flat=True).first()
        if content is None:
            raise Http404
        download_audit.note(request, job, "page", by="page")
        text = text_within(
            page_from_dict(content), review_answers.box_of(request.GET.get("box", ""))
        )
        return HttpResponse(text, content_type="text/plain; charset=utf-8")


class ReviewFieldPage(OneReview):
    """What a person says of one field."""

    def post(self, request: HttpRequest, pk: UUID, field: str) -> HttpResponse:
        """Back to the document; with what is wrong beside the field, where it is refused."""
        desk, actor = self.fresh(request), actor_of(request)
        sent, error = review_answers.answer(
            desk, field, request.POST, actor=actor, address=address_of(request)
        )
        if error is not None:
            shown = review_answers.refused(self.fresh(request), sent, error)
            return self.shown(request, shown, status=error.status)
        if request.headers.get("HX-Request") == "true":
            return self.shown(request, self.fresh(request))
        return redirect(f"{document_address(pk, request.GET)}#field-{sent.key}")


class ReviewTakePage(OneReview):
    """Taking one document, or keeping it."""

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """To the document; a script that keeps it is told no more than that."""
        job = self.get_object()
        try:
            review.take(job, actor=actor_of(request), address=address_of(request))
        except (ReviewTaken, NotInReview) as error:
            if request.headers.get("HX-Request") == "true":
                return HttpResponse(status=error.status)
            messages.warning(request, review_words.outcome_in_words(error))
        if request.headers.get("HX-Request") == "true":
            return HttpResponse(status=204)
        return redirect(document_address(pk, request.GET))


class ReviewLeavePage(OneReview):
    """Told by a script that its page is left."""

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """Nobody looks at the answer."""
        review.leave(self.get_object(), actor=actor_of(request))
        return HttpResponse(status=204)


class ReviewReleasePage(OneReview):
    """Giving a document back."""

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """To the queue."""
        give_back(request, self.get_object())
        return redirect(queue_address(request.GET))


class ReviewSkipPage(OneReview):
    """Leaving a document to others and going on."""

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """To the next one after it."""
        job = self.get_object()
        give_back(request, job)
        return next_document(request, getattr(job, "review", None))


class ReviewConfirmPage(OneReview):
    """Saying that a document is right as it stands."""

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """On to the next one, or the document again with what is still to be done."""
        job, version = self.get_object(), request.POST.get("version", "")
        try:
            review.confirm(
                job,
                version=int(version) if version.isdecimal() and len(version) < 7 else -1,
                actor=actor_of(request),
                address=address_of(request),
            )
        except (FieldsMissing, VersionConflict, ReviewTaken) as error:
            problem = review_words.outcome_in_words(error)
            return self.shown(request, self.fresh(request), error.status, problem=problem)
        messages.success(request, _("%(name)s is checked.") % {"name": job.file.name})
        row = getattr(job, "review", None)
        if row is None or row.status != Review.Status.OPEN:
            return redirect("job-page", pk)  # it was no part of the queue
        return next_document(request, row)


def next_document(request: HttpRequest, last: Review | None) -> HttpResponseBase:
    """On to the next document after ``last`` by the address's filters, taken by who asks."""
    filters = filters_of(request.GET)
    found = review_queue.take_next(actor_of(request), filters, last, address=address_of(request))
    if found is None:
        messages.info(request, _("No other document waits here."))
        return redirect(queue_address(request.GET))
    return redirect(document_address(found.job_id, request.GET))


def give_back(request: HttpRequest, job: Job) -> None:
    """Release it, if it is the person's; of another's nothing is changed."""
    try:
        review.release(job, actor=actor_of(request), address=address_of(request))
    except (ReviewTaken, NotInReview) as error:
        messages.warning(request, review_words.outcome_in_words(error))


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
        "type": (row.job.classification or {}).get("label", ""),
        "reasons": [
            review_words.counted(code, count)
            for code, count in review_queue.counts(row.reasons).items()
        ],
        "holder": review.holder_of(row) if taken else "",
        "mine": taken and review.is_held_by(row, actor),
    }


def _first_image(row: Review) -> str:
    """The picture of the document's first page, "" for none."""
    pages = Page.objects.filter(job=row.job_id, failed=False).exclude(preview_key="")
    number = pages.order_by("number").values_list("number", flat=True).first()
    return reverse("job-page-image", args=[row.job_id, number]) if number else ""
