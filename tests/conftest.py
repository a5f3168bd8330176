"""The tests' servers: the same embedded PostgreSQL and Valkey as `make run`, in a folder of theirs.

DATABASE_URL and REDIS_URL win when set. They are started before Django reads its settings.
"""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pytest_django import DjangoDbBlocker, Settings
    from pytest_django.live_server_helper import LiveServer

    from ocrsite.embedded import Valkey
    from tests.engines import FakeEngine
    from tests.people import Organisation
    from tests.terminal import Terminal

_settled = {"modules": 0}
_stack = ExitStack()
_folder = Path(_stack.enter_context(tempfile.TemporaryDirectory(prefix="ocrsite-test-")))
_folder.chmod(0o755)  # as root, PostgreSQL runs as another user and must reach its folder

os.environ["VAR_DIR"] = str(_folder)
os.environ.setdefault("SECRET_KEY", "a key for tests only, fifty or more characters in length")
os.environ["HTTPS"] = "0"
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"  # as the engine sets it, before tests import gRPC
os.environ["KEY_CACHE_SECONDS"] = "0"  # what is changed holds at once
os.environ["CALL_SUM_SECONDS"] = "0"  # tests of them set their own: a thread writes them
os.environ["SITE_PROBE_URL"] = "off"
os.environ["RESULT_CACHE_SECONDS"] = "0"  # most tests send the same document again and again
for group in (
    "SUBMIT",
    "TRY",
    "CHANGE",
    "READ",
    "INVITE",
    "TOKEN",
    "PUBLIC",
):  # tests of limits set their own
    os.environ[f"RATE_{group}"] = "1000000,1000000,1000000,1000000"
os.environ.pop("DJANGO_SETTINGS_MODULE", None)  # else pytest-django reads it before the servers run


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--pictures", default="", help="draw every page into this folder")


def pytest_configure(config: pytest.Config) -> None:
    """Starts the servers; with ``-n`` each of the processes that run tests has its own."""
    if getattr(config.option, "numprocesses", None):
        return  # hands tests out and runs none
    from ocrsite.embedded import servers

    running = _stack.enter_context(
        servers(
            _folder / "servers",
            database_url=os.environ.get("DATABASE_URL", ""),
            owner_url=os.environ.get("DATABASE_OWNER_URL", ""),
            redis_url=os.environ.get("REDIS_URL", ""),
        )
    )
    if running.postgres:
        _spare_the_disk(running.owner_url)
    os.environ["DATABASE_URL"] = running.database_url
    os.environ["DATABASE_OWNER_URL"] = running.owner_url
    os.environ["REDIS_URL"] = running.redis_url
    os.environ["DJANGO_SETTINGS_MODULE"] = "ocrsite.settings"
    from django.conf import settings

    # loads the settings, so that pytest-django sets Django up
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast
    settings.STORAGES["staticfiles"] = {  # pages render without collectstatic's manifest
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
    }
    (_folder / "static").mkdir()
    from accounts.row_security import process_sees_everything

    process_sees_everything()  # the tests' own code; requests see what is theirs


def pytest_collection() -> None:
    """What is imported and collected stays, so that nobody looks through it for garbage."""
    gc.disable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With ``-n``, files that take long come first, so that in the end no process waits for another
    one's: those with the browser together, which then ends; at last those with few tests."""
    if hasattr(config, "workerinput"):
        long = {item.path for item in items if item.get_closest_marker("slow")}
        many = Counter(item.path for item in items)
        items.sort(
            key=lambda item: (
                item.path not in long,
                item.path.parent.name != "pages",
                -many[item.path],
            )
        )


def pytest_collection_finish() -> None:
    gc.enable()
    _settle()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """What tests have imported since stays, too: torch alone has a million objects."""
    if len(sys.modules) > _settled["modules"] + 200:
        _settle()


def _settle() -> None:
    gc.collect()
    gc.freeze()
    _settled["modules"] = len(sys.modules)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """A process of ``-n`` that vanished amid its tests: how it ended, -13 is by SIGPIPE."""
    if error:
        status = node.gateway._io.popen.wait(60)
        node.config.get_terminal_writer().line(f" [{node.gateway.id} ended with status {status}]")


def _spare_the_disk(owner_url: str) -> None:
    """No waiting for the disk: a power cut matters to no test, and a kill still loses nothing."""
    import psycopg

    with psycopg.connect(owner_url, autocommit=True) as connection:
        for setting in ("fsync", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")


def pytest_unconfigure() -> None:
    _stack.close()


atexit.register(_stack.close)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_blocker: DjangoDbBlocker) -> Iterator[ExitStack]:
    """The owner makes the tests' database, and drops it in the end."""
    from ocrsite.database.roles import as_owner

    with django_db_blocker.unblock(), ExitStack() as owner:
        owner.enter_context(as_owner())
        yield owner


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_modify_db_settings: ExitStack,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[None]:
    """Tests run as the application's role, and those with transactions of their own empty every
    table afterwards, the ledger too."""
    from django.db import connection
    from django.test import TransactionTestCase

    from ocrsite.database.roles import as_owner
    from tests.emptying import empty
    from tests.owner import EMPTY, FUNCTION, may_empty

    TransactionTestCase._fixture_teardown = empty  # type: ignore[attr-defined]

    owner = django_db_modify_db_settings
    with django_db_blocker.unblock():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT tgrelid::regclass::text, tgname FROM pg_trigger"
                " WHERE NOT tgisinternal AND tgname LIKE '%no_truncate'"
            )
            for table, trigger in cursor.fetchall():
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
            cursor.execute(FUNCTION)
            cursor.execute(EMPTY)
        may_empty()
        owner.close()
    yield
    with django_db_blocker.unblock():
        connection.close()
        pooled: Any = connection
        pooled.close_pool()  # a database in use is not dropped
        owner.enter_context(as_owner())


@pytest.fixture(autouse=True)
def places_of_exports() -> Iterator[None]:
    """Answers that a test has not read to their end are closed by no server: their places are given
    back here."""
    yield
    exporting: Any = sys.modules.get("jobs.exporting")
    if isinstance(exporting and exporting.places, threading.BoundedSemaphore):  # no stand-in
        places: Any = exporting.places
        while places._value < places._initial_value:
            places.release()


@pytest.fixture(autouse=True)
def handlers_of_signals() -> Iterator[None]:
    """Commands that tests run in this process take these signals, and give them back here."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def acme(db: None) -> Organisation:
    """An organisation."""
    from tests.people import organisation

    return organisation("acme")


@pytest.fixture
def stranger(db: None) -> Organisation:
    """Another organisation, which must never see the first one's anything."""
    from tests.people import organisation

    return organisation("stranger")


@pytest.fixture
def files(settings: Settings, tmp_path: Path) -> Path:
    """The file storage of this test alone."""
    settings.MEDIA_ROOT = str(tmp_path / "files")
    return tmp_path / "files"


@pytest.fixture
def terminal(
    live_server: LiveServer, files: Path, acme: Organisation, tmp_path: Path, settings: Settings
) -> Terminal:
    """In a clone beside a running site, with the key of an organisation."""
    from tests.terminal import Terminal

    settings.DEFAULT_ENGINE = "text-layer"
    folder = tmp_path / "clone"
    folder.mkdir()
    return Terminal(folder, live_server.url, acme.raw_key)


@pytest.fixture
def base() -> Iterator[None]:
    """The tiny vision-language model switched on, to be taught."""
    from tests.learning.teaching import taught

    with taught():
        yield


@pytest.fixture
def fake_engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """The engine "auto" replaced by one that reads nothing."""
    from extraction import engines
    from tests.engines import FakeEngine

    engine = FakeEngine()
    monkeypatch.setattr(engines, "get", lambda name, threads=0: engine)
    return engine


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    """A server of this test alone."""
    from ocrsite.embedded import Valkey

    server = Valkey(tmp_path / "valkey")
    server.start()
    yield server
    assert server.process is not None
    server.process.kill()  # a stopped one does not listen to SIGTERM
    server.process.wait()


@pytest.fixture
def empty_queue() -> Iterator[None]:
    """No ids in Redis, before and after, and none taken to be there still."""
    from jobs.queue import _enough, pool_queue

    pool_queue("cpu").connection.flushdb()
    _enough.clear()
    yield
    pool_queue("cpu").connection.flushdb()


@pytest.fixture
def no_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """No name server is asked: names are not known."""
    import socket

    original = socket.getaddrinfo

    def look_up(host: str, *args: Any, **kwargs: Any) -> Any:
        if host.endswith("example.com"):
            raise socket.gaierror(socket.EAI_NONAME, "not known")
        return original(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
