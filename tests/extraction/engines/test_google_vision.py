"""extraction/engines/google_vision: Google's client over the wire, to a server of the tests'."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import cv2
import grpc
import jwt
import numpy as np
import pytest
import redis
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.cloud import vision_v1

from extraction.breaker import FAILURES
from extraction.engines import Watch, attempts
from extraction.engines.configuration import Configuration, GoogleVision
from extraction.engines.google_vision import GoogleVisionEngine
from extraction.engines.spending import Spent
from extraction.errors import Cancelled, EngineCapReached, EngineFailed, EngineUnavailable
from extraction.structure import of_page
from extraction.types import PageImage, PageText
from ocrsite.embedded import Valkey
from tests.certificates import self_signed
from tests.vision_server import (
    EOL,
    HYPHEN,
    LINE_BREAK,
    VisionServer,
    annotated,
    box,
    fails,
    poly,
    tells,
    vision_server,
    waits,
    word,
)

ROOT = Path(__file__).resolve().parents[3]
BROKEN = [
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.ABORTED,
]


@pytest.fixture
def server() -> Iterator[VisionServer]:
    with vision_server() as server:
        yield server


@pytest.fixture
def client(valkey: Valkey) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(valkey.url) as client:
        yield client


@pytest.fixture(autouse=True)
def _soon_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "FIRST_SECONDS", 0.02)


def engine(server: VisionServer, client: redis.Redis, **more: Any) -> GoogleVisionEngine:
    """An engine with a breaker and a count of its own."""
    settings = GoogleVision(None, **{"pages_a_day": 100, "endpoint": server.endpoint, **more})
    configuration = Configuration(google=settings, redis=lambda: nullcontext(client))
    return GoogleVisionEngine(
        name=f"google-{uuid.uuid4().hex}", configuration=configuration, threads=1
    )


def page(number: int = 1, width: int = 1000, height: int = 1500) -> PageImage:
    """A page of 200 dpi."""
    pixels = np.full((height, width, 3), 255, np.uint8)
    pixels[100:200, : 50 * number] = 0
    return PageImage(number, width * 0.36, height * 0.36, 0, 200.0, pixels)


def read(server: VisionServer, client: redis.Redis, response: Any) -> PageText:
    """What the engine makes of that answer, on one page of 1000 x 1500 pixels."""
    server.script(lambda request, context: response)
    (text,) = engine(server, client).read([page()])
    assert text.error is None
    return text


def standing(reader: GoogleVisionEngine) -> tuple[str, int]:
    state = reader._breaker.state()
    return state.state, state.failures


def test_page_is_sent_for_document_text_detection(
    server: VisionServer, client: redis.Redis
) -> None:
    reader = engine(server, client, languages=("ja", "el"))
    assert reader.revision == "DOCUMENT_TEXT_DETECTION/google-cloud-vision-3.16.0"
    (text,) = reader.read([page(3)])
    assert text == PageText((), reader.name, reader.revision)  # it is blank
    (request,) = server.requests
    (feature,) = request.features
    assert feature.type_ == vision_v1.Feature.Type.DOCUMENT_TEXT_DETECTION
    assert list(request.image_context.language_hints) == ["ja", "el"]
    pixels = cv2.imdecode(np.frombuffer(request.image.content, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert pixels is not None
    assert pixels.shape == (1500, 1000)
    assert round(float((pixels[150] < 128).mean()) * 1000) == 150
    assert "authorization" not in server.metadata[0]


def test_words_stand_where_they_are_in_points(server: VisionServer, client: redis.Redis) -> None:
    text = read(
        server,
        client,
        annotated(
            [
                word("Invoice", box(100, 50, 300, 100), confidence=0.98),
                word("no", box(320, 50, 380, 100), None, confidence=0.7),
                word(":", box(382, 50, 390, 100), confidence=0.95),
                word("4711", box(400, 50, 500, 100), LINE_BREAK, confidence=0.5),
            ],
            [word("Total", box(100, 200, 250, 240), LINE_BREAK)],
            size=(1000, 1500),
        ),
    )
    first, second = text.lines
    assert first.text == "Invoice no: 4711"
    assert [word.text for word in first.words] == ["Invoice", "no:", "4711"]
    assert [word.box for word in first.words] == [
        (36.0, 18.0, 108.0, 36.0),
        (115.2, 18.0, 140.4, 36.0),
        (144.0, 18.0, 180.0, 36.0),
    ]
    assert [word.confidence for word in first.words] == [0.98, 0.7, 0.5]
    assert first.confidence == round((0.98 * 7 + 0.7 * 3 + 0.5 * 4) / 14, 4)
    assert (second.text, second.box, text.skew) == ("Total", (36.0, 72.0, 90.0, 86.4), 0.0)


def test_large_page_is_sent_smaller_and_its_words_stand_right(
    server: VisionServer, client: redis.Redis
) -> None:
    def reply(request: Any, context: Any) -> Any:
        pixels = cv2.imdecode(np.frombuffer(request.image.content, np.uint8), cv2.IMREAD_COLOR)
        assert pixels is not None
        height, width = pixels.shape[:2]
        assert 11_900_000 < height * width <= 12_000_000
        quad = box(width // 2, height // 2, width, height)
        return annotated([word("there", quad)], size=(width, height))

    server.script(reply)
    (text,) = engine(server, client).read([page(1, 4000, 6000)])
    assert text.lines[0].box == pytest.approx((720, 1080, 1440, 2160), abs=0.5)


def test_lines_end_where_google_says_and_a_hyphen_is_part_of_its_word(
    server: VisionServer, client: redis.Redis
) -> None:
    text = read(
        server,
        client,
        annotated(
            [
                word("It", box(10, 10, 20, 20)),
                word("con", box(30, 10, 60, 20), HYPHEN),
                word("tinues", box(10, 30, 60, 40)),
                word("over", box(70, 30, 90, 40), EOL),
                word("lines", box(10, 50, 60, 60), None),
            ],
            size=(1000, 1500),
        ),
    )
    assert [line.text for line in text.lines] == ["It con-", "tinues over", "lines"]


def test_break_before_a_symbol_and_within_a_word_part_words(
    server: VisionServer, client: redis.Redis
) -> None:
    within = word("ab", box(0, 0, 100, 50), None)
    within.symbols[0].bounding_box = poly(box(0, 0, 40, 50))
    within.symbols[1].bounding_box = poly(box(60, 0, 100, 50))
    within.symbols[0].property = {"detected_break": {"type_": 1}}
    before = word("c", box(200, 0, 250, 50), None)
    before.symbols[0].property = {"detected_break": {"type_": 1, "is_prefix": True}}
    text = read(server, client, annotated([within, before], size=(1000, 1500)))
    (line,) = text.lines
    assert [(word.text, word.box) for word in line.words] == [
        ("a", (0, 0, 14.4, 18)),
        ("b", (21.6, 0, 36, 18)),
        ("c", (72, 0, 90, 18)),
    ]


def test_break_may_stand_at_the_word_itself(server: VisionServer, client: redis.Redis) -> None:
    first = word("one", box(0, 0, 40, 10), None)
    first.property = {"detected_break": {"type_": LINE_BREAK}}
    text = read(server, client, annotated([first, word("two", box(0, 20, 40, 30))]))
    assert [line.text for line in text.lines] == ["one", "two"]


def test_confidence_that_is_missing_is_none_or_the_symbols(
    server: VisionServer, client: redis.Redis
) -> None:
    text = read(
        server,
        client,
        annotated(
            [
                word("none", box(0, 0, 40, 10), confidence=0),
                word("some", box(50, 0, 90, 10), LINE_BREAK, confidence=0.8),
            ],
            [by_symbols("ab", (0.5, 0.7))],
            [word("c", box(0, 40, 40, 50), LINE_BREAK, confidence=0)],
        ),
    )
    assert [word.confidence for line in text.lines for word in line.words] == [None, 0.8, 0.6, None]
    assert [line.confidence for line in text.lines] == [0.8, 0.6, None]


def by_symbols(text: str, scores: tuple[float, ...]) -> Any:
    """A word of which only the symbols are scored."""
    made = word(text, box(0, 20, 40, 30), LINE_BREAK, confidence=0)
    for symbol, score in zip(made.symbols, scores, strict=True):
        symbol.confidence = score
    return made


def turned(quad: Any, degrees: int, width: int = 1000, height: int = 1500) -> Any:
    """The corners on a picture of ``width`` x ``height`` that is turned, clockwise, by quarters."""
    points = list(quad)
    for _ in range(degrees // 90):
        points = [(height - y, x) for x, y in points]
        width, height = height, width
    return points


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_page_that_lies_on_its_side_is_read_as_it_lies(
    server: VisionServer, client: redis.Redis, degrees: int
) -> None:
    """Google gives the corners of turned text in the order in which it is read."""
    lines = ["Please pay within thirty days", "Total 150.84", "Thank you for your order"]
    paragraphs = []
    for row, line in enumerate(lines):
        words, x = [], 100
        for written in line.split():
            end = x + 20 * len(written)
            quad = turned(box(x, 100 + 60 * row, end, 140 + 60 * row), degrees)
            words.append(word(written, quad))
            x = end + 20
        words[-1].symbols[-1].property = {"detected_break": {"type_": LINE_BREAK}}
        paragraphs.append(words)
    size = (1000, 1500) if degrees % 180 == 0 else (1500, 1000)
    server.script(lambda request, context: annotated(*paragraphs, size=size))
    image = page(1, *size)
    (text,) = engine(server, client).read([image])
    assert text.skew % 360 == degrees
    (x0, y0, x1, y1) = text.lines[0].words[0].box
    corners = turned(box(100, 100, 220, 140), degrees)
    assert (x0, y0) == tuple(pytest.approx(min(p[i] for p in corners) * 0.36) for i in (0, 1))
    assert (x1, y1) == tuple(pytest.approx(max(p[i] for p in corners) * 0.36) for i in (0, 1))
    assert [line.text for line in of_page(image, text).lines] == lines


def test_skew_is_told_by_the_corners(server: VisionServer, client: redis.Redis) -> None:
    c, s = math.cos(math.radians(3)), math.sin(math.radians(3))

    def leaning(x0: int, y0: int, x1: int, y1: int) -> Any:
        return [(round(x * c - y * s), round(x * s + y * c)) for x, y in box(x0, y0, x1, y1)]

    words = [word("leaning", leaning(200, 200 + 60 * n, 800, 240 + 60 * n), EOL) for n in range(9)]
    assert read(server, client, annotated(words)).skew == pytest.approx(3, abs=0.1)


def test_text_from_right_to_left_is_not_upside_down(
    server: VisionServer, client: redis.Redis
) -> None:
    words = [
        word("שלום", box(700, 100, 800, 140)),
        word("עולם", box(550, 100, 680, 140), LINE_BREAK),
    ]
    text = read(server, client, annotated(words))
    assert (text.lines[0].text, text.skew) == ("שלום עולם", 0.0)


def test_word_without_corners_stands_where_its_symbols_or_its_block_do(
    server: VisionServer, client: redis.Redis
) -> None:
    by_signs = word("ab")
    by_signs.symbols[0].bounding_box = poly(box(100, 100, 150, 200))
    by_signs.symbols[1].bounding_box = poly(box(160, 110, 200, 200))
    nowhere = word("cd", (), LINE_BREAK)
    three = word("ef", [(500, 500), (600, 500), (600, 600)], LINE_BREAK)
    outside = word("gh", [(-50, -20), (1200, -20), (1200, 1600), (-50, 1600)], LINE_BREAK)
    normal = word("ij", (), LINE_BREAK)
    normal.bounding_box = vision_v1.BoundingPoly(
        normalized_vertices=[{"x": x, "y": y} for x, y in ((0.5, 0.5), (1, 0.5), (1, 1), (0.5, 1))]
    )
    text = read(
        server,
        client,
        annotated([by_signs, nowhere, three, outside, normal], quad=box(10, 20, 1000, 1500)),
    )
    assert {word.text: word.box for line in text.lines for word in line.words} == {
        "ab": (36, 36, 72, 72),
        "cd": (3.6, 7.2, 360, 540),
        "ef": (180, 180, 216, 216),
        "gh": (0, 0, 360, 540),
        "ij": (180, 270, 360, 540),
    }
    empty = read(server, client, annotated([word("kl")]))
    assert empty.lines[0].box == (0, 0, 360, 540)


def test_empty_parts_of_an_annotation_are_nothing(
    server: VisionServer, client: redis.Redis
) -> None:
    blank = word(" ", box(0, 0, 10, 10), LINE_BREAK)
    none = vision_v1.Word(bounding_box=poly(box(0, 0, 10, 10)))
    assert read(server, client, annotated([blank, none], [])).lines == ()


def test_pages_are_read_together_and_each_is_counted(
    server: VisionServer, client: redis.Redis
) -> None:
    def reply(request: Any, context: Any) -> Any:
        pixels = cv2.imdecode(np.frombuffer(request.image.content, np.uint8), cv2.IMREAD_GRAYSCALE)
        assert pixels is not None
        number = round(float((pixels[150] < 128).mean()) * 20)
        time.sleep(0.3 - 0.03 * number)
        return annotated([word(f"page-{number}", box(0, 0, 10, 10))])

    server.script(reply)
    reader = engine(server, client)
    texts = reader.read([page(number) for number in range(1, 7)])
    assert [text.lines[0].text for text in texts] == [f"page-{number}" for number in range(1, 7)]
    assert server.most_at_once == reader.at_once == 4
    assert reader._spending.today() == Spent(6, 100)


def test_cap_of_a_day_stops_before_anything_is_sent(
    server: VisionServer, client: redis.Redis
) -> None:
    reader = engine(server, client, pages_a_day=3)
    reader.read([page(1), page(2), page(3)])
    for _ in range(FAILURES + 1):
        with pytest.raises(EngineCapReached) as caught:
            reader.read([page(4)])
    assert (caught.value.limit, caught.value.actual) == (3, 4)
    assert caught.value.retry_after is not None
    assert 0 < caught.value.retry_after <= 86_400
    assert len(server.requests) == 3
    assert standing(reader) == ("closed", 0)


def test_nothing_is_sent_where_redis_is_away(
    server: VisionServer, client: redis.Redis, valkey: Valkey
) -> None:
    reader = engine(server, client)
    assert valkey.process is not None
    valkey.process.kill()
    valkey.process.wait()
    with pytest.raises(EngineUnavailable, match="cannot be counted"):
        reader.read([page()])
    assert server.requests == []


@pytest.mark.parametrize("code", BROKEN)
def test_passing_fault_is_followed_by_another_try_that_counts_as_a_page(
    server: VisionServer, client: redis.Redis, code: grpc.StatusCode
) -> None:
    good = annotated([word("read", box(0, 0, 10, 10))])
    server.script(fails(code), tells(14, "later"), lambda request, context: good)
    reader = engine(server, client)
    (text,) = reader.read([page()])
    assert text.lines[0].text == "read"
    assert len(server.requests) == 3
    assert reader._spending.today().pages == 3
    assert standing(reader) == ("closed", 0)


def test_five_failures_open_the_breaker_and_nothing_more_is_sent(
    server: VisionServer, client: redis.Redis
) -> None:
    server.script(fails(grpc.StatusCode.UNAVAILABLE, "down"))
    reader = engine(server, client)
    with pytest.raises(EngineUnavailable, match="down"):
        reader.read([page()])
    with pytest.raises(EngineUnavailable):
        reader.read([page()])
    assert len(server.requests) == FAILURES
    with pytest.raises(EngineUnavailable) as caught:
        reader.read([page()])
    assert caught.value.retry_after == pytest.approx(300, abs=2)
    assert len(server.requests) == FAILURES
    assert reader._spending.today().pages == FAILURES


@pytest.mark.parametrize(
    "code",
    [
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.UNIMPLEMENTED,
    ],
)
def test_what_the_operator_must_mend_is_told_and_does_not_count(
    server: VisionServer, client: redis.Redis, code: grpc.StatusCode
) -> None:
    server.script(fails(code, "This API method requires billing to be enabled."))
    reader = engine(server, client)
    for _ in range(FAILURES + 1):
        with pytest.raises(EngineUnavailable, match="requires billing") as caught:
            reader.read([page()])
        assert caught.value.retry_after is None
    assert len(server.requests) == FAILURES + 1
    assert standing(reader) == ("closed", 0)


@pytest.mark.parametrize("reply", [fails(grpc.StatusCode.RESOURCE_EXHAUSTED), tells(8, "no")])
def test_quota_of_googles_is_waited_for(
    server: VisionServer, client: redis.Redis, reply: Any
) -> None:
    server.script(reply)
    reader = engine(server, client)
    for _ in range(FAILURES + 1):
        with pytest.raises(EngineUnavailable, match="quota is used up") as caught:
            reader.read([page()])
        assert caught.value.retry_after == 60
    assert len(server.requests) == FAILURES + 1
    assert standing(reader) == ("closed", 0)


@pytest.mark.parametrize(
    "reply", [fails(grpc.StatusCode.INVALID_ARGUMENT, "Bad image."), tells(3, "Bad image.")]
)
def test_page_that_google_refuses_fails_alone(
    server: VisionServer, client: redis.Redis, reply: Any
) -> None:
    good = annotated([word("read", box(0, 0, 10, 10))])

    def some(request: Any, context: Any) -> Any:
        pixels = cv2.imdecode(np.frombuffer(request.image.content, np.uint8), cv2.IMREAD_GRAYSCALE)
        assert pixels is not None
        return reply(request, context) if (pixels[150] < 128).mean() > 0.08 else good

    server.script(some)
    reader = engine(server, client)
    for _ in range(FAILURES):
        texts = reader.read([page(1), page(2)])
        assert texts[0].lines[0].text == "read"
        assert texts[1].error is not None
        assert texts[1].error.detail == "Google refuses the page: Bad image."
    assert standing(reader) == ("closed", 0)


def test_server_that_is_slow_is_given_up_in_time(server: VisionServer, client: redis.Redis) -> None:
    server.script(waits(3))
    reader = engine(server, client, seconds=0.3, retries=1)
    begun = time.monotonic()
    with pytest.raises(EngineUnavailable, match="Deadline"):
        reader.read([page()])
    assert time.monotonic() - begun < 2
    assert len(server.requests) == 2
    assert standing(reader) == ("closed", 2)


def test_stop_is_obeyed_while_google_is_slow(server: VisionServer, client: redis.Redis) -> None:
    server.script(waits(3))
    reader = engine(server, client)
    begun = time.monotonic()
    with pytest.raises(Cancelled):
        reader.read([page()], Watch(stop=lambda: True))
    assert time.monotonic() - begun < 2


def test_answer_without_a_result_is_the_servers_fault(
    server: VisionServer, client: redis.Redis
) -> None:
    server.script(lambda request, context: None)
    reader = engine(server, client)
    with pytest.raises(EngineUnavailable, match="answers nothing"):
        reader.read([page()])
    assert standing(reader) == ("closed", 1)


def test_answer_that_is_too_large_is_not_taken(server: VisionServer, client: redis.Redis) -> None:
    huge = annotated([word("x" * 100, box(0, 0, 10, 10))])
    huge.full_text_annotation.text = "x" * 17_000_000
    server.script(lambda request, context: huge)
    with pytest.raises(EngineUnavailable, match=r"quota|larger"):
        engine(server, client, retries=0).read([page()])


def test_server_that_is_away_is_unavailable(client: redis.Redis) -> None:
    with vision_server() as server:
        reader = engine(server, client, retries=0, seconds=5)
        assert reader.read([page()])[0].error is None
    with pytest.raises(EngineUnavailable):
        reader.read([page()])
    assert standing(reader) == ("closed", 1)


def test_page_without_pixels_is_an_error_before_anything_is_sent(
    server: VisionServer, client: redis.Redis
) -> None:
    with pytest.raises(EngineFailed):
        engine(server, client).read([PageImage(1, 100, 100, 0, 72.0)])
    assert server.requests == []


def test_trial_is_one_page(
    server: VisionServer, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = engine(server, client)
    now = time.time()
    monkeypatch.setattr(reader._breaker, "_clock", lambda: now)
    for _ in range(FAILURES):
        reader._breaker.admit().failed()
    now += 300
    server.script(waits(0.4))
    with ThreadPoolExecutor(4) as pool:
        reads = [pool.submit(reader.read, [page(number)]) for number in range(1, 5)]
    assert sum(read.exception() is None for read in reads) == 1
    assert len(server.requests) == 1
    assert standing(reader) == ("closed", 0)


@pytest.mark.parametrize("content", [None, "", "{}", '{"type": "service_account"}', "[1"])
def test_credentials_that_are_none_are_told(
    client: redis.Redis, tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "account.json"
    if content is not None:
        path.write_text(content)
    settings = GoogleVision(path, pages_a_day=5)
    configuration = Configuration(google=settings, redis=lambda: nullcontext(client))
    with pytest.raises(EngineUnavailable, match="GOOGLE_VISION_CREDENTIALS are not usable"):
        GoogleVisionEngine(name="google-vision", configuration=configuration)


def test_it_is_off_until_it_is_set_up() -> None:
    with pytest.raises(EngineUnavailable):
        GoogleVisionEngine(name="google-vision", configuration=Configuration())


SIGNED = """
import sys
from contextlib import nullcontext
from pathlib import Path
import numpy as np, redis
from extraction.engines.configuration import Configuration, GoogleVision
from extraction.engines.google_vision import GoogleVisionEngine
from extraction.types import PageImage
client = redis.Redis.from_url(sys.argv[3])
settings = GoogleVision(Path(sys.argv[1]), 5, endpoint=sys.argv[2])
reader = GoogleVisionEngine(
    name="google-vision",
    configuration=Configuration(google=settings, redis=lambda: nullcontext(client)),
)
page = PageImage(1, 36, 36, 0, 72.0, np.zeros((36, 36, 3), np.uint8))
print(reader.read([page])[0].lines[0].text)
"""


@pytest.mark.slow
def test_service_account_signs_what_goes_over_tls(valkey: Valkey, tmp_path: Path) -> None:
    """In a process of its own: gRPC reads whom it trusts once."""
    certificate, key = self_signed(tmp_path)
    signing = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    account = {
        "type": "service_account",
        "client_email": "reader@project.iam.gserviceaccount.com",
        "private_key_id": "1",
        "private_key": signing.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode(),
        "token_uri": "http://127.0.0.1:9/nobody-is-asked",
    }
    (tmp_path / "account.json").write_text(json.dumps(account))
    credentials = grpc.ssl_server_credentials([(key.read_bytes(), certificate.read_bytes())])
    with vision_server(credentials=credentials) as server:
        good = annotated([word("signed", box(0, 0, 10, 10))])
        server.script(lambda request, context: good)
        done = subprocess.run(
            [
                sys.executable, "-c", SIGNED,
                str(tmp_path / "account.json"), server.endpoint, valkey.url,
            ],
            cwd=ROOT,
            env={"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(certificate), "PATH": ""},
            capture_output=True,
            text=True,
            timeout=120,
        )  # fmt: skip
        assert done.stdout.strip() == "signed", done.stderr
        kind, _, token = server.metadata[0]["authorization"].partition(" ")
    assert kind == "Bearer"
    claims = jwt.decode(
        token, signing.public_key(), algorithms=["RS256"], options={"verify_aud": False}
    )
    assert claims["iss"] == claims["sub"] == "reader@project.iam.gserviceaccount.com"


FORKING = """
import subprocess, sys, threading
from contextlib import nullcontext
import numpy as np, redis
from extraction.engines.configuration import Configuration, GoogleVision
from extraction.engines.google_vision import GoogleVisionEngine
from extraction.types import PageImage
from ocrsite.embedded import end_with_parent
client = redis.Redis.from_url(sys.argv[2])
settings = GoogleVision(None, 1_000_000, endpoint=sys.argv[1])
reader = GoogleVisionEngine(
    name="google-vision",
    configuration=Configuration(google=settings, redis=lambda: nullcontext(client)),
)
page = PageImage(1, 36, 36, 0, 72.0, np.zeros((36, 36, 3), np.uint8))
over = threading.Event()
def read():
    while not over.is_set():
        reader.read([page] * 4)
thread = threading.Thread(target=read)
thread.start()
try:
    for _ in range(150):
        done = subprocess.run(["echo", "there"], preexec_fn=end_with_parent, capture_output=True)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"there\\n", b""), done
finally:
    over.set()
    thread.join()
print("all there")
"""


@pytest.mark.slow
def test_processes_begin_as_they_should_while_google_is_asked(
    server: VisionServer, valkey: Valkey
) -> None:
    """A worker starts its decoders meanwhile."""
    environment = {"PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-c", FORKING, server.endpoint, valkey.url],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout.strip() == "all there", done.stderr
