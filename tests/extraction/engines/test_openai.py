"""extraction/engines/openai: against a real server over real connections, kind and unkind."""

from __future__ import annotations

import json
import logging
import math
import ssl
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from extraction.breaker import FAILURES, breaker_of
from extraction.engines import Watch, attempts
from extraction.engines.configuration import Configuration, OpenAIServer
from extraction.engines.openai import OpenAI, connection
from extraction.errors import Cancelled, EngineUnavailable
from extraction.types import PageImage, Pixels
from extraction.vision_models import VISION_MODELS, VisionModel
from tests.certificates import self_signed
from tests.chat_server import (
    Call,
    ChatServer,
    Handler,
    breaks,
    chat_server,
    chunk,
    refuses,
    sends,
    waits,
    writes,
)
from tests.extraction import scans

ROW = VisionModel("tiny", "A tiny one", "tests/tiny", instruction="Read it.", max_tokens=300)
KEY = "sk-secret-4711"


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with chat_server() as server:
        yield server


@pytest.fixture(autouse=True)
def _soon_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "FIRST_SECONDS", 0.02)


def engine(url: str, row: VisionModel = ROW, **more: Any) -> OpenAI:
    """An engine with a breaker of its own."""
    server = OpenAIServer(url, "tiny", row, key=KEY, **{"read_seconds": 10.0, **more})
    return OpenAI(name=f"openai-{uuid.uuid4().hex}", configuration=Configuration(openai=server))


def page(number: int = 1, height: int = 600, width: int = 800) -> PageImage:
    """A page with a black bar as wide as its number says."""
    pixels: Pixels = np.full((height, width, 3), 255, np.uint8)
    pixels[100:200, : 50 * number] = 0
    return PageImage(number, width * 0.36, height * 0.36, 0, 200.0, pixels)


def shown(call: Call) -> int:
    """The number of the page in that request."""
    _, pixels = call.picture
    row = pixels[pixels.shape[0] // 4, :, 0]
    return round(float((row < 128).mean()) * 800 / 50)


def standing(reader: OpenAI) -> tuple[str, int]:
    state = breaker_of(reader.name, None).state()
    return state.state, state.failures


def test_page_goes_as_picture_and_instruction_and_comes_back_as_markup(
    server: ChatServer,
) -> None:
    server.script(writes("<b>4", "711", "</b>", logprobs=[-0.1, -0.3, -0.2], tokens=7))
    reader = engine(server.url)
    (text,) = reader.read([page(3)])
    assert (text.markup, text.lines, text.error, text.warnings) == ("<b>4711</b>", (), None, ())
    assert text.confidence == round(math.exp(-0.2), 4)
    assert (text.tokens, text.engine) == (7, reader.name)
    assert text.revision == reader.revision
    assert reader.revision.startswith("tiny@")
    assert "127.0.0.1" not in reader.revision
    (call,) = server.calls
    assert call.path == "/v1/chat/completions"
    assert call.headers["Authorization"] == f"Bearer {KEY}"
    message = call.body.pop("messages")[0]
    assert message["role"] == "user"
    assert message["content"][1] == {"type": "text", "text": "Read it."}
    assert call.body == {
        "model": "tiny",
        "max_tokens": 300,
        "temperature": 0,
        "stream": True,
        "logprobs": True,
        "stream_options": {"include_usage": True},
    }


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [
        (3508, 2480, (1880, 1329)),  # A4 at 300 dpi, beyond the bounds
        (1000, 2000, (1000, 2000)),
        (40, 160, (224, 896)),
    ],
)
def test_picture_keeps_to_the_bounds_of_the_row(
    server: ChatServer, height: int, width: int, expected: tuple[int, int]
) -> None:
    engine(server.url).read([page(1, height, width)])
    kind, pixels = server.calls[0].picture
    assert pixels.shape[:2] == expected
    assert ROW.min_pixels <= expected[0] * expected[1] <= ROW.max_pixels
    assert kind == ("image/png" if height == 40 else "image/jpeg")


def test_picture_is_the_page_as_it_was_rendered(server: ChatServer) -> None:
    scan = scans.scan(scans.invoice)
    engine(server.url).read([scan])
    _, pixels = server.calls[0].picture
    assert scan.pixels is not None
    expected = cv2.resize(scan.pixels, pixels.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert float(np.abs(pixels.astype(int) - expected.astype(int)).mean()) < 1.5


def test_pages_are_read_together_and_come_back_in_order(server: ChatServer) -> None:
    def reply(handler: Handler, call: Call) -> None:
        number = shown(call)
        time.sleep(0.3 - number * 0.03)
        writes(f"page {number}")(handler, call)

    server.script(reply)
    reader = engine(server.url, concurrency=4)
    assert reader.at_once == 4
    texts = reader.read([page(number) for number in range(1, 9)])
    assert [text.markup for text in texts] == [f"page {number}" for number in range(1, 9)]
    assert server.most_at_once == 4


def test_bound_of_requests_holds_for_all_threads_together(server: ChatServer) -> None:
    server.script(writes("a", "b", pause=0.05))
    reader = engine(server.url, concurrency=3)
    with ThreadPoolExecutor(6) as pool:
        texts = list(pool.map(lambda n: reader.read([page(n), page(n + 1)]), range(1, 7)))
    assert [text.markup for pair in texts for text in pair] == ["ab"] * 12
    assert server.most_at_once == 3


def test_tokens_are_told_while_the_model_writes(server: ChatServer) -> None:
    server.script(writes(*"abcdefghijkl", pause=0.12))
    told: list[tuple[int, int]] = []
    thread = threading.current_thread()

    def tell(number: int, tokens: int) -> None:
        assert threading.current_thread() is thread
        told.append((number, tokens))

    (text,) = engine(server.url).read([page(5)], Watch(told=tell))
    assert text.tokens == 12
    assert {number for number, _ in told} == {5}
    counts = [count for _, count in told]
    assert counts == sorted(set(counts))
    assert len(counts) >= 2
    assert 0 < counts[0] < 12


def test_stop_ends_the_connection_in_the_middle_of_an_answer(server: ChatServer) -> None:
    server.script(writes(*["word "] * 2000, pause=0.02))
    reader = engine(server.url)
    begun = time.monotonic()
    with pytest.raises(Cancelled):
        reader.read([page(1), page(2)], Watch(stop=lambda: time.monotonic() - begun > 0.4))
    assert time.monotonic() - begun < 2
    until = time.monotonic() + 5
    while len(server.left) < 2 and time.monotonic() < until:
        time.sleep(0.02)
    assert len(server.left) == 2
    assert standing(reader) == ("closed", 0)


def test_stop_ends_the_wait_for_a_server_that_says_nothing(server: ChatServer) -> None:
    server.script(waits(30))
    reader = engine(server.url, read_seconds=30)
    begun = time.monotonic()
    with pytest.raises(Cancelled):
        reader.read([page()], Watch(stop=lambda: True))
    assert time.monotonic() - begun < 2
    assert standing(reader) == ("closed", 0)


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
    begun = time.monotonic()
    with pytest.raises(EngineUnavailable) as caught:
        reader.read([page()])
    assert time.monotonic() - begun < 0.2  # its picture is made first
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


def test_model_that_goes_in_circles_is_stopped_and_asked_again_with_a_penalty(
    server: ChatServer,
) -> None:
    server.script(writes(*["Total 5.00\n"] * 3000), writes("Total 5.00\n"))
    (text,) = engine(server.url, replace(ROW, max_tokens=4000)).read([page()])
    assert (text.markup, text.warnings) == ("Total 5.00\n", ("model_retried",))
    first, second = server.calls
    assert "repetition_penalty" not in first.body
    assert second.body["repetition_penalty"] == 1.1
    assert server.left or server.at_once == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (writes(*["Total 5.00\n"] * 3000), "model_looped"),
        (writes("much ", "more", finish="length"), "model_cut_short"),
        (writes(" ", "\n"), "model_wrote_nothing"),
    ],
)
def test_page_that_no_second_try_can_read_is_read_by_ocr(
    server: ChatServer, reply: Any, why: str
) -> None:
    server.script(reply)
    scan = scans.scan(scans.invoice)
    (text,) = engine(server.url, replace(ROW, max_tokens=4000)).read([scan])
    assert text.engine == "rapidocr"
    assert text.warnings == ("degraded", why)
    assert text.markup is None
    assert "HP-2024-0817" in {word.text for line in text.lines for word in line.words}
    assert len(server.calls) == (1 if why == "model_wrote_nothing" else 2)


def test_what_the_server_does_not_take_is_left_out_from_then_on(server: ChatServer) -> None:
    """`transformers serve` refuses what it does not know; others refuse what they do not do."""

    def reply(handler: Handler, call: Call) -> None:
        unknown = call.body.keys() & {"logprobs", "stream_options", "repetition_penalty"}
        if unknown:
            refuses(422, {"detail": "unexpected"})(handler, call)
        elif "frequency_penalty" in call.body:
            writes("better")(handler, call)
        else:
            writes("x", finish="length")(handler, call)

    server.script(reply)
    reader = engine(server.url)
    for expected in ([True, False, True, True, False], [False, False]):
        server.calls.clear()
        assert reader.read([page()])[0].markup == "better"
        assert ["logprobs" in call.body for call in server.calls] == expected
    assert server.calls[-1].body["frequency_penalty"] == pytest.approx(0.1)


def test_penalty_of_the_row_goes_with_every_request(server: ChatServer) -> None:
    engine(server.url, replace(ROW, repetition_penalty=1.05)).read([page()])
    assert server.calls[0].body["repetition_penalty"] == 1.05


def test_model_that_stops_for_another_reason_fails_the_page(server: ChatServer) -> None:
    server.script(writes("I cannot", finish="content_filter"))
    (text,) = engine(server.url).read([page()])
    assert text.error is not None
    assert text.error.detail == "The model has stopped for 'content_filter'"


def test_answer_in_one_piece_is_taken_too(server: ChatServer) -> None:
    whole = {
        "choices": [
            {
                "message": {"role": "assistant", "content": "all at once"},
                "finish_reason": "stop",
                "logprobs": {"content": [{"token": "all", "logprob": -0.5}]},
            }
        ],
        "usage": {"completion_tokens": 3},
    }
    server.script(sends(json.dumps(whole).encode(), "application/json"))
    (text,) = engine(server.url).read([page()])
    assert (text.markup, text.tokens, text.confidence) == ("all at once", 3, 0.6065)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b'data: {"choices":[{"delta":{"content":"a"}}]}\r\n\r\ndata: [DONE]\r\n\r\n', "a"),
        (b": ping\n\n" + b'data:{"choices":[{"delta":{"content":"a"}}]}\n\ndata: [DONE]', "a"),
        (b'event: x\ndata: {"choices":\ndata: [{"delta":{"content":"a"}}]}\n\ndata: [DONE]', "a"),
        (b'data: {"choices":[]}\n\ndata: [DONE]\n\n', ""),
        (b'data: {"choices":[{"delta":{"content":null}}]}\n\ndata: [DONE]\n\n', ""),
        ('data: {"choices":[{"delta":{"content":"日本"}}]}\n\ndata: [DONE]\n\n'.encode(), "日本"),
        (b'data: {"choices":[{"delta":{"content":"a"},"logprobs":{"content":[{"logprob":"x"},7]}'
         b',"finish_reason":"stop"}],"usage":{"completion_tokens":-3}}\n\n', "a"),
    ],
)  # fmt: skip
def test_streams_of_all_kinds_are_read(server: ChatServer, data: bytes, text: str) -> None:
    server.script(sends(data))
    (read,) = engine(server.url).read([page(0)])  # a blank one
    assert (read.markup, read.confidence, read.error) == (text, None, None)


@pytest.mark.parametrize(
    ("logprobs", "confidence"),
    [
        ([float("nan")], None),
        ([3.0], 1.0),
        ([-1e300], 0.0),
        ([True], None),
        ([10**400], 1.0),
        ([-1, -3], 0.1353),
    ],
)
def test_probabilities_that_are_none_do_no_harm(
    server: ChatServer, logprobs: list[float], confidence: float | None
) -> None:
    scored = [{"token": "a", "logprob": value} for value in logprobs]

    def reply(handler: Handler, call: Call) -> None:
        handler.head(200, "text/event-stream")
        handler.event(chunk("a", "stop", logprobs={"content": scored}))

    server.script(reply)
    (text,) = engine(server.url).read([page()])
    assert text.confidence == confidence


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (sends(b"<html>Welcome</html>", "text/html"), "it is 'text/html'"),
        (sends(b"data: {nonsense\n\n"), "no JSON"),
        (sends(b"data: " + b"[" * 100_000 + b"\n\n"), "no JSON"),
        (sends(b"data: 17\n\n"), "no object"),
        (sends(b'data: {"choices": 3}\n\n'), "no choices"),
        (sends(b'data: {"choices": [{"delta": {"content": [1]}}]}\n\n'), "no text"),
        (sends(b"{}", "application/json"), "no choices"),
        (sends(b"data: " + b"x" * 60_000, repeat=100_000), "an event is too long"),
        (sends(b"data: x\n" * 9000, repeat=100_000), "an event is too long"),
        (sends(b'{"choices": "' + b"x" * 99_999, "application/json", repeat=10**6), "4,000,000"),
        (sends(b": nothing, again and again\n" * 1000, repeat=10**6), "9,000,000 bytes"),
        (sends(b'data: {"choices":[]}\n\n' * 1000, repeat=10**6), "9,000,000 bytes"),
        (refuses(204), "answers 204"),
    ],
)  # fmt: skip
def test_server_that_answers_nonsense_or_without_end_is_left(
    server: ChatServer, reply: Any, told: str
) -> None:
    server.script(reply)
    reader = engine(server.url, replace(ROW, max_tokens=4000))
    begun = time.monotonic()
    with pytest.raises(EngineUnavailable, match=told):
        reader.read([page()])
    assert time.monotonic() - begun < 5
    assert len(server.calls) == 1
    assert standing(reader) == ("closed", 1)


def test_error_in_the_middle_of_an_answer_is_the_servers(server: ChatServer) -> None:
    def reply(handler: Handler, call: Call) -> None:
        handler.head(200, "text/event-stream")
        handler.event(chunk("half"))
        handler.event({"error": {"message": f"CUDA out of memory {KEY}"}})

    server.script(reply)
    reader = engine(server.url)
    with pytest.raises(EngineUnavailable, match=r"CUDA out of memory \*\*\*"):
        reader.read([page()])
    assert standing(reader) == ("closed", 3)


def test_silence_has_a_bound(server: ChatServer) -> None:
    server.script(waits(30))
    reader = engine(server.url, read_seconds=0.3, retries=0)
    begun = time.monotonic()
    with pytest.raises(EngineUnavailable, match="no answer in time"):
        reader.read([page()])
    assert time.monotonic() - begun < 3
    assert standing(reader) == ("closed", 1)


@pytest.mark.parametrize("kind", ["body", "head"])
def test_answer_that_trickles_has_a_bound(server: ChatServer, kind: str) -> None:
    """Each byte comes before the silence is too long."""

    def reply(handler: Handler, call: Call) -> None:
        if kind == "body":
            handler.head(200, "text/event-stream")
        else:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.1)

    server.script(reply)
    reader = engine(server.url, read_seconds=0.3)
    begun = time.monotonic()
    with pytest.raises(EngineUnavailable, match=r"within 1\.5 seconds"):
        reader.read([page()])
    assert 1.4 < time.monotonic() - begun < 4
    assert len(server.calls) == 1


def test_proxies_of_the_environment_are_not_used(
    server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with chat_server() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert engine(server.url).read([page()])[0].markup == "read"
        assert proxy.calls == []


def test_server_over_tls_is_asked_where_its_certificate_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with chat_server(tls=context) as server:
        assert server.url.startswith("https://localhost:")
        reader = engine(server.url, retries=0)
        with pytest.raises(EngineUnavailable, match="certificate verify failed"):
            reader.read([page()])
        assert server.calls == []
        connection._trusting.cache_clear()
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert reader.read([page()])[0].markup == "read"
        server.script(writes(*["word "] * 2000, pause=0.02))
        begun = time.monotonic()
        with pytest.raises(Cancelled):
            reader.read([page()], Watch(stop=lambda: time.monotonic() - begun > 0.2))
        assert time.monotonic() - begun < 2
        until = time.monotonic() + 5
        while not server.left and time.monotonic() < until:
            time.sleep(0.02)
        assert len(server.left) == 1
    connection._trusting.cache_clear()


@pytest.mark.parametrize(
    "url",
    [
        "", "ftp://host/v1", "host:8000", "http://", "http://me:pass@host/v1", "http://host/?a=b",
        "http://host:notaport", "file:///etc/passwd",
    ],
)  # fmt: skip
def test_url_that_is_none_is_told(url: str) -> None:
    with pytest.raises(EngineUnavailable, match="OPENAI_URL is not usable"):
        engine(url)


def test_address_is_taken_apart() -> None:
    reading = connection.Address.reading
    assert reading("http://gpu:8000/v1/") == connection.Address("http", "gpu", 8000, "/v1")
    assert reading("https://gpu") == connection.Address("https", "gpu", 443, "")
    assert reading("http://[::1]:80/a/b") == connection.Address("http", "::1", 80, "/a/b")


def test_key_is_in_no_log_and_no_representation(
    server: ChatServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.script(refuses(500, {"error": f"{KEY} failed"}), writes("read"))
    reader = engine(server.url)
    reader.read([page()])
    assert "*** failed" in caplog.text
    configuration = Configuration(openai=OpenAIServer(server.url, "tiny", ROW, key=KEY))
    assert KEY not in caplog.text + repr(configuration) + repr(vars(reader))


def test_page_without_pixels_fails_alone(server: ChatServer) -> None:
    texts = engine(server.url).read([page(1), replace(page(2), pixels=None)])
    assert texts[0].markup == "read"
    assert texts[1].error is not None
    assert texts[1].error.detail == "page 2 came without pixels"


def test_server_is_asked_once_whether_it_keeps_to_a_schema(server: ChatServer) -> None:
    def obedient(handler: Handler, call: Call) -> None:
        schema = call.body["response_format"]["json_schema"]["schema"]
        (word,) = schema["properties"]["word"]["enum"]
        writes('{"word": ', f'"{word}"' + "}")(handler, call)

    for reply, expected in (
        (obedient, True),
        (writes('{"word": "hello"}'), False),
        (writes("Hello!"), False),
        (refuses(400), False),
    ):
        server.script(reply)
        reader = engine(server.url)
        assert [reader.supports_schema() for _ in range(3)] == [expected] * 3
        assert len(server.calls) == 1
    server.script(refuses(500))
    reader = engine(server.url)
    with pytest.raises(EngineUnavailable):
        reader.supports_schema()
    server.script(obedient)
    assert reader.supports_schema()


def test_rows_of_the_table_fit_what_is_sent(server: ChatServer) -> None:
    for row in VISION_MODELS.values():
        engine(server.url, row).read([page()])
        assert server.calls[-1].body["max_tokens"] == row.max_tokens
        content = server.calls[-1].body["messages"][0]["content"]
        assert content[1]["text"] == row.instruction
