"""Templates through the client: written, tried, taught, taken back."""

from __future__ import annotations

from typing import Any

import pytest

from ocrsite_client import Client, Conflict, NotFound
from tests.client.sites import INVOICE, NOTHING, OPTIONS


def test_template_is_written_tried_restored_and_deleted(site: Client) -> None:
    starter = site.template(site.templates()[0]["name"])
    first = site.put_template("ours", {**starter, "name": "ours", "label": "Ours"})
    second = site.put_template("ours", {**first, "label": "Ours too", "note": "renamed"})
    assert (first["version"], second["version"]) == (1, 2)
    with pytest.raises(Conflict):
        site.put_template("ours", first)
    told = site.template_versions("ours")
    assert [(each["version"], each["note"]) for each in told] == [(2, "renamed"), (1, "")]
    assert site.restore_template("ours", 1)["label"] == "Ours"
    assert site.template("ours")["version"] == 3

    job = site.wait(site.submit(INVOICE, **OPTIONS))
    tried = site.try_template(job, "ours@2")
    assert (tried["template"], tried["pages"]) == ("ours@2", 1)
    proposed = site.propose_template(job.id, "proposed")
    assert proposed["name"] == "proposed"
    found: dict[str, Any] = site.try_template(job.id, proposed)
    assert "A-4711" in [field["value"] for field in found["fields"]]
    with pytest.raises(Conflict) as too_few:
        site.teach_template("ours", [job])
    assert (too_few.value.code, too_few.value.limit) == ("nothing_to_learn", 2)

    site.delete_template("ours")
    with pytest.raises(NotFound):
        site.template("ours")


def test_template_is_taught_by_confirmed_documents(site: Client) -> None:
    job = site.wait(site.submit(INVOICE, **OPTIONS))
    site.put_template("ours", site.propose_template(job, "ours"))
    taught = []
    for number in range(2):
        read = site.submit(INVOICE + b"%" * number, engine="text-layer", template="ours")
        review = site.review(site.wait(read))
        site.confirm(read, review["version"])
        taught.append(read)
    learned = site.teach_template("ours", [taught[0]])
    assert (learned["version"], learned["documents"]) == (2, 2)


def test_review_is_taken_and_given_back(site: Client) -> None:
    job = site.wait(site.submit(INVOICE, **OPTIONS))
    ours = site.propose_template(job, "ours")
    ours["fields"] = [{**each, "required": True} for each in ours["fields"]]
    site.put_template("ours", ours)
    read = site.wait(site.submit(NOTHING, engine="text-layer", template="ours"))
    assert site.take_review(read)["status"] == "taken"
    assert site.release_review(read.id)["status"] == "open"
