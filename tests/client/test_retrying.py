"""What is sent again, after how long, and what is not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from ocrsite_client import ApiError, NoAnswer, ServerFault, TooMany, retrying
from ocrsite_client.calls import Call, Pause, Reply

GET = Call("GET", "x", repeatable=True)
POST = Call("POST", "x")
DELETE = Call("DELETE", "x", repeatable=True)
UNSENT = httpx2.ConnectError("refused")
LOST = httpx2.ReadError("reset")


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock, which pauses move on."""
    clock = [0.0]
    monkeypatch.setattr(retrying, "monotonic", lambda: clock[0])
    return clock


def refused(status: int, code: str = "", retry_after: str = "") -> Reply:
    """An answer of the site's."""
    headers = {"retry-after": retry_after} if retry_after else {}
    return Reply(status, headers, json.dumps({"code": code, "detail": "no"}).encode())


def outcome(call: Call, now: list[float], *answers: Any) -> tuple[Any, list[float]]:
    """What comes of a call that meets these answers, and the pauses made."""
    steps = retrying.send(call, 60.0)
    pauses = []
    answer: Iterator[Any] = iter(answers)
    step = next(steps)
    try:
        while True:
            if isinstance(step, Pause):
                pauses.append(step.seconds)
                now[0] += step.seconds
                step = steps.send(None)
            else:
                assert step is call
                met = next(answer)
                step = steps.throw(met) if isinstance(met, Exception) else steps.send(met)
    except StopIteration as end:
        return end.value, pauses
    except Exception as error:
        return error, pauses


GOOD = Reply(200, {}, b"{}")


@pytest.mark.parametrize(
    ("call", "met"),
    [
        (GET, UNSENT),
        (POST, UNSENT),
        (GET, LOST),
        (GET, httpx2.RemoteProtocolError("closed")),
        (GET, refused(500)),
        (GET, refused(502)),
        (POST, refused(503, "busy")),
        (POST, refused(429, "rate_limited")),
        (POST, refused(409, "idempotency_in_progress", "1")),
    ],
)
def test_this_is_sent_again(call: Call, met: Any, now: list[float]) -> None:
    assert outcome(call, now, met, met, GOOD)[0] is GOOD


@pytest.mark.parametrize(
    ("call", "met", "raised"),
    [
        (POST, LOST, NoAnswer),  # it may have been done
        (POST, refused(500), ServerFault),
        (GET, refused(507, "storage_full"), ServerFault),
        (GET, refused(404, "not_found"), ApiError),
        (GET, refused(429, "quota_exceeded", "3600"), TooMany),  # longer than one would wait
        (GET, httpx2.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED]"), NoAnswer),
        (GET, httpx2.UnsupportedProtocol("ftp"), NoAnswer),
    ],
)
def test_this_is_told_at_once(call: Call, met: Any, raised: type, now: list[float]) -> None:
    error, pauses = outcome(call, now, met)
    assert isinstance(error, raised)
    assert pauses == []


def test_waits_grow_and_end_with_patience(now: list[float]) -> None:
    error, pauses = outcome(GET, now, *[UNSENT] * 100)
    assert isinstance(error, NoAnswer)
    assert error.__cause__ is UNSENT
    assert 0.25 <= pauses[0] <= 0.5
    assert max(pauses) <= 10
    assert 45 < sum(pauses) <= 60


def test_retry_after_is_kept_to(now: list[float]) -> None:
    found, pauses = outcome(POST, now, refused(429, "rate_limited", "37"), GOOD)
    assert (found, pauses) == (GOOD, [37.0])


def test_what_was_deleted_by_a_lost_answer_is_deleted(now: list[float]) -> None:
    gone = refused(404, "not_found")
    assert outcome(DELETE, now, LOST, gone)[0] is gone
    assert isinstance(outcome(DELETE, now, UNSENT, gone)[0], ApiError)


def test_error_tells_what_the_site_said() -> None:
    problem = {"code": "file_too_large", "title": "Large", "limit": 5, "actual": 9}
    error = Reply(413, {}, json.dumps(problem).encode()).error()
    assert (error.code, error.limit, error.actual) == ("file_too_large", 5, 9)
    assert str(error) == "file_too_large: Large (limit 5, actual 9)"
    assert Reply(502, {}, b"<html>Bad gateway</html>").error().code == "http_502"


def test_cancelling_whose_answer_got_lost_is_told_by_how_it_stands(now: list[float]) -> None:
    call = Call("POST", "x/cancel", repeatable=True, done="already_ended")
    ended = refused(409, "already_ended")
    assert outcome(call, now, LOST, ended)[0] is ended
    assert isinstance(outcome(call, now, LOST, refused(409, "version_conflict"))[0], ApiError)
    assert isinstance(outcome(call, now, UNSENT, ended)[0], ApiError)
