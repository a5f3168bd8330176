"""Tables read by the pipeline beside pymupdf4llm, on the same generated pages in the same run.

Scores are TEDS (Zhong et al., "Image-based table recognition", 2020): 1 less the edit distance
between the true and the read table, taken as trees of rows and cells, over the larger one's size.
A cell with other spans costs 1, other text its normalised Levenshtein distance; "structure" leaves
the text aside. The distance here inserts and deletes whole rows and cells only (Selkow's), never
parts of the tree between them, so it is at least the original's. A page's tables are paired by
best score; what is left over on either side counts as 0, so that a false table costs.

Headings are not scored as such. Line breaks in cells count as spaces. Prints Markdown.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import re
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from importlib import import_module
from itertools import permutations
from pathlib import Path
from statistics import mean, median
from typing import TypeVar

import pymupdf
from rapidfuzz.distance import Levenshtein

from benchmarks.table_pages import KINDS, MEDIA, TablePage, pages
from extraction.engines import get
from extraction.formats.grid import rows as rows_of
from extraction.options import Options
from extraction.pipeline import run
from extraction.types import Cell, Table

Reader = Callable[[Path], list[Table]]
T = TypeVar("T")


def teds(truth: Table, read: Table, *, structure: bool = False) -> float:
    """The similarity of two tables, 0 to 1."""
    one, other = rows_of(truth), rows_of(read)
    size = max(sum(len(row) + 1 for row in table) + 1 for table in (one, other))

    def cell_cost(a: Cell, b: Cell) -> float:
        if (a.row_span, a.column_span) != (b.row_span, b.column_span):
            return 1.0
        return 0.0 if structure else float(Levenshtein.normalized_distance(_flat(a), _flat(b)))

    def row_cost(a: Sequence[Cell], b: Sequence[Cell]) -> float:
        return _edits(a, b, cell_cost, lambda _: 1.0)

    return max(0.0, 1 - _edits(one, other, row_cost, lambda row: 1.0 + len(row)) / size)


def _flat(cell: Cell) -> str:
    return " ".join(cell.text.split())


def _edits(
    one: Sequence[T],
    other: Sequence[T],
    change: Callable[[T, T], float],
    remove: Callable[[T], float],
) -> float:
    """The least cost of turning one sequence into the other."""
    costs = [0.0]
    for b in other:
        costs.append(costs[-1] + remove(b))
    for a in one:
        above = costs
        costs = [above[0] + remove(a)]
        for index, b in enumerate(other):
            costs.append(
                min(
                    above[index] + change(a, b),
                    above[index + 1] + remove(a),
                    costs[index] + remove(b),
                )
            )
    return costs[-1]


def page_scores(truths: Sequence[Table], read: Sequence[Table]) -> tuple[float, float]:
    """TEDS and structure alone of a page; tables too many or missing count as 0."""
    few, many = sorted((list(truths), list(read)), key=len)
    best = max(
        (list(zip(few, order, strict=True)) for order in permutations(many[:6], len(few))),
        key=lambda pairs: sum(teds(a, b) for a, b in pairs),
        default=[],
    )
    total = max(len(truths), len(read), 1)
    return (
        sum(teds(a, b) for a, b in best) / total,
        sum(teds(a, b, structure=True) for a, b in best) / total,
    )


def ours(path: Path) -> list[Table]:
    """The tables that the pipeline reads with its default engine."""
    document = run(path, Options(), get("auto", 2))
    for page in document.pages:
        assert page.error is None, page.error
    return [block.table for page in document.pages for block in page.blocks if block.table]


def pymupdf4llm_tables(path: Path) -> list[Table]:
    """The tables of pymupdf4llm's JSON: its grid of texts, or its HTML where it made one."""
    pymupdf4llm = import_module("pymupdf4llm")
    pymupdf.set_messages(stream=io.StringIO())  # it reports each page
    with contextlib.redirect_stdout(io.StringIO()):
        document = json.loads(pymupdf4llm.to_json(str(path), render_html_tables=True))
    boxes = [box for page in document["pages"] for box in page["boxes"] if box["table"]]
    return [
        _of_html(box["table"]["html"]) if box["table"].get("html") else _of_grid(box["table"])
        for box in boxes
    ]


def _of_grid(table: dict[str, list[list[str | None]]]) -> Table:
    texts = table["extract"]
    cells = tuple(
        Cell(r, c, re.sub(r"<[^>]+>", " ", text or ""))
        for r, row in enumerate(texts)
        for c, text in enumerate(row)
    )
    return Table(len(texts), max(map(len, texts), default=0), cells)


def _of_html(source: str) -> Table:
    """Cells placed as a browser places them."""
    from lxml import html

    taken: set[tuple[int, int]] = set()
    cells = []
    for row, line in enumerate(html.fromstring(source).iter("tr")):
        column = 0
        for each in line.iter("td", "th"):
            while (row, column) in taken:
                column += 1
            rows, columns = int(each.get("rowspan", 1)), int(each.get("colspan", 1))
            taken |= {(row + i, column + j) for i in range(rows) for j in range(columns)}
            text = " ".join(each.itertext())
            cells.append(Cell(row, column, text, row_span=rows, column_span=columns))
    height = 1 + max((row for row, _ in taken), default=-1)
    width = 1 + max((column for _, column in taken), default=-1)
    return Table(height, width, tuple(cells))


READERS: dict[str, Reader] = {"OCRSite": ours, "pymupdf4llm": pymupdf4llm_tables}


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=96, help="pages in the suite")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=KINDS, default="", help="one kind of tables")
    parser.add_argument("--medium", choices=MEDIA, default="")
    parser.add_argument("--reader", choices=READERS, default="", help="one of the two alone")
    parser.add_argument("--each", action="store_true", help="a line a page too")
    parser.add_argument("--keep", type=Path, help="folder to keep the pages in")
    asked = parser.parse_args()
    readers = {n: read for n, read in READERS.items() if asked.reader in ("", n)}
    scores: dict[tuple[str, str, str], list[tuple[float, float, float]]] = defaultdict(list)
    counts: dict[tuple[str, str], int] = defaultdict(int)
    with tempfile.TemporaryDirectory(prefix="ocrsite-bench-") as temporary:
        folder = asked.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for page in pages(asked.count, seed=asked.seed, only=asked.only, medium=asked.medium):
            path = folder / f"{page.name}.pdf"
            path.write_bytes(page.pdf)
            counts[page.kind, page.medium] += len(page.tables)
            for name, read in readers.items():
                score = _scored(page, path, read)
                scores[name, page.kind, page.medium].append(score)
                if asked.each:
                    print(f"{page.name} {name}: {score[0]:.3f} {score[1]:.3f} {score[2]:.2f} s")
    _print(scores, counts, list(readers))


def _scored(page: TablePage, path: Path, read: Reader) -> tuple[float, float, float]:
    """TEDS, structure, seconds."""
    if page.medium not in _warm:
        _warm.add(page.medium)
        for reader in READERS.values():  # models are loaded outside the clock
            reader(path)
    started = time.perf_counter()
    found = read(path)
    seconds = time.perf_counter() - started
    return (*page_scores(page.tables, found), seconds)


_warm: set[str] = set()


def _print(
    scores: dict[tuple[str, str, str], list[tuple[float, float, float]]],
    counts: dict[tuple[str, str], int],
    readers: Sequence[str],
) -> None:
    columns = [f"{name} {what}" for name in readers for what in ("TEDS", "structure", "s/page")]
    print("| kind | pages | tables |", " | ".join(columns), "|")
    print("|---" * (3 + len(columns)) + "|")
    rows = [[key] for key in counts]
    rows += [[key for key in counts if key[1] == medium] for medium in MEDIA]
    rows.append(list(counts))
    titles = [f"{kind}, {medium}" for kind, medium in counts]
    titles += [f"all {medium}" for medium in MEDIA] + ["all"]
    for title, keys in zip(titles, rows, strict=True):
        figures: list[str] = []
        for name in readers:
            marks = [mark for key in keys for mark in scores[name, *key]]
            if marks:
                teds_, structure, seconds = zip(*marks, strict=True)
                figures += [f"{mean(teds_):.3f}", f"{mean(structure):.3f}"]
                figures.append(f"{median(seconds):.2f}")
        if figures:
            number = sum(len(scores[readers[0], *key]) for key in keys)
            tables = sum(counts[key] for key in keys)
            print(f"| {title} | {number} | {tables} |", " | ".join(figures), "|")


if __name__ == "__main__":
    main()
