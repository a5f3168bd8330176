"""A line's characters parted into words: where the recogniser was too shy or too bold with spaces.

Three things speak for a space between two characters: the model's own probability of one, the gap
in the ink, and which characters stand around it. Their weights are near those of a logistic
regression (``benchmarks/spaces.py``), moved a little towards the gap so that other papers than the
receipts it was fitted on lose fewer spaces.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from extraction.types import Pixels

# A space is taken where SPACE_ODDS * log-odds of its probability + GAP_ODDS * (gap without ink /
# line height) + CONTEXT_ODDS * context passes SPACE_BIAS.
SPACE_ODDS, GAP_ODDS, CONTEXT_ODDS, SPACE_BIAS = 0.7, 12.0, 0.74, 0.0
NO_CONTEXT = -1.1  # log-odds of a space between characters of which nothing is known
MOST_CONTEXT = 6.0  # the most that the context may speak for or against between letters
MOST_ELSEWHERE = 2.5  # beside digits and signs: there custom differs from one paper to the next
LEAST_SPACE = 0.0001  # below this probability nothing else is asked
INK = 0.35  # of the line's dark columns: below, a column has no ink


@dataclass(frozen=True, slots=True)
class Glyph:
    """One character: its centre along the line from 0 to 1, and its probability.

    ``space`` is the highest probability of a space between the character before and this one.
    """

    character: str
    place: float
    score: float
    space: float = 0.0


def parted(glyphs: Sequence[Glyph], crop: Pixels) -> list[list[Glyph]]:
    """The characters of a line as words; ``crop`` is the line itself, BGR and level."""
    words: list[list[Glyph]] = []
    text = "".join(glyph.character for glyph in glyphs)
    columns = inked(crop) if any(glyph.space > LEAST_SPACE for glyph in glyphs) else None
    for index, glyph in enumerate(glyphs):
        if not index or (
            columns is not None
            and glyph.space > LEAST_SPACE
            and space_odds(
                glyph.space,
                widest_gap(columns, glyphs[index - 1].place, glyph.place) / crop.shape[0],
                context(text, index),
            )
            > 0
        ):
            words.append([])
        words[-1].append(glyph)
    return words


def space_odds(probability: float, gap: float, context: float) -> float:
    """The log-odds of a space, of the model's probability, the gap in line heights and context."""
    chance = min(probability, 1 - 1e-6)
    odds = math.log(chance / (1 - chance))
    return SPACE_ODDS * odds + GAP_ODDS * gap + CONTEXT_ODDS * context - SPACE_BIAS


def context(text: str, index: int) -> float:
    """The log-odds of a space before that character, from the characters around it alone.

    ``text`` is a line without spaces. Contexts never met say nothing for or against.
    """
    learned = _contexts()
    odds = NO_CONTEXT + sum(learned.get(each, 0.0) for each in contexts(text, index))
    letters = text[index - 1 : index + 1].isalpha()
    most = MOST_CONTEXT if letters else MOST_ELSEWHERE
    return max(-most, min(odds, most))


def contexts(text: str, index: int) -> tuple[str, str, str]:
    """What stands around that place: two and two, three and one, one and three characters.

    Digits are alike, and so are small and capital letters.
    """
    around = alike(text[max(index - 3, 0) : index].rjust(3, "^") + "|" + text[index : index + 3])
    around = around.ljust(7, "$")
    return around[1:6], around[:5], around[2:]


def alike(text: str) -> str:
    """The text with each letter as a capital one and each digit as 0; as long as it was."""
    return re.sub(r"\d", "0", "".join(c.upper() if len(c.upper()) == 1 else c for c in text))


@cache
def _contexts() -> dict[str, float]:
    lines = Path(__file__).with_name("words.tsv").read_text("utf-8").splitlines()
    return {key: int(eighths) / 8 for key, eighths in (line.split("\t") for line in lines)}


def inked(crop: Pixels) -> npt.NDArray[np.bool_]:
    """Which columns of a level line have ink: pixels unlike the background, dark or light."""
    import cv2

    edge = crop.shape[0] // 8  # neighbouring lines reach in there
    grey = cv2.cvtColor(crop[edge : crop.shape[0] - edge], cv2.COLOR_BGR2GRAY)
    contrast = cv2.absdiff(grey, np.full_like(grey, np.median(grey)))
    eighth = max(1, len(grey) // 8)
    strongest = np.partition(contrast, -eighth, axis=0)[-eighth:].mean(axis=0)
    return np.asarray(strongest >= INK * max(float(np.percentile(strongest, 90)), 1.0))


def widest_gap(columns: npt.NDArray[np.bool_], start: float, end: float) -> int:
    """The longest run of columns without ink between two places from 0 to 1, in pixels."""
    first, last = round(start * len(columns)), round(end * len(columns))
    edges = np.flatnonzero(columns[first:last])
    return int(np.diff(edges, prepend=-1, append=max(last - first, 0)).max()) - 1
