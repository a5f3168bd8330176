"""Entities and languages on drawn documents whose values are known, and what they cost a page.

Documents of ten types in eight languages are drawn by ``field_pages`` and read by the `auto`
engine, half of them as scans. Of the values that a document is known to hold, each of an entity's
kind is *found* if an entity of that kind has the same normal value. An entity is of *another kind*
where it is, or is a part of, a known number of another kind, or holds one. A page holds more than
is known of it, so other entities are counted only; ``--list`` shows them.

The time is that of a second look for entities and of a second telling of languages, beside the time
that the page took to be read. Prints Markdown.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.field_documents import alike, squeezed
from benchmarks.field_pages import Sample, samples
from extraction import engines, pipeline
from extraction.annotating import warm
from extraction.entities import KINDS, entities_of
from extraction.fields import CATALOGUE
from extraction.languages import with_languages
from extraction.options import Options
from extraction.types import Document, Entity

KIND_OF = {each.name: each.kind for each in CATALOGUE}
ALIKE_KINDS = {"id": ("vat",), "national_id": ("vat",)}  # a tax number may be known as another
FEWEST = 6  # letters and digits of a part that is no chance


@dataclass(slots=True)
class Tally:
    """Counts by kind, pages by language, and seconds."""

    known: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    given: Counter[str] = field(default_factory=Counter)
    other_kind: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, list[tuple[float, float, float]]] = field(
        default_factory=lambda: defaultdict(list)
    )


def known(sample: Sample) -> Iterator[tuple[str, Any, str]]:
    """The values that the document holds: kind, normal value, as printed; those of rows too."""
    for name, value in sample.truth.values.items():
        rows = value if isinstance(value, list) else [{name: value}]
        for row in rows:
            for cell, single in row.items():
                kind = KIND_OF.get(cell, "money" if isinstance(single, Mapping) else "text")
                if isinstance(single, Mapping) and "amount" not in single:
                    continue
                yield kind, single, str(sample.truth.raw.get(cell, single))


def judge(sample: Sample, document: Document, tally: Tally, *, tell: bool) -> None:
    """Count what was found on the document's pages."""
    entities = [each for page in document.pages for each in page.entities or ()]
    values = list(known(sample))
    text = squeezed(" ".join(line.text for page in document.pages for line in page.lines))
    for kind, true, raw in values:
        if kind not in KINDS or squeezed(raw) not in text:
            continue  # no such kind, or misread
        tally.known[kind] += 1
        right = any(each.kind == kind and _same(each, true) for each in entities)
        tally.found[kind] += right
        if tell and not right:
            print(f"{sample.name} missed {kind}: {true!r} printed {raw!r}")
    numbers = [(kind, squeezed(raw)) for kind, _, raw in values if kind in ("id", "iban", "vat")]
    for each in entities:
        tally.given[each.kind] += 1
        own = squeezed(each.raw)
        taken = [
            kind
            for kind, number in numbers
            if len(number) >= FEWEST
            and ((len(own) >= FEWEST and own in number) or number in own)
            and each.kind not in (kind, *ALIKE_KINDS.get(kind, ()))
        ]
        tally.other_kind[each.kind] += bool(taken)
        if tell and taken:
            print(f"{sample.name} {each.kind} {each.raw!r} is of kind {taken}")
        elif tell and not any(each.kind == kind and _same(each, true) for kind, true, _ in values):
            print(f"{sample.name} besides: {each.kind} {each.raw!r} {each.value!r} {each.notes}")
    for page in document.pages:
        told = page.language.code if page.language else "none"
        tally.languages["right" if told == sample.language else told] += 1
        if tell and told != sample.language:
            print(f"{sample.name} language {sample.language} told as {page.language}")
        begun = time.perf_counter()
        entities_of(page)
        between = time.perf_counter()
        with_languages(page)
        done = time.perf_counter()
        way = "scanned" if sample.scanned else "born-digital"
        tally.seconds[way].append((page.seconds, between - begun, done - between))


def _same(each: Entity, true: Any) -> bool:
    if isinstance(true, Mapping):
        amounts = {str(each.value["amount"]).lstrip("-"), str(true["amount"]).lstrip("-")}
        return len({float(amount) for amount in amounts}) == 1 and each.value["currency"] in (
            true["currency"],
            None,
        )
    return alike(each.value, true)


def report(tally: Tally) -> None:
    """Print the tables."""
    print("| kind | known and read right | found | share | entities in all | of another kind |")
    print("|---|---|---|---|---|---|")
    for kind in KINDS:
        share = f"{tally.found[kind] / tally.known[kind]:.3f}" if tally.known[kind] else ""
        print(f"| {kind} | {tally.known[kind]} | {tally.found[kind]} | {share} "
              f"| {tally.given[kind]} | {tally.other_kind[kind]} |")  # fmt: skip
    pages = tally.languages.total()
    print(f"\nLanguage told rightly on {tally.languages['right']} of {pages} pages; "
          f"else: {dict(tally.languages - Counter(right=pages))}\n")  # fmt: skip
    print("| page | read, median | entities | share | languages | share |")
    print("|---|---|---|---|---|---|")
    for way, times in tally.seconds.items():
        read, found, told = (statistics.median(each) for each in zip(*times, strict=True))
        print(f"| {way} | {read * 1000:.0f} ms | {found * 1000:.1f} ms | {found / read:.2%} "
              f"| {told * 1000:.1f} ms | {told / read:.2%} |")  # fmt: skip


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--count", type=int, default=80)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--scanned", type=float, default=0.5, help="share of scans, 0 to 1")
    parser.add_argument("--list", action="store_true", help="what was not right, a line each")
    arguments = parser.parse_args()
    tally = Tally()
    warm()
    with tempfile.TemporaryDirectory(prefix="ocrsite-entities-") as folder:
        for sample in samples(arguments.count, first=arguments.first, scanned=arguments.scanned):
            path = Path(folder) / f"{sample.name}.pdf"
            path.write_bytes(sample.pdf)
            document = pipeline.run(path, Options(), engines.get("auto"))
            path.unlink()
            judge(sample, document, tally, tell=arguments.list)
    report(tally)


if __name__ == "__main__":
    main()
