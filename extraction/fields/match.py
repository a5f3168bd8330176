"""Find fields on pages: by their label, by their pattern, by their place."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from statistics import median
from typing import Any

from extraction.fields import kinds
from extraction.fields.catalogue import CATALOGUE
from extraction.fields.definition import Field
from extraction.fields.kinds.money import CURRENCY, currency
from extraction.fields.kinds.names import COMPANY
from extraction.fields.labels import WEAK, Label, labels_of
from extraction.level import Frame, union
from extraction.tables import is_number
from extraction.types import Alternative, Box, FieldValue, Line, Page, Word

# What a value's place beside its label says.
INSIDE, RIGHT, BELOW = 1.0, 0.95, 0.8
STEP = 0.04  # less for each part passed over on the way
BELOW_REACH = 2.5  # times the label's height
POSITION = 0.75  # the most a place alone says
LOOSE_REACH = 3  # words: how far from a label that may as well stand in a sentence a number counts
# What only a document that asks for money, or says that it was paid, tells.
OF_BILLS = ("invoice_number", "vat_number", "iban", "subtotal", "tax_amount", "total_amount")
MAX_ALTERNATIVES = 3
MIN_SCORE = 0.3

DIGIT = re.compile(r"\d")
TIME = re.compile(r"(?<!\d)\d{1,2}:\d{2}(?!\d)")
RECIPIENT = re.compile(
    r"\b(?:bill(?:ed)? to|ship to|sold to|invoice to|customer|kunde|client|cliente|nabywca|"
    r"rechnungsadresse|attn)\b",
    re.IGNORECASE,
)
STREET = re.compile(
    r"(?<!\w)(?:street|road|avenue|jalan|jln|taman|lorong|lot|stra(?:ß|ss)e|\w+str\.|rue|calle|via|"
    r"ul\.|weg|tel|fax|phone|www\.\S+|\S+@\S+)(?!\w)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Part:
    """A line of a page with its level box, its words split at ":", and its labels."""

    page: int
    page_height: float
    line: Line
    box: Box
    words: tuple[Word, ...]
    labels: tuple[Label, ...]
    has_digit: bool

    @property
    def height(self) -> float:
        return self.box[3] - self.box[1]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A possible value of a field; ``score`` is the evidence times the reading's confidence.

    ``certainty`` is how surely the text is a value of its kind (``kinds.Hit``).
    """

    raw: str
    value: Any
    page: int
    box: Box
    score: float
    method: str
    certainty: float = 1.0


def find(pages: Sequence[Page], fields: Sequence[Field]) -> tuple[FieldValue, ...]:
    """The fields found on the pages, in the order of ``fields``; those not found are left out."""
    parts = _parts(pages, fields)
    found = {field.name: _candidates(field, parts, pages) for field in fields}
    if found.get("issuer_name") and not _is_bill(found, parts, pages):
        found["issuer_name"] = [name for name in found["issuer_name"] if _is_named(name)]
    if "total_amount" in found:
        found["total_amount"] = _prefer_consistent(found)
    values = []
    usual: str | None = None
    if any(found[field.name] for field in fields if field.kind == "money"):
        usual = _usual_currency(parts)
    for field in fields:
        ranked = sorted(found[field.name], key=lambda candidate: -candidate.score)
        if field.kind == "money":
            ranked = [replace(c, value=_in_currency(c.value, usual)) for c in ranked]
        if ranked and ranked[0].score >= MIN_SCORE:
            values.append(_value(field, ranked))
    return tuple(values)


def _is_bill(
    found: Mapping[str, Sequence[Candidate]],
    parts: Sequence[Sequence[_Part]],
    pages: Sequence[Page],
) -> bool:
    """Whether anything but a name at its top says that the document is an invoice or a receipt."""
    labels = (label for on_page in parts for part in on_page for label in part.labels)
    if any(label.field in OF_BILLS and label.strength > WEAK for label in labels):
        return True
    return any(
        candidate.score >= MIN_SCORE
        for field in CATALOGUE
        if field.name in OF_BILLS
        for candidate in (
            found[field.name] if field.name in found else _candidates(field, parts, pages)
        )
    )


def _is_named(candidate: Candidate) -> bool:
    """Whether a label or a company's legal form says so: not any large line at the top does."""
    return candidate.method == "label" or COMPANY.search(candidate.raw) is not None


def _value(field: Field, ranked: Sequence[Candidate]) -> FieldValue:
    best = ranked[0]
    others: list[Candidate] = []
    for candidate in ranked[1:]:
        if all(candidate.value != known.value for known in (best, *others)):
            others.append(candidate)
    return FieldValue(
        name=field.name,
        label=field.label,
        kind=field.kind,
        raw=best.raw,
        value=best.value,
        page=best.page,
        box=best.box,
        confidence=round(min(best.score, 1.0), 4),
        method=best.method,
        alternatives=tuple(
            Alternative(c.raw, c.value, c.page, c.box, round(min(c.score, 1.0), 4))
            for c in others[:MAX_ALTERNATIVES]
        ),
    )


def _parts(pages: Sequence[Page], fields: Sequence[Field]) -> list[list[_Part]]:
    """The lines of each page with what stands in them."""
    words = [
        [tuple(split for word in line.words for split in _split(word)) for line in page.lines]
        for page in pages
    ]
    texts = [[word.text for word in line] for on in words for line in on]
    named = {field.name for field in fields}
    bills = (field for field in CATALOGUE if field.name in OF_BILLS and field.name not in named)
    labels = iter(labels_of((*fields, *bills)).in_lines(texts))
    parts = []
    for page, on_page in zip(pages, words, strict=True):
        frame = Frame(page.width, page.height, page.skew)
        labelled = [(line, next(labels)) for line in page.lines]
        parts.append(
            [
                _Part(
                    page.number,
                    page.height,
                    line,
                    _level_box(line, frame),
                    split,
                    tuple(found),
                    DIGIT.search(line.text) is not None,
                )
                for (line, found), split in zip(labelled, on_page, strict=True)
            ]
        )
    return parts


def _level_box(line: Line, frame: Frame) -> Box:
    boxes = (word.box for word in line.words or (line,))
    return union(map(frame.to_level, boxes) if frame.skew else boxes)


def _split(word: Word) -> Iterator[Word]:
    """ "No:123" as "No:" and "123"; both keep the box of the whole."""
    head, mark, tail = word.text.partition(":")
    if head and tail and any(letter.isalpha() for letter in head):
        yield replace(word, text=head + mark)
        yield replace(word, text=tail)
    else:
        yield word


# Candidates ---------------------------------------------------------------------------------


def _candidates(
    field: Field, parts: Sequence[Sequence[_Part]], pages: Sequence[Page]
) -> list[Candidate]:
    found: list[Candidate] = []
    kind = kinds.KINDS[field.kind]
    for on_page in parts:
        for part in on_page:
            for label in part.labels:
                # "from" within a sentence names no company, as it may at a line's beginning
                loose = field.kind == "organisation" and label.first > 0 and label.strength <= WEAK
                if label.field == field.name and not loose:
                    found += _beside(field, label, part, on_page)
            if field.unlabelled and kind.sight and (part.has_digit or not kind.digits):
                found += _by_sight(field, part)
    if field.unlabelled and field.kind == "organisation":
        found += _at_the_top(pages, parts)
    return found


def _beside(
    field: Field, label: Label, part: _Part, on_page: Sequence[_Part]
) -> Iterator[Candidate]:
    """The value of a label: after it in its line or to the right, else below."""
    following = [other.first for other in part.labels if other.first > label.last]
    # "The invoice that came in May 8974": a weak label's number does not stand words away from it
    loose = field.kind == "id" and label.strength <= WEAK
    reach = LOOSE_REACH if loose else None
    rest = part.words[label.last + 1 : min(following, default=len(part.words))][:reach]
    level = _chosen(field, _hits(field, rest, part.page, label.strength * INSIDE))
    if not following:
        right = (o for o in on_page if _same_row(part, o) and o.box[0] > part.box[0])
        for steps, other in enumerate(sorted(right, key=lambda other: other.box[0])):
            if any(found.first == 0 for found in other.labels) and field.kind != "organisation":
                break
            strength = label.strength * (RIGHT - STEP * steps)
            level += _chosen(field, _hits(field, other.words[:reach], part.page, strength))
    if level:
        yield max(level, key=lambda candidate: candidate.score)
        return
    left = part.words[label.first].box[0] - part.height
    end = part.words[label.last].box[2] + part.height
    below = [
        other
        for other in on_page
        if part.box[1] + part.box[3] < other.box[1] + other.box[3]
        and other.box[1] - part.box[3] < BELOW_REACH * part.height
        and other.box[0] < end
        and other.box[2] > left
    ]
    for steps, other in enumerate(sorted(below, key=lambda other: other.box[1])[:2]):
        if field.kind == "money" and not _amounts_only(other, on_page):
            continue
        words = [word for word in other.words if word.box[2] > left]
        strength = label.strength * (BELOW - STEP * steps)
        hits = list(_hits(field, words, part.page, strength))
        if hits:
            yield hits[0]
            return


def _amounts_only(part: _Part, on_page: Sequence[_Part]) -> bool:
    """Whether nothing but amounts stands in the row: a sum below its label, not an item."""
    row = [part, *(other for other in on_page if _same_row(part, other))]
    return all(is_number(other.line.text) for other in row)


def _same_row(part: _Part, other: _Part) -> bool:
    between = abs(part.box[1] + part.box[3] - other.box[1] - other.box[3]) / 2
    return part is not other and between < 0.6 * min(part.height, other.height)


def _chosen(field: Field, hits: Iterator[Candidate]) -> list[Candidate]:
    """Of several values in one line: the last amount ("VAT 19 % 100.00 19.00"), else the first."""
    found = list(hits)
    return found[-1:] if field.kind == "money" else found[:1]


def _by_sight(field: Field, part: _Part) -> Iterator[Candidate]:
    """Values of a kind that shows without a label; not those that another label claims."""
    if field.kind == "date" and any(label.strength > WEAK for label in part.labels):
        return
    strength = kinds.KINDS[field.kind].sight
    if field.kind == "date":
        # The date of issue comes with the hour, and above the dates of what was bought.
        strength += 0.1 if TIME.search(part.line.text) else 0.0
        strength -= 0.1 * part.box[1] / max(part.page_height, 1)
    for candidate in _hits(field, part.words, part.page, strength):
        if candidate.certainty == 1.0:
            yield replace(candidate, method="pattern")


def _at_the_top(pages: Sequence[Page], parts: Sequence[Sequence[_Part]]) -> Iterator[Candidate]:
    """Names near the top of the first page: large, first, or with a company's legal form."""
    if not parts or not parts[0]:
        return
    ordered = sorted(parts[0], key=lambda part: part.box[1])
    usual = median(part.height for part in ordered)
    top, height = ordered[0].box[1], pages[0].height
    recipient = next(
        (i for i, part in enumerate(ordered) if RECIPIENT.search(part.line.text)), len(ordered)
    )
    for rank, part in enumerate(ordered):
        words = part.words
        if _legal_form_alone(part.line.text) and rank:
            words = ordered[rank - 1].words + words  # the name was too long for one line
        if any(label.first == 0 for label in part.labels):
            continue
        evidence = 0.45 - 0.5 * (part.box[1] - top) / max(height - top, 1) - 0.02 * rank
        for hit in _hits(Field("", "", "organisation"), words, part.page, 1.0):
            letters = sum(character.isalpha() for character in hit.raw)
            if letters < 3 or letters * 2 < len(hit.raw):
                continue
            form = COMPANY.search(hit.raw)
            evidence += 0.35 if form and form.start() > 3 else 0.0
            evidence += 0.1 if part.height > 1.3 * usual else 0.0
            evidence -= 0.15 if any(character.isdigit() for character in hit.raw) else 0.0
            evidence -= 0.3 if rank >= recipient else 0.0
            evidence -= 0.3 if STREET.search(hit.raw) else 0.0
            if evidence > 0:
                score = min(evidence, POSITION) * _confidence(words)
                yield replace(hit, score=score, method="position")


def _legal_form_alone(text: str) -> bool:
    form = COMPANY.search(text)
    return bool(form and form.start() <= 1)


def _hits(field: Field, words: Sequence[Word], page: int, strength: float) -> Iterator[Candidate]:
    """The values of the field's kind among the words."""
    starts, text = [], ""
    for word in words:
        text += " " if text else ""
        starts.append(len(text))
        text += word.text
    for hit in kinds.find(field.kind, text):
        covered = [
            word
            for word, start in zip(words, starts, strict=True)
            if start < hit.end and start + len(word.text) > hit.start
        ]
        yield Candidate(
            raw=text[hit.start : hit.end],
            value=hit.value,
            page=page,
            box=union(word.box for word in covered),
            score=strength * hit.certainty * _confidence(covered),
            method="label",
            certainty=hit.certainty,
        )


def _confidence(words: Sequence[Word]) -> float:
    """The least sure word's confidence; a PDF's own text is sure."""
    return min((w.confidence for w in words if w.confidence is not None), default=1.0)


# Amounts ------------------------------------------------------------------------------------


def _prefer_consistent(found: dict[str, list[Candidate]]) -> list[Candidate]:
    """Totals with those first that are a subtotal plus a tax; among equals the last one.

    What comes last has been rounded, and has tax and discounts in it.
    """

    def amounts(name: str) -> set[Decimal]:
        return {Decimal(candidate.value["amount"]) for candidate in found.get(name, ())}

    sums = {net + tax for net in amounts("subtotal") for tax in amounts("tax_amount") if tax}
    totals = found["total_amount"]
    plain = [total for total in totals if total.score > WEAK]
    last = max(plain, key=lambda total: (total.page, total.box[1]), default=None)
    preferred = []
    for total in totals:
        amount = Decimal(total.value["amount"])
        consistent = any(abs(amount - each) <= Decimal("0.05") for each in sums)
        bonus = (0.1 if consistent else 0.0) + (0.05 if total is last else 0.0)
        penalty = 0.5 if amount <= 0 else 0.0
        preferred.append(replace(total, score=total.score + bonus - penalty))
    return preferred


def _usual_currency(parts: Sequence[Sequence[_Part]]) -> str | None:
    """The currency the document names most often."""
    named = Counter(
        currency(match[0])
        for on_page in parts
        for part in on_page
        for match in CURRENCY.finditer(part.line.text)
    )
    return named.most_common(1)[0][0] if named else None


def _in_currency(value: dict[str, Any], usual: str | None) -> dict[str, Any]:
    return value if value["currency"] else {**value, "currency": usual}
