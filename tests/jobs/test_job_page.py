"""The page of a job: what works first, then what is refused."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from PIL import Image

from accounts.permissions import Role
from extraction.errors import PageTimeout
from extraction.formats import FORMATS
from extraction.options import Options
from extraction.types import Alternative, Block, Cell, PageImage, Table
from jobs import claims, page_search, retention, storage
from jobs.models import FieldRevision, FieldValue, Job, Page, Review, Status
from jobs.submit import submit_job
from jobs.templatetags.measures import left
from tests.documents import encrypted_pdf, text_pdf
from tests.engines import FakeEngine
from tests.jobs.making import claim, make_job, run_job, text_in, upload
from tests.jobs.reviewing import money, read_job, value
from tests.jobs.reviewing import page as reviewed_page
from tests.jobs.test_views import SCRIPT, browser, finished, page, send, signed_in, text_of
from tests.people import Organisation

__all__ = ["browser"]
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]


def test_job_on_its_way_shows_progress_and_asks_again(browser: Client, acme: Organisation) -> None:
    job = make_job(acme)
    Job.objects.filter(pk=job.pk).update(status=Status.RUNNING, pages_total=4, pages_done=1)
    for address in (f"/jobs/{job.pk}", f"/jobs/{job.pk}/work"):
        part = page(browser, address, **SCRIPT)
        assert f'hx-get="/jobs/{job.pk}/work" hx-trigger="every 1s"' in part
        assert "Reading page 2 of 4" in part
        assert 'id="progress" max="4" value="1"' in part
        assert "<html" not in part


def test_waiting_job_tells_how_many_come_before_it(browser: Client, acme: Organisation) -> None:
    first, second = make_job(acme), make_job(acme)
    assert "before it" not in page(browser, f"/jobs/{first.pk}", **SCRIPT)
    assert "Waiting for a worker: 1 before it" in page(browser, f"/jobs/{second.pk}", **SCRIPT)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (3, "some seconds left"),
        (50, "about 1 min left"),
        (600, "about 10 min left"),
        (9000, "about 2 h left"),
    ],
)
def test_estimate_is_told_no_finer_than_it_is_good(seconds: float, told: str) -> None:
    assert left(seconds) == told


def test_failed_job_is_tried_again_with_its_password(browser: Client, acme: Organisation) -> None:
    job = make_job(acme, encrypted_pdf("geheim", "Secret contents"))
    run_job(str(job.pk))
    html = page(browser, f"/jobs/{job.pk}")
    assert f'action="/jobs/{job.pk}/retry"' in html
    assert 'name="password"' in html
    answer = send(browser, f"/jobs/{job.pk}/retry", password="geheim")
    assert (answer.status_code, answer["Location"]) == (302, f"/jobs/{job.pk}")
    run_job(str(job.pk))
    html = page(browser, f"/jobs/{job.pk}")
    assert "Secret contents" in html
    assert "/retry" not in html
    refused = send(browser, f"/jobs/{job.pk}/retry")
    assert refused.status_code == 409
    assert "nothing to try again" in refused.content.decode()


def test_job_that_has_ended_shows_its_text_and_words_over_the_picture(
    browser: Client, acme: Organisation
) -> None:
    job = finished(acme, text_pdf(["Hello brave new world"]))
    html = page(browser, f"/jobs/{job.pk}")
    assert "hx-trigger" not in html
    assert f'href="/jobs/{job.pk}/pages/1.jpg"' in html
    words = re.findall(
        r'<rect x="([\d.]+)" y="[\d.]+" width="[\d.]+" height="[\d.]+" class="n"', html
    )
    assert len(words) == 4
    assert float(words[0]) == pytest.approx(56, abs=1)
    assert 'viewBox="0 0 595.0 842.0"' in html
    assert 'data-part="l0" role="img" aria-label="Hello brave new world"' in html
    assert '<span data-part="l0" tabindex="-1">Hello brave new world</span>' in html


def test_job_shows_its_fields_with_their_place(browser: Client, acme: Organisation) -> None:
    job = finished(acme, text_pdf(["Invoice number: INV-77123\nTotal amount: 1,250.00 EUR"]))
    html = page(browser, f"/jobs/{job.pk}?view=fields")
    said = text_of(html)
    assert "Invoice number INV-77123" in said
    assert "1250.00 EUR On the page: 1,250.00 EUR" in said
    places = re.findall(r"view=fields#(in-field-[a-z_]+-0)", html)
    assert places
    for place in places:
        assert f'id="{place}"' in html


def test_job_shows_the_rows_of_a_table_field(browser: Client, acme: Organisation) -> None:
    job = finished(acme, text_pdf(["Invoice number: INV-77123"]))
    rows = [
        {
            "amount": {"amount": "9.00", "currency": "EUR"},
            "description": "<b>Pipe</b>",
            "extra_1": 2,
        },
        {"description": "Tape"},
    ]
    FieldValue.objects.create(
        job=job, position=99, name="line_items", label="Line items", kind="table", value=rows
    )
    html = page(browser, f"/jobs/{job.pk}?view=fields")
    said = text_of(html)
    assert "Description Amount Extra 1 &lt;b&gt;Pipe&lt;/b&gt; 9.00 EUR 2 Tape" in said
    assert "<b>Pipe</b>" not in html


def test_job_shows_what_the_page_says_as_text(browser: Client, acme: Organisation) -> None:
    evil = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'
    job = finished(acme, text_pdf([evil + "\nInvoice number: A<b>1234"]))
    job.file.name = evil
    job.file.save(update_fields=["name"])
    for view in ("text", "blocks", "fields", "tables", "formats&format=html", "details"):
        html = page(browser, f"/jobs/{job.pk}?view={view}")
        assert "<script>alert" not in html
        assert "<img src=x" not in html
        assert "&lt;script&gt;alert(1)" in html


def test_job_shows_one_page_at_a_time(
    browser: Client, acme: Organisation, fake_engine: FakeEngine
) -> None:
    job = finished(acme, text_pdf(["a", "b", "c"]))
    second = page(browser, f"/jobs/{job.pk}?page=2")
    assert "Page 2 of 3" in second
    assert "Text of page 2" in second
    assert f'rel="prev" href="/jobs/{job.pk}?page=1&amp;view=text"' in second
    assert f'rel="next" href="/jobs/{job.pk}?page=3&amp;view=text"' in second
    assert "Page 1 of 3" in page(browser, f"/jobs/{job.pk}?page=99")


def test_job_with_failed_pages_says_which_and_why(
    browser: Client, acme: Organisation, fake_engine: FakeEngine
) -> None:
    def before(image: PageImage) -> None:
        if image.number == 2:
            raise PageTimeout(limit=20)

    fake_engine.before = before
    job = finished(acme, text_pdf(["a", "b", "c"]))
    assert job.status == Status.PARTIAL
    said = text_of(page(browser, f"/jobs/{job.pk}"))
    assert "1 page could not be read" in said
    assert "Page 2: The page took too long to decode." in said
    assert "This page could not be read" in page(browser, f"/jobs/{job.pk}?page=2")


def test_job_that_failed_says_what_to_do(browser: Client, acme: Organisation) -> None:
    job = finished(acme, encrypted_pdf("unknown"))
    said = text_of(page(browser, f"/jobs/{job.pk}"))
    assert job.status == Status.FAILED
    assert "The document is encrypted and needs a password" in said
    assert "Give its password and try again." in said


def test_job_details_give_the_api_call_with_its_options(
    browser: Client, acme: Organisation
) -> None:
    job = finished(acme, pages="1", fields=("iban",))
    job.file.name = "it's; $(rm).pdf"
    job.file.save(update_fields=["name"])
    html = page(browser, f"/jobs/{job.pk}?view=details")
    assert job.file.sha256 in html
    assert "$OCRSITE_KEY" in html
    assert "-F pages=1" in html
    assert "-F fields=iban" in html
    assert "-F &#x27;file=@&quot;it&#x27;&quot;&#x27;&quot;&#x27;s; $(rm).pdf&quot;&#x27;" in html


def test_job_takes_the_same_queries_for_1_and_30_pages(
    browser: Client, acme: Organisation, fake_engine: FakeEngine
) -> None:
    counts = []
    for pages in (1, 30):
        job = finished(acme, text_pdf(["text"] * pages))
        with CaptureQueriesContext(connection) as queries:
            page(browser, f"/jobs/{job.pk}")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_page_picture_is_a_jpeg_for_this_browser_alone(browser: Client, acme: Organisation) -> None:
    job = finished(acme)
    answer = browser.get(f"/jobs/{job.pk}/pages/1.jpg")
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["Cache-Control"].startswith("private")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer.content == storage.read(Page.objects.get(job=job).preview_key)
    assert answer.content.startswith(b"\xff\xd8\xff")
    assert browser.get(f"/jobs/{job.pk}/pages/2.jpg").status_code == 404


def test_page_picture_that_is_gone_is_404(browser: Client, acme: Organisation, files: Path) -> None:
    job = finished(acme)
    storage.delete([Page.objects.get(job=job).preview_key])
    assert browser.get(f"/jobs/{job.pk}/pages/1.jpg").status_code == 404


def test_result_downloads_in_every_format(browser: Client, acme: Organisation) -> None:
    job = finished(acme, text_pdf(["Hello brave new world"]), outputs=("pdf",))
    listed = page(browser, f"/jobs/{job.pk}?view=formats")
    for name, row in FORMATS.items():
        assert f'href="/jobs/{job.pk}/result.{name}"' in listed
        answer = browser.get(f"/jobs/{job.pk}/result.{name}")
        assert answer["Content-Disposition"] == f'attachment; filename="a.{row.suffix}"'
        assert "brave" in text_in(answer, name)
    assert browser.get(f"/jobs/{job.pk}/result.exe").status_code == 404


def test_searchable_pdf_that_was_not_made_is_explained(browser: Client, acme: Organisation) -> None:
    job = finished(acme)
    listed = page(browser, f"/jobs/{job.pk}?view=formats")
    assert f"/jobs/{job.pk}/result.pdf" not in listed
    assert "For a searchable PDF read the document again" in listed
    answer = browser.get(f"/jobs/{job.pk}/result.pdf")
    assert answer.status_code == 409
    assert "It was not asked for" in text_of(answer.content.decode())


def test_result_of_an_unfinished_job_is_a_409_page(browser: Client, acme: Organisation) -> None:
    answer = browser.get(f"/jobs/{make_job(acme).pk}/result.json")
    assert answer.status_code == 409
    assert "Wait until the job has ended." in text_of(answer.content.decode())


def test_cancel_ends_a_waiting_job(browser: Client, acme: Organisation) -> None:
    job = make_job(acme)
    answer = send(browser, f"/jobs/{job.pk}/cancel")
    job.refresh_from_db()
    assert (answer.status_code, answer["Location"]) == (302, f"/jobs/{job.pk}")
    assert job.status == Status.CANCELLED
    assert "No page had been finished" in page(browser, f"/jobs/{job.pk}")
    assert send(browser, f"/jobs/{job.pk}/cancel").status_code == 409


def test_delete_removes_the_job_and_its_files(
    browser: Client, acme: Organisation, files: Path
) -> None:
    job = finished(acme)
    answer = send(browser, f"/jobs/{job.pk}/delete")
    assert (answer.status_code, answer["Location"]) == (302, "/jobs")
    assert "a.pdf was deleted" in page(browser, "/jobs")
    assert not Job.objects.exists()
    assert not [path for path in files.rglob("*") if path.is_file()]


@pytest.mark.parametrize("action", ["cancel", "retry", "delete"])
def test_viewer_may_neither_cancel_nor_delete(action: str, acme: Organisation) -> None:
    job = make_job(acme)
    client = signed_in(acme.join(Role.VIEWER))
    assert f"/jobs/{job.pk}/{action}" not in page(client, f"/jobs/{job.pk}")
    client.handler.enforce_csrf_checks = False
    assert client.post(f"/jobs/{job.pk}/{action}").status_code == 403
    job.refresh_from_db()
    assert job.status == Status.QUEUED


def test_job_says_what_is_to_be_checked_until_it_is_confirmed(
    browser: Client, acme: Organisation
) -> None:
    job = read_job(acme)
    address = f"/jobs/{job.pk}?view=fields"
    content = browser.get(address).content.decode()
    assert "To be checked by a person" in content
    assert "Invoice date</a>: Required, but not found" in content
    Review.objects.filter(job=job).update(status=Review.Status.CONFIRMED)
    assert "To be checked" not in browser.get(address).content.decode()


def test_finished_pages_are_looked_at_while_others_are_read(
    browser: Client, acme: Organisation
) -> None:
    job = half_read(acme)
    whole = page(browser, f"/jobs/{job.pk}")
    assert 'aria-label="Total 119,00 EUR"' in whole
    assert "This page has not been read yet" in page(browser, f"/jobs/{job.pk}?page=2")
    said = text_of(page(browser, f"/jobs/{job.pk}?view=fields"))
    assert "The fields are looked for when all pages have been read." in said
    assert "can be had when all pages" in page(browser, f"/jobs/{job.pk}?view=formats")
    part = page(browser, f"/jobs/{job.pk}/work?page=2", **SCRIPT)
    tiles = re.findall(r'data-tile="(\d)" data-state="(\w+)"', part)
    assert tiles == [("1", "done"), ("2", "waiting"), ("3", "waiting")]
    assert '<div data-chosen="2">' in part


def test_work_part_of_an_ended_job_asks_for_the_whole_once(
    browser: Client, acme: Organisation
) -> None:
    job = finished(acme)
    part = page(browser, f"/jobs/{job.pk}/work", **SCRIPT)
    assert f'hx-get="/jobs/{job.pk}" hx-trigger="load, owed" hx-target="#job"' in part
    assert "every 1s" not in part


def test_of_many_pages_some_are_shown_in_small(browser: Client, acme: Organisation) -> None:
    pages = tuple(reviewed_page(number) for number in range(1, 46))
    job = read_job(acme, pages=pages)
    html = page(browser, f"/jobs/{job.pk}?page=25")
    assert re.findall(r'data-tile="(\d+)"', html) == [str(n) for n in range(21, 41)]
    assert re.findall(r'class="rail-more" href="[^"]*page=(\d+)', html) == ["20", "41"]


def test_small_picture_is_read_off_the_large_one(browser: Client, acme: Organisation) -> None:
    job = finished(acme)
    small = browser.get(f"/jobs/{job.pk}/pages/1-small.jpg")
    assert small["Content-Type"] == "image/jpeg"
    assert small["Cache-Control"].startswith("private")
    with Image.open(io.BytesIO(small.content)) as picture:
        assert max(picture.size) == 192
    key = Page.objects.get(job=job).preview_key
    plain = io.BytesIO()
    Image.new("RGB", (300, 400)).save(plain, "JPEG")
    storage.put(key, plain.getvalue())  # as older ones are
    assert browser.get(f"/jobs/{job.pk}/pages/1-small.jpg").content == plain.getvalue()
    storage.delete([key])
    assert browser.get(f"/jobs/{job.pk}/pages/1-small.jpg").status_code == 404


def test_search_finds_pages_and_marks_words(browser: Client, acme: Organisation) -> None:
    job = finished(
        acme, text_pdf(["Nothing here", "The red fox\nruns, the RED FOX rests", "A fox"])
    )
    html = page(browser, f"/jobs/{job.pk}?find=red++fox")
    assert "Text of page 2" in html  # the first that has it
    assert "“red fox” stands in 2 places" in text_of(html)
    assert re.findall(r"<mark>(\w+)", html) == ["red", "fox", "RED", "FOX"]
    assert html.count('class="n hit"') == 4
    assert f"/jobs/{job.pk}?page=3&amp;view=text&amp;find=red+fox" in html  # leafing keeps it
    none = text_of(page(browser, f"/jobs/{job.pk}?find=%3Cb%3E"))
    assert "“&lt;b&gt;” was not found in this document." in none
    assert page_search.find(job, "fox").pages == {2: 2, 3: 1}
    assert page_search.find(job, "fox runs").pages == {2: 1}  # over the end of a line
    assert page_search.find(job, "%").pages == {}


def test_tables_are_saved_and_no_cell_is_a_formula(browser: Client, acme: Organisation) -> None:
    cells = (
        Cell(0, 0, "Item", header=True),
        Cell(0, 1, "=1+1"),
        Cell(1, 0, "Tea, green", column_span=2),
    )
    table = Block("p1-b1", "table", "", (0, 0, 90, 90), table=Table(2, 2, cells))
    job = read_job(acme, pages=(replace(reviewed_page(), blocks=(table,)),))
    address = f"/jobs/{job.pk}/pages/1/tables/0"
    csv, tsv = browser.get(f"{address}.csv"), browser.get(f"{address}.tsv")
    assert csv.content.decode("utf-8-sig") == 'Item,\'=1+1\r\n"Tea, green",\r\n'
    assert tsv.content.decode("utf-8-sig") == "Item\t'=1+1\r\nTea, green\t\r\n"
    assert csv["Content-Disposition"] == 'attachment; filename="a 1-1.csv"'
    assert browser.get(f"/jobs/{job.pk}/pages/1/tables/7.csv").status_code == 409
    assert browser.get(f"/jobs/{job.pk}/pages/2/tables/0.csv").status_code == 404
    html = page(browser, f"/jobs/{job.pk}?view=tables")
    assert f'href="{address}.csv"' in html
    assert 'colspan="2"' in html


def test_blocks_tell_their_kinds(browser: Client, acme: Organisation) -> None:
    blocks = (
        Block("p1-b1", "equation", "", (0, 0, 9, 9), latex="a^2 < b^2"),
        Block("p1-b2", "figure", "A ship", None, diagram="graph TD"),
        Block("p1-b3", "watermark", "DRAFT", (0, 0, 9, 9)),
        Block("p1-b4", "checkbox", "Paid", (0, 0, 9, 9), checked=True),
        Block("p1-b5", "signature", "", (0, 0, 9, 9)),
    )
    job = read_job(acme, pages=(replace(reviewed_page(), blocks=blocks),))
    html = page(browser, f"/jobs/{job.pk}?view=blocks")
    said = text_of(html)
    for told in (
        "Equation",
        "a^2 &lt; b^2",
        "A ship",
        "graph TD",
        "Watermark",
        "☑ ticked",
        "Signature",
    ):
        assert told in said, told
    assert 'class="kind-equation"><rect x="-1.5"' in html
    assert 'id="layer-blocks" data-layer autocomplete="off" checked' in html


def test_file_is_previewed_of_one_page(browser: Client, acme: Organisation) -> None:
    job = finished(acme, text_pdf(["first leaf", "second leaf"]), outputs=("pdf",))
    for name, row in FORMATS.items():
        html = page(browser, f"/jobs/{job.pk}?page=2&view=formats&format={name}")
        assert ('class="preview"' in html) == (row.render is not None), name
        if row.render is not None:
            shown = html[html.index('class="preview"') :]
            assert "second" in shown, name
            assert "first" not in shown, name


def test_job_that_goes_with_its_first_download_says_so(browser: Client, acme: Organisation) -> None:
    with upload() as received:
        options = Options(preview=True)
        job = submit_job(actor=acme.actor, upload=received, options=options, retention_hours=0)
    run_job(str(job.pk))
    for view in ("text", "formats&format=json", "details"):
        assert "goes with its first download" in page(browser, f"/jobs/{job.pk}?view={view}")
    answer = browser.get(f"/jobs/{job.pk}/result.txt")
    assert b"".join(answer)
    answer.close()
    job.refresh_from_db()
    assert job.status == Status.EXPIRED


def test_details_tell_calls_answers_and_events(browser: Client, acme: Organisation) -> None:
    job = finished(acme, text_pdf(["Hello world"]), pages="1")
    said = unescape(page(browser, f"/jobs/{job.pk}?view=details"))
    assert "requests.post(" in said
    assert 'form.append("pages", "1");' in said
    assert f'"id": "{job.pk}"' in said
    assert '"type": "job.succeeded"' in said
    assert "What a webhook is told: job.succeeded" in said
    assert acme.raw_key not in said


def test_field_is_corrected_on_the_page(browser: Client, acme: Organisation) -> None:
    job = read_job(acme)
    address = f"/jobs/{job.pk}/fields/total_amount"
    answer = send(browser, address, version="0", says="holds", text="119,00", page="1")
    place = "#field-total_amount-0"
    assert answer["Location"] == f"/jobs/{job.pk}?page=1&view=fields{place}"
    said = text_of(page(browser, f"/jobs/{job.pk}?view=fields"))
    assert "119.00 EUR On the page: 119,00 EUR" in said
    assert f"{acme.owner.email}, " in said
    assert send(browser, address, version="1", says="right").status_code == 302
    assert send(browser, address, version="1", says="absent").status_code == 302
    assert "Total amount (required) Not on the document" in text_of(
        page(browser, f"/jobs/{job.pk}?view=fields")
    )
    actions = FieldRevision.objects.filter(job=job).order_by("version")
    assert list(actions.values_list("version", "action")) == [(1, "corrected"), (2, "absent")]


def test_another_value_that_was_read_is_taken(browser: Client, acme: Organisation) -> None:
    other = Alternative("119,00 EUR", money("119.00"), 1, None, 0.4)
    found = value("total_amount", "money", "19,00 EUR", money("19.00"), alternatives=(other,))
    job = read_job(acme, found)
    html = page(browser, f"/jobs/{job.pk}?view=fields")
    assert '<button class="button" name="alternative" value="119,00 EUR">Take 119,00 EUR' in html
    address = f"/jobs/{job.pk}/fields/total_amount"
    data = {"version": "0", "text": "19,00 EUR", "alternative": "119,00 EUR"}
    assert send(browser, address, **data).status_code == 302
    assert FieldRevision.objects.get(job=job).value == money("119.00")


def test_field_as_read_is_confirmed(browser: Client, acme: Organisation) -> None:
    job = read_job(acme)
    answer = send(browser, f"/jobs/{job.pk}/fields/invoice_number", version="0", says="right")
    assert answer.status_code == 302
    (revision,) = FieldRevision.objects.filter(job=job)
    assert (revision.action, revision.value) == ("confirmed", "A-4711")


@pytest.mark.parametrize(
    ("field", "data", "status", "why"),
    [
        ("invoice_date", {"says": "holds", "text": "soon"}, 422, "is of the kind"),
        ("invoice_date", {"says": "holds", "text": " "}, 422, "Type what the field holds."),
        ("total_amount", {"says": "holds", "text": "1,00", "version": "3"}, 409, "newest version"),
        ("invoice_date", {"says": "right"}, 422, "There is no value that could be right."),
    ],
)
def test_correction_that_is_refused_says_why_and_keeps_what_was_typed(
    browser: Client,
    acme: Organisation,
    field: str,
    data: dict[str, str],
    status: int,
    why: str,
) -> None:
    job = read_job(acme)
    told = {"version": "0", "page": "1", "view": "fields", **data}
    answer = send(browser, f"/jobs/{job.pk}/fields/{field}", **told)
    content = answer.content.decode()
    assert answer.status_code == status
    assert why in text_of(content)
    assert '<details class="correct" open>' in content
    assert (
        f'aria-invalid="true" aria-describedby="refused">{data.get("text", "")}</textarea>'
        in content
    )
    assert not FieldRevision.objects.filter(job=job).exists()


def test_number_with_wrong_check_digits_is_kept_where_a_person_insists(
    browser: Client, acme: Organisation
) -> None:
    job = read_job(acme, value("iban", "iban", "DE89", "DE89"))
    address, wrong = f"/jobs/{job.pk}/fields/iban", "DE89 3704 0044 0532 0130 01"
    refused = send(browser, address, version="0", view="fields", says="holds", text=wrong)
    assert 'name="force"' in refused.content.decode()
    kept = send(browser, address, version="0", says="holds", text=wrong, force="on")
    assert kept.status_code == 302
    assert FieldRevision.objects.get(job=job).raw == wrong


def test_field_that_was_not_found_is_added(browser: Client, acme: Organisation) -> None:
    job = read_job(acme)
    html = page(browser, f"/jobs/{job.pk}?view=fields")
    assert 'id="field-due_date-0"' not in html
    assert f"/jobs/{job.pk}?view=fields&amp;field=field-due_date-0#field-due_date-0" in html
    asked = page(browser, f"/jobs/{job.pk}?view=fields&field=field-due_date-0")
    assert 'id="field-due_date-0"' in asked


def test_only_who_may_correct_sees_the_forms(acme: Organisation) -> None:
    job = read_job(acme)
    address = f"/jobs/{job.pk}/fields/total_amount"
    for role in (Role.REVIEWER, Role.VIEWER):
        client = signed_in(acme.join(role))
        may = role == Role.REVIEWER
        assert (address in page(client, f"/jobs/{job.pk}?view=fields")) == may
        client.handler.enforce_csrf_checks = False
        data = {"version": "0", "says": "absent"}
        assert client.post(address, data).status_code == (302 if may else 403)


def test_pages_without_a_picture_say_so(browser: Client, acme: Organisation) -> None:
    job = make_job(acme)
    run_job(str(job.pk))
    html = page(browser, f"/jobs/{job.pk}")
    assert "No picture of this page was kept" in html
    assert "<image" not in html


def test_expired_job_shows_nothing_but_that(browser: Client, acme: Organisation) -> None:
    job = finished(acme)
    Job.objects.filter(pk=job.pk).update(expires_at=timezone.now())
    assert retention.expire(job.pk)
    html = page(browser, f"/jobs/{job.pk}?find=text")
    assert "The time to keep it has passed" in html
    assert "<h1>Removed document</h1>" in html
    assert 'id="result"' not in html
    assert f"/jobs/{job.pk}/again" not in html
    assert browser.get(f"/jobs/{job.pk}/pages/1-small.jpg").status_code == 410
    assert send(browser, f"/jobs/{job.pk}/again", engine="auto").status_code == 410


def test_each_panel_takes_the_same_queries_for_1_and_30_pages(
    browser: Client, acme: Organisation
) -> None:
    views = ("blocks", "tables", "fields", "entities", "formats&format=json", "details&find=total")
    for view in views:
        counts = []
        for count in (1, 30):
            job = read_job(acme, pages=tuple(reviewed_page(n) for n in range(1, count + 1)))
            with CaptureQueriesContext(connection) as queries:
                page(browser, f"/jobs/{job.pk}?view={view}")
            counts.append(len(queries))
        assert counts[0] == counts[1], view


def half_read(acme: Organisation) -> Job:
    """A job with the first of three pages read."""
    task = claim(make_job(acme, text_pdf(["a", "b", "c"])))
    claims.opened(task, page_count=3, numbers=(1, 2, 3))
    claims.page_done(task, reviewed_page(), None)
    return task.job


def test_job_lists_the_entities_of_the_page(browser: Client, acme: Organisation) -> None:
    job = finished(acme, text_pdf(["On 12 March 2026, 5.00 EUR <b>", "None here"]))
    text = text_of(page(browser, f"/jobs/{job.pk}?view=entities"))
    assert "Dates 1 2026-03-12 On the page: 12 March 2026" in text
    assert "Amounts 1 5.00 EUR" in text
    empty = text_of(page(browser, f"/jobs/{job.pk}?view=entities&page=2"))
    assert "No date, amount, address or number was recognised on this page." in empty
    for kept in Page.objects.filter(job=job):
        del kept.content["entities"], kept.content["language"]
        kept.save(update_fields=["content"])
    before = text_of(page(browser, f"/jobs/{job.pk}?view=entities"))
    assert "Nothing was looked for on this page" in before
    details = text_of(page(browser, f"/jobs/{job.pk}?view=details"))
    assert "not told: too little text, or several" in details
