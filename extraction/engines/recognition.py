"""Line recognition with a CTC model of the PP-OCR family: crops in, words of characters out.

Line widths are padded to multiples of 32 pixels, so that the number of input shapes the runtime
compiles and keeps is bounded (memory stays flat) and each line costs its own width only; lines run
on parallel streams. Lines read with doubt are read a second time, cut closer and padded more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from extraction.engines.alphabet import Steps, of_probabilities
from extraction.engines.detection import Quad
from extraction.engines.inference import Floats, Network
from extraction.engines.words import Glyph, parted
from extraction.types import Pixels

LINE_HEIGHT = 48  # pixels, the model's input height
MIN_WIDTH, WIDTH_STEP = 96, 32  # pixels, of the model's input
LOW, NARROWER = 32, 0.85  # pixels, the height of lines shown so much narrower at the first look
LONGEST = 160  # times its height, the longest line taken as it is; longer ones are squeezed


@dataclass(frozen=True, slots=True)
class Look:
    """How lines are shown to the model: the least width in pixels, how much narrower low ones.

    A low line is enlarged, which adds nothing to see: shown narrower it costs less and is read as
    well. The second look is roomy and true to proportion: that reads short lines a little better.
    """

    least: int
    narrower: float


FIRST, SECOND = Look(MIN_WIDTH, NARROWER), Look(160, 1.0)

DOUBT = 0.95  # the mean probability of its characters below which a line is read again
CLOSER = 0.06  # of its height, what is then cut off above and below


class Recognizer:
    """Holds the recognition model; called from one thread."""

    def __init__(self, model: Path, *, runtime: str, threads: int) -> None:
        self._network = Network(model, runtime=runtime, threads=threads, streams=threads)

    def __call__(self, image: Pixels, quads: Sequence[Quad]) -> list[list[list[Glyph]]]:
        """The words of each line of a BGR page, each word a list of its characters.

        ``quads`` are in pixels of the page, their text running from corner 0 to 1.
        """
        crops = [crop(image, quad) for quad in quads]
        lines = self.lines(crops)
        doubtful = [i for i, line in enumerate(lines) if line and certainty(line) < DOUBT]
        closer = [crop(image, narrowed(quads[i])) for i in doubtful]
        again = self.lines(closer, SECOND)
        for i, line, cut in zip(doubtful, again, closer, strict=True):
            if line and certainty(line) > certainty(lines[i]):
                lines[i], crops[i] = line, cut
        return [parted(line, cut) for line, cut in zip(lines, crops, strict=True)]

    def lines(self, crops: Sequence[Pixels], look: Look = FIRST) -> list[list[Glyph]]:
        """The characters of each crop."""
        # The longest first, so that no stream is left alone with one at the end.
        order = sorted(range(len(crops)), key=lambda i: -aspect(crops[i], look))
        found: list[list[Glyph]] = [[] for _ in crops]
        inputs = (prepare(crops[i], look) for i in order)
        alphabet = self._network.alphabet
        if alphabet is None:
            read = self._network(inputs, of_probabilities)
        else:
            read = alphabet.settle(self._network(inputs, alphabet.look))
        for i, steps in zip(order, read, strict=True):
            width = aspect(crops[i], look) * LINE_HEIGHT
            used = len(steps.best) * width / padded_width(width, look)
            found[i] = decode(steps, used, self._network.characters)
        return found


def crop(image: Pixels, quad: Quad) -> Pixels:
    """The line of those corners cut out of a BGR image and set level, at its own resolution."""
    import cv2

    across, down = quad[1] - quad[0], quad[3] - quad[0]
    width, height = (max(2, round(float(np.linalg.norm(side)))) for side in (across, down))
    level = np.array([[0, 0], [width, 0], [0, height]], np.float32)
    turn = cv2.getAffineTransform(quad[[0, 1, 3]].astype(np.float32), level)
    return np.asarray(
        cv2.warpAffine(
            image, turn, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        ),
        np.uint8,
    )


def narrowed(quad: Quad) -> Quad:
    """The corners with a little cut off above and below."""
    down = (quad[[3, 2, 1, 0]] - quad) * CLOSER
    return np.asarray(quad + down, np.float64)


def aspect(crop: Pixels, look: Look) -> float:
    """Width / height as the model is shown it."""
    height, width = crop.shape[:2]
    return min(width / height * (look.narrower if height < LOW else 1.0), LONGEST)


def padded_width(width: float, look: Look) -> int:
    """The model's input width for a line of that width, both in pixels at its height."""
    return max(look.least, math.ceil(width / WIDTH_STEP) * WIDTH_STEP)


def prepare(crop: Pixels, look: Look = FIRST) -> Floats:
    """The crop as the model takes it: 1 x 3 x 48 x width, from -1 to 1, zeros after the line."""
    import cv2

    width = aspect(crop, look) * LINE_HEIGHT
    padded = padded_width(width, look)
    scaled = max(1, min(padded, math.ceil(width)))
    line = np.zeros((1, 3, LINE_HEIGHT, padded), dtype=np.float32)
    resized = cv2.resize(crop, (scaled, LINE_HEIGHT)).astype(np.float32)
    line[0, :, :, :scaled] = resized.transpose(2, 0, 1) / 127.5 - 1
    return line


def decode(steps: Steps, used: float, characters: Sequence[str]) -> list[Glyph]:
    """Greedy CTC decoding; ``used`` is the number of steps the line itself covers.

    Repeats collapse and blanks fall away (Graves et al. 2006, "Connectionist Temporal
    Classification"); spaces are kept in the character after them.
    """
    glyphs: list[Glyph] = []
    previous_class, start = 0, 0
    for step, best in enumerate(steps.best):
        repeated, previous_class = best == previous_class, int(best)
        if best == 0 or repeated or characters[best].isspace():
            continue
        # From ``start``: a space that won counts too.
        space = float(steps.space[start:step].max()) if glyphs and step > start else 0.0
        place = min((step + 0.5) / used, 1.0)
        glyphs.append(Glyph(characters[best], place, float(steps.probability[step]), space))
        start = step + 1
    return glyphs


def certainty(glyphs: Sequence[Glyph]) -> float:
    """The mean probability of a line's characters (at least one)."""
    return sum(glyph.score for glyph in glyphs) / len(glyphs)
