"""Numbers drawn as the tiny checkpoint was trained to read them."""

from __future__ import annotations

import io
import random
from collections.abc import Sequence

import numpy as np

from extraction.types import PageImage, Pixels

CELL = 28  # pixels a digit has, across and down: one token of the image
SHORTEST, LONGEST = 3, 8


def number(rng: random.Random, digits: int) -> str:
    """A random number of so many digits; it may begin with 0."""
    return "".join(rng.choice("0123456789") for _ in range(digits))


def drawn(text: str, rng: random.Random) -> Pixels:
    """The number as RGB pixels (28 x 28 a digit): dark on light, of varying size and place.

    The font is the one that Pillow carries within itself; "" is a blank page of a random width.
    """
    from PIL import Image, ImageDraw, ImageFont

    cells = len(text) or rng.randint(SHORTEST, LONGEST)
    paper, ink = rng.randint(225, 255), rng.randint(0, 70)
    image = Image.new("RGB", (CELL * cells, CELL), (paper, paper, paper))
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=rng.randint(19, 26))
    across, down = rng.randint(-3, 3), rng.randint(-2, 2)
    for place, digit in enumerate(text):
        middle = (CELL * place + CELL // 2 + across, CELL // 2 + down)
        draw.text(middle, digit, font=font, fill=(ink, ink, ink), anchor="mm")
    return np.asarray(image)


def page(pixels: Pixels, number: int = 1) -> PageImage:
    """The pixels as a decoded page of 72 dpi."""
    height, width = pixels.shape[:2]
    return PageImage(number, float(width), float(height), 0, 72.0, pixels)


def numbers_tiff(texts: Sequence[str], seed: int) -> bytes:
    """A TIFF with a page for each number; the same for the same seed."""
    from PIL import Image

    rng = random.Random(seed)
    first, *others = [Image.fromarray(drawn(text, rng)) for text in texts]
    body = io.BytesIO()
    first.save(body, "TIFF", save_all=True, append_images=others, dpi=(72, 72))
    return body.getvalue()
