"""Find fields on pages: candidates, what speaks for each, the likeliest, and what checks it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from extraction.fields import agreement, arithmetic, currency_marks, issuer, parties, patterns
from extraction.fields.candidates import Candidate, candidates
from extraction.fields.catalogue import CATALOGUE
from extraction.fields.constraints import narrowed
from extraction.fields.definition import Field
from extraction.fields.kinds import Writing
from extraction.fields.labels import WEAK
from extraction.fields.parts import Sheet, sheets_of
from extraction.fields.ranking import ALWAYS, Models, Ranked, model_of, ranked, weights
from extraction.fields.tabular import rows_of_field
from extraction.fields.writing import writing_of
from extraction.fields.zone import from_zone, joined
from extraction.laid_out import Unplaced, laid_out
from extraction.types import Alternative, FieldValue, Page

MAX_ALTERNATIVES = 3
MIN_CHANCE = 0.2  # a value less likely than that, if read right, is none

NAME, ADDRESS = "issuer_name", "issuer_address"
AMOUNTS = (arithmetic.NET, arithmetic.TAX, arithmetic.GROSS)
# Fields whose candidates tell of others' that were not asked for.
TOGETHER = ((NAME, ADDRESS), AMOUNTS)


def find(
    pages: Sequence[Page], fields: Sequence[Field], *, writing: Writing | None = None
) -> tuple[FieldValue, ...]:
    """The fields found on the pages, in the order of ``fields``; those not found are left out.

    ``writing`` is how the document writes its values, told by its own text where not given. A field
    that a template looks for in a region is looked for on the pages alone that have places.
    """
    unplaced = Unplaced(pages)
    if not unplaced:
        return _found(pages, fields, writing)
    values = [
        *_found(laid_out(pages), [field for field in fields if not field.region], writing),
        *_found(pages, [field for field in fields if field.region], writing),
    ]
    order = {field.name: place for place, field in enumerate(fields)}
    return tuple(map(unplaced.field, sorted(values, key=lambda value: order[value.name])))


def _found(
    pages: Sequence[Page], fields: Sequence[Field], writing: Writing | None
) -> tuple[FieldValue, ...]:
    patterns.begin()
    writing = writing or writing_of(pages)
    considered = gathered(pages, fields, writing)
    zone = from_zone(pages, fields)
    models, values = weights(), []
    for field in fields:
        if field.kind == "table":
            continue
        model = models[model_of(field, models)]
        allowed = narrowed(
            field, considered.of[field.name], considered.sheets, writing, model.get(ALWAYS, 0.0)
        )
        likely = ranked(allowed, model)
        believed = likely and likely[0].chance >= MIN_CHANCE * likely[0].candidate.reading
        value = joined(zone.get(field.name), _value(field, likely) if believed else None)
        values += [value] if value else []
    tables = [
        table
        for field in fields
        if field.kind == "table"
        for table in [rows_of_field(field, considered.sheets, writing, values)]
        if table
    ]
    order = {field.name: place for place, field in enumerate(fields)}
    values = sorted([*values, *tables], key=lambda value: order[value.name])
    values = agreement.checked(arithmetic.checked(values, considered.amounts))
    return tuple(_in_currency(value, writing.currency) for value in values)


@dataclass(frozen=True, slots=True)
class Considered:
    """A document's lines, the candidates of each field by its name, and its amounts."""

    sheets: Sequence[Sheet]
    of: Mapping[str, Sequence[Candidate]]
    amounts: arithmetic.Amounts


def gathered(
    pages: Sequence[Page],
    fields: Sequence[Field],
    writing: Writing | None = None,
    models: Models | None = None,
) -> Considered:
    """Every candidate of the fields with what speaks for it; ``models`` are ``ranking.weights``."""
    writing, models = writing or writing_of(pages), models or weights()
    asked = {field.name: field for field in fields}
    for names in TOGETHER:
        if any(name in asked for name in names):
            asked |= {field.name: field for field in CATALOGUE if field.name in names}
    bills = (field for field in CATALOGUE if field.name in OF_BILLS and field.name not in asked)
    sheets = sheets_of(pages, (*asked.values(), *bills))
    found = {
        name: parties.of_labels(field, sheets)
        if field.kind in parties.KINDS and not field.pattern
        else candidates(field, sheets, writing)
        for name, field in asked.items()
        if field.kind != "table"
    }
    amounts = arithmetic.NO_AMOUNTS
    if any(name in asked for name in AMOUNTS):
        amounts = arithmetic.amounts_of(sheets, writing)
        found[arithmetic.GROSS] += amounts.each
        found |= arithmetic.weighed(found, amounts)
    if "currency" in asked:
        found["currency"] += currency_marks.of_amounts(sheets, writing)
    if NAME in asked or parties.recipients(asked) or asked.keys() & parties.ISSUERS:
        found |= _of_parties(asked, found, sheets, writing, models)
    return Considered(sheets, found, amounts)


def _of_parties(
    asked: Mapping[str, Field],
    found: Mapping[str, Sequence[Candidate]],
    sheets: Sequence[Sheet],
    writing: Writing,
    models: Models,
) -> dict[str, list[Candidate]]:
    """The candidates of whom the document comes from and goes to, those without a label too."""
    head = issuer.Letterhead(sheets)
    addresses = [*found.get(ADDRESS, ()), *issuer.addresses(head)]
    likely_addresses = ranked(addresses, models.get(ADDRESS, {}))
    best = likely_addresses[0].candidate if likely_addresses else None
    names = [*found.get(NAME, ()), *issuer.names(head, best)]
    business = _is_business(found, sheets, writing)
    if not business:
        names = [each for each in names if issuer.is_named(each)]
        addresses = [each for each in addresses if each.method == "label"]
    told = {NAME: names, ADDRESS: addresses} if NAME in asked else {}
    if not business:
        return told
    recipients, issuers = parties.recipients(asked), sorted(asked.keys() & parties.ISSUERS)
    windows = list(parties.windows(sheets[0])) if sheets and recipients else []
    if not windows and not issuers:
        return told
    likely_names = ranked(names, models.get(NAME, {}))
    own = [*likely_names[: parties.MOST_ISSUERS], *likely_addresses[: parties.MOST_ISSUERS]]
    for name in recipients:
        told[name] = [*found[name], *parties.of_windows(asked[name], windows, sheets[0], own)]
    for name in issuers:
        told[name] = [*found[name], *parties.of_issuer(likely_names, asked=NAME in asked)]
    return told


# What only a document that asks for money, or says that it was paid, tells.
OF_BILLS = ("invoice_number", "vat_number", "iban", *AMOUNTS)
# What other papers of business have, whose first lines name who issues them.
OF_BUSINESS = frozenset(
    {"purchase_order_number", "delivery_note_number", "delivery_note_date", "customer_number",
     "statement_number", "statement_date", "opening_balance", "closing_balance", "gross_pay",
     "net_pay", "employee_number", "pay_period", "bill_of_lading_number", "booking_number",
     "contract_number", "meter_number", *OF_BILLS}
)  # fmt: skip


def _is_business(
    found: Mapping[str, Sequence[Candidate]], sheets: Sequence[Sheet], writing: Writing
) -> bool:
    """Whether anything but a name at its top says that the document is one of business."""
    labels = (label for sheet in sheets for part in sheet.parts for label in part.labels)
    if any(label.field in OF_BUSINESS and label.strength > WEAK for label in labels):
        return True
    return any(
        candidate.method in ("label", "pattern") and candidate.signs["certainty"] > 0.5
        for field in CATALOGUE
        if field.name in OF_BILLS
        for candidate in (
            found[field.name] if field.name in found else candidates(field, sheets, writing)
        )
    )


def _value(field: Field, likely: Sequence[Ranked]) -> FieldValue:
    best = likely[0].candidate
    return FieldValue(
        name=field.name,
        label=field.label,
        kind=field.kind,
        raw=best.raw,
        value=best.value,
        page=best.page,
        box=best.box,
        confidence=round(likely[0].chance, 4),
        method=best.method,
        alternatives=tuple(
            Alternative(
                other.candidate.raw,
                other.candidate.value,
                other.candidate.page,
                other.candidate.box,
                round(other.chance, 4),
            )
            for other in likely[1 : 1 + MAX_ALTERNATIVES]
        ),
        checks=best.checks,
        notes=best.notes,
    )


def _in_currency(value: FieldValue, usual: str | None) -> FieldValue:
    """An amount, or those of a table, without a currency of their own in the document's."""
    if not usual or value.kind not in ("money", "table"):
        return value
    if value.kind == "table":
        rows = [
            {name: _with_currency(cell, usual) for name, cell in row.items()} for row in value.value
        ]
        return replace(value, value=rows)
    others = tuple(
        replace(other, value=_with_currency(other.value, usual)) for other in value.alternatives
    )
    return replace(value, value=_with_currency(value.value, usual), alternatives=others)


def _with_currency(value: Any, usual: str) -> Any:
    """The value, in that currency if it is an amount without one."""
    if not isinstance(value, dict) or "amount" not in value or value["currency"]:
        return value
    return {**value, "currency": usual}
