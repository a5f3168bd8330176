"""Pages that are live: what is on them stays where it is while the work goes on and ends."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from jobs.models import Batch, Delivery, DeliveryAttempt, Job
from learning.models import RunStatus, TrainingRun
from tests.jobs.batching import make_batch
from tests.jobs.comparing import make_comparison
from tests.jobs.hooking import hook
from tests.learning.teaching import make_training
from tests.pages.visiting import DESKTOP, PHONE, Visits, Watched
from tests.people import Organisation

LOSSES = [[1, 2.5], [5, 1.0], [9, 0.4]]
SIDE = {"similarity": 0.9, "exact": 0.5, "seconds": 2.0, "lessons": 3}


def opened(visits: Visits, acme: Organisation, size: tuple[int, int], *paths: str) -> list[Watched]:
    """The pages, each in a tab of one browser."""
    first = visits.open(acme.owner, "/style", size=size)
    tabs = [first, *(first.context.new_page() for _ in paths[1:])]
    for tab, path in zip(tabs, paths, strict=True):
        tab.goto(path)
    return [Watched(tab) for tab in tabs]


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_lists_and_batches(visits: Visits, acme: Organisation, size: tuple[int, int]) -> None:
    batch = make_batch(acme)
    jobs = Job.objects.filter(batch=batch)
    watched = opened(visits, acme, size, "/jobs", "/batches", f"/batches/{batch.pk}")
    in_jobs, in_batches, in_batch = (each.page for each in watched)
    for done in (1, 8):
        jobs.update(status="running", pages_total=9, pages_done=done)
        in_jobs.get_by_text(f"{done} of 9").nth(2).wait_for()
        in_batches.get_by_text("Running").first.wait_for()
        in_batch.get_by_text(f"{done} of 9").nth(2).wait_for()
        assert [each.moved() for each in watched] == [{}, {}, {}], done
    ended = {"started_at": timezone.now(), "finished_at": timezone.now()}
    first = jobs.earliest("pk").pk
    jobs.filter(pk=first).update(status="succeeded", pages_done=9, **ended)
    in_batch.get_by_text("1 of 3 documents are done").wait_for()
    in_batches.get_by_text("1 of 3").wait_for()
    in_jobs.locator(".badge-succeeded").wait_for()
    assert [each.moved() for each in watched] == [{}, {}, {}]
    jobs.update(status="succeeded", pages_done=9, **ended)
    Batch.objects.filter(pk=batch.pk).update(completed_at=timezone.now())
    in_batch.locator("#batch:not([hx-get])").wait_for()
    in_batches.get_by_text("Completed").wait_for()
    in_jobs.locator(".badge-succeeded").nth(2).wait_for()
    assert [each.moved() for each in watched] == [{}, {}, {}]


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_work_of_its_own_page(
    visits: Visits, acme: Organisation, size: tuple[int, int], base: None
) -> None:
    compared, trained = make_comparison(acme), make_training(acme)
    webhook, _ = hook(acme, "https://8.8.8.8/")
    sent = Delivery.objects.create(
        tenant=acme.tenant, webhook=webhook, endpoint=webhook.pk, message="m", event="ping"
    )
    jobs = Job.objects.filter(pk__in=compared.parts.values("job"))
    run = TrainingRun.objects.filter(pk=trained.pk)
    run.update(status=RunStatus.QUEUED, step=0, steps=0, losses=[], evaluation=None, adapter=None)
    watched = opened(
        visits,
        acme,
        size,
        f"/compare/{compared.pk}",
        f"/fine-tuning/runs/{trained.pk}",
        f"/organisation/webhooks/deliveries/{sent.pk}",
    )
    in_compare, in_run, in_delivery = (each.page for each in watched)
    begun = timezone.now() - timedelta(seconds=9)
    for done in (1, 9):
        jobs.update(status="running", pages_total=9, pages_done=done)
        run.update(status=RunStatus.RUNNING, steps=20, step=done, seconds=done, started_at=begun,
                   losses=LOSSES[:done])  # fmt: skip
        DeliveryAttempt.objects.get_or_create(
            delivery=sent, number=1, at=begun, seconds=1, code=500, answer="no"
        )
        Delivery.objects.filter(pk=sent.pk).update(tries=1)
        in_compare.get_by_text(f"{done} of 9").nth(1).wait_for()
        in_run.get_by_text(f"Step {done} of 20", exact=True).wait_for()
        in_delivery.get_by_text("Attempt 1").wait_for()
        assert [each.moved() for each in watched] == [{}, {}, {}], done
    run.update(status=RunStatus.EVALUATING)
    in_run.get_by_text("The pages held out are read").wait_for()
    jobs.update(status="succeeded", pages_done=9, started_at=begun, finished_at=timezone.now())
    run.update(status=RunStatus.SUCCEEDED, adapter=trained.adapter, finished_at=timezone.now(),
               evaluation={"base": SIDE, "tuned": SIDE, "worse": False})  # fmt: skip
    Delivery.objects.filter(pk=sent.pk).update(status="delivered", ended_at=timezone.now())
    in_compare.locator("#comparison:not([hx-get])").wait_for()
    in_run.locator("#run:not([hx-get])").wait_for()
    in_delivery.locator("#delivery:not([hx-get])").wait_for()
    assert [each.moved() for each in watched] == [{}, {}, {}]
