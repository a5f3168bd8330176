"""An engine that asks a server of the tests, and pages for it."""

from __future__ import annotations

import uuid
from typing import Any

import numpy as np

from extraction.breaker import breaker_of
from extraction.engines.configuration import Configuration, OpenAIServer
from extraction.engines.openai import OpenAI
from extraction.types import PageImage, Pixels
from extraction.vision_models import VisionModel
from tests.chat_server import (
    Call,
)

ROW = VisionModel("tiny", "A tiny one", "tests/tiny", instruction="Read it.", max_tokens=300)


KEY = "sk-secret-4711"


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
