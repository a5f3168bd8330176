"""Fields: how many are found right, on receipts and invoices with annotated values.

``--data`` is a folder with ``receipts/N.jpg`` and ``N.json`` (company, date, address, total), read
by the whole path; ``receipts-text/N.csv`` and ``N.json``, pages made of annotated lines, which
``benchmarks.field_weights`` learns from; and ``invoices/N.pdf`` and ``N.json``. Prints Markdown.
The figures for ``receipts-text`` are of weights learned from them; ``field_weights`` tells them by
folds.

A value is right when it equals the truth in capitals with all but letters and digits dropped; dates
are compared in ISO 8601, totals with two decimals. ``--keep`` is a folder that keeps what was read
of the scans, for a second run.
"""

from __future__ import annotations

import argparse
import json
import pickle
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from rapidfuzz.distance import Indel

from extraction import engines, layout, pipeline
from extraction.fields import known
from extraction.fields.kinds.dates import find_dates
from extraction.fields.match import find
from extraction.options import Options
from extraction.types import FieldValue, Line, Page, PageImage, PageText, Word

RECEIPT = {
    "company": "issuer_name",
    "date": "invoice_date",
    "address": "issuer_address",
    "total": "total_amount",
}
INVOICE = {
    "date": "invoice_date",
    "invoice_number": "invoice_number",
    "amount": "total_amount",
    "currency": "total_amount",
    "issuer": "issuer_name",
}
BANDS = (0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1.01)


@dataclass(frozen=True, slots=True)
class Paper:
    """A document, what is truly on it by the names of its annotation, and the fields they mean."""

    name: str
    pages: tuple[Page, ...]
    truth: Mapping[str, str]
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found for one annotated value."""

    paper: str
    what: str
    truth: str
    found: str
    confidence: float

    @property
    def right(self) -> bool:
        return self.truth == self.found


def plain(text: str) -> str:
    """Letters and digits in capitals."""
    return re.sub(r"[\W_]", "", text.upper())


def expected(what: str, text: str) -> str:
    """An annotated value as it is compared."""
    if what == "date":
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            return next((str(hit.value) for hit in find_dates(text)), plain(text))
    if what in ("total", "amount"):
        number = re.sub(r"[^\d.]", "", text)
        return f"{float(number):.2f}" if number else ""
    return plain(text)


def given(what: str, value: FieldValue) -> str:
    """A found value as it is compared."""
    if what in ("total", "amount"):
        return str(value.value["amount"])
    if what == "currency":
        return str(value.value["currency"])
    return str(value.value) if what == "date" else plain(value.raw)


def outcomes(paper: Paper, values: Iterable[FieldValue]) -> Iterator[Outcome]:
    """What was found for each annotated value of the paper."""
    by_name = {value.name: value for value in values}
    for what, name in paper.fields.items():
        if what not in paper.truth:
            continue
        value = by_name.get(name)
        found = given(what, value) if value else ""
        sure = (value.confidence or 0.0) if value else 0.0
        truth = expected(what, paper.truth[what])
        # An issuer is annotated by its usual name: it is right with its legal form as well.
        if what == "issuer" and found.startswith(truth):
            found = truth
        yield Outcome(paper.name, what, truth, found, sure)


def annotated_page(path: Path) -> Page:
    """A page made of an annotation's lines, their words placed by their letters."""
    rows = [row.split(",", 8) for row in path.read_text("utf-8", errors="replace").splitlines()]
    lines = []
    for row in rows:
        if len(row) == 9 and row[8].strip():
            xs, ys = [float(x) for x in row[0:8:2]], [float(y) for y in row[1:8:2]]
            lines.append(_line(row[8].strip(), min(xs), min(ys), max(xs), max(ys)))
    width = max((line.box[2] for line in lines), default=1.0) + 20
    height = max((line.box[3] for line in lines), default=1.0) + 20
    image = PageImage(1, width, height, rotation=0, dpi=72)
    ordered, blocks = layout.arrange(image, PageText(tuple(lines), "annotated", ""))
    return Page(1, width, height, blocks=blocks, lines=ordered)


def _line(text: str, x0: float, y0: float, x1: float, y1: float) -> Line:
    pitch, at, words = (x1 - x0) / len(text), 0, []
    for word in text.split():
        at = text.index(word, at)
        words.append(Word(word, (x0 + at * pitch, y0, x0 + (at + len(word)) * pitch, y1)))
        at += len(word)
    return Line(" ".join(word.text for word in words), (x0, y0, x1, y1), None, tuple(words))


def receipts_text(folder: Path) -> list[Paper]:
    """The receipts annotated without pictures."""
    return [
        Paper(path.stem, (annotated_page(path),), _truth(path), RECEIPT)
        for path in sorted(folder.glob("*.csv"))
    ]


def scanned(
    folder: Path, pattern: str, fields: Mapping[str, str], keep: Path | None
) -> list[Paper]:
    """Documents read by the whole path."""
    papers = []
    for path in sorted(folder.glob(pattern)):
        kept = keep / f"{path.stem}.pickle" if keep else None
        if kept and kept.exists():
            pages = pickle.loads(kept.read_bytes())
        else:
            pages = pipeline.run(path, Options(), engines.warm("auto")).pages
            if kept:
                kept.parent.mkdir(parents=True, exist_ok=True)
                kept.write_bytes(pickle.dumps(pages))
        papers.append(Paper(path.stem, pages, _truth(path), fields))
    return papers


def _truth(path: Path) -> dict[str, str]:
    read: Any = json.loads(path.with_suffix(".json").read_text("utf-8"))
    values = read[0] if isinstance(read, list) else read
    return {name: str(value) for name, value in values.items() if value not in (None, "")}


def score(papers: Sequence[Paper]) -> list[Outcome]:
    """What the finder makes of the papers."""
    return [
        outcome
        for paper in papers
        for outcome in outcomes(paper, find(paper.pages, known(tuple(paper.fields.values()))))
    ]


def table(kind: str, results: Sequence[Outcome]) -> None:
    """Print the share that is right, field by field, and the mean of the fields."""
    names = list(dict.fromkeys(result.what for result in results))
    shares = []
    print(f"\n{kind}\n\n| value | right | of | share |\n|---|---|---|---|")
    for name in names:
        right = [result.right for result in results if result.what == name]
        shares.append(sum(right) / len(right))
        print(f"| {name} | {sum(right)} | {len(right)} | {shares[-1]:.3f} |")
    print(f"| mean | | | {sum(shares) / max(len(shares), 1):.3f} |")


def reliability(results: Sequence[Outcome]) -> None:
    """Print how often values of each band of confidence are right, and how far off that is."""
    bands: list[list[Outcome]] = [[] for _ in BANDS[1:]]
    found = [result for result in results if result.found]
    for result in found:
        bands[bisect_right(BANDS, result.confidence) - 1].append(result)
    print("\n| confidence | values | mean confidence | right |\n|---|---|---|---|")
    error = 0.0
    for low, high, band in zip(BANDS, BANDS[1:], bands, strict=False):
        if band:
            mean = sum(result.confidence for result in band) / len(band)
            right = sum(result.right for result in band) / len(band)
            error += len(band) * abs(mean - right) / len(found)
            print(f"| {low:.2f} to {min(high, 1):.2f} | {len(band)} | {mean:.2f} | {right:.2f} |")
    print(f"\nExpected calibration error {error:.3f}")


def worst(results: Sequence[Outcome], count: int) -> None:
    """Print the wrong values of the documents with most of them, then with the furthest off."""
    wrong: dict[str, list[Outcome]] = {}
    for result in results:
        if not result.right:
            wrong.setdefault(result.paper, []).append(result)
    print("\n| document | value | truth | found | confidence |\n|---|---|---|---|---|")
    for paper in sorted(wrong, key=lambda name: [-len(wrong[name]), *map(_alike, wrong[name])])[
        :count
    ]:
        for each in wrong[paper]:
            print(
                f"| {paper} | {each.what} | {each.truth} | {each.found} | {each.confidence:.2f} |"
            )


def _alike(result: Outcome) -> float:
    """How much what was found is like the truth, 0 to 1."""
    return Indel.normalized_similarity(result.truth, result.found)


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--keep", type=Path, help="a folder that keeps what was read")
    parser.add_argument("--worst", type=int, default=0, help="how many documents to list")
    parser.add_argument(
        "--only", choices=("receipts", "receipts-text", "invoices"), help="one kind of document"
    )
    arguments = parser.parse_args()
    papers = {
        "receipts": lambda at: scanned(at, "*.jpg", RECEIPT, arguments.keep),
        "receipts-text": receipts_text,
        "invoices": lambda at: scanned(at, "*.pdf", INVOICE, arguments.keep),
    }
    for name, read in papers.items():
        if arguments.only in (None, name):
            results = score(read(arguments.data / name))
            table(name, results)
            reliability(results)
            if arguments.worst:
                worst(results, arguments.worst)


if __name__ == "__main__":
    main()
