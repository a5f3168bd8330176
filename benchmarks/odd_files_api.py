"""Sends a folder of broken, hostile, encrypted, huge and odd files to a real site, by its API.

    python -m benchmarks.odd_files_api --data DIR [--only TEXT] [--markdown FILE]

A whole site (web, workers, sweeper, embedded PostgreSQL and Valkey) is given every file of
``DIR/MANIFEST.tsv`` under its own name, several at a time, each with a searchable PDF asked for.
Then the job, its pages and its result in every format are fetched. Told are: how each file ended
beside what the manifest expects (``benchmarks.odd_files.verdict``), answers of 500 and above,
processes that ended, and seconds from sending to the end. The exit status is 1 where a file ended
otherwise for no known reason, took more than 120 seconds, or anything of the site broke.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import requests

from benchmarks.odd_files import EXPLAINED, Outcome, verdict
from benchmarks.unlimited import lift_limits
from extraction.formats import FORMATS
from ocrsite.embedded import free_port
from ocrsite.run import Site, site

MOST_SECONDS = 120.0
AT_ONCE = 4
BUSY = ("queued", "running")


@dataclass
class Sender:
    """What was sent to the site, and what came back."""

    running: Site
    statuses: Counter[int] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)  # answers of 500 and above

    def ask(self, method: str, url: str, **request: Any) -> requests.Response:
        """The answer, counted."""
        headers = {"Authorization": f"Bearer {self.running.key}"}
        answer = requests.request(method, url, headers=headers, timeout=150, **request)
        self.statuses[answer.status_code] += 1
        if answer.status_code >= 500:
            self.broken.append(f"{method} {url}: {answer.status_code} {answer.text[:200]}")
        return answer

    def send(self, path: Path) -> Outcome:
        """How the file ended."""
        started = time.monotonic()
        jobs = f"{self.running.url}/api/v1/ocr/jobs"
        name = path.name.split("__", 1)[-1]
        with path.open("rb") as file:
            answer = self.ask(
                "POST",
                jobs,
                files={"file": (name, file)},
                data={"outputs": "pdf", "cache": "false"},
            )
        job = answer.json()
        if answer.status_code >= 400:
            return Outcome(job["code"], (), time.monotonic() - started, job["detail"])
        own = job["links"]["self"]
        while job["status"] in BUSY and time.monotonic() - started < 2 * MOST_SECONDS:
            job = self.ask("GET", f"{own}?wait=30").json()
        seconds = time.monotonic() - started
        pages = self.ask("GET", f"{own}/pages").json()
        for format_name in FORMATS:
            self.ask("GET", f"{own}/result.{format_name}")
        if job["status"] in BUSY:
            return Outcome("NOT ENDED", (), seconds)
        if job["error"]:
            # as the pipeline says it: where all pages failed, by the pages
            errors = [page["error"] for page in pages if page["error"]]
            if errors:
                return Outcome(
                    "", tuple(e["code"] for e in errors), seconds, job["error"]["detail"]
                )
            return Outcome(job["error"]["code"], (), seconds, job["error"]["detail"])
        codes = tuple(page["error"]["code"] if page["error"] else "" for page in pages)
        return Outcome("", codes, seconds, "", tuple(job["warnings"]))


def processes(running: Site) -> set[int]:
    """The process ids of the web server, its processes, the workers and the others."""
    found = set()
    for program in running.supervisor.programs:
        if program.process is not None and program.process.poll() is None:
            found.add(program.process.pid)
            if program.name == "web":
                found |= {child.pid for child in psutil.Process(program.process.pid).children()}
    return found


def run(running: Site, folder: Path, rows: Sequence[dict[str, str]]) -> tuple[list[str], bool]:
    """Send every file; returns the lines of the report and whether nothing grave happened."""
    sender = Sender(running)
    before = processes(running)
    over = threading.Event()

    def look_after() -> None:
        while not over.wait(1):
            running.supervisor.look_after()

    threading.Thread(target=look_after, daemon=True).start()
    begun = time.monotonic()

    def one(row: dict[str, str]) -> Outcome:
        outcome = sender.send(folder / row["file"])
        print(f"{row['file']}: {outcome} {outcome.seconds:.1f} s", file=sys.stderr, flush=True)
        return outcome

    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = list(pool.map(one, rows))
    total = time.monotonic() - begun
    over.set()
    died = len(before - processes(running))
    restarts = sum(program.restarts for program in running.supervisor.programs)
    table, different, grave = [], [], list(sender.broken)
    for row, outcome in zip(rows, outcomes, strict=True):
        fine = verdict(row["expected"], outcome)
        codes = {outcome.error, *outcome.pages} - {""}
        why = "" if fine else explained(row["file"], codes)
        if outcome.seconds > MOST_SECONDS:
            grave.append(f"{row['file']}: {outcome.seconds:.0f} s")
        if not outcome.error and not outcome.pages:
            grave.append(f"{row['file']}: success with 0 pages")
        if not fine:
            different.append(f"- {row['file']}: {outcome}. {why or 'NOT EXPLAINED'}")
            if not why:
                grave.append(f"{row['file']}: {outcome}")
        mark = "" if fine else "differs"
        told = f"| {row['file']} | {row['expected']} | {outcome} | {outcome.seconds:.1f} | {mark} |"
        table.append(told)
    if died or restarts:
        grave.append(f"{died} processes ended, {restarts} started again")
    fifths = sorted(outcome.seconds for outcome in outcomes)
    lines = [
        f"{len(rows)} files in {total:.0f} s, {AT_ONCE} at a time; "
        f"{len(rows) - len(different)} as the manifest says; "
        f"{sum(bool(o.error) for o in outcomes)} refused, "
        f"{sum(any(o.pages) for o in outcomes)} with failed pages; "
        f"longest {fifths[-1]:.0f} s, median {fifths[len(fifths) // 2]:.1f} s.",
        "",
        f"Answers: {', '.join(f'{n} of {code}' for code, n in sorted(sender.statuses.items()))}; "
        f"{len(sender.broken)} of 500 and above. "
        f"Processes that ended: {died}; started again: {restarts}.",
        "",
        "Grave: " + ("none." if not grave else ""),
        *(f"- {line}" for line in grave),
        "",
        "Differences from the manifest: " + ("none." if not different else ""),
        *different,
        "",
        "| file | expected | outcome | seconds | |",
        "|---|---|---|---|---|",
        *table,
    ]
    return lines, not grave


def explained(name: str, codes: set[str]) -> str:
    """Why a file may end otherwise than the manifest says, "" where no reason is known."""
    reasons = (why for end, code, why in EXPLAINED if name.endswith(end) and codes == {code} - {""})
    return next(reasons, "")


def main() -> int:
    """Parse the command line, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=Path("odd-files"))
    parser.add_argument("--only", default="", help="files whose name contains this")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--markdown", type=Path, help="write the report to this file")
    chosen = parser.parse_args()
    manifest = chosen.data / "MANIFEST.tsv"
    if not manifest.exists():
        print(f"skipped: no {manifest}; name the folder with --data")
        return 0
    with manifest.open(newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if chosen.only in row["file"]]
    lift_limits()
    os.environ["WORKER_THREADS"] = "1"
    with tempfile.TemporaryDirectory(prefix="ocrsite-bench-") as name:
        Path(name).chmod(0o755)
        with site(Path(name) / "site", port=free_port(), workers=chosen.workers) as running:
            lines, fine = run(running, chosen.data, rows)
    if chosen.markdown:
        head = ["# Odd files, by the API of a whole site", ""]
        chosen.markdown.write_text("\n".join([*head, *lines, ""]))
    print("\n".join(lines[: lines.index("| file | expected | outcome | seconds | |")]))
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
