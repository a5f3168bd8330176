"""Templates: a set of fields with what is known of them, as objects and as JSON.

The JSON form is ``extraction/schema/template.schema.json``: what the API takes and gives, what is
exported and imported.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from extraction.errors import InvalidTemplate
from extraction.fields.catalogue import CATALOGUE
from extraction.fields.definition import Column, Field, Region, Sighting
from extraction.fields.document_types import BY_NAME
from extraction.fields.kinds import KINDS
from extraction.fields.labels import squeezed
from extraction.fields.patterns import refusal
from extraction.types import Classification, Page

SCHEMA = Path(__file__).parents[1] / "schema" / "template.schema.json"
MAX_BYTES = 1_000_000  # of a template as JSON
MAX_TEXT = 200_000  # characters of a document in which issuers are looked for
SURE = 0.6  # confidence from which on a document's type alone chooses a template


@dataclass(frozen=True, slots=True)
class Template:
    """Fields to look for in documents of a kind.

    ``name`` is what callers call it by, ``label`` is for people. Where no template is named, one is
    chosen for documents of its ``document_type``, if it has one, that show one of the texts
    ``issuers``, if it has any. A value less sure than ``threshold`` is to be reviewed, where its
    field names no other; None is the installation's. ``version`` is "" for a starter and what has
    not been stored.
    """

    name: str
    label: str
    fields: tuple[Field, ...]
    document_type: str = ""
    issuers: tuple[str, ...] = ()
    threshold: float | None = None
    version: str = ""

    def __str__(self) -> str:
        return f"{self.name}@{self.version}" if self.version else self.name


# What a document of each type is of no use without.
REQUIRED: dict[str, tuple[str, ...]] = {
    "invoice": ("invoice_number", "invoice_date", "issuer_name", "total_amount"),
    "receipt": ("issuer_name", "invoice_date", "total_amount"),
    "bank_statement": ("iban", "statement_date", "closing_balance"),
    "id_card": ("document_number", "surname", "given_names", "date_of_birth", "expiry_date"),
    "passport": ("document_number", "surname", "given_names", "date_of_birth", "expiry_date"),
    "payslip": ("employee_name", "pay_period", "gross_pay", "net_pay"),
    "bill_of_lading": ("bill_of_lading_number", "shipper_name", "consignee_name"),
    "purchase_order": ("purchase_order_number", "order_date", "total_amount"),
    "delivery_note": ("delivery_note_number", "issuer_name"),
    "utility_bill": ("issuer_name", "invoice_date", "total_amount"),
}


@cache
def starters() -> tuple[Template, ...]:
    """The templates that everybody has: of each type in ``REQUIRED`` the catalogue's fields."""
    return tuple(
        Template(
            name,
            BY_NAME[name].label,
            tuple(
                replace(field, required=field.name in required)
                for field in CATALOGUE
                if name in field.document_types
            ),
            name,
        )
        for name, required in REQUIRED.items()
    )


def template_to_dict(template: Template) -> dict[str, Any]:
    """The template as JSON values; of the catalogue's fields what differs from the catalogue."""
    return {
        "name": template.name,
        "label": template.label,
        "document_type": template.document_type or None,
        "issuers": list(template.issuers),
        "threshold": template.threshold,
        "fields": [field_row(field) for field in template.fields],
    }


def template_from_dict(data: object, *, version: str = "") -> Template:
    """The template that the JSON values describe.

    Raises ``InvalidTemplate``, with the place as a JSON Pointer.
    """
    _check(data)
    assert isinstance(data, Mapping)
    kind = data.get("document_type") or ""
    if kind and kind not in BY_NAME:
        raise _refused("/document_type", f"is not one of: {', '.join(BY_NAME)}")
    fields = tuple(_fields(data["fields"]))
    names = [field.name for field in fields]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise _refused(f"/fields/{index}/name", f"{name!r} is there twice")
    return Template(
        name=data["name"],
        label=data.get("label") or data["name"],
        fields=fields,
        document_type=kind,
        issuers=tuple(data.get("issuers", ())),
        threshold=data.get("threshold"),
        version=version,
    )


def _refused(place: str, reason: str) -> InvalidTemplate:
    return InvalidTemplate(f"template: {place or 'the template'}: {reason}")


@cache
def _validator() -> Any:
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

    return Draft202012Validator(json.loads(SCHEMA.read_text("utf-8")))


def _check(data: object) -> None:
    """Form and size, by the published JSON Schema."""
    for error in _validator().iter_errors(data):
        place = "".join(f"/{part}" for part in error.absolute_path)[:200]
        many = error.validator in ("maxItems", "maxLength")
        raise InvalidTemplate(
            f"template: {place or 'the template'}: "
            + ("too long" if many else error.message[-200:].strip()),
            limit=error.validator_value if many else None,
            actual=len(error.instance) if many else None,
        )


def _fields(rows: Sequence[Mapping[str, Any]]) -> Iterator[Field]:
    catalogue = {field.name: field for field in CATALOGUE}
    for index, row in enumerate(rows):
        place = f"/fields/{index}"
        base = catalogue.get(row["name"])
        kind = row.get("kind") or (base.kind if base else "")
        if kind not in KINDS:
            raise _refused(f"{place}/kind", f"is not one of: {', '.join(KINDS)}")
        if base and kind != base.kind:
            raise _refused(f"{place}/kind", f"the catalogue's {base.name} is of kind {base.kind}")
        if row.get("columns") and (base or kind != "table"):
            raise _refused(f"{place}/columns", "are for tables that are not in the catalogue")
        if kind == "table" and not base and not row.get("columns"):
            raise _refused(f"{place}/columns", "a table needs some")
        reason = refusal(row.get("pattern", ""))
        if reason:
            raise _refused(f"{place}/pattern", reason)
        yield _changed(base or _own(row, kind, place), row, place)


def _own(row: Mapping[str, Any], kind: str, place: str) -> Field:
    """A field that the catalogue does not have."""
    columns = []
    for index, each in enumerate(row.get("columns", ())):
        if each["kind"] not in KINDS or each["kind"] == "table":
            raise _refused(f"{place}/columns/{index}/kind", "is no kind of a table's values")
        label = each.get("label") or each["name"].replace("_", " ").capitalize()
        columns.append(Column(each["name"], label, each["kind"], tuple(each.get("synonyms", ()))))
    label = row.get("label") or row["name"].replace("_", " ").capitalize()
    return Field(row["name"], label, kind, (label,), document_types=(), columns=tuple(columns))


def _changed(base: Field, row: Mapping[str, Any], place: str) -> Field:
    """The field with what the row says of it; labels are added to those it has."""
    region = row.get("region")
    if region:
        left, top, right, bottom = region["box"]
        if left >= right or top >= bottom:
            raise _refused(f"{place}/region/box", "is empty: left, top, right, bottom")
    return replace(
        base,
        label=row.get("label") or base.label,
        synonyms=tuple(dict.fromkeys((*base.synonyms, *row.get("synonyms", ())))),
        weak=tuple(dict.fromkeys((*base.weak, *row.get("weak", ())))),
        pattern=row.get("pattern") or base.pattern,
        region=Region(tuple(region["box"]), region.get("page")) if region else None,
        anchors=tuple(row.get("anchors", ())),
        examples=tuple(row.get("examples", ())),
        instruction=row.get("instruction", ""),
        required=row.get("required", False),
        threshold=row.get("threshold"),
        learned=tuple(
            Sighting(**{**each, "place": tuple(each["place"])}) for each in row.get("learned", ())
        ),
    )


def field_row(field: Field) -> dict[str, Any]:
    base = next((each for each in CATALOGUE if each.name == field.name), None)
    own = base is None
    known = base or Field(field.name, field.label, field.kind, (field.label,))
    row: dict[str, Any] = {"name": field.name}
    if own or field.label != known.label:
        row["label"] = field.label
    if own:
        row["kind"] = field.kind
    for name in ("synonyms", "weak"):
        has = set(getattr(known, name))
        added = [each for each in getattr(field, name) if each not in has]
        row |= {name: added} if added else {}
    if own and field.columns:
        row["columns"] = [
            {
                "name": column.name,
                "label": column.label,
                "kind": column.kind,
                "synonyms": list(column.synonyms),
            }
            for column in field.columns
        ]
    if field.region:
        row["region"] = {"box": list(field.region.box), "page": field.region.page}
    for name in ("anchors", "examples"):
        row |= {name: list(getattr(field, name))} if getattr(field, name) else {}
    for name in ("pattern", "instruction"):
        value = getattr(field, name)
        row |= {name: value} if value and value != getattr(known, name) else {}
    row["required"] = field.required
    row |= {"threshold": field.threshold} if field.threshold is not None else {}
    if field.learned:
        row["learned"] = [
            {
                "value": seen.value,
                "shape": seen.shape,
                "left": seen.left,
                "above": seen.above,
                "page": seen.page,
                "place": list(seen.place),
            }
            for seen in field.learned
        ]
    return row


def chosen_for(
    classification: Classification, pages: Sequence[Page], choices: Sequence[Template]
) -> Template | None:
    """The template for a document where none was named; None where none fits.

    Those for its type that name issuers count where one of these stands on the pages (compared
    without case, accents, spaces and punctuation), and go before those that name none; of several
    the first. A type told with less than ``SURE`` confidence chooses only by issuer.
    """
    likely = [each for each in choices if each.document_type == classification.kind]
    named = [each for each in likely if each.issuers]
    if named:
        text = squeezed(" ".join(line.text for page in pages for line in page.lines)[:MAX_TEXT])
        for each in named:
            if any(squeezed(issuer) in text for issuer in each.issuers if squeezed(issuer)):
                return each
    if classification.confidence < SURE:
        return None
    return next((each for each in likely if not each.issuers), None)
