from __future__ import annotations

import io

import numpy as np
from PIL import Image

from extraction.decoded import SMALL_PIXELS, make_preview
from extraction.small_picture import HEAD_BYTES, small_of, with_small


def jpeg(width: int, height: int, quality: int = 80) -> bytes:
    """A picture of noise."""
    memory = io.BytesIO()
    pixels = np.random.default_rng(1).integers(0, 255, (height, width, 3), np.uint8)
    Image.fromarray(pixels).save(memory, "JPEG", quality=quality)
    return memory.getvalue()


def test_preview_carries_a_small_picture_of_the_same_page() -> None:
    page = np.full((1600, 800, 3), 255, np.uint8)
    page[:800] = (200, 0, 0)
    preview = make_preview(page)
    small = small_of(preview[:HEAD_BYTES])
    assert small is not None
    with Image.open(io.BytesIO(small)) as seen, Image.open(io.BytesIO(preview)) as whole:
        assert (seen.format, seen.size) == ("JPEG", (SMALL_PIXELS // 2, SMALL_PIXELS))
        assert whole.size == (800, 1600)
        assert np.abs(np.asarray(seen)[10, 10].astype(int) - (200, 0, 0)).max() < 8
        assert np.abs(np.asarray(whole)[10, 10].astype(int) - (200, 0, 0)).max() < 8
    assert len(small) < 8_000


def test_what_has_none_is_told_so() -> None:
    assert small_of(jpeg(80, 80)) is None
    assert small_of(b"") is None
    assert small_of(b"\xff\xd8\xff\xe0\xff") is None
    assert small_of(b"\x89PNG\r\n" + bytes(100)) is None


def test_a_small_picture_too_large_for_its_place_is_left_out() -> None:
    picture = jpeg(64, 64)
    assert with_small(picture, jpeg(400, 400, 100)) == picture
    assert with_small(picture, b"no picture") == picture
