"""extraction/engines/openai: servers that are away or fail, tried again, and their breaker."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from typing import Any

import pytest

from extraction.breaker import FAILURES, breaker_of
from extraction.engines import attempts
from extraction.errors import EngineUnavailable
from tests.chat_server import (
    Call,
    ChatServer,
    Handler,
    breaks,
    chat_server,
    chunk,
    refuses,
    writes,
)
from tests.extraction.engines.openai.asking import KEY, engine, page, shown, standing


@pytest.mark.parametrize(
    "fault",
    [refuses(500), refuses(503), refuses(429), refuses(408), breaks, refuses(409)],
    ids=["500", "503", "429", "408", "break", "409"],
)
def test_passing_fault_is_followed_by_another_try(server: ChatServer, fault: Any) -> None:
    server.script(fault, fault, writes("read"))
    (text,) = engine(server.url).read([page()])
    assert text.markup == "read"
    assert len(server.calls) == 3


def test_no_more_tries_than_were_set(server: ChatServer) -> None:
    server.script(refuses(500, {"error": {"message": "out of\nmemory"}}))
    with pytest.raises(EngineUnavailable, match=r"the server answers 500: out of memory") as caught:
        engine(server.url, retries=1).read([page()])
    assert len(server.calls) == 2
    assert caught.value.retry_after is None


def test_answer_that_breaks_off_is_asked_for_again(server: ChatServer) -> None:
    def half(handler: Handler, call: Call) -> None:
        handler.head(200, "text/event-stream")
        handler.event(chunk("half of "))

    server.script(half, writes("the whole"))
    (text,) = engine(server.url).read([page()])
    assert text.markup == "the whole"


def test_server_that_is_away_and_comes_back_is_found(server: ChatServer) -> None:
    with chat_server() as other:
        port, url = other.port, other.url
    reader = engine(url, retries=0)
    with pytest.raises(EngineUnavailable, match="refused"):
        reader.read([page()])
    assert standing(reader) == ("closed", 1)
    with chat_server(port):
        assert reader.read([page()])[0].markup == "read"
    assert standing(reader) == ("closed", 0)


def test_retry_after_is_obeyed(server: ChatServer) -> None:
    server.script(refuses(429, Retry_After="1"), writes("read"))
    assert engine(server.url).read([page()])[0].markup == "read"
    first, second = server.calls
    assert 1 <= second.at - first.at < 2


def test_long_retry_after_is_for_the_job_to_wait(server: ChatServer) -> None:
    server.script(refuses(429, Retry_After="100"))
    reader = engine(server.url)
    with pytest.raises(EngineUnavailable) as caught:
        reader.read([page()])
    assert caught.value.retry_after == 100
    assert len(server.calls) == 1
    server.script(refuses(503, Retry_After="99999999"))
    with pytest.raises(EngineUnavailable) as caught:
        reader.read([page()])
    assert caught.value.retry_after == 3600


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("12", 12),
        (" 0 ", 0),
        *((header, None) for header in (None, "", "-1", "soon", "1e9", "٣", "9" * 30)),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: Any) -> None:
    assert attempts.asked_for(header) == seconds
    in_a_while = formatdate(time.time() + 90, usegmt=True)
    assert attempts.asked_for(in_a_while) == pytest.approx(90, abs=2)
    assert attempts.asked_for(formatdate(time.time() - 90, usegmt=True)) == 0


def test_pauses_grow_and_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "FIRST_SECONDS", 0.5)
    for attempt, longest in enumerate((0.5, 1, 2, 4)):
        pauses = [attempts.pause(attempt) for _ in range(200)]
        assert longest / 2 <= min(pauses) < longest * 0.6
        assert longest * 0.9 < max(pauses) <= longest
    assert attempts.pause(1000) <= attempts.LONGEST_SECONDS


@pytest.mark.parametrize("status", [400, 413, 422])
def test_page_that_the_server_refuses_fails_alone(server: ChatServer, status: int) -> None:
    def reply(handler: Handler, call: Call) -> None:
        if shown(call) == 2:
            refuses(status, {"error": {"message": f"bad image {KEY}"}})(handler, call)
        else:
            writes("read")(handler, call)

    server.script(reply)
    reader = engine(server.url)
    reader.read([page()])
    server.calls.clear()
    texts = reader.read([page(1), page(2), page(3)])
    assert [text.markup for text in texts] == ["read", None, "read"]
    assert texts[1].error is not None
    assert texts[1].error.code == "engine_failed"
    assert texts[1].error.detail == (
        f"The page was refused: the server answers {status}: bad image ***"
    )
    assert len(server.calls) == 3
    for _ in range(FAILURES + 1):
        reader.read([page(2)])
    assert standing(reader) == ("closed", 0)


@pytest.mark.parametrize("status", [401, 403, 404, 307])
def test_what_the_operator_must_mend_is_told_and_does_not_open_the_breaker(
    server: ChatServer, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    with chat_server() as elsewhere:
        server.script(
            refuses(status, {"error": {"message": f"bad key {KEY}"}}, Location=elsewhere.url)
        )
        reader = engine(server.url)
        for _ in range(FAILURES + 1):
            with pytest.raises(
                EngineUnavailable, match=f"{status}: bad key .*; OPENAI_URL, "
            ) as caught:
                reader.read([page()])
            assert caught.value.retry_after is None
            assert KEY not in str(caught.value)
        assert elsewhere.calls == []
    assert len(server.calls) == FAILURES + 1
    assert standing(reader) == ("closed", 0)
    assert f"the server answers {status}" in caplog.text
    assert KEY not in caplog.text


def test_breaker_opens_after_five_failed_requests_and_then_nothing_is_sent(
    server: ChatServer,
) -> None:
    server.script(refuses(500))
    reader = engine(server.url)
    with pytest.raises(EngineUnavailable) as caught:
        reader.read([page()])
    assert caught.value.retry_after is None
    with pytest.raises(EngineUnavailable) as caught:
        reader.read([page()])
    assert caught.value.retry_after == pytest.approx(300, abs=2)
    assert len(server.calls) == FAILURES
    server.script(writes("read"))
    with pytest.raises(EngineUnavailable) as caught:
        reader.read([page()])
    assert caught.value.retry_after == pytest.approx(300, abs=2)
    assert server.calls == []


def test_trial_is_one_request_and_its_success_lets_all_through(
    server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.script(refuses(500))
    reader = engine(server.url, concurrency=4, retries=9)
    with pytest.raises(EngineUnavailable):
        reader.read([page()])
    breaker = breaker_of(reader.name, None)
    ahead = [0.0]
    monkeypatch.setattr(breaker, "_clock", lambda: time.monotonic() + ahead[0])
    ahead[0] += 300
    server.script(refuses(500))
    with pytest.raises(EngineUnavailable) as caught:
        reader.read([page()])
    assert caught.value.retry_after == pytest.approx(300, abs=2)
    assert len(server.calls) == 1
    ahead[0] += 300
    server.script(writes("a", "b", pause=0.2))
    with ThreadPoolExecutor(4) as pool:
        reads = [pool.submit(reader.read, [page(number)]) for number in range(1, 5)]
    refused = [read.exception() for read in reads if read.exception()]
    assert len(refused) == 3
    assert len(server.calls) == 1
    assert standing(reader) == ("closed", 0)
    assert reader.read([page()])[0].markup == "ab"


def test_trial_that_takes_long_says_that_it_goes_on(
    server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("extraction.engines.openai.asking.KEEP_SECONDS", 0.1)
    monkeypatch.setattr("extraction.engines.openai.LOOK_SECONDS", 0.05)
    reader = engine(server.url)
    breaker = breaker_of(reader.name, None)
    monkeypatch.setattr(breaker, "_trial_ms", 400)
    ahead = [0.0]
    monkeypatch.setattr(breaker, "_clock", lambda: time.monotonic() + ahead[0])
    for _ in range(FAILURES):
        breaker.admit().failed()
    ahead[0] += 300
    server.script(writes("a", pause=1.5))
    with ThreadPoolExecutor(1) as pool:
        trial = pool.submit(reader.read, [page()])
        time.sleep(1)
        with pytest.raises(EngineUnavailable):
            breaker.admit()
        assert trial.result()[0].markup == "a"
    assert standing(reader) == ("closed", 0)
