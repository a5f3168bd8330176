"""Submissions a second, beside a bare create of Django REST framework on the same servers.

Two Gunicorn of the same settings, this site and `benchmarks.bare`, on one PostgreSQL, in turn in
one run; no worker. Prints a table in Markdown.
"""

from __future__ import annotations

import argparse
import os
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

from benchmarks.load import call, form, spread, throughput
from benchmarks.unlimited import lift_limits
from ocrsite.embedded import end_with_parent, free_port
from ocrsite.run import ROOT, Site, site
from tests.documents import text_pdf

GUNICORN = (sys.executable, "-m", "gunicorn", "-c", "ocrsite/gunicorn.conf.py")
BARE = (*GUNICORN, "--worker-class", "gthread", "benchmarks.bare")  # ours needs the site's apps


@contextmanager
def bare(running: Site) -> Iterator[str]:
    """The bare site beside the running one, on its servers; its address."""
    with psycopg.connect(running.supervisor.running.database_url, autocommit=True) as database:
        from_module = (ROOT / "benchmarks" / "bare.py").read_text()
        database.execute(from_module.split('TABLES = """')[1].split('"""')[0])
    port = free_port()
    env = running.supervisor.env | {"BIND": f"127.0.0.1:{port}"}
    process = subprocess.Popen(BARE, env=env, cwd=ROOT, preexec_fn=end_with_parent)
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/notes", timeout=5)
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
    document = text_pdf(["One page of text."])
    with (
        tempfile.TemporaryDirectory(prefix="ocrsite-bench-") as folder,
        site(_open(folder) / "site", port=free_port(), workers=0) as running,
        bare(running) as other,
    ):
        calls = {
            "this site, POST /api/v1/ocr/jobs": form(
                f"{running.url}/api/v1/ocr/jobs", document, key=running.key, status=202
            ),
            "bare, the same form, file kept": form(
                f"{other}/documents", document, status=201, name="a.pdf"
            ),
            "bare, a name in JSON": call(
                "POST",
                f"{other}/notes",
                body=b'{"name": "a.pdf"}',
                kind="application/json",
                status=201,
            ),
        }
        rates: dict[str, list[float]] = {name: [] for name in calls}
        for number in range(chosen.rounds + 1):
            for name, request in calls.items():
                url = running.url if name.startswith("this") else other
                rate = throughput(url, request, clients=chosen.clients, seconds=chosen.seconds)
                if number:  # the first ones load and warm
                    rates[name].append(rate)
    ours, *_ = rates.values()
    print("| create | a second, median (quartiles) | this site's share of it |")
    print("|---|---|---|")
    for name, values in rates.items():
        shares = [a / b for a, b in zip(ours, values, strict=True)]
        print(f"| {name} | {spread(values, 0)} | {spread(shares)} |")


def _open(folder: str) -> Path:
    Path(folder).chmod(0o755)  # as root, PostgreSQL runs as another user and must reach it
    return Path(folder)


if __name__ == "__main__":
    main()
