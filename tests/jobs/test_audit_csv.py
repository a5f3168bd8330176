"""jobs/audit_csv.py: the audit log as a table."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from django.test import Client

from accounts import audit
from accounts.models import AuditEntry
from jobs.exporting import places
from tests.people import Organisation


def table(answer: Any) -> list[dict[str, str]]:
    """The rows of an answer."""
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="audit.csv"'
    assert answer["Cache-Control"] == "private, no-store"
    return list(csv.DictReader(io.StringIO(b"".join(answer).decode(), newline="")))


def test_table_holds_all_entries_newest_first(
    acme: Organisation, stranger: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accounts.audit_log.BATCH", 40)
    made = [
        audit.record(actor=acme.owner, tenant=acme.tenant, action="job.submit", after={"n": n})
        for n in range(450)
    ]
    audit.record(actor=stranger.owner, tenant=stranger.tenant, action="job.submit")
    rows = table(acme.api().get("/api/v1/audit.csv?action=job"))
    assert [row["id"] for row in rows] == [str(entry.pk) for entry in reversed(made)]
    assert rows[0] == {
        "id": str(made[-1].pk),
        "at": AuditEntry.objects.get(pk=made[-1].pk).at.isoformat(),
        "actor": "owner@acme.example",
        "user": str(acme.owner.pk),
        "api_key": "",
        "action": "job.submit",
        "object_type": "",
        "object_id": "",
        "address": "",
        "request_id": "",
        "before": "",
        "after": '{"n": 449}',
    }


@pytest.mark.parametrize("formula", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1"])
def test_cells_are_no_formulas(formula: str, acme: Organisation) -> None:
    audit.record(actor=formula, tenant=acme.tenant, action="job.submit", after={"name": formula})
    row = table(acme.api().get("/api/v1/audit.csv?action=job"))[0]
    assert row["actor"].startswith("'")
    assert json.loads(row["after"]) == {"name": formula}


def test_page_gives_the_same_table(acme: Organisation) -> None:
    client = Client()
    client.force_login(acme.owner)
    key = table(acme.api().get("/api/v1/audit.csv?action=key"))
    assert key
    assert table(client.get("/organisation/audit.csv?action=key")) == key
    assert client.get("/organisation/audit.csv?since=soon").status_code == 400


def test_taking_the_table_is_noted(acme: Organisation) -> None:
    table(acme.api().get("/api/v1/audit.csv?action=key&since=2026-01-01"))
    acme.api().head("/api/v1/audit.csv")
    entry = AuditEntry.objects.get(action="audit.export")
    assert (entry.api_key, entry.tenant) == (acme.key, acme.tenant)
    assert entry.after == {"action": "key", "since": "2026-01-01 00:00:00+00:00"}


def test_place_of_an_export_is_given_back_and_taken_first(acme: Organisation) -> None:
    client = acme.api()
    for _ in range(5):
        table(client.get("/api/v1/audit.csv"))
    held = 0
    while places.acquire(blocking=False):
        held += 1
    answer = client.get("/api/v1/audit.csv")
    for _ in range(held):
        places.release()
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert AuditEntry.objects.filter(action="audit.export").count() == 5
    assert held
