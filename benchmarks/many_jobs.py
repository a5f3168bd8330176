"""What a million jobs cost: the API's calls, the queue's questions and /metrics, beside few.

Two sites of the same settings on one PostgreSQL, one with few jobs in its database and one with
many, are asked in turn by one client. Then, in this process, the questions of the queue with few
and many tasks waiting. Prints tables in Markdown.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import psycopg

from benchmarks import many_rows
from benchmarks.load import Call, Client, call, form
from benchmarks.overhead import percentile
from benchmarks.unlimited import lift_limits
from ocrsite.embedded import Servers, free_port, servers
from ocrsite.run import Site, site
from tests.documents import text_pdf


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--few", type=int, default=1_000)
    parser.add_argument("--many", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=200)
    chosen = parser.parse_args()
    lift_limits()
    os.environ["MAX_QUEUED"] = "100000"
    with tempfile.TemporaryDirectory(prefix="ocrsite-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with servers(folder / "servers") as running:
            second = Servers(
                running.database_url.replace("/ocrsite?", "/many?"),
                running.owner_url.replace("/ocrsite?", "/many?"),
                running.redis_url.removesuffix("0") + "1",
                None,
                None,
            )
            with psycopg.connect(running.owner_url, autocommit=True) as database:
                database.execute("CREATE DATABASE many")
            with (
                site(
                    folder / "few",
                    port=free_port(),
                    workers=0,
                    database_url=running.database_url,
                    owner_url=running.owner_url,
                    redis_url=running.redis_url,
                ) as few,
                site(
                    folder / "many",
                    port=free_port(),
                    workers=0,
                    database_url=second.database_url,
                    owner_url=second.owner_url,
                    redis_url=second.redis_url,
                ) as many,
            ):
                many_rows.fill(running.owner_url, chosen.few)
                begun = time.perf_counter()
                many_rows.fill(second.owner_url, chosen.many)
                print(f"{chosen.many:,} jobs in {time.perf_counter() - begun:.0f} s\n", flush=True)
                ask(few, many, chosen.rounds)
            questions(folder, running)


def ask(few: Site, many: Site, rounds: int) -> None:
    """Ask both sites in turn; print a row for each call."""
    print("| call | few: p50, p95 ms | many: p50, p95 ms | ratio p50 | ratio p95 |")
    print("|---|---|---|---|---|", flush=True)
    clients = [Client(each.url) for each in (few, many)]
    pairs = [calls(each, client) for each, client in zip((few, many), clients, strict=True)]
    for name in pairs[0]:
        times: list[list[float]] = [[], []]
        most = 10 if name.startswith("/") else rounds
        for number in range(most + 5):
            for side, client in enumerate(clients):
                taken = client.timed(pairs[side][name])
                if number >= 5:  # the first ones load and warm
                    times[side].append(taken * 1000)
        p50 = [statistics.median(each) for each in times]
        p95 = [percentile(each, 0.95) for each in times]
        print(
            f"| {name} | {p50[0]:.1f}, {p95[0]:.1f} | {p50[1]:.1f}, {p95[1]:.1f} "
            f"| {p50[1] / p50[0]:.2f} | {p95[1] / p95[0]:.2f} |",
            flush=True,
        )


def calls(running: Site, client: Client) -> dict[str, Call]:
    """The calls by their names in the table."""
    jobs = f"{running.url}/api/v1/ocr/jobs"

    def get(path: str) -> Call:
        return call("GET", path, key=running.key)

    submitted = form(jobs, text_pdf(["One page of text."]), key=running.key, status=202)
    waiting = json.loads(client.send(submitted))["links"]["self"]
    page = json.loads(client.send(get(f"{jobs}?status=succeeded")))
    deep = page
    for _ in range(2):
        deep = json.loads(client.send(get(deep["next"])))
    return {
        "submit": submitted,
        "status, ended": get(deep["results"][0]["links"]["self"]),
        "status, waiting": get(waiting),
        "list, newest 50": get(jobs),
        "list, succeeded": get(f"{jobs}?status=succeeded"),
        "list, failed (none)": get(f"{jobs}?status=failed"),
        "list, third page": get(deep["next"]),
        "/metrics": get(f"{running.url}/metrics"),
        "/api/v1/health": get(f"{running.url}/api/v1/health"),
    }


def questions(folder: Path, running: Servers) -> None:
    """Time what the queue is asked with few and many tasks, of one and many organisations."""
    os.environ |= {"DATABASE_URL": running.database_url, "REDIS_URL": running.redis_url}
    os.environ |= {"DATABASE_OWNER_URL": running.owner_url, "HTTPS": "0"}
    os.environ |= {"VAR_DIR": str(folder), "SECRET_KEY": "k" * 50}
    os.environ["DJANGO_SETTINGS_MODULE"] = "ocrsite.settings"
    import django

    django.setup()
    from django.db import transaction

    from accounts.row_security import process_sees_everything
    from jobs import places, queue
    from jobs.models import Job, Task

    process_sees_everything()
    with psycopg.connect(running.owner_url, autocommit=True) as database:
        database.execute(many_rows.TENANTS.replace("%(tenants)s", "900").replace("other", "more"))

    def next_task() -> None:
        with transaction.atomic():
            assert queue.next_task("cpu", []) is not None

    def place_of() -> None:
        job = Job(pk=job_id, tenant_id=tenant_id, engine="auto", status="queued")
        assert places.place_of(job) is not None

    def refuse_when_full() -> None:
        queue._counts.clear()
        queue.refuse_when_full("cpu")

    asked: list[Callable[[], object]] = [next_task, place_of, refuse_when_full, queue.depths]
    print("\n| question | tasks | organisations | p50, p95 ms |")
    print("|---|---|---|---|")
    for tenants in (1, 1_000):
        for tasks in (10, 10_000):
            many_rows.queue(running.owner_url, tasks, tenants=tenants)
            last = Task.objects.order_by("-pk")[0]
            job_id, tenant_id = last.job_id, last.tenant_id
            Task.objects.filter(job=job_id).exclude(pk=last.pk).update(job=_other(job_id))
            with psycopg.connect(running.owner_url, autocommit=True) as database:
                database.execute("VACUUM ANALYZE jobs_task")
            for each in asked:
                times = []
                for number in range(110):
                    begun = time.perf_counter()
                    each()
                    if number >= 10:
                        times.append((time.perf_counter() - begun) * 1000)
                print(
                    f"| `{each.__name__}` | {tasks:,} | {tenants:,} "
                    f"| {statistics.median(times):.2f}, {percentile(times, 0.95):.2f} |",
                    flush=True,
                )


def _other(job_id: UUID) -> UUID:
    from jobs.models import Job

    return Job.objects.exclude(pk=job_id).values_list("pk", flat=True)[0]


if __name__ == "__main__":
    main()
