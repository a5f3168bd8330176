"""A page as a picture for a server: within its bounds, as JPEG or PNG."""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass

from extraction.errors import EngineFailed
from extraction.types import PageImage, Pixels

JPEG_QUALITY = 95
DRAWN = 250_000  # pixels below which a picture is sent as PNG: JPEG would blur what is small


@dataclass(frozen=True, slots=True)
class Picture:
    """``kind`` is "jpeg" or "png"; width and height are pixels."""

    kind: str
    data: bytes
    width: int
    height: int

    @property
    def data_uri(self) -> str:
        return f"data:image/{self.kind};base64,{base64.b64encode(self.data).decode('ascii')}"


def encoded(page: PageImage, *, min_pixels: int, max_pixels: int) -> Picture:
    """The page with ``min_pixels`` to ``max_pixels``, its proportions kept.

    Raises ``EngineFailed`` for a page without pixels.
    """
    import cv2

    if page.pixels is None:
        raise EngineFailed(f"page {page.number} came without pixels")
    image = cv2.cvtColor(_within(page.pixels, min_pixels, max_pixels), cv2.COLOR_RGB2BGR)
    if image.shape[0] * image.shape[1] < DRAWN:
        kind, options = "png", [cv2.IMWRITE_PNG_COMPRESSION, 6]
    else:
        kind = "jpeg"
        options = [
            cv2.IMWRITE_JPEG_QUALITY,
            JPEG_QUALITY,
            cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
            cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
        ]
    done, data = cv2.imencode(f".{kind}", image, options)
    if not done:
        raise EngineFailed(f"page {page.number} could not be encoded")
    return Picture(kind, data.tobytes(), image.shape[1], image.shape[0])


def _within(pixels: Pixels, least: int, most: int) -> Pixels:
    import cv2

    height, width = pixels.shape[:2]
    size = height * width
    scale = math.sqrt(min(max(size, least), most) / size)
    if scale == 1:
        return pixels
    round_ = math.floor if scale < 1 else math.ceil
    new = (max(round_(width * scale), 1), max(round_(height * scale), 1))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(pixels, new, interpolation=how).astype(pixels.dtype, copy=False)
