"""What a template says of a field's values: which candidates count, and others that it leads to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from extraction.fields.candidates import ANY_TEXT, MOST, Candidate, candidate, hits
from extraction.fields.catalogue import CATALOGUE
from extraction.fields.definition import Field, Region
from extraction.fields.kinds import Hit, Writing
from extraction.fields.kinds.addresses import normal_form
from extraction.fields.labels import squeezed
from extraction.fields.learning import experienced, shape_of
from extraction.fields.parts import LEVEL, Part, Sheet
from extraction.fields.surroundings import place_of

# What speaks for a candidate, in logarithms of odds; by hand, for a template is a person's word.
BY_PATTERN = 3.0  # what a pattern of the template matches, wherever it stands
IN_REGION = 2.5  # what stands where the template says, with or without a label
AFTER_ANCHOR = 1.5
LIKE_EXAMPLE, UNLIKE_EXAMPLE = 1.0, -1.0
LONGEST_ANCHOR = 8  # words
PREDEFINED = {field.name: field.pattern for field in CATALOGUE}  # no template's word
BLOCKS = ANY_TEXT | {"address"}  # kinds whose value may be all lines of a region


def narrowed(
    field: Field,
    found: Sequence[Candidate],
    sheets: Sequence[Sheet],
    writing: Writing,
    usual: float,
) -> list[Candidate]:
    """The candidates that the template allows, and those that its words lead to, with ``odds``.

    ``usual`` is the ranker's weight of a candidate of which nothing is known: what the template
    leads to is weighed from there on. Without anything said of the field: ``found`` as it is.
    """
    kept = list(found)
    if field.pattern and field.pattern != PREDEFINED.get(field.name):
        kept += _new(_by_pattern(field, sheets, writing, BY_PATTERN - usual), kept)
    if field.region:
        kept = [each for each in kept if _inside(field.region, each, sheets)]
        kept = [replace(each, odds=each.odds + IN_REGION) for each in kept]
        kept += _new(_in_region(field, field.region, sheets, writing, IN_REGION - usual), kept)
    if field.anchors:
        kept = _after_anchors(field, kept, sheets)
    if field.examples:
        shapes = {shape_of(example, field.kind) for example in field.examples}
        kept = [
            replace(
                each,
                odds=each.odds
                + (LIKE_EXAMPLE if shape_of(each.raw, field.kind) in shapes else UNLIKE_EXAMPLE),
            )
            for each in kept
        ]
    return experienced(field, kept, sheets, writing, usual) if field.learned else kept


def _new(found: Iterator[Candidate], known: Sequence[Candidate]) -> list[Candidate]:
    """Those found that stand at no known candidate's place."""
    have = {(each.page, each.box) for each in known}
    return [each for each in islice(found, MOST) if (each.page, each.box) not in have]


def _by_pattern(
    field: Field, sheets: Sequence[Sheet], writing: Writing, odds: float
) -> Iterator[Candidate]:
    for sheet in sheets:
        for part in sheet.parts:
            for each in hits(
                field.kind, part.words, part, sheet, writing, "pattern", {}, pattern=field.pattern
            ):
                yield replace(each, odds=odds)


def _on(region: Region, sheets: Sequence[Sheet]) -> list[Sheet]:
    """The pages that the region is of."""
    if region.page is None:
        return list(sheets)
    if region.page < 0:
        return list(sheets[region.page :][:1]) if -region.page <= len(sheets) else []
    return list(sheets[region.page - 1 : region.page])


def _within(region: Region, place: tuple[float, float]) -> bool:
    left, top, right, bottom = region.box
    return left <= place[0] <= right and top <= place[1] <= bottom


def _inside(region: Region, each: Candidate, sheets: Sequence[Sheet]) -> bool:
    """Whether the middle of the candidate lies in the region."""
    return any(
        sheet.page.number == each.page and _within(region, place_of(sheet, each.box))
        for sheet in _on(region, sheets)
    )


def _in_region(
    field: Field, region: Region, sheets: Sequence[Sheet], writing: Writing, odds: float
) -> Iterator[Candidate]:
    """Values of the field's kind in the region: of words all its lines as one."""
    for sheet in _on(region, sheets):
        parts = [part for part in sheet.parts if _within(region, place_of(sheet, part.line.box))]
        if field.kind in BLOCKS and not field.pattern and parts:
            yield from (replace(each, odds=odds) for each in _block(field, parts, sheet, writing))
            continue
        for part in parts:
            for each in hits(
                field.kind, part.words, part, sheet, writing, "region", {}, pattern=field.pattern
            ):
                yield replace(each, odds=odds)


def _block(
    field: Field, parts: Sequence[Part], sheet: Sheet, writing: Writing
) -> Iterator[Candidate]:
    """A text or an address from all the lines; a name from the first line that is one."""
    if field.kind in ("organisation", "person"):
        for part in parts:
            found = list(hits(field.kind, part.words, part, sheet, writing, "region", {}))
            if found:
                yield found[0]
                return
        return
    lines = [part.text for part in parts if not _is_label_only(field, part)]
    words = [word for part in parts for word in part.words if not _is_label_only(field, part)]
    if lines:
        raw = (", " if field.kind == "address" else " ").join(lines)
        value = normal_form(lines) if field.kind == "address" else raw
        hit = Hit(0, len(raw), value, 1.0)
        yield candidate(hit, raw, words, parts[0], sheet, "region", {})


def _is_label_only(field: Field, part: Part) -> bool:
    """Whether the line is nothing but a label of the field."""
    return any(
        label.field == field.name and label.first == 0 and label.last == len(part.words) - 1
        for label in part.labels
    )


def _after_anchors(
    field: Field, found: Sequence[Candidate], sheets: Sequence[Sheet]
) -> list[Candidate]:
    """The candidates that come after an anchor, those next after one preferred."""
    anchors = {squeezed(anchor) for anchor in field.anchors} - {""}
    starts = {sheet.page.number: _anchored(sheet, anchors) for sheet in sheets}
    distances = [(_distance(each, starts.get(each.page, [])), each) for each in found]
    nearest = min((away for away, _ in distances if away is not None), default=0.0)
    return [
        replace(each, odds=each.odds + (AFTER_ANCHOR if away <= nearest else 0.0))
        for away, each in distances
        if away is not None
    ]


def _anchored(sheet: Sheet, anchors: set[str]) -> list[tuple[float, float, float, float]]:
    """The boxes, in points of the page, of the words that are an anchor."""
    found = []
    for part in sheet.parts:
        plain = [squeezed(word.text) for word in part.words]
        for first in range(len(plain)):
            run = ""
            for last in range(first, min(first + LONGEST_ANCHOR, len(plain))):
                run += plain[last]
                if run in anchors:
                    boxes = [word.box for word in part.words[first : last + 1]]
                    found.append(
                        (boxes[0][0], boxes[0][1], boxes[-1][2], max(box[3] for box in boxes))
                    )
    return found


def _distance(
    each: Candidate, anchors: Sequence[tuple[float, float, float, float]]
) -> float | None:
    """How far below the nearest anchor before it the value stands, in points; None if none is."""
    left, top, _, bottom = each.box
    height = bottom - top
    away = [
        max(top - box[1], 0.0)
        for box in anchors
        if top >= box[3] - LEVEL * height or (left >= box[2] - 1 and bottom > box[1])
    ]
    return min(away, default=None)
