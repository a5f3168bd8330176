"""Layout: reading order, absent furniture and kinds of blocks, beside pymupdf4llm.

Both read the same generated files in the same run, one after the other, each document whole: ours
by ``pipeline.run`` with its `auto` engine, pymupdf4llm with its layout model, its OCR and its
options that leave headers and footers out. Which seeds were looked at
while the rules were made is in ``layout_pages``. Prints a table in Markdown: a row a kind of page,
ours / theirs.

Scores, from 0 to 1, a page each, then the mean. White space, case and punctuation do not count.

- *order*: the text of all blocks but furniture, in reading order, is cut in pieces of 12
  characters; the share of them that the output has in that order (longest increasing subsequence).
- *edit*: 1 - Levenshtein distance / longer length, of the output and that text.
- *absent*: the share of furniture (headers, footers, page numbers, watermarks) not in the output.
- *kept*: the share of blocks that are no furniture whose text is in the output.
- *kinds*: the share of blocks whose text stands in a block of the same kind (what is furniture may
  be any kind of furniture); pictures count as found where as many are told as drawn.
"""

from __future__ import annotations

import argparse
import re
import statistics
import tempfile
import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rapidfuzz.distance import Levenshtein

from benchmarks.layout_drawing import FURNITURE, PageTruth
from benchmarks.layout_pages import KINDS, SEEDS, Sample, samples

PIECE = 12  # characters
PART = 8  # characters
SCORES = ("order", "edit", "absent", "kept", "kinds")
THEIR_KINDS = {
    "title": "title",
    "section-header": "title",
    "text": "paragraph",
    "list-item": "list",
    "caption": "caption",
    "footnote": "footnote",
    "page-header": "header",
    "page-footer": "footer",
    "picture": "figure",
    "table": "table",
}
# Stand-ins for pictures, HTML and comments that are no text of the page.
NOT_TEXT = re.compile(
    r"\*\*==>.*?<==\*\*|-----[^\n]*picture text[^\n]*|!\[[^\]]*\]\([^)]*\)"
    r"|\*\(\w+\)\*|<[^>\n]{1,80}>"
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of one page: Markdown without furniture, and all blocks as (kind, text)."""

    markdown: str
    blocks: tuple[tuple[str, str], ...]


def squashed(text: str) -> str:
    """Letters and digits alone, lower case."""
    return "".join(filter(str.isalnum, text.lower()))


def page_text(markdown: str, truth: PageTruth) -> str:
    """The page's text without marks of Markdown and without words inside pictures."""
    text = NOT_TEXT.sub(" ", markdown.replace("&lt;", "<"))
    for word in set(truth.ignored):
        text = re.sub(rf"\b{word}\b", " ", text)
    return squashed(text)


def score(truth: PageTruth, reading: Reading) -> dict[str, float]:
    """The scores of one page; the best of the orders that are right."""
    text = page_text(reading.markdown, truth)
    found = {"order": 0.0, "edit": 0.0}
    for order in truth.orders:
        wanted = "".join(
            squashed(block.text)
            for group in order
            for block in truth.blocks
            if block.group == group and block.kind not in FURNITURE
        )
        found["order"] = max(found["order"], in_order(wanted, text))
        found["edit"] = max(found["edit"], Levenshtein.normalized_similarity(wanted, text))
    lines = Counter(squashed(line) for line in NOT_TEXT.sub(" ", reading.markdown).splitlines())
    content = [squashed(b.text) for b in truth.blocks if b.kind not in FURNITURE]
    furniture = [squashed(b.text) for b in truth.blocks if b.kind in FURNITURE]
    found["kept"] = mean(share_kept(each, content, text) >= 0.5 for each in content if each)
    if furniture:
        found["absent"] = mean(not stands(each, content, text, lines) for each in furniture)
    found["kinds"] = kinds(truth, reading)
    return found


def parts(string: str) -> set[str]:
    """Pieces of the string that lap over."""
    return {string[i : i + PART] for i in range(0, max(len(string) - PART + 1, 1), PART // 2)}


def share_kept(string: str, content: Sequence[str], text: str) -> float:
    """The share of a block's pieces that the text has as often as the content does."""
    return mean(text.count(part) >= sum(c.count(part) for c in content) for part in parts(string))


def stands(string: str, content: Sequence[str], text: str, lines: Counter[str]) -> bool:
    """Whether the furniture is in the text, more often than the content says the same.

    What is short has to be a line by itself: a number may stand anywhere.
    """
    if len(string) < PART:
        return lines[string] > content.count(string)
    more = (text.count(part) > sum(c.count(part) for c in content) for part in parts(string))
    return mean(more) >= 0.5


def in_order(wanted: str, text: str) -> float:
    """The share of the pieces of ``wanted`` that stand in ``text`` in the same order."""
    pieces = [wanted[i : i + PIECE] for i in range(0, len(wanted) - PIECE + 1, PIECE)]
    tails: list[int] = []  # of the longest increasing subsequence of places (Fredman 1975)
    for piece in pieces:
        for place in sorted(places(piece, text), reverse=True):
            at = bisect_left(tails, place)
            tails[at : at + 1] = [place]
    return len(tails) / len(pieces) if pieces else 1.0


def places(piece: str, text: str) -> Iterator[int]:
    at = text.find(piece)
    while at >= 0:
        yield at
        at = text.find(piece, at + 1)


def kinds(truth: PageTruth, reading: Reading) -> float:
    """The share of blocks, pictures included, that have their kind."""
    blocks = [(kind, squashed(text)) for kind, text in reading.blocks]
    right = total = 0
    for block in truth.blocks:
        if not (wanted := squashed(block.text)):
            continue
        total += 1
        pieces = {wanted[i : i + 6] for i in range(0, max(len(wanted) - 5, 1), 3)}
        held = [(sum(part in text for part in pieces), kind) for kind, text in blocks]
        most, kind = max(held, default=(0, ""))
        if len(wanted) < 6:  # a page number: the block that says it and nothing else
            kind = next((kind for kind, text in blocks if text == wanted), "")
            most = bool(kind)
        alike = kind == block.kind or (
            block.kind in (*FURNITURE, "stamp") and kind in (*FURNITURE, "stamp", "figure")
        )
        right += bool(most and alike)
    drawn = sum(block.kind == "figure" for block in truth.blocks)
    told = sum(kind == "figure" for kind, _ in blocks)
    if drawn:
        total += drawn
        right += max(0, drawn - abs(drawn - told))
    return right / total if total else 1.0


def ours(path: Path) -> list[Reading]:
    """Read by the pipeline."""
    from extraction import engines, furniture, pipeline
    from extraction.options import Options

    document = pipeline.run(path, Options(), engines.get("auto"))
    bare = furniture.settle(document.pages, strip=True)
    return [
        Reading(stripped.markdown, tuple((block.kind, block.text) for block in page.blocks))
        for page, stripped in zip(document.pages, bare, strict=True)
    ]


def theirs(path: Path) -> list[Reading]:
    """Read by pymupdf4llm."""
    import pymupdf
    from pymupdf4llm.helpers import document_layout  # type: ignore[import-untyped]

    with pymupdf.open(path) as document:
        parsed = document_layout.parse_document(document)
        chunks = parsed.to_markdown(header=False, footer=False, page_chunks=True)
    return [
        Reading(
            chunk["text"],
            tuple(
                (
                    THEIR_KINDS.get(box.boxclass, "paragraph"),
                    " ".join(
                        span["text"] for line in box.textlines or () for span in line["spans"]
                    ),
                )
                for box in page.boxes
            ),
        )
        for chunk, page in zip(chunks, parsed.pages, strict=True)
    ]


def mean(values: Iterable[float]) -> float:
    every = list(values)
    return statistics.fmean(every) if every else float("nan")


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--kinds", nargs="*", choices=KINDS, default=[])
    parser.add_argument("--seeds", nargs="*", type=int, default=list(SEEDS))
    parser.add_argument("--ours-only", action="store_true")
    arguments = parser.parse_args()
    readers = {"ours": ours} if arguments.ours_only else {"ours": ours, "pymupdf4llm": theirs}
    suite = samples(arguments.kinds, arguments.seeds)
    warm(readers.values(), suite)
    results: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="ocrsite-layout-") as folder:
        for sample in suite:
            path = Path(folder) / f"{sample.name}.pdf"
            path.write_bytes(sample.pdf)
            for name, read in readers.items():
                started = time.perf_counter()
                readings = read(path)
                seconds = (time.perf_counter() - started) / len(readings)
                groups = (
                    sample.kind,
                    "scanned" if sample.scanned else "born-digital",
                    "held out" if sample.held_out else "seen",
                    "all",
                )
                for truth, reading in zip(sample.pages, readings, strict=True):
                    scores = score(truth, reading) | {"seconds": seconds}
                    for group in groups:
                        for key, value in scores.items():
                            results[group, name, key].append(value)
    table(results, list(readers))


def warm(readers: Iterable[object], suite: Sequence[Sample]) -> None:
    """Load the models, so that no document pays for it."""
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        for sample in (min(suite, key=lambda s: len(s.pages)), next(iter(suite))):
            Path(file.name).write_bytes(sample.pdf)
            for read in readers:
                assert callable(read)
                read(Path(file.name))


def table(results: dict[tuple[str, str, str], list[float]], names: Sequence[str]) -> None:
    """Print a row a group: each score of all readers, then the seconds a page."""
    columns = [*SCORES, "seconds"]
    print(f"Each cell: {' / '.join(names)}\n")
    print("| pages | n | " + " | ".join(columns) + " |")
    print("|---" * (len(columns) + 2) + "|")
    for group in dict.fromkeys(group for group, _, _ in results):
        count = len(results[group, names[0], "order"])
        cells = [
            " / ".join(f"{mean(results[group, name, column]):.3f}" for name in names)
            for column in columns
        ]
        print(f"| {group} | {count} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
