"""Jobs as they stand after submission, for tests."""

from __future__ import annotations

import hashlib
from io import BytesIO
from typing import Any
from uuid import UUID

import pymupdf
from django.core.files.uploadedfile import SimpleUploadedFile

from extraction.options import Options
from jobs import claims
from jobs.models import Job, Task
from jobs.submit import submit_job
from jobs.tasks import run_task
from jobs.uploads import HEAD_BYTES, Upload
from tests.documents import text_pdf
from tests.people import Organisation

PDF = text_pdf(["A page of text that needs no OCR at all."])


def upload(body: bytes = PDF, name: str = "a.pdf") -> Upload:
    """The body as it arrives from the upload handler."""
    received = Upload(name, "application/octet-stream", len(body), None)
    received.write(body)
    received.seek(0)
    received.sha256 = hashlib.sha256(body).hexdigest()
    received.head = body[:HEAD_BYTES]
    return received


def make_job(organisation: Organisation, body: bytes = PDF, **options: Any) -> Job:
    """A queued job of that organisation."""
    with upload(body) as received:
        return submit_job(actor=organisation.actor, upload=received, options=Options(**options))


def claim(job: Job, worker: str = "w") -> Task:
    """The job's first waiting task, in the hands of a worker."""
    waiting = Task.objects.filter(job=job, state=Task.State.WAITING).order_by("id")
    task = claims.claim(waiting[0].pk, worker=worker)
    assert task is not None
    return task


def run_job(job_id: str) -> None:
    """Do what waits of that job, due or not, as a worker would: each task once."""
    done: set[UUID] = set()
    waiting = Task.objects.filter(job_id=job_id, state=Task.State.WAITING).order_by("id")
    while (
        task_id := waiting.exclude(pk__in=done).values_list("pk", flat=True).first()
    ) is not None:
        done.add(task_id)
        task = claims.claim(task_id, worker="w")
        if task is not None:
            run_task(task)


def form_file(body: bytes = PDF, name: str = "a.pdf") -> SimpleUploadedFile:
    """The body as a client sends it."""
    return SimpleUploadedFile(name, BytesIO(body).read())


def text_in(answer: Any, format_name: str) -> str:
    """The text of a downloaded result."""
    body = b"".join(answer)
    if format_name == "pdf":
        return str(pymupdf.open(stream=body, filetype="pdf")[0].get_text())
    return body.decode()
