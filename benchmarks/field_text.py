"""Fields in text without places, as vision-language models write it, beside the same pages' words.

Documents are drawn by ``field_pages`` and read by the `auto` engine. Each is then written as
Markdown and HTML tables, the way a model answers, and read back by ``extraction.tags``: what is
left is its blocks in reading order. The type's fields are looked for in both, in one run. A model
misreads as well; that is not in these figures. What counts as right is ``field_documents``'.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from operator import itemgetter
from pathlib import Path

from benchmarks.field_documents import Verdict, fields_of, judge, row
from benchmarks.field_pages import TYPES, Sample, samples
from extraction import engines, pipeline, tags
from extraction.classify import classify
from extraction.fields import known
from extraction.fields.match import find
from extraction.formats.md import page_markdown
from extraction.options import Options
from extraction.settling import settle
from extraction.types import Block, Cell, Page

WAYS = ("words", "text")
SAME_LINE = 3.0  # points between the middles of what stands in one line


def read(sample: Sample, folder: Path) -> tuple[Page, ...]:
    """The document's pages, read with places."""
    path = folder / f"{sample.name}.pdf"
    path.write_bytes(sample.pdf)
    pages: list[Page] = []
    engine = engines.get("auto")
    pipeline.read_pages(path, Options(), engine, on_page=lambda page, _: pages.append(page))
    path.unlink()
    return settle(pages, strip=False)


def written(page: Page) -> Page:
    """The page as a model would have written it."""
    markup = page_markdown([_with_lines(block, page) for block in page.blocks])
    blocks = (
        replace(block, id=f"p{page.number}-b{index}")
        for index, block in enumerate(tags.parse(markup), 1)
    )
    return replace(page, lines=(), blocks=tuple(blocks), confidence=None)


def _with_lines(block: Block, page: Page) -> Block:
    """The block, the lines within a cell of its table kept apart, as models do with ``<br>``."""
    if block.table is None:
        return block
    cells = (replace(cell, text=_lines_in(cell, page) or cell.text) for cell in block.table.cells)
    return replace(block, table=replace(block.table, cells=tuple(cells)))


def _lines_in(cell: Cell, page: Page) -> str:
    if cell.box is None:
        return ""
    x0, y0, x1, y1 = cell.box
    level: list[tuple[float, float, str]] = []  # middle, left, text
    for line in page.lines:
        words = [
            word
            for word in line.words
            if x0 <= (word.box[0] + word.box[2]) / 2 <= x1
            and y0 <= (word.box[1] + word.box[3]) / 2 <= y1
        ]
        if words:
            text = " ".join(word.text for word in words)
            level.append(((line.box[1] + line.box[3]) / 2, words[0].box[0], text))
    rows: list[list[tuple[float, float, str]]] = []
    for each in sorted(level):
        if rows and each[0] - rows[-1][0][0] < SAME_LINE:
            rows[-1].append(each)
        else:
            rows.append([each])
    return "\n".join(
        " ".join(text for _, _, text in sorted(row, key=itemgetter(1))) for row in rows
    )


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--types", nargs="*", choices=TYPES, default=[])
    parser.add_argument("--scanned", type=float, default=0.0, help="share of scans, 0 to 1")
    parser.add_argument("--list", action="store_true", help="what only the words told, a line each")
    asked = parser.parse_args()
    groups: dict[tuple[str, str], list[list[Verdict]]] = defaultdict(list)
    typed = dict.fromkeys(WAYS, 0)
    with tempfile.TemporaryDirectory(prefix="ocrsite-fields-") as folder:
        for sample in samples(
            asked.count, first=asked.first, types=asked.types, scanned=asked.scanned
        ):
            pages = read(sample, Path(folder))
            found: dict[str, Sequence[Verdict]] = {}
            for way, given in zip(WAYS, (pages, tuple(map(written, pages))), strict=True):
                verdicts = judge(sample, find(given, known(fields_of(sample.document_type))))
                found[way] = verdicts
                typed[way] += classify(given).kind == sample.document_type
                groups[sample.document_type, way].append(verdicts)
                groups["all", way].append(verdicts)
            if asked.list:
                before = {verdict.field: verdict.outcome for verdict in found["words"]}
                for verdict in found["text"]:
                    if verdict.outcome != "right" != before.get(verdict.field, "right"):
                        continue
                    if verdict.outcome not in ("right", before.get(verdict.field)):
                        print(f"{sample.name}: {verdict.field} {verdict.outcome}: {verdict.detail}")
    head = "right | wrong | missed | false | of other types | precision | recall | F1 |"
    print(f"| documents | n | {head}\n|{'---|' * 10}")
    for name in (*TYPES, "all"):
        for way in WAYS:
            if verdicts_of := groups.get((name, way)):
                every = (verdict for verdicts in verdicts_of for verdict in verdicts)
                print(row(f"{name}, {way}", len(verdicts_of), every))
    for way in WAYS:
        rows = [verdict.rows for verdicts in groups["all", way] for verdict in verdicts]
        right, printed, given_rows = map(sum, zip(*rows, strict=True))
        print(f"\nBy {way}: {typed[way]} of {asked.count} types right; of {printed} rows of tables "
              f"{given_rows} found, {right} right.")  # fmt: skip


if __name__ == "__main__":
    main()
