"""More and more clients at once: documents a second, how long each took, and what was full.

Starts a site, then Locust (benchmarks/locustfile.py) once for each number of clients. What was full
is told by the cores that each part used, beside those it can use: workers as many as there are, a
web process one each, Valkey one, PostgreSQL the machine's. The same load runs once more with a
profiler (benchmarks/sampling.py) at the workers and the web processes. Prints Markdown.
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from benchmarks.capacity import LINES, PARTS, kinds, less, send, spent
from benchmarks.sampling import count_statements, profiled, shares, statements
from benchmarks.unlimited import lift_limits
from demo.sample_invoice import build
from ocrsite.embedded import free_port, servers
from ocrsite.run import ROOT, Site, site
from tests.documents import image_pdf, text_pdf

TOLD = ("text", "scan", "long")  # documents whose times are told
SAMPLED_SECONDS = 20
NAMED = 6  # functions of a profile


def write_documents(folder: Path) -> None:
    """What is sent: of ten documents six with a page of text, three scans, one of twenty pages."""
    text = "\n".join(LINES)
    folder.mkdir(parents=True, exist_ok=True)
    for name, body in (
        ("text-6.pdf", text_pdf([text])),
        ("scan-2.pdf", image_pdf([LINES])),
        ("invoice-1.pdf", build()),
        ("long-1.pdf", text_pdf([f"Page {n}\n{text}" for n in range(20)])),
    ):
        (folder / name).write_bytes(body)


def load(running: Site, documents: Path, clients: int, seconds: int, out: Path) -> list[list[str]]:
    """One run of Locust; returns the rows of its statistics."""
    command = [
        str(ROOT / "build/load/bin/locust"),
        *("-f", str(ROOT / "benchmarks/locustfile.py"), "--headless", "--only-summary"),
        *("-u", str(clients), "-r", str(clients), "-t", f"{seconds}s", "--stop-timeout", "60"),
        *("--host", running.url, "--csv", str(out), "--exit-code-on-error", "0"),
    ]
    env = os.environ | {"LOAD_KEY": running.key, "LOAD_DOCUMENTS": str(documents)}
    subprocess.run(
        command, env=env, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    with out.with_name(f"{out.name}_stats.csv").open() as file:
        return list(csv.reader(file))


def figures(rows: list[list[str]]) -> dict[str, Mapping[str, str]]:
    """The statistics by name."""
    head, *rest = rows
    return {row[1]: dict(zip(head, row, strict=True)) for row in rest}


def fullest(cores: Mapping[str, float], can: Mapping[str, float]) -> str:
    """The part that used the largest share of what it can use."""
    part = max(can, key=lambda name: cores[name] / can[name])
    return f"{part}, {100 * cores[part] / can[part]:.0f} %"


def profile(running: Site, documents: Path, clients: int) -> dict[str, str]:
    """What parts are busy with: the load's statements so far, and functions under more of it."""
    busy = {"PostgreSQL": statements(running.supervisor.running.owner_url)}
    for part in ("worker", "web"):
        pids = [
            program.process.pid
            for program in running.supervisor.programs
            if program.process and program.name.startswith(part)
        ]
        with tempfile.TemporaryDirectory() as out:
            more = partial(load, running, documents, clients, SAMPLED_SECONDS, Path(out) / "load")
            busy[part] = shares(profiled(pids, SAMPLED_SECONDS, more))
    return {
        part: ", ".join(f"{name} {100 * share:.0f} %" for name, share in found[:NAMED])
        for part, found in busy.items()
    }


def measure(running: Site, documents: Path, steps: list[int], seconds: int, workers: int) -> None:
    """Print a row for each number of clients."""
    can = {"workers": float(workers), "web": float(os.environ.get("WEB_WORKERS", 2))}
    can |= {"PostgreSQL": float(os.cpu_count() or 1), "Valkey": 1.0}
    heads = " | ".join(f"{kind}, p50 and p95 s" for kind in TOLD)
    print(f"| clients | documents/s | {heads} | failed | {' | '.join(PARTS)} | fullest |")
    print("|---|---|" + "---|" * (len(TOLD) + len(PARTS) + 2))
    profiles: list[str] = []
    for clients in steps:
        statements(running.supervisor.running.owner_url)
        before, begun = spent(running), time.monotonic()
        with tempfile.TemporaryDirectory() as out:
            found = figures(load(running, documents, clients, seconds, Path(out) / "load"))
        took = time.monotonic() - begun
        cores = {part: each / took for part, each in less(spent(running), before).items()}
        done = [row for name, row in found.items() if name.startswith("read ")]
        count = sum(int(row["Request Count"]) for row in done)
        failed = sum(
            int(row["Failure Count"]) for row in found.values() if row["Name"] != "Aggregated"
        )
        times = [
            f"{float(row['50%']) / 1000:.1f}, {float(row['95%']) / 1000:.1f}"
            if (row := found.get(f"read {kind}"))
            else "-"
            for kind in TOLD
        ]
        print(
            f"| {clients} | {count / took:.2f} | {' | '.join(times)} | {failed} "
            f"| {' | '.join(f'{cores[part]:.2f}' for part in PARTS)} | {fullest(cores, can)} |",
            flush=True,
        )
        profiles += [
            f"| {clients} | {part} | {said} |"
            for part, said in profile(running, documents, clients).items()
        ]
    print("\n| clients | part | at work in |\n|---|---|---|")
    print("\n".join(profiles))


@contextmanager
def started(workers: int) -> Iterator[tuple[Site, Path]]:
    """A site with so many workers, and the documents."""
    with tempfile.TemporaryDirectory(prefix="ocrsite-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # as root, PostgreSQL runs as another user
        write_documents(folder / "documents")
        with servers(folder / "site") as running:
            count_statements(running.owner_url)
        with site(folder / "site", port=free_port(), workers=workers) as started_site:
            yield started_site, folder / "documents"


def main() -> None:
    """Run the steps and print their table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32])
    parser.add_argument("--seconds", type=int, default=30, help="of each step")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--write", type=Path, help="write the documents there, and do nothing else")
    given = parser.parse_args()
    if given.write:
        write_documents(given.write)
        return
    lift_limits()
    with started(given.workers) as (running, documents):
        for kind in kinds():
            send(running, kind, 4, 2)  # warm
        measure(running, documents, given.clients, given.seconds, given.workers)


if __name__ == "__main__":
    main()
