"""What one page of a result comes to in numbers: words, blocks, and how sure they are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from extraction.types import Page
from jobs.shown_page import BANDS, NOT_MEASURED, band


@dataclass(frozen=True, slots=True)
class Share:
    """So many of a page's words are as sure as their ``band`` says; ``share`` is from 0 to 1."""

    band: str
    count: int
    share: float


@dataclass(frozen=True, slots=True)
class PageStatistics:
    """Counts of one page; ``kinds`` are its blocks by kind, the most frequent first."""

    words: int
    lines: int
    characters: int
    kinds: tuple[tuple[str, int], ...]
    sureness: tuple[Share, ...]


def statistics(page: Page) -> PageStatistics:
    """The page's counts; a line without words counts by the words of its text."""
    bands: Counter[str] = Counter()
    for line in page.lines:
        if line.words:
            bands.update(band(word.confidence) for word in line.words)
        else:
            bands[band(line.confidence)] += len(line.text.split())
    if not page.lines:  # a model's text without lines
        bands[NOT_MEASURED] = sum(len(block.text.split()) for block in page.blocks)
    total = bands.total()
    letters = [*(letter for letter, _ in BANDS), NOT_MEASURED]
    return PageStatistics(
        words=total,
        lines=len(page.lines),
        characters=sum(len(block.text) for block in page.blocks),
        kinds=tuple(Counter(block.kind for block in page.blocks).most_common()),
        sureness=tuple(
            Share(letter, bands[letter], bands[letter] / total) for letter in letters if total
        ),
    )
