"""Batches as they stand after submission, for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from rest_framework.test import APIClient

from extraction.options import Options
from jobs.batch_actions import submit_batch
from jobs.models import Batch, Job
from tests.jobs.making import PDF, form_file, run_job, upload
from tests.people import Organisation

URL = "/api/v1/batches"


def make_batch(
    organisation: Organisation, bodies: Sequence[bytes] = (PDF, PDF, PDF), **options: Any
) -> Batch:
    """A batch of that organisation with a queued job for each body."""
    with ExitStack() as stack:
        uploads = [
            stack.enter_context(upload(body, f"{number}.pdf"))
            for number, body in enumerate(bodies, start=1)
        ]
        return submit_batch(
            actor=organisation.actor, uploads=uploads, options=Options(**options), name="May"
        )


def jobs_of(batch: Batch) -> list[Job]:
    """Its jobs in their order."""
    return list(Job.objects.filter(batch=batch).order_by("batch_position").select_related("tenant"))


def run_all(batch: Batch) -> None:
    """Do all of its jobs."""
    for job in jobs_of(batch):
        run_job(str(job.pk))


def send(client: APIClient, files: Mapping[str, bytes], **data: Any) -> Any:
    """Submit the files, by their names."""
    sent = [form_file(body, name) for name, body in files.items()]
    return client.post(URL, {"files": sent, **data}, format="multipart")
