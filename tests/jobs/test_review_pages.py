"""The pages of reviews without a browser: what they do and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from accounts.models import AuditEntry, Membership
from accounts.permissions import Role
from accounts.tenancy import member_actor
from extraction.types import Part
from jobs import review
from jobs.models import FieldRevision, Job, Review
from tests.jobs.making import make_job
from tests.jobs.picturing import box_of, fields, page_of, pictured_job
from tests.jobs.reviewing import INVOICE, READ, RIGHT, money, read_job, value
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>'


def browser(person: Any) -> Client:
    """Somebody signed in."""
    client = Client()
    client.force_login(person)
    return client


def say(client: Client, job: Job, name: str, **form: str) -> Any:
    """Say something of a field without a script."""
    return client.post(f"/review/{job.pk}/fields/{name}", {"version": "0", **form})


def taken(acme: Organisation, job: Job) -> Job:
    """The job, the owner at it."""
    review.take(job, actor=acme.member, address=None)
    return job


def test_document_is_checked_without_a_script(acme: Organisation) -> None:
    client, job = browser(acme.join(Role.REVIEWER)), read_job(acme)
    other = read_job(acme)
    html = client.get("/review").content.decode()
    assert "2 documents wait to be checked" in html
    assert "1 not found" in html
    answer = client.post("/review/next")
    assert answer["Location"] == f"/review/{job.pk}"
    html = client.get(answer["Location"]).content.decode()
    assert "Only 31 % sure, below the 50 % asked for." in html
    assert "100.00 EUR and 19.00 EUR make 119.00 EUR, not 19.00 EUR" in html
    answer = say(client, job, "total_amount", text="119,00 EUR")
    assert answer["Location"] == f"/review/{job.pk}#field-total_amount-0"
    assert say(client, job, "invoice_date", do="absent").status_code == 302
    version = review.version_of(job)
    answer = client.post(f"/review/{job.pk}/confirm", {"version": str(version)})
    assert answer["Location"] == f"/review/{other.pk}", "on to the next one, taken already"
    row = Review.objects.get(job=job)
    assert (row.status, row.confirmed_by) == ("confirmed", "reviewer@acme.example")
    html = client.get(f"/review/{job.pk}").content.decode()
    assert "has checked this document" in html
    actions = AuditEntry.objects.exclude(action="job.download").order_by("-pk")[:5]
    assert [entry.action for entry in actions] == [
        "review.take",
        "review.confirm",
        "field.correct",
        "field.correct",
        "review.take",
    ]


def test_what_is_refused_is_told_beside_the_field(acme: Organisation) -> None:
    client, job = browser(acme.owner), taken(acme, read_job(acme))
    answer = say(client, job, "invoice_date", text="soon")
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "This is not a date. Write it like" in html
    assert 'value="soon"' in html
    assert not FieldRevision.objects.exists()
    iban = "DE89 3704 0044 0532 0130 01"
    answer = client.post(f"/review/{job.pk}/fields/iban?add=iban", {"version": "0", "text": iban})
    assert "The check digits are wrong" in answer.content.decode()
    assert "keep it" in answer.content.decode()
    form = {"version": "0", "text": iban, "force": "yes"}
    assert client.post(f"/review/{job.pk}/fields/iban?add=iban", form).status_code == 302
    assert FieldRevision.objects.get().checks == {"checksum": False}
    assert say(client, job, "shoe_size", text="1").status_code == 404
    assert say(client, job, "total_amount", text="").status_code == 422
    assert say(client, job, "total_amount", text="1", page="1", box="0,0,nan,1").status_code == 400
    assert say(client, job, "total_amount", do="choice:4").status_code == 400


def test_what_is_unchanged_is_kept_as_it_was_read(acme: Organisation) -> None:
    client, job = browser(acme.owner), taken(acme, pictured_job(acme))
    say(client, job, "total_amount", text="19,00 EUR")
    row = FieldRevision.objects.get(name="total_amount")
    assert (row.action, row.value, row.box) == (
        "confirmed",
        money("19.00"),
        list(box_of("19,00 EUR")),
    )
    say(client, job, "total_amount", version="1", do="choice:1")
    with pytest.raises(FieldRevision.DoesNotExist):  # it was kept, and has no choices any more
        FieldRevision.objects.get(name="total_amount", version=2)
    say(client, job, "line_items", rows="0,1")
    assert FieldRevision.objects.get(name="line_items").action == "confirmed"


def test_other_value_comes_with_its_place(acme: Organisation) -> None:
    client, job = browser(acme.owner), taken(acme, pictured_job(acme))
    say(client, job, "total_amount", do="choice:1")
    row = FieldRevision.objects.get()
    assert (row.value, row.raw, row.page) == (money("119.00"), "119,00 EUR", 1)
    assert row.box == list(box_of("119,00 EUR"))
    say(client, job, "total_amount", version="1", do="back:0")
    assert FieldRevision.objects.get(version=2).value == money("19.00")
    html = client.get(f"/review/{job.pk}").content.decode()
    assert "corrected by owner@acme.example" in html
    assert "as it was read" in html


def test_cells_that_are_not_changed_stay_as_they_are(acme: Organisation) -> None:
    client, job = browser(acme.owner), taken(acme, pictured_job(acme))
    form = {"rows": "1,new1,0", "cell:0:amount": "61,00", "cell:new1:description": "Washers"}
    assert say(client, job, "line_items", **form).status_code == 302
    row = FieldRevision.objects.get()
    assert row.value is not None
    assert [each["description"] for each in row.value] == ["Nuts, M8", "Washers", "Bolts, M8"]
    assert row.value[0] == fields()[5].value[1]
    assert row.value[2]["amount"] == money("61.00")
    html = client.get(f"/review/{job.pk}").content.decode()
    assert "Quantity times price is not the amount. See row 3." in html
    answer = say(client, job, "line_items", version="1", rows="0", **{"cell:0:quantity": "some"})
    assert "Row 1, Quantity: This is not a number" in answer.content.decode()
    assert 'value="some"' in answer.content.decode()
    answer = say(client, job, "line_items", version="1", rows="new1")
    assert "Fill in at least one cell" in answer.content.decode()
    assert FieldRevision.objects.count() == 1


def test_script_is_given_the_part_that_changes(acme: Organisation) -> None:
    client, job = browser(acme.owner), taken(acme, read_job(acme))
    answer = client.post(
        f"/review/{job.pk}/fields/total_amount",
        {"version": "0", "text": "119,00 EUR"},
        headers={"HX-Request": "true"},
    )
    html = answer.content.decode()
    assert answer.status_code == 200
    assert "<html" not in html
    assert "do not add up" not in html
    assert 'data-left="1"' in html, "the date is missing still"
    answer = client.post(f"/review/{job.pk}/take", headers={"HX-Request": "true"})
    assert answer.status_code == 204


def test_words_in_a_box_are_told(acme: Organisation) -> None:
    client, job = browser(acme.owner), pictured_job(acme)
    x0, y0, x1, y1 = box_of("119,00 EUR")
    query = {"page": "1", "box": f"{x0 - 2},{y0 - 2},{x1 + 2},{y1 + 2}"}
    answer = client.get(f"/review/{job.pk}/text", query)
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.content == b"119,00 EUR"
    assert client.get(f"/review/{job.pk}/text", {**query, "page": "7"}).status_code == 404
    assert client.get(f"/review/{job.pk}/text", {**query, "page": "x"}).status_code == 400
    assert client.get(f"/review/{job.pk}/text", {**query, "box": "1,2"}).status_code == 400


def test_anothers_document_can_be_looked_at_alone(acme: Organisation) -> None:
    job = taken(acme, read_job(acme))
    other = browser(acme.join(Role.MEMBER))
    html = other.get(f"/review/{job.pk}").content.decode()
    assert "owner@acme.example has taken this document, until" in html
    assert "data-say" not in html
    answer = say(other, job, "total_amount", text="1,00 EUR")
    assert answer.status_code == 409
    for action in ("confirm", "release", "skip", "take", "leave"):
        other.post(f"/review/{job.pk}/{action}", {"version": "0"})
    row = Review.objects.get(job=job)
    assert (row.taken_by, row.status) == (acme.owner, "open")
    assert not FieldRevision.objects.exists()


def test_newer_version_is_shown_beside_what_was_typed(acme: Organisation) -> None:
    client, job = browser(acme.owner), taken(acme, read_job(acme))
    say(client, job, "total_amount", text="120,00 EUR")
    answer = say(client, job, "total_amount", text="119,00 EUR")
    html = answer.content.decode()
    assert answer.status_code == 409
    assert "It reads now: 120,00 EUR" in html
    assert 'value="119,00 EUR"' in html
    answer = client.post(f"/review/{job.pk}/confirm", {"version": "0"})
    assert answer.status_code == 409
    assert "Fields were changed meanwhile" in answer.content.decode()
    answer = client.post(f"/review/{job.pk}/confirm", {"version": "1"})
    assert "Some values that are needed are missing" in answer.content.decode()


def test_skipping_goes_on_by_the_same_filters(acme: Organisation) -> None:
    client = browser(acme.owner)
    one, _, three = read_job(acme), read_job(acme), read_job(acme)
    Review.objects.filter(job__in=[one, three]).update(template="bills")
    answer = client.post("/review/next?template=bills")
    assert answer["Location"] == f"/review/{one.pk}?template=bills"
    answer = client.post(f"/review/{one.pk}/skip?template=bills")
    assert answer["Location"] == f"/review/{three.pk}?template=bills"
    assert Review.objects.get(job=one).taken_until is None
    answer = client.post(f"/review/{three.pk}/release?template=bills")
    assert answer["Location"] == "/review?template=bills"
    assert client.get("/review?order=sideways").status_code == 400


def test_job_that_needs_no_review_can_be_corrected(acme: Organisation) -> None:
    client, job = browser(acme.owner), read_job(acme, *RIGHT)
    html = client.get(f"/review/{job.pk}").content.decode()
    assert "Nothing in this document had to be checked" in html
    say(client, job, "total_amount", text="120,00 EUR")
    answer = client.post(f"/review/{job.pk}/confirm", {"version": "1"})
    assert answer["Location"] == f"/jobs/{job.pk}"
    assert client.get(f"/review/{make_job(acme).pk}").status_code == 409


def test_parts_of_a_file_are_checked_one_by_one(acme: Organisation) -> None:
    parts = tuple(Part(number, (number,), 0.9, INVOICE) for number in (1, 2))
    values = (
        *(value(each.name, each.kind, each.raw, each.value, document=1) for each in READ),
        value("total_amount", "money", "19,00 EUR", money("19.00"), document=2, page=2),
    )
    job = taken(acme, read_job(acme, *values, pages=(page_of(1), page_of(2)), parts=parts))
    client = browser(acme.owner)
    say(client, job, "total_amount", text="119,00 EUR", document="2")
    row = FieldRevision.objects.get()
    assert (row.document, row.page, row.value) == (2, 2, money("119.00"))
    html = client.get(f"/review/{job.pk}").content.decode()
    assert 'id="field-total_amount-2"' in html


def test_what_documents_hold_is_text(acme: Organisation) -> None:
    hostile = value("issuer_name", "organisation", HOSTILE, HOSTILE)
    rows = [{"description": HOSTILE}]
    job = taken(acme, read_job(acme, hostile, value("line_items", "table", "", rows)))
    job.file.name = HOSTILE
    job.file.save(update_fields=["name"])
    client = browser(acme.owner)
    for html in (
        client.get("/review").content.decode(),
        client.get(f"/review/{job.pk}").content.decode(),
        say(client, job, "invoice_date", text=HOSTILE).content.decode(),
    ):
        assert "<script>alert" not in html
        assert "<img src=x" not in html


def test_who_may_not_is_told_who_may(acme: Organisation) -> None:
    client, job = browser(acme.join(Role.VIEWER)), read_job(acme)
    for path in ("/review", f"/review/{job.pk}"):
        answer = client.get(path)
        assert answer.status_code == 403
        assert "Ask an owner or admin to change your role" in answer.content.decode()
    assert client.post("/review/next").status_code == 403
    assert Review.objects.get(job=job).taken_until is None
    assert "/review" not in client.get("/jobs").content.decode()


def test_queue_and_document_take_the_same_queries_for_few_and_many(
    acme: Organisation, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = browser(acme.owner)
    actor = member_actor(Membership.objects.get(user=acme.join(Role.REVIEWER)))
    small = taken(acme, pictured_job(acme, *READ[2:4]))
    say(client, small, "subtotal", text="1,00 EUR")
    review.take(pictured_job(acme), actor=actor, address=None)
    pictured_job(acme)
    counts = []
    for url in ("/review", f"/review/{small.pk}"):
        client.get(url)
        with CaptureQueriesContext(connection) as few:
            client.get(url)
        counts.append(len(few))
    large = taken(acme, pictured_job(acme, pages=5))
    for name in ("total_amount", "subtotal", "tax_amount"):
        say(client, large, name, text="1,00 EUR")
    for _ in range(29):
        pictured_job(acme)
    client.get(f"/review/{large.pk}")
    for url, count in zip(("/review", f"/review/{large.pk}"), counts, strict=True):
        with django_assert_num_queries(count):
            client.get(url)


def test_field_that_was_not_looked_for_can_be_added(acme: Organisation) -> None:
    client, job = browser(acme.owner), taken(acme, read_job(acme))
    assert "more=fields" in client.get(f"/review/{job.pk}").content.decode()
    html = client.get(f"/review/{job.pk}?more=fields").content.decode()
    assert '<option value="date_of_birth">' in html
    html = client.get(f"/review/{job.pk}?more=fields&add=date_of_birth").content.decode()
    assert 'id="field-date_of_birth-0"' in html
    answer = client.post(
        f"/review/{job.pk}/fields/date_of_birth?add=date_of_birth",
        {"version": "0", "text": "1.2.1990"},
    )
    assert answer.status_code == 302
    assert FieldRevision.objects.get().value == "1990-02-01"
