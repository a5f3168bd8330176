"""Splitting: how many of the places where a document begins are found in stapled files.

Files of 2 to 6 documents, each of 1 to 4 pages, are put together from pages read before
(``--kept``, folders of ``TYPE-N.pickle``) and from the pages written for ``classification``. Pages
after a document's first are made of its letterhead, its number and a table that goes on, each
printed or not; so are page numbers, in several wordings. Some files have blank sheets between.
Prints Markdown.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.classification import kept
from benchmarks.classification_pages import LANGUAGES, nonsense, page_of, written_page
from extraction.splitting import split
from extraction.types import Line, Page

NUMBERING = (
    "Page {} of {}", "Seite {} von {}", "{} / {}", "Pagina {} di {}", "Strona {} z {}",
    "Page {}/{}", "- {} -", "{}", "Página {} de {}", "Muka surat {} daripada {}",
)  # fmt: skip


def first_pages(chance: random.Random, folders: Sequence[Path]) -> list[tuple[str, Page]]:
    """Pages that a document may begin with, each with its type."""
    pages = [(kind, read[0]) for folder in folders for kind, read in kept(folder) if read]
    for kind in ("letter", "form", "contract", "medical"):
        pages += [(kind, written_page(chance, kind, each)) for each in LANGUAGES for _ in range(2)]
    return pages


def document(chance: random.Random, first: Page) -> list[Page]:
    """A document that begins with that page, of 1 to 4 pages."""
    count = chance.choice((1, 1, 1, 2, 2, 3, 4))
    size, top = (first.width, first.height), sorted(first.lines, key=lambda line: line.box[1])[:3]
    letterhead, reference = chance.random() < 0.5, f"No. {chance.randint(10_000, 999_999)}"
    referred, numbering = chance.random() < 0.4, ""
    if chance.random() < (0.6 if count > 1 else 0.3):
        numbering = chance.choice(NUMBERING)
    pages = [first]
    for _ in range(count - 1):
        texts = [(line.text, line.box[3] - line.box[1]) for line in top if letterhead]
        texts += [
            (f"{nonsense(chance, 1, 4)} {chance.randint(1000, 90_000) / 100:.2f}", 10.0)
            for _ in range(chance.randint(5, 35))
        ]
        texts += [(nonsense(chance, 6, 14), 10.0) for _ in range(chance.randint(0, 10))]
        pages.append(replace(page_of(texts, size, step=1.2), engine=first.engine))
    for at, page in enumerate(pages):
        added = [reference] if referred else []
        if numbering:
            added.append(numbering.format(at + 1, count))
        pages[at] = _with(page, added)
    return pages


def _with(page: Page, texts: Sequence[str]) -> Page:
    """The page with those lines at its foot."""
    y = page.height - 30.0
    lines = [
        Line(text, (60.0, y + 12 * n, 60.0 + 5 * len(text), y + 12 * n + 9))
        for n, text in enumerate(texts)
    ]
    return replace(page, lines=(*page.lines, *lines))


def staple(
    chance: random.Random, firsts: Sequence[tuple[str, Page]]
) -> tuple[list[Page], list[int], list[str]]:
    """A file: its pages, the numbers of those where a document begins, and the types of these."""
    pages: list[Page] = []
    starts, kinds = [], []
    blank_between = chance.random() < 0.15
    for _ in range(chance.randint(2, 6)):
        kind, first = chance.choice(firsts)
        if pages and blank_between:
            pages.append(Page(1, 595, 842))
        starts.append(len(pages) + 1)
        kinds.append(kind)
        pages += document(chance, first)
    return [replace(page, number=n) for n, page in enumerate(pages, start=1)], starts, kinds


def main() -> None:
    """Split the files and print what was found."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--kept", type=Path, nargs="*", default=())
    parser.add_argument("--count", type=int, default=200, help="files")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    firsts = first_pages(chance, arguments.kept)
    seen: Counter[str] = Counter()
    for _ in range(arguments.count):
        pages, starts, kinds = staple(chance, firsts)
        parts = split(pages)
        true, found = set(starts[1:]), {part.pages[0] for part in parts[1:]}
        seen["true"] += len(true)
        seen["found"] += len(found)
        seen["right"] += len(true & found)
        seen["whole"] += true == found
        told = {part.pages[0]: part.classification.kind for part in parts}
        seen["told"] += sum(told.get(at) == kind for at, kind in zip(starts, kinds, strict=True))
        seen["documents"] += len(starts)
        for part in parts[1:]:
            band = f"{min(int(part.confidence * 10), 9) / 10:.1f}"
            seen[f"band {band}"] += 1
            seen[f"right {band}"] += part.pages[0] in true
    right = seen["right"]
    print("| files | all cuts right | cuts | precision | recall | types right |")
    print("|---|---|---|---|---|---|")
    print(
        f"| {arguments.count} | {seen['whole']} | {seen['true']} | {right / seen['found']:.3f} "
        f"| {right / seen['true']:.3f} | {seen['told'] / seen['documents']:.3f} |"
    )
    print("\n| confidence from | cuts | right |\n|---|---|---|")
    for band in sorted(name[5:] for name in seen if name.startswith("band ")):
        print(f"| {band} | {seen[f'band {band}']} | {seen[f'right {band}']} |")


if __name__ == "__main__":
    main()
