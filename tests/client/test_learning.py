"""Fine-tuning through the client: datasets, runs, and the engines that come of them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from learning.models import Dataset, TrainingRun
from ocrsite_client import ApiError, Client, Conflict, NotFound, WaitTimeout
from tests.documents import text_pdf
from tests.learning.teaching import BASE, corrected_job, filled, make_training
from tests.people import Organisation

pytestmark = pytest.mark.usefixtures("base")


@pytest.fixture
def site(idle_site: Client) -> Client:
    """Without a worker, which would take the jobs that these tests make."""
    return idle_site


def test_dataset_is_filled_exported_and_deleted(
    site: Client, acme: Organisation, tmp_path: Path
) -> None:
    corrected_job(acme)
    made = site.create_dataset("invoices", BASE, idempotency_key="ours")
    assert site.create_dataset("invoices", BASE, idempotency_key="ours")["id"] == made["id"]
    assert site.add_corrections(made)["added"] == 1
    path = tmp_path / "pages.pdf"
    path.write_bytes(text_pdf(["one", "two"]))
    added = site.add_example(made, path, " two\n", page=2)
    assert (added["page"], added["text"], added["document"]) == (2, " two\n", "pages.pdf")
    assert sum(site.dataset(made["id"])["examples"].values()) == 2
    assert [each["source"] for each in site.examples(made)] == ["upload", "correction"]
    with zipfile.ZipFile(site.export_dataset(made, tmp_path / "ours.zip")) as packed:
        assert len(packed.read("examples.jsonl").splitlines()) == 2
    site.delete_example(made, added)
    assert [each["source"] for each in site.examples(made)] == ["correction"]
    assert [each["id"] for each in site.datasets()] == [made["id"]]
    site.delete_dataset(made)
    assert not Dataset.objects.exists()


def test_run_is_begun_waited_for_and_cancelled(site: Client, acme: Organisation) -> None:
    dataset = str(filled(acme).pk)
    with pytest.raises(ApiError, match="epochs"):
        site.train(dataset, epochs=0)
    run = site.train(dataset, epochs=2, max_seconds=60, idempotency_key="of May")
    again = site.train({"id": dataset}, epochs=2, max_seconds=60, idempotency_key="of May")
    assert again["id"] == run["id"]
    assert (run["status"], run["options"]["epochs"]) == ("queued", 2)
    with pytest.raises(WaitTimeout, match="queued after"):
        site.wait_training(run, timeout=0.1)
    assert site.cancel_training(run)["status"] == "cancelled"
    assert site.wait_training(run["id"])["status"] == "cancelled"
    assert [each["id"] for each in site.training_runs(status="cancelled")] == [run["id"]]
    with pytest.raises(Conflict):
        site.promote(run, "ours")
    site.delete_training(run)
    assert not TrainingRun.objects.exists()


def test_own_engine_is_promoted_rolled_back_and_deleted(site: Client, acme: Organisation) -> None:
    run = str(make_training(acme).pk)
    learned = site.training_run(run)["adapter"]
    assert site.promote(run, "mine")["engine"]["engine"] == "own:mine"
    assert site.own_engine("own:mine")["active"] == learned
    assert "mine" in [each["name"] for each in site.own_engines()]
    assert site.roll_back_engine("mine")["active"] is None
    site.delete_own_engine("mine")
    with pytest.raises(NotFound):
        site.own_engine("mine")
