"""How many listeners one web process holds, and what they cost.

One Gunicorn process with eight threads, one job for each listener. Memory is the process's own
(USS), CPU its share of a core while nothing happens. Status requests (four clients, one after the
other each) are counted without and with 1,000 listeners in turn; the time to an event goes from
the commit of a finished page to its arrival, at random moments. Then the listeners' jobs wait in a
full queue, of which they are told their places. Prints tables in Markdown.
"""

from __future__ import annotations

import argparse
import http.client
import os
import random
import resource
import selectors
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil

from benchmarks.overhead import percentile
from benchmarks.unlimited import lift_limits
from ocrsite.embedded import free_port
from ocrsite.run import Site, site

CLIENTS = 4
TICK = 0.4
WAITING = 500  # listeners whose jobs wait


class Listeners:
    """Open connections, read by one thread; remembers when each job's last page was told."""

    def __init__(self, running: Site, port: int, jobs: list[UUID]) -> None:
        self.told: dict[UUID, float] = {}
        self.heard: set[UUID] = set()
        self.events = 0
        self._selector = selectors.DefaultSelector()
        self._stopping = threading.Event()
        self._sockets = []
        for job in jobs:
            connected = socket.create_connection(("127.0.0.1", port))
            connected.sendall(
                f"GET /api/v1/ocr/jobs/{job}/events HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                f"Authorization: Bearer {running.key}\r\n\r\n".encode()
            )
            self._sockets.append(connected)
            self._selector.register(connected, selectors.EVENT_READ, job)
            self._read(0)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def close(self) -> None:
        self._stopping.set()
        self._thread.join()
        for connected in self._sockets:
            connected.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._read(0.1)

    def _read(self, timeout: float) -> None:
        for key, _ in self._selector.select(timeout):
            data = key.fileobj.recv(65_536)  # type: ignore[union-attr]
            now = time.perf_counter()
            if not data:
                raise OSError("a listener was closed")
            self.events += data.count(b"event: ")
            if b"event: status" in data:
                self.heard.add(key.data)
            if b"event: page" in data:
                self.told[key.data] = now


@contextmanager
def listening(running: Site, port: int, jobs: list[UUID]) -> Iterator[Listeners]:
    """All of these jobs listened to, once each listener has heard how its job is."""
    listeners = Listeners(running, port, jobs)
    try:
        deadline = time.monotonic() + 30
        while len(listeners.heard) < len(jobs):
            assert time.monotonic() < deadline, f"{len(listeners.heard)} of {len(jobs)}"
            time.sleep(0.05)
        yield listeners
    finally:
        listeners.close()


def make_jobs(number: int) -> list[UUID]:
    """Queued jobs of the first organisation, with nothing behind them."""
    from accounts.models import Tenant
    from jobs.models import Job, StoredFile

    tenant = Tenant.objects.get()
    files = [
        StoredFile(tenant=tenant, key=f"bench/{n}", name="a.pdf", size=1, sha256=f"{n}")
        for n in range(number)
    ]
    StoredFile.objects.bulk_create(files, 500)
    jobs = [Job(tenant=tenant, file=file, engine="auto") for file in files]
    Job.objects.bulk_create(jobs, 500)
    return [job.pk for job in jobs]


def let_wait(jobs: list[UUID]) -> None:
    """Put the jobs into the queue, where no worker takes them."""
    from jobs.models import Job, Task

    rows = Job.objects.filter(pk__in=jobs).order_by("pk")
    Task.objects.bulk_create([Task(job=job, tenant=job.tenant, pool="cpu") for job in rows], 500)


def look_ms(jobs: list[UUID]) -> float:
    """Milliseconds of one look at the places of these jobs, the median of 20."""
    from jobs.places import places_of

    taken = []
    for _ in range(20):
        begun = time.perf_counter()
        places = places_of(jobs)
        taken.append(1000 * (time.perf_counter() - begun))
        assert len(places) == len(jobs)
    return statistics.median(taken)


def rate(running: Site, port: int, job: UUID, seconds: float) -> float:
    """Status requests answered in a second."""
    counts = [0] * CLIENTS
    until = time.perf_counter() + seconds

    def ask(client: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        headers = {"Authorization": f"Bearer {running.key}"}
        while time.perf_counter() < until:
            connection.request("GET", f"/api/v1/ocr/jobs/{job}", headers=headers)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200
            counts[client] += 1
        connection.close()

    threads = [threading.Thread(target=ask, args=[client]) for client in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / seconds


def event_times(listeners: Listeners, jobs: list[UUID], rounds: int) -> list[float]:
    """Seconds from the commit of a page to its event, for jobs chosen at random."""
    from jobs.models import Job
    from tests.listening import finish_pages, start

    taken = []
    for pk in random.sample(jobs, rounds):
        job = Job.objects.get(pk=pk)
        start(job, 1)
        time.sleep(random.uniform(0, TICK))
        finish_pages(job, 1)
        committed = time.perf_counter()
        while pk not in listeners.told:
            assert time.perf_counter() - committed < 10
            time.sleep(0.001)
        taken.append(listeners.told[pk] - committed)
    return taken


def worker_of(running: Site) -> psutil.Process:
    """The one process that serves requests."""
    web = next(each for each in running.supervisor.programs if each.name == "web").process
    assert web is not None
    (worker,) = psutil.Process(web.pid).children()
    return worker


def cost(worker: psutil.Process, seconds: float = 8) -> tuple[int, float]:
    """Bytes of its own, and share of a core."""
    before: Any = worker.cpu_times()
    time.sleep(seconds)
    after: Any = worker.cpu_times()
    spent = after.user + after.system - before.user - before.system
    return worker.memory_full_info().uss, spent / seconds


def transactions() -> int:
    """How many the database has ended."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT xact_commit + xact_rollback FROM pg_stat_database"
            " WHERE datname = current_database()"
        )
        return int(cursor.fetchone()[0])


@contextmanager
def moving(jobs: list[UUID]) -> Iterator[None]:
    """The queue goes on meanwhile: the first of these jobs leaves it, one after the other."""
    from django.db import connection

    from jobs.models import Task

    stopping = threading.Event()

    def take() -> None:
        for job in jobs:
            if stopping.wait(1):
                break
            Task.objects.filter(job=job).delete()
        connection.close()

    thread = threading.Thread(target=take)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def waiting_cost(running: Site, port: int, worker: psutil.Process, number: int) -> str:
    """What listeners of waiting jobs cost, the last of that many in the queue: a table's row."""
    from jobs.models import Job, StoredFile

    Job.objects.all().delete()
    StoredFile.objects.all().delete()
    jobs = make_jobs(number)
    let_wait(jobs)
    look = look_ms(jobs[-WAITING:])
    with listening(running, port, jobs[-WAITING:]) as open_ones, moving(jobs):
        time.sleep(12)  # until PostgreSQL has counted what opening them took
        told, before, begun = open_ones.events, transactions(), time.monotonic()
        _, share = cost(worker, 15)
        seconds = time.monotonic() - begun
        told, asked = open_ones.events - told, transactions() - before
    return (
        f"| {number:,} | {look:.0f} ms | {share:.1%} | {asked / seconds:.1f} "
        f"| {told / seconds:.0f} |"
    )


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listeners", type=int, nargs="+", default=[1000, 5000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--waiting", type=int, nargs="*", default=[500, 10_000])
    arguments = parser.parse_args()
    most = max(arguments.listeners)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    lift_limits()
    os.environ |= {
        "WEB_WORKERS": "1",
        "WEB_THREADS": "8",
        "GUNICORN_CMD_ARGS": "--max-requests 0",
        "MAX_LISTENERS": str(most + 500),
        "LISTEN_TICK_SECONDS": str(TICK),
        "LISTEN_SECONDS": "3600",
        "SECRET_KEY": "for this benchmark alone, of fifty or more characters in length",
    }
    with tempfile.TemporaryDirectory(prefix="ocrsite-bench-") as folder:
        Path(folder).chmod(0o755)
        port = free_port()
        with site(Path(folder) / "site", port=port, workers=0) as running:
            os.environ["DATABASE_URL"] = running.supervisor.running.database_url
            os.environ["DJANGO_SETTINGS_MODULE"] = "ocrsite.settings"
            import django

            django.setup()
            from accounts.row_security import process_sees_everything

            process_sees_everything()
            jobs = make_jobs(most)
            worker = worker_of(running)
            rate(running, port, jobs[0], 2)  # warm
            bare, idle = cost(worker)
            print(
                "| listeners | KB a listener | opened a second | share of a core "
                "| to an event p50, p95 | ticks |\n|---|---|---|---|---|---|"
            )
            print(f"| 0 | | | {idle:.1%} | | |")
            for number in arguments.listeners:
                begun = time.perf_counter()
                with listening(running, port, jobs[:number]) as open_ones:
                    opening = number / (time.perf_counter() - begun)
                    used, share = cost(worker)
                    if number == arguments.listeners[0]:
                        times = event_times(open_ones, jobs[:number], 60)
                        half, late = statistics.median(times), percentile(times, 0.95)
                        told = f"{half * 1000:.0f}, {late * 1000:.0f} ms"
                        ticks = f"{half / TICK:.2f}, {late / TICK:.2f}"
                    else:
                        told = ticks = ""
                    size = f"{(used - bare) / number / 1000:.1f} | {opening:.0f}"
                    print(f"| {number:,} | {size} | {share:.1%} | {told} | {ticks} |")
                time.sleep(2)
            ratios, alone, beside = [], [], []
            for _ in range(arguments.rounds):
                alone.append(rate(running, port, jobs[0], 4))
                with listening(running, port, jobs[-1000:]):
                    beside.append(rate(running, port, jobs[0], 4))
                ratios.append(beside[-1] / alone[-1])
                time.sleep(1)
            print("\n| status requests a second | with 1,000 listeners | ratio |\n|---|---|---|")
            print(
                f"| {statistics.median(alone):.0f} | {statistics.median(beside):.0f} "
                f"| {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}) |"
            )
            if arguments.waiting:
                print(
                    f"\n| tasks that wait | a look at {WAITING} places | share of a core "
                    "| transactions a second | events a second |\n|---|---|---|---|---|"
                )
            for number in arguments.waiting:
                print(waiting_cost(running, port, worker, number))


if __name__ == "__main__":
    main()
