"""The page of engines and models: what there is, its state, its figures, and who sees them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Plan
from accounts.permissions import Role
from extraction import engines
from extraction.breaker import Standing
from jobs import engine_standings, own_engines
from jobs.engine_standings import HeldModel, OfferedEngine
from jobs.live_workers import LiveWorker
from jobs.model_reports import ModelReport, WorkerReport
from tests.jobs.comparing import make_comparison, run_comparison
from tests.learning.teaching import BASE, adapter
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]
REPORT = ModelReport(BASE, "bfloat16", "4bit", 8, 1_000_000, 3_200_000_000, True)
ENGINE = OfferedEngine("x", "X", False, True, "r", 1, None)


@pytest.fixture
def browser(acme: Organisation) -> Client:
    """The owner's."""
    client = Client()
    client.force_login(acme.owner)
    return client


def worker(pool: str, *reports: ModelReport) -> LiveWorker:
    told = WorkerReport("a GPU", 8_000_000_000, 3_000_000_000, reports) if reports else None
    return LiveWorker(f"of {pool}", pool, None, None, True, told)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("engine", "state"),
    [
        (ENGINE, "ready"),
        (replace(ENGINE, workers=None), "unknown"),
        (replace(ENGINE, workers=0), "waiting"),
        (replace(ENGINE, model=HeldModel(True, True, "", REPORT)), "warm"),
        (replace(ENGINE, model=HeldModel(True, False, "", REPORT)), "cold"),
        (replace(ENGINE, model=HeldModel(False, False, "", None)), "unrunnable"),
        (replace(ENGINE, breaker=Standing("x", "open", 5, 12.4, True)), "away"),
        (replace(ENGINE, breaker=Standing("x", "half_open", 5, 0, True)), "trial"),
        (replace(ENGINE, breaker=Standing("x", "closed", 2, 0, True)), "ready"),
    ],
)
def test_state_in_one_word(engine: OfferedEngine, state: str) -> None:
    assert engine.state == state


@pytest.mark.usefixtures("base")
def test_page_tells_how_models_are_held(
    acme: Organisation, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers = [worker("cpu"), worker("gpu", REPORT)]
    monkeypatch.setattr(engine_standings, "live_workers", lambda: workers)
    own_engines.promote(actor=acme.actor, name="ours", base=BASE, adapter=adapter(acme))
    page = browser.get("/models")
    rows = {row.engine.name: row.engine for row in page.context["rows"]}
    assert {name: row.state for name, row in rows.items()} == {
        "auto": "ready", "text-layer": "ready", "rapidocr": "ready",
        BASE: "warm", "own:ours": "warm",
    }  # fmt: skip
    assert "bfloat16, weights in 4bit" in page.text
    assert "taught by your own pages" in page.text
    monkeypatch.setattr(engine_standings, "live_workers", lambda: [worker("gpu")])
    shown = browser.get("/models").text
    assert "the weights are missing" in shown
    assert "Documents sent to it wait." in shown  # the CPU's
    monkeypatch.setattr(engine_standings, "live_workers", lambda: None)
    assert "Not known" in browser.get("/models").text


def test_a_breaker_that_is_open_is_told(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    class Open:
        name = "rapidocr"

        def state(self) -> Standing:
            return Standing("rapidocr", "open", 5, 12.4, True)

    monkeypatch.setattr(engines, "breakers", lambda: [Open()])
    shown = browser.get("/models").text
    assert "Out of order" in shown
    assert "It is asked again in 12 seconds" in shown


def test_page_has_the_engines_of_the_plan_alone(acme: Organisation, browser: Client) -> None:
    acme.tenant.plan = Plan.objects.create(name="narrow", engines=["text-layer"])
    acme.tenant.save(update_fields=["plan"])
    names = [row.engine.name for row in browser.get("/models").context["rows"]]
    assert names == ["text-layer"]
    acme.tenant.plan.engines = ["gone"]
    acme.tenant.plan.save(update_fields=["engines"])
    assert "No engine" in browser.get("/models").text


def test_figures_are_for_who_may_see_usage(acme: Organisation, browser: Client) -> None:
    empty = browser.get("/models").text
    assert "No pages were read in the last 30 days." in empty
    assert "Nobody has confirmed" in empty
    run_comparison(make_comparison(acme))
    page = browser.get("/models")
    done = {row.engine.name: row.done for row in page.context["rows"]}
    assert done["auto"].pages == done["text-layer"].pages == 1
    assert done["rapidocr"] is None
    assert "Pages of the last 30 days" in page.text
    reviewer = Client()
    reviewer.force_login(acme.join(Role.REVIEWER))
    shown = reviewer.get("/models")
    assert [row.done for row in shown.context["rows"]] == [None] * len(done)
    assert "Pages of the last 30 days" not in shown.text


def test_figures_and_own_engines_are_the_organisations(
    acme: Organisation, stranger: Organisation
) -> None:
    run_comparison(make_comparison(acme))
    other = Client()
    other.force_login(stranger.owner)
    page = other.get("/models")
    assert all(row.done is None for row in page.context["rows"])
    assert page.context["engines"] == []


def test_page_asks_the_same_of_few_and_many(acme: Organisation, browser: Client) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as context:
            browser.get("/models")
        return len(context)

    asked()
    few = asked()
    for _ in range(2):
        run_comparison(make_comparison(acme))
    assert asked() == few


def test_the_old_address_leads_here(client: Client, browser: Client) -> None:
    answer: Any = browser.get("/compare/engines")
    assert (answer.status_code, answer.headers["Location"]) == (301, "/models")
