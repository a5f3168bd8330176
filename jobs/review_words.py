"""What a reviewer is told, in plain words: why to look at a field, how its value is written."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.money import shown
from accounts.numerals import numeral
from extraction.errors import (
    ExtractionError,
    InvalidCell,
    InvalidOption,
    InvalidValue,
    WrongCheckSum,
)
from extraction.fields.arithmetic import GROSS, NET, TAX
from extraction.fields.corrected import as_text
from extraction.fields.definition import Field
from extraction.fields.review import Reason
from extraction.fields.supported import ON_THE_PAGE
from extraction.types import FieldValue
from jobs import review_queue
from jobs.errors import FieldsMissing, NotInReview, ReviewTaken, VersionConflict
from jobs.labels import field_label
from jobs.viewer import explain

Words = Promise | str

# A check of a value that failed
CHECKS: Mapping[str, Words] = {
    "sum": gettext_lazy("Net and tax do not make the total."),
    "lines": gettext_lazy("The lines do not add up to it."),
    "paid": gettext_lazy("It is not what was paid less the change."),
    "products": gettext_lazy("Quantity times price is not the amount."),
    "balance": gettext_lazy("The balances do not follow from the entries."),
    "country": gettext_lazy("The account is of another country than its owner."),
    "order": gettext_lazy("This date is before the one it should follow."),
    "checksum": gettext_lazy("Its check digits are wrong: a character may be misread."),
    "composite": gettext_lazy("The check digits of the lines for machines are wrong."),
    ON_THE_PAGE: gettext_lazy("The page reads otherwise."),
}

ROWS_CHECKED = frozenset({"products", "balance"})  # of which notes tell the rows that are wrong
ROW = re.compile(r"row_(\d+)_differs")

# How a value is written, by its kind: "This is not …"
FORMS: Mapping[str, Words] = {
    "date": gettext_lazy("This is not a date. Write it like 31.01.2026 or 2026-01-31."),
    "money": gettext_lazy("This is not an amount. Write it like 1,234.50 EUR, or as on the page."),
    "number": gettext_lazy("This is not a number. Write it like 12 or 1,234.50."),
    "percent": gettext_lazy("This is not a percentage. Write it like 19 %."),
    "vat": gettext_lazy("This is not a tax or VAT number. Write it like DE123456789."),
    "national_id": gettext_lazy("This is not the national number of a person."),
    "iban": gettext_lazy("This is not an IBAN. Write it like DE89 3704 0044 0532 0130 00."),
    "bic": gettext_lazy("This is not a BIC. Write 8 or 11 letters and digits."),
    "card": gettext_lazy("This is not a card number. Its last four digits are enough."),
    "email": gettext_lazy("This is not an e-mail address. Write it like name@example.com."),
    "phone": gettext_lazy("This is not a telephone number. Write it like +49 30 123456."),
    "url": gettext_lazy("This is not a web address. Write it like https://example.com."),
    "country": gettext_lazy("This is not a country. Write its name or its code, like DE."),
    "currency": gettext_lazy("This is not a currency. Write its code, like EUR."),
    "checkbox": gettext_lazy("Write yes if the box is ticked, no if it is not."),
    "table": gettext_lazy("Fill in at least one cell, or say that it is not on the document."),
}


def reason_in_words(reason: Reason, value: FieldValue | None, least: float) -> str:
    """Why the field is to be looked at; ``least`` is the confidence that it should have."""
    if reason.code == "missing" or value is None:
        return _("It is needed and was not found.")
    if reason.code == "unsure":
        sure = int((value.confidence or 0.0) * 100 + 1e-9)
        return _("Only %(sure)s %% sure, below the %(least)s %% asked for.") % {
            "sure": sure,
            "least": round(least * 100),
        }
    return " ".join(failed_in_words(value))


def failed_in_words(value: FieldValue, but: Container[str] = ()) -> list[str]:
    """What each check that failed says of the value; those named ``but`` are left out."""
    rows = [match[1] for note in value.notes if (match := ROW.fullmatch(note))]
    told = []
    for name in (name for name, ok in value.checks.items() if not ok and name not in but):
        known = CHECKS.get(name)
        words = str(known) if known else _("It fails the check “%(name)s”.") % {"name": name}
        if name in ROWS_CHECKED and rows:
            words = _("%(wrong)s See row %(rows)s.") % {"wrong": words, "rows": ", ".join(rows)}
        told.append(words)
    return told


def to_look_at(reasons: Sequence[dict[str, Any]]) -> list[str]:
    """What a document waits for, by its review's reasons: "1 not found", "2 unsure"."""
    return [counted(code, count) for code, count in review_queue.counts(reasons).items()]


def counted(code: str, count: int) -> str:
    """How many of a document's fields are to be looked at for this reason."""
    number = {"count": count}
    if code == "missing":
        return ngettext("%(count)s not found", "%(count)s not found", count) % number
    if code == "unsure":
        return ngettext("%(count)s unsure", "%(count)s unsure", count) % number
    return ngettext("%(count)s does not fit", "%(count)s do not fit", count) % number


def sum_in_words(values: Sequence[FieldValue]) -> str:
    """That net and tax do not make the total, with the amounts; "" where they do or one is missing.

    ``values`` are one document's.
    """
    found = {value.name: value for value in values if value.name in (NET, TAX, GROSS)}
    if len(found) < 3 or found[GROSS].checks.get("sum", True):
        return ""
    net, tax, total = (found[name].value for name in (NET, TAX, GROSS))
    made = Decimal(net["amount"]) + Decimal(tax["amount"])
    currency = total.get("currency") or ""
    return _("The amounts do not add up: %(net)s and %(tax)s make %(made)s, not %(total)s.") % {
        "net": shown(Decimal(net["amount"]), currency),
        "tax": shown(Decimal(tax["amount"]), currency),
        "made": shown(made, currency),
        "total": shown(Decimal(total["amount"]), currency),
    }


def refusal_in_words(error: ExtractionError, field: Field) -> str:
    """What is wrong with what a person has said of the field, and what to do."""
    if isinstance(error, InvalidCell):
        column = next((each for each in field.columns if each.name == error.column), None)
        kind = column.kind if column else "text"
        told = {
            "row": error.row,
            "column": field_label(column) if column else error.column,
            "wrong": _value_refused(error.error, kind),
        }
        return _("Row %(row)s, %(column)s: %(wrong)s") % told
    if isinstance(error, InvalidValue):
        return _value_refused(error, field.kind)
    if isinstance(error, VersionConflict):
        return _("Somebody has changed this meanwhile. Look at it again: yours is not saved yet.")
    if isinstance(error, ReviewTaken):
        return _("Somebody else has taken this document. Yours is not saved.")
    if isinstance(error, InvalidOption):
        return _("This is not on the page. Draw the box again.")
    return explain(error.failure()).title


def _value_refused(error: InvalidValue, kind: str) -> str:
    if isinstance(error, WrongCheckSum):
        return _("The check digits are wrong. Compare each character with the page.")
    if error.limit is not None:
        return _("This is too long: at most %(limit)s are allowed.") % {
            "limit": numeral(error.limit, "g")
        }
    told = FORMS.get(kind)
    return str(told) if told else _("Write something, or say that it is not on the document.")


def outcome_in_words(error: ExtractionError) -> str:
    """Why a document was not taken, confirmed or given back."""
    if isinstance(error, FieldsMissing):
        return _(
            "Some values that are needed are missing. Give them, or say that they are not there."
        )
    if isinstance(error, VersionConflict):
        return _("Fields were changed meanwhile. Look at them again, then confirm.")
    if isinstance(error, ReviewTaken):
        return _("Somebody else has taken this document.")
    if isinstance(error, NotInReview):
        return _("This document is checked already.")
    return explain(error.failure()).title


def shown_value(value: Any) -> str:
    """A normal form as people read it; a check box as yes or no."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return as_text(value)


def now_in_words(text: str) -> str:
    """What a field reads now, for who has written something else."""
    return _("It reads now: %(text)s") % {"text": text}
