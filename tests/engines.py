"""The tests' engine: reads nothing, says what it is told to say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from extraction.engines import UNWATCHED, Wants, Watch
from extraction.types import Line, PageImage, PageText, Word


def line(text: str, top: float = 100.0) -> Line:
    """A line of text at ``top`` points, each word 40 points wide."""
    words = tuple(
        Word(word, (50.0 + 45 * n, top, 90.0 + 45 * n, top + 12), 0.9)
        for n, word in enumerate(text.split())
    )
    return Line(text, (50.0, top, words[-1].box[2], top + 12), 0.9, words)


@dataclass
class FakeEngine:
    """Gives each page the line "Page N"; ``before`` is called with each page, and may raise."""

    name: str = "fake"
    revision: str = "fake-1"
    wants: Wants = "text"
    at_once: int = 1
    before: Callable[[PageImage], None] = lambda page: None
    read_pages: list[int] = field(default_factory=list)

    def read(self, pages: Sequence[PageImage], watch: Watch = UNWATCHED) -> list[PageText]:
        texts = []
        for page in pages:
            self.before(page)
            self.read_pages.append(page.number)
            texts.append(PageText((line(f"Page {page.number}"),), self.name, self.revision))
        return texts
