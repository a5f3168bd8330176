"""Born-digital PDFs: pages a second of one core, beside bare PyMuPDF and pymupdf4llm.

Every way takes the same generated files in turn, several rounds; the first round is warm-up and not
counted. Prints a table in Markdown: pages by second of processor time, the decoder's child counted
in, which is what one core does (median, lowest, highest); pages by second on the clock, two
processes working at once; and the first as a share of bare PyMuPDF's.

The files: 200 pages of running text in one column, and a 50-page report of headings, two columns,
a ruled and an unruled table, header, footer and page number. pymupdf4llm, which is slow, gets
their first pages only (``--sample``).
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import psutil
import pymupdf

from extraction import engines, pipeline
from extraction.options import Limits, Options

SYLLABLES = re.findall(
    r"\w+",
    "al be con da el fer gra hou in ja ket lo men nor ous pre qui re sta tion un ver wil xen "
    "ying zo ar ble ch der es for ing la mo ne or per ro se ter u vi",
)
A4 = (595.0, 842.0)


def words(chance: random.Random, count: int) -> str:
    """That many made-up words of one to four syllables, in sentences."""
    text: list[str] = []
    start = True
    for _ in range(count):
        word = "".join(chance.choices(SYLLABLES, k=chance.choice((1, 1, 2, 2, 2, 3, 4))))
        text.append(word.capitalize() if start else word)
        start = chance.random() < 0.08
        text[-1] += "." if start else "," if chance.random() < 0.06 else ""
    return " ".join(text)


def running_text(pages: int, seed: int = 1) -> bytes:
    """A4 pages of about 450 words in paragraphs, 11 pt Times, one column."""
    chance = random.Random(seed)
    document = pymupdf.open()
    for _ in range(pages):
        page = document.new_page(width=A4[0], height=A4[1])
        top = 60.0
        while top < 720:
            box = pymupdf.Rect(62, top, 533, 785)
            left = page.insert_textbox(
                box, words(chance, chance.randint(40, 110)), fontname="tiro", fontsize=11
            )
            top = 785 - left + 8 if left >= 0 else 785
    return bytes(document.tobytes(garbage=3, deflate=True))


def report(pages: int, seed: int = 2) -> bytes:
    """A4 pages with a heading, two columns, a ruled and an unruled table, and page furniture."""
    chance = random.Random(seed)
    document = pymupdf.open()
    for number in range(1, pages + 1):
        page = document.new_page(width=A4[0], height=A4[1])
        page.insert_text((50, 36), "Annual report of the Harbour Board", fontsize=8)
        page.insert_text((290, 820), str(number), fontsize=8)
        page.insert_text((50, 80), words(chance, 4).rstrip(".,"), fontsize=18, fontname="hebo")
        for left in (50, 307):
            for top in (100, 235):
                page.insert_textbox(
                    pymupdf.Rect(left, top, left + 238, top + 125),
                    words(chance, 52),
                    fontname="tiro",
                    fontsize=10,
                )
        _table(page, chance, 390, ruled=True)
        page.insert_text((50, 575), f"Table {number}: " + words(chance, 6), fontsize=8)
        _table(page, chance, 600, ruled=False)
    return bytes(document.tobytes(garbage=3, deflate=True))


def _table(page: pymupdf.Page, chance: random.Random, top: float, *, ruled: bool) -> None:
    """Nine rows of a name and four numbers, the first row a header."""
    edges = (50.0, 200.0, 290.0, 375.0, 460.0, 545.0)
    for row in range(9):
        y = top + 18 * row
        for column, (left, right) in enumerate(pairwise(edges)):
            text = words(chance, 2).rstrip(".,") if row == 0 or column == 0 else ""
            text = text or f"{chance.uniform(1, 9999):,.2f}"
            x = left + 4 if column == 0 else right - 4 - pymupdf.get_text_length(text, fontsize=9)
            page.insert_text((x, y + 13), text, fontsize=9)
        if ruled:
            page.draw_line((edges[0], y), (edges[-1], y), width=0.6)
    if ruled:
        page.draw_line((edges[0], top + 162), (edges[-1], top + 162), width=0.6)
        for x in edges:
            page.draw_line((x, top), (x, top + 162), width=0.6)


def bare(path: Path) -> int:
    """PyMuPDF alone: open the file and take each page's plain text."""
    with pymupdf.open(path) as document:
        return sum(bool(page.get_text()) for page in document)


def ours(path: Path, *, preview: bool) -> int:
    """The whole path: child process, text, structure, fields; pictures only with ``preview``."""
    document = pipeline.run(
        path, Options(preview=preview), engines.get("auto"), limits=Limits(max_pages=1000)
    )
    assert all(page.engine == "text-layer" for page in document.pages)
    return len(document.pages)


def markdown_of(path: Path) -> int:
    """pymupdf4llm with its layout and table models, no OCR."""
    import pymupdf4llm  # type: ignore[import-untyped]

    pymupdf4llm.to_markdown(str(path), use_ocr=False, show_progress=False)
    with pymupdf.open(path) as document:
        return int(document.page_count)


def processor_seconds() -> float:
    """Processor time of this process and its children so far, those that have ended too."""
    this = psutil.Process()
    spent = sum(this.cpu_times()[:2])
    for child in this.children():
        times = child.cpu_times()
        spent += times.user + times.system + times.children_user + times.children_system
    return float(spent)


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="rounds counted")
    parser.add_argument("--sample", type=int, default=4, help="pages for pymupdf4llm, 0 without")
    asked = parser.parse_args()
    print("| document | way | pages/s a core | lowest | highest | on the clock | of bare |")
    print("|---|---|---:|---:|---:|---:|---:|")
    files = {
        "running text, 200 pages": (running_text(200), running_text(max(asked.sample, 1))),
        "mixed report, 50 pages": (report(50), report(max(asked.sample, 1))),
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, (whole, sample) in files.items():
            large, small = Path(folder, "large.pdf"), Path(folder, "small.pdf")
            large.write_bytes(whole)
            small.write_bytes(sample)
            ways: dict[str, Callable[[], int]] = {
                "bare PyMuPDF": lambda: bare(large),  # noqa: B023 - called within the round
                "OCRSite": lambda: ours(large, preview=False),  # noqa: B023
                "OCRSite with previews": lambda: ours(large, preview=True),  # noqa: B023
            }
            if asked.sample:
                ways["pymupdf4llm"] = lambda: markdown_of(small)  # noqa: B023
            speeds: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
            for number in range(asked.rounds + 1):
                for way, run in ways.items():
                    begun, spent = time.perf_counter(), processor_seconds()
                    pages = run()
                    spent = processor_seconds() - spent
                    if number:
                        speeds[way].append((pages / spent, pages / (time.perf_counter() - begun)))
            base = statistics.median(speed for speed, _ in speeds["bare PyMuPDF"])
            for way, found in speeds.items():
                a_core = [speed for speed, _ in found]
                clock = statistics.median(speed for _, speed in found)
                usual = statistics.median(a_core)
                print(
                    f"| {name} | {way} | {usual:.1f} | {min(a_core):.1f} | {max(a_core):.1f} "
                    f"| {clock:.1f} | {usual / base:.1%} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
