"""Fields of generated documents: what is found of each type, and how far confidences are right.

Documents are drawn by ``field_pages`` (ten types, eight languages, born-digital and scanned) and
read by ``pipeline.run`` with its `auto` engine. Prints tables in Markdown.

A field that is printed is *right* if its normal value is (texts, identifiers and addresses after
leaving out case, spaces and punctuation, telephone numbers also without the country's code;
amounts with their currency), else *wrong*, or *missed* if
nothing was found. A field of the document's type that was found though it is not printed is
*false*. Fields of other types found on it are counted apart. A table is right if all its cells are;
its rows are counted beside. Precision is right / (right + wrong + false), recall right / (right +
wrong + missed).
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from benchmarks.field_pages import TYPES, Sample, samples
from extraction.fields.catalogue import CATALOGUE
from extraction.options import Options
from extraction.types import FieldValue

BANDS = 10


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one field of one document. ``rows`` are a table's: right, printed, found."""

    field: str
    outcome: str  # right, wrong, missed, false, besides
    confidence: float | None = None
    rows: tuple[int, int, int] = (0, 0, 0)
    detail: str = ""


def fields_of(document_type: str) -> tuple[str, ...]:
    """What the catalogue looks for on documents of the type."""
    return tuple(field.name for field in CATALOGUE if document_type in field.document_types)


def squeezed(text: object) -> str:
    return "".join(filter(str.isalnum, str(text).casefold()))


def alike(found: Any, true: Any) -> bool:
    """Whether a normal value says the same as the truth."""
    if isinstance(true, list):
        return isinstance(found, list) and rows_right(found, true) == len(true) == len(found)
    if isinstance(true, Mapping):
        return (
            isinstance(found, Mapping)
            and number(found.get("amount")) == number(true["amount"])
            and found.get("currency") == true["currency"]
        )
    if isinstance(found, Mapping):  # an address, a person: the text of it
        found = found.get("text", "")
    if squeezed(plain(found)) == squeezed(plain(true)):
        return True
    if str(true).startswith("+"):
        national = squeezed(found).lstrip("0")
        return len(national) > 6 and squeezed(true).endswith(national)
    return number(found) is not None and number(found) == number(true)


def plain(text: object) -> str:
    """Without what a web address may have or not."""
    return str(text).removeprefix("https://").removeprefix("http://").rstrip("/")


def number(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def rows_right(found: Sequence[Any], true: Sequence[Mapping[str, Any]]) -> int:
    """How many of the rows are among those found, in order, with all their cells."""
    right, start = 0, 0
    for row in true:
        for place in range(start, len(found)):
            here = found[place]
            if isinstance(here, Mapping) and all(
                alike(here.get(name), value) for name, value in row.items()
            ):
                right, start = right + 1, place + 1
                break
    return right


def judge(sample: Sample, values: Sequence[FieldValue]) -> list[Verdict]:
    """A verdict for each field that is printed or was found."""
    truth, of_type = sample.truth, fields_of(sample.document_type)
    verdicts = []
    found = {value.name: value for value in values}
    for name, true in truth.values.items():
        if name in truth.open or name not in of_type:
            continue
        rows = (0, len(true), 0) if isinstance(true, list) else (0, 0, 0)
        if name not in found:
            verdicts.append(Verdict(name, "missed", rows=rows, detail=f"{true!r}"))
            continue
        value = found[name]
        if isinstance(true, list) and isinstance(value.value, list):
            rows = (rows_right(value.value, true), len(true), len(value.value))
        outcome = "right" if alike(value.value, true) else "wrong"
        verdicts.append(
            Verdict(name, outcome, value.confidence, rows, f"{true!r} read as {value.value!r}")
        )
    for name, value in found.items():
        outcome = "false" if name in of_type else "besides"
        if name not in truth.values and name not in truth.open:
            verdicts.append(Verdict(name, outcome, value.confidence, detail=f"{value.value!r}"))
    return verdicts


def read(sample: Sample, folder: Path, engine: str, *, named: bool) -> tuple[FieldValue, ...]:
    from extraction import engines, pipeline

    path = folder / f"{sample.name}.pdf"
    path.write_bytes(sample.pdf)
    options = Options(fields=fields_of(sample.document_type) if named else ())
    document = pipeline.run(path, options, engines.get(engine))
    path.unlink()
    return document.fields


def share(part: float, whole: float) -> str:
    return f"{part / whole:.3f}" if whole else "-"


def row(name: str, documents: int, verdicts: Iterable[Verdict]) -> str:
    """A row of counts, precision, recall and F1."""
    count = Counter(verdict.outcome for verdict in verdicts)
    right, wrong = count["right"], count["wrong"]
    claimed, printed = right + wrong + count["false"], right + wrong + count["missed"]
    return (
        f"| {name} | {documents} | {right} | {wrong} | {count['missed']} | {count['false']} "
        f"| {count['besides']} | {share(right, claimed)} | {share(right, printed)} "
        f"| {share(2 * right, claimed + printed)} |"
    )


def reliability(verdicts: Iterable[Verdict]) -> tuple[list[list[tuple[float, bool]]], float]:
    """Found values by band of confidence, and the expected calibration error (Guo et al. 2017)."""
    bands: list[list[tuple[float, bool]]] = [[] for _ in range(BANDS)]
    for verdict in verdicts:
        if verdict.confidence is not None and verdict.outcome in ("right", "wrong", "false"):
            place = min(int(verdict.confidence * BANDS), BANDS - 1)
            bands[place].append((verdict.confidence, verdict.outcome == "right"))
    total = sum(map(len, bands))
    error = sum(
        abs(sum(right for _, right in band) - sum(confidence for confidence, _ in band))
        for band in bands
    )
    return bands, error / total if total else float("nan")


def report(done: Sequence[tuple[Sample, list[Verdict]]]) -> None:
    """Print the tables."""
    groups: dict[str, list[list[Verdict]]] = defaultdict(list)
    for sample, verdicts in done:
        kind = "scanned" if sample.scanned else "born-digital"
        for group in (sample.document_type, f"language {sample.language}", kind, "all"):
            groups[group].append(verdicts)
    order = [*TYPES, *sorted(g for g in groups if g.startswith("language")), "born-digital",
             "scanned", "all"]  # fmt: skip
    head = "right | wrong | missed | false | of other types | precision | recall | F1 |"
    print(f"| documents | n | {head}\n|{'---|' * 10}")
    for group in order:
        if group in groups:
            print(row(group, len(groups[group]), (v for vs in groups[group] for v in vs)))
    every = [verdict for _, verdicts in done for verdict in verdicts]
    by_field: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in every:
        by_field[verdict.field].append(verdict)
    print(f"\n| field | printed | {head}\n|{'---|' * 10}")
    for name in sorted(by_field):
        printed = sum(v.outcome in ("right", "wrong", "missed") for v in by_field[name])
        print(row(f"`{name}`", printed, by_field[name]))
    for name in sorted(by_field):
        rows = [verdict.rows for verdict in by_field[name] if any(verdict.rows)]
        if rows:
            right, printed, found = map(sum, zip(*rows, strict=True))
            print(f"\nRows of `{name}`: {printed} printed, {found} found, {right} right.")
    bands, error = reliability(every)
    print("\n| confidence | values | mean confidence | share right |\n|---|---|---|---|")
    for place, band in enumerate(bands):
        if band:
            sure = statistics.fmean(confidence for confidence, _ in band)
            right = sum(correct for _, correct in band)
            low = place / BANDS
            print(f"| {low:.1f} to {low + 1 / BANDS:.1f} | {len(band)} | {sure:.2f} "
                  f"| {right / len(band):.2f} |")  # fmt: skip
    print(f"\nExpected calibration error: {error:.3f}")


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--count", type=int, default=120)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--types", nargs="*", choices=TYPES, default=[])
    parser.add_argument("--scanned", type=float, default=0.5, help="share of scans, 0 to 1")
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--named", action="store_true", help="ask for the type's fields, not all")
    parser.add_argument("--list", action="store_true", help="what was not right, a line each")
    parser.add_argument("--save", type=Path, help="folder to put the documents in")
    arguments = parser.parse_args()
    done = []
    with tempfile.TemporaryDirectory(prefix="ocrsite-fields-") as folder:
        for sample in samples(
            arguments.count,
            first=arguments.first,
            types=arguments.types,
            scanned=arguments.scanned,
        ):
            if arguments.save:
                (arguments.save / f"{sample.name}.pdf").write_bytes(sample.pdf)
            values = read(sample, Path(folder), arguments.engine, named=arguments.named)
            verdicts = judge(sample, values)
            done.append((sample, verdicts))
            if arguments.list:
                for verdict in verdicts:
                    if verdict.outcome != "right":
                        print(f"{sample.name}: {verdict.field} {verdict.outcome}: {verdict.detail}")
    report(done)


if __name__ == "__main__":
    main()
