"""Invoices that were read with something to look at, for tests."""

from __future__ import annotations

from typing import Any

from extraction.types import (
    Box,
    Classification,
    Document,
    FieldValue,
    Line,
    Page,
    Part,
    Source,
    Word,
)
from jobs import claims, lifecycle
from jobs.models import Job
from tests.jobs.making import claim, make_job
from tests.people import Organisation

TEXTS = (
    "ACME Trading GmbH",
    "Invoice A-4711 of 31.01.2026",
    "Net 100,00 EUR",
    "Tax 19,00 EUR",
    "Total 119,00 EUR",
)
INVOICE = Classification("invoice", "Invoice", 0.98)
OTHER = Classification("other", "Other", 0.9)


def money(amount: str) -> dict[str, str]:
    """An amount in euros."""
    return {"amount": amount, "currency": "EUR"}


def value(name: str, kind: str, raw: str, normal: Any, **more: Any) -> FieldValue:
    """A found value, sure and on page 1."""
    told: dict[str, Any] = {
        "page": 1, "box": (10.0, 10.0, 60.0, 20.0), "confidence": 0.9, "method": "label"
    }  # fmt: skip
    label = name.replace("_", " ").capitalize()
    return FieldValue(name, label, kind, raw, normal, **{**told, **more})


# The total is the tax, unsure and inconsistent; the date is missing.
READ = (
    value("invoice_number", "id", "A-4711", "A-4711"),
    value("issuer_name", "organisation", "ACME Trading GmbH", "ACME Trading GmbH"),
    value("subtotal", "money", "100,00 EUR", money("100.00"), checks={"sum": False}),
    value("tax_amount", "money", "19,00 EUR", money("19.00"), checks={"sum": False}),
    value("total_amount", "money", "19,00 EUR", money("19.00"), confidence=0.31,
          checks={"sum": False}),
)  # fmt: skip
RIGHT = tuple(
    each
    if each.name != "total_amount"
    else value("total_amount", "money", "119,00", money("119.00"))
    for each in (
        *READ[:2],
        value("invoice_date", "date", "31.01.2026", "2026-01-31"),
        READ[4],
    )
)


def page(number: int = 1, texts: tuple[str, ...] = TEXTS) -> Page:
    """A page of these lines, 20 points apart; each character is 5 points wide."""
    lines = []
    for row, text in enumerate(texts):
        words, at = [], 0
        for word in text.split(" "):
            words.append(Word(word, _box(at, len(word), row)))
            at += len(word) + 1
        lines.append(Line(text, _box(0, at, row), None, tuple(words)))
    return Page(number, 595.0, 842.0, engine="fake", revision="1", lines=tuple(lines))


def _box(at: int, length: int, row: int) -> Box:
    return (at * 5.0, row * 20.0, (at + length) * 5.0, row * 20.0 + 10.0)


def read_job(
    organisation: Organisation,
    *values: FieldValue,
    pages: tuple[Page, ...] = (),
    told: Classification = INVOICE,
    parts: tuple[Part, ...] = (),
    template: str = "",
    **options: Any,
) -> Job:
    """A job that has ended with these values, ``READ`` where there are none."""
    task = claim(make_job(organisation, **options))
    pages = pages or (page(),)
    for each in pages:
        claims.page_done(task, each, None)
    source = Source("a.pdf", "application/pdf", "0" * 64, len(pages))
    document = Document(source, pages, values or READ, told, documents=parts, template=template)
    lifecycle.finish(task, document)
    return Job.objects.select_related("file", "tenant").get(pk=task.job_id)
