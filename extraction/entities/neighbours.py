"""What stands right beside a value: whether it ends there, and the label before it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import chain

from extraction.entities.stretches import Stretch
from extraction.fields.catalogue import CATALOGUE
from extraction.fields.labels import Labels, labels_of

BEHIND = 2  # words between a label and its value
TIME = re.compile(r"\s?[-–/T,]?\s?\d{1,2}[:.h]\d{2}")  # of day, behind a date


def stands_alone(text: str, start: int, end: int, joins: str = "-/_\\") -> bool:
    """Whether no letter, digit or mark that joins them goes on from the value on either side."""
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    if before and before[-1].isalnum():
        return False
    if len(before) == 2 and before[1] in joins and before[0].isalnum():
        return False
    if TIME.match(text, end):
        return True
    if after and after[0].isalnum():
        return False
    return not (len(after) == 2 and after[0] in joins + "." and after[1].isalnum())


# Names that the catalogue's fields do not go by; in capitals, for "ein" is a word.
_TAX = re.compile(
    r"(?<!\w)(?:Steuer-?Nr|STEUER-?NR|SIRET|SIREN|EIN|ABN|ACN|CNPJ|UEN|UTR|GSTIN|Tax ID|TAX ID)"
    r"\W*$"
)
_FAX = re.compile(r"(?:tele)?(?:fax|faks|copie|copieur)[\W\d]*", re.IGNORECASE)


@cache
def _labels() -> tuple[Labels, Mapping[str, str]]:
    """The catalogue's labels, with those that only may mean a telephone or tax number or an amount,
    and of which kind of value each of their fields is."""
    loose = tuple(field for field in CATALOGUE if field.kind in ("phone", "vat", "money"))
    return labels_of(loose), {field.name: field.kind for field in CATALOGUE}


def label_before(stretch: Stretch, start: int, near: int = BEHIND) -> str:
    """The kind of value that the label right before that place asks for; "" for no label.

    Right before: with ``near`` words between at most. At a stretch's beginning it is the end of
    what stands left of it.
    """
    text = stretch.text[:start]
    words = _words(text) if text.strip(" :.#-(") else _words(stretch.before)
    if not words:
        return ""
    if _FAX.fullmatch(words[-1]):
        return "phone"
    if _TAX.search(" ".join(words[-3:])):
        return "vat"
    words = words[-12:]
    labels, kinds_of = _labels()
    (found,) = labels.in_lines([words], as_read=[False])
    reached = [label for label in found if len(words) - 1 - label.last <= near]
    if not reached:
        return ""
    last = max(label.last for label in reached)
    named = [kinds_of.get(label.field, "text") for label in reached if label.last == last]
    return next((kind for kind in ("phone", "vat") if kind in named), named[0])


def _words(text: str) -> Sequence[str]:
    """The words of a text, parted behind colons; marks alone are none."""
    parts = chain.from_iterable(word.replace(":", ": ").split() for word in text[-120:].split())
    return [word for word in parts if any(map(str.isalnum, word))]
