"""`make run`: the whole site on one machine, supervised, with embedded servers unless given others.

Starts PostgreSQL and Valkey (ocrsite.embedded), migrates, makes a first tenant, then keeps the web
server, the workers, the sweeper and the sender of webhooks running until Ctrl-C. Production runs
the same commands one by one (docker-compose.yml).
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ocrsite.embedded import Servers, end_with_parent, servers

ROOT = Path(__file__).resolve().parent.parent
MANAGE = (sys.executable, str(ROOT / "manage.py"))
STOP_SECONDS = 30
READY_SECONDS = 60
EMAIL = "demo@example.com"


@dataclass
class Program:
    """A command that is kept running: started again when it ends, with a growing pause."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause: float = 0.5
    restarts: int = 0


@dataclass
class Supervisor:
    """Keeps programs and embedded servers running."""

    env: dict[str, str]
    running: Servers
    programs: list[Program] = field(default_factory=list)

    def start(self) -> None:
        """Start every program."""
        for program in self.programs:
            self._start(program)

    def look_after(self) -> None:
        """Start again what has ended."""
        if self.running.postgres:
            self.running.postgres.ensure()
        if self.running.valkey:
            self.running.valkey.ensure()
        for program in self.programs:
            if program.process is None or program.process.poll() is None:
                continue
            if time.monotonic() - program.started > 30:
                program.pause = 0.5
            if time.monotonic() - program.started > program.pause:
                program.pause = min(program.pause * 2, 30)
                program.restarts += 1
                self._start(program)

    def stop(self) -> None:
        """Ask every program to end; kill what has not after ``STOP_SECONDS``."""
        alive = [p.process for p in self.programs if p.process and p.process.poll() is None]
        for process in alive:
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in alive:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start(self, program: Program) -> None:
        program.started = time.monotonic()
        # a session of its own: Ctrl-C reaches the supervisor alone, which ends them in order
        program.process = subprocess.Popen(
            program.command,
            env=self.env,
            cwd=ROOT,
            start_new_session=True,
            preexec_fn=end_with_parent,
        )


@dataclass(frozen=True)
class Site:
    """A running site: its address and how to get in."""

    url: str
    email: str
    password: str
    key: str
    supervisor: Supervisor


def _environment(folder: Path, running: Servers, port: int) -> dict[str, str]:
    uploads = folder / "uploads"
    uploads.mkdir(exist_ok=True)
    secret_key = folder / "secret_key"  # the settings read it where SECRET_KEY is not set
    if not secret_key.exists():
        secret_key.touch(mode=0o600)
        secret_key.write_text(secrets.token_urlsafe(50))
    ours = {
        "DATABASE_URL": running.database_url,
        "DATABASE_OWNER_URL": running.owner_url,
        "REDIS_URL": running.redis_url,
        "VAR_DIR": str(folder),
        "UPLOAD_TEMP_DIR": str(uploads),
        "HTTPS": "0",
        "BIND": f"127.0.0.1:{port}",
    }
    return {**os.environ, **ours, "PYTHONUNBUFFERED": "1"}


def _login(folder: Path, manage: Callable[..., str], url: str) -> dict[str, str]:
    """The first tenant's login and key, made once and kept in ``folder/login.json``.

    Where the file is gone but the tenant is there, a further key is made; the password stays. A
    key that the site at ``url`` does not know is of another database, and made anew.
    """
    path = folder / "login.json"
    if not path.exists() or not _key_opens(url, json.loads(path.read_text())["api_key"]):
        key_name = f"make run {secrets.token_hex(4)}"
        made = manage(
            "create_tenant", "--name=Demo", f"--email={EMAIL}", f"--key-name={key_name}", "--json"
        )
        path.touch(mode=0o600)
        path.write_text(made)
    login: dict[str, str] = json.loads(path.read_text())
    return login


def _key_opens(url: str, key: str) -> bool:
    request = urllib.request.Request(  # noqa: S310
        f"{url}/api/v1/auth/me", headers={"Authorization": f"Bearer {key}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=30):  # noqa: S310
            return True
    except urllib.error.HTTPError as error:
        return error.code != 401


@contextmanager
def site(
    folder: Path,
    *,
    port: int,
    workers: int,
    database_url: str = "",
    owner_url: str = "",
    redis_url: str = "",
) -> Iterator[Site]:
    """The site, started, for the length of the block; raises OSError if it does not come up.

    An address given wins over the embedded server.
    """
    folder = folder.resolve()
    with servers(
        folder, database_url=database_url, owner_url=owner_url, redis_url=redis_url
    ) as running:
        env = _environment(folder, running, port)

        def manage(*arguments: str) -> str:
            command = [*MANAGE, *arguments]
            done = subprocess.run(command, env=env, cwd=ROOT, stdout=subprocess.PIPE, check=True)
            return done.stdout.decode()

        manage("migrate", "--verbosity=0")
        manage("collectstatic", "--noinput", "--verbosity=0")
        owners = ("DATABASE_OWNER_URL",)  # not for what runs
        supervisor = Supervisor({k: v for k, v in env.items() if k not in owners}, running)
        supervisor.programs = [
            Program("web", [sys.executable, "-m", "gunicorn", "-c", "ocrsite/gunicorn.conf.py"]),
            Program("sweep", [*MANAGE, "sweep"]),
            Program("deliver", [*MANAGE, "deliver"]),
            *(Program(f"worker {n}", [*MANAGE, "worker"]) for n in range(1, workers + 1)),
        ]
        supervisor.start()
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_until_ready(url, supervisor)
            login = _login(folder, manage, url)
            yield Site(url, login["email"], login["password"], login["api_key"], supervisor)
        finally:
            supervisor.stop()


def _wait_until_ready(url: str, supervisor: Supervisor) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        supervisor.look_after()
        try:
            with urllib.request.urlopen(f"{url}/health/ready", timeout=5):  # noqa: S310
                return
        except OSError:
            time.sleep(0.1)
    raise OSError(f"The site did not answer at {url} within {READY_SECONDS} seconds.")


def main() -> None:
    """Run the site until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="make run", description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=ROOT / "var")
    arguments = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    print("Starting PostgreSQL, Valkey, the web server and", arguments.workers, "worker(s) ...")
    with site(
        arguments.folder,
        port=arguments.port,
        workers=arguments.workers,
        database_url=os.environ.get("DATABASE_URL", ""),
        owner_url=os.environ.get("DATABASE_OWNER_URL", ""),
        redis_url=os.environ.get("REDIS_URL", ""),
    ) as running:
        print(
            f"\n  Site   {running.url}"
            f"\n  Admin  {running.url}/admin/ (for operators: manage.py createsuperuser)"
            f"\n  API    {running.url}/api/v1/docs"
            f"\n  Login  {running.email}"
            f"\n  Pass   {running.password or '(as you set it)'}"
            f"\n  Key    {running.key}"
            f"\n\n  curl -H 'Authorization: Bearer {running.key}' \\"
            f"\n       -F file=@invoice.pdf '{running.url}/api/v1/ocr/jobs?wait=60'"
            "\n\nCtrl-C stops everything.",
            flush=True,
        )
        while not stop.wait(1):
            running.supervisor.look_after()
        print("Stopping ...", flush=True)


if __name__ == "__main__":
    main()
