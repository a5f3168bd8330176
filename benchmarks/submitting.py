"""Submissions a second, beside a bare create of Django REST framework on the same servers.

Two Gunicorn of the same settings, this site and `benchmarks.bare`, on one PostgreSQL, in turn in
one run; no worker. Prints a table in Markdown.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from benchmarks.load import form, spread, throughput
from benchmarks.unlimited import lift_limits
from ocrsite.embedded import end_with_parent, free_port
from ocrsite.run import ROOT, Site, site
from tests.documents import text_pdf

GUNICORN = (sys.executable, "-m", "gunicorn", "-c", "ocrsite/gunicorn.conf.py")
SUBMIT = "/api/v1/ocr/jobs"
SIZES = (0, 300_000, 1_000_000, 3_000_000)  # bytes besides those of a page of text
BARE = (*GUNICORN, "--worker-class", "gthread", "benchmarks.bare")  # ours needs the site's apps


@contextmanager
def bare(running: Site) -> Iterator[str]:
    """The bare site beside the running one, on its servers; its address."""
    with psycopg.connect(running.supervisor.running.owner_url, autocommit=True) as database:
        from_module = (ROOT / "benchmarks" / "bare.py").read_text()
        database.execute(from_module.split('TABLES = """')[1].split('"""')[0])
    port = free_port()
    env = running.supervisor.env | {"BIND": f"127.0.0.1:{port}"}
    process = subprocess.Popen(BARE, env=env, cwd=ROOT, preexec_fn=end_with_parent)
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/documents", timeout=5)
            except urllib.error.HTTPError:
                break  # GET is not allowed: it answers
            except OSError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=3, help="of each side in a round")
    parser.add_argument("--clients", type=int, default=8)
    chosen = parser.parse_args()
    lift_limits()
    os.environ["MAX_QUEUED"] = "10000000"
    with (
        tempfile.TemporaryDirectory(prefix="ocrsite-bench-") as folder,
        site(_open(folder) / "site", port=free_port(), workers=0) as running,
        bare(running) as other,
    ):
        calls = {}
        for size in SIZES:
            name = f"{size:,} bytes" if size else "a page of text"
            sent = text_pdf(["One page of text."]) + b"\n%" + random.Random(0).randbytes(size)
            calls[name] = [
                (running.url, form(f"{running.url}{SUBMIT}", sent, key=running.key, status=202)),
                *(
                    (other, form(f"{other}/{each}", sent, status=201, name="a.pdf"))
                    for each in ("safe-documents", "documents")
                ),
            ]
        rates: dict[str, list[list[float]]] = {name: [] for name in calls}
        for number in range(chosen.rounds + 1):
            for name, three in calls.items():
                round_of_rates = [
                    throughput(url, request, clients=chosen.clients, seconds=chosen.seconds)
                    for url, request in three
                ]
                if number:  # the first ones load and warm
                    rates[name].append(round_of_rates)
    print("| document | ours a second | bare, file on the disk | ours / it ", end="")
    print("| bare, file not waited for | ours / it |\n|---|---|---|---|---|---|")
    for name, rounds in rates.items():
        cells = [spread([row[0] for row in rounds], 0)]
        for side in (1, 2):
            cells.append(spread([row[side] for row in rounds], 0))
            cells.append(spread([row[0] / row[side] for row in rounds]))
        print(f"| {name} | {' | '.join(cells)} |")


def _open(folder: str) -> Path:
    Path(folder).chmod(0o755)  # as root, PostgreSQL runs as another user and must reach it
    return Path(folder)


if __name__ == "__main__":
    main()
