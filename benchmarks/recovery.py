"""How soon another worker has a killed one's task, in the worst orders of events we know of.

A worker with a task in hand is ended by SIGKILL; just before its lease runs out the sweeper may be
too, and PostgreSQL once or twice, just before leases would be ended again. Prints Markdown; ends
with 1 where a task waited longer than promised.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import requests

from benchmarks.storm import still_waits, victims
from benchmarks.storm_site import Storm
from benchmarks.unlimited import lift_limits
from ocrsite.embedded import free_port
from ocrsite.run import site
from tests.documents import text_pdf

PROMISED_SECONDS = 60
HEARD_SECONDS = 8  # for which a PostgreSQL that is back spares leases
ORDERS = (
    ("the worker alone", ()),
    ("then PostgreSQL", ("PostgreSQL",)),
    ("then the sweeper and PostgreSQL", ("sweeper", "PostgreSQL")),
    ("then the sweeper and PostgreSQL, and PostgreSQL again", ("sweeper", "PostgreSQL") * 2),
)


def main() -> None:
    """Run the benchmark and print its table."""
    lift_limits()
    most = 0.0
    with tempfile.TemporaryDirectory(prefix="ocrsite-bench-") as folder:
        Path(folder).chmod(0o755)  # as root, PostgreSQL runs as another user
        with site(Path(folder) / "site", port=free_port(), workers=2) as running:
            storm = Storm(running, random.Random(1))
            print("| killed | seconds until another worker has the task |\n|---|---|")
            for told, others in ORDERS:
                most = max(most, seconds := recover(storm, others))
                print(f"| {told} | {seconds:.1f} |", flush=True)
    sys.exit(most >= PROMISED_SECONDS)


def recover(storm: Storm, others: Sequence[str]) -> float:
    """Kill a worker, and the others late; returns the seconds that its task was without one."""
    answer = requests.post(
        f"{storm.running.url}/api/v1/ocr/jobs",
        headers={"Authorization": f"Bearer {storm.running.key}"},
        files={"file": ("long.pdf", text_pdf(["A page with text enough."] * 400))},
        data={"cache": "false"},
        timeout=30,
    )
    assert answer.status_code == 202, answer.text
    kinds = victims(storm)
    pid, begun, rows = 0, 0.0, list[tuple[Any, ...]]()
    while not rows:  # it may just have been done
        if (found := kinds["worker"]()) is None:
            continue
        pid, begun = found, time.monotonic()
        os.kill(pid, signal.SIGKILL)
        rows = storm.ask(
            "SELECT id, extract(epoch FROM lease_until - clock_timestamp()) FROM jobs_task "
            f"WHERE worker LIKE '%:{pid}'"
        )
    task, lease = rows[0]
    due = time.monotonic() + float(lease)
    for kind in others:
        # before a sweep ends the lease; PostgreSQL later where the sweeper is just starting
        at = due + 1 if kind == "PostgreSQL" and "sweeper" in others else due - 0.1
        wait(storm, partial(reached, at))
        victim = kinds[kind]()
        if victim is not None:
            os.kill(victim, signal.SIGKILL)
        if kind == "PostgreSQL":
            storm.ask("SELECT 1")  # it serves again
            due = time.monotonic() + HEARD_SECONDS - 1
    wait(storm, lambda: not storm.ask(still_waits(task, pid)))
    seconds = time.monotonic() - begun
    wait(storm, lambda: not storm.ask("SELECT FROM jobs_task"))
    return seconds


def reached(moment: float) -> bool:
    """Whether it is that time."""
    return time.monotonic() >= moment


def wait(storm: Storm, until: Callable[[], bool]) -> None:
    """Look after the site meanwhile. Raises AssertionError after two minutes."""
    end = time.monotonic() + 120
    while not until():
        assert time.monotonic() < end
        storm.running.supervisor.look_after()
        time.sleep(0.05)


if __name__ == "__main__":
    main()
