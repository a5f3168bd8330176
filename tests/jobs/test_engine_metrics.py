"""How engines do: figures over pages and corrections, counted by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from extraction.types import Failure, Page
from jobs import claims, tallies
from jobs.engine_metrics import scored
from jobs.models import Job
from jobs.models import Page as PageRow
from ocrsite.metrics import JobsCollector
from tests.jobs.making import claim, make_job
from tests.jobs.reviewing import money, page, read_job, value
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]
MODELS, BOARD = "/api/v1/metrics/models", "/api/v1/metrics/leaderboard"
FAILED = Failure("engine_failed", "It failed", "")


def read_pages(acme: Organisation, *pages: Page, engine: str = "rapidocr") -> Job:
    """A job of which these pages have been read."""
    task = claim(make_job(acme, engine=engine))
    for each in pages:
        claims.page_done(task, each, None)
    return task.job


def of(number: int, seconds: float, revision: str = "r1", **more: Any) -> Page:
    return Page(number, engine="rapidocr", revision=revision, seconds=seconds, **more)


def models(acme: Organisation, **query: str) -> Any:
    answer = acme.api("usage:read").get(MODELS, query)
    assert answer.status_code == 200, answer.json()
    return answer.json()["engines"]


def test_pages_times_and_failures_are_told_by_engine_and_revision(
    acme: Organisation, stranger: Organisation
) -> None:
    read_pages(
        acme,
        of(1, 1.0, confidence=0.9, tokens=100),
        of(2, 2.0, confidence=0.7, tokens=50),
        of(3, 3.0, confidence=0.1, warnings=("degraded", "model_looped"), revision="r2"),
        of(4, 99.0, error=FAILED),
        Page(5, error=FAILED),  # not decoded: no engine's
    )
    read_pages(acme, of(1, 0.5, confidence=None), engine="auto")
    read_pages(stranger, of(1, 500.0))
    auto, rapid = models(acme)
    assert (auto["engine"], auto["done"]["pages"], auto["done"]["p95"]) == ("auto", 1, 0.5)
    assert rapid["done"] == {
        "pages": 4, "failed": 1, "degraded": 1, "seconds": 6.0, "p50": 2.0, "p95": 2.9,
        "tokens": 150, "tokens_a_second": 50.0, "confidence": 0.8,
    }  # fmt: skip
    assert [(row["revision"], row["done"]["pages"]) for row in rapid["revisions"]] == [
        ("r1", 3), ("r2", 1)
    ]  # fmt: skip
    assert rapid["revisions"][1]["done"]["degraded"] == 1


def test_results_taken_over_and_other_days_are_left_out(acme: Organisation) -> None:
    job = read_pages(acme, of(1, 1.0))
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
    assert models(acme, to=tomorrow)[0]["done"]["pages"] == 1
    week = (datetime.now(UTC) - timedelta(days=7)).date().isoformat()
    assert models(acme, **{"from": week[:4] + "-01-01", "to": week}) == []
    Job.objects.filter(pk=job.pk).update(cached=True)
    assert models(acme) == []


@pytest.mark.parametrize(
    "query",
    [
        {"from": "x"},
        {"from": "2026-02-01", "to": "2026-01-01"},
        {"from": "2020-01-01", "to": "2026-01-01"},
        {"from": "0001-01-01", "to": "0001-01-02"},
    ],
)
@pytest.mark.parametrize("url", [MODELS, BOARD])
def test_spans_that_cannot_be_are_refused(
    url: str, query: dict[str, str], acme: Organisation
) -> None:
    answer = acme.api().get(url, query)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_option")


def test_leaderboard_counts_what_people_left_as_it_was_read(
    acme: Organisation, stranger: Organisation
) -> None:
    job = read_job(acme, pages=(page(),))
    api = acme.api()
    fields = f"/api/v1/ocr/jobs/{job.pk}/fields/"

    def say(name: str, version: int, **said: Any) -> None:
        answer = api.put(fields + name, {"version": version, "force": True, **said})
        assert answer.status_code == 200, answer.json()

    say("invoice_number", 0, raw="A-4711")  # as it was read: confirmed
    say("subtotal", 0, value=money("100.00"))
    say("total_amount", 0, value=money("119.00"))  # read as 19
    say("tax_amount", 0, value=money("18.00"))
    say("tax_amount", 1, value=money("19.00"))  # back to what was read
    say("issuer_name", 0, raw=None)  # was read, but is not there
    say("due_date", 0, raw=None)  # was not read, and is not there
    say("invoice_date", 0, raw="31.01.2026")  # missed
    read_job(stranger, value("iban", "iban", "x", "x"))
    (row,) = api.get(BOARD).json()["engines"]
    assert (row["engine"], row["revision"]) == ("auto", "1")
    assert (row["overall"]["fields"], row["overall"]["right"]) == (7, 4)
    right = {name: each["right"] for name, each in row["by_field"].items()}
    assert right == {
        "due_date": 1, "invoice_date": 0, "invoice_number": 1, "issuer_name": 0,
        "subtotal": 1, "tax_amount": 1, "total_amount": 0,
    }  # fmt: skip
    assert stranger.api().get(BOARD).json()["engines"] == []


@pytest.mark.parametrize(
    ("right", "count", "low", "high"),
    # Wilson's interval at z = 1.96, by hand
    [(5, 10, 0.2366, 0.7634), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (1, 1, 0.2065, 1.0)],
)
def test_interval_is_wilsons(right: int, count: int, low: float, high: float) -> None:
    found = scored(count, right)
    assert (found.low, found.high) == (low, high)


def test_operators_count_every_page_for_good(acme: Organisation) -> None:
    job = read_pages(
        acme,
        of(1, 0.3, tokens=7),
        of(2, 400.0, warnings=("degraded",)),
        of(3, 1.0, error=FAILED),
        Page(4, error=FAILED),
    )
    job.delete()
    assert PageRow.objects.count() == 0
    (tally,) = tallies.totals()
    assert (tally.read, tally.degraded, tally.failed, tally.tokens) == (1, 1, 1, 7)
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for metric in JobsCollector().collect()
        if metric.name.startswith("ocrsite_engine")
        for sample in metric.samples
    }
    assert found["ocrsite_engine_pages_total", "rapidocr", "degraded"] == 1
    assert found["ocrsite_engine_tokens_total", "rapidocr"] == 7
    assert found["ocrsite_engine_page_seconds_sum", "rapidocr"] == pytest.approx(400.3)
    buckets = {key[-1]: count for key, count in found.items() if "bucket" in key[0]}
    assert (buckets["0.25"], buckets["0.5"], buckets["300.0"], buckets["+Inf"]) == (0, 1, 1, 2)
