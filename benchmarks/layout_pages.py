"""Generated documents whose layout is known: what the layout benchmark reads.

Every document is drawn from a seed: a body (``layout_text``, ``layout_business``), then headers,
footers and page numbers (``layout_furniture``); some are made to look scanned.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from benchmarks.layout_business import (
    business_letter,
    form,
    formulas,
    letter,
    marked,
    questions,
    statement,
)
from benchmarks.layout_drawing import PageTruth, Pen, Style
from benchmarks.layout_furniture import Running, furnish
from benchmarks.layout_text import (
    bands,
    book,
    columns,
    figures,
    lists,
    notes,
    sidebar,
    single,
    three,
)
from benchmarks.scanning import scan


@dataclass(slots=True)
class Sample:
    """A document with its truth. ``kind`` is what it tests."""

    name: str
    kind: str
    scanned: bool
    held_out: bool
    pdf: bytes
    pages: list[PageTruth]


Draw = Callable[[Pen, int], None]
KINDS: dict[str, tuple[Draw, int]] = {  # what is drawn, and on how many pages
    "single": (single, 3),
    "two columns": (columns, 2),
    "three columns": (three, 2),
    "bands": (bands, 1),
    "sidebar": (sidebar, 1),
    "lists": (lists, 1),
    "figures": (figures, 1),
    "footnotes": (notes, 2),
    "form": (form, 1),
    "marked": (marked, 2),
    "letter": (letter, 1),
    "formulas": (formulas, 1),
    "book": (book, 5),
    "journal": (columns, 4),
    "business letter": (business_letter, 3),
    "statement": (statement, 3),
    "questions": (questions, 3),
    "one page": (book, 1),
}
SEEDS = (95, 96)  # the pages of even ones look scanned
SEEN = (*range(11, 90),)  # looked at while the rules were made


def samples(kinds: Sequence[str] = (), seeds: Sequence[int] = SEEDS) -> list[Sample]:
    """The suite: each kind once a seed, as scans where the seed is even."""
    return [
        sample(kind, seed, scanned=seed % 2 == 0)
        for kind in KINDS
        if not kinds or kind in kinds
        for seed in seeds
    ]


def sample(kind: str, seed: int, *, scanned: bool) -> Sample:
    """One document, the same for the same seed."""
    import pymupdf

    chance = random.Random(f"{kind} {seed}")
    draw, count = KINDS[kind]
    style = Style.drawn(chance)
    running = Running.drawn(chance, letter=kind == "business letter")
    furnished = count > 1 or chance.random() < 0.8
    ends_early = chance.random() < 0.5
    document = pymupdf.open()
    pages: list[PageTruth] = []
    for number in range(1, count + 1):
        pen = Pen(document, chance, style)
        if ends_early and number == count > 1:
            pen.style = replace(style, bottom=style.height * chance.uniform(0.35, 0.6))
        draw(pen, number)
        pages.append(pen.truth)
        if furnished:
            pen.style = style
            furnish(pen, running, number, count, pages)
    if scanned:
        document = scan(document, chance)
    name = f"{kind.replace(' ', '-')}-{seed}"
    return Sample(name, kind, scanned, seed not in SEEN, document.tobytes(), pages)
