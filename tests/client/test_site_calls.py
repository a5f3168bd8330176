"""What is not about a document: usage, billing, how engines do, and files of anything else."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from ocrsite_client import ApiError, Client, NotFound
from tests.accounts.billing import make_invoice
from tests.client.sites import INVOICE, OPTIONS
from tests.people import Organisation


def test_invoices_are_listed_and_saved(either: Any, acme: Organisation, tmp_path: Path) -> None:
    made = make_invoice(acme.tenant)
    assert either.billing()["plan"] == ""
    (listed,) = either.invoices()
    assert (listed["id"], listed["number"]) == (str(made.pk), "T-acme")
    assert either.invoice(listed)["lines"][0]["kind"] == "pages"
    saved = either.download_invoice(listed, tmp_path / "may.pdf")
    assert saved.read_bytes()[:5] == b"%PDF-"
    rows = csv.DictReader(either.download_invoice(str(made.pk), tmp_path / "may.csv").open())
    assert len(list(rows)) == 1
    with pytest.raises(NotFound):
        either.download_invoice(listed, tmp_path / "may.docx")
    assert sorted(each.name for each in tmp_path.glob("may*")) == ["may.csv", "may.pdf"]


def test_engines_are_measured_and_the_rest_is_saved(site: Client, tmp_path: Path) -> None:
    job = site.wait(site.submit(INVOICE, **OPTIONS))
    site.confirm(job, site.review(job)["version"])
    (engine,) = site.model_metrics(from_="2026-01-01")["engines"]
    assert (engine["engine"], engine["done"]["pages"]) == ("text-layer", 1)
    ranked = site.leaderboard()["engines"]
    assert [each["engine"] for each in ranked] in ([], ["text-layer"])
    assert site.cache()["hits"] == 0
    saved = site.save("usage.csv", tmp_path / "usage.csv", params={"by": "day"})
    assert len(list(csv.DictReader(saved.open()))) > 1
    with pytest.raises(ApiError):
        site.save("/usage.csv", tmp_path / "none.csv", params={"by": "year"})
    assert not (tmp_path / "none.csv").exists()
