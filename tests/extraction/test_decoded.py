from __future__ import annotations

import io

import numpy as np
from PIL import Image

from extraction import decoded


def test_blank_page_is_one_of_one_colour() -> None:
    page = np.full((200, 300, 3), (250, 240, 10), np.uint8)
    assert decoded.is_blank(page)
    page[101, 53] = (0, 240, 10)  # off the coarse grid
    assert not decoded.is_blank(page)


def test_blank_page_may_have_jpeg_noise() -> None:
    noise = np.random.default_rng(1).integers(248, 256, (64, 64, 3))
    assert decoded.is_blank(noise.astype(np.uint8))


def test_preview_is_a_small_jpeg() -> None:
    preview = Image.open(io.BytesIO(decoded.make_preview(np.zeros((3200, 1600, 3), np.uint8))))
    assert (preview.format, preview.size) == ("JPEG", (800, 1600))
