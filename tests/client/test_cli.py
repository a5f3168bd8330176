"""The commands of ``ocrsite``, on a live site."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from ocrsite_client.cli import main
from ocrsite_client.cli.showing import Progress
from ocrsite_client.login import Login, login_file
from tests.client.sites import CLIENT, INVOICE
from tests.people import Organisation

TEXT = ("--engine", "text-layer")


@pytest.fixture
def signed_in(address: str, acme: Organisation) -> str:
    """As after ``ocrsite login``."""
    Login(address, acme.raw_key).keep()
    return address


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two invoices of one name, and what is none."""
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "may.pdf").write_bytes(INVOICE)
    (tmp_path / "b" / ".hidden").write_text("x")
    (tmp_path / "b" / "notes.txt").write_text("no document")
    return tmp_path


def ran(capsys: Any, *arguments: Any) -> tuple[int, str, str]:
    """A command's exit code, standard output and standard error."""
    code = main([str(each) for each in arguments])
    told = capsys.readouterr()
    return code, told.out, told.err


def test_login_reads_the_key_from_standard_input(
    address: str, acme: Organisation, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("ocrs_wrong\n"))
    assert ran(capsys, "login", address)[0] == 3
    assert not login_file().exists()
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{acme.raw_key}\n"))
    code, out, told = ran(capsys, "login", address)
    assert (code, out) == (0, "")
    assert "Acme" in told
    assert acme.raw_key not in told
    assert Login.kept() == Login(address, acme.raw_key)
    assert ran(capsys, "logout")[0] == 0
    assert ran(capsys, "jobs")[0] == 2


def test_files_are_read_to_output_and_into_folders(
    signed_in: str, folder: Path, capsys: Any
) -> None:
    code, out, told = ran(capsys, "ocr", folder / "a" / "may.pdf", *TEXT, "--format", "txt")
    assert (code, "A-4711" in out, told) == (0, True, "")
    code, out, told = ran(
        capsys, "ocr", folder / "a/may.pdf", folder / "b/notes.txt", folder / "b/may.pdf",
        folder / "none.pdf", *TEXT, "--fields", "invoice_number", "--format", "json",
        "--out", folder / "out",
    )  # fmt: skip
    assert (code, out) == (1, "")
    assert "notes.txt: unsupported_type" in told
    assert "none.pdf" in told
    results = sorted((folder / "out").iterdir())
    assert [each.name for each in results] == ["may-2.json", "may.json"]
    assert [json.loads(each.read_text())["fields"][0]["value"] for each in results] == [
        "A-4711",
        "A-4711",
    ]
    assert ran(capsys, "ocr", "a.pdf", "b.pdf")[0] == 2
    assert ran(capsys, "ocr", folder / "a/may.pdf", "--engine", "nonesuch")[0] == 4


def test_batch_tells_of_each_document(signed_in: str, folder: Path, capsys: Any) -> None:
    code, out, _ = ran(
        capsys, "batch", folder / "a", folder / "b", *TEXT, "--json", "--out", folder / "out",
        "--format", "csv", "--name", "May",
    )  # fmt: skip
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 1
    assert sorted((row["name"], row["status"]) for row in rows) == [
        ("may.pdf", "succeeded"),
        ("may.pdf", "succeeded"),
        ("notes.txt", "refused"),
    ]
    assert sorted(each.name for each in (folder / "out").iterdir()) == ["may-2.csv", "may.csv"]
    assert ran(capsys, "batch", folder / "a", folder / "none.pdf")[0] == 2
    code, out, _ = ran(capsys, "batch", folder / "a", *TEXT)
    assert (code, out.split()[0]) == (0, "succeeded")


def test_batches_are_listed_and_exported(signed_in: str, folder: Path, capsys: Any) -> None:
    ran(capsys, "batch", folder / "a", *TEXT, "--name", "May")
    code, out, _ = ran(capsys, "batches")
    assert (code, out.splitlines()[1].split()[2:]) == (0, ["completed", "1", "May"])
    (batch,) = json.loads(ran(capsys, "batches", "--json", "--limit", 1)[1])
    table = folder / "may.csv"
    assert ran(capsys, "export", batch["id"], table) == (0, f"{table}\n", "")
    head, row = csv.reader(table.read_text(encoding="utf-8-sig").splitlines())
    assert dict(zip(head, row, strict=True))["invoice_number"] == "A-4711"
    assert ran(capsys, "export", batch["id"], folder / "lines.csv", "--lines")[0] == 0
    assert (folder / "lines.csv").read_text(encoding="utf-8-sig").startswith("position,")
    code, out, _ = ran(capsys, "export", batch["id"], folder / "x.zip", "--formats", "md", "--json")
    assert (code, json.loads(out)) == (0, {"saved": str(folder / "x.zip")})
    with zipfile.ZipFile(folder / "x.zip") as packed:
        assert "001-may/result.md" in packed.namelist()
    assert ran(capsys, "export", batch["id"], folder / "may.odt")[0] == 4
    assert not (folder / "may.odt").exists()


def test_jobs_fields_usage_and_health_are_shown(signed_in: str, folder: Path, capsys: Any) -> None:
    code, out, _ = ran(capsys, "fields", folder / "a/may.pdf", *TEXT)
    assert code == 0
    number = next(line for line in out.splitlines() if line.startswith("invoice_number "))
    assert number.split()[1:3] == ["A-4711", "1"]
    everything = ran(capsys, "fields", folder / "a/may.pdf", *TEXT, "--all")[1]
    assert "customer_number" in everything
    assert "customer_number" not in out
    code, out, _ = ran(capsys, "jobs", "--json", "--status", "succeeded", "--limit", 5)
    job, _ = json.loads(out)
    assert (code, job["name"]) == (0, "may.pdf")
    assert job["id"] in ran(capsys, "jobs")[1]
    code, out, _ = ran(capsys, "fields", job["id"], "--json")
    values = {field["name"]: field["value"] for field in json.loads(out)}
    assert (code, values["invoice_number"]) == (0, "A-4711")
    code, _, told = ran(capsys, "fields", job["id"], "--pages", 1, "--template", "acme")
    assert (code, "no pages, template" in told) == (2, True)
    code, out, _ = ran(capsys, "watch", job["id"])
    assert (code, out.splitlines()[1].split()[:2]) == (0, [job["id"], "succeeded"])
    code, out, _ = ran(capsys, "watch", job["id"], "--json")
    assert (code, json.loads(out.splitlines()[-1])["event"]) == (0, "end")
    code, out, _ = ran(capsys, "usage", "--by", "day")
    assert code == 0
    assert "pages_per_month" in out
    assert json.loads(ran(capsys, "usage", "--json")[1])["total"]["calls"] == 2
    code, out, _ = ran(capsys, "health")
    assert code == 0
    assert "database" in out
    assert json.loads(ran(capsys, "health", "--json")[1])["checks"]["database"]["ok"]
    assert ran(capsys, "watch", "01a2028e-21e6-7bab-b232-747cbcdcde1d")[0] == 4


def test_as_a_program_it_reads_a_pipe_and_draws_no_bar(signed_in: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ocrsite_client", "ocr", "-", *TEXT, "--format", "pdf"],
        input=INVOICE,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(CLIENT)},
        timeout=60,
    )
    assert (done.returncode, done.stdout[:5], done.stderr) == (0, b"%PDF-", b"")


def test_site_that_is_not_there_is_told(capsys: Any) -> None:
    code, out, told = ran(capsys, "health", "--url", "http://127.0.0.1:9", "--retry", "0")
    assert (code, out) == (5, "")
    assert "No answer" in told


def test_bar_is_drawn_on_a_terminal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    progress = Progress()
    progress.show("a\x1b[31m.pdf", 3, 4, "running")
    assert "[##################......] 3/4 running a" in terminal.getvalue()
    assert "\x1b" not in terminal.getvalue()
    progress.clear()
    assert terminal.getvalue().endswith("\r")
    pipe = io.StringIO()
    monkeypatch.setattr(sys, "stderr", pipe)
    Progress().show("a.pdf", 1, 2)
    assert pipe.getvalue() == ""
