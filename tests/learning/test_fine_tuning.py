"""From corrections to an engine that reads otherwise: real trainers, one of them killed.

The tiny model reads numbers. The people of acme want each with a 0 before it, and say so.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from accounts.models import UsageRecord
from extraction import engines, vision_rows
from extraction.engines.configuration import Configuration
from extraction.training import TrainingSettings
from extraction.types import Classification, Document, Part, Source
from jobs import claims, lifecycle, reconciliation, storage
from jobs import corrections as said
from jobs.corrections import Change
from jobs.models import Job, Review
from learning import datasets, runs, trainer
from learning.models import Example, RunStatus, TrainingRun
from tests.checkpoints.digits import number, numbers_tiff
from tests.extraction.engines.vlm import tiny
from tests.jobs.making import claim, form_file, make_job, run_job, upload
from tests.jobs.reviewing import page, value
from tests.people import Organisation
from tests.processes import ROOT, process, until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]
PAGES = 80
OPTIONS = {
    "alpha": 64,
    "dropout": 0.0,
    "learning_rate": 5e-3,
    "epochs": 8,
    "batch": 4,
    "accumulate": 1,
    "checkpoint_steps": 5,
}
KIND = Classification("invoice", "Invoice", 0.98)


def corrected(organisation: Organisation) -> Job:
    """Numbers that were read right, and for each a person who says that a 0 belongs before it."""
    rng = random.Random(1)
    texts = [number(rng, rng.randint(3, 4)) for _ in range(PAGES)]
    texts = [text if text[0] != "0" else f"1{text[1:]}" for text in texts]
    job = make_job(organisation, numbers_tiff(texts, 2), split=True)
    task = claim(job)
    pages = tuple(
        replace(page(place), markdown=text, lines=()) for place, text in enumerate(texts, 1)
    )
    for each in pages:
        claims.page_done(task, each, None)
    values = tuple(
        value("invoice_number", "id", text, text, page=place, document=place, box=None)
        for place, text in enumerate(texts, 1)
    )
    parts = tuple(Part(place, (place,), 1.0, KIND) for place in range(1, PAGES + 1))
    source = Source("numbers.tiff", "image/tiff", "0" * 64, PAGES)
    lifecycle.finish(task, Document(source, pages, values, KIND, documents=parts))
    job.refresh_from_db()
    for place, text in enumerate(texts, 1):
        said.correct(
            job,
            "invoice_number",
            change=Change(version=0, raw=f"0{text}"),
            actor=organisation.actor,
            document=place,
        )
    Review.objects.filter(job=job).update(status=Review.Status.CONFIRMED)
    return job


@pytest.fixture
def models(tmp_path: Path, settings: Settings) -> Iterator[Path]:
    """The operator's file with the tiny model, switched on in this process too."""
    row = tiny.model()
    path = tmp_path / "models.json"
    told = {
        "source": str(tiny.FOLDER),
        "title": "A tiny model",
        "instruction": tiny.READ,
        "min_pixels": row.min_pixels,
        "max_pixels": row.max_pixels,
        "max_tokens": 40,
        "licence": "Ours.",
    }
    path.write_text(json.dumps({"digits": told}))
    settings.ADAPTERS_DIR = tmp_path / "adapters"
    settings.WORKER_THREADS = 1
    settings.RESULT_CACHE_SECONDS = 3600
    before = engines.configured()
    engines.configure(Configuration(vision=vision_rows.chosen(["digits"], vision_rows.known(path))))
    yield path
    engines.configure(before)


def started(models: Path, machine: str) -> subprocess.Popen[str]:
    """`manage.py trainer` on a machine of that name: with a disk of its own."""
    return process(
        "from django.core.management import call_command\ncall_command('trainer', burst=True)",
        VISION_MODELS="digits",
        VISION_OWN_MODELS=str(models),
        VISION_MEMORY_MB="1000",
        WORKER_THREADS="1",
        HEARTBEAT_SECONDS="1",
        LEASE_SECONDS="3",
        TRAINING_KEEP_SECONDS="0",
        TRAINING_DIR=str(models.parent / machine / "training"),
        ADAPTERS_DIR=str(models.parent / machine / "adapters"),
        PYTHONPATH=str(ROOT),  # for its decoders, as it is not manage.py
    )


def read(organisation: Organisation, engine: str, texts: list[str]) -> tuple[list[str], Job]:
    """What the engine writes for pages with these numbers, through the API and a worker's code."""
    answer = organisation.api().post(
        "/api/v1/ocr/jobs",
        {"file": form_file(numbers_tiff(texts, 9), "n.tiff"), "engine": engine},
        format="multipart",
    )
    assert answer.status_code in (200, 202), answer.content  # 200: from the cache
    run_job(answer.json()["id"])
    job = Job.objects.get(pk=answer.json()["id"])
    assert job.status == "succeeded", job.error
    pages = job.pages.order_by("number").values_list("content__markdown", flat=True)
    return [text.strip() for text in pages], job


def refused(organisation: Organisation, engine: str) -> dict[str, Any]:
    """The problem that another organisation gets."""
    answer = organisation.api().post(
        "/api/v1/ocr/jobs", {"file": form_file(), "engine": engine}, format="multipart"
    )
    assert answer.status_code == 400, answer.content
    problem: dict[str, Any] = answer.json()
    return problem


@pytest.mark.slow
def test_corrections_teach_an_engine_of_their_own_and_of_nobody_else(
    acme: Organisation, stranger: Organisation, models: Path
) -> None:
    api = acme.api()
    corrected(acme)
    made = api.post("/api/v1/datasets", {"name": "numbers", "base": "digits"}).json()
    found = api.post(f"/api/v1/datasets/{made['id']}/corrections").json()
    assert found == {"added": PAGES, "changed": 0, "unchanged": 0, "skipped": 0}
    begun = api.post("/api/v1/training-runs", {"dataset": made["id"], **OPTIONS}, format="json")
    assert begun.status_code == 202, begun.content
    url = f"/api/v1/training-runs/{begun.json()['id']}"
    run = TrainingRun.objects.get()

    first = started(models, "first")
    try:
        until(lambda: TrainingRun.objects.filter(step__gte=10, checkpoint__isnull=False).first())
    finally:
        first.send_signal(signal.SIGKILL)
        first.wait()
    killed = TrainingRun.objects.select_related("checkpoint").get()
    assert killed.status == RunStatus.RUNNING and killed.step < killed.steps
    assert api.get(url).json()["losses"], "the loss was told while it ran"
    assert api.post(f"{url}/promote", {"engine": "numbers"}).status_code == 409

    second = started(models, "second")
    assert second.wait(180) == 0
    run.refresh_from_db()
    assert run.status == RunStatus.SUCCEEDED, run.error
    assert run.attempt == 3 and run.step == run.steps  # claimed twice, ended
    kept = int(killed.checkpoint.name.split("-")[1]) if killed.checkpoint else 0
    assert kept >= 5
    again = [step for step, _ in run.losses]
    assert again == sorted(set(again)) and again[0] == 1, "one curve over both trainers"
    body = api.get(url).json()
    measured = body["evaluation"]
    assert measured["base"]["exact"] == 0 and measured["tuned"]["exact"] > 0.5
    assert not measured["worse"] and measured["tuned"]["similarity"] > 0.9
    (bill,) = UsageRecord.objects.filter(engine="training")
    assert (bill.job_id, bill.pages, bill.outcome) == (run.pk, 0, "succeeded")
    assert bill.compute_seconds == pytest.approx(run.seconds) and run.seconds > 1
    assert reconciliation.differences() == []

    texts = ["417", "8265"]
    assert read(acme, "digits", texts)[0] == texts
    unknown = refused(acme, "own:numbers")
    promoted = api.post(f"{url}/promote", {"engine": "numbers"})
    assert promoted.status_code == 200 and promoted.json()["warning"] is None
    taught = [f"0{text}" for text in texts]
    answered, job = read(acme, "own:numbers", texts)
    assert answered == taught
    assert job.adapter_id == run.adapter_id
    assert {page.engine for page in job.pages.all()} == {"own:numbers"}
    assert read(acme, "digits", texts)[0] == texts, "the base is as it was"
    assert refused(stranger, "own:numbers")["detail"] == unknown["detail"]
    assert read(stranger, "digits", texts)[0] == texts
    listed = [row["name"] for row in api.get("/api/v1/models").json()["engines"]]
    assert "own:numbers" in listed
    others = [row["name"] for row in stranger.api().get("/api/v1/models").json()["engines"]]
    assert "own:numbers" not in others

    assert api.delete(url).status_code == 409, "an engine reads with it"
    rolled = api.post("/api/v1/own-engines/numbers/rollback")
    assert rolled.status_code == 200 and rolled.json()["active"] is None
    assert read(acme, "own:numbers", texts)[0] == texts
    assert api.post("/api/v1/own-engines/numbers/rollback").status_code == 409


@pytest.mark.slow
def test_trainer_that_is_told_to_end_leaves_its_run_to_the_next(
    acme: Organisation, models: Path, settings: Settings, tmp_path: Path
) -> None:
    settings.HEARTBEAT_SECONDS, settings.TRAINING_DIR = 1, tmp_path / "one"
    rng = random.Random(5)
    made = datasets.create(actor=acme.actor, name="few", base="digits")
    for place in range(7):
        text = number(rng, 3 if place < 6 else 99)  # more than the model writes
        with upload(numbers_tiff([text[:3]], place), f"{place}.tiff") as received:
            datasets.add_upload(dataset=made, upload=received, page=1, text=text, actor=acme.actor)
    first = Example.objects.order_by("pk").first()
    Example.objects.update(held_out=False)
    assert first is not None
    Example.objects.filter(pk=first.pk).update(held_out=True)
    options = TrainingSettings(rank=4, epochs=3, accumulate=1, checkpoint_steps=1)
    run = runs.submit(actor=acme.actor, dataset=made, options=options)

    class EndsSoon(threading.Event):
        """Told to end a little after the training has begun."""

        def is_set(self) -> bool:
            begun = list((tmp_path / "one").glob("*/checkpoints/*.safetensors"))
            return super().is_set() or bool(begun)

    held = runs.claim("one")
    assert held is not None
    trainer.work(held, EndsSoon())
    run.refresh_from_db()
    assert (run.status, run.step, run.attempt) == (RunStatus.QUEUED, 1, 1)
    assert run.checkpoint is not None and storage.read(run.checkpoint.key)
    assert not UsageRecord.objects.filter(job_id=run.pk).exists()

    settings.TRAINING_DIR = tmp_path / "two"  # another machine
    held = runs.claim("two")
    assert held is not None
    trainer.work(held, threading.Event())
    run.refresh_from_db()
    assert (run.status, run.step, run.error) == (RunStatus.SUCCEEDED, 15, None)
    assert [step for step, _ in run.losses] == list(range(1, 16))
    long = Example.objects.order_by("-pk")[0]
    assert run.skipped == [{"example": str(long.pk), "code": "text_too_long"}]
    assert run.checkpoint is None, "it is needed no more"
    assert UsageRecord.objects.get(job_id=run.pk).compute_seconds == pytest.approx(run.seconds)
