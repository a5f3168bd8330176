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
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import requests

from benchmarks.storm_outcome import check, outcome, report
from benchmarks.storm_site import RECOVERY_SECONDS, Storm, documents, left, progress, ready
from benchmarks.unlimited import lift_limits
from ocrsite.embedded import free_port
from ocrsite.run import site

FIND_SECONDS = 5
AHEAD = 2  # kills, of whose share of the documents the sender may be ahead


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
