"""The engine that reads nothing itself: the PDF's own text, as the decoder found it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from importlib import metadata

from extraction.engines import UNWATCHED, Wants, Watch
from extraction.types import Line, PageImage, PageText


class TextLayer:
    """Hands on the lines that came with the page; an image has none."""

    name = "text-layer"
    wants: Wants = "text"
    at_once = 1

    def __init__(self, threads: int = 0) -> None:
        self.revision = f"pymupdf-{metadata.version('pymupdf')}"

    def read(self, pages: Sequence[PageImage], watch: Watch = UNWATCHED) -> list[PageText]:
        """The pages' own text."""
        return [self._text(page) for page in pages]

    def _text(self, page: PageImage) -> PageText:
        skew = usual_angle(page.lines)
        return PageText(
            tuple(
                replace(line, angle=round(180 - (180 + skew - line.angle) % 360, 1))
                if line.angle != 0 or skew
                else line
                for line in page.lines
            ),
            self.name,
            self.revision,
            skew=skew,
            warnings=() if page.lines else ("no_text_layer",),
        )


def usual_angle(lines: Sequence[Line]) -> float:
    """The angle at which most of the text runs, in degrees clockwise."""
    letters: Counter[float] = Counter()
    for line in lines:
        letters[line.angle] += len(line.text)
    return letters.most_common(1)[0][0] if letters else 0.0
