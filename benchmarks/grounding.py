"""Text of a simulated model, found again on pages that RapidOCR reads: places, and what is flagged.

The model's text is the truth's lines of a page, each a block, with one invented line for each ten:
in turn a line of another page, and one of this page's with a digit changed, beside the true one. It
is given in the page's order and shuffled. In a third run three lines each are joined, as in a
paragraph, with nothing invented; in a fourth a digit is changed in place in one of ten lines that
have one.

``--data`` is a folder with ``receipts/N.jpg`` and ``receipts/N.csv`` (x1,y1,...,x4,y4,text a line);
without it, pages drawn here are read. A line is boxed right where the box overlaps the truth's by
half (intersection over union); lines with the same text may stand for each other, and one that was
marked twice at one place counts once. "Within reach" is
what would be boxed right if every word of OCR were in the truth's line in which its middle lies.
Seconds of the alignment are told beside those of the OCR on the same page. Prints Markdown.
"""

from __future__ import annotations

import argparse
import random
import re
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from statistics import fmean, median

import cv2
import numpy as np

from benchmarks.reading import VOCABULARY
from extraction import engines
from extraction.alignment import align
from extraction.alignment.letters import Letters
from extraction.alignment.placing import Switches
from extraction.level import union
from extraction.types import Block, Box, Line, PageImage
from tests.documents import image_png

RIGHT = 0.5  # intersection over union


@dataclass(frozen=True, slots=True)
class Truth:
    """A line as people have marked it; ``box`` in pixels, which are points here."""

    text: str
    box: Box


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page: its true lines, what OCR read, and the seconds that took."""

    name: str
    truth: tuple[Truth, ...]
    read: tuple[Line, ...]
    width: float
    height: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Written:
    """A line of the simulated model; ``truth`` is None for an invented one."""

    text: str
    truth: Truth | None
    kind: str = "true"


def key(text: str) -> str:
    """What two lines have in common that cannot be told apart."""
    return Letters.of([text]).text


def receipts(folder: Path, most: int) -> list[tuple[Path, tuple[Truth, ...]]]:
    """The annotated receipts of that folder, by name."""
    found = []
    for image in sorted(folder.glob("*.jpg"))[: most or None]:
        rows = image.with_suffix(".csv").read_text("utf-8", errors="replace").splitlines()
        cut = [row.split(",", 8) for row in rows if row.count(",") >= 8]
        lines: list[Truth] = []
        for row in cut:
            xs, ys = [float(v) for v in row[0:8:2]], [float(v) for v in row[1:8:2]]
            line = Truth(row[8].strip(), (min(xs), min(ys), max(xs), max(ys)))
            if not any(
                each.text == line.text and overlap(each.box, line.box) > RIGHT for each in lines
            ):
                lines.append(line)
        found.append((image, tuple(lines)))
    return found


def drawn(folder: Path, most: int) -> list[tuple[Path, tuple[Truth, ...]]]:
    """Pages drawn into the folder, with the boxes of their lines' ink."""
    found = []
    for number in range(most):
        rng = np.random.default_rng(number)
        lines = [
            " ".join([*rng.choice(VOCABULARY, rng.integers(1, 6)), f"{rng.uniform(1, 900):.2f}"])
            for _ in range(rng.integers(12, 40))
        ]
        height = 36 * len(lines)
        png = image_png(lines, 700, height)
        page = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE)
        assert page is not None
        dark = page < 128
        rows = np.flatnonzero(dark.any(axis=1))
        bands = np.split(rows, np.flatnonzero(np.diff(rows) > 4) + 1)
        assert len(bands) == len(lines)
        truth = []
        for text, band in zip(lines, bands, strict=True):
            top, bottom = int(band[0]), int(band[-1]) + 1
            columns = np.flatnonzero(dark[top:bottom].any(axis=0))
            truth.append(
                Truth(text, (float(columns[0]), top, float(columns[-1]) + 1, float(bottom)))
            )
        path = folder / f"{number:03}.png"
        path.write_bytes(png)
        found.append((path, tuple(truth)))
    return found


def read(pages: Sequence[tuple[Path, tuple[Truth, ...]]]) -> list[Sheet]:
    """The pages with what OCR reads on them; a pixel is a point."""
    engine = engines.warm("rapidocr")
    sheets = []
    for path, truth in pages:
        image = cv2.imread(str(path))
        assert image is not None
        pixels = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
        height, width = pixels.shape[:2]
        begun = time.perf_counter()
        text = engine.read([PageImage(1, float(width), float(height), 0, 72.0, pixels)])[0]
        seconds = time.perf_counter() - begun
        sheets.append(Sheet(path.stem, truth, text.lines, float(width), float(height), seconds))
    return sheets


def changed(text: str, rng: random.Random) -> str | None:
    """The text with one digit made another, None where it has none."""
    digits = [match.start() for match in re.finditer(r"\d", text)]
    if not digits:
        return None
    place = rng.choice(digits)
    other = rng.choice([digit for digit in "0123456789" if digit != text[place]])
    if key(text[:place] + other + text[place + 1 :]) == key(text):
        return None
    return text[:place] + other + text[place + 1 :]


def with_invented(sheet: Sheet, others: Sequence[Sheet], rng: random.Random) -> list[Written]:
    """The page's lines in order, and at random places one invented for each ten."""
    lines = [Written(truth.text, truth) for truth in sheet.truth]
    own = {key(truth.text) for truth in sheet.truth}
    foreign = [truth.text for other in others if other is not sheet for truth in other.truth]
    invented: list[Written] = []
    wanted = max(round(len(lines) / 10), 1)
    while len(invented) < wanted:
        kind = ("of another page", "digit changed")[len(invented) % 2]
        if kind == "of another page":
            text: str | None = rng.choice(foreign)
        else:
            text = changed(rng.choice(sheet.truth).text, rng)
        if text and (said := key(text)) and said not in own:
            own.add(said)
            invented.append(Written(text, None, kind))
    for each in invented:
        lines.insert(rng.randrange(len(lines) + 1), each)
    return lines


def in_place(sheet: Sheet, rng: random.Random) -> list[Written]:
    """The page's lines in order, a digit changed in one of ten of those that have digits."""
    lines = [Written(truth.text, truth) for truth in sheet.truth]
    own = {key(truth.text) for truth in sheet.truth}
    numbered = [n for n, line in enumerate(lines) if re.search(r"\d", line.text)]
    for n in rng.sample(numbered, max(len(numbered) // 10, min(len(numbered), 1))):
        text = changed(lines[n].text, rng)
        if text and key(text) not in own:
            lines[n] = Written(text, lines[n].truth, "digit changed in place")
    return lines


def joined(sheet: Sheet) -> list[Written]:
    """Three lines each as one, as a model writes a paragraph."""
    lines = []
    for start in range(0, len(sheet.truth), 3):
        three = sheet.truth[start : start + 3]
        text = " ".join(truth.text for truth in three)
        lines.append(Written(text, Truth(text, union(truth.box for truth in three))))
    return lines


@dataclass
class Tally:
    """What came of the lines: how many of how many, by name; seconds beside the OCR's."""

    yes: Counter[str]
    all: Counter[str]
    ratios: list[float]

    def add(self, name: str, right: bool) -> None:
        self.yes[name] += right
        self.all[name] += 1

    def share(self, name: str) -> str:
        if not self.all[name]:
            return "-"
        return f"{100 * self.yes[name] / self.all[name]:.1f} % ({self.all[name]})"


def overlap(one: Box | None, other: Box) -> float:
    """Intersection over union."""
    if one is None:
        return 0.0
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return width * height / (sum(areas) - width * height)


def within_reach(sheet: Sheet, truths: Sequence[Truth]) -> dict[Truth, bool]:
    """For each true line, whether the words of OCR in it make up its box."""
    words = [word.box for line in sheet.read for word in line.words]
    reach = {}
    for truth in truths:
        x0, y0, x1, y1 = truth.box
        own = [
            box
            for box in words
            if x0 <= (box[0] + box[2]) / 2 <= x1 and y0 <= (box[1] + box[3]) / 2 <= y1
        ]
        reach[truth] = bool(own) and overlap(union(own), truth.box) >= RIGHT
    return reach


def measure(
    sheet: Sheet, lines: Sequence[Written], tally: Tally, switches: Switches, *, misses: bool
) -> None:
    """Align one page's lines and count what came of them."""
    blocks = [Block(str(n), "paragraph", line.text) for n, line in enumerate(lines)]
    begun = time.perf_counter()
    aligned = align(blocks, sheet.read, sheet.width, sheet.height, switches)
    tally.ratios.append((time.perf_counter() - begun) / sheet.seconds)
    reach = within_reach(sheet, [line.truth for line in lines if line.truth])
    boxes: dict[str, list[Box]] = {}
    for line, block in zip(lines, aligned.blocks, strict=True):
        if line.truth and block.box:
            boxes.setdefault(key(line.text), []).append(block.box)
    for line, block in zip(lines, aligned.blocks, strict=True):
        if line.kind == "true":
            assert line.truth
            ours = boxes.get(key(line.text), [])
            best = max(ours, key=lambda box: overlap(box, line.truth.box), default=None)  # type: ignore[union-attr]
            right = overlap(best, line.truth.box) >= RIGHT
            if right:
                ours.remove(best)  # type: ignore[arg-type]
            tally.add("boxed", right)
            tally.add("reach", reach[line.truth])
            tally.add("grounded", block.grounded is True)
            if misses and not (right and block.grounded):
                print(
                    f"{sheet.name} {line.text!r}: box {right} ({overlap(best, line.truth.box):.2f}"
                    f", reach {reach[line.truth]}), grounded {block.grounded}"
                )
        else:
            flagged = block.grounded is False
            tally.add("flagged", flagged)
            tally.add(line.kind, flagged)
            if line.truth:
                tally.add("placed", overlap(block.box, line.truth.box) >= RIGHT)
            if misses and not flagged:
                print(f"{sheet.name} {line.kind} {line.text!r}: not flagged")


def run(sheets: Sequence[Sheet], mode: str, switches: Switches, *, misses: bool = False) -> Tally:
    """All pages, with the model's text in ``mode``: order, shuffled, joined, changed."""
    tally = Tally(Counter(), Counter(), [])
    for sheet in sheets:
        rng = random.Random(sheet.name)
        if mode == "changed":
            lines = in_place(sheet, rng)
        elif mode == "joined":
            lines = joined(sheet)
        else:
            lines = with_invented(sheet, sheets, rng)
        if mode == "shuffled":
            rng.shuffle(lines)
        measure(sheet, lines, tally, switches, misses=misses)
    return tally


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--pages", type=int, default=0, help="how many; 0 for all, or 20 drawn")
    parser.add_argument("--ablation", action="store_true", help="each part left out in turn")
    parser.add_argument("--misses", action="store_true", help="print the shuffled run's")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ocrsite-bench-") as folder:
        pages = receipts(arguments.data / "receipts", arguments.pages)
        kind = "scanned receipts"
        if not pages:
            pages, kind = drawn(Path(folder), arguments.pages or 20), "drawn pages"
        sheets = read(pages)
    lines = sum(len(sheet.truth) for sheet in sheets)
    print(f"{len(sheets)} {kind}, {lines} lines\n")
    variants = {"all of it": Switches()}
    if arguments.ablation:
        for part in fields(Switches):
            variants[f"without {part.name}"] = replace(Switches(), **{part.name: False})
    print(
        "| method | text | boxed right | within reach | grounded | invented flagged "
        "| of another page | digit changed | time beside OCR's, mean, median |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for name, switches in variants.items():
        for mode in ("order", "shuffled", "joined", "changed"):
            misses = arguments.misses and mode == "shuffled" and name == "all of it"
            tally = run(sheets, mode, switches, misses=misses)
            if mode == "changed":
                print(
                    f"| {name} | a digit changed in place | {tally.share('boxed')}; changed ones "
                    f"{tally.share('placed')} | {tally.share('reach')} | {tally.share('grounded')} "
                    f"| {tally.share('flagged')} | | | {_times(tally)} |"
                )
                continue
            print(
                f"| {name} | {mode} | {tally.share('boxed')} | {tally.share('reach')} "
                f"| {tally.share('grounded')} | {tally.share('flagged')} "
                f"| {tally.share('of another page')} | {tally.share('digit changed')} "
                f"| {_times(tally)} |"
            )


def _times(tally: Tally) -> str:
    return f"{fmean(tally.ratios):.4f}, {median(tally.ratios):.4f}"


if __name__ == "__main__":
    main()
