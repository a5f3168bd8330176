"""Models, comparisons and fine-tuning in a browser."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.permissions import Role
from learning.models import RunStatus, TrainingRun
from tests.jobs.comparing import make_comparison, run_comparison
from tests.learning.teaching import make_training
from tests.pages.visiting import DESKTOP, PHONE, Visits, overflow, violations
from tests.people import Organisation

pytestmark = pytest.mark.usefixtures("base")


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "dark"), (DESKTOP, "light")])
def test_models_and_comparisons(
    visits: Visits, acme: Organisation, size: tuple[int, int], scheme: str
) -> None:
    page = visits.open(acme.owner, "/models", size=size, scheme=scheme)
    assert page.get_by_text("No pages were read").is_visible()
    assert violations(page) == []
    page.goto("/compare")
    assert page.get_by_text("No comparisons yet").is_visible()
    assert violations(page) == []

    made = make_comparison(acme)
    page.goto(f"/compare/{made.pk}")
    assert page.get_by_text("appear when all engines have ended").is_visible()
    assert violations(page) == []
    run_comparison(made)
    page.get_by_role("heading", name="Fields").wait_for()  # the page looks by itself
    assert violations(page) == []
    assert overflow(page) == 0
    beside = page.get_by_role("navigation", name="Mark differences from").get_by_role("link")
    beside.last.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**base=**")
    assert beside.last.get_attribute("aria-current") == "true"

    page.goto("/models")
    assert page.get_by_role("heading", name="auto").is_visible()
    page.get_by_text("What exactly reads").first.click()
    assert violations(page) == []
    assert overflow(page) == 0
    page.get_by_role("main").get_by_role("link", name="Compare").first.click()
    page.wait_for_url("**/compare")
    assert violations(page) == []
    assert overflow(page) == 0


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "light"), (DESKTOP, "dark")])
def test_fine_tuning(
    visits: Visits, acme: Organisation, size: tuple[int, int], scheme: str
) -> None:
    page = visits.open(acme.owner, "/fine-tuning", size=size, scheme=scheme)
    assert page.get_by_text("None yet.").is_visible()
    assert violations(page) == []
    run = make_training(acme)
    page.goto("/fine-tuning")
    assert violations(page) == []
    assert overflow(page) == 0
    page.goto(f"/fine-tuning/datasets/{run.dataset_id}")
    assert violations(page) == []
    assert overflow(page) == 0
    begun = timezone.now() - timedelta(seconds=9)
    TrainingRun.objects.filter(pk=run.pk).update(
        status=RunStatus.RUNNING, steps=20, step=9, losses=[(1, 2.5), (5, 1.0), (9, 0.4)],
        started_at=begun, finished_at=None,
    )  # fmt: skip
    page.goto(f"/fine-tuning/runs/{run.pk}")
    assert page.get_by_role("img", name="Loss from 2.5 at step 1").is_visible()
    assert violations(page) == []
    side = {"similarity": 0.9, "exact": 0.5, "seconds": 2.0, "lessons": 3}
    TrainingRun.objects.filter(pk=run.pk).update(
        status=RunStatus.SUCCEEDED, adapter=run.adapter,
        evaluation={"base": side, "tuned": {**side, "similarity": 0.97}, "worse": False},
    )  # fmt: skip
    page.get_by_role("heading", name="On the pages held out").wait_for()
    assert violations(page) == []
    assert overflow(page) == 0
    page.get_by_label("Engine to read with it").fill("ours")
    page.keyboard.press("Enter")
    page.wait_for_url("**/fine-tuning")
    assert page.get_by_text("own:ours reads with this training from now on.").is_visible()
    assert violations(page) == []
    page.goto("/models")
    assert page.get_by_role("heading", name="own:ours").is_visible()
    assert violations(page) == []


def test_who_only_looks_on_changes_nothing(visits: Visits, acme: Organisation) -> None:
    run = make_training(acme)
    page = visits.open(acme.join(Role.VIEWER), "/compare")
    assert page.get_by_role("button", name="Compare").count() == 0
    for path in ("/fine-tuning", f"/fine-tuning/datasets/{run.dataset_id}"):
        page.goto(path)
        assert page.locator("main form").count() == 0
        assert violations(page) == []
