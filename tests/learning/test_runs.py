"""Training runs from submission to end, whatever becomes of their trainers."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now
from pytest_django import Settings

from accounts import budgets, closing, training_quota
from accounts.models import AuditEntry, Plan, QuotaUse, UsageRecord, UsageSum
from accounts.quota_counters import cost_period
from accounts.statements import statements
from accounts.usage import costs_of
from extraction.errors import EngineUnavailable, InvalidOption
from extraction.training import TrainingSettings
from jobs import own_engines, reconciliation, storage
from jobs.errors import BudgetExceeded, LeaseLost, NothingToRollBack, QuotaExceeded
from jobs.models import StoredFile, TenantEngine
from learning import datasets, promotion, runs, trainer
from learning.errors import AdapterInUse, NotTrained, RunEnded, TooFewExamples, TrainingOpen
from learning.models import Dataset, Example, RunStatus, TrainingRun
from tests.accounts.billing import subscribe, terms, use
from tests.learning.teaching import BASE, dataset, filled, make_training
from tests.people import Organisation

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("files", "empty_queue", "base")]
DONE = {"base": {"similarity": 0.5}, "tuned": {"similarity": 0.9}, "worse": False}


def submitted(acme: Organisation, name: str = "invoices", max_seconds: int = 100) -> TrainingRun:
    return runs.submit(
        actor=acme.actor,
        dataset=filled(acme, name),
        options=TrainingSettings(),
        max_seconds=max_seconds,
    )


def claimed(worker: str = "w") -> TrainingRun:
    run = runs.claim(worker)
    assert run is not None
    return run


def told(seconds: float = 10.0, step: int = 5) -> runs.Standing:
    losses = [(at, 1.0 / at) for at in range(1, step + 1)]
    return runs.Standing(seconds, step, 20, losses, 1000)


def expire(run: TrainingRun) -> None:
    """Its trainer has died, some time ago."""
    TrainingRun.objects.filter(pk=run.pk).update(lease_until=Now() - timedelta(seconds=1))


def code_of(run: TrainingRun) -> str:
    assert run.error is not None
    return str(run.error["code"])


def kept(acme: Organisation) -> StoredFile:
    """A file of a trainer, its row still to be saved."""
    key = f"{acme.tenant.pk}/uploads/{uuid4()}"
    return StoredFile(tenant=acme.tenant, key=key, name="a.tar", media_type="x", size=7, sha256="1")


def test_run_pins_what_the_dataset_holds(acme: Organisation) -> None:
    run = submitted(acme)
    examples = list(Example.objects.filter(dataset=run.dataset_id).select_related("file"))
    assert set(run.examples) == {example.pk for example in examples}
    assert run.digest == runs.digest_of(examples) == runs.digest_of(examples[::-1])
    assert run.dataset_version == 6
    with pytest.raises(TrainingOpen):
        datasets.remove_example(example=examples[0], actor=acme.actor)
    with pytest.raises(TrainingOpen):
        datasets.delete(dataset=run.dataset, actor=acme.actor)
    with pytest.raises(TrainingOpen):
        runs.submit(actor=acme.actor, dataset=run.dataset, options=TrainingSettings())
    runs.cancel(run=run, actor=acme.actor)
    datasets.remove_example(example=examples[0], actor=acme.actor)
    left = Example.objects.filter(dataset=run.dataset_id).select_related("file")
    assert runs.digest_of(list(left)) != run.digest


def test_too_few_pages_are_refused(acme: Organisation) -> None:
    with pytest.raises(TooFewExamples):
        runs.submit(actor=acme.actor, dataset=dataset(acme), options=TrainingSettings())
    assert not TrainingRun.objects.exists() and not QuotaUse.objects.filter(reserved__gt=0)


def test_whole_life_is_billed_once(acme: Organisation) -> None:
    run = submitted(acme)
    first = claimed()
    assert (first.pk, first.attempt, first.status) == (run.pk, 1, RunStatus.RUNNING)
    assert runs.claim("another") is None, "it is in good hands"
    assert runs.renew(first, told())
    runs.evaluating(first, kept(acme), [])
    assert runs.renew(first, told(2.5))
    runs.succeed(first, DONE)
    run.refresh_from_db()
    assert (run.status, run.seconds, run.step, run.steps) == (RunStatus.SUCCEEDED, 12.5, 5, 20)
    (bill,) = UsageRecord.objects.filter(job_id=run.pk)
    assert (bill.engine, bill.pages, bill.compute_seconds) == ("training", 0, 12.5)
    assert training_quota.used(acme.tenant, run.created_at.date()) == (13, 0)
    entry = AuditEntry.objects.get(action="training.end")
    assert entry.after == {"status": "succeeded", "seconds": 12.5}
    with pytest.raises(LeaseLost):
        runs.succeed(first, DONE)
    assert UsageRecord.objects.filter(job_id=run.pk).count() == 1
    assert reconciliation.differences() == []


def test_lost_run_goes_on_and_its_first_trainer_writes_nothing_more(acme: Organisation) -> None:
    submitted(acme)
    first = claimed()
    runs.renew(first, told(10, 5))
    runs.keep_checkpoint(first, kept(acme))
    expire(first)
    second = claimed("second")
    assert (second.attempt, second.crashes, second.worker) == (2, 1, "second")
    assert second.checkpoint is not None and second.losses[-1][0] == 5
    for write in (
        lambda: runs.renew(first, told(99)),
        lambda: runs.keep_checkpoint(first, kept(acme)),
        lambda: runs.succeed(first, DONE),
        lambda: runs.give_back(first),
    ):
        with pytest.raises(LeaseLost):
            write()
    runs.renew(second, told(5, 8))
    runs.fail(second, EngineUnavailable("no memory"))
    second.refresh_from_db()
    assert (second.seconds, second.status) == (15.0, RunStatus.FAILED)
    assert code_of(second) == "engine_unavailable"
    assert second.checkpoint is None and not StoredFile.objects.filter(name="a.tar").exists()
    assert UsageRecord.objects.get(job_id=second.pk).compute_seconds == 15.0


def test_run_that_ends_its_trainers_is_given_up(acme: Organisation) -> None:
    run = submitted(acme)
    for _ in range(runs.MOST_CRASHES):
        expire(claimed())
    assert runs.claim("w") is None
    run.refresh_from_db()
    assert run.status == RunStatus.FAILED and code_of(run) == "trainer_lost"
    assert training_quota.used(acme.tenant, run.created_at.date()) == (0, 0)


def test_a_checkpoint_between_makes_a_loss_a_first_one(acme: Organisation) -> None:
    submitted(acme)
    for _ in range(runs.MOST_CRASHES + 1):
        run = claimed()
        runs.keep_checkpoint(run, kept(acme))
        expire(run)
    assert claimed().crashes == 1


def test_cancel_ends_at_once_what_no_trainer_is_at(acme: Organisation) -> None:
    run = submitted(acme)
    assert runs.cancel(run=run, actor=acme.actor).status == RunStatus.CANCELLED
    with pytest.raises(RunEnded):
        runs.cancel(run=run, actor=acme.actor)
    run = submitted(acme, "others")
    held = claimed()
    assert runs.cancel(run=run, actor=acme.actor).status == RunStatus.RUNNING
    assert not runs.renew(held, told()), "the trainer is told"
    expire(held)
    assert runs.claim("w") is None
    run.refresh_from_db()
    assert run.status == RunStatus.CANCELLED and run.seconds == 10
    run = submitted(acme, "third")
    expire(claimed())
    assert runs.cancel(run=run, actor=acme.actor).status == RunStatus.CANCELLED


def test_given_back_run_is_the_next_ones(acme: Organisation) -> None:
    submitted(acme)
    runs.give_back(claimed())
    again = claimed()
    assert (again.attempt, again.crashes) == (2, 0)


def test_organisations_take_turns(acme: Organisation, stranger: Organisation) -> None:
    one, two = submitted(acme, "one"), submitted(acme, "two")
    theirs = submitted(stranger)
    assert [claimed().pk for _ in range(3)] == [one.pk, theirs.pk, two.pk]


def test_quota_keeps_what_a_run_may_take(acme: Organisation) -> None:
    acme.tenant.plan = Plan.objects.create(
        name="small", title="Small", training_seconds_per_month=150
    )
    acme.tenant.save(update_fields=["plan"])
    run = submitted(acme, "one")
    month = run.created_at.date()
    assert training_quota.used(acme.tenant, month) == (0, 100)
    actor = acme.actor
    with pytest.raises(QuotaExceeded) as refused:
        runs.submit(
            actor=actor, dataset=filled(acme, "two"), options=TrainingSettings(), max_seconds=51
        )
    assert (refused.value.limit, refused.value.actual) == (150, 151)
    held = claimed()
    runs.renew(held, told(20.2))
    runs.fail(held, EngineUnavailable())
    assert training_quota.used(acme.tenant, month) == (21, 0)


def test_loss_is_kept_thin(acme: Organisation) -> None:
    losses = [(step, 1.0) for step in range(1, 5001)]
    kept = runs.thinned(losses)
    assert len(kept) <= runs.MOST_POINTS
    assert kept[0] == (1, 1.0) and kept[-1] == (5000, 1.0)
    assert runs.thinned(losses[:400]) == losses[:400]


def test_promotion_and_rolling_back(acme: Organisation) -> None:
    run, other = make_training(acme), make_training(acme)
    assert run.adapter is not None
    made = promotion.promote(run=run, name="mine", actor=acme.actor)
    assert made.warning is None and made.engine.active == run.adapter
    with pytest.raises(AdapterInUse):
        runs.delete(run=run, actor=acme.actor)
    TrainingRun.objects.filter(pk=other.pk).update(
        evaluation={**(other.evaluation or {}), "worse": True}
    )
    worse = promotion.promote(run=other, name="mine", actor=acme.actor)
    assert worse.warning and "0.500" in worse.warning
    assert (worse.engine.active, worse.engine.former) == (other.adapter, run.adapter)
    row = own_engines.roll_back(row=worse.engine, actor=acme.actor)
    assert (row.active, row.former) == (run.adapter, None)
    row = own_engines.roll_back(row=row, actor=acme.actor)
    assert row.active is None and own_engines.chosen(acme.tenant, "own:mine").adapter is None
    with pytest.raises(NothingToRollBack):
        own_engines.roll_back(row=row, actor=acme.actor)
    runs.delete(run=run, actor=acme.actor)
    assert not StoredFile.objects.filter(pk=run.adapter.pk).exists()


@pytest.mark.parametrize("name", ["", "Mine", "own:x", "a b", "-x", "x" * 41, "../x", "ünder"])
def test_names_that_cannot_be_are_refused(acme: Organisation, name: str) -> None:
    with pytest.raises(InvalidOption):
        promotion.promote(run=make_training(acme), name=name, actor=acme.actor)


def test_only_what_has_succeeded_is_promoted_and_over_one_base(acme: Organisation) -> None:
    with pytest.raises(NotTrained):
        promotion.promote(run=submitted(acme), name="mine", actor=acme.actor)
    run = make_training(acme)
    TenantEngine.objects.create(tenant=acme.tenant, name="mine", base="another")
    with pytest.raises(InvalidOption):
        promotion.promote(run=run, name="mine", actor=acme.actor)


def test_own_engines_are_found_by_their_organisation_alone(
    acme: Organisation, stranger: Organisation
) -> None:
    promotion.promote(run=make_training(acme), name="mine", actor=acme.actor)
    found = own_engines.chosen(acme.tenant, "own:mine")
    assert found.adapter is not None and found.adapter.sha256 in found.revision
    with pytest.raises(InvalidOption) as theirs:
        own_engines.chosen(stranger.tenant, "own:mine")
    with pytest.raises(InvalidOption) as unknown:
        own_engines.chosen(stranger.tenant, "own:other")
    assert theirs.value.detail.replace("mine", "other") == unknown.value.detail
    assert theirs.value.status == unknown.value.status


def test_trainer_tells_why_it_could_not(
    acme: Organisation, settings: Settings, tmp_path: Path
) -> None:
    """Pages that cannot be decoded: the run fails, and nothing of it is left on the disk."""
    settings.TRAINING_DIR = tmp_path / "training"
    run = submitted(acme)
    storage.delete(StoredFile.objects.values_list("key", flat=True))
    trainer.work(claimed(), threading.Event())
    run.refresh_from_db()
    assert run.status == RunStatus.FAILED and code_of(run) == "too_few_examples"
    assert [path.name for path in (tmp_path / "training").iterdir()] == [str(run.pk)]
    trainer.forget_ended()
    assert list((tmp_path / "training").iterdir()) == []
    assert Dataset.objects.exists()


def test_own_engine_has_the_price_of_its_base(acme: Organisation) -> None:
    made = terms(prices={BASE: "0.25"})
    subscribe(acme.tenant, made.plan, date(2026, 1, 1))
    promotion.promote(run=make_training(acme), name="mine", actor=acme.actor)
    for engine, price in ((BASE, "0.25"), ("own:mine", "0.25"), ("own:other", "0"), ("auto", "0")):
        billed = use(acme.tenant, 2, date(2026, 2, 3), engine=engine)
        assert billed is not None and billed.unit_price == Decimal(price), engine


def priced(acme: Organisation, **prices: str) -> None:
    """Its plan has these prices, and every month a base fee of nothing with 100 pages in it."""
    made = terms(prices=prices | {"*": "9"}, overage_price="8", included_pages=100)
    subscribe(acme.tenant, made.plan, date(2026, 1, 1))


def sum_up() -> None:
    """The sums are made at the commit, which this test has none of."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def ended(acme: Organisation, name: str, seconds: float, *, fails: bool = False) -> TrainingRun:
    run = submitted(acme, name)
    held = claimed()
    runs.renew(held, told(seconds))
    if fails:
        runs.fail(held, EngineUnavailable())
    else:
        runs.evaluating(held, kept(acme), [])
        runs.succeed(held, DONE)
    return run


def test_begun_seconds_cost_what_the_plan_says(acme: Organisation) -> None:
    priced(acme, training="0.0125")
    run = ended(acme, "one", 12.5)
    ended(acme, "two", 7, fails=True)  # free
    ended(acme, "three", 250)  # no more than it asked for
    month = run.created_at.date().replace(day=1)
    assert costs_of(acme.tenant, [run.pk]) == {run.pk: {"EUR": Decimal("0.1625")}}
    (statement,) = statements(acme.tenant, month)
    assert [(line.kind, line.quantity, line.unit, line.amount) for line in statement.lines] == [
        ("training", 113, "seconds", Decimal("1.41"))
    ]
    sum_up()
    (total,) = UsageSum.objects.filter(engine="training")
    assert (total.cost, total.calls, total.pages) == (Decimal("1.4125"), 3, 0)
    counted = QuotaUse.objects.get(period=cost_period(month))
    assert (counted.used, counted.reserved) == (1_412_500, 0)
    assert not QuotaUse.objects.filter(period__startswith="included:", used__gt=0)
    assert reconciliation.differences() == [] and closing.check().is_right


def test_training_without_a_price_of_its_own_is_free(acme: Organisation) -> None:
    priced(acme)
    run = ended(acme, "one", 12.5)
    assert UsageRecord.objects.get(job_id=run.pk).unit_price == 0
    (statement,) = statements(acme.tenant, run.created_at.date().replace(day=1))
    assert (statement.lines, statement.total) == ((), 0)
    sum_up()
    assert reconciliation.differences() == [] and closing.check().is_right


def test_month_is_closed_when_its_training_has_ended(
    acme: Organisation, settings: Settings
) -> None:
    settings.INVOICE_ISSUER_NAME = "Reading Ltd"
    priced(acme, training="0.5")
    run = submitted(acme)
    month = run.created_at.date().replace(day=1)
    with pytest.raises(closing.MonthIsOpen):
        closing.close_month(acme.tenant, month)
    assert runs.claim("w") is not None
    runs.cancel(run=run, actor=acme.actor)
    assert reconciliation.differences() == []


def test_budget_that_stops_keeps_what_a_run_may_cost(acme: Organisation) -> None:
    priced(acme, training="0.01")
    assert budgets.set_budget(acme.member, amount=Decimal("1.50"), hard_stop=True, address=None)
    run = submitted(acme, "one")  # 100 seconds: 1.00
    period = cost_period(run.created_at.date())
    counted = QuotaUse.objects.get(period=period)
    assert (counted.used, counted.reserved) == (0, 1_000_000)
    with pytest.raises(BudgetExceeded) as refused:
        submitted(acme, "two", max_seconds=51)
    assert (refused.value.limit, refused.value.actual) == (1.5, 1.51)
    assert reconciliation.differences() == []
    held = claimed()
    runs.renew(held, told(80))
    runs.evaluating(held, kept(acme), [])
    runs.succeed(held, DONE)
    counted.refresh_from_db()
    assert (counted.used, counted.reserved) == (800_000, 0)
    assert AuditEntry.objects.get(action="budget.threshold").after["percent"] == 50  # type: ignore[index]
    assert reconciliation.differences() == []


def test_quota_is_told_with_the_others(acme: Organisation) -> None:
    run = submitted(acme)
    answer = acme.api().get("/api/v1/usage").json()["quotas"]["training_seconds_per_month"]
    assert (answer["used"], answer["reserved"], answer["limit"]) == (0, 100, None)
    assert answer["resets_at"] is not None
    runs.cancel(run=run, actor=acme.actor)
    QuotaUse.objects.filter(period__startswith="training:").update(used=F("used") + 5)
    (wrong,) = reconciliation.differences()
    assert (wrong.period[:9], wrong.used, wrong.due_used) == ("training:", 5, 0)
    reconciliation.repair()
    assert reconciliation.differences() == []
