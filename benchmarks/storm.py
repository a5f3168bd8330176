"""Jobs under kill -9: nothing lost, nothing doubled, billed exactly, and how soon work goes on.

A whole site (web, sweeper, workers, embedded PostgreSQL and Valkey) is given mixed documents while
one of its processes after the other, at moments chosen by a seed, is ended by SIGKILL: a worker, a
decode child, the web server or one of its processes, the sweeper, Valkey (which forgets everything:
its files are removed) and PostgreSQL. Prints Markdown.
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

import psutil
import psycopg
import requests

from benchmarks.unlimited import lift_limits
from ocrsite.embedded import free_port
from ocrsite.run import Site, site
from tests.documents import image_png, text_pdf

RECOVERY_SECONDS = 60
FIND_SECONDS = 5
ENDED = ("succeeded", "partial", "failed", "cancelled")


@dataclass
class Storm:
    """What was sent, killed and seen."""

    running: Site
    random: random.Random
    accepted: list[str] = field(default_factory=list)
    refused: Counter[int] = field(default_factory=Counter)
    killed: Counter[str] = field(default_factory=Counter)
    recovered: list[float] = field(default_factory=list)

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
                self.running.supervisor.look_after()
                time.sleep(0.1)


def documents(count: int) -> list[tuple[str, bytes]]:
    """Mixed documents: one page, three pages, a picture, a long one that is shared, a bad one."""
    kinds = [
        ("one.pdf", text_pdf(["One page of text that is read without OCR."])),
        ("three.pdf", text_pdf([f"Page {n} of three, with text of its own." for n in (1, 2, 3)])),
        ("picture.png", image_png(["Total 12.50"], 320, 80)),
        ("one.pdf", text_pdf(["Another page of text that is read without OCR."])),
        ("bad.pdf", b"%PDF-1.7 and then nothing"),
    ]
    long = ("long.pdf", text_pdf([f"Page {n} of forty, with text enough." for n in range(40)]))
    return [long if n % 25 == 7 else kinds[n % len(kinds)] for n in range(count)]


def send(storm: Storm, count: int, seconds: float) -> None:
    """Submit the documents over that time, each until it is accepted; cancel some."""
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {storm.running.key}"
    address = f"{storm.running.url}/api/v1/ocr/jobs"
    for number, (name, body) in enumerate(documents(count)):
        until = time.monotonic() + 2 * RECOVERY_SECONDS
        key = {"Idempotency-Key": f"storm-{number}"}
        while time.monotonic() < until:
            try:
                answer = session.post(
                    address, files={"file": (name, body)}, data={"cache": "false"}, headers=key,
                    timeout=30,
                )  # fmt: skip
            except requests.RequestException:
                storm.refused[0] += 1
                time.sleep(0.2)
                continue
            if answer.status_code == 202:
                storm.accepted.append(answer.json()["id"])
                break
            storm.refused[answer.status_code] += 1
            time.sleep(0.2)
        if number % 20 == 3 and storm.accepted:
            try:
                session.post(f"{address}/{storm.random.choice(storm.accepted)}/cancel", timeout=30)
            except requests.RequestException:
                storm.refused[0] += 1
        time.sleep(seconds / count / 2)


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

    return {
        "worker": lambda: of(storm.random.choice(workers)),
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
        time.sleep(storm.random.uniform(0.3, 1.5))
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
        while time.monotonic() - begun < 2 * RECOVERY_SECONDS:
            storm.running.supervisor.look_after()
            if progress(storm) != before or not left(storm):
                break
            time.sleep(0.1)
        storm.recovered.append(time.monotonic() - begun)


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


def report(storm: Storm, seconds: float) -> None:
    """What came of it, as Markdown."""
    by_status = dict(storm.ask("SELECT status, count(*) FROM jobs_job GROUP BY status"))
    rows = {str(pk) for (pk,) in storm.ask("SELECT id FROM jobs_job")}
    lost = [job for job in storm.accepted if job not in rows]
    unended = [status for status in by_status if status not in ENDED]
    doubled = storm.ask(
        "SELECT count(*) FROM (SELECT job_id, number FROM jobs_page GROUP BY 1, 2 "
        "HAVING count(*) > 1) twice"
    )[0][0]
    wrong = storm.ask(
        "SELECT count(*) FROM jobs_job LEFT JOIN (SELECT job_id, sum(pages) AS pages, count(*) AS "
        "runs FROM accounts_usagerecord GROUP BY 1) billed ON billed.job_id = jobs_job.id "
        "WHERE coalesce(billed.runs, 0) <> jobs_job.run + 1 OR billed.pages <> (SELECT count(*) "
        "FROM jobs_page WHERE jobs_page.job_id = jobs_job.id AND NOT failed)"
    )[0][0]
    innocent = storm.ask(
        "SELECT count(*) FROM jobs_job WHERE error->>'code' = 'document_crashed_worker'"
    )[0][0]
    tasks = storm.ask("SELECT count(*) FROM jobs_task")[0][0]
    fourths = quantiles(storm.recovered, n=4) if len(storm.recovered) > 1 else [0, 0, 0]
    kinds = ", ".join(f"{count} {kind}" for kind, count in storm.killed.items())
    print("| what | figure |\n|---|---|")
    print(f"| jobs accepted, ended by status | {len(storm.accepted)}, {by_status} |")
    print(f"| processes killed | {sum(storm.killed.values())}: {kinds} |")
    print(f"| submissions that got no 202 at first (0: no answer) | {dict(storm.refused)} |")
    print(f"| accepted but lost; not ended; tasks left | {len(lost)}; {unended}; {tasks} |")
    print(f"| pages kept twice; jobs with a wrong bill | {doubled}; {wrong} |")
    print(f"| failed because workers died on them by chance | {innocent} |")
    print(
        "| seconds until work went on after a kill: quartiles, most | "
        f"{fourths[0]:.1f}, {fourths[1]:.1f}, {fourths[2]:.1f}, {max(storm.recovered):.1f} |"
    )
    print(f"| seconds in all | {seconds:.0f} |")
    assert not lost
    assert not unended
    assert not tasks
    assert not doubled
    assert not wrong
    assert max(storm.recovered) < RECOVERY_SECONDS


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
        with site(Path(folder) / "site", port=free_port(), workers=2) as running:
            storm = Storm(running, random.Random(arguments.seed))
            begun = time.monotonic()
            sender = threading.Thread(
                target=send, args=(storm, arguments.jobs, arguments.kills * 1.5)
            )
            sender.start()
            kill(storm, arguments.kills)
            while sender.is_alive() or left(storm):
                assert time.monotonic() - begun < 1800, "work does not end"
                running.supervisor.look_after()
                time.sleep(0.2)
            report(storm, time.monotonic() - begun)


if __name__ == "__main__":
    main()
