"""Corrected jobs, datasets and runs, for tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from extraction import engines
from extraction.engines.configuration import Configuration
from jobs import corrections as said
from jobs import storage
from jobs.corrections import Change
from jobs.models import Job, Review, StoredFile
from learning import datasets
from learning.models import Dataset
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


def filled(organisation: Organisation, name: str = "invoices", count: int = 12) -> Dataset:
    """One with so many examples, on both sides."""
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
    file.save()
    return file
