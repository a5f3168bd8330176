"""What a person says of a field: kept as its next version, shown in the results."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.http import Http404
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from accounts.models import AuditEntry
from extraction.errors import InvalidOption, InvalidValue
from extraction.formats import render
from extraction.types import Block, FieldValue, Part
from jobs import corrections, models, review, revisions
from jobs.corrections import Change
from jobs.errors import VersionConflict
from jobs.models import FieldRevision, Job
from jobs.results import document_of
from jobs.revisions import State
from tests.jobs.reviewing import INVOICE, READ, RIGHT, money, page, read_job, value
from tests.people import Organisation

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("files")]


def say(
    organisation: Organisation,
    job: Job,
    name: str,
    version: int = 0,
    document: int | None = None,
    **said: Any,
) -> State:
    """Say something of a field, as the organisation's owner."""
    change = Change(version, **said)
    return corrections.correct(
        job, name, change=change, actor=organisation.member, document=document, address="192.0.2.1"
    )


def shown(job: Job) -> dict[str, FieldValue]:
    """The fields of the job's result, by name."""
    return {each.name: each for each in document_of(job).fields}


def test_correction_is_kept_as_a_version_and_what_was_read_stays(acme: Organisation) -> None:
    job = read_job(acme)
    before = list(models.FieldValue.objects.order_by("position").values())
    state = say(acme, job, "total_amount", raw="119,00 EUR", comment="was the tax")
    assert (state.version, state.standing, state.required) == (1, "corrected", True)
    row = FieldRevision.objects.get()
    assert (row.job, row.name, row.version, row.action) == (job, "total_amount", 1, "corrected")
    assert (row.value, row.comment) == (money("119.00"), "was the tax")
    assert (row.user, row.api_key, row.actor) == (acme.owner, None, acme.owner.email)
    assert list(models.FieldValue.objects.order_by("position").values()) == before


def test_result_shows_the_correction_with_its_place(acme: Organisation) -> None:
    job = read_job(acme)
    say(acme, job, "total_amount", raw="119,00 EUR")
    total = shown(job)["total_amount"]
    assert (total.value, total.raw, total.method) == (money("119.00"), "119,00 EUR", "corrected")
    assert (total.confidence, total.grounded, total.page) == (1.0, True, 1)
    assert total.box == (30.0, 80.0, 80.0, 90.0)
    assert [each.name for each in document_of(job).fields] == [each.name for each in READ]


def test_corrected_amounts_are_summed_anew(acme: Organisation) -> None:
    job = read_job(acme)
    say(acme, job, "total_amount", raw="119,00")
    fields = shown(job)
    assert [fields[name].checks for name in ("subtotal", "tax_amount", "total_amount")] == [
        {"sum": True}
    ] * 3
    _, remaining = review.state_of(job)
    assert [(each.field, each.code) for each in remaining] == [("invoice_date", "missing")]


def test_value_that_stands_nowhere_is_not_grounded(acme: Organisation) -> None:
    job = read_job(acme)
    say(acme, job, "total_amount", value={"amount": "7.77", "currency": "EUR"})
    total = shown(job)["total_amount"]
    assert (total.value, total.raw) == (money("7.77"), "7.77 EUR")
    assert (total.grounded, total.page, total.box) == (False, None, None)


def test_amount_keeps_the_currency_that_was_read(acme: Organisation) -> None:
    pounds = replace(READ[4], value={"amount": "19.00", "currency": "GBP"})
    job = read_job(acme, *READ[:4], pounds)
    say(acme, job, "total_amount", raw="119,00")
    assert shown(job)["total_amount"].value == {"amount": "119.00", "currency": "GBP"}


def test_field_that_was_not_found_is_added_last(acme: Organisation) -> None:
    job = read_job(acme)
    say(acme, job, "invoice_date", raw="31.01.2026")
    say(acme, job, "customer_name", raw="Smith & Co.")
    fields = document_of(job).fields
    assert [each.name for each in fields[-2:]] == ["invoice_date", "customer_name"]
    date, customer = fields[-2:]
    assert (date.label, date.kind, date.value) == ("Invoice date", "date", "2026-01-31")
    assert (date.page, date.grounded) == (1, True)
    assert (customer.label, customer.kind) == ("Customer", "organisation")
    assert customer.grounded is False


def test_field_not_on_the_document_is_not_in_the_result(acme: Organisation) -> None:
    job = read_job(acme)
    state = say(acme, job, "tax_amount", value=None)
    assert (state.version, state.standing, state.value) == (1, "absent", None)
    assert "tax_amount" not in shown(job)
    again = say(acme, job, "tax_amount", 1, raw="")
    assert (again.version, FieldRevision.objects.count()) == (1, 1)
    back = say(acme, job, "tax_amount", 1, raw="19,00")
    assert (back.version, back.standing) == (2, "corrected")
    assert shown(job)["tax_amount"].value == money("19.00")


def test_same_value_is_a_confirmation_once(acme: Organisation) -> None:
    job = read_job(acme)
    state = say(acme, job, "total_amount", raw="19.00")
    assert (state.version, state.standing) == (1, "confirmed")
    total = shown(job)["total_amount"]
    assert (total.method, total.confidence, total.box) == ("confirmed", 1.0, READ[4].box)
    assert total.raw == READ[4].raw
    assert say(acme, job, "total_amount", 1, raw="19.00 EUR").version == 1
    assert say(acme, job, "total_amount", 1, raw="19.00", comment="sure").version == 2


def test_version_that_is_not_the_newest_is_refused(acme: Organisation) -> None:
    job = read_job(acme)
    say(acme, job, "total_amount", raw="119,00")
    for seen in (0, 2):
        with pytest.raises(VersionConflict) as refused:
            say(acme, job, "total_amount", seen, raw="120,00")
        assert refused.value.actual == 1
    assert FieldRevision.objects.count() == 1
    say(acme, job, "invoice_number", 0, raw="A-4712")  # versions are each field's own


def test_refused_value_changes_nothing(acme: Organisation) -> None:
    job = read_job(acme)
    with pytest.raises(InvalidValue):
        say(acme, job, "total_amount", raw="a lot")
    assert not FieldRevision.objects.exists()
    assert not AuditEntry.objects.filter(action="field.correct").exists()


def test_wrong_check_sum_is_kept_where_a_person_insists(acme: Organisation) -> None:
    job = read_job(acme)
    with pytest.raises(InvalidValue, match="force"):
        say(acme, job, "iban", raw="DE89370400440532013001")
    say(acme, job, "iban", raw="DE89370400440532013001", force=True)
    assert shown(job)["iban"].checks == {"checksum": False}
    assert "iban" not in [reason.field for reason in review.state_of(job)[1]]


def test_callers_place_is_kept_and_grounded_by_what_stands_there(acme: Organisation) -> None:
    job = read_job(acme)
    box = (28.0, 79.0, 82.0, 91.0)
    say(acme, job, "total_amount", raw="119,00", page=1, box=box)
    total = shown(job)["total_amount"]
    assert (total.page, total.box, total.grounded) == (1, box, True)
    say(acme, job, "total_amount", 1, raw="119,00", page=1, box=(28.0, 0.0, 82.0, 11.0))
    assert FieldRevision.objects.filter(name="total_amount").count() == 2, "it stands elsewhere"
    assert shown(job)["total_amount"].grounded is False
    say(acme, job, "invoice_number", raw="A-4711", page=1)
    assert FieldRevision.objects.get(name="invoice_number").action == "corrected"
    assert shown(job)["invoice_number"].box == (40.0, 20.0, 70.0, 30.0)


@pytest.mark.parametrize(
    ("number", "box"),
    [
        (2, None),
        (1, (0.0, 0.0, 0.0, 10.0)),
        (1, (0.0, 0.0, 700.0, 10.0)),
        (1, (-20.0, 0.0, 10.0, 10.0)),
        (1, (float("nan"), 0.0, 10.0, 10.0)),
        (1, (0.0, 0.0, float("inf"), 10.0)),
    ],
)
def test_place_that_is_none_is_refused(acme: Organisation, number: int, box: Any) -> None:
    job = read_job(acme)
    with pytest.raises(InvalidOption):
        say(acme, job, "total_amount", raw="119,00", page=number, box=box)


def test_of_several_places_the_one_that_was_read_is_kept(acme: Organisation) -> None:
    texts = ("Invoice A-4712", "x", "Invoice A-4712")
    read = value("invoice_number", "id", "A-471Z", "A-471Z", box=(40.0, 41.0, 70.0, 50.0))
    job = read_job(acme, read, *RIGHT[1:], pages=(page(1, texts),))
    say(acme, job, "invoice_number", raw="A-4712")
    assert shown(job)["invoice_number"].box == (40.0, 40.0, 70.0, 50.0)


def test_value_is_found_on_a_later_page(acme: Organisation) -> None:
    pages = tuple(page(number, ("x",) * 3) for number in range(1, 13))
    job = read_job(acme, pages=(*pages, page(13)))
    say(acme, job, "total_amount", raw="119,00")
    assert shown(job)["total_amount"].page == 13


def test_card_number_is_not_kept(acme: Organisation) -> None:
    job = read_job(acme, *RIGHT)
    say(acme, job, "payment_card", raw="4111 1111 1111 1111")
    other = "5555555555554444"
    say(acme, job, "payment_card", 1, value=other, raw=other)
    for row in FieldRevision.objects.all():
        assert "1111111" not in f"{row.raw} {row.value}"
        assert "5555555" not in f"{row.raw} {row.value}"
    assert shown(job)["payment_card"].value == "************4444"


def test_table_is_corrected_by_rows(acme: Organisation) -> None:
    job = read_job(acme)
    rows = [{"description": "Pipe", "quantity": "2", "unit_price": "50,00", "amount": "100,00"}]
    say(acme, job, "line_items", raw=rows)
    items = shown(job)["line_items"]
    assert items.value[0]["amount"] == money("100.00")
    assert (items.checks, items.grounded, items.page) == ({"products": True}, False, None)


def split(acme: Organisation) -> Job:
    """A file of two invoices; the total was found in the first."""
    values = [replace(each, document=1) for each in RIGHT]
    parts = (Part(1, (1,), 1.0, INVOICE), Part(2, (2,), 1.0, INVOICE))
    return read_job(acme, *values, pages=(page(1), page(2)), parts=parts)


def test_field_of_a_part_is_corrected_in_that_part_alone(acme: Organisation) -> None:
    job = split(acme)
    say(acme, job, "total_amount", document=2, raw="119,00")
    first, second = document_of(job).documents
    document = document_of(job)
    (one,) = [each for each in document.fields_of(first) if each.name == "total_amount"]
    (other,) = [each for each in document.fields_of(second) if each.name == "total_amount"]
    assert (one.method, other.method) == ("label", "corrected")
    assert (other.page, other.document) == (2, 2), "found on the part's own pages"


def test_part_must_be_named_where_there_are_some_and_nowhere_else(acme: Organisation) -> None:
    job = split(acme)
    for part in (None, 3, 0):
        with pytest.raises(InvalidOption):
            say(acme, job, "total_amount", document=part, raw="119,00")
    with pytest.raises(InvalidOption):
        say(acme, read_job(acme), "total_amount", document=1, raw="119,00")


def test_unknown_field_is_missing(acme: Organisation) -> None:
    with pytest.raises(Http404):
        say(acme, read_job(acme), "shoe_size", raw="42")


def test_found_field_of_no_catalogue_is_corrected_by_its_kind(acme: Organisation) -> None:
    job = read_job(acme, *RIGHT, value("shoe_size", "number", "4Z", "4"))
    say(acme, job, "shoe_size", raw="42")
    assert (shown(job)["shoe_size"].value, shown(job)["shoe_size"].label) == ("42", "Shoe size")


def test_history_tells_every_version(acme: Organisation) -> None:
    job = read_job(acme)
    say(acme, job, "total_amount", raw="119,00", comment="typo")
    say(acme, job, "total_amount", 1, value=None)
    versions = revisions.history(job, "total_amount", None)
    assert [(each.number, each.standing, each.by) for each in versions] == [
        (0, "read", None),
        (1, "corrected", acme.owner.email),
        (2, "absent", acme.owner.email),
    ]
    assert [each.value.value if each.value else None for each in versions] == [
        money("19.00"),
        money("119.00"),
        None,
    ]
    assert (versions[0].at, versions[1].comment) == (job.finished_at, "typo")
    (missing,) = revisions.history(job, "invoice_date", None)
    assert (missing.standing, missing.value) == ("missing", None)


def test_audit_log_has_names_and_versions_and_no_text(acme: Organisation) -> None:
    job = read_job(acme)
    say(acme, job, "total_amount", raw="119,00", comment="secret remark")
    entry = AuditEntry.objects.get(action="field.correct")
    assert (entry.user, entry.address, entry.object_id) == (acme.owner, "192.0.2.1", str(job.pk))
    assert entry.before == {"field": "total_amount", "document": None, "version": 0}
    assert entry.after == {"version": 1, "action": "corrected"}


@pytest.mark.parametrize("name", ["json", "csv", "xml", "html"])
def test_every_format_shows_the_correction(acme: Organisation, name: str) -> None:
    job = read_job(acme)
    say(acme, job, "invoice_number", raw="QX-99")
    text = render(document_of(job), name).body.decode()
    assert "QX-99" in text
    if name == "csv":
        assert "invoice_number,Invoice number,QX-99,,QX-99,,1.0," in text
    if name == "json":
        (field,) = [row for row in json.loads(text)["fields"] if row["name"] == "invoice_number"]
        assert (field["method"], field["confidence"], field["box"]) == ("corrected", 1.0, None)


def test_result_with_corrections_is_valid_against_its_schema(acme: Organisation) -> None:
    job = read_job(acme)
    say(acme, job, "total_amount", raw="119,00")
    say(acme, job, "invoice_date", raw="31.01.2026")
    say(acme, job, "tax_amount", value=None)
    schema = json.loads(
        (Path(__file__).parents[2] / "extraction/schema/document.schema.json").read_text()
    )
    Draft202012Validator(schema).validate(json.loads(render(document_of(job), "json").body))


def blind(number: int, *texts: str) -> Any:
    """A page as a model writes it: its text, and not where it stands."""
    blocks = tuple(Block(f"p{number}-b{n}", "paragraph", text) for n, text in enumerate(texts, 1))
    return replace(page(number), lines=(), blocks=blocks)


def test_value_on_a_page_without_places_has_the_page_alone(acme: Organisation) -> None:
    pages = (blind(1, "A letter"), blind(2, "Total 119,00 EUR", "Due 31.01.2026"))
    job = read_job(acme, *READ, pages=pages)
    say(acme, job, "total_amount", raw="119,00 EUR")
    row = FieldRevision.objects.get(name="total_amount")
    assert (row.page, row.box, row.grounded, row.value) == (2, None, None, money("119.00"))
    say(acme, job, "invoice_date", raw="1.1.2026", page=1)  # nowhere in the text
    row = FieldRevision.objects.get(name="invoice_date")
    assert (row.page, row.box, row.grounded, row.raw) == (1, None, None, "1.1.2026")
    say(acme, job, "due_date", raw="31.01.2026", page=2, box=(10.0, 10.0, 90.0, 30.0))
    row = FieldRevision.objects.get(name="due_date")
    assert (row.page, row.box, row.grounded) == (2, [10.0, 10.0, 90.0, 30.0], None)


def test_value_said_to_be_right_is_confirmed_as_it_stands(acme: Organisation) -> None:
    job = read_job(acme)
    state = say(acme, job, "total_amount", right=True)
    assert (state.version, state.standing) == (1, "confirmed")
    assert shown(job)["total_amount"].value == money("19.00")
    assert say(acme, job, "total_amount", 1, right=True).version == 1, "said once"
    assert say(acme, job, "total_amount", 1, right=True, comment="sure").version == 2
    with pytest.raises(InvalidValue):
        say(acme, job, "invoice_date", right=True)
    with pytest.raises(VersionConflict):
        say(acme, job, "total_amount", 0, right=True)
