"""The pages of one review: its fields beside the page, said, taken, left, confirmed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.generic.detail import SingleObjectMixin

from accounts.audit import address_of
from accounts.tenancy import actor_of
from extraction.errors import InvalidOption
from extraction.fields.boxed import text_within
from extraction.formats.json_reading import page_from_dict
from jobs import download_audit, review, review_answers, review_queue, review_sheet, review_words
from jobs.errors import FieldsMissing, NotInReview, ReviewTaken, VersionConflict
from jobs.models import Job, Page, Review
from jobs.review_pages import (
    CORRECT,
    ReviewPage,
    document_address,
    filters_of,
    next_document,
    query_of,
    queue_address,
)
from jobs.views import page_or_part


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
            "addable": review_sheet.addable(desk) if request.GET.get("more") == "fields" else (),
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


def give_back(request: HttpRequest, job: Job) -> None:
    """Release it, if it is the person's; of another's nothing is changed."""
    try:
        review.release(job, actor=actor_of(request), address=address_of(request))
    except (ReviewTaken, NotInReview) as error:
        messages.warning(request, review_words.outcome_in_words(error))


def _first_image(row: Review) -> str:
    """The picture of the document's first page, "" for none."""
    pages = Page.objects.filter(job=row.job_id, failed=False).exclude(preview_key="")
    number = pages.order_by("number").values_list("number", flat=True).first()
    return reverse("job-page-image", args=[row.job_id, number]) if number else ""
