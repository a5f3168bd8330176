"""Comparisons as they stand after submission, for tests."""

from __future__ import annotations

from typing import Any

from extraction.options import Options
from jobs import comparisons
from jobs.comparisons import Truth
from jobs.models import Comparison
from tests.jobs.making import PDF, run_job, upload
from tests.people import Organisation


def make_comparison(
    organisation: Organisation,
    body: bytes = PDF,
    *,
    engines: tuple[str, ...] = ("auto", "text-layer"),
    truth: dict[str, Any] | None = None,
    text: str = "",
    **more: Any,
) -> Comparison:
    """A comparison whose jobs are queued."""
    with upload(body) as received:
        return comparisons.submit_comparison(
            actor=organisation.actor,
            upload=received,
            engines=engines,
            options=Options(),
            truth=Truth(truth or {}, text),
            **more,
        )


def run_comparison(comparison: Comparison) -> None:
    """Do what waits of its jobs."""
    for job in comparisons.jobs_of(comparison):
        run_job(str(job.pk))
