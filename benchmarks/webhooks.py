"""How long a webhook waits, alone and beside receivers that never answer.

One sender process, PostgreSQL, and receivers in this process. A live receiver is told of an event
every 50 ms; the time is from the commit to the arrival of the request. In turn nobody else is told;
twenty receivers of another organisation that are known to fail have fifty events each; and twenty
that have hung up to now unnoticed. Prints a table in Markdown.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.overhead import percentile
from ocrsite.embedded import servers
from tests.jobs.receiving import Receiver, receiver

ROOT = Path(__file__).resolve().parent.parent
ALLOWED = "127.0.0.0/8"
DEAD = 20
EVERY_SECONDS = 0.05


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ocrsite-bench-") as folder:
        Path(folder).chmod(0o755)
        with servers(Path(folder) / "servers") as running:
            os.environ |= {
                "DATABASE_URL": running.database_url,
                "DATABASE_OWNER_URL": running.owner_url,
                "REDIS_URL": running.redis_url,
                "VAR_DIR": folder,
                "SECRET_KEY": secrets.token_urlsafe(50),
                "WEBHOOK_ALLOWED_HOSTS": ALLOWED,
                "DJANGO_SETTINGS_MODULE": "ocrsite.settings",
                "LOG_LEVEL": "ERROR",
            }
            measure(arguments.events, arguments.rounds)


def measure(events: int, rounds: int) -> None:
    """The two phases in turn."""
    import django

    django.setup()
    from accounts.row_security import process_sees_everything

    process_sees_everything()
    from django.core.management import call_command
    from django.db import connection

    from tests.people import organisation

    call_command("migrate", verbosity=0)
    live, others = organisation("live"), organisation("others")
    command = [sys.executable, str(ROOT / "manage.py"), "deliver"]
    alone, known, new = "alone", f"beside {DEAD} dead receivers", f"beside {DEAD} that just died"
    taken: dict[str, list[float]] = {alone: [], known: [], new: []}
    with receiver() as site, subprocess.Popen(command, cwd=ROOT) as sender:
        try:
            site.behaviours["/dead"] = site.hanging
            hook(live, f"{site.url}/live")
            time.sleep(3)
            for phase in list(taken) * rounds:
                dead = [hook(others, f"{site.url}/dead") for _ in range(DEAD * (phase != alone))]
                for number in range(50 * bool(dead)):
                    tell(others, number)
                if phase == known:
                    time.sleep(50)  # eight at once, 15 seconds each
                taken[phase] += latencies(live, site, events)
                with connection.cursor() as cursor:
                    cursor.execute("DELETE FROM jobs_deliveryattempt")
                    cursor.execute("DELETE FROM jobs_delivery WHERE endpoint = ANY(%s)", [dead])
                    cursor.execute("DELETE FROM jobs_webhook WHERE id = ANY(%s)", [dead])
        finally:
            sender.terminate()
    print("| | p50 | p95 | longest |")
    print("|---|---|---|---|")
    for phase, found in taken.items():
        told = (f"{percentile(found, share) * 1000:.0f} ms" for share in (0.5, 0.95, 1))
        print(f"| {phase} | {' | '.join(told)} |")
    for phase in (known, new):
        ratio = percentile(taken[phase], 0.95) / percentile(taken[alone], 0.95)
        print(f"\np95 {phase} / alone: {ratio:.2f}")


def hook(of: object, url: str) -> object:
    """A webhook; returns its id."""
    from tests.jobs import hooking

    return hooking.hook(of, url)[0].pk  # type: ignore[arg-type]


def tell(of: object, number: int) -> None:
    """An event."""
    from jobs import webhooks

    webhooks.notify(of.tenant, "job.succeeded", {"number": number})  # type: ignore[attr-defined]


serial = itertools.count()


def latencies(of: object, site: Receiver, events: int) -> list[float]:
    """Seconds from commit to arrival of so many events, one every ``EVERY_SECONDS``."""
    sent: dict[int, float] = {}
    arrived: dict[int, float] = {}
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.001):
            while site.received:
                got = site.received.pop(0)
                if got.path == "/live":
                    arrived[json.loads(got.body)["data"]["number"]] = time.monotonic()

    watcher = threading.Thread(target=watch)
    watcher.start()
    for _ in range(events):
        number = next(serial)
        tell(of, number)
        sent[number] = time.monotonic()
        time.sleep(EVERY_SECONDS)
    while not arrived.keys() >= sent.keys():
        time.sleep(0.1)
    over.set()
    watcher.join()
    return [arrived[number] - at for number, at in sent.items()]


if __name__ == "__main__":
    main()
