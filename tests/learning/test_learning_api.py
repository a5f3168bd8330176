"""The API of datasets, training runs and own engines."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs.models import Job, Task
from learning.models import Dataset, Example, TrainingRun
from tests.documents import text_pdf
from tests.jobs.making import form_file
from tests.learning.teaching import BASE, corrected_job, filled, make_training
from tests.people import Organisation

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("files", "empty_queue", "base")]
DATASETS, RUNS, ENGINES = "/api/v1/datasets", "/api/v1/training-runs", "/api/v1/own-engines"


def test_dataset_from_making_to_export_and_end(acme: Organisation) -> None:
    api = acme.api("training:write", "jobs:read")
    corrected_job(acme)
    made = api.post(DATASETS, {"name": "invoices", "base": BASE})
    assert made.status_code == 201
    body = made.json()
    assert made["Location"] == body["links"]["self"] == f"http://testserver{DATASETS}/{body['id']}"
    url = f"{DATASETS}/{body['id']}"
    assert api.post(f"{url}/corrections").json()["added"] == 1
    sent = api.post(
        f"{url}/examples",
        {"file": form_file(text_pdf(["one", "two"])), "page": 2, "text": " two\n"},
        format="multipart",
    )
    assert sent.status_code == 201
    assert (sent.json()["page"], sent.json()["text"]) == (2, " two\n")
    now = api.get(url).json()
    assert now["version"] == 2 and sum(now["examples"].values()) == 2
    rows = api.get(f"{url}/examples").json()["results"]
    assert [row["source"] for row in rows] == ["upload", "correction"]
    answer: Any = api.get(f"{url}/export")
    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    assert len(archive.read("examples.jsonl").splitlines()) == 2
    assert answer["Content-Disposition"] == 'attachment; filename="invoices.zip"'
    assert api.delete(f"{url}/examples/{rows[0]['id']}").status_code == 204
    assert sum(api.get(url).json()["examples"].values()) == 1
    assert api.delete(url).status_code == 204
    assert api.get(url).status_code == 404 and not Example.objects.exists()


def test_what_is_no_dataset_or_example_is_refused(acme: Organisation) -> None:
    api = acme.api()
    wrong = api.post(DATASETS, {"name": "x", "base": "auto"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "invalid_option")
    pk = filled(acme, "invoices", 1).pk
    assert api.post(DATASETS, {"name": "invoices", "base": BASE}).json()["code"] == "dataset_exists"
    for body, code in (
        ({"file": form_file(), "text": "x" * 50_001}, "invalid_option"),
        ({"file": form_file(), "text": "a\x00b"}, "invalid_option"),
        ({"file": form_file(), "text": "  "}, "invalid_option"),
        ({"file": form_file(), "text": "x", "page": 0}, "invalid_option"),
        ({"text": "x"}, "invalid_option"),
        ({"file": form_file(b"MZ no document"), "text": "x"}, "unsupported_type"),
    ):
        answer = api.post(f"{DATASETS}/{pk}/examples", body, format="multipart")
        assert answer.status_code >= 400 and answer.json()["code"] == code, body
    assert Example.objects.count() == 1


def test_the_same_request_again_makes_nothing_again(acme: Organisation) -> None:
    api, pk = acme.api(), filled(acme).pk
    for url, body, how in (
        (DATASETS, {"name": "x", "base": BASE}, "json"),
        (f"{DATASETS}/{pk}/examples", {"file": form_file(), "text": "x"}, "multipart"),
        (RUNS, {"dataset": str(pk)}, "json"),
    ):
        key: Any = {"HTTP_IDEMPOTENCY_KEY": str(uuid4())}
        first = api.post(url, body, format=how, **key)
        assert first.status_code in (201, 202), first.content
        if "file" in body:
            body = {**body, "file": form_file()}
        again = api.post(url, body, format=how, **key)
        assert (again.status_code, again.json()["id"]) == (first.status_code, first.json()["id"])
        assert again["Idempotency-Replayed"] == "true"
    assert (Dataset.objects.count(), TrainingRun.objects.count()) == (2, 1)


def test_run_takes_what_training_takes_and_tells_how_it_stands(acme: Organisation) -> None:
    api, pk = acme.api(), filled(acme).pk
    for wrong in ({"epochs": 0}, {"rank": 1.5}, {"quantisation": "2bit"}, {"learning_rate": "x"}):
        answer = api.post(RUNS, {"dataset": str(pk), **wrong}, format="json")
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_option"), wrong
    missing = api.post(RUNS, {"dataset": str(uuid4())}, format="json")
    assert missing.status_code == 400
    begun = api.post(RUNS, {"dataset": str(pk), "epochs": 2, "max_seconds": 60}, format="json")
    assert begun.status_code == 202
    body = begun.json()
    assert (body["status"], body["max_seconds"], body["options"]["epochs"]) == ("queued", 60, 2)
    assert api.post(RUNS, {"dataset": str(pk)}, format="json").json()["code"] == "training_open"
    url = f"{RUNS}/{body['id']}"
    assert api.delete(url).json()["code"] == "training_open"
    assert api.post(f"{url}/cancel").json()["status"] == "cancelled"
    assert api.post(f"{url}/cancel").json()["code"] == "already_ended"
    assert api.post(f"{url}/promote", {"engine": "x"}).json()["code"] == "not_trained"
    assert [row["id"] for row in api.get(f"{RUNS}?status=cancelled").json()["results"]] == [
        body["id"]
    ]
    assert api.get(f"{RUNS}?status=x").status_code == 400
    assert api.delete(url).status_code == 204


def test_engine_is_listed_promoted_rolled_back_and_deleted(acme: Organisation) -> None:
    api, run = acme.api(), make_training(acme)
    done = api.post(f"{RUNS}/{run.pk}/promote", {"engine": "mine"}).json()
    assert run.adapter is not None
    assert (done["engine"]["engine"], done["engine"]["active"], done["warning"]) == (
        "own:mine",
        run.adapter.sha256,
        None,
    )
    told = api.get(f"{RUNS}/{run.pk}").json()
    assert told["losses"] == [{"step": 1, "loss": 2.0}, {"step": 2, "loss": 1.0}]
    assert told["evaluation"]["tuned"]["similarity"] == 0.5
    names = [row["name"] for row in api.get(ENGINES).json()["engines"]]
    assert "mine" in names
    models = {row["name"]: row for row in api.get("/api/v1/models").json()["engines"]}
    assert run.adapter.sha256 in models["own:mine"]["revision"]
    assert api.post(f"{ENGINES}/mine/rollback").json()["active"] is None
    assert api.post(f"{ENGINES}/mine/rollback").json()["code"] == "nothing_to_roll_back"
    assert api.delete(f"{ENGINES}/mine").status_code == 204
    assert api.get(f"{ENGINES}/mine").status_code == 404


def test_strangers_know_nothing_of_it(acme: Organisation, stranger: Organisation) -> None:
    run = make_training(acme)
    acme.api().post(f"{RUNS}/{run.pk}/promote", {"engine": "mine"})
    api = stranger.api()
    foreign = api.post(RUNS, {"dataset": str(run.dataset_id)}, format="json")
    missing = api.post(RUNS, {"dataset": str(uuid4())}, format="json")
    assert foreign.content == missing.content and foreign.status_code == 400
    for engine in ("own:mine", "own:none"):
        answer = api.post(
            "/api/v1/ocr/jobs", {"file": form_file(), "engine": engine}, format="multipart"
        )
        assert answer.status_code == 400
        assert answer.json()["detail"].startswith(f"engine '{engine}' is not one of:")
    compared = api.post(
        "/api/v1/compare", {"file": form_file(), "engines": "auto,own:mine"}, format="multipart"
    )
    assert compared.status_code == 400
    batch = api.post(
        "/api/v1/batches", {"files": form_file(), "engine": "own:mine"}, format="multipart"
    )
    assert batch.status_code == 400


def test_a_job_keeps_the_adapter_of_its_submission(acme: Organisation) -> None:
    api, run = acme.api(), make_training(acme)
    api.post(f"{RUNS}/{run.pk}/promote", {"engine": "mine"})
    sent = api.post(
        "/api/v1/ocr/jobs", {"file": form_file(), "engine": "own:mine"}, format="multipart"
    )
    assert sent.status_code == 202 and sent.json()["engine"] == "own:mine"
    api.post(f"{ENGINES}/mine/rollback")
    job = Job.objects.get(pk=sent.json()["id"])
    assert job.adapter_id == run.adapter_id
    assert Task.objects.get(job=job).pool == "gpu"


def test_lists_ask_as_much_of_one_row_as_of_many(acme: Organisation) -> None:
    api = acme.api()
    api.get(DATASETS)  # notes that the key was used
    counts = []
    for _ in range(2):
        make_training(acme)
        for url in (DATASETS, RUNS, ENGINES, "/api/v1/models"):
            with CaptureQueriesContext(connection) as asked:
                assert api.get(url).status_code == 200
            counts.append(len(asked))
    assert counts[:4] == counts[4:]


def test_compared_and_batched_by_own_engines(acme: Organisation) -> None:
    api, run = acme.api(), make_training(acme)
    api.post(f"{RUNS}/{run.pk}/promote", {"engine": "mine"})
    compared = api.post(
        "/api/v1/compare", {"file": form_file(), "engines": "auto,own:mine"}, format="multipart"
    )
    assert compared.status_code == 202, compared.content
    assert [part["engine"] for part in compared.json()["engines"]] == ["auto", "own:mine"]
    batch = api.post(
        "/api/v1/batches", {"files": form_file(), "engine": "own:mine"}, format="multipart"
    )
    assert batch.status_code == 202, json.loads(batch.content)
