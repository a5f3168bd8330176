"""Possible values of a field, from its labels and from patterns, with what speaks for each.

What speaks for a candidate is a set of named numbers (``signs``); ``ranking`` weighs them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from extraction.fields import kinds
from extraction.fields.definition import Field
from extraction.fields.kinds import Hit, Writing
from extraction.fields.kinds.addresses import postcode
from extraction.fields.labels import WEAK, Label
from extraction.fields.parts import Part, Sheet, reading
from extraction.fields.patterns import spans
from extraction.level import union
from extraction.tables import is_number
from extraction.types import Box, Word

MOST = 400  # candidates of one field, the first on the pages
BELOW_REACH = 2.5  # times the label's height
TO_THE_RIGHT = 4  # parts of the row behind a label's that are looked at
LOOSE_REACH = 3  # words: how far from a label that may as well stand in a sentence a number counts

TIME = re.compile(r"(?<!\d)\d{1,2}:\d{2}(?!\d)")
CLOCK = re.compile(r"\d[:.h]\d{2}")  # what times of any writing have
HEADING = re.compile(r"\W*(?:\d{1,2}[.)]\d?\s|§)")
# Kinds of which any text is a value: a sentence behind a label is one too.
ANY_TEXT = frozenset({"text", "organisation", "person"})
NAMES = frozenset({"organisation", "person"})
LAST_OF_A_SPAN = frozenset({"period_end"})  # "1 May to 31 May" is one line with one label
BESIDE_A_DATE = frozenset({"transaction_time"})  # opening hours are times too

# Kinds whose normal form is the text itself: what a pattern matches is a value as it stands.
AS_WRITTEN = ANY_TEXT | {"id"}

Signs = dict[str, float]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A possible value of a field.

    ``signs`` is what speaks for it, by name; ``depth`` how far down its page it stands, 0 to 1.
    ``reading`` is how surely its words were read right, ``box`` is in points of the page. ``odds``
    is what a template says for it, in logarithms of odds.
    """

    raw: str
    value: Any
    page: int
    box: Box
    method: str
    signs: Signs
    reading: float = 1.0
    depth: float = 0.0
    odds: float = 0.0
    checks: Mapping[str, bool] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def candidates(wanted: Field, sheets: Sequence[Sheet], writing: Writing) -> list[Candidate]:
    """The values of a field beside its labels, and those known by sight."""
    found: list[Candidate] = []
    kind = kinds.KINDS[wanted.kind]
    sight = _shows(wanted)
    for sheet in sheets:
        for part in sheet.parts:
            for label in part.labels:
                if label.field == wanted.name and not in_a_sentence(wanted, label, part):
                    found += _beside(wanted, label, part, sheet, writing)
            if sight and (part.has_digit or not kind.digits):
                found += _by_sight(wanted, part, sheet, writing)
        if len(found) >= MOST:
            break
    if wanted.kind == "percent" and len({each.value for each in found if _signed(each)}) > 1:
        return []  # goods at several rates: none is the document's
    # What may mean the field counts where nothing does say it. Of amounts the sums decide.
    if wanted.kind != "money" and any("strong" in each.signs for each in found):
        found = [each for each in found if "weak" not in each.signs]
    return found[:MOST]


def _shows(wanted: Field) -> bool:
    """Whether values of the field are known without a label."""
    return wanted.unlabelled and (kinds.KINDS[wanted.kind].sight > 0 or wanted.pattern != "")


def _signed(each: Candidate) -> bool:
    """Whether a percent sign, not only a number below a heading, says that it is a percentage."""
    return each.signs["certainty"] == 1.0 and "below" not in each.signs


def in_a_sentence(wanted: Field, label: Label, part: Part) -> bool:
    """Whether the label is a word of a sentence, or of a name.

    "from" within a sentence names no company, as it may at a line's beginning; nor does "the
    carrier in good order", nor "Compagnie maritime du Levant".
    """
    if wanted.kind not in ANY_TEXT or is_label(part, opening=False):
        return False
    if label.first > 0 and label.strength <= WEAK:
        return True
    behind = part.words[label.last + 1 : label.last + 2]
    goes_on = any(word.text[0].islower() for word in behind)
    apart = part.words[label.last].text.endswith(":")
    return goes_on and not apart and (wanted.kind in NAMES or label.first > 0)


def _beside(
    wanted: Field, label: Label, part: Part, sheet: Sheet, writing: Writing
) -> Iterator[Candidate]:
    """The value of a label: after it in its line, to the right, or below."""
    stop = next_label(label, part, texts=wanted.kind in ANY_TEXT)
    # "The invoice that came in May 8974": a weak label's number does not stand words away from it
    weak = label.strength <= WEAK
    reach = LOOSE_REACH if weak and (wanted.kind == "id" or label.first) else None
    told = says(label, part)
    if wanted.kind == "id" and _in_an_item(label, part, sheet):
        return
    rest = part.words[label.last + 1 : stop][:reach]
    if wanted.kind == "percent":  # "VAT 21 %" and "21 % VAT"
        rest = part.words
    level = list(_chosen(wanted, rest, part, sheet, writing, {**told, "inside": 1.0}))
    if stop == len(part.words):
        right = (other for other in sheet.row(part) if other.box[0] > part.box[0])
        for steps, other in enumerate(list(right)[:TO_THE_RIGHT]):
            if is_label(other, opening=wanted.kind not in ANY_TEXT):
                break
            signs = {**told, "right": 1.0, "steps": float(steps + bool(level))}
            level += _chosen(wanted, other.words[:reach], other, sheet, writing, signs)
    yield from level
    if level:
        return
    left = part.words[label.first].box[0] - part.height
    end = part.words[label.last].box[2] + part.height
    under = (
        other
        for other in sheet.below(part, BELOW_REACH * part.height)
        if other.box[0] < end and other.box[2] > left
    )
    below = []
    for below_steps, other in enumerate(list(under)[:2]):
        if wanted.kind == "money" and not _amounts_only(other, sheet):
            continue
        if wanted.kind in ANY_TEXT and is_label(other, opening=False):
            continue
        if weak and _is_heading_or_town(wanted, other):
            break
        words = [w for w in other.words if w.box[2] > left or wanted.kind in ANY_TEXT]
        signs = {**told, "below": 1.0, "steps": float(below_steps)}
        below += list(_chosen(wanted, words, other, sheet, writing, signs, first=True))[:1]
    # Several values below a word that only may mean the field: a column of a table.
    if below and not (weak and len(below) > 1 and wanted.kind == "date"):
        yield below[0]


def _is_heading_or_town(wanted: Field, part: Part) -> bool:
    """Whether the line below a word that only may be a label is text of its own kind.

    Below "Terms" stands "1. Payment", below "Accounts payable" "28195 Bremen".
    """
    if wanted.kind in ANY_TEXT:
        return HEADING.match(part.text) is not None
    return (
        wanted.kind == "id" and part.words[0] != part.words[-1] and postcode(part.text) is not None
    )


def _in_an_item(label: Label, part: Part, sheet: Sheet) -> bool:
    """Whether the label is a word of goods or of a booking: "Resistor, Ref. 100   4   112.30"."""
    if part.words[label.last].text.endswith(":") or is_label(part, opening=False):
        return False
    numbers = sum(is_number(o.text) for o in sheet.row(part) if o.box[0] > part.box[0])
    return numbers > (0 if label.first else 1)


def is_label(part: Part, *, opening: bool) -> bool:
    """Whether the part is labels alone, or begins with one where ``opening`` says it is enough."""
    if not part.labels or part.labels[0].first:
        return False
    named = {at for each in part.labels for at in range(each.first, each.last + 1)}
    return opening or not any(
        any(map(str.isalnum, word.text)) for at, word in enumerate(part.words) if at not in named
    )


def next_label(label: Label, part: Part, *, texts: bool = True) -> int:
    """The first word of the next label in the part, or how many words the part has.

    With ``texts`` a label right behind may be what the first one says.
    """
    following = (
        other.first
        for other in part.labels
        if other.first > label.last and not (texts and _begins_a_text(label, other, part))
    )
    return min(following, default=len(part.words))


def _begins_a_text(label: Label, other: Label, part: Part) -> bool:
    """Whether a label right behind another is what that says: "Carrier: Swift Haulage"."""
    return (
        other.first == label.last + 1
        and part.words[label.last].text.endswith(":")
        and not part.words[other.last].text.endswith(":")
        and other.last + 1 < len(part.words)
    )


def says(label: Label, part: Part) -> Signs:
    exact = label.strength in (1.0, WEAK)
    return {
        "strong" if label.strength > WEAK else "weak": 1.0,
        "misread": 0.0 if exact else 1.0,
        "label_words": float(min(label.last - label.first, 3)),
        "label_first": float(label.first == 0),
    }


def _amounts_only(part: Part, sheet: Sheet) -> bool:
    """Whether nothing but amounts stands in the row: a sum below its label, not an item."""
    return all(is_number(other.text) for other in (part, *sheet.row(part)))


def _chosen(
    wanted: Field,
    words: Sequence[Word],
    part: Part,
    sheet: Sheet,
    writing: Writing,
    signs: Signs,
    *,
    first: bool = False,
) -> Iterator[Candidate]:
    """Of several values in one line: the last amount ("VAT 19 % 100.00 19.00"), else the first.

    And of a span of days the last where its end is wanted, of numbers the one with a percent sign.
    """
    found = list(
        hits(wanted.kind, words, part, sheet, writing, "label", signs, pattern=wanted.pattern)
    )
    if wanted.kind == "percent":
        found = [each for each in found if each.signs["certainty"] == 1.0] or found
    last = (wanted.kind == "money" and not first) or wanted.name in LAST_OF_A_SPAN
    yield from found[-1:] if last else found[:1]


def _by_sight(wanted: Field, part: Part, sheet: Sheet, writing: Writing) -> Iterator[Candidate]:
    """Values of a kind that shows without a label; not dates that another label claims."""
    if part.labels and wanted.kind == "date":
        return
    if wanted.name in BESIDE_A_DATE and not (CLOCK.search(part.text) and _dated(part, sheet)):
        return
    signs = {"sight": 1.0, "time": float(TIME.search(part.text) is not None)}
    for each in hits(
        wanted.kind, part.words, part, sheet, writing, "pattern", signs, pattern=wanted.pattern
    ):
        if each.signs["certainty"] == 1.0:
            yield each


def _dated(part: Part, sheet: Sheet) -> bool:
    """Whether a date stands in the row."""
    return any(
        each.has_digit and kinds.find("date", each.text) for each in (part, *sheet.row(part))
    )


def hits(
    kind: str,
    words: Sequence[Word],
    part: Part,
    sheet: Sheet,
    writing: Writing,
    method: str,
    signs: Signs,
    *,
    pattern: str = "",
) -> Iterator[Candidate]:
    """The values of a kind among the words of a part; with a pattern, what matches it."""
    starts, text = [], ""
    for word in words:
        text += " " if text else ""
        starts.append(len(text))
        text += word.text
    for hit in _values(kind, text, writing, pattern):
        covered = [
            word
            for word, start in zip(words, starts, strict=True)
            if start < hit.end and start + len(word.text) > hit.start
        ]
        if covered:
            yield candidate(hit, text, covered, part, sheet, method, signs)


def _values(kind: str, text: str, writing: Writing, pattern: str) -> Iterator[Hit]:
    if not pattern:
        yield from kinds.find(kind, text, writing)
        return
    for start, end in spans(pattern, text):
        if kind in AS_WRITTEN:
            yield Hit(start, end, text[start:end], 1.0)
            continue
        for hit in kinds.find(kind, text[start:end], writing):
            yield replace(hit, start=start + hit.start, end=start + hit.end, certainty=1.0)
            break


def candidate(
    hit: Hit,
    text: str,
    words: Sequence[Word],
    part: Part,
    sheet: Sheet,
    method: str,
    signs: Signs,
) -> Candidate:
    """A value found in a text, whose words are those."""
    return Candidate(
        raw=text[hit.start : hit.end],
        value=hit.value,
        page=part.page,
        box=union(word.box for word in words),
        method=method,
        signs={**signs, **_looks(part, sheet), "certainty": hit.certainty},
        reading=reading(words),
        depth=sheet.depth(part),
        checks=hit.checks,
        notes=hit.notes,
    )


def _looks(part: Part, sheet: Sheet) -> Signs:
    """What a part's place and size say."""
    depth = sheet.depth(part)
    size = part.height / sheet.text_height
    return {
        "depth": depth,
        "top": float(depth < 0.25),
        "bottom": float(depth > 0.75),
        "large": float(size > 1.25),
        "small": float(size < 0.8),
        "first_page": float(part.page == sheet.page.number == 1),
    }


def with_signs(each: Candidate, **signs: float) -> Candidate:
    """The candidate with more that speaks for or against it."""
    return replace(each, signs={**each.signs, **signs})
