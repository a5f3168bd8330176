"""How long another organisation's page waits while one's thousands are read.

One organisation queues documents of many pages of pictured text; then, again and again, the page of
another is submitted. Its wait, from the commit of the job to a worker's claim, is counted in
page-times: what a page of the many takes at the median. With one worker and with two, a CPU thread
each. Prints a table in Markdown.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

from benchmarks.load import Client, call, form
from benchmarks.unlimited import lift_limits
from ocrsite.embedded import free_port
from ocrsite.run import MANAGE, ROOT, Site, site
from tests.documents import image_pdf

LINES = [f"Line {n}: the quick brown fox, {n * 37}.50" for n in range(4)]


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=25, help="of the one organisation")
    parser.add_argument("--pages", type=int, default=200, help="of each of them")
    parser.add_argument("--rounds", type=int, default=30)
    chosen = parser.parse_args()
    lift_limits()
    os.environ |= {"WORKER_THREADS": "1", "DEFAULT_ENGINE": "rapidocr"}
    print("| workers | pages before | page-time s | rounds | wait in page-times: median | worst |")
    print("|---|---|---|---|---|---|")
    for workers in (1, 2):
        with tempfile.TemporaryDirectory(prefix="ocrsite-bench-") as name:
            Path(name).chmod(0o755)
            with site(Path(name) / "site", port=free_port(), workers=workers) as running:
                page, waits = measure(running, chosen.documents, chosen.pages, chosen.rounds)
        print(
            f"| {workers} | {chosen.documents * chosen.pages:,} | {page:.2f} | {len(waits)} "
            f"| {statistics.median(waits) / page:.2f} | {max(waits) / page:.2f} |",
            flush=True,
        )


def other_key(running: Site) -> str:
    """The key of a second organisation, made now."""
    command = [*MANAGE, "create_tenant", "--name=Other", "--email=other@example.com", "--json"]
    env = running.supervisor.env
    done = subprocess.run(command, env=env, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return str(json.loads(done.stdout)["api_key"])


def measure(running: Site, documents: int, pages: int, rounds: int) -> tuple[float, list[float]]:
    """Seconds that a page takes, and those that each page of the other organisation waited."""
    client = Client(running.url)
    url = f"{running.url}/api/v1/ocr/jobs"
    other = other_key(running)
    single = form(url, image_pdf([LINES], dpi=100), key=other, status=202)
    large = form(url, image_pdf([LINES] * pages, dpi=100), key=running.key, status=202)
    for _ in range(documents):
        client.send(large)
    chance, waits = random.Random(5), []
    with psycopg.connect(running.supervisor.running.owner_url, autocommit=True) as database:
        wait_until(database, "SELECT count(*) > 5 FROM jobs_page")
        for _ in range(rounds):
            time.sleep(chance.uniform(0, 1.5))
            job = json.loads(client.send(single))
            status = call("GET", f"{job['links']['self']}?wait=60", key=other)
            while json.loads(client.send(status))["status"] in ("queued", "running"):
                pass
            row = database.execute(
                "SELECT extract(epoch FROM started_at - created_at)::float8 FROM jobs_job"
                " WHERE id = %s AND status = 'succeeded'",
                [job["id"]],
            ).fetchone()
            assert row is not None
            waits.append(row[0])
        wait_until(
            database, "SELECT count(*) > 0 FROM jobs_task"
        )  # else there was nobody to wait for
        row = database.execute(
            "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) FROM jobs_page"
            " WHERE job_id IN (SELECT job_id FROM jobs_task)"
        ).fetchone()
        assert row is not None
    return float(row[0]), waits


def wait_until(database: psycopg.Connection[tuple[object, ...]], question: str) -> None:
    """Ask until the answer is true, for five minutes at most."""
    for _ in range(15_000):
        row = database.execute(question.encode()).fetchone()
        if row and row[0]:
            return
        time.sleep(0.02)
    raise AssertionError(f"never true: {question}")


if __name__ == "__main__":
    main()
