"""What corrections teach a template: a vendor's unseen documents before and after.

Of each vendor the first ten documents are confirmed (their right values, as a person would leave
them), and learned; the next ones are read by the template as it was and as it has become. Drawn
vendors come from ``vendor_papers``; with ``--data``, those of the annotated receipts of whom there
are enough are read too (lines as annotated, ``receipts-text``), and the scanned ``receipts`` of
vendors with three annotated ones at least, by what up to ten of these teach. Prints Markdown.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.fields import RECEIPT, Paper, annotated_page, expected, given, plain, scanned
from benchmarks.vendor_papers import VendorPaper, template, vendor_paper
from extraction.fields.definition import Field
from extraction.fields.kinds.addresses import normal_form
from extraction.fields.lessons import Confirmed, Lessons, Right
from extraction.fields.match import find
from extraction.fields.ranking import value_key
from extraction.fields.templates import Template, starters

Outcome = tuple[str, bool, float]  # the field, whether it was right, and how sure; 0.0 if missed


def outcomes(of: Template, papers: Sequence[VendorPaper]) -> Iterator[Outcome]:
    """What became of each value printed on the papers, and of each found that is not."""
    for paper in papers:
        found = {value.name: value for value in find([paper.page], of.fields)}
        for name, true in paper.truth.items():
            value = found.get(name)
            right = value is not None and same(value.value, true)
            yield name, right, (value.confidence or 0.0) if value else 0.0


def same(found: Any, true: Any) -> bool:
    """Whether two normal values are the same, texts without case, spaces and punctuation."""
    return plain(value_key(found)) == plain(value_key(true))


def receipts(data: Path, least: int) -> dict[str, list[VendorPaper]]:
    """Annotated receipts by vendor, of vendors with so many at least."""
    by_vendor: dict[str, list[VendorPaper]] = defaultdict(list)
    for path in sorted((data / "receipts-text").glob("*.json"), key=lambda path: path.stem):
        told = json.loads(path.read_text("utf-8"))
        if not all(told.get(what) for what in RECEIPT):
            continue
        truth: dict[str, Any] = {
            "issuer_name": told["company"],
            "invoice_date": expected("date", told["date"]),
            "issuer_address": normal_form([told["address"]]),
            "total_amount": {"amount": expected("total", told["total"]), "currency": "MYR"},
        }
        page = annotated_page(path.with_suffix(".csv"))
        by_vendor[plain(told["company"])].append(VendorPaper(page, truth))
    return {name: papers for name, papers in by_vendor.items() if len(papers) >= least}


def compare(
    of: Template, vendors: Sequence[Sequence[VendorPaper]], teach: int
) -> tuple[list[Outcome], list[Outcome], list[float]]:
    """Outcomes on unseen papers before and after, and each vendor's gain."""
    before, after, gains = [], [], []
    for papers in vendors:
        taught = replace(of, fields=learned(of.fields, papers[:teach]))
        old, new = (list(outcomes(each, papers[teach:])) for each in (of, taught))
        before += old
        after += new
        gains.append(share(new) - share(old))
    return before, after, gains


def share(outcomes: Sequence[Outcome]) -> float:
    """Of the printed values, how many were found right."""
    return statistics.fmean(right for _, right, _ in outcomes)


def calibration(outcomes: Sequence[Outcome]) -> float:
    """Expected calibration error of the values found, in ten bands."""
    found = [(sure, right) for _, right, sure in outcomes if sure]
    bands = [[pair for pair in found if min(int(pair[0] * 10), 9) == band] for band in range(10)]
    return sum(abs(sum(right - sure for sure, right in band)) for band in bands) / len(found)


def report(title: str, before: list[Outcome], after: list[Outcome], gains: list[float]) -> None:
    """Print a table."""
    print(f"\n| {title} | values | before | after |\n|---|---|---|---|")
    for name, count in Counter(name for name, _, _ in before).items():
        old, new = ([one for one in each if one[0] == name] for each in (before, after))
        print(f"| `{name}` | {count} | {share(old):.3f} | {share(new):.3f} |")
    print(f"| all | {len(before)} | {share(before):.3f} | {share(after):.3f} |")
    better, worse = sum(gain > 0 for gain in gains), sum(gain < 0 for gain in gains)
    print(f"\nOf {len(gains)} {better} better, {worse} worse; gain from {min(gains):+.3f} to "
          f"{max(gains):+.3f}, median {statistics.median(gains):+.3f}. Expected calibration error "
          f"{calibration(before):.3f} before, {calibration(after):.3f} after.")  # fmt: skip


def scans(data: Path, keep: Path | None) -> tuple[list[Outcome], list[Outcome], list[float]]:
    """Outcomes on scanned receipts before and after learning from annotated ones of the vendor."""
    fields = fields_named(tuple(RECEIPT.values()))
    by_vendor = receipts(data, 3)
    before: list[Outcome] = []
    after: list[Outcome] = []
    gains = []
    for paper in scanned(data / "receipts", "*.jpg", RECEIPT, keep):
        vendor = by_vendor.get(plain(paper.truth["company"]), [])[:10]
        if not vendor:
            continue
        taught = learned(fields, vendor)
        old, new = (list(on_scan(paper, each)) for each in (fields, taught))
        before += old
        after += new
        gains.append(share(new) - share(old))
    return before, after, gains


def on_scan(paper: Paper, fields: Sequence[Field]) -> Iterator[Outcome]:
    """What became of the receipt's annotated values, compared as ``benchmarks.fields`` does."""
    found = {value.name: value for value in find(paper.pages, fields)}
    for what, name in paper.fields.items():
        value = found.get(name)
        words = what in ("company", "address")
        said = "" if not value else plain(value_key(value.value)) if words else given(what, value)
        right = said == expected(what, paper.truth[what])
        yield name, right, (value.confidence or 0.0) if value else 0.0


def learned(fields: Sequence[Field], papers: Sequence[VendorPaper]) -> tuple[Field, ...]:
    """The fields with what the papers teach, their values as a person confirms them."""
    confirmed = [
        Confirmed((paper.page,), {name: Right(value) for name, value in paper.truth.items()})
        for paper in papers
    ]
    return Lessons(fields, confirmed).learned()


def fields_named(names: Sequence[str]) -> tuple[Field, ...]:
    """Those fields of the starter for receipts."""
    (receipt,) = (each for each in starters() if each.name == "receipt")
    return tuple(field for field in receipt.fields if field.name in names)


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder with receipts-text")
    parser.add_argument("--vendors", type=int, default=20, help="drawn ones")
    parser.add_argument("--first", type=int, default=1000, help="the first vendor's seed")
    parser.add_argument("--teach", type=int, default=10, help="documents that are learned from")
    parser.add_argument("--test", type=int, default=10, help="documents that are read after")
    parser.add_argument("--keep", type=Path, help="a folder that keeps what was read of scans")
    arguments = parser.parse_args()
    each = arguments.teach + arguments.test
    seeds = range(arguments.first, arguments.first + arguments.vendors)
    drawn = [[vendor_paper(seed, number) for number in range(each)] for seed in seeds]
    report("drawn vendors", *compare(template(), drawn, arguments.teach))
    if arguments.data:
        vendors = list(receipts(arguments.data, arguments.teach + 4).values())
        of = Template("receipt", "Receipt", fields_named(tuple(RECEIPT.values())), "receipt")
        report("receipts' vendors", *compare(of, vendors, arguments.teach))
        report("scanned receipts of known vendors", *scans(arguments.data, arguments.keep))


if __name__ == "__main__":
    main()
