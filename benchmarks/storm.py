"""Jobs under kill -9: nothing lost, nothing doubled, billed exactly, and how soon work goes on.

A whole site (web, sweeper, workers, embedded PostgreSQL and Valkey) is given mixed documents while
one of its processes after the other, at moments chosen by a seed, is ended by SIGKILL: a worker
with a task in hand, a decode child, the web server or one of its processes, the sweeper, Valkey
(which forgets everything: its files are removed) and PostgreSQL. Prints Markdown.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Any
from uuid import UUID

import psutil
import psycopg
import requests

from benchmarks.unlimited import lift_limits
from ocrsite.embedded import free_port
from ocrsite.run import Site, site
from tests.documents import image_png, text_pdf

RECOVERY_SECONDS = 60
FIND_SECONDS = 5
AHEAD = 2  # kills, of whose share of the documents the sender may be ahead
ENDED = ("succeeded", "partial", "failed", "cancelled")


@dataclass(frozen=True)
class Document:
    """What is sent; a bad one has no pages."""

    name: str
    body: bytes
    pages: int


@dataclass
class Storm:
    """What was sent, killed and seen. ``accepted``: the document of each id answered with 202."""

    running: Site
    random: random.Random
    accepted: dict[str, Document] = field(default_factory=dict)
    refused: Counter[int] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    killed: Counter[str] = field(default_factory=Counter)
    recovered: list[float] = field(default_factory=list)
    taken_up: list[float] = field(default_factory=list)
    watchers: list[threading.Thread] = field(default_factory=list)
    tried: int = 0  # kills

    def connect(self) -> psycopg.Connection[Any]:
        """A connection to the site's database."""
        return psycopg.connect(self.running.supervisor.running.database_url, connect_timeout=3)

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows, as soon as the database answers."""
        deadline = time.monotonic() + 2 * RECOVERY_SECONDS
        while True:
            try:
                with self.connect() as connection:
                    return connection.execute(sql).fetchall()
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                if threading.current_thread() is threading.main_thread():
                    self.running.supervisor.look_after()
                time.sleep(0.1)


def documents(count: int) -> list[Document]:
    """Mixed documents: one page, three pages, a picture, a long one that is shared, a bad one."""
    three = [f"Page {n} of three, with text of its own." for n in (1, 2, 3)]
    forty = [f"Page {n} of forty, with text enough." for n in range(1, 41)]
    kinds = [
        Document("one.pdf", text_pdf(["One page of text that is read without OCR."]), 1),
        Document("three.pdf", text_pdf(three), 3),
        Document("picture.png", image_png(["Total 12.50"], 320, 80), 1),
        Document("one.pdf", text_pdf(["Another page of text that is read without OCR."]), 1),
        Document("bad.pdf", b"%PDF-1.7 and then nothing", 0),
    ]
    long = Document("long.pdf", text_pdf(forty), 40)
    return [long if n % 25 == 7 else kinds[n % len(kinds)] for n in range(count)]


def send(storm: Storm, count: int, kills: int) -> None:
    """Submit the documents as the kills go on, each until it is accepted; cancel, retry some."""
    address = f"{storm.running.url}/api/v1/ocr/jobs"
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {storm.running.key}"

    def post(path: str = "", **request: Any) -> requests.Response | None:
        try:
            answer = session.post(address + path, timeout=30, **request)
        except requests.RequestException:
            storm.refused[0] += 1
            return None
        if answer.status_code == 202:
            return answer
        if not path:
            storm.refused[answer.status_code] += 1
        return None

    last = None
    for number, document in enumerate(documents(count)):
        while number * kills > count * (storm.tried + AHEAD):
            time.sleep(0.02)
        until = time.monotonic() + 2 * RECOVERY_SECONDS
        while time.monotonic() < until:
            answer = post(
                files={"file": (document.name, document.body)},
                data={"cache": "false"},
                headers={"Idempotency-Key": f"storm-{number}"},
            )
            if answer is not None:
                storm.accepted[answer.json()["id"]] = document
                break
            time.sleep(0.2)
        if number % 20 == 3 and storm.accepted:
            last = storm.random.choice(list(storm.accepted))
            storm.asked["cancel"] += post(f"/{last}/cancel") is not None
        elif number % 20 == 12 and last:
            storm.asked["retry"] += post(f"/{last}/retry") is not None


def victims(storm: Storm) -> dict[str, Callable[[], int | None]]:
    """The kinds of processes and how one is found: its process id, None if there is none now."""
    supervisor = storm.running.supervisor
    programs = {program.name: program for program in supervisor.programs}

    def of(name: str) -> int | None:
        process = programs[name].process
        return process.pid if process and process.poll() is None else None

    def child(pid: int | None, depth: int) -> int | None:
        try:
            for _ in range(depth):
                if pid is None:
                    return None
                children = psutil.Process(pid).children()
                pid = storm.random.choice(children).pid if children else None
        except psutil.NoSuchProcess:
            return None
        return pid

    workers = [name for name in programs if name.startswith("worker")]
    running = supervisor.running
    assert running.valkey is not None
    assert running.postgres is not None
    valkey, postgres = running.valkey, running.postgres

    def forgetful() -> int | None:
        shutil.rmtree(valkey.folder, ignore_errors=True)
        return valkey.process.pid if valkey.process else None

    def busy() -> int | None:
        """A worker with a task in hand."""
        pids = {of(name) for name in workers}
        rows = storm.ask("SELECT worker FROM jobs_task WHERE state = 'running'")
        found = [pid for (name,) in rows if (pid := int(name.rpartition(":")[2])) in pids]
        return storm.random.choice(found) if found else None

    return {
        "worker": busy,
        "decode child": lambda: child(of(storm.random.choice(workers)), 2),
        "web process": lambda: child(of("web"), 1),
        "web server": lambda: of("web"),
        "sweeper": lambda: of("sweep"),
        "Valkey": forgetful,
        "PostgreSQL": lambda: postgres.pid,
    }


def kill(storm: Storm, kills: int) -> None:
    """End processes by SIGKILL at random moments, and see after each that work goes on."""
    kinds = victims(storm)
    for number in range(kills):
        storm.tried = number
        time.sleep(storm.random.uniform(0.1, 1))
        kind = list(kinds)[number % len(kinds)]
        until = time.monotonic() + FIND_SECONDS
        while (pid := kinds[kind]()) is None and time.monotonic() < until:
            time.sleep(0.002)  # a decode child lives as long as its document is read
        if pid is None:
            continue
        before = progress(storm)
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
        storm.killed[kind] += 1
        begun = time.monotonic()
        if kind == "worker":
            watch_over_its_tasks(storm, pid, begun)
        while time.monotonic() - begun < 2 * RECOVERY_SECONDS:
            storm.running.supervisor.look_after()
            if (progress(storm) != before or not left(storm)) and ready(storm):
                break
            time.sleep(0.1)
        storm.recovered.append(time.monotonic() - begun)
    storm.tried = kills


def watch_over_its_tasks(storm: Storm, pid: int, begun: float) -> None:
    """Note, from a thread, when what a killed worker had in hand is taken up by another."""
    rows = storm.ask(f"SELECT id FROM jobs_task WHERE worker LIKE '%:{pid}'")
    if not rows:
        return  # it was just done
    waits = still_waits(rows[0][0], pid)

    def watch() -> None:
        while storm.ask(waits) and time.monotonic() - begun < 2 * RECOVERY_SECONDS:
            time.sleep(0.2)
        storm.taken_up.append(time.monotonic() - begun)

    storm.watchers.append(threading.Thread(target=watch, daemon=True))
    storm.watchers[-1].start()


def still_waits(task: UUID, pid: int) -> str:
    """A query with a row as long as no other worker than that one has the task."""
    return (
        f"SELECT FROM jobs_task WHERE id = '{task}' "
        f"AND (state = 'waiting' OR worker LIKE '%:{pid}')"
    )


def ready(storm: Storm) -> bool:
    """Whether the site answers."""
    try:
        return requests.get(f"{storm.running.url}/health/ready", timeout=5).status_code == 200
    except requests.RequestException:
        return False


def progress(storm: Storm) -> tuple[Any, ...]:
    """What changes when work goes on: pages kept, jobs ended."""
    return storm.ask(
        "SELECT (SELECT count(*) FROM jobs_page), "
        "(SELECT count(*) FROM jobs_job WHERE finished_at IS NOT NULL)"
    )[0]


def left(storm: Storm) -> int:
    """Jobs that have not ended."""
    return int(
        storm.ask("SELECT count(*) FROM jobs_job WHERE status IN ('queued', 'running')")[0][0]
    )


@dataclass(frozen=True)
class Outcome:
    """What came of it; every list is of job ids and should be empty but ``innocent``."""

    by_status: dict[str, int]
    lost: list[str]
    doubled: list[str]
    unended: list[str]
    wrong_pages: list[str]
    wrong_bills: list[str]
    innocent: list[tuple[str, str]]
    tasks: int


def outcome(storm: Storm) -> Outcome:
    """Compare what was sent with what the rows say."""
    jobs = {
        str(pk): (status, error or "", numbers or [])
        for pk, status, error, numbers in storm.ask(
            "SELECT id, status, error->>'code', (SELECT array_agg(number ORDER BY number) "
            "FROM jobs_page WHERE job_id = jobs_job.id) FROM jobs_job"
        )
    }
    wrong_bills = storm.ask(
        "SELECT jobs_job.id FROM jobs_job LEFT JOIN (SELECT job_id, sum(pages) AS pages, "
        "count(*) AS runs FROM accounts_usagerecord GROUP BY 1) billed "
        "ON billed.job_id = jobs_job.id "
        "WHERE coalesce(billed.runs, 0) <> jobs_job.run + 1 OR billed.pages <> (SELECT count(*) "
        "FROM jobs_page WHERE jobs_page.job_id = jobs_job.id AND NOT failed)"
    )
    sent = {job: document for job, document in storm.accepted.items() if job in jobs}
    return Outcome(
        by_status=dict(Counter(status for status, _, _ in jobs.values())),
        lost=[job for job in storm.accepted if job not in jobs],
        doubled=[job for job in jobs if job not in storm.accepted],
        unended=[job for job, (status, _, _) in jobs.items() if status not in ENDED],
        wrong_pages=[
            job
            for job, document in sent.items()
            if not _right_pages(document, jobs[job][0], jobs[job][2])
        ],
        wrong_bills=[str(pk) for (pk,) in wrong_bills],
        innocent=[
            (jobs[job][0], jobs[job][1])
            for job, document in sent.items()
            if document.pages and jobs[job][0] in ("failed", "partial")
        ],
        tasks=int(storm.ask("SELECT count(*) FROM jobs_task")[0][0]),
    )


def _right_pages(document: Document, status: str, numbers: list[int]) -> bool:
    if status in ("succeeded", "partial"):
        return numbers == list(range(1, document.pages + 1))
    return len(set(numbers)) == len(numbers) <= document.pages


def report(storm: Storm, found: Outcome, seconds: float) -> None:
    """What came of it, as Markdown."""
    statuses = ", ".join(f"{count} {status}" for status, count in sorted(found.by_status.items()))
    kinds = ", ".join(f"{count} {kind}" for kind, count in storm.killed.items())
    refused = ", ".join(f"{count} {code or 'cut off'}" for code, count in storm.refused.items())
    innocent = ", ".join(
        f"{count} {status} {code}".strip()
        for (status, code), count in Counter(found.innocent).items()
    )
    fourths = quantiles(storm.recovered, n=4)
    print("| what | figure |\n|---|---|")
    print(f"| jobs accepted | {len(storm.accepted)} |")
    print(f"| how they ended | {statuses} |")
    print(f"| cancelled and retried meanwhile | {storm.asked['cancel']}, {storm.asked['retry']} |")
    print(f"| processes killed | {sum(storm.killed.values())}: {kinds} |")
    print(f"| submissions to be sent again | {refused or 'none'} |")
    counts = len(found.lost), len(found.doubled), len(found.unended)
    print("| lost; doubled; not ended | {}; {}; {} |".format(*counts))
    print(f"| results with other pages than sent | {len(found.wrong_pages)} |")
    print(f"| jobs with another bill than their pages | {len(found.wrong_bills)} |")
    print(f"| good documents that did not succeed | {innocent or 'none'} |")
    print(
        "| seconds until work went on and the site answered: quartiles, most | "
        f"{fourths[0]:.1f}, {fourths[1]:.1f}, {fourths[2]:.1f}, {max(storm.recovered):.1f} |"
    )
    if storm.taken_up:
        print(
            "| seconds until another worker took up a killed one's task: fewest, most | "
            f"{min(storm.taken_up):.1f}, {max(storm.taken_up):.1f} |"
        )
    print(f"| seconds in all | {seconds:.0f} |", flush=True)


def check(storm: Storm, found: Outcome) -> None:
    """Raises AssertionError where a promise was broken."""
    assert not found.lost
    assert not found.doubled
    assert not found.unended
    assert not found.tasks
    assert not found.wrong_pages
    assert not found.wrong_bills
    assert set(storm.refused) <= {0, 503}
    assert max(storm.recovered) < RECOVERY_SECONDS
    assert max(storm.taken_up, default=0.0) < RECOVERY_SECONDS


def run(folder: Path, *, jobs: int, kills: int, seed: int, seconds: float) -> Storm:
    """A storm over that folder, reported and checked; raises AssertionError."""
    with site(folder, port=free_port(), workers=2) as running:
        storm = Storm(running, random.Random(seed))
        begun = time.monotonic()
        sender = threading.Thread(target=send, args=(storm, jobs, kills), daemon=True)
        sender.start()
        kill(storm, kills)
        while sender.is_alive() or left(storm):
            assert time.monotonic() - begun < seconds, "work does not end"
            running.supervisor.look_after()
            time.sleep(0.2)
        for watcher in storm.watchers:
            watcher.join()
        found = outcome(storm)
        report(storm, found, time.monotonic() - begun)
        check(storm, found)
        return storm


def main() -> None:
    """Run the storm."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=500)
    parser.add_argument("--kills", type=int, default=56)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    lift_limits()
    with tempfile.TemporaryDirectory(prefix="ocrsite-bench-") as folder:
        Path(folder).chmod(0o755)  # as root, PostgreSQL runs as another user
        run(
            Path(folder) / "site",
            jobs=arguments.jobs,
            kills=arguments.kills,
            seed=arguments.seed,
            seconds=1800,
        )


if __name__ == "__main__":
    main()
