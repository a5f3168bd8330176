"""The currency of a document as its amounts tell it: by codes and symbols beside them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import islice

from extraction.fields.candidates import Candidate, hits, with_signs
from extraction.fields.kinds import Writing
from extraction.fields.kinds.currencies import CURRENCY
from extraction.fields.parts import Sheet

MOST_PARTS = 200  # lines with a code or a symbol that are looked at
ENOUGH = 5  # marks of one currency from which more say no more


def of_amounts(sheets: Sequence[Sheet], writing: Writing) -> list[Candidate]:
    """Each currency named in the document once, where it is named first."""
    marked = (
        (part, sheet) for sheet in sheets for part in sheet.parts if CURRENCY.search(part.text)
    )
    first: dict[str, Candidate] = {}
    count: Counter[str] = Counter()
    beside: Counter[str] = Counter()
    for part, sheet in islice(marked, MOST_PARTS):
        for each in hits("currency", part.words, part, sheet, writing, "pattern", {}):
            first.setdefault(each.value, each)
            count[each.value] += 1
            beside[each.value] += part.has_digit
    return [
        with_signs(
            each,
            marks=min(count[code], ENOUGH) / ENOUGH,
            marks_beside=min(beside[code], ENOUGH) / ENOUGH,
            marks_share=count[code] / count.total(),
            marks_usual=float(code == writing.currency),
        )
        for code, each in first.items()
    ]
