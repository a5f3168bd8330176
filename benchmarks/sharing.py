"""A long document over two workers beside one, and a cancel in the middle of it.

Pages of pictured text; a CPU thread for each worker. The second worker is ended for the
rounds with one and started again for those with two, in turn. Prints tables in
Markdown.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

import psycopg

from benchmarks.fairness import LINES, wait_until
from benchmarks.load import Call, Client, call, form, spread
from benchmarks.unlimited import lift_limits
from ocrsite.embedded import free_port
from ocrsite.run import Program, Site, site
from tests.documents import image_pdf


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cancel-at", type=int, default=50, help="pages done")
    chosen = parser.parse_args()
    lift_limits()
    os.environ |= {"WORKER_THREADS": "1", "DEFAULT_ENGINE": "rapidocr"}
    with tempfile.TemporaryDirectory(prefix="ocrsite-bench-") as name:
        Path(name).chmod(0o755)
        with site(Path(name) / "site", port=free_port(), workers=2) as running:
            url = f"{running.url}/api/v1/ocr/jobs"
            few, submit = (
                form(url, image_pdf([LINES] * pages, dpi=100), key=running.key, status=202)
                for pages in (16, chosen.pages)
            )
            shared(running, few, submit, chosen.rounds)
            cancelled(running, submit, chosen.rounds, chosen.cancel_at)


def shared(running: Site, few: Call, submit: Call, rounds: int) -> None:
    """Time the document with one worker and with two, in turn; print a table."""
    supervisor, client = running.supervisor, Client(running.url)
    first, second = (
        each
        for name in ("worker 1", "worker 2")
        for each in supervisor.programs
        if each.name == name
    )
    start_on(running, first, 0)
    times: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(rounds):
        for workers in (1, 2):
            if workers == 1:
                _stop(second)
            else:
                start_on(running, second, 1)
            _until_end(running, client, few)  # warms
            times[workers].append(_until_end(running, client, submit))
    ratios = [one / two for one, two in zip(times[1], times[2], strict=True)]
    print("| workers | seconds, median (quartiles) | times as fast, median (quartiles) |")
    print("|---|---|---|")
    print(f"| 1 | {spread(times[1], 1)} | 1.00 |")
    print(f"| 2 | {spread(times[2], 1)} | {spread(ratios)} |\n", flush=True)


def start_on(running: Site, worker: Program, core: int) -> None:
    """Start the worker anew, held with all that it starts to one core, as a container of one is.

    On two cores one worker would use most of both: it decodes, infers and settles pages at once.
    """
    if worker.process is not None:
        _stop(worker)
    ours = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        running.supervisor._start(worker)
    finally:
        os.sched_setaffinity(0, ours)
    time.sleep(8)  # it loads its engine


def _stop(worker: Program) -> None:
    assert worker.process is not None, "the site runs"
    worker.process.terminate()
    worker.process.wait(60)


def _until_end(running: Site, client: Client, submit: Call) -> float:
    begun = time.perf_counter()
    job = json.loads(client.send(submit))
    status = call("GET", f"{job['links']['self']}?wait=30", key=running.key)
    while (now := json.loads(client.send(status)))["status"] in ("queued", "running"):
        pass
    assert now["status"] == "succeeded", now
    return time.perf_counter() - begun


def cancelled(running: Site, submit: Call, rounds: int, at: int) -> None:
    """Cancel the document when so many pages are done; print a table."""
    client = Client(running.url)
    rows, kept, waits, pages = [], [], [], []
    with psycopg.connect(running.supervisor.running.owner_url, autocommit=True) as database:
        for _ in range(rounds):
            job = json.loads(client.send(submit))
            wait_until(
                database, f"SELECT pages_done >= {at} FROM jobs_job WHERE id = '{job['id']}'"
            )
            answer = client.send(call("POST", job["links"]["cancel"], key=running.key, status=202))
            begun = time.perf_counter()
            wait_until(
                database, f"SELECT status = 'cancelled' FROM jobs_job WHERE id = '{job['id']}'"
            )
            waits.append(time.perf_counter() - begun)
            assert json.loads(answer)["status"] == "running"
            row = database.execute(
                "SELECT count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds)"
                " FROM jobs_page WHERE job_id = %s",
                [job["id"]],
            ).fetchone()
            assert row is not None
            kept.append(int(row[0]))
            pages.append(float(row[1]))
            rows.append(waits[-1] / pages[-1])
    print("| cancelled at | pages kept | page-time s | until the end: page-times, median | worst |")
    print("|---|---|---|---|---|")
    print(
        f"| {at} | {min(kept)}-{max(kept)} | {statistics.median(pages):.2f} "
        f"| {statistics.median(rows):.2f} | {max(rows):.2f} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
