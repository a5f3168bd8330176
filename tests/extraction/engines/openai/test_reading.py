"""extraction/engines/openai: pages read by a real server over real connections."""

from __future__ import annotations

import math
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import cv2
import numpy as np
import pytest

from extraction.engines import FillsSchemas, Watch
from extraction.errors import Cancelled, EngineFailed, EngineUnavailable
from extraction.types import Written
from extraction.vision_models import VISION_MODELS
from tests.chat_server import (
    Call,
    ChatServer,
    Handler,
    refuses,
    waits,
    writes,
)
from tests.extraction import scans
from tests.extraction.engines.openai.asking import KEY, ROW, engine, page, shown, standing


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
    assert time.monotonic() - begun < 20  # the answer would take 40
    until = time.monotonic() + 20
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
    assert time.monotonic() - begun < 15  # half the silence
    assert standing(reader) == ("closed", 0)


def test_page_without_pixels_fails_alone(server: ChatServer) -> None:
    texts = engine(server.url).read([page(1), replace(page(2), pixels=None)])
    assert texts[0].markup == "read"
    assert texts[1].error is not None
    assert texts[1].error.detail == "page 2 came without pixels"


def test_server_is_asked_once_whether_it_keeps_to_a_schema(server: ChatServer) -> None:
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


def obedient(handler: Handler, call: Call) -> None:
    """Keeps to a schema that leaves no choice."""
    schema = call.body["response_format"]["json_schema"]["schema"]
    (word,) = schema["properties"]["word"]["enum"]
    writes('{"word": ', f'"{word}"' + "}")(handler, call)


def test_a_schema_is_filled_where_the_server_keeps_to_one(server: ChatServer) -> None:
    schema = {"$schema": "x", "type": "object", "properties": {"total": {"type": "number"}}}
    server.script(obedient, writes('{"total":', " 9}", logprobs=(-0.1, -0.1)))
    reader = engine(server.url, json_schema=True)
    assert isinstance(reader, FillsSchemas) and reader.fills_schemas
    assert reader.fill("What?", schema) == Written('{"total": 9}', True, 2, 0.9048)
    sent = server.calls[-1].body
    assert sent["messages"] == [{"role": "user", "content": "What?"}]
    assert sent["response_format"]["json_schema"] == {
        "name": "answer",
        "schema": {"type": "object", "properties": {"total": {"type": "number"}}},
        "strict": True,
    }
    server.script(writes('{"total":', finish="length"))
    assert reader.fill("What?", schema).whole is False
    server.script(refuses(400))
    with pytest.raises(EngineFailed):
        reader.fill("What?", schema)
    server.script(refuses(503))
    with pytest.raises(EngineUnavailable):
        reader.fill("What?", schema)
    server.script(waits(30))
    with pytest.raises(Cancelled):
        reader.fill("What?", schema, Watch(stop=lambda: True))

    server.script(writes("Hello!"))
    disobedient = engine(server.url, json_schema=True)
    for _ in range(2):
        with pytest.raises(EngineFailed):
            disobedient.fill("What?", schema)
    assert len(server.calls) == 1  # asked whether it does, and believed


def test_rows_of_the_table_fit_what_is_sent(server: ChatServer) -> None:
    for row in VISION_MODELS.values():
        engine(server.url, row).read([page()])
        assert server.calls[-1].body["max_tokens"] == row.max_tokens
        content = server.calls[-1].body["messages"][0]["content"]
        assert content[1]["text"] == row.instruction
