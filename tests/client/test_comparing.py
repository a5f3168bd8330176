"""One document read by several engines, through the client."""

from __future__ import annotations

import pytest

from jobs.comparison_serializers import CompareSubmitSerializer
from jobs.models import Job as Row
from ocrsite_client import Client, CompareOptions, NotFound, WaitTimeout
from tests.client.sites import INVOICE

ENGINES = ["text-layer", "auto"]


def test_document_is_compared_waited_for_and_deleted(site: Client) -> None:
    begun = site.compare(
        INVOICE, ENGINES, name="may.pdf", fields=["invoice_number"],
        truth={"invoice_number": "A-4711"}, idempotency_key="of May",
    )  # fmt: skip
    assert (begun.name, begun.result) == ("may.pdf", None)
    again = site.compare(
        INVOICE, ENGINES, name="may.pdf", fields=["invoice_number"],
        truth={"invoice_number": "A-4711"}, idempotency_key="of May",
    )  # fmt: skip
    assert again.id == begun.id
    ended = site.wait_comparison(begun, timeout=60)
    assert ended.result
    assert [(each["engine"], each["status"]) for each in ended.engines] == [
        (engine, "succeeded") for engine in ENGINES
    ]
    scores = ended.result["fields"]["scores"]
    assert [(score["engine"], score["right"]) for score in scores] == [
        (engine, 1) for engine in ENGINES
    ]
    assert site.comparison(begun.id) == ended
    assert [each.id for each in site.comparisons()] == [begun.id]
    site.delete_comparison(begun)
    with pytest.raises(NotFound):
        site.comparison(begun)
    assert not Row.objects.exists()


def test_comparison_that_goes_on_is_given_up(idle_site: Client) -> None:
    begun = idle_site.compare(INVOICE, ENGINES)
    with pytest.raises(WaitTimeout, match="running after") as late:
        idle_site.wait_comparison(begun, timeout=0.1)
    assert late.value.last["id"] == begun.id


def test_options_are_those_of_the_api() -> None:
    sent_otherwise = {"file", "url", "content", "engines"}
    ours = set(CompareSubmitSerializer().fields) - sent_otherwise | {"idempotency_key"}
    assert set(CompareOptions.__annotations__) == ours
