"""What the tutorials and how-tos tell people to type works, as it stands there, in its order."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from standardwebhooks import Webhook

from accounts.rates import Rates
from jobs import queue
from jobs.models import Delivery, Job
from ocrsite.embedded import end_with_parent, free_port
from tests.chat_server import chat_server, writes
from tests.documents import encrypted_pdf, text_pdf
from tests.processes import until
from tests.terminal import ROOT, SITE, Terminal, blocks
from tests.working import delivering, working

if TYPE_CHECKING:
    from pytest_django import Settings

pytestmark = pytest.mark.slow


def page(name: str) -> str:
    """A page of the documentation."""
    return (ROOT / f"docs/{name}.md").read_text()


@pytest.fixture
def client(terminal: Terminal, empty_queue: None, settings: Settings) -> Iterator[Terminal]:
    """A terminal as the tutorials' first commands leave it, beside a site with a worker and the
    usual limit of submissions, which nobody who follows them is to meet."""
    settings.RATES = {**settings.RATES, "submit": Rates(10, 100, 1_000, 10)}
    terminal.environment["PATH"] = f"{terminal.folder}/.venv/bin:{os.environ['PATH']}"
    terminal.given |= {"OCRSITE_URL": terminal.site, "OCRSITE_KEY": terminal.given["KEY"]}
    with working():
        yield terminal


@pytest.mark.django_db(transaction=True)
def test_invoices_become_a_spreadsheet(client: Terminal, settings: Settings) -> None:
    settings.RESULT_CACHE_SECONDS = 3600
    text = page("tutorial-spreadsheet")
    begin, sample, template, one, read, queue, correct, listed, export = blocks(text)
    assert re.search(r"^database +ok$", client.type(begin), re.M)
    assert client.type(sample) == "5 invoices in inbox\n"
    assert json.loads(client.type(template))["version"] == 1

    shown = re.findall(r"```\n(FIELD .*?)```", text, re.S)
    assert client.type(one) == shown[0]

    told = client.type(read).splitlines()
    assert len(told) == 5
    assert all(line.startswith("succeeded  inbox/") for line in told)
    assert Job.objects.filter(same_as__isnull=False).count() == 1

    reviews = json.loads(client.type(queue))["results"]
    reasons = {
        review["name"]: {(reason["field"], reason["code"]) for reason in review["reasons"]}
        for review in reviews
    }
    assert reasons.keys() == {"corvid-couriers.pdf", "delft-instruments.pdf"}
    assert reasons["corvid-couriers.pdf"] == {("cost_centre", "missing")}
    assert {code for _, code in reasons["delft-instruments.pdf"]} == {"inconsistent"}
    (missing,) = [r["job"] for r in reviews if r["name"] == "corvid-couriers.pdf"]
    client.given["JOB"] = missing
    assert '"status":"confirmed"' in client.type(correct).replace(" ", "")

    client.given["BATCH"] = client.type(listed).splitlines()[1].split()[0]
    assert client.type(export) == "november.csv\n"
    rows = list(csv.DictReader((client.folder / "november.csv").open(encoding="utf-8-sig")))
    assert [row["cost_centre"] for row in rows] == [
        "CC-2040", "CC-1100", "CC-1100", "CC-3005", "CC-2040",
    ]  # fmt: skip
    assert (rows[0]["total_amount"], rows[0]["total_amount.currency"]) == ("295.12", "EUR")


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def receiving(client: Terminal, port: int) -> Iterator[Path]:
    """receive.py runs; what it prints goes into the file."""
    printed = client.folder / "received.txt"
    with printed.open("a") as output:
        program = subprocess.Popen(
            [client.folder / ".venv/bin/python", "receive.py"],
            cwd=client.folder,
            env=client.environment | client.given,
            stdout=output,
            stderr=subprocess.DEVNULL,  # a line for each request
            preexec_fn=end_with_parent,
        )
    try:
        until(lambda: answers(port))
        yield printed
    finally:
        program.kill()
        program.wait()


@pytest.mark.django_db(transaction=True)
def test_own_program_sends_is_told_and_copes(client: Terminal, settings: Settings) -> None:
    settings.WEBHOOK_ALLOWED_HOSTS = ("127.0.0.1",)
    port = free_port()
    text = page("tutorial-program").replace("9000", str(port))
    send, receive = blocks(text, "python")
    (client.folder / "send.py").write_text(send)
    (client.folder / "receive.py").write_text(receive)
    start, begin, some, bad, hook, run, more, forged, away, replay = blocks(text)
    shown = iter(
        re.findall(r"```\n(.*?)```", re.sub(r"```\w+\n.*?```", "", text, flags=re.S), re.S)
    )
    assert start == "WEBHOOK_ALLOWED_HOSTS=127.0.0.1 make run\n"
    client.type(begin)

    printed = client.type(some)
    assert printed.startswith(next(shown).removesuffix("...\n"))
    assert "inbox/corvid-couriers.pdf: total_amount = 114.72 EUR\n" in printed
    assert client.type(some) == printed
    assert Job.objects.count() == 2  # the same two
    for line, wanted in zip(client.type(bad).splitlines(), next(shown).splitlines(), strict=True):
        assert line.startswith(wanted.removesuffix("..."))

    client.given["WEBHOOK_SECRET"] = json.loads(client.type(hook))["secret"]
    assert run == "export WEBHOOK_SECRET=whsec_...\npython receive.py\n"
    with delivering():
        with receiving(client, port) as received:
            client.type(more)
            until(lambda: received.read_text().count("\n") == 3)
            printed = re.sub(r"/[0-9a-f-]{36}\.", "/01a2....", received.read_text())
            assert sorted(printed.splitlines()) == sorted(next(shown).splitlines())
            assert len(list((client.folder / "results").glob("*.json"))) == 2
            with pytest.raises(AssertionError, match=next(shown)):
                client.type(forged)
        client.type(away)
        late = until(lambda: Delivery.objects.filter(status="pending", tries__gt=0).first())
        assert late.error
        with receiving(client, port):
            client.given["ID"] = str(late.pk)
            client.type(replay)
            until(lambda: "eastgate" in received.read_text().splitlines()[-1])
    assert [*shown] == []


@pytest.mark.django_db(transaction=True)
def test_how_tos(client: Terminal) -> None:
    text = page("how-to")
    (client.folder / "read_folder.py").write_text(blocks(text, "python")[0])
    (
        begin, once, again, searchable, locked, schema, kept, fetched, key, model, worker, watch,
        metrics,
    ) = blocks(text)  # fmt: skip
    invoice = text_pdf(["Invoice\nInvoice number: A-1\nTotal amount: 12.00 EUR"])
    files = {
        "inbox/a.pdf": invoice,
        "scans/c.pdf": text_pdf(["A page with text enough."]),
        "locked.pdf": encrypted_pdf("open sesame"),
        "password.txt": b"open sesame",
        "invoice.pdf": invoice,
    }
    for name, content in files.items():
        path = client.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)

    def names(folder: str) -> list[str]:
        return sorted(path.name for path in (client.folder / folder).iterdir())

    client.type(begin)
    client.type(once)
    assert names("read") == ["a.csv"]
    (client.folder / "inbox/b.pdf").write_bytes(b"%PDF-1.7\nnothing more")
    assert client.type(again) == "inbox/b.pdf: corrupt_document\n"
    assert (names("inbox"), names("done"), names("failed")) == ([], ["a.pdf"], ["b.pdf"])
    client.type(searchable)
    assert (client.folder / "searchable/c.pdf").read_bytes().startswith(b"%PDF-")
    assert json.loads(client.type(locked))["status"] == "succeeded"

    job = json.loads(client.type(schema))
    shown = f'curl -H "Authorization: Bearer $OCRSITE_KEY" {job["links"]["json"]}'
    assert json.loads(client.type(shown))["extraction"]["value"] == {"number": "A-1", "total": 12.0}

    assert json.loads(client.type(kept))["retention_hours"] == 72
    send, fetch = fetched.split("export JOB=01a2...\n")
    client.given["JOB"] = json.loads(client.type(send))["id"]
    client.type(fetch)
    assert json.loads((client.folder / "invoice.json").read_text())["fields"]
    with pytest.raises(AssertionError, match="expired"):
        client.type(fetch.replace("-OJ", ""))

    narrow = json.loads(client.type(key))["key"]
    with pytest.raises(AssertionError, match="address_not_allowed"):
        client.type(f'curl -H "Authorization: Bearer {narrow}" {SITE}/api/v1/auth/me')
    assert "ocrsite_jobs" in client.type(metrics)

    with chat_server() as server:
        server.script(writes("# Written by ", "the model"))
        client.given["OPENAI_URL"] = server.url
        assert "# Written by the model" in client.type(model)
    assert worker.split()[-2:] == ["--pool", "io"]
    assert "io" in queue.POOLS

    (client.folder / "deploy").mkdir()
    shutil.copy(ROOT / "deploy/secrets.sh", client.folder / "deploy")
    client.program("docker", 'echo "$@"')
    started, password = client.type(watch).split("\n")
    assert started == "compose --profile watch up --detach"
    assert re.fullmatch("[0-9a-f]{24}", password)
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    watched = {name for name, each in services.items() if each.get("profiles") == ["watch"]}
    assert watched == {"prometheus", "grafana"}


def test_receiver_in_a_web_framework_takes_what_is_signed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    secret, body = f"whsec_{'QUFB' * 8}", '{"type":"job.succeeded"}'
    now = datetime.now(UTC).replace(microsecond=0)
    monkeypatch.setenv("WEBHOOK_SECRET", secret)
    program: dict[str, Any] = {"__name__": "receiver"}
    exec(blocks(page("how-to"), "python")[1], program)
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": f"{now.timestamp():.0f}",
        "webhook-signature": Webhook(secret).sign("msg_1", now, body),
    }
    site = program["app"].test_client()
    assert site.post("/ocr", data=body, headers=headers).status_code == 204
    assert capsys.readouterr().out == "msg_1 job.succeeded\n"
    assert site.post("/ocr", data=f"{body} ", headers=headers).status_code == 400
