"""Runs a folder of broken, hostile, encrypted, huge and odd files through the pipeline.

    python -m benchmarks.odd_files --data DIR [--decode-only] [--only TEXT] [--markdown FILE]

All files go through one process. ``DIR/MANIFEST.tsv`` has a line a file with columns ``file`` and
``expected``; its values are read by ``verdict``. The exit status is 1 when a file crashed the run,
took more than 60 seconds, or ended as a success without pages.
"""

from __future__ import annotations

import argparse
import csv
import resource
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from extraction.documents import PageFailure, open_document
from extraction.errors import ExtractionError
from extraction.options import Limits, Options

HANG_SECONDS = 60.0

# The manifest's names for errors, and our codes.
CODES = {
    "encrypted_pdf": "encrypted",
    "too_many_pixels": "image_too_large",
    "unsupported_type": "unsupported_type",
    "page_too_large": "page_too_large",
    "no_pages": "empty_document",
    "timeout": "page_timeout",
}

# Why a file may end otherwise than the manifest says: end of its name, how it ended, the reason.
EXPLAINED = (
    ("decompression_bomb_extents.gif", "", "the second frame is the bomb; only the first is read"),
    (".heic", "unsupported_type", "HEIC needs pillow-heif, which is not installed"),
    (".heif", "unsupported_type", "HEIC needs pillow-heif, which is not installed"),
    (".pdf", "unsupported_type", "no PDF header in its first 1024 bytes: refused by content"),
    ("qpdf__69977b.pdf", "corrupt_document", "a JPEG by content, read as one, and damaged"),
    (
        "png_decompression_dos.png",
        "corrupt_document",
        "a text chunk is the bomb; Pillow caps those",
    ),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a file ended: the document's error or "" and one entry a page, "" or its error."""

    error: str
    pages: tuple[str, ...]
    seconds: float
    detail: str = ""
    warnings: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.error:
            return self.error
        failed = Counter(page for page in self.pages if page)
        text = f"{len(self.pages)} pages"
        return text + "".join(f", {count} {code}" for code, count in sorted(failed.items()))


def decode(path: Path) -> Outcome:
    """Open the file and decode all its pages at 200 dpi."""
    started = time.monotonic()
    pages: list[str] = []
    details: list[str] = []
    warnings: list[str] = []
    try:
        with open_document(path) as document:
            numbers = range(1, document.info.page_count + 1)
            for page in document.pages(numbers, wants="pixels", dpi=200, preview=False):
                if isinstance(page, PageFailure):
                    pages.append(page.error.code)
                    details.append(page.error.detail)
                else:
                    assert page.pixels is not None
                    assert page.pixels.sum() >= 0  # touches every pixel
                    pages.append("")
                    warnings += page.warnings
    except ExtractionError as error:
        return Outcome(error.code, (), time.monotonic() - started, error.detail)
    detail = "; ".join(dict.fromkeys(details))
    return Outcome("", tuple(pages), time.monotonic() - started, detail, tuple(warnings))


def read(path: Path) -> Outcome:
    """Run the whole pipeline with the default engine on the file."""
    from extraction import engines, pipeline

    started = time.monotonic()
    engine = engines.get(engines.DEFAULT_ENGINE)
    try:
        document = pipeline.run(path, Options(), engine, limits=Limits())
    except ExtractionError as error:
        return Outcome(error.code, (), time.monotonic() - started, error.detail)
    errors = [page.error for page in document.pages]
    return Outcome(
        "",
        tuple(error.code if error else "" for error in errors),
        time.monotonic() - started,
        "; ".join(dict.fromkeys(error.detail for error in errors if error)),
        tuple(warning for page in document.pages for warning in page.warnings),
    )


def verdict(expected: str, outcome: Outcome) -> bool:
    """Whether the outcome is what the manifest's ``expected`` allows.

    ``process`` wants every page read, ``error:a`` that error, ``process_or_clear_error`` either;
    ``error:a_or_process`` and ``process_downscaled_or_error:a`` name the two they allow.
    """
    codes = {outcome.error, *outcome.pages} - {""}
    read = not outcome.error and bool(outcome.pages)
    if expected == "process_or_clear_error":
        return read or bool(outcome.error)
    if expected == "process":
        return read and not codes
    _, _, named = expected.partition("error:")
    may_process = named.endswith("_or_process") or expected.startswith("process_")
    wanted = CODES[named.removesuffix("_or_process")]
    return codes == {wanted} or (may_process and read and not codes)


def report(
    rows: Iterable[dict[str, str]], folder: Path, run: Callable[[Path], Outcome]
) -> tuple[list[str], bool]:
    """Run every file; returns the lines of the report and whether nothing grave happened."""
    table: list[str] = []
    differences: list[str] = []
    counts: Counter[str] = Counter()
    grave: list[str] = []
    total = 0.0
    for row in rows:
        name, expected = row["file"], row["expected"]
        started = time.monotonic()
        try:
            outcome = run(folder / name)
        except Exception as error:
            traceback.print_exc()
            outcome = Outcome(f"CRASH {type(error).__name__}", (), time.monotonic() - started)
            grave.append(f"{name}: crash {error!r}")
        if outcome.seconds > HANG_SECONDS:
            grave.append(f"{name}: {outcome.seconds:.0f} s")
        if not outcome.error and not outcome.pages:
            grave.append(f"{name}: success with 0 pages")
        as_expected = verdict(expected, outcome)
        total += outcome.seconds
        counts["as expected" if as_expected else "different"] += 1
        counts["refused" if outcome.error else "read"] += 1
        counts["with failed pages"] += any(outcome.pages)
        counts["with a blank page"] += "blank_page" in outcome.warnings
        mark = "" if as_expected else "differs"
        table.append(f"| {name} | {expected} | {outcome} | {outcome.seconds:.2f} | {mark} |")
        print(table[-1], file=sys.stderr, flush=True)
        if not as_expected:
            codes = {outcome.error, *outcome.pages} - {""}
            why = next(
                (
                    why
                    for end, code, why in EXPLAINED
                    if name.endswith(end) and codes == {code} - {""}
                ),
                "",
            )
            differences.append(f"- {name}: {outcome}. {why or 'NOT EXPLAINED'} ({outcome.detail})")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    lines = [
        f"{len(table)} files in {total:.0f} s; "
        + ", ".join(f"{count} {what}" for what, count in counts.items())
        + f"; this process peaked at {memory:.0f} MB.",
        "",
        "Grave (crash, more than 60 s, success without pages): " + ("none." if not grave else ""),
        *(f"- {line}" for line in grave),
        "",
        "Differences from the manifest: " + ("none." if not differences else ""),
        *differences,
        "",
        "| file | expected | outcome | seconds | |",
        "|---|---|---|---|---|",
        *table,
    ]
    return lines, not grave


def main() -> int:
    """Parse the command line, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=Path("odd-files"))
    parser.add_argument("--decode-only", action="store_true", help="no engine, only decoding")
    parser.add_argument("--only", default="", help="files whose name contains this")
    parser.add_argument("--markdown", type=Path, help="write the report to this file")
    options = parser.parse_args()
    manifest = options.data / "MANIFEST.tsv"
    if not manifest.exists():
        print(f"skipped: no {manifest}; name the folder with --data")
        return 0
    with manifest.open(newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if options.only in row["file"]]
    lines, fine = report(rows, options.data, decode if options.decode_only else read)
    if options.markdown:
        what = "decoded only" if options.decode_only else "whole pipeline"
        options.markdown.write_text("\n".join([f"# Odd files, {what}", "", *lines, ""]))
    print("\n".join(lines[: lines.index("| file | expected | outcome | seconds | |")]))
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
