"""Which of the values that the kinds find in a text show by themselves what they are.

``fields.kinds`` finds what may be a value where a label says that one stands; here nobody says so.
What is believed needs a sign of its own: a check sum, a currency, a country's prefix, a month's
name, or a label right before it that means the kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from extraction.entities.neighbours import TIME, label_before, stands_alone
from extraction.entities.stretches import Stretch
from extraction.fields import kinds
from extraction.fields.kinds import Hit, Writing

BY_DOCUMENT = "currency_by_document"
MOST_OF_A_KIND = 40  # in one stretch
MOST_TAX_NUMBERS = 8
FEWEST_TAX_DIGITS = 7  # of a number that only a label says to be one


@dataclass(frozen=True, slots=True)
class Found:
    """A value of a kind in a stretch's text."""

    kind: str
    hit: Hit


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What tells of a text besides itself; ``quantity``: it is a cell of a column of quantities."""

    writing: Writing
    quantity: bool = False


Believes = Callable[[Stretch, Surroundings], Iterator[Hit]]


def found(stretch: Stretch, around: Surroundings) -> list[Found]:
    """The values in the text, from left to right, none within another.

    What may be of several kinds is of the first of ``KINDS``.
    """
    taken: list[tuple[int, int]] = []
    values: list[Found] = []
    for kind, (gate, believes) in KINDS.items():
        if not gate(stretch.text):
            continue
        for hit, _ in zip(believes(stretch, around), range(MOST_OF_A_KIND), strict=False):
            if any(hit.start < end and start < hit.end for start, end in taken):
                continue
            taken.append((hit.start, hit.end))
            if hit.certainty > 0:
                values.append(Found(kind, hit))
    return sorted(values, key=lambda each: each.hit.start)


def over_a_break(stretch: Stretch, around: Surroundings) -> list[Found]:
    """A date with a month's name or an IBAN with a right check sum that two lines share."""
    values = []
    for kind, hits in (("iban", _ibans), ("date", _dates)):
        gate, _ = KINDS[kind]
        for hit in hits(stretch, around) if gate(stretch.text) else ():
            named = kind == "iban" or any(map(str.isalpha, stretch.text[hit.start : hit.end]))
            if hit.start < stretch.border < hit.end and hit.certainty == 1.0 and named:
                values.append(Found(kind, hit))
    return values[:1]


def in_writing(kind: str, hit: Hit, writing: Writing) -> Hit:
    """The hit, an amount without a currency of its own in the document's."""
    if kind != "money" or hit.value["currency"] or not writing.currency:
        return hit
    value = {**hit.value, "currency": writing.currency}
    return replace(hit, value=value, notes=(*hit.notes, BY_DOCUMENT))


# Addresses ----------------------------------------------------------------------------------------


def _emails(stretch: Stretch, around: Surroundings) -> Iterator[Hit]:
    yield from kinds.find("email", stretch.text)


# Not what a line's end has left of "www.example".
_HOST = re.compile(r"(?:www\.)?+[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,}(?![\w.-])|[\d.]+(?![\w-])")
_NUMBERED = re.compile(r"\W{0,3}\d")
_PLAIN_DOMAIN = re.compile(r"\.(?:com|net|org|co|gov|edu)(?:\.|$)")


def _urls(stretch: Stretch, around: Surroundings) -> Iterator[Hit]:
    """With a scheme or "www", else where a host is written as hosts are, in one case."""
    for hit in kinds.find("url", stretch.text):
        host = hit.value.partition("://")[2]
        shows = hit.certainty == 1.0 and _HOST.match(host)
        written = re.split(r"[/?#:]", stretch.text[hit.start : hit.end])[0]
        if shows or (hit.certainty < 1.0 and _written_as_host(written, stretch.text, hit.end)):
            yield hit


def _written_as_host(host: str, text: str, end: int) -> bool:
    """In one case: "shop.example.de"; in capitals where all is. Not "Inc.at", nor "reg.no: 12"."""
    if _NUMBERED.match(text, end):
        return False
    return host.islower() or (text.isupper() and _PLAIN_DOMAIN.search(host.lower()) is not None)


# Numbers with a check sum -------------------------------------------------------------------------


def _ibans(stretch: Stretch, around: Surroundings) -> Iterator[Hit]:
    """Those with a right check sum; a wrong one keeps others from taking its digits."""
    for hit in kinds.find("iban", stretch.text):
        yield hit if hit.checks.get("checksum") else replace(hit, certainty=0.0)


def _tax_numbers(stretch: Stretch, around: Surroundings) -> Iterator[Hit]:
    """With a country's letters and a right check sum, or behind a label that means them."""
    for hit in _tax_hits(stretch.text, 0, around.writing, MOST_TAX_NUMBERS):
        shows = hit.checks.get("checksum") and (hit.certainty == 1.0 or hit.value[:2].isalpha())
        told = _digits(hit.value) >= FEWEST_TAX_DIGITS and label_before(stretch, hit.start) == "vat"
        wrong = hit.checks.get("checksum") is False
        if (shows or (told and not wrong)) and stands_alone(stretch.text, hit.start, hit.end):
            yield hit


def _tax_hits(text: str, start: int, writing: Writing, most: int) -> Iterator[Hit]:
    """The kind finds one, the likeliest: this looks before and behind it for others."""
    hits = kinds.find("vat", text, writing) if most else []
    for hit in hits:
        yield from _tax_hits(text[: hit.start], start, writing, most // 2)
        yield replace(hit, start=hit.start + start, end=hit.end + start)
        yield from _tax_hits(text[hit.end :], start + hit.end, writing, most // 2)


# Dates --------------------------------------------------------------------------------------------

_SPAN = re.compile(r"(?<=[./-]\d{4})[-–—](?=\d{1,4}[./-])")
_SHORT_YEAR = re.compile(r"\A(?!\d{4}).*(?<!\d)['’]?\d{2}\Z")
_SINGLE = re.compile(r"(?<!\d)\d(?!\d)")


def _dates(stretch: Stretch, around: Surroundings) -> Iterator[Hit]:
    """Not the date within a number, nor where what stands before it says that it is a number."""
    text = _SPAN.sub(" ", stretch.text)
    for hit in _date_hits(text, around.writing):
        in_boxes = " " in text[hit.start : hit.end] and hit.end - hit.start == len(text)
        if not (hit.certainty == 1.0 or in_boxes) or not stands_alone(text, hit.start, hit.end):
            continue
        if label_before(stretch, hit.start, near=0) not in ("id", "iban", "vat", "phone", "bic"):
            yield hit


def _date_hits(text: str, writing: Writing) -> Iterator[Hit]:
    """Dates whose year is one: in "1 March - 31 March 2026" it is not 31."""
    start = 0
    for _ in range(MOST_OF_A_KIND):
        for hit in kinds.find("date", text[start:], writing):
            hit = replace(hit, start=hit.start + start, end=hit.end + start)
            raw = text[hit.start : hit.end]
            if _SHORT_YEAR.search(raw) and not _believable_short(text, hit, raw):
                start = hit.end - 2
                break
            yield hit
        else:
            return


def _believable_short(text: str, hit: Hit, raw: str) -> bool:
    """Whether a date with two digits of its year is one: not "3.1.12", nor "10 Dec 15 units"."""
    if any(map(str.isalpha, raw)):
        alone = text.strip() == raw or TIME.match(text, hit.end)
        return bool("'" in raw or "’" in raw or " " not in raw or alone)
    return "/" in raw or not _SINGLE.search(raw)


# Telephone numbers --------------------------------------------------------------------------------

_AMERICAN = re.compile(r"(?:1[ .-])?\(?\d{3}\)?[ .-]\s?\d{3}[.-]\d{4}")


def _phones(stretch: Stretch, around: Surroundings) -> Iterator[Hit]:
    """With a country's prefix; else behind a label, or written as nothing else is."""
    text = stretch.text
    for hit in kinds.find("phone", text, around.writing):
        if not stands_alone(text, hit.start, hit.end):
            continue
        raw = text[hit.start : hit.end]
        label = label_before(stretch, hit.start)
        if hit.certainty == 1.0 or (hit.certainty >= 0.8 and label == "phone"):
            yield hit
        elif label == "phone":  # as written
            yield replace(hit, notes=("country_not_known",))
        elif hit.certainty >= 0.8 and label == "" and _written_as_phone(raw, text[: hit.start]):
            yield hit


def _written_as_phone(raw: str, before: str) -> bool:
    """As Americans write them, or in groups with an area code and nothing said before."""
    if _AMERICAN.fullmatch(raw):
        return True
    local = raw[0] == "(" or (raw[0] == "0" and raw[:2] != "00" and not raw.isdigit())
    return local and not before.rstrip()[-1:].isalnum()


# Amounts ------------------------------------------------------------------------------------------

_UNIT = re.compile(
    r"\s?(?:kg|mg|g|t|km|mm|cm|m|m[²³23]|l|ml|cl|ltr|h|hrs?|hours?|std\.?|stunden|min|kwh|mwh|kw|kva|"
    r"w|v|°|pcs?\.?|pieces|stk\.?|stück|st\.|ea|[x×*]|ft|in|lbs?|oz|gb|mb|dpi|pt|px|uhr|am|pm|a\.m|"
    r"p\.m|nights?|days?|tage|years?|jahre|szt\.?|godz\.?|pz\.?|uds?\.?|ore|heures?)(?![^\W_])",
    re.IGNORECASE,
)
_CENTS = re.compile(r"[.,]\d{2}\D*$")
_NUMBERS = frozenset({"percent", "number", "id", "date", "phone"})


def _amounts(stretch: Stretch, around: Surroundings) -> Iterator[Hit]:
    """With a currency; without one where cents, and what stands around, show an amount."""
    text, writing = stretch.text, around.writing
    for hit in kinds.find("money", text, writing):
        raw = text[hit.start : hit.end]
        if raw.endswith(")") and "(" not in raw:
            hit = replace(hit, end=hit.end - 1)
        if hit.value["currency"]:
            foreign = hit.certainty < 1.0 and hit.value["currency"] != writing.currency
            if foreign and not _is_amount(raw):
                continue
            if stands_alone(text, hit.start, hit.end, joins="-_"):
                yield hit
        elif (
            hit.certainty == 1.0
            and not around.quantity
            and (mark := _CENTS.search(raw))
            and writing.decimal_mark in (None, mark[0][0])
            and not _UNIT.match(text, hit.end)
            and stands_alone(text, hit.start, hit.end)
            and _only_codes(text[hit.end :])
        ):
            label = label_before(stretch, hit.start)
            if label == "money" or (writing.currency and label not in _NUMBERS):
                yield in_writing("money", hit, writing)


def _is_amount(raw: str) -> bool:
    """Whether a whole number in another currency than the document's is one: not "RON 95"."""
    digits = "".join(filter(str.isdigit, raw))
    year = len(digits) == 4 and digits[:2] in ("19", "20")
    return not any(map(str.isalpha, raw)) or (len(digits) > 2 and not year)


def _only_codes(text: str) -> bool:
    """Whether nothing but numbers and codes of up to three letters follow: no sentence goes on."""
    return all(
        (sum(map(str.isalpha, word)) <= 3 and not word.islower()) or not any(map(str.isalpha, word))
        for word in text.split()
    )


# By what a text may hold a kind -------------------------------------------------------------------


def _has_digit(text: str) -> bool:
    return _digits(text) > 0


def _has_digits(text: str) -> bool:
    return _digits(text) > 2


def _has_many_digits(text: str) -> bool:
    return _digits(text) > 5


def _digits(text: str) -> int:
    return len(_DIGIT.findall(text))


_DIGIT = re.compile(r"\d")

# By rank: an IBAN's digits are no telephone number, an address of mail is no web address.
KINDS: Mapping[str, tuple[Callable[[str], bool], Believes]] = {
    "email": (lambda text: "@" in text, _emails),
    "url": (lambda text: "." in text, _urls),
    "iban": (_has_many_digits, _ibans),
    "vat": (_has_many_digits, _tax_numbers),
    "date": (_has_digits, _dates),
    "phone": (_has_many_digits, _phones),
    "money": (_has_digit, _amounts),
}
