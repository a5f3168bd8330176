"""A batch's results in one file: every document is in it or listed, under names that do no harm."""

from __future__ import annotations

import csv
import io
import json
import threading
import tracemalloc
import zipfile
from types import SimpleNamespace
from typing import Any

import pytest

from jobs import batch_csv, batch_export, corrections, exporting, job_actions
from jobs.batches import Item
from jobs.corrections import Change
from jobs.models import Batch, FieldValue, Job, StoredFile
from tests.documents import text_pdf
from tests.jobs.batching import URL, jobs_of, make_batch, run_all, send
from tests.jobs.making import PDF, run_job
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]
INVOICE = text_pdf(["Invoice number: A-17\n\nTotal amount: EUR 12.50"])
OTHER = text_pdf(["Invoice number: =1+1\n\nIBAN: DE89 3704 0044 0532 0130 00"])


def export(acme: Organisation, batch: Batch, name: str, query: str = "") -> bytes:
    """The exported file."""
    answer = acme.api().get(f"{URL}/{batch.pk}/export.{name}{query}")
    assert answer.status_code == 200, answer.content
    assert answer.streaming
    body = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    answer.close()
    return body


def table(body: bytes) -> list[dict[str, str]]:
    """The rows of a CSV file by their heads."""
    assert body.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline="")))


@pytest.fixture
def mixed(acme: Organisation) -> Batch:
    """Two invoices that were read, a broken file, one refused, one that waits."""
    sent = {
        "one.pdf": INVOICE,
        "two.pdf": OTHER,
        "broken.pdf": b"%PDF-1.7 broken",
        "@text.txt": b"words",
        "waits.pdf": PDF,
    }
    fields = "invoice_number,total_amount,iban"
    assert send(acme.api(), sent, name="Mai: 2026", fields=fields).status_code == 202
    batch = Batch.objects.get()
    for job in jobs_of(batch)[:3]:
        run_job(str(job.pk))
    return batch


def test_lines_have_a_row_each_and_a_column_for_what_any_has(acme: Organisation) -> None:
    batch = make_batch(acme)
    first, second, _ = jobs_of(batch)
    money = {"amount": "2.50", "currency": "EUR"}
    bolts = [{"description": "=Bolt", "amount": money}, {"quantity": "2", "our_code": "B7"}]
    for job, position, kind, value in (
        (first, 0, "table", bolts), (second, 0, "table", None), (second, 1, "text", "no table")
    ):  # fmt: skip
        FieldValue.objects.create(
            job=job, position=position, name="line_items", label="x", kind=kind, value=value, page=2
        )
    rows = table(export(acme, batch, "lines.csv"))
    assert list(rows[0]) == [
        *batch_csv.LINE_COLUMNS, "description", "quantity", "amount", "amount.currency", "our_code"
    ]  # fmt: skip
    assert [(r["name"], r["field"], r["page"], r["line"]) for r in rows] == [
        ("1.pdf", "line_items", "2", "1"), ("1.pdf", "line_items", "2", "2")
    ]  # fmt: skip
    assert list(rows[0].values())[-5:] == ["'=Bolt", "", "2.50", "EUR", ""]
    assert list(rows[1].values())[-5:] == ["", "2", "", "", "B7"]


def test_csv_has_a_row_a_document_and_a_column_a_field(acme: Organisation, mixed: Batch) -> None:
    rows = table(export(acme, mixed, "csv"))
    assert [row["name"] for row in rows] == [
        "one.pdf", "two.pdf", "broken.pdf", "'@text.txt", "waits.pdf"
    ]  # fmt: skip
    assert [row["status"] for row in rows] == [
        "succeeded", "succeeded", "failed", "refused", "queued"
    ]  # fmt: skip
    assert set(rows[0]) == {
        *batch_csv.CSV_COLUMNS, "invoice_number", "total_amount", "total_amount.currency", "iban"
    }  # fmt: skip
    assert (rows[0]["invoice_number"], rows[0]["total_amount"]) == ("A-17", "12.50")
    assert (rows[0]["total_amount.currency"], rows[0]["iban"]) == ("EUR", "")
    assert rows[1]["iban"] == "DE89370400440532013000"
    assert [row["pages"] for row in rows] == ["1", "1", "", "", ""]
    assert rows[2]["error"].startswith("corrupt_document: ")
    assert rows[3]["error"].startswith("unsupported_type: ")
    assert [row["job"] for row in rows[:2]] == [str(job.pk) for job in jobs_of(mixed)[:2]]


def test_csv_holds_what_people_corrected_and_no_formulas(acme: Organisation, mixed: Batch) -> None:
    job = jobs_of(mixed)[0]
    for name, raw in (("invoice_number", "=HYPERLINK(1)"), ("iban", "DE89370400440532013000")):
        corrections.correct(job, name, change=Change(0, raw=raw), actor=acme.actor)
    row = table(export(acme, mixed, "csv"))[0]
    assert (row["invoice_number"], row["iban"]) == ("'=HYPERLINK(1)", "DE89370400440532013000")


def test_csv_has_a_row_for_each_part_of_a_split_file(acme: Organisation) -> None:
    letters = [f"Invoice\nInvoice number: A-{n}\nTotal amount: EUR {n}.00" for n in (1, 2)]
    batch = make_batch(acme, [text_pdf(letters)], split=True, fields=("invoice_number",))
    run_all(batch)
    (job,) = jobs_of(batch)
    parts = [{"number": n, "pages": [n], "classification": {"kind": "invoice"}} for n in (1, 2)]
    Job.objects.filter(pk=job.pk).update(documents=parts)
    job.field_values.all().delete()
    for number in (1, 2):
        job.field_values.create(
            position=number, name="invoice_number", label="", kind="text", document=number,
            value=f"A-{number}",
        )  # fmt: skip
    rows = table(export(acme, batch, "csv"))
    assert [
        (row["document"], row["pages"], row["type"], row["invoice_number"]) for row in rows
    ] == [
        ("1", "1-1", "invoice", "A-1"),
        ("2", "2-2", "invoice", "A-2"),
    ]


def test_csv_has_the_columns_of_a_schema(acme: Organisation) -> None:
    schema = {
        "type": "object",
        "properties": {"invoiceNumber": {"type": "string"}, "=x": {"type": "number"}},
    }
    batch = make_batch(acme, [INVOICE], schema=schema)
    run_all(batch)
    (row,) = table(export(acme, batch, "csv"))
    assert row["extraction.invoiceNumber"] == "A-17"
    assert row["extraction.=x"] == ""


def test_json_has_every_document_with_its_result_or_the_reason(
    acme: Organisation, mixed: Batch
) -> None:
    rows = json.loads(export(acme, mixed, "json"))
    assert [(row["position"], row["status"]) for row in rows] == [
        (1, "succeeded"), (2, "succeeded"), (3, "failed"), (4, "refused"), (5, "queued")
    ]  # fmt: skip
    single = acme.api().get(f"/api/v1/ocr/jobs/{rows[0]['job']}/result.json").json()
    assert rows[0]["result"] == single
    assert [row["error"] and row["error"]["code"] for row in rows] == [
        None, None, "corrupt_document", "unsupported_type", "result_not_ready"
    ]  # fmt: skip
    assert [row["result"] for row in rows[2:]] == [None] * 3


def opened(body: bytes) -> dict[str, bytes]:
    """The entries of a zip, all of them sound."""
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.testzip() is None
        return {info.filename: archive.read(info) for info in archive.infolist()}


def test_zip_has_a_folder_a_document_and_lists_what_is_missing(
    acme: Organisation, mixed: Batch
) -> None:
    entries = opened(export(acme, mixed, "zip", "?formats=json,md,pdf"))
    assert list(entries) == [
        "001-one/result.json", "001-one/result.md",
        "002-two/result.json", "002-two/result.md", "errors.csv",
    ]  # fmt: skip
    assert json.loads(entries["001-one/result.json"])["source"]["name"] == "one.pdf"
    assert b"A-17" in entries["001-one/result.md"]
    rows = table(entries["errors.csv"])
    assert [(row["position"], row["name"], row["format"], row["code"]) for row in rows] == [
        ("1", "one.pdf", "pdf", "not_made"),
        ("2", "two.pdf", "pdf", "not_made"),
        ("3", "broken.pdf", "", "corrupt_document"),
        ("4", "'@text.txt", "", "unsupported_type"),
        ("5", "waits.pdf", "", "result_not_ready"),
    ]
    assert list(opened(export(acme, mixed, "zip")))[:2] == [
        "001-one/result.json", "002-two/result.json"
    ]  # fmt: skip


def test_zip_holds_searchable_pdfs_that_were_made(acme: Organisation) -> None:
    batch = make_batch(acme, [INVOICE], outputs=("pdf",))
    run_all(batch)
    entries = opened(export(acme, batch, "zip", "?formats=pdf"))
    assert list(entries) == ["001-1/result.pdf", "errors.csv"]
    assert entries["001-1/result.pdf"].startswith(b"%PDF")
    assert table(entries["errors.csv"]) == []


def test_zip_tells_which_results_are_not_whole(acme: Organisation) -> None:
    batch = make_batch(acme, [text_pdf(["One", "Two", "Three"])])
    (job,) = jobs_of(batch)
    run_job(str(job.pk))
    Job.objects.filter(pk=job.pk).update(status="cancelled", pages_done=2)
    entries = opened(export(acme, batch, "zip"))
    (row,) = table(entries["errors.csv"])
    assert (row["code"], row["detail"]) == ("cancelled", "2 of 3 pages were read.")
    assert "001-1/result.json" in entries


def test_job_deleted_meanwhile_is_told(acme: Organisation, mixed: Batch) -> None:
    answer = acme.api().get(f"{URL}/{mixed.pk}/export.json")
    parts = iter(answer)
    body = next(parts) + next(parts)
    job_actions.delete(jobs_of(mixed)[1], actor=acme.actor, address=None)
    rows = json.loads(body + b"".join(parts))
    assert (rows[1]["name"], rows[1]["error"]["code"]) == ("two.pdf", "no_result")


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("a.pdf", "007-a"),
        ("../../../etc/passwd", "007-_.._"),
        ("..\\..\\evil.exe", "007-_.._evil"),
        ("/absolute.pdf", "007-_absolute"),
        ("C:evil.pdf", "007-C_evil"),
        ("con.pdf", "007-con"),
        ("a\0b\n.pdf", "007-a_b_"),
        ("...", "007"),
        ("a. .pdf", "007-a"),
        ("x" * 300 + ".pdf", "007-" + "x" * 60),
        ("\u202egpj.pdf", "007-gpj"),
        ("Rechnung März.pdf", "007-Rechnung März"),
    ],
)
def test_folder_is_named_so_that_no_system_takes_it_for_a_path(name: str, folder: str) -> None:
    assert batch_export.folder_name(Item(7, name, "succeeded", None, None)) == folder


def test_hostile_names_do_not_lead_out_of_the_zip(acme: Organisation) -> None:
    batch = make_batch(acme, [PDF, PDF])
    run_all(batch)
    StoredFile.objects.update(name="../../x/..\\y.pdf")
    names = list(opened(export(acme, batch, "zip")))
    assert names == ["001-_.._x_.._y/result.json", "002-_.._x_.._y/result.json", "errors.csv"]


def test_export_is_a_download_that_no_browser_runs(acme: Organisation, mixed: Batch) -> None:
    for name, media_type in (("csv", "text/csv; charset=utf-8"), ("zip", "application/zip")):
        answer = acme.api().get(f"{URL}/{mixed.pk}/export.{name}")
        assert answer["Content-Type"] == media_type
        assert answer["Content-Disposition"] == f'attachment; filename="Mai_ 2026.{name}"'
        assert "sandbox" in answer["Content-Security-Policy"]
        assert answer["Cache-Control"] == "private, no-store"
        answer.close()


@pytest.mark.parametrize("formats", ["", "odt", "json,odt", ",", "../json"])
def test_unknown_formats_are_refused(acme: Organisation, mixed: Batch, formats: str) -> None:
    answer = acme.api().get(f"{URL}/{mixed.pk}/export.zip", {"formats": formats})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_option")
    assert acme.api().get(f"{URL}/{mixed.pk}/export.xls").status_code == 404


def test_many_exports_at_once_are_told_to_wait(
    acme: Organisation, mixed: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = threading.BoundedSemaphore(1)
    monkeypatch.setattr(exporting, "places", places)
    client, url = acme.api(), f"{URL}/{mixed.pk}/export.csv"
    first = client.get(url)
    refused = client.get(url)
    assert (refused.status_code, refused.json()["code"]) == (503, "busy")
    first.close()  # never read
    first.close()
    export(acme, mixed, "csv")
    head = client.head(url)
    assert (head.status_code, head["Content-Type"]) == (200, "text/csv; charset=utf-8")
    head.close()
    export(acme, mixed, "json")
    assert places.acquire(blocking=False)


def test_memory_stays_flat_whatever_the_batch_holds(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forty results of 4 MB each: never more than a few of them in memory."""
    batch = make_batch(acme, [PDF] * 40)
    run_all(batch)

    def large(document: Any, name: str) -> Any:
        return SimpleNamespace(body=bytes(4_000_000))

    monkeypatch.setattr(batch_export, "render", large)
    for name in ("json", "zip"):
        answer = acme.api().get(f"{URL}/{batch.pk}/export.{name}")
        tracemalloc.start()
        size = sum(map(len, answer))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        answer.close()
        assert size > 150_000_000 if name == "json" else size > 100_000
        assert peak < 20_000_000
