"""The log of recent calls through the API: what works, then what is refused."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import recent_calls
from accounts.recent_calls import note
from accounts.shared_redis import SharedRedis
from tests.accounts.test_recent_calls import call
from tests.people import Organisation

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("files", "empty_queue")]
URL = "/api/v1/calls"


def told(organisation: Organisation, **query: Any) -> list[dict[str, Any]]:
    answer = organisation.api().get(URL, query)
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


def test_calls_are_told_with_who_and_how_they_ended(acme: Organisation) -> None:
    acme.api().get(
        "/api/v1/ocr/jobs?cursor=secret", REMOTE_ADDR="203.0.113.9", HTTP_X_REQUEST_ID="mine-1"
    )
    (row,) = told(acme)
    assert row.pop("at").endswith("Z")
    assert 0 <= row.pop("milliseconds") < 60_000
    assert row == {
        "method": "GET",
        "path": "/api/v1/ocr/jobs",
        "status": 404,
        "outcome": "refused",
        "code": "not_found",
        "caller": str(acme.key.pk),
        "by_key": True,
        "caller_name": "first",
        "address": "203.0.113.9",
        "request_id": "mine-1",
    }
    assert [each["path"] for each in told(acme)] == [URL, "/api/v1/ocr/jobs"]  # itself too


def test_calls_are_paged_and_filtered(acme: Organisation) -> None:
    for number in range(7):
        note(acme.tenant.pk, call(number, path=f"/api/v1/n{number}"))
    note(acme.tenant.pk, call(99, path="/api/v1/bad", status=400))
    address, paths = f"{URL}?page_size=3&path=/api/v1/n", []
    while address:
        answer = acme.api().get(address).json()
        paths += [row["path"] for row in answer["results"]]
        address = answer["next"]
    assert paths == [f"/api/v1/n{number}" for number in range(7)]
    assert [row["path"] for row in told(acme, outcome="refused")] == ["/api/v1/bad"]
    (newest,) = told(acme, path="n3")
    assert newest["caller_name"] is None
    assert [row["path"] for row in told(acme, caller=newest["caller"])] == ["/api/v1/n3"]


def test_calls_of_others_are_as_missing_ones(acme: Organisation, stranger: Organisation) -> None:
    stranger.api().get("/api/v1/reviews")
    assert told(acme, caller=str(stranger.key.pk)) == told(acme, caller=str(uuid.uuid4())) == []
    assert "/api/v1/reviews" not in {row["path"] for row in told(acme)}


def test_addresses_are_told_to_who_manages_keys(acme: Organisation) -> None:
    acme.api().get("/api/v1/ocr/jobs", REMOTE_ADDR="203.0.113.9")
    narrow = acme.api("usage:read")
    assert {row["address"] for row in narrow.get(URL).json()["results"]} == {None}
    assert acme.api("jobs:read").get(URL).status_code == 403


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"outcome": "x"}, 400),
        ({"caller": "x"}, 400),
        ({"page_size": "201"}, 400),
        ({"path": "a" * 101}, 400),
        ({"cursor": "x"}, 404),
        ({"cursor": "9" * 17}, 404),
    ],
)
def test_what_cannot_be_asked_is_refused(
    acme: Organisation, query: dict[str, str], status: int
) -> None:
    assert acme.api().get(URL, query).status_code == status


def test_asking_costs_the_same_of_one_and_of_many(acme: Organisation) -> None:
    acme.api().get(URL)  # its key was used
    counts = []
    for number in (1, 30):
        for _ in range(number):
            acme.api("jobs:read").get("/api/v1/ocr/jobs")
        api = acme.api()
        with CaptureQueriesContext(connection) as asked:
            api.get(URL)
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_without_redis_it_says_so(acme: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent_calls, "shared_redis", lambda: SharedRedis("redis://127.0.0.1:1/0"))
    answer = acme.api().get(URL)
    assert (answer.status_code, answer.json()["code"]) == (503, "calls_unavailable")
