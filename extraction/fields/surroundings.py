"""What stands around a value on its page: the texts before and above it, and its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from extraction.fields.labels import squeezed
from extraction.fields.parts import NEAR, Part, Sheet
from extraction.types import Box, Word

MOST_WORDS = 4  # of a text beside a value, those next to it
ABOVE = 3.0  # times the line's height: so far above a value its label may stand


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Squeezed texts without numbers before the value in its row and above it, "" for none.

    ``place`` is the value's middle in fractions of the page's width and height.
    """

    left: str
    above: str
    page: int
    place: tuple[float, float]


class Places:
    """Where a document's words stand, to look around values by their boxes."""

    def __init__(self, sheets: Sequence[Sheet]) -> None:
        self._words: dict[tuple[int, float], list[tuple[Sheet, Part, int]]] = {}
        for sheet in sheets:
            for part in sheet.parts:
                for index, word in enumerate(part.words):
                    key = (part.page, round(word.box[0], 1))
                    self._words.setdefault(key, []).append((sheet, part, index))
        self._seen: dict[tuple[int, Box], Surroundings | None] = {}

    def around(self, page: int, box: Box) -> Surroundings | None:
        """What stands around the value in ``box`` (points) on the page; None if no word is there.

        The box is a union of words' boxes.
        """
        if (page, box) not in self._seen:
            self._seen[page, box] = self._look(page, box)
        return self._seen[page, box]

    def _look(self, page: int, box: Box) -> Surroundings | None:
        for near in (0.0, -0.1, 0.1):
            for sheet, part, index in self._words.get((page, round(box[0] + near, 1)), ()):
                word = part.words[index]
                if word.box[1] < box[3] and word.box[3] > box[1]:
                    return _surroundings(sheet, part, index, box)
        return None


def place_of(sheet: Sheet, box: Box) -> tuple[float, float]:
    """The middle of a box in points, in fractions of the page from its top left corner."""
    page = sheet.page
    x = (box[0] + box[2]) / 2 / max(page.width, 1.0)
    y = (box[1] + box[3]) / 2 / max(page.height, 1.0)
    return round(min(max(x, 0.0), 1.0), 4), round(min(max(y, 0.0), 1.0), 4)


def _surroundings(sheet: Sheet, part: Part, index: int, box: Box) -> Surroundings:
    # of two words of one box ("No:123" is split) the first is the label's
    while index + 1 < len(part.words) and part.words[index].text.endswith(":"):
        if part.words[index + 1].box != part.words[index].box:
            break
        index += 1
    left = _text(part.words[:index][-MOST_WORDS:], backwards=True)
    if not left:
        before = [other for other in sheet.row(part) if other.box[2] <= part.box[0]]
        left = _text(before[-1].words[-MOST_WORDS:], backwards=True) if before else ""
    return Surroundings(left, _above(sheet, part, box), part.page, place_of(sheet, box))


def _above(sheet: Sheet, part: Part, box: Box) -> str:
    for other in reversed(sheet.parts[max(part.index - NEAR, 0) : part.index]):
        if part.box[1] - other.box[3] > ABOVE * part.height:
            return ""
        if other.middle < part.box[1] and other.box[0] < box[2] and other.box[2] > box[0]:
            return _text(other.words[:MOST_WORDS])
    return ""


def _text(words: Sequence[Word], *, backwards: bool = False) -> str:
    """The words without numbers that stand together, squeezed."""
    run: list[str] = []
    for word in reversed(words) if backwards else words:
        if any(sign.isdigit() for sign in word.text):
            break
        run.append(word.text)
    return squeezed(" ".join(reversed(run) if backwards else run))[:60]
