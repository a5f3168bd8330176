"""What README, quickstart and the API's page tell people to type works, as it stands there.

The site is the tests' own in place of `make run`, and what it reads is born-digital, by an engine
that loads no models; the scan that the quickstart makes is read by `make demo`, and in tests/demo.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping

import pytest

from accounts.models import Departure, User
from accounts.permissions import Role
from tests.documents import text_pdf
from tests.people import PASSWORD, Organisation
from tests.terminal import ROOT, SITE, Terminal, blocks

pytestmark = pytest.mark.slow

README = (ROOT / "README.md").read_text()
QUICKSTART = (ROOT / "docs/quickstart.md").read_text()
API = (ROOT / "docs/api.md").read_text()
TEMPLATES = (ROOT / "docs/templates.md").read_text()
INVOICE = """Ostermoor Instruments GmbH

Invoice
Invoice number: OI-2026-0417
Total amount: 7,176.77 EUR"""


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
