"""Vision-language models as an operator switches them on: settings, a real worker, the real API."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from accounts.models import User
from extraction import engines, vision_rows
from extraction.engines.configuration import Configuration
from extraction.weights import revision_of
from jobs.live_workers import live_workers
from tests.checkpoints.digits import numbers_tiff
from tests.extraction.engines.vlm import tiny
from tests.jobs.making import form_file
from tests.people import Organisation
from tests.processes import ROOT, process, until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]
URL = "/api/v1/ocr/jobs"
NAMES = ("digits", "endless", "missing", "stuck")


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def own_models(folder: Path) -> Path:
    """The operator's file: the tiny model, the same never ending, one without weights, and one that
    writes nothing but 7 once it has written one."""
    rows = {
        "digits": {"source": str(tiny.FOLDER), "max_tokens": 40},
        "endless": {"source": str(tiny.endless(folder)), "max_tokens": 20_000},
        "missing": {"source": "acme/missing", "max_tokens": 40},
        "stuck": {"source": str(tiny.stuck_at_seven(made(folder / "stuck"))), "max_tokens": 600},
    }
    path = folder / "models.json"
    shared = {
        "title": "A tiny model",
        "instruction": tiny.READ,
        "min_pixels": tiny.model().min_pixels,
        "max_pixels": tiny.model().max_pixels,
        "licence": "Ours.",
    }
    path.write_text(json.dumps({name: shared | row for name, row in rows.items()}))
    return path


@pytest.fixture
def configuration(tmp_path: Path) -> Iterator[Configuration]:
    """What the web tier has of them, in this process."""
    rows = vision_rows.known(own_models(tmp_path))
    before = engines.configured()
    made = Configuration(
        vision=vision_rows.chosen(NAMES, rows), weights=tmp_path / "weights", hybrid_of="digits"
    )
    engines.configure(made)
    yield made
    engines.configure(before)


@pytest.fixture
def worker(configuration: Configuration, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """`manage.py worker --pool gpu`, with the settings by its environment."""
    yield from started(tmp_path)


@pytest.fixture(params=["8bit", "4bit"])
def quantised(
    request: pytest.FixtureRequest, configuration: Configuration, tmp_path: Path
) -> Iterator[str]:
    """Such a worker, its models in fewer bits: how."""
    for _ in started(tmp_path, VISION_QUANTISATION=request.param):
        yield request.param


def started(folder: Path, **more: str) -> Iterator[subprocess.Popen[str]]:
    """The worker, as long as it is needed."""
    made = process(
        "from django.core.management import call_command\ncall_command('worker', pool='gpu')",
        log=None,
        VISION_MODELS=",".join(NAMES),
        VISION_OWN_MODELS=str(folder / "models.json"),
        VISION_WEIGHTS=str(folder / "weights"),
        VISION_MEMORY_MB="1000",
        HYBRID_OF="digits",
        WORKER_THREADS="1",
        HEARTBEAT_SECONDS="1",
        MAX_ATTEMPTS="1",
        PYTHONPATH=str(ROOT),  # for its decoders, as it is not manage.py
        **more,
    )
    yield made
    made.kill()
    made.wait()


def send(organisation: Organisation, client: APIClient, engine: str, *texts: str) -> str:
    """A TIFF of pages with these numbers, to that engine; returns the job's id."""
    organisation.tenant.default_engine = engine
    organisation.tenant.save(update_fields=["default_engine"])
    file = form_file(numbers_tiff(texts, 7), "numbers.tiff")
    answer = client.post(URL, {"file": file}, format="multipart")
    assert answer.status_code == 202, answer.content
    assert answer.json()["engine"] == engine
    return str(answer.json()["id"])


def ended(client: APIClient, job: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        body: dict[str, Any] = client.get(f"{URL}/{job}").json()
        return body if body["status"] in ("succeeded", "failed", "cancelled") else None

    return until(look)


@pytest.mark.slow
def test_a_real_worker_reads_true_numbers_tells_its_progress_and_is_cancelled(
    acme: Organisation, configuration: Configuration, worker: subprocess.Popen[str]
) -> None:
    client = acme.api()
    numbers = ["417", "8265091", "074391"]
    job = send(acme, client, "digits", *numbers)
    body = ended(client, job)
    assert (body["status"], body["error"]) == ("succeeded", None)
    result = json.loads(client.get(f"{URL}/{job}/result.json").content)
    pages = result["pages"]
    assert [page["markdown"].strip() for page in pages] == numbers
    assert [[block["text"] for block in page["blocks"]] for page in pages] == [
        [number] for number in numbers
    ]
    assert {page["engine"] for page in pages} == {"digits"}
    row = configuration.vision[0]
    (revision,) = {page["revision"] for page in pages}
    assert revision.rsplit("/", 2)[0] == revision_of(row, configuration)
    assert engines.ENGINES["digits"].revision == revision_of(row, configuration)
    assert revision.rsplit("/", 2)[1:] in (["fp32", "none"], ["bf16", "none"])
    assert str(tiny.FOLDER) not in json.dumps(result)
    assert [page["tokens"] for page in pages] == [len(number) for number in numbers]
    assert all(0.9 < page["confidence"] <= 1 for page in pages)

    # what the worker has told: to the organisation, to whoever asks, to operators
    def held() -> dict[str, Any] | None:
        told = {row["name"]: row for row in client.get("/api/v1/models").json()["engines"]}
        return told if (told["digits"]["model"] or {}).get("loaded") else None

    told = until(held, 20)
    assert list(told) == ["auto", "text-layer", "rapidocr", *NAMES, "hybrid"]
    assert told["auto"] | {"revision": ""} == {
        "name": "auto",
        "title": engines.ENGINES["auto"].title,
        "default": False,
        "boxes": True,
        "revision": "",
        "workers": 0,
        "model": None,
    }
    digits = told["digits"]
    assert (digits["default"], digits["boxes"], digits["workers"]) == (True, False, 1)
    assert digits["revision"] == revision_of(row, configuration)
    memory = digits["model"].pop("memory_bytes")
    assert 600_000_000 < memory < 1_000_000_000
    assert digits["model"] == {
        "available": True,
        "loaded": True,
        "dtype": revision.split("/")[1],
        "quantisation": "none",
        "batch": 4,
        "max_pixels": row.max_pixels,
        "licence": "Ours.",
    }
    assert told["hybrid"]["boxes"] is True
    assert told["hybrid"]["model"] == digits["model"] | {"memory_bytes": memory}
    assert told["missing"]["model"]["available"] is False
    assert str(tiny.FOLDER) not in json.dumps(told)
    health = client.get("/api/v1/health").json()
    assert health["models"]["digits"] == {"workers": 1, "loaded": 1}
    (live,) = live_workers() or []
    assert live.report is not None and live.report.budget_bytes == 1_000_000_000
    browser = Client()
    browser.force_login(User.objects.create_superuser("op@example.com", "x"))
    page = browser.get(reverse("admin:operations-view")).content.decode()
    assert live.report.words in page
    assert f"digits ({revision.split('/')[1]}, none, batch 4, 0.6 GB, loaded)" in page

    # the same model and OCR on the same page: its text with places, each with what OCR says
    job = send(acme, client, "hybrid", "8265091")
    assert ended(client, job)["status"] == "succeeded"
    (page,) = json.loads(client.get(f"{URL}/{job}/result.json").content)["pages"]
    assert page["engine"] == "hybrid"
    assert page["revision"].startswith(engines.ENGINES["hybrid"].revision)
    ((block,), (line,), (word,)) = (page["blocks"], page["lines"], page["words"])
    assert {each["text"] for each in (block, line, word)} == {"8265091"}
    assert {each["grounded"] for each in (block, line, word)} == {True}
    assert block["box"] == line["box"] == word["box"]
    assert 0.5 < line["confidence"] <= 1
    assert "disagreements" not in page

    # a model that does not end: its tokens are told as they come, and it ends when it is told to
    job = send(acme, client, "endless", "8265091")

    def tokens() -> int:
        pages = client.get(f"{URL}/{job}/pages").json()
        return sum(page["tokens"] or 0 for page in pages)

    first = until(tokens)
    assert until(lambda: (now := tokens()) > first and now) < 20_000
    assert client.post(f"{URL}/{job}/cancel").status_code in (200, 202)
    assert ended(client, job)["status"] == "cancelled"

    # weights that are not there end the job and not the worker
    job = send(acme, client, "missing", "417")
    error = ended(client, job)["error"]
    assert error["code"] == "engine_unavailable"
    assert "models download missing" in error["detail"]
    job = send(acme, client, "digits", "55555")
    assert ended(client, job)["status"] == "succeeded"
    assert worker.poll() is None
    worker.terminate()
    assert worker.wait(30) == 0


@pytest.mark.slow
def test_true_numbers_in_fewer_bits_and_ocr_where_the_model_loops(
    acme: Organisation, quantised: str
) -> None:
    client, numbers = acme.api(), ["41726", "8265091", "47172"]
    jobs = [send(acme, client, name, *numbers) for name in ("digits", "stuck")]
    assert {ended(client, job)["status"] for job in jobs} == {"succeeded"}
    read, stuck = (
        json.loads(client.get(f"{URL}/{job}/result.json").content)["pages"] for job in jobs
    )
    assert [page["markdown"].strip() for page in read] == numbers
    assert {page["revision"].rsplit("/", 1)[1] for page in read} == {quantised}
    assert all(0.5 < page["confidence"] <= 1 for page in read)
    assert [page["markdown"].replace(" ", "").strip() for page in stuck] == numbers
    assert [(page["engine"], page["warnings"]) for page in stuck] == [
        ("stuck", ["model_retried"]),
        ("stuck", []),
        ("rapidocr", ["degraded", "model_looped"]),
    ]
