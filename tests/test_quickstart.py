"""What README, quickstart and the API's page tell people to type works, as it stands there.

The site is the tests' own in place of `make run`, and what it reads is born-digital, by an engine
that loads no models; the scan that the quickstart makes is read by `make demo`, and in tests/demo.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from pytest_django.live_server_helper import LiveServer

from accounts.models import Departure, User
from accounts.permissions import Role
from jobs.models import Job
from tests.documents import text_pdf
from tests.people import PASSWORD, Organisation
from tests.processes import until

if TYPE_CHECKING:
    from pytest_django import Settings

pytestmark = pytest.mark.slow

ROOT = Path(settings.BASE_DIR)
README = (ROOT / "README.md").read_text()
QUICKSTART = (ROOT / "docs/quickstart.md").read_text()
API = (ROOT / "docs/api.md").read_text()
TEMPLATES = (ROOT / "docs/templates.md").read_text()
SITE = "http://127.0.0.1:8000"  # of the pages
INVOICE = """Ostermoor Instruments GmbH

Invoice
Invoice number: OI-2026-0417
Total amount: 7,176.77 EUR"""


def blocks(page: str) -> list[str]:
    """Its shell commands."""
    return re.findall(r"```sh\n(.*?)```", page, re.S)


class Terminal:
    """A folder that looks like a clone, and how to type in it."""

    def __init__(self, folder: Path, site: str, key: str) -> None:
        self.folder, self.site = folder, site
        (folder / ".venv/bin").mkdir(parents=True)
        python = folder / ".venv/bin/python"
        python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        python.chmod(0o755)
        for name in ("manage.py", "demo"):
            (folder / name).symlink_to(ROOT / name)
        database = urlsplit(os.environ["DATABASE_URL"])
        name = connection.settings_dict["NAME"]
        self.given = {"KEY": key}
        (folder / ".curlrc").write_text("fail-with-body\nsilent\nshow-error\n")
        self.environment = os.environ | {
            "HOME": str(folder),  # so that a curl that is refused fails
            "DATABASE_URL": urlunsplit(database._replace(path=f"/{name}")),
            "VAR_DIR": str(Path(settings.MEDIA_ROOT).parent),
            "DEFAULT_ENGINE": settings.DEFAULT_ENGINE,
            "DJANGO_SUPERUSER_EMAIL": "ops@example.com",
            "DJANGO_SUPERUSER_PASSWORD": "a password of 20 letters",
        }

    def type(self, commands: str) -> str:
        """What they print, with what differs here put in; fails where one of them does."""
        return self.ended(self.begin(commands))

    def begin(self, commands: str) -> subprocess.Popen[str]:
        """The same, under way."""
        for name, value in self.given.items():
            commands = re.sub(
                rf"^export {name}=.*$", f"export {name}={value}", commands, flags=re.M
            )
        commands = commands.replace(SITE, self.site).replace(
            "createsuperuser", "createsuperuser --noinput"
        )
        return subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", commands],
            cwd=self.folder,
            env=self.environment | self.given,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ended(self, shell: subprocess.Popen[str]) -> str:
        """What it has printed."""
        printed, _ = shell.communicate(timeout=120)
        assert shell.returncode == 0, printed
        return printed

    def served(self, commands: str) -> str:
        """``commands`` send a document, which a worker reads meanwhile."""
        before = Job.objects.count()
        shell = self.begin(commands)
        until(lambda: Job.objects.count() > before or shell.poll() is not None)
        call_command("worker", "--burst")
        return self.ended(shell)


@pytest.fixture
def terminal(
    live_server: LiveServer, files: Path, acme: Organisation, tmp_path: Path, settings: Settings
) -> Terminal:
    """With the key of an organisation."""
    settings.DEFAULT_ENGINE = "text-layer"
    folder = tmp_path / "clone"
    folder.mkdir()
    return Terminal(folder, live_server.url, acme.raw_key)


def keys_of(example: str) -> set[str]:
    """The names in an example of JSON."""
    return set(re.findall(r'"(\w+)":', example))


@pytest.mark.django_db(transaction=True)
def test_quickstart_from_its_first_line_to_its_last(terminal: Terminal) -> None:
    start, sample, send, fetch, alone, others = blocks(QUICKSTART)
    assert start == "make run\n"

    terminal.type(sample)
    invoice = terminal.folder / "invoice.pdf"
    assert invoice.read_bytes().startswith(b"%PDF-")
    invoice.write_bytes(text_pdf([INVOICE, "Page two of it"]))

    job = json.loads(terminal.served(send))
    assert (job["status"], job["pages"]) == ("succeeded", {"total": 2, "done": 2, "failed": 0})
    (answer,) = re.findall(r"```json\n(.*?)```", QUICKSTART, re.S)
    assert keys_of(answer) <= keys_of(json.dumps(job))

    terminal.given["JOB"] = job["id"]
    csv = terminal.type(fetch).lstrip("\ufeff").splitlines()
    (shown,) = re.findall(r"```\nFields\n(.*?)```", QUICKSTART, re.S)
    head, value, _ = shown.splitlines()
    assert csv[0] == "Fields"
    assert csv[1].startswith(head)
    assert any(line.startswith(",".join(value.split(",")[:6])) for line in csv)

    (terminal.folder / "scans").mkdir()
    (terminal.folder / "scans/a.pdf").write_bytes(text_pdf(["A page with text enough."]))
    assert "OI-2026-0417" in terminal.type(alone)
    assert [path.name for path in (terminal.folder / "results").iterdir()] == ["a.csv"]

    assert "ocrs_" in terminal.type(others)
    assert User.objects.filter(email="ann@example.com", is_superuser=False).exists()
    assert User.objects.filter(email="ops@example.com", is_superuser=True).exists()


@pytest.mark.django_db(transaction=True)
def test_readme_and_the_program_of_the_api_page(terminal: Terminal) -> None:
    demo, run, send = blocks(README)
    assert (demo, run) == ("make demo\n", "make run\n")
    assert send in QUICKSTART  # which is run above

    (terminal.folder / "invoice.pdf").write_bytes(text_pdf([INVOICE]))
    (program,) = re.findall(r"```python\n(.*?)```", API, re.S)
    (terminal.folder / "program.py").write_text(program)
    terminal.given["SITE"] = terminal.site
    printed = terminal.served(".venv/bin/python program.py invoice.pdf")
    assert "Invoice number = OI-2026-0417 on page 1 at [" in printed


def curls(page: str) -> list[str]:
    """Each of its calls by curl."""
    commands = "".join(blocks(page)).replace("\\\n", " ").splitlines()
    return [re.sub(" +", " ", command) for command in commands if command.startswith("curl ")]


@pytest.mark.django_db(transaction=True)
def test_every_call_that_the_api_page_shows_is_answered(
    terminal: Terminal, acme: Organisation
) -> None:
    """In the page's order, but for those that end or remove what the others need."""
    for name in ("invoice.pdf", "stapled.pdf"):
        (terminal.folder / name).write_bytes(text_pdf([INVOICE, *["A page of it"] * 6]))
    (template, *_) = re.findall(r"```json\n(.*?)```", TEMPLATES, re.S)
    (terminal.folder / "acme-invoices.json").write_text(template)
    person = acme.join(Role.REVIEWER)
    send = 'curl -H "Authorization: Bearer $KEY" -F file=@invoice.pdf -F outputs=pdf'
    terminal.given |= {"SITE": terminal.site, "ID": str(person.pk)}
    job = json.loads(terminal.served(f'{send} "$SITE/api/v1/ocr/jobs?wait=60"'))
    terminal.given["JOB"] = job["id"]

    calls = [
        call.replace("demo@example.com", acme.owner.email)
        .replace('"..."', f'"{PASSWORD}"')
        .replace("your own", PASSWORD)
        .replace("https://ocr.example.com", terminal.site)
        for call in curls(API)
    ]
    last = [call for call in calls if re.search("DELETE|/cancel|/retry", call)]
    assert len(last) == 4
    for call in calls:
        if call in last or "https://example.com/" in call:  # of the internet
            continue
        reads = "wait=60" in call or "/classify" in call
        printed = terminal.served(call) if reads else terminal.type(call)
        if "/auth/token" in call:
            terminal.given["TOKEN"] = json.loads(printed)["access"]
    retry, cancel, delete, leave = last
    for call, code in ((retry, "nothing_to_retry"), (cancel, "already_ended")):
        with pytest.raises(AssertionError, match=code):
            terminal.type(call)
    assert terminal.type(delete) == ""
    assert json.loads(terminal.type(leave))
    assert Departure.objects.filter(pk=acme.tenant.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_smoke_test_of_a_deployment_tells_right_from_wrong(terminal: Terminal) -> None:
    (terminal.folder / "invoice.pdf").write_bytes(text_pdf([INVOICE]))
    script = f"sh {ROOT}/deploy/smoke.sh {SITE} invoice.pdf OI-2026-0417"
    printed = terminal.served(script)
    assert re.match(r"job [\w-]+: succeeded\n", printed)
    with pytest.raises(AssertionError):
        terminal.type(script.replace(SITE, f"{SITE}/nowhere"))


def dry(*arguments: str) -> str:
    """What make would do."""
    outer = ("MAKE", "MFLAGS", "PORT", "WORKERS")  # of the make that runs the tests
    done = subprocess.run(
        ["make", "--dry-run", *arguments],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith(outer)},
        capture_output=True,
        check=True,
        text=True,
    )
    return done.stdout


@pytest.mark.parametrize(
    ("command", "module"),
    [
        ("make demo", "python -m demo\n"),
        ("make run", "python -m ocrsite.run --port 8000 --workers 1\n"),
        ("make run PORT=9000 WORKERS=2", "python -m ocrsite.run --port 9000 --workers 2\n"),
    ],
)
def test_make_starts_what_the_pages_say(command: str, module: str) -> None:
    assert f"`{command}`" in README or f"{command}\n" in README + QUICKSTART
    assert dry(*command.split()[1:]).endswith(module)


def commands_of_readme() -> Mapping[str, str]:
    """The table of commands, each with what it does."""
    rows = README.split("| command | what it does |", 1)[1].splitlines()[2:]
    table = [row.strip("| ").split(" | ") for row in rows[: rows.index("")]]
    return {name: what for names, what in table for name in re.findall(r"`(make .+?)`", names)}


@pytest.mark.parametrize("command", commands_of_readme())
def test_make_knows_each_command_of_the_readme(command: str) -> None:
    assert dry(*command.split()[1:])
