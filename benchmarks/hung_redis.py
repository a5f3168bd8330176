"""Redis stopped (SIGSTOP) for a minute under a steady load, then continued: what callers notice.

One-page documents are submitted at a steady rate, and their states read, before, while Redis hangs
and afterwards. Every answer's code and time is kept; in the end every job must have succeeded and
been billed once.
Prints Markdown.
"""

from __future__ import annotations

import argparse
import os
import signal
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

import psycopg
import requests

from benchmarks.unlimited import lift_limits
from ocrsite.embedded import free_port
from ocrsite.run import Site, site
from tests.documents import text_pdf

PHASES = ("before", "hanging", "after")


@dataclass
class Load:
    """Calls of a phase: seconds of each submission and each look at a state, codes of both."""

    submits: list[float] = field(default_factory=list)
    looks: list[float] = field(default_factory=list)
    codes: Counter[int] = field(default_factory=Counter)
    jobs: list[str] = field(default_factory=list)


class Callers:
    """Callers that submit and look, ``rate`` times a second each, never waiting for each other."""

    def __init__(self, running: Site, rate: float) -> None:
        self.address = f"{running.url}/api/v1/ocr/jobs"
        self.headers = {"Authorization": f"Bearer {running.key}"}
        self.rate = rate
        self.number = 0
        self.here = threading.local()

    def run(self, load: Load, seconds: float) -> None:
        """Call for that long."""
        with ThreadPoolExecutor(32) as threads:
            for n in range(int(seconds * self.rate)):
                due = time.monotonic() + 1 / self.rate
                self.number += 1
                threads.submit(self._submit, load, self.number)
                if load.jobs:
                    threads.submit(self._look, load, load.jobs[n * 7 % len(load.jobs)])
                time.sleep(max(0.0, due - time.monotonic()))

    def _session(self) -> requests.Session:
        if not hasattr(self.here, "session"):
            self.here.session = requests.Session()
            self.here.session.headers.update(self.headers)
        session: requests.Session = self.here.session
        return session

    def _submit(self, load: Load, number: int) -> None:
        body = text_pdf([f"Document {number}, of text that is read without OCR."])
        begun = time.monotonic()
        answer = self._session().post(self.address, files={"file": ("a.pdf", body)}, timeout=60)
        load.submits.append(time.monotonic() - begun)
        load.codes[answer.status_code] += 1
        if answer.status_code == 202:
            load.jobs.append(answer.json()["id"])

    def _look(self, load: Load, job: str) -> None:
        begun = time.monotonic()
        answer = self._session().get(f"{self.address}/{job}", timeout=60)
        load.looks.append(time.monotonic() - begun)
        load.codes[answer.status_code] += 1


def ended(running: Site) -> int:
    """Jobs that have succeeded."""
    with psycopg.connect(running.supervisor.running.owner_url) as connection:
        rows = connection.execute("SELECT count(*) FROM jobs_job WHERE status = 'succeeded'")
        return int((rows.fetchone() or [0])[0])


def latency(seconds: list[float], usual: list[float]) -> str:
    """p50 and p95 in ms, and beside what is usual."""
    p50, p95 = median(seconds), quantiles(seconds, n=20)[-1]
    ratios = p50 / median(usual), p95 / quantiles(usual, n=20)[-1]
    return f"{1000 * p50:.0f}, {1000 * p95:.0f} ms ({ratios[0]:.2f}, {ratios[1]:.2f})"


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=float, default=4, help="submissions and looks a second")
    arguments = parser.parse_args()
    lift_limits()
    with tempfile.TemporaryDirectory(prefix="ocrsite-bench-") as folder:
        Path(folder).chmod(0o755)  # as root, PostgreSQL runs as another user
        with site(Path(folder) / "site", port=free_port(), workers=2) as running:
            callers = Callers(running, arguments.rate)
            callers.run(Load(), 10)  # warm
            loads = {phase: Load() for phase in PHASES}
            done: dict[str, int] = {}
            for phase, load in loads.items():
                valkey = running.supervisor.running.valkey
                assert valkey is not None
                assert valkey.process is not None
                if phase == "hanging":
                    os.kill(valkey.process.pid, signal.SIGSTOP)
                begun = ended(running)
                callers.run(load, arguments.seconds)
                done[phase] = ended(running) - begun
                if phase == "hanging":
                    os.kill(valkey.process.pid, signal.SIGCONT)
            until = time.monotonic() + 120
            while ended(running) < callers.number:
                assert time.monotonic() < until, "jobs are left"
                time.sleep(0.5)
            with psycopg.connect(running.supervisor.running.owner_url) as connection:
                billed = connection.execute(
                    "SELECT count(*), count(DISTINCT job_id), sum(pages) FROM accounts_usagerecord"
                ).fetchone()
    print("| Redis | codes | submit p50, p95 (times before) | status p50, p95 | jobs done |")
    print("|---|---|---|---|---|")
    usual = loads["before"]
    for phase, load in loads.items():
        codes = ", ".join(f"{count} {code}" for code, count in sorted(load.codes.items()))
        print(
            f"| {phase} | {codes} | {latency(load.submits, usual.submits)} "
            f"| {latency(load.looks, usual.looks)} | {done[phase]} of {len(load.submits)} |"
        )
    print(f"\n{callers.number} jobs submitted, all succeeded; bills, jobs billed, pages: {billed}.")
    assert billed == (callers.number,) * 3
    assert not any(code >= 500 for load in loads.values() for code in load.codes)


if __name__ == "__main__":
    main()
