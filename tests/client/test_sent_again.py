"""Which operations are sent again where an answer got lost, and what comes of them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
import pytest

from jobs.models import Review
from ocrsite_client import Client, Conflict
from ocrsite_client.calls import Call, Pause, listing, operation
from tests.client.sites import INVOICE, NOTHING, OPTIONS
from tests.people import Organisation

OPERATIONS = {
    name: each
    for name, each in inspect.getmembers_static(Client)
    if isinstance(each, operation | listing)
}
ONCE = {  # twice would do more than once
    "retry", "retry_batch", "correct", "put_template", "restore_template", "teach_template",
    "create_webhook", "rotate_webhook", "rotate_callback_secret", "ping_webhook", "replay_delivery",
    "release_review", "add_corrections", "promote", "roll_back_engine",
}  # fmt: skip
NEEDED: dict[str, Any] = {
    **{"method": "GET", "path": "x", "number": 1, "version": 1, "document": 1},
    **{"source": b"x", "sources": [b"x"], "template": {}, "events": [], "engines": []},
}


@cache
def nowhere() -> Client:
    """A client that sends nothing."""
    return Client("http://127.0.0.1:9", "ocrs_x")


def sent(name: str, to: Path) -> tuple[Call, Iterator[Any]]:
    """What the operation begins with, given something for all that it needs, and its steps."""
    each = OPERATIONS[name]
    needed = {
        argument: str(to) if argument == "to" else NEEDED.get(argument, "ID")
        for argument, taken in list(inspect.signature(each.steps).parameters.items())[1:]
        if taken.default is taken.empty and taken.kind is not taken.VAR_KEYWORD
    }
    steps = each.steps(nowhere(), **needed)
    call = next(steps)
    assert isinstance(call, Call)
    return call, steps


def test_all_that_reads_is_sent_again(tmp_path: Path) -> None:
    looked_at = []
    for name in OPERATIONS:
        call, steps = sent(name, tmp_path / "here.csv")
        if call.method == "GET":
            pause = steps.throw(httpx2.ReadError("reset"))  # type: ignore[attr-defined]
            assert isinstance(pause, Pause), name
            assert next(steps) is call
            looked_at.append(name)
        steps.close()  # type: ignore[attr-defined]
    assert len(looked_at) >= 23
    assert {"text", "download", "events", "wait", "export", "jobs", "request"} <= {*looked_at}


def test_all_else_is_but_what_twice_does_more_than_once(tmp_path: Path) -> None:
    found = {name for name in OPERATIONS if not sent(name, tmp_path / "a.csv")[0].repeatable}
    assert found == ONCE


class Lossy(httpx2.HTTPTransport):
    """Loses the first answer of each address that changes something, when the site has done it."""

    def __init__(self) -> None:
        super().__init__()
        self.lost: list[str] = []

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        response = super().handle_request(request)
        name = request.url.path.rsplit("/", 1)[1]
        if request.method == "POST" and name not in self.lost:
            self.lost.append(name)
            response.close()
            raise httpx2.ReadError("the connection broke")
        return response


def test_what_was_cancelled_by_a_lost_answer_is_cancelled(
    transactional_db: None, live_server: Any, files: Path, empty_queue: None, acme: Organisation
) -> None:
    transport = Lossy()
    http = httpx2.Client(transport=transport)
    with Client(live_server.url, acme.raw_key, http=http) as site:  # no worker
        job = site.submit(NOTHING, engine="text-layer")
        assert site.cancel(job).status == "cancelled"
        transport.lost.remove("cancel")
        batch = site.submit_batch([NOTHING], engine="text-layer", cache=False)
        assert site.cancel_batch(batch).documents == {"total": 1, "cancelled": 1}
        with pytest.raises(Conflict, match="already_ended"):
            site.cancel(job)
    assert transport.lost == ["jobs", "batches", "cancel"]


def test_confirmation_and_links_whose_answer_got_lost_are_there(
    address: str, acme: Organisation
) -> None:
    transport = Lossy()
    with Client(address, acme.raw_key, http=httpx2.Client(transport=transport)) as site:
        job = site.wait(site.submit(INVOICE, **OPTIONS))
        assert site.confirm(job, site.review(job)["version"])["status"] == "confirmed"
        assert set(site.links(job, ["original"])["links"]) == {"original"}
    assert transport.lost == ["jobs", "confirm", "links"]
    assert [row.confirmed_version for row in Review.objects.all()] == [2]
