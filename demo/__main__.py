"""`make demo`: a scanned invoice through the real API, on servers started and stopped here.

Exits 0 only if the text, table and fields that came back are the right ones.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from typing import Any

import requests

from demo.sample_invoice import EXPECTED, build
from ocrsite.embedded import free_port
from ocrsite.run import ROOT, Site, site

BAR = 30


def main() -> int:
    """Run the demo; returns the exit code."""
    begun = time.monotonic()
    print("Starting PostgreSQL, Valkey, the web server and one worker ...", flush=True)
    with site(
        ROOT / "var" / "demo",
        port=free_port(),
        workers=1,
        database_url=os.environ.get("DATABASE_URL", ""),
        owner_url=os.environ.get("DATABASE_OWNER_URL", ""),
        redis_url=os.environ.get("REDIS_URL", ""),
    ) as running:
        print(f"Ready after {time.monotonic() - begun:.1f} s at {running.url}\n", flush=True)
        job, result, seconds = submit(running, build())
    show(job, result, seconds)
    wrong = differences(result)
    for line in wrong:
        print(f"WRONG  {line}")
    print(
        "\nThe result differs from the sample."
        if wrong
        else f"\nAll as it should be, everything stopped. {time.monotonic() - begun:.1f} s in all."
    )
    return 1 if wrong else 0


def submit(running: Site, pdf: bytes) -> tuple[dict[str, Any], dict[str, Any], float]:
    """Post the document and follow its progress; returns job, result and seconds taken."""
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {running.key}"
    print("POST /api/v1/ocr/jobs  (scanned-invoice.pdf, 2 pages, no text layer)")
    begun = time.monotonic()
    answer = session.post(
        f"{running.url}/api/v1/ocr/jobs",
        files={"file": ("scanned-invoice.pdf", pdf, "application/pdf")},
        data={"cache": "false"},  # shown at work even if it has read the sample before
        timeout=30,
    )
    answer.raise_for_status()
    job = answer.json()
    print(f"  {answer.status_code}  job {job['id']} in {time.monotonic() - begun:.3f} s")
    shown = ""
    while job["finished_at"] is None and time.monotonic() - begun < 300:
        running.supervisor.look_after()
        if progress(job) != shown:
            shown = progress(job)
            # drawn over itself on a terminal
            print(shown, end="\r" if sys.stdout.isatty() else "\n", flush=True)
        job = session.get(job["links"]["self"], params={"wait": 1}, timeout=30).json()
    seconds = time.monotonic() - begun
    print(progress(job) + "\n")
    if job["status"] != "succeeded":
        raise SystemExit(f"The job ended as {job['status']}: {job['error']}")
    result = session.get(job["links"]["json"], timeout=30)
    result.raise_for_status()
    return job, result.json(), seconds


def progress(job: dict[str, Any]) -> str:
    """The job's progress in one line."""
    total, done = job["pages"]["total"], job["pages"]["done"]
    filled = BAR * done // total if total else 0
    bar = "#" * filled + "." * (BAR - filled)
    return f"  {job['status']:<10} [{bar}] {done}/{total or '?'} pages"


def show(job: dict[str, Any], result: dict[str, Any], seconds: float) -> None:
    """Print the text, tables, fields and timings for people."""
    width = min(shutil.get_terminal_size().columns, 110)
    for page in result["pages"]:
        print(f"\n--- Page {page['number']} ".ljust(width, "-"))
        for block in page["blocks"]:
            if block["kind"] == "table":
                print()
                for row in rows(block["table"]):
                    print("  | " + " | ".join(row))
                print()
            elif block["kind"] == "checkbox":
                print(f"  [{'x' if block['checked'] else ' '}] {block['text']}")
            else:
                print(f"  {block['text']}"[:width])
    print("\n--- Fields ".ljust(width, "-"))
    for field in result["fields"]:
        table = field["kind"] == "table"
        value = f"{len(field['value'])} rows" if table else shown(field["value"])
        place = f"page {field['page']}, {[round(x) for x in field['box'] or []]}"
        print(f"  {field['label']:<24} {value:<30} {field['confidence']:.2f}  {place}")
        for row in field["value"] if table else ():
            print("  " + " | ".join(["", *map(shown, row.values())]))
    print("\n--- Timings ".ljust(width, "-"))
    for page in result["pages"]:
        print(
            f"  page {page['number']}: {page['seconds']:.2f} s with {page['engine']}, "
            f"{len(page['words'])} words, confidence {page['confidence']:.2f}"
        )
    print(f"  from request to result: {seconds:.2f} s")


def shown(value: Any) -> str:
    """A found value as one text: "7176.77 EUR"."""
    if isinstance(value, dict):
        return " ".join(str(part) for part in value.values() if part)
    return str(value)


def rows(table: dict[str, Any]) -> list[list[str]]:
    """The table's texts, row by row."""
    grid = [[""] * table["columns"] for _ in range(table["rows"])]
    for cell in table["cells"]:
        grid[cell["row"]][cell["column"]] = cell["text"]
    return grid


def differences(result: dict[str, Any]) -> list[str]:
    """Where the result is not the truth about the sample."""
    found = {field["name"]: field["value"] for field in result["fields"]}
    wrong = [
        f"{name}: {found.get(name)!r} instead of {value!r}"
        for name, value in EXPECTED["fields"].items()
        if found.get(name) != value
    ]
    blocks = [block for page in result["pages"] for block in page["blocks"]]
    tables = [rows(block["table"]) for block in blocks if block["kind"] == "table"]
    wrong += [
        f"table {name!r}: row {row} is missing"
        for name in ("line_items", "hours")
        for row in EXPECTED[name]
        if not any(row in table for table in tables)
    ]
    boxes = {block["text"]: block["checked"] for block in blocks if block["kind"] == "checkbox"}
    wrong += [
        f"check box {text!r}: {boxes.get(text)!r} instead of {checked}"
        for text, checked in EXPECTED["checkboxes"].items()
        if boxes.get(text) is not checked
    ]
    return wrong


if __name__ == "__main__":
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped
    sys.exit(main())
