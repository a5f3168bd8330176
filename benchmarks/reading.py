"""Words and speed: the whole path beside RapidOCR's defaults and tesseract, on the same pages.

Each page goes through all three in turn in one run, so that a loaded machine slows them alike.
Ours is ``pipeline.run`` as a worker runs it: decoding in the sandbox, engine, layout, fields.
``--data`` is a folder with ``receipts/N.jpg`` and ``receipts/N.csv`` (x1,y1,...,x4,y4,text a line);
without it, pages drawn here are read. Prints Markdown.

A word is what is left of a white-space separated piece of text in capitals when all but A-Z and 0-9
is dropped; words are matched as a multiset, page by page. The halves are the even and the odd
pages in the order of their names.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import tempfile
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

import cv2
import numpy as np

from extraction import engines, pipeline
from extraction.options import Options
from tests.documents import image_png

VOCABULARY = (
    *("Invoice", "total", "cash", "change", "due", "thank", "you", "for", "your", "visit"),
    *("table", "goods", "sold", "are", "not", "returnable", "tax", "GST", "no.", "item"),
    *("qty", "price", "discount", "rounding", "paid", "card", "approval", "code", "street"),
)

BANDS = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 1.01)  # of confidence

Scored = tuple[str, float | None]  # a text and its confidence, where it has one
Read = Callable[[Path], list[Scored]]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A picture of a page and the words truly on it."""

    path: Path
    truth: Counter[str]


@dataclass(frozen=True, slots=True)
class Reading:
    """What one reader made of one page."""

    texts: tuple[Scored, ...]
    seconds: float

    @property
    def words(self) -> Counter[str]:
        return words(text for text, _ in self.texts)


def words(texts: Iterable[str]) -> Counter[str]:
    """The words of those texts as they are compared."""
    bare = (re.sub("[^A-Z0-9]", "", word.upper()) for text in texts for word in text.split())
    return Counter(word for word in bare if word)


def receipts(folder: Path) -> list[Sheet]:
    """The annotated receipts of that folder, by name."""
    sheets = []
    for image in sorted(folder.glob("*.jpg")):
        rows = image.with_suffix(".csv").read_text("utf-8", errors="replace").splitlines()
        texts = [row.split(",", 8)[8] for row in rows if row.count(",") >= 8]
        sheets.append(Sheet(image, words(texts)))
    return sheets


def drawn(folder: Path, count: int) -> list[Sheet]:
    """Pages drawn into ``folder``: 12 to 40 lines, turned by up to 2 degrees, noisy."""
    sheets = []
    for number in range(count):
        random = np.random.default_rng(number)
        lines = [
            " ".join(
                [*random.choice(VOCABULARY, random.integers(1, 6)), f"{random.uniform(1, 900):.2f}"]
            )
            for _ in range(random.integers(12, 40))
        ]
        png = np.frombuffer(image_png(lines, 700, 36 * len(lines)), np.uint8)
        page = cv2.imdecode(png, cv2.IMREAD_COLOR)
        assert page is not None
        height, width = page.shape[:2]
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), random.uniform(-2, 2), 0.94)
        page = cv2.warpAffine(page, turn, (width, height), borderValue=(255, 255, 255))
        noisy = np.clip(page + random.normal(0, 10, page.shape), 0, 255).astype(np.uint8)
        path = folder / f"{number:03}.png"
        cv2.imwrite(str(path), noisy)
        sheets.append(Sheet(path, words(lines)))
    return sheets


def ours(engine: str) -> Read:
    """The whole path as a worker runs it."""
    loaded = engines.warm(engine)

    def read(path: Path) -> list[Scored]:
        document = pipeline.run(path, Options(engine=engine), loaded)
        return [(word.text, word.confidence) for page in document.pages for word in page.words]

    return read


def rapidocr() -> Read:
    """RapidOCR as it comes."""
    from rapidocr import RapidOCR

    ocr = RapidOCR(params={"Global.log_level": "error"})

    def read(path: Path) -> list[Scored]:
        return [(text, None) for text in ocr(path).txts or ()]  # type: ignore[union-attr]

    return read


def tesseract(path: Path) -> list[Scored]:
    """Tesseract's command, English, one column of text."""
    run = subprocess.run(
        ["tesseract", str(path), "-", "--psm", "4"], capture_output=True, text=True, check=True
    )
    return [(run.stdout, None)]


def score(sheets: Sequence[Sheet], readings: Sequence[Reading]) -> tuple[float, float, float]:
    """Precision, recall and F1 of the words over all pages."""
    pairs = list(zip(sheets, readings, strict=True))
    matched = sum((sheet.truth & reading.words).total() for sheet, reading in pairs)
    read = sum(reading.words.total() for _, reading in pairs)
    written = sum(sheet.truth.total() for sheet, _ in pairs)
    precision, recall = matched / max(read, 1), matched / max(written, 1)
    return precision, recall, 2 * matched / max(read + written, 1)


def reliability(sheets: Sequence[Sheet], readings: Sequence[Reading]) -> list[list[bool]]:
    """For each band of confidence, whether each word in it is truly on its page."""
    bands: list[list[bool]] = [[] for _ in BANDS[1:]]
    for sheet, reading in zip(sheets, readings, strict=True):
        left = sheet.truth.copy()
        for text, confidence in reading.texts:
            for word in words([text]):
                if confidence is not None:
                    bands[bisect_right(BANDS, confidence) - 1].append(left[word] > 0)
                left[word] -= 1
    return bands


def spread(values: Sequence[float]) -> str:
    """The median and the quartiles of at least two values."""
    low, _, high = quantiles(values, n=4)
    return f"{median(values):.2f} ({low:.2f}-{high:.2f})"


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--pages", type=int, default=0, help="how many, evenly chosen; 0 for all")
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--alone", action="store_true", help="ours only")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ocrsite-bench-") as folder:
        sheets = receipts(arguments.data / "receipts")
        kind = "scanned receipts"
        if not sheets:
            sheets, kind = drawn(Path(folder), arguments.pages or 20), "drawn pages"
        if 0 < arguments.pages < len(sheets):
            sheets = [sheets[i * len(sheets) // arguments.pages] for i in range(arguments.pages)]
        readers: dict[str, Read] = {f"`{arguments.engine}`, whole path": ours(arguments.engine)}
        if not arguments.alone:
            readers["RapidOCR defaults"] = rapidocr()
            if shutil.which("tesseract"):
                readers["tesseract --psm 4"] = tesseract
        for read in readers.values():  # what happens once happens now
            read(sheets[0].path)
        readings: dict[str, list[Reading]] = {name: [] for name in readers}
        for sheet in sheets:
            for name, read in readers.items():
                begun = time.perf_counter()
                texts = read(sheet.path)
                readings[name].append(Reading(tuple(texts), time.perf_counter() - begun))
    print(f"{len(sheets)} {kind}\n")
    print(
        "| reader | F1 | precision | recall | F1 even, odd | s/page mean | median (quartiles) ",
        end="",
    )
    print("| times ours, median (quartiles) |\n|---|---|---|---|---|---|---|---|")
    base = next(iter(readings.values()))
    for name, done in readings.items():
        precision, recall, f1 = score(sheets, done)
        halves = [score(sheets[half::2], done[half::2])[2] for half in (0, 1)]
        seconds = [reading.seconds for reading in done]
        times = [reading.seconds / own.seconds for reading, own in zip(done, base, strict=True)]
        print(
            f"| {name} | {f1:.3f} | {precision:.3f} | {recall:.3f} | {halves[0]:.3f}, "
            f"{halves[1]:.3f} | {sum(seconds) / len(seconds):.2f} | {spread(seconds)} "
            f"| {spread(times)} |"
        )
    print("\n| confidence of ours | words | truly on the page |\n|---|---|---|")
    for low, high, right in zip(BANDS, BANDS[1:], reliability(sheets, base), strict=False):
        share = f"{sum(right) / len(right):.2f}" if right else "-"
        print(f"| {low:.2f} to {min(high, 1):.2f} | {len(right)} | {share} |")


if __name__ == "__main__":
    main()
