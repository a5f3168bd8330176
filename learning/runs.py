"""Training runs from submission to end: the only writer of their rows.

A trainer holds a run by a lease on the database's clock. One that is silent for longer has died:
the next one takes the run, with a new attempt number, and what the first still writes changes
nothing. Seconds are counted with each heartbeat and billed once, in the transaction that ends the
run.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now
from django.shortcuts import get_object_or_404

from accounts import audit, budgets, clock, training_quota
from accounts.models import Reservation
from accounts.money import ZERO
from accounts.quota_counters import BUDGET
from accounts.quota_standings import OverQuota
from accounts.statements import TRAINING
from accounts.tenancy import Actor
from accounts.usage import bill_run, costs_of
from extraction.errors import ExtractionError
from extraction.training import TrainingSettings
from jobs import idempotency, metering, webhooks
from jobs.errors import LeaseLost, QuotaExceeded
from jobs.idempotency import Once
from jobs.models import StoredFile, TenantEngine
from jobs.plan_engines import refuse_engine
from learning import datasets, files
from learning.errors import (
    AdapterInUse,
    RunEnded,
    TooFewExamples,
    TrainerLost,
    TrainingOpen,
)
from learning.models import AT_WORK, OPEN, Dataset, Example, RunStatus, TrainingRun

LEAST_TRAIN, LEAST_HELD_OUT = 2, 1
MOST_CRASHES = 3  # trainers lost on a run with nothing kept between
MOST_POINTS = 400  # of the loss, kept


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a run is, as its trainer tells: ``seconds`` since it last did."""

    seconds: float
    step: int
    steps: int
    losses: Sequence[tuple[int, float]]
    tokens: int


def submit(
    *,
    actor: Actor,
    dataset: Dataset,
    options: TrainingSettings,
    max_seconds: int | None = None,
    once: Once | None = None,
    address: str | None = None,
) -> TrainingRun:
    """Queue a run that learns from what the dataset holds now.

    It may take ``max_seconds``, which are kept of the quota; as long as the settings allow, if none
    are given. Raises ``EngineNotAllowed``, ``TooFewExamples``, ``TrainingOpen`` where the dataset
    has a run that has not ended, ``QuotaExceeded``, and with ``once`` what ``idempotency.keep``
    does.
    """
    refuse_engine(actor.tenant, dataset.base)
    most = min(max_seconds or settings.TRAINING_MAX_SECONDS, settings.TRAINING_MAX_SECONDS)
    with transaction.atomic():
        run = TrainingRun(
            tenant=actor.tenant,
            base=dataset.base,
            options=asdict(options),
            created_by=actor.user,
            api_key=actor.api_key,
            most_seconds=most,
        )
        if once:
            idempotency.keep(once, run.pk)
        run.dataset = get_object_or_404(Dataset.objects.select_for_update(), pk=dataset.pk)
        run.dataset_version = run.dataset.version
        if TrainingRun.objects.filter(dataset=dataset, status__in=OPEN).exists():
            raise TrainingOpen("The dataset has a training run that has not ended.")
        examples = list(
            Example.objects.filter(dataset=dataset).select_related("file").order_by("pk")
        )
        run.examples = [example.pk for example in examples]
        run.digest = digest_of(examples)
        _refuse_few(examples)
        run.save(force_insert=True)
        audit.record(
            actor=actor,
            tenant=actor.tenant,
            action="training.submit",
            obj=run,
            after={"dataset": dataset.name, "examples": len(examples), "digest": run.digest},
            address=address,
        )
        try:
            training_quota.reserve(
                actor.tenant, run_id=run.pk, seconds=most, day=clock.now().date()
            )
        except OverQuota as over:
            if over.quota == BUDGET:
                raise metering.told(over) from over
            raise QuotaExceeded(
                f"The plan allows {over.limit:,} seconds of training a month; with this run's "
                f"{most:,} there would be {over.actual:,}. Ask for fewer (max_seconds).",
                limit=over.limit,
                actual=over.actual,
                wait=over.seconds,
            ) from over
    return run


def digest_of(examples: Sequence[Example]) -> str:
    """A hash over pages, texts and sides: equal where the same would be learned."""
    rows = sorted([e.file.sha256, e.page, e.text, e.held_out] for e in examples)
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def _refuse_few(examples: Sequence[Example]) -> None:
    held_out = sum(example.held_out for example in examples)
    train = len(examples) - held_out
    if train < LEAST_TRAIN or held_out < LEAST_HELD_OUT:
        raise TooFewExamples(
            f"{train} pages to learn from and {held_out} to measure by; at least {LEAST_TRAIN} and "
            f"{LEAST_HELD_OUT} are needed. About one page of five is held out, by its content: "
            "add more.",
            limit=LEAST_TRAIN + LEAST_HELD_OUT,
            actual=len(examples),
        )


def claim(worker: str) -> TrainingRun | None:
    """Give this trainer the next run: one that waits, or whose trainer has died; else None.

    Of those whose base is set up here. Organisations without a run at work come first.
    """
    lost = Q(status__in=AT_WORK, lease_until__lt=Now())
    while True:
        with transaction.atomic():
            at_work = TrainingRun.objects.filter(
                tenant=OuterRef("tenant"), status__in=AT_WORK, lease_until__gte=Now()
            )
            due = TrainingRun.objects.filter(
                Q(status=RunStatus.QUEUED) | lost, base__in=datasets.bases()
            )
            rows = due.select_for_update(skip_locked=True, of=("self",)).select_related(
                "tenant", "adapter", "checkpoint"
            )
            run = rows.annotate(busy=Exists(at_work)).order_by("busy", "pk").first()
            if run is None:
                return None
            if run.status in AT_WORK:
                run.crashes += 1
            if run.cancel_requested:
                _end(run, RunStatus.CANCELLED)
            elif run.crashes >= MOST_CRASHES:
                _end(run, RunStatus.FAILED, TrainerLost())
            else:
                run.attempt += 1
                run.status, run.worker = RunStatus.RUNNING, worker
                TrainingRun.objects.filter(pk=run.pk).update(
                    status=run.status,
                    attempt=run.attempt,
                    crashes=run.crashes,
                    worker=worker,
                    lease_until=_lease(),
                    started_at=run.started_at or Now(),
                )
                return run


def renew(run: TrainingRun, told: Standing) -> bool:
    """Note how far the run is and keep it; False where it was cancelled. Raises ``LeaseLost``."""
    changed: dict[str, Any] = {"lease_until": _lease(), "seconds": F("seconds") + told.seconds}
    if told.steps:
        changed |= {
            "step": told.step,
            "steps": told.steps,
            "tokens": told.tokens,
            "losses": thinned(told.losses),
        }
    _write(run, **changed)
    row = TrainingRun.objects.filter(pk=run.pk).values_list("cancel_requested", "seconds").first()
    if row is None:
        raise LeaseLost()
    cancelled, run.seconds = row
    return not cancelled


def keep_checkpoint(run: TrainingRun, file: StoredFile) -> None:
    """Note a kept checkpoint, with which another machine can go on. Raises ``LeaseLost``."""
    with transaction.atomic():
        former = _locked(run).checkpoint
        files.save(file, capped=False)
        _write(run, checkpoint=file, crashes=0)
        run.checkpoint = file
        if former is not None:
            files.remove(run.tenant, [former])


def evaluating(run: TrainingRun, adapter: StoredFile, skipped: Sequence[Mapping[str, Any]]) -> None:
    """Note the finished adapter; it is measured now. Raises ``LeaseLost``."""
    with transaction.atomic():
        former = _locked(run).adapter
        files.save(adapter, capped=False)
        _write(run, status=RunStatus.EVALUATING, adapter=adapter, skipped=list(skipped))
        run.status, run.adapter = RunStatus.EVALUATING, adapter
        if former is not None:
            files.remove(run.tenant, [former])


def measuring(run: TrainingRun) -> None:
    """Note that a run whose adapter is there is measured again. Raises ``LeaseLost``."""
    _write(run, status=RunStatus.EVALUATING)
    run.status = RunStatus.EVALUATING


def give_back(run: TrainingRun) -> None:
    """Put the run back, for the next trainer to go on with. Raises ``LeaseLost``."""
    _write(run, status=RunStatus.QUEUED, lease_until=None)


def succeed(run: TrainingRun, evaluation: Mapping[str, Any]) -> None:
    """End a run whose adapter was measured. Raises ``LeaseLost``."""
    with transaction.atomic():
        _end(_locked(run), RunStatus.SUCCEEDED, evaluation=evaluation)


def fail(run: TrainingRun, error: ExtractionError) -> None:
    """End a run that cannot go on. Raises ``LeaseLost``."""
    with transaction.atomic():
        _end(_locked(run), RunStatus.FAILED, error)


def cancelled(run: TrainingRun) -> None:
    """End a run as its owner asked. Raises ``LeaseLost``."""
    with transaction.atomic():
        _end(_locked(run), RunStatus.CANCELLED)


def cancel(*, run: TrainingRun, actor: Actor, address: str | None = None) -> TrainingRun:
    """Ask for a run's end: one that no trainer is at ends now. Raises ``RunEnded``."""
    rows = TrainingRun.objects.select_for_update(of=("self",)).select_related("tenant", "dataset")
    with transaction.atomic():
        run = get_object_or_404(rows, pk=run.pk)
        if run.ended:
            raise RunEnded()
        audit.record(
            actor=actor, tenant=run.tenant, action="training.cancel", obj=run, address=address
        )
        alive = run.lease_until is not None and run.lease_until > clock.now()
        if run.status in AT_WORK and alive:
            run.cancel_requested = True
            run.save(update_fields=["cancel_requested"])
        else:
            _end(run, RunStatus.CANCELLED)
        run.refresh_from_db()
    return run


def delete(*, run: TrainingRun, actor: Actor, address: str | None = None) -> None:
    """Remove an ended run and its adapter. Raises ``TrainingOpen``, ``AdapterInUse``."""
    rows = TrainingRun.objects.select_for_update(of=("self",)).select_related("tenant")
    with transaction.atomic():
        run = get_object_or_404(rows, pk=run.pk)
        audit.record(
            actor=actor,
            tenant=run.tenant,
            action="training.delete",
            obj=run,
            before={"status": run.status},
            address=address,
        )
        remove_run(run)


def remove_run(run: TrainingRun) -> None:
    """The rows and files of an ended run, in the caller's transaction. Raises as ``delete``."""
    if not run.ended:
        raise TrainingOpen("Wait for the training run to end, or cancel it.")
    held = TenantEngine.objects.for_tenant(run.tenant).filter(
        Q(active=run.adapter_id) | Q(former=run.adapter_id)
    )
    if run.adapter_id and (engine := held.first()):
        raise AdapterInUse(f"{engine} reads with it, or may go back to it: delete that first.")
    kept = [file for file in (run.adapter, run.checkpoint) if file is not None]
    TrainingRun.objects.filter(pk=run.pk).delete()
    files.remove(run.tenant, kept)


def _end(
    run: TrainingRun,
    status: RunStatus,
    error: ExtractionError | None = None,
    evaluation: Mapping[str, Any] | None = None,
) -> None:
    """Write the end, the bill and the quota at once; the run's row is locked."""
    ended = TrainingRun.objects.filter(pk=run.pk, status__in=OPEN).update(
        status=status,
        attempt=F("attempt") + 1,  # whoever still is at it writes nothing more
        lease_until=None,
        error=asdict(error.failure()) if error else None,
        evaluation=evaluation,
        crashes=run.crashes,
        checkpoint=None,
        adapter=run.adapter_id if status == RunStatus.SUCCEEDED else None,
        finished_at=Now(),
    )
    if not ended:
        raise RunEnded()
    left = [run.checkpoint] if run.checkpoint else []
    if run.adapter and status != RunStatus.SUCCEEDED:
        left.append(run.adapter)
    kept = Reservation.objects.for_tenant(run.tenant).select_for_update().filter(pk=run.pk).first()
    assert kept is not None, "a run that has not ended keeps its seconds"
    seconds = min(run.seconds, run.most_seconds)
    billed = bill_run(
        tenant=run.tenant,
        job_id=run.pk,
        engine=TRAINING,
        pages=0,
        compute_seconds=seconds,
        outcome=status,
        day=kept.day,
        submitted_at=run.created_at,
        api_key_id=run.api_key_id,
    )
    audit.record(
        actor=None,
        tenant=run.tenant,
        action="training.end",
        obj=run,
        after={"status": status, "seconds": round(run.seconds, 1)},
    )
    currency = billed.currency if billed else ""
    cost = costs_of(run.tenant, [run.pk]).get(run.pk, {}).get(currency, ZERO)
    used = training_quota.settle(run.tenant, kept, seconds=math.ceil(seconds), cost=cost)
    for reached in budgets.cross(run.tenant, used, currency=currency):
        webhooks.notify(run.tenant, "budget.threshold", asdict(reached))
    files.remove(run.tenant, left)


def thinned(losses: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """The series with at most ``MOST_POINTS`` points, its last one among them."""
    if len(losses) <= MOST_POINTS:
        return list(losses)
    every = math.ceil(len(losses) / (MOST_POINTS - 1))
    return [*losses[:-1:every], losses[-1]]


def _write(run: TrainingRun, **changed: Any) -> None:
    """Change the row as the trainer that has it. Raises ``LeaseLost``."""
    mine = TrainingRun.objects.filter(pk=run.pk, attempt=run.attempt, status__in=AT_WORK)
    if not mine.update(**changed):
        raise LeaseLost()


def _locked(run: TrainingRun) -> TrainingRun:
    """The row as it is, held by its trainer until the transaction ends. Raises ``LeaseLost``."""
    rows = TrainingRun.objects.select_for_update(of=("self",)).filter(
        pk=run.pk, attempt=run.attempt, status__in=AT_WORK
    )
    row = rows.select_related("tenant", "adapter", "checkpoint").first()
    if row is None:
        raise LeaseLost()
    return row


def _lease() -> Any:
    return Now() + timedelta(seconds=settings.LEASE_SECONDS)
