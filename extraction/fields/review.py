"""Why a person should look at the fields of a document: what is missing, unsure or inconsistent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from extraction.fields.definition import Field
from extraction.types import FieldValue

Code = Literal["missing", "unsure", "inconsistent"]

BY_A_PERSON = frozenset({"corrected", "confirmed"})  # methods of a value


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a field is to be reviewed.

    ``detail`` says it in words and holds nothing of the document's text; ``document`` is the number
    of the part, where the file was split.
    """

    field: str
    code: Code
    detail: str
    document: int | None = None


def reasons(
    values: Sequence[FieldValue],
    fields: Sequence[Field],
    *,
    threshold: float,
    document: int | None = None,
) -> tuple[Reason, ...]:
    """The reasons to review one document, in the order of its fields.

    ``fields`` are those that were looked for. A required one without a value is "missing". One that
    is required, or has a threshold of its own, is "unsure" below that threshold, else below
    ``threshold``; others are not, or hardly a document would pass unseen. Any whose checks failed
    is "inconsistent". Values that a person gave or confirmed give no reason.
    """
    by_name = {value.name: value for value in values}
    found = []
    for field in fields:
        value = by_name.get(field.name)
        if value is None:
            if field.required:
                found.append(
                    Reason(field.name, "missing", f"{field.label} was not found.", document)
                )
            continue
        if value.method in BY_A_PERSON:
            continue
        least = threshold if field.threshold is None else field.threshold
        watched = field.required or field.threshold is not None
        if watched and value.confidence is not None and value.confidence < least:
            detail = f"{field.label} has a confidence of {value.confidence:.3f}, below {least:.3f}."
            found.append(Reason(field.name, "unsure", detail, document))
        failed = [name for name, passed in value.checks.items() if not passed]
        if failed:
            detail = f"{field.label} does not pass: {', '.join(failed)}."
            found.append(Reason(field.name, "inconsistent", detail, document))
    return tuple(found)
