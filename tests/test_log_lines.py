"""ocrsite/log_lines.py, gunicorn_log.py, accounts/request_ids.py: what a log line tells."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from textwrap import indent
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings as django_settings
from django.db import IntegrityError, OperationalError, connection, transaction
from django.test import Client
from gunicorn.config import Config

from accounts import request_ids
from accounts.models import AuditEntry
from jobs import sweep
from jobs.models import Task
from ocrsite import problems
from ocrsite.gunicorn_log import GunicornJsonLogger, GunicornLogger
from ocrsite.log_lines import (
    JsonFormatter,
    LineFormatter,
    escaped,
    tell_uncaught,
    without_secrets,
)
from tests.jobs.making import PDF, claim, form_file, make_job, run_job
from tests.people import Organisation
from tests.processes import ROOT

BEGIN = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (WARNING|ERROR|INFO) \d+ ")
WORDS, NUMBER = "Jane Miller", "DE89 3704 0044 0532 0130 00"  # of a document
HOSTILE = [
    "a\r\n2026-11-27 07:00:00,000 ERROR 1 jobs: forged",
    "a\nb",
    "tab\tbell\x07 escape \x1b[31mred",
    "c1 \x85 \x9b31m",
    "separators \u2028 and \u2029",
    "right to left \u202e gpj.exe",
    "nul \x00",
]


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the site's own handler would write."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LineFormatter())
    root = logging.getLogger()
    root.addHandler(handler)
    yield stream
    root.removeHandler(handler)


def test_settings_use_the_formatter() -> None:
    logs: Any = django_settings.LOGGING
    line = {"()": "ocrsite.log_lines.LineFormatter", "messages": False}
    assert logs["formatters"]["line"] == line
    assert logs["handlers"]["stderr"]["formatter"] == "line"


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_on_its_line(text: str, log: io.StringIO) -> None:
    logging.getLogger("test").warning("file %s is odd", text)
    written = log.getvalue()
    assert written.endswith(" is odd\n")
    assert written.count("\n") == 1
    assert BEGIN.match(written)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202e]", written)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_message_of_an_exception_begins_no_line(text: str, log: io.StringIO) -> None:
    try:
        raise OSError(text)
    except OSError:
        logging.getLogger("test").exception("reading failed")
    first, *others = log.getvalue().splitlines()
    assert BEGIN.match(first)
    assert all(line.startswith("    | ") for line in others)
    assert others[-1].startswith("    | builtins.OSError: ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("key ocrs_0123456789abcdefghijABCDEFGHIJ123456 was sent", "key ocrs_0123456... was sent"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_123 came", "(token) came"),
        ("signed with whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "signed with whsec_..."),
        ("/api/v1/links/WyJhIl0:abc_def-ghi failed", "/api/v1/links/... failed"),
        ("cannot reach redis://:hunter2@cache:6379/0", "cannot reach redis://...@cache:6379/0"),
        ("postgres://site:hunter2@db/ocrsite", "postgres://...@db/ocrsite"),
        ("password=hunter2 given", "password=... given"),
        ("{'password': 'hunter2'}", "{'password': ..."),
        ("broken\nDETAIL:  Failing row contains (1, IBAN DE89).", "broken\\nDETAIL: ..."),
        ("job 01a21bde-2929-793a-8c41-0bfdc1681525 is late", None),
        ("sealed up to number 5: " + "ab" * 32, None),
    ],
)
def test_secrets_are_left_out(text: str, expected: str | None, log: io.StringIO) -> None:
    logging.getLogger("test").error("%s", text)
    assert log.getvalue().rstrip("\n").partition(": ")[2] == (expected or text)


@pytest.mark.parametrize("text", ["x://" + ":" * 40_000, "a://:" * 8_000, "password=" * 4_000])
def test_looking_for_secrets_costs_no_time(text: str) -> None:
    begun = time.process_time()
    without_secrets(text)
    assert time.process_time() - begun < 2


def test_exceptions_that_may_quote_a_document_tell_no_message(log: io.StringIO) -> None:
    try:
        try:
            float(NUMBER)
        except ValueError as error:
            raise KeyError(WORDS) from error
    except KeyError:
        logging.getLogger("extraction.finding").exception("the fields could not be looked for")
    written = log.getvalue()
    assert "DE89" not in written
    assert "Miller" not in written
    assert "builtins.ValueError: (message left out)" in written
    assert "test_log_lines.py" in written


@pytest.mark.django_db
def test_row_that_the_database_quotes_is_left_out(acme: Organisation, log: io.StringIO) -> None:
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        connection.cursor().execute(
            "INSERT INTO accounts_plan (name, title) VALUES ('the secret text', NULL)"
        )
    assert "the secret text" in str(caught.value), "as PostgreSQL tells it"
    logging.getLogger("test").error("not kept: %s", caught.value)
    logging.getLogger("test").error("not kept", exc_info=caught.value)
    assert "accounts_plan" in log.getvalue()
    assert "the secret text" not in log.getvalue()


def test_messages_of_servers_are_told(log: io.StringIO) -> None:
    try:
        raise OperationalError("connection refused")
    except OperationalError:
        logging.getLogger("test").exception("away")
    assert "OperationalError: connection refused" in log.getvalue()


def test_messages_are_told_while_developing() -> None:
    try:
        raise ValueError("odd")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "", 0, "m", None, sys.exc_info())
    assert "ValueError: odd" in LineFormatter(messages=True).format(record)


@pytest.mark.parametrize("kind", [GunicornLogger, GunicornJsonLogger])
def test_gunicorn_writes_the_same_lines(kind: type[GunicornLogger]) -> None:
    log = kind(Config())
    stream = io.StringIO()
    (handler,) = [each for each in log.error_log.handlers if hasattr(each, "_gunicorn")]
    handler.setStream(stream)
    log.warning("Invalid request from ip=%s: %s", "192.0.2.1", "Invalid header: 'x\ny'")
    if kind is GunicornLogger:
        assert BEGIN.match(stream.getvalue())
    else:
        assert json.loads(stream.getvalue())["logger"] == "gunicorn.error"
    assert stream.getvalue().count("\n") == 1
    for each in log.error_log.handlers[:]:
        log.error_log.removeHandler(each)


@pytest.fixture
def json_log() -> Iterator[io.StringIO]:
    """What the site's own handler would write with LOG_FORMAT=json."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.addHandler(handler)
    yield stream
    root.removeHandler(handler)


def objects(log: io.StringIO) -> list[dict[str, Any]]:
    """The lines, each an object."""
    return [json.loads(line) for line in log.getvalue().splitlines()]


@pytest.mark.parametrize("text", HOSTILE)
def test_json_line_is_one_object_whatever_is_told(text: str, json_log: io.StringIO) -> None:
    with request_ids.named("call-9"):
        try:
            raise OSError(text)
        except OSError:
            logging.getLogger("test").exception("file %s of password=hunter2 is odd", text)
    assert json_log.getvalue().isascii()
    assert json_log.getvalue().count("\n") == 1
    (told,) = objects(json_log)
    assert datetime.fromisoformat(told.pop("time")).tzinfo == UTC
    assert told.pop("process") == os.getpid()
    trace = told.pop("trace")
    assert trace[0].startswith(__file__)
    assert trace[-1] == f"builtins.OSError: {escaped(text)}"
    assert told == {
        "level": "ERROR",
        "logger": "test",
        "message": f"file {escaped(text)} of password=... is odd",
        "request_id": "call-9",
    }


def test_json_line_outside_of_requests_names_none(json_log: io.StringIO) -> None:
    logging.getLogger("test").warning("Redis is away")
    (told,) = objects(json_log)
    assert told.keys() == {"time", "level", "process", "logger", "message"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("files", "empty_queue")
def test_lines_about_a_job_have_its_id(
    acme: Organisation, json_log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of web, worker and sweeper."""

    def fails(*args: object, **kwargs: object) -> None:
        logging.getLogger("test").warning("from within")
        raise ValueError(WORDS)

    client = acme.api()
    client.raise_request_exception = False
    with monkeypatch.context() as patch:
        patch.setattr("jobs.submit.webhooks.tell_of_job", fails)
        files = {"file": form_file(PDF)}
        client.post("/api/v1/ocr/jobs", files, format="multipart", HTTP_X_REQUEST_ID="submits")
    job = make_job(acme)
    with monkeypatch.context() as patch:
        patch.setattr("jobs.api.JobDetailView.get", fails)
        client.get(f"/api/v1/ocr/jobs/{job.pk}", HTTP_X_REQUEST_ID="looks")
    claim(job, worker="gone")
    Task.objects.update(lease_until=job.created_at)
    monkeypatch.setattr(sweep, "HEARD_SECONDS", 0)
    sweep.sweep()
    monkeypatch.setattr("extraction.engines.get", fails)
    run_job(str(job.pk))
    its = str(job.pk)
    told = [(line.get("request_id"), line.get("job_id")) for line in objects(json_log)]
    submitted = {job_id for name, job_id in told if name == "submits"}
    assert len(submitted) == 1
    assert None not in submitted
    assert {pair for pair in told if pair[0] != "submits"} == {
        ("looks", its), (f"job-{its}", its)
    }  # fmt: skip


@pytest.fixture
def hooks(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a process of ours that logs as JSON has them, until the test ends."""
    for module, name in ((sys, "excepthook"), (sys, "unraisablehook"), (threading, "excepthook")):
        monkeypatch.setattr(module, name, getattr(module, name))
    monkeypatch.setattr(logging, "lastResort", None)
    tell_uncaught("json")


def fails() -> None:
    """As no test catches it."""
    raise ValueError(WORDS)


@pytest.mark.usefixtures("hooks")
def test_what_a_thread_does_not_catch_is_told_with_its_job(json_log: io.StringIO) -> None:
    job = uuid4()
    with request_ids.of_job(job):
        thread = threading.Thread(target=request_ids.carried(fails), name="beside")
    thread.start()
    thread.join()
    (told,) = objects(json_log)
    assert (told["level"], told["message"]) == ("CRITICAL", "thread beside ended by an exception")
    assert (told["request_id"], told["job_id"]) == (f"job-{job}", str(job))
    assert told["trace"][-1] == "builtins.ValueError: (message left out)"


@pytest.mark.usefixtures("hooks")
def test_what_the_main_thread_does_not_catch_is_told_with_its_request(
    json_log: io.StringIO,
) -> None:
    with pytest.raises(ValueError, match=WORDS) as caught, request_ids.named("call-9"):
        fails()
    sys.excepthook(caught.type, caught.value, caught.tb)
    (told,) = objects(json_log)
    assert (told["message"], told["request_id"]) == ("the process ends by an exception", "call-9")
    assert told["trace"][-1] == "builtins.ValueError: (message left out)"


def crashed(*command: str) -> list[dict[str, Any]]:
    """What a process that crashes logs as JSON; all that it writes is that."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT, env=os.environ | {"LOG_FORMAT": "json"},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode
    assert done.stdout == ""
    assert "Miller" not in done.stderr
    return [json.loads(line) for line in done.stderr.splitlines()]


CRASH = f"""
import threading
thread = threading.Thread(target=lambda: 1 / 0, name="beside")
thread.start()
thread.join()
words = {WORDS!r}
raise KeyError(words)
"""
COMMANDS = ("worker", "sweep", "deliver", "trainer")
MANAGE = f"""
import os, runpy, sys
import django
django.setup()  # once for all of them
from django.core.management.base import BaseCommand

def crash(*args, **options):
{indent(CRASH, "    ")}

BaseCommand.execute = crash
for name in {COMMANDS}:
    child = os.fork()
    if not child:
        sys.argv = ["manage.py", name]
        runpy.run_path("manage.py", run_name="__main__")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
sys.exit(1)
"""


def test_commands_that_crash_write_json_alone() -> None:
    told = [(line["message"], line["trace"][-1]) for line in crashed("-c", MANAGE)]
    assert told == 4 * [
        ("thread beside ended by an exception", "builtins.ZeroDivisionError: (message left out)"),
        ("the process ends by an exception", "builtins.KeyError: (message left out)"),
    ]


def test_web_that_crashes_writes_json_alone(tmp_path: Path) -> None:
    (tmp_path / "crashing.py").write_text(CRASH)
    told = crashed(
        "-m", "gunicorn", "-c", "ocrsite/gunicorn.conf.py", "--bind=127.0.0.1:0",
        f"--pythonpath={tmp_path}", "--workers=1", "crashing",
    )  # fmt: skip
    traces = {line["message"]: line["trace"][-1] for line in told if "trace" in line}
    assert traces == {
        "thread beside ended by an exception": "builtins.ZeroDivisionError: (message left out)",
        "a web process ends by an exception": "builtins.KeyError: (message left out)",
    }


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("abc-123", True),
        ("4bf92f35-77b3-4da6-a3ce-929d0e0e4736", True),
        ("x" * 64, True),
        ("x" * 65, False),
        ("", False),
        ("a b", False),
        ("a\r\nSet-Cookie: x=1", False),
        ("-leading", False),
        ("ümlaut", False),
        ("<script>", False),
        ("${jndi:ldap://x}", False),
    ],
)
def test_request_id_is_the_callers_where_it_is_plain(
    given: str, kept: bool, client: Client
) -> None:
    answer = client.get("/health/live", HTTP_X_REQUEST_ID=given)
    if kept:
        assert answer["X-Request-ID"] == given
    else:
        assert re.fullmatch("[0-9a-f]{32}", answer["X-Request-ID"])
    assert request_ids.current() is None, "it ends with the request"


@pytest.mark.django_db
def test_every_answer_has_a_request_id_of_its_own(client: Client) -> None:
    urls = ("/login", "/api/v1/auth/me", "/no-such-page", "/metrics", "/static/no-such-file")
    ids = [client.get(url)["X-Request-ID"] for url in urls]
    assert len(set(ids)) == len(urls)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("files", "empty_queue", "fake_engine")
def test_request_id_leads_from_the_answer_to_log_audit_and_job(
    acme: Organisation, log: io.StringIO
) -> None:
    answer = acme.api().post(
        "/api/v1/ocr/jobs", {"file": form_file(PDF)}, format="multipart",
        HTTP_X_REQUEST_ID="from-the-caller",
    )  # fmt: skip
    assert answer["X-Request-ID"] == "from-the-caller"
    entry = AuditEntry.objects.get(action="job.submit")
    assert (entry.request_id, entry.object_id) == ("from-the-caller", answer.json()["id"])
    run_job(answer.json()["id"])
    ended = AuditEntry.objects.get(action="job.end")
    assert ended.request_id == f"job-{entry.object_id}"


@pytest.mark.django_db
def test_fault_of_ours_is_told_with_its_request_id(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch, log: io.StringIO
) -> None:
    def fails(*args: object, **kwargs: object) -> None:
        raise ValueError(WORDS)

    monkeypatch.setattr("accounts.api.MeView.get", fails)
    client = acme.api()
    client.raise_request_exception = False
    answer = client.get("/api/v1/auth/me", HTTP_X_REQUEST_ID="call-7")
    assert (answer.status_code, answer.json()["request_id"]) == (500, "call-7")
    assert " django.request [call-7]: Internal Server Error: /api/v1/auth/me" in log.getvalue()
    assert "Jane Miller" not in log.getvalue()
    page = Client(raise_request_exception=False)
    monkeypatch.setattr("accounts.views.LoginView.get", fails)
    shown = page.get("/login", HTTP_X_REQUEST_ID="call-8").content.decode()
    assert "<code>call-8</code>" in shown


def test_refusal_tells_no_request_id() -> None:
    with request_ids.named("x"):
        assert "request_id" not in problems.problem(404, "not_found", "There is no such object")
        assert problems.problem(503, "busy", "Busy")["request_id"] == "x"


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("files", "empty_queue")
def test_key_password_and_document_stay_out_of_the_log(
    acme: Organisation, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("django.request"), "level", logging.DEBUG)
    name = "Payslip of Jane Miller\r\nERROR forged.pdf"
    client = acme.api()
    sent = client.post(
        "/api/v1/ocr/jobs",
        {"file": form_file(PDF, name=name), "password": "hunter2", "metadata": '{"a": "Miller"}'},
        format="multipart",
    )
    assert sent.status_code == 202
    job = make_job(acme)

    def fails(*args: object, **kwargs: object) -> None:
        raise ValueError(WORDS)

    monkeypatch.setattr("extraction.engines.get", fails)
    run_job(str(job.pk))
    client.get(f"/api/v1/no-such-page/{acme.raw_key}")
    Client().post("/login", {"username": acme.owner.email, "password": "hunter2-wrong"})
    written = log.getvalue()
    assert "failed unexpectedly" in written
    for secret in (acme.raw_key, "hunter2", "needs no OCR", "Miller"):
        assert secret not in written
    assert all(BEGIN.match(line) or line.startswith("    | ") for line in written.splitlines())
