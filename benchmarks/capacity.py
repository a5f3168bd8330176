"""What a document costs each part of the site: CPU seconds, and room in PostgreSQL, Valkey, files.

The site runs with all its processes; clients send documents and wait for them, as many at once as
workers are busy with. Before and after, the CPU time of each part is read off its processes and
what they started, ended ones included. Seconds of CPU tell, unlike documents a second, which part
is full first on which machine (docs/capacity.md). Prints Markdown.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
import redis
import requests

from benchmarks.unlimited import lift_limits
from demo.sample_invoice import build
from ocrsite.embedded import free_port
from ocrsite.run import Site, site
from tests.documents import image_pdf, text_pdf

PARTS = ("workers", "web", "PostgreSQL", "Valkey", "sweep and deliver")
LINES = [f"Line {n}: the quick brown fox jumps over the lazy dog, {n * 37}.50" for n in range(30)]
IDLE_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Kind:
    """Documents alike; ``times`` is how many are sent for each round."""

    name: str
    body: bytes
    pages: int
    times: int


@dataclass(frozen=True, slots=True)
class Room:
    """Bytes kept, and those of PostgreSQL's write-ahead log."""

    database: int
    log: int
    valkey: int
    files: int


def kinds() -> list[Kind]:
    """What is sent."""
    text = "\n".join(LINES)
    return [
        Kind("text, 1 page", text_pdf([text]), 1, 20),
        Kind("text, 20 pages", text_pdf([f"Page {n}\n{text}" for n in range(20)]), 20, 2),
        Kind("scan, 1 page, 30 lines", image_pdf([LINES]), 1, 6),
        Kind("scanned invoice, 2 pages", build(), 2, 3),
    ]


def of_tree(root: psutil.Process) -> float:
    """CPU seconds of a process, of what it started, and of those that have ended."""
    total = 0.0
    for each in (root, *root.children(recursive=True)):
        try:
            times = each.cpu_times()
        except psutil.NoSuchProcess:  # its parent tells of it next time
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


def memory_of_tree(root: psutil.Process) -> float:
    """Bytes of a process and of what it started; what they share counts once."""
    return sum(each.memory_full_info().pss for each in (root, *root.children(recursive=True)))


def by_part(running: Site, measured: Callable[[psutil.Process], float]) -> dict[str, float]:
    """What is measured at the processes of each part, in all."""
    supervisor = running.supervisor
    found = dict.fromkeys(PARTS, 0.0)
    for program in supervisor.programs:
        assert program.process
        part = {"web": "web", "sweep": PARTS[4], "deliver": PARTS[4]}.get(program.name, "workers")
        found[part] += measured(psutil.Process(program.process.pid))
    assert supervisor.running.postgres
    assert supervisor.running.valkey
    found["PostgreSQL"] = measured(psutil.Process(supervisor.running.postgres.pid))
    assert supervisor.running.valkey.process
    found["Valkey"] = measured(psutil.Process(supervisor.running.valkey.process.pid))
    return found


def spent(running: Site) -> dict[str, float]:
    """CPU seconds of each part since its start."""
    return by_part(running, of_tree)


def kept(running: Site, folder: Path) -> Room:
    """What is kept where, once PostgreSQL has written it."""
    servers = running.supervisor.running
    with psycopg.connect(servers.owner_url, autocommit=True) as connection:
        row = connection.execute(
            "SELECT pg_database_size(current_database()), pg_current_wal_insert_lsn() - '0/0'"
        ).fetchone()
    assert row
    told = redis.Redis.from_url(servers.redis_url).info("memory")
    files = sum(path.stat().st_size for path in (folder / "files").rglob("*") if path.is_file())
    return Room(int(row[0]), int(row[1]), int(told["used_memory"]), files)


def less(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    """The difference, part by part."""
    return {part: one[part] - other[part] for part in PARTS}


def send(running: Site, kind: Kind, count: int, clients: int) -> None:
    """Submit so many and wait for each; ``clients`` at once."""
    left = threading.Semaphore(count)
    failed: list[str] = []

    def work() -> None:
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {running.key}"
        while left.acquire(blocking=False):
            answer = session.post(
                f"{running.url}/api/v1/ocr/jobs?wait=60",
                files={"file": ("document.pdf", kind.body)},
                data={"cache": "false"},
                timeout=120,
            )
            told = answer.json()
            while told.get("status") in ("queued", "running"):
                path = f"{running.url}/api/v1/ocr/jobs/{told['id']}?wait=30"
                told = session.get(path, timeout=60).json()
            if told.get("status") != "succeeded":
                failed.append(answer.text[:300])
                return
            session.get(f"{running.url}/api/v1/ocr/jobs/{told['id']}/result.json", timeout=60)

    threads = [threading.Thread(target=work) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise RuntimeError(failed[0])


def idle(running: Site) -> dict[str, float]:
    """CPU seconds that a second costs with nothing to do."""
    before = spent(running)
    time.sleep(IDLE_SECONDS)
    return {part: each / IDLE_SECONDS for part, each in less(spent(running), before).items()}


def measure(running: Site, folder: Path, rounds: int, clients: int) -> None:
    """Send each kind in turn and print what it cost."""
    resting = idle(running)
    print(f"| document | {' | '.join(PARTS)} | in all | documents a core and second | room, kB |")
    print("|---|" + "---|" * (len(PARTS) + 3))
    for kind in kinds():
        send(running, kind, max(clients, 2), clients)  # warm
        count = kind.times * rounds
        room, before, begun = kept(running, folder), spent(running), time.monotonic()
        send(running, kind, count, clients)
        took, after, now = time.monotonic() - begun, spent(running), kept(running, folder)
        each = {
            part: max(0.0, seconds - resting[part] * took) / count
            for part, seconds in less(after, before).items()
        }
        whole = sum(each.values())
        sizes = (
            now.database - room.database,
            now.log - room.log,
            now.valkey - room.valkey,
            now.files - room.files,
        )
        print(
            f"| {kind.name} | {' | '.join(f'{each[part] * 1000:.1f}' for part in PARTS)} "
            f"| {whole * 1000:.0f} | {1 / whole:.2f} | {told(sizes, count)} |",
            flush=True,
        )
    at_rest = ", ".join(f"{part} {resting[part] * 1000:.0f}" for part in PARTS)
    print(f"\nMilliseconds of CPU. With nothing to do, in each second: {at_rest}.")
    held = by_part(running, memory_of_tree)
    print(f"Memory, MB: {', '.join(f'{part} {size / 1e6:.0f}' for part, size in held.items())}.")


def told(sizes: Sequence[int], count: int) -> str:
    """Room of a document in PostgreSQL, its log, Valkey and files."""
    return ", ".join(f"{max(0, size) / count / 1000:.0f}" for size in sizes)


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    lift_limits()
    with tempfile.TemporaryDirectory(prefix="ocrsite-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # as root, PostgreSQL runs as another user
        with site(folder / "site", port=free_port(), workers=given.workers) as running:
            measure(running, folder / "site", given.rounds, 2 * given.workers)


if __name__ == "__main__":
    main()
