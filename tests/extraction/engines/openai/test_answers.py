"""extraction/engines/openai: what a model writes, good or bad, in every form."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.chat_server import (
    Call,
    ChatServer,
    Handler,
    chunk,
    refuses,
    sends,
    writes,
)
from tests.extraction import scans
from tests.extraction.engines.openai.asking import ROW, engine, page


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
