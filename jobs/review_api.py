"""Reviews and single fields through the API: parse, call one function, reply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db.models import F, Q
from django.db.models.functions import Now
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.audit import address_of
from accounts.limits import USUAL
from accounts.tenancy import TenantMixin, actor_of
from extraction.errors import InvalidOption, InvalidValue
from jobs import corrections, download_audit, review, revisions
from jobs.models import Job, Review
from jobs.review_serializers import (
    STAGES,
    ChangeSerializer,
    ConfirmSerializer,
    FieldHistorySerializer,
    FieldStateSerializer,
    ReviewDetailSerializer,
    ReviewSerializer,
)

READ, CORRECT = "jobs:read", "fields:correct"
MAX_BODY_BYTES = 1_000_000
DOCUMENT = OpenApiParameter(
    "document", OpenApiTypes.INT, description="the part of a file that was split, from 1"
)


class ReviewView(TenantMixin, GenericAPIView[Job]):
    """What these endpoints share: the tenant's jobs with their reviews, bodies of bounded size."""

    queryset = Job.objects.select_related("file", "tenant", "review__taken_by", "review__taken_key")
    serializer_class = ReviewSerializer
    rates = USUAL

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        size = request.META.get("CONTENT_LENGTH") or "0"
        if size.isdecimal() and int(size) > MAX_BODY_BYTES:
            raise InvalidValue("Too many bytes.", limit=MAX_BODY_BYTES, actual=int(size))

    def reply(self) -> Response:
        """The review as it is now."""
        return Response(self.get_serializer(self.get_object()).data)


class ReviewListView(ReviewView, ListAPIView[Job]):
    """The tenant's reviews, the oldest first."""

    actions: ClassVar[Mapping[str, str]] = {"get": READ}
    ordering = ("id",)

    def filter_queryset(self, queryset: Any) -> Any:
        # the review's own tenant too, so that the index of the queue serves
        queryset = queryset.filter(review__isnull=False, review__tenant=F("tenant"))
        status = self.request.query_params.get("status")
        if status is None:
            return queryset
        if status not in STAGES:
            raise InvalidOption(f"status {status!r} is not one of: {', '.join(STAGES)}")
        taken = Q(review__taken_until__isnull=False, review__taken_until__gt=Now())
        if status == "confirmed":
            return queryset.filter(review__status=Review.Status.CONFIRMED)
        queryset = queryset.filter(review__status=Review.Status.OPEN)
        return queryset.filter(taken) if status == "taken" else queryset.exclude(taken)

    @extend_schema(
        operation_id="reviews",
        tags=["reviews"],
        summary="List reviews, oldest first",
        parameters=[OpenApiParameter("status", enum=STAGES)],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The jobs that need or needed a review."""
        return super().get(request, *args, **kwargs)


class ReviewDetailView(ReviewView):
    """One review with the fields as they stand."""

    actions: ClassVar[Mapping[str, str]] = {"get": READ}

    @extend_schema(
        operation_id="review",
        tags=["reviews"],
        summary="A job's fields as they stand, and what is to be looked at",
        responses=ReviewDetailSerializer,
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Of any job that has ended, whether it needs a review or not."""
        job = self.get_object()
        review.ready(job)
        download_audit.note(request, job, "fields", by="api")
        return Response(ReviewDetailSerializer(job, context=self.get_serializer_context()).data)


class ReviewTakeView(ReviewView):
    """Claiming a review."""

    actions: ClassVar[Mapping[str, str]] = {"post": CORRECT}

    @extend_schema(
        operation_id="review_take",
        tags=["reviews"],
        summary="Take a review, or keep it",
        request=None,
        responses=ReviewSerializer,
    )
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Nobody else can change the fields until it runs out, is released or confirmed."""
        review.take(self.get_object(), actor=actor_of(request), address=address_of(request))
        return self.reply()


class ReviewReleaseView(ReviewView):
    """Giving a review back."""

    actions: ClassVar[Mapping[str, str]] = {"post": CORRECT}

    @extend_schema(
        operation_id="review_release",
        tags=["reviews"],
        summary="Give a review back",
        request=None,
        responses=ReviewSerializer,
    )
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Others can take it at once."""
        review.release(self.get_object(), actor=actor_of(request), address=address_of(request))
        return self.reply()


class ReviewConfirmView(ReviewView):
    """Closing a review."""

    actions: ClassVar[Mapping[str, str]] = {"post": CORRECT}

    @extend_schema(
        operation_id="review_confirm",
        tags=["reviews"],
        summary="Confirm all fields of a job as they stand",
        request=ConfirmSerializer,
        responses=ReviewSerializer,
    )
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Refused where a required field is missing and nobody said that it is not there."""
        job = self.get_object()
        form = ConfirmSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        review.confirm(
            job,
            version=form.validated_data["version"],
            actor=actor_of(request),
            address=address_of(request),
        )
        return self.reply()


class FieldView(ReviewView):
    """One field of a job."""

    actions: ClassVar[Mapping[str, str]] = {"get": READ, "put": CORRECT}

    @extend_schema(
        operation_id="job_field",
        tags=["reviews"],
        summary="A field of a job, with all its versions",
        parameters=[DOCUMENT],
        responses=FieldHistorySerializer,
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The field as it stands now, as it was read, and who said what since."""
        job, name = self.get_object(), kwargs["field"]
        review.ready(job)
        document = corrections.part_of(job, _document(request))
        field = corrections.field_of(job, name, document)
        download_audit.note(request, job, "fields", by="api")
        told = {
            "field": corrections.standing(job, field, document),
            "history": revisions.history(job, name, document),
        }
        return Response(FieldHistorySerializer(told).data)

    @extend_schema(
        operation_id="job_field_correct",
        tags=["reviews"],
        summary="Correct or confirm a field",
        request=ChangeSerializer,
        responses=FieldStateSerializer,
    )
    def put(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The next version of the field; what was read and said before is kept."""
        job = self.get_object()
        form = ChangeSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        state = corrections.correct(
            job,
            kwargs["field"],
            change=form.change(),
            document=form.validated_data.get("document"),
            actor=actor_of(request),
            address=address_of(request),
        )
        return Response(FieldStateSerializer(state).data)


def _document(request: Request) -> int | None:
    """The ``document`` parameter. Raises ``InvalidOption``."""
    text = request.query_params.get("document")
    if text is None:
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > 6:
        raise InvalidOption("document is the number of a part, from 1.")
    return int(text)
