"""Many documents through either client."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from jobs.models import Batch as Row
from ocrsite_client import Client, NotFound, Source
from tests.client.sites import INVOICE, NOTHING, OPTIONS


def test_batch_is_sent_waited_for_and_exported(site: Client, tmp_path: Path) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("a/packed.pdf", INVOICE)
    (tmp_path / "notes.txt").write_text("no document")
    sources: list[Source] = [archive.getvalue(), tmp_path / "notes.txt"]
    batch = site.submit_batch(sources, name="May", metadata={"ledger": "2026-05"}, **OPTIONS)
    assert (batch.name, batch.data["metadata"]) == ("May", {"ledger": "2026-05"})
    events = [event.name for event in site.batch_events(batch)]
    assert events[-1] == "batch.completed"
    ended = site.wait_batch(batch)
    assert ended.documents == {"total": 2, "succeeded": 1, "refused": 1}
    assert [(item.name, item.status) for item in ended.items] == [
        ("packed.pdf", "succeeded"),
        ("notes.txt", "refused"),
    ]
    refused = ended.items[1].error
    assert refused
    assert refused["code"] == "unsupported_type"
    saved = site.export(batch, tmp_path / "may.csv")
    first = next(csv.DictReader(saved.open()))
    assert (first["name"], first["invoice_number"]) == ("packed.pdf", "A-4711")
    with zipfile.ZipFile(site.export(batch, tmp_path / "may.zip", formats=["md"])) as packed:
        assert "001-packed/result.md" in packed.namelist()
    assert [each.id for each in site.batches()] == [batch.id]
    assert site.batch(batch.id) == ended
    site.delete_batch(batch)
    with pytest.raises(NotFound):
        site.batch(batch)


def test_batch_is_cancelled_and_tried_again(
    transactional_db: None, live_server: Any, files: Path, empty_queue: None, acme: Any
) -> None:
    with Client(live_server.url, acme.raw_key) as site:  # no worker
        batch = site.submit_batch([NOTHING], engine="text-layer")
        assert site.cancel_batch(batch).documents == {"total": 1, "cancelled": 1}
        assert site.retry_batch(batch).documents == {"total": 1, "queued": 1}


def test_many_documents_are_given_as_they_end(either: Any, tmp_path: Path) -> None:
    paths = []
    for number in range(5):
        path = tmp_path / f"{number}.pdf"
        path.write_bytes(INVOICE if number != 3 else b"no document")
        paths.append(path)
    key = "nightly run"
    given = list(either.read_many(paths, per_batch=2, idempotency_key=key, **OPTIONS))
    assert {(item.source, item.status) for item in given} == {
        (path, "refused" if path.stem == "3" else "succeeded") for path in paths
    }
    assert len(given) == 5
    assert Row.objects.count() == 3
    numbers = [either.result(item.job)["fields"][0]["value"] for item in given if item.readable]
    assert numbers == ["A-4711"] * 4
    again = either.read_many(paths, per_batch=2, idempotency_key=key, **OPTIONS)
    assert {item.job for item in again} == {item.job for item in given}
    assert Row.objects.count() == 3


def test_batch_of_which_nothing_is_taken_is_given_too(site: Client) -> None:
    (item,) = site.read_many([b"no document"])
    assert (item.status, item.job, item.source) == ("refused", None, b"no document")
    assert json.dumps(item.error)
    assert list(site.read_many([])) == []
