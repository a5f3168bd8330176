"""A rolling upgrade under load: the version of a commit runs, this one takes its place.

The old version's processes serve; the database is migrated beneath them; this version's start
beside them; a balancer, here the list of addresses that clients ask, takes the old ones out; they
end. All the while documents are sent, waited for and fetched by API, and pages are opened by a
person who is signed in. Prints what was answered in each phase; ends with 1 where an answer was a
5xx or none came, where a process logged an error, where a job did not succeed, or where pages were
billed twice or not at all.

    python -m benchmarks.rolling_upgrade --old COMMIT

Both versions use this one's packages.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import requests

from benchmarks.unlimited import lift_limits
from benchmarks.upgrade_load import Load, Phase, table
from ocrsite.embedded import end_with_parent, free_port, servers
from ocrsite.run import ROOT
from ocrsite.run import _environment as environment_of

START_SECONDS = 90
DRAIN_SECONDS = 3  # between "no new requests" and SIGTERM, as a balancer needs to hear of it


class Version:
    """A version's code, and its processes."""

    def __init__(self, code: Path, folder: Path, env: dict[str, str]) -> None:
        self.code, self.log, self.port = code, folder / "log", free_port()
        own = {"BIND": f"127.0.0.1:{self.port}", "STATIC_ROOT": str(folder / "static")}
        self.env = env | own
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def manage(self, *arguments: str) -> str:
        """Run a command of the version's manage.py; returns what it prints."""
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            command, cwd=self.code, env=self.env, stdout=subprocess.PIPE, check=True
        )
        return done.stdout.decode()

    def start(self, name: str, *command: str) -> None:
        """Start one of its processes. Only the owner of the database migrates."""
        env = {key: value for key, value in self.env.items() if key != "DATABASE_OWNER_URL"}
        with self.log.open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, *command],
                cwd=self.code,
                env=env,
                stderr=log,
                start_new_session=True,
                preexec_fn=end_with_parent,
            )

    def errors(self) -> list[str]:
        """What its processes logged as errors."""
        return [line for line in self.log.read_text().splitlines() if " ERROR " in line]

    def serve(self) -> None:
        """Start web and wait until it is ready."""
        self.manage("collectstatic", "--noinput", "--verbosity=0")
        self.start("web", "-m", "gunicorn", "-c", "ocrsite/gunicorn.conf.py")
        until(lambda: self._ready(), "web is ready")

    def work(self) -> None:
        """Start everything else."""
        for name in ("sweep", "deliver", "worker"):
            self.start(name, "manage.py", name)

    def stop(self, *names: str) -> None:
        """End processes by SIGTERM, as a rolling update does; all without names."""
        for name in names or tuple(self.processes):
            process = self.processes.pop(name)
            process.terminate()
            process.wait(60)

    def _ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/health/ready", timeout=5).ok
        except requests.RequestException:
            return False


def until(true: Callable[[], bool], what: str, seconds: float = START_SECONDS) -> None:
    """Wait; raises TimeoutError."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds} seconds: {what}")
        time.sleep(0.1)


def upgrade(old: Version, new: Version, load: Load, seconds: float) -> None:
    """The steps of docs/operations.md, "Without a pause", under load."""
    with load.phase("old version", seconds):
        pass
    with load.phase("while migrating"):
        new.manage("migrate", "--noinput", "--verbosity=0")
    with load.phase("old version, new schema", seconds):
        pass
    with load.phase("both versions", seconds):
        new.serve()
        new.work()
        load.addresses.append(new.url)
    with load.phase("old version ends"):
        load.addresses.remove(old.url)
        time.sleep(DRAIN_SECONDS)
        old.stop()
    with load.phase("new version", seconds):
        pass


def judge(load: Load, owner_url: str) -> list[str]:
    """What went wrong, in words."""
    wrong = [failure for phase in load.phases for failure in phase.failures]

    def count(sql: str) -> int:
        with psycopg.connect(owner_url) as connection:
            row = connection.execute(sql).fetchone()
        assert row
        return int(row[0])

    waiting = "SELECT count(*) FROM jobs_job WHERE status IN ('queued', 'running')"
    until(lambda: count(waiting) == 0, "all jobs have ended")
    jobs = len(set(load.accepted))
    for what, sql, expected in (
        ("jobs", "SELECT count(*) FROM jobs_job", jobs),
        ("jobs that succeeded", "SELECT count(*) FROM jobs_job WHERE status = 'succeeded'", jobs),
        ("pages billed", "SELECT coalesce(sum(pages), 0) FROM accounts_usagerecord", jobs),
    ):
        if (found := count(sql)) != expected:
            wrong.append(f"{what}: {found}, not {expected}")
    return wrong


@contextmanager
def checked_out(commit: str) -> Iterator[Path]:
    """The code as it was, in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="ocrsite-old-") as folder:
        archive = subprocess.Popen(["git", "archive", commit], cwd=ROOT, stdout=subprocess.PIPE)
        subprocess.run(["tar", "-x", "-C", folder], stdin=archive.stdout, check=True)
        if archive.wait():
            raise ValueError(f"git knows no {commit}")
        yield Path(folder)


def main() -> None:
    """Run it and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--old", required=True, help="commit or tag of the version that runs")
    parser.add_argument("--seconds", type=float, default=10, help="of each phase")
    parser.add_argument("--clients", type=int, default=2, help="programs; and one person")
    given = parser.parse_args()
    lift_limits()
    with (
        tempfile.TemporaryDirectory(prefix="ocrsite-upgrade-") as name,
        checked_out(given.old) as code,
    ):
        folder = Path(name)
        folder.chmod(0o755)  # as root, PostgreSQL runs as another user
        with servers(folder) as running:
            env = environment_of(folder, running, free_port())
            (folder / "old").mkdir()
            (folder / "new").mkdir()
            old, new = Version(code, folder / "old", env), Version(ROOT, folder / "new", env)
            try:
                _run(old, new, running.owner_url, given)
            finally:
                for version in (old, new):
                    version.stop()


def _run(old: Version, new: Version, owner_url: str, given: argparse.Namespace) -> None:
    old.manage("migrate", "--noinput", "--verbosity=0")
    old.serve()
    old.work()
    made = json.loads(
        old.manage("create_tenant", "--name=Load", "--email=load@example.com", "--json")
    )
    load = Load(made["api_key"], (made["email"], made["password"]), [old.url])
    load.phases.append(Phase("warm up"))
    threads = [threading.Thread(target=load.programs) for _ in range(given.clients)]
    threads.append(threading.Thread(target=load.people))
    for thread in threads:
        thread.start()
    try:
        upgrade(old, new, load, given.seconds)
    finally:
        load.over.set()
        for thread in threads:
            thread.join()
    wrong = judge(load, owner_url) + old.errors() + new.errors()
    print(f"From {given.old} to this version, {len(set(load.accepted))} documents:\n")
    print(table(load.phases))
    for each in wrong:
        print(f"- {each}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
