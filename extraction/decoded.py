"""A page as decoded: what the PDF and the image decoder give, and what both need."""

from __future__ import annotations

import io
from dataclasses import dataclass, field

import numpy as np

from extraction.small_picture import with_small
from extraction.types import Box, Pixels

PREVIEW_PIXELS = 1600  # the longer side
PREVIEW_QUALITY = 80
SMALL_PIXELS = 192  # the longer side of the small picture in it
SMALL_QUALITY = 60
BLANK_RANGE = 8  # of 255: JPEG noise on a page of one colour stays below

RawWord = tuple[Box, str]
RawLine = tuple[float, list[RawWord]]  # the line's angle (see ``types.Line``) and its words


@dataclass(slots=True)
class Decoded:
    """One page as decoded. ``width`` and ``height`` are points as displayed."""

    width: float
    height: float
    rotation: int = 0
    dpi: float = 0.0
    pixels: Pixels | None = None
    lines: list[RawLine] = field(default_factory=list)
    rules: tuple[Box, ...] = ()
    images: tuple[Box, ...] = ()
    squares: tuple[tuple[Box, bool], ...] = ()
    preview: bytes = b""
    warnings: list[str] = field(default_factory=list)


def is_blank(pixels: Pixels) -> bool:
    """Whether the page is of one colour, give or take JPEG noise. ``pixels`` is H x W x 3."""
    coarse = pixels[::16, ::16].reshape(-1, 3)
    if (np.ptp(coarse, axis=0) > BLANK_RANGE).any():
        return False
    return all(int(np.ptp(pixels[..., channel])) <= BLANK_RANGE for channel in range(3))


def make_preview(pixels: Pixels) -> bytes:
    """A JPEG for people to look at, at most ``PREVIEW_PIXELS`` on the longer side.

    It carries a small one of ``SMALL_PIXELS`` (``small_picture.small_of``).
    """
    from PIL import Image

    image = Image.fromarray(pixels)
    image.thumbnail((PREVIEW_PIXELS, PREVIEW_PIXELS), reducing_gap=2.0)
    whole, small = io.BytesIO(), io.BytesIO()
    image.save(whole, "JPEG", quality=PREVIEW_QUALITY)
    image.thumbnail((SMALL_PIXELS, SMALL_PIXELS), reducing_gap=2.0)
    image.save(small, "JPEG", quality=SMALL_QUALITY)
    return with_small(whole.getvalue(), small.getvalue())
