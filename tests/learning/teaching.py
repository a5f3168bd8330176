"""Corrected jobs, datasets and runs, for tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

from accounts.identifiers import uuid7
from extraction import engines
from extraction.engines.configuration import Configuration
from jobs import corrections as said
from jobs import storage
from jobs.corrections import Change
from jobs.models import Job, Review, StoredFile, TenantEngine
from learning import datasets, files
from learning.models import Dataset, Example, RunStatus, TrainingRun
from tests.documents import text_pdf
from tests.extraction.engines.vlm import tiny
from tests.jobs.making import upload
from tests.jobs.reviewing import page, read_job
from tests.people import Organisation

BASE = "tiny"
TEXT = "# Invoice A\\-4711\n\nNet 100,00 EUR\n\nTotal 19,00 EUR"
RIGHT = "# Invoice A-4711\n\nNet 100,00 EUR\n\nTotal 119,00 EUR"


@contextmanager
def taught() -> Iterator[Configuration]:
    """The tiny model switched on, in this process."""
    before = engines.configured()
    made = tiny.configuration(tiny.model())
    engines.configure(made)
    try:
        yield made
    finally:
        engines.configure(before)


def corrected_job(organisation: Organisation, text: str = TEXT, body: bytes | None = None) -> Job:
    """A job that read 19,00 where a person has said since, and confirmed, that it is 119,00."""
    more: dict[str, Any] = {} if body is None else {"body": body}
    job = read_job(organisation, pages=(replace(page(), markdown=text),), **more)
    said.correct(
        job,
        "total_amount",
        change=Change(version=0, raw="119,00 EUR"),
        actor=organisation.actor,
    )
    Review.objects.filter(job=job).update(status=Review.Status.CONFIRMED)
    return job


def dataset(organisation: Organisation, name: str = "invoices") -> Dataset:
    """An empty one."""
    return datasets.create(actor=organisation.actor, name=name, base=BASE)


def filled(
    organisation: Organisation, name: str = "invoices", count: int = 6, *, sides: bool = True
) -> Dataset:
    """One with so many examples; ``sides`` are not left to chance."""
    made = dataset(organisation, name)
    for number in range(count):
        body = text_pdf([f"{name}, {number}"])
        with upload(body, f"{number}.pdf") as received:
            datasets.add_upload(
                dataset=made,
                upload=received,
                page=1,
                text=f"page {number}",
                actor=organisation.actor,
            )
    if sides:
        first = Example.objects.filter(dataset=made).order_by("pk")[:1].values("pk")
        Example.objects.filter(dataset=made).update(held_out=False)
        Example.objects.filter(pk__in=first).update(held_out=True)
    made.refresh_from_db()
    return made


def adapter(organisation: Organisation, content: bytes = b"an adapter") -> StoredFile:
    """A file as a run keeps it."""
    with upload(content, "adapter.tar") as received:
        file = StoredFile(
            tenant=organisation.tenant,
            name="adapter.tar",
            media_type="application/x-tar",
            size=received.size or 0,
            sha256=received.sha256,
        )
        file.key = storage.upload_key(organisation.tenant.pk, file.pk)
        storage.put_upload(file.key, received)
    files.save(file, capped=False)
    return file


def make_training(organisation: Organisation, *, pk: UUID | None = None) -> TrainingRun:
    """A run that has ended, its dataset with an example, and an engine that could be rolled back;
    of that id all of them, if one is given."""
    pk, tenant = pk or uuid7(), organisation.tenant
    kept = Dataset.objects.create(pk=pk, tenant=tenant, name=f"of-{pk}", base=BASE)
    file, other = adapter(organisation), adapter(organisation)
    Example.objects.create(
        pk=pk,
        tenant=tenant,
        dataset=kept,
        file=adapter(organisation),
        page=1,
        text="right",
        held_out=False,
        source=Example.Source.UPLOAD,
    )
    TenantEngine.objects.create(tenant=tenant, name=f"of-{pk}", base=BASE, active=other)
    return TrainingRun.objects.create(
        pk=pk,
        tenant=tenant,
        dataset=kept,
        dataset_version=1,
        examples=[pk],
        digest="0" * 64,
        base=BASE,
        options={},
        status=RunStatus.SUCCEEDED,
        most_seconds=60,
        adapter=file,
        evaluation={
            side: {"lessons": 1, "similarity": 0.5, "exact": 0.0, "seconds": 1.0}
            for side in ("base", "tuned")
        }
        | {"worse": False},
        losses=[[1, 2.0], [2, 1.0]],
        step=2,
        steps=2,
    )
