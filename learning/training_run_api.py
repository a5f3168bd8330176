"""Training runs through the API: parse, call one function, reply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.audit import address_of
from accounts.limits import USUAL
from accounts.tenancy import TenantMixin, actor_of
from extraction.errors import InvalidOption
from jobs import idempotency
from jobs.job_answers import ONCE
from learning import promotion, runs
from learning.dataset_api import GONE, READ, WRITE, once_reply
from learning.models import Dataset, RunStatus, TrainingRun
from learning.serializers import (
    PromotedSerializer,
    PromoteSerializer,
    TrainingRunDetailSerializer,
    TrainingRunSerializer,
    TrainingSubmitSerializer,
)


class RunView(TenantMixin, GenericAPIView[TrainingRun]):
    """What the endpoints of training runs share."""

    queryset = TrainingRun.objects.select_related("tenant", "adapter")
    serializer_class: Any = TrainingRunDetailSerializer
    rates: ClassVar[Mapping[str, str]] = USUAL

    def reply(self, run: TrainingRun) -> Response:
        return Response(self.get_serializer(run).data)


class RunListView(RunView, ListAPIView[TrainingRun]):
    """The organisation's training runs, newest first; POST begins one."""

    actions: ClassVar[Mapping[str, str]] = {"get": READ, "post": WRITE}
    serializer_class = TrainingRunSerializer

    def filter_queryset(self, queryset: Any) -> Any:
        status = self.request.query_params.get("status")
        if status is not None and status not in RunStatus.values:
            raise InvalidOption(f"status {status!r} is not one of: {', '.join(RunStatus.values)}")
        return queryset if status is None else queryset.filter(status=status)

    @extend_schema(
        operation_id="training_runs",
        tags=["learning"],
        summary="List training runs",
        parameters=[OpenApiParameter("status", enum=RunStatus.values)],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """With how far each is."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="training_runs_create",
        tags=["learning"],
        summary="Begin a training run",
        parameters=[ONCE],
        request=TrainingSubmitSerializer,
        responses={202: TrainingRunDetailSerializer},
    )
    def post(self, request: Request) -> Response:
        """It learns from what the dataset holds now, whatever becomes of that."""
        form, actor = TrainingSubmitSerializer(data=request.data), actor_of(request)
        form.is_valid(raise_exception=True)
        rows = Dataset.objects.for_tenant(actor.tenant)
        dataset = rows.filter(pk=form.validated_data["dataset"]).first()
        if dataset is None:
            raise ValidationError({"dataset": ["There is no such dataset."]})
        options = form.options()
        once = idempotency.asked(
            request,
            tenant=actor.tenant,
            route="training-runs",
            content=lambda: {name: str(value) for name, value in form.validated_data.items()},
        )
        run, repeated = idempotency.run_once(
            once,
            make=lambda: runs.submit(
                actor=actor,
                dataset=dataset,
                options=options,
                max_seconds=form.validated_data.get("max_seconds"),
                once=once,
                address=address_of(request),
            ),
            find=lambda pk: self.get_queryset().filter(pk=pk).first(),
        )
        body = TrainingRunDetailSerializer(run, context=self.get_serializer_context()).data
        return once_reply(body, 202, repeated is not None)


class RunDetailView(RunView):
    """One training run."""

    actions: ClassVar[Mapping[str, str]] = {"get": READ, "delete": WRITE}

    @extend_schema(
        operation_id="training_run", tags=["learning"], summary="A training run with its loss"
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """How far it is; once it has ended, how it read what was held out, beside its base."""
        return self.reply(self.get_object())

    @extend_schema(
        operation_id="training_run_delete",
        tags=["learning"],
        summary="Delete an ended training run and what it has learned",
        responses=GONE,
    )
    def delete(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Not while an engine reads with it, or may go back to it."""
        runs.delete(run=self.get_object(), actor=actor_of(request), address=address_of(request))
        return Response(status=204)


class RunCancelView(RunView):
    """Ending a training run."""

    actions: ClassVar[Mapping[str, str]] = {"post": WRITE}

    @extend_schema(
        operation_id="training_run_cancel",
        tags=["learning"],
        summary="Cancel a training run",
        request=None,
    )
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One that a trainer is at ends within seconds; what it took counts."""
        run = runs.cancel(
            run=self.get_object(), actor=actor_of(request), address=address_of(request)
        )
        return self.reply(run)


class RunPromoteView(RunView):
    """What was learned put to use."""

    actions: ClassVar[Mapping[str, str]] = {"post": WRITE}

    @extend_schema(
        operation_id="training_run_promote",
        tags=["learning"],
        summary="Let an own engine read with what the run has learned",
        request=PromoteSerializer,
        responses=PromotedSerializer,
    )
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """``own:NAME`` is made where there is none. Jobs that wait keep what they had."""
        run, form = self.get_object(), PromoteSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        done = promotion.promote(
            run=run,
            name=form.validated_data["engine"],
            actor=actor_of(request),
            address=address_of(request),
        )
        return Response(PromotedSerializer(done).data)
