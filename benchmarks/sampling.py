"""Where running processes spend their time: Python's by py-spy, PostgreSQL's by its statements.

Each sample counts for the innermost function of ours that was at work, with the libraries that it
called. Threads that wait are left out by the names of what they wait in; what the kernel calls idle
is counted, for a thread that waits for an engine's own threads is.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import psycopg

from ocrsite.run import ROOT

RATE = 50  # samples a second
OURS = re.compile(r"^(\S+) \(((?:accounts|extraction|jobs|learning|ocrsite)/\S+\.py):\d+\)$")
TABLE = re.compile(r'(?i)\b(?:FROM|INTO|UPDATE)\s+(?:ONLY\s+)?"?(\w+)')
WAITS = (
    "wait (threading.py",
    "_worker (concurrent/futures/thread.py",
    "select (selectors.py",
    "wait (psycopg/",
    "_execute_send (psycopg/",
    "_read_from_socket (redis/",
    "send_packed_command (redis/",
    "_write_on (accounts/",  # threads that write now and then
    "recv_fds (socket.py",  # processes that hear from another
    "_exactly (extraction/channel.py",
    "Channel.send (extraction/channel.py",
    "wait_for_signals (gunicorn/arbiter.py",
)


def profiled(pids: Iterable[int], seconds: int, meanwhile: Callable[[], object]) -> list[str]:
    """Sample the processes and those they started while something is done; returns raw stacks."""
    with tempfile.TemporaryDirectory() as folder:
        outs = [Path(folder) / str(pid) for pid in pids]
        samplers = [
            subprocess.Popen(
                [
                    *(str(ROOT / "build/load/bin/py-spy"), "record", "--pid", out.name),
                    *("--subprocesses", "--idle", "--format", "raw", "--rate", str(RATE)),
                    *("--duration", str(seconds), "--output", str(out)),
                ],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            for out in outs
        ]
        meanwhile()
        for sampler in samplers:
            sampler.wait()
        return [line for out in outs for line in out.read_text().splitlines()]


def shares(stacks: Iterable[str]) -> list[tuple[str, float]]:
    """Functions of ours with their share of the samples at work, the largest first.

    A line is "outermost;...;innermost count", a frame "name (path:line)".
    """
    counts: Counter[str] = Counter()
    for line in stacks:
        stack, _, count = line.rpartition(" ")
        frames = stack.split(";")
        if any(wait in frames[-1] for wait in WAITS):
            continue
        ours = [found for frame in frames if (found := OURS.match(frame))]
        counts[f"{ours[-1][2]} {ours[-1][1]}" if ours else "libraries"] += int(count)
    whole = counts.total() or 1
    return [(name, count / whole) for name, count in counts.most_common()]


def count_statements(owner_url: str) -> None:
    """Have the server of this address count its statements once it is started anew."""
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'")
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")


def statements(owner_url: str) -> list[tuple[str, float]]:
    """Kinds of statements since last asked, with their share of the server's time for statements.

    A kind is what is done and the first table it is done to: "UPDATE jobs_task".
    """
    with psycopg.connect(owner_url, autocommit=True) as connection:
        rows = connection.execute(
            "SELECT query, total_exec_time + total_plan_time FROM pg_stat_statements"
        ).fetchall()
        connection.execute("SELECT pg_stat_statements_reset()")
    times: Counter[str] = Counter()
    for query, spent in rows:
        found = TABLE.search(query)
        table = f" {found[1]}" if found else ""
        times[query.split()[0].upper() + table] += spent
    whole = sum(times.values()) or 1
    return [(name, spent / whole) for name, spent in times.most_common()]
