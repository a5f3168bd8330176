"""Lines as read brought to the characters of a machine-readable zone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

from extraction.fields.mrz.formats import FILLER, Format, is_right, piece
from extraction.level import union
from extraction.types import Line

LIKE_FILLER = str.maketrans(
    {"«": "<<", "‹": "<", "＜": "<", "(": "<", "{": "<", "[": "<", "≤": "<"}
)
SHORTEST, LONGEST = 8, 50  # characters of a line as read
SURE, SURE_DIGITS = 24, 12  # how many a line without a filler has, or how many digits
LOOKS = re.compile(r"[A-Z0-9<]+")
DIGIT_FOR = str.maketrans("OQDILZSGB", "000112568")
LETTER_FOR = str.maketrans("01528", "OISZB")
MOST_ROWS = 60  # looked at on a page
MOST_LOST, MOST_MADE_UP = 22, 6  # characters that reading may have left out of a line, or put in


def rows(lines: Iterable[Line]) -> list[tuple[str, Line]]:
    """The rows that look like one of a zone, from top to bottom, with their characters.

    A row read as several lines, with a gap where fillers were not seen, is put together.
    """
    pieces = []
    for line in lines:
        text = re.sub(r"[\s.,·_-]", "", line.text[: 2 * LONGEST].upper().translate(LIKE_FILLER))
        if LOOKS.fullmatch(text):
            pieces.append((text, line))
    pieces.sort(key=lambda each: _middle(each[1]))
    level: list[list[tuple[str, Line]]] = []
    for text, line in pieces:
        last = level[-1][-1][1] if level else None
        if last and _middle(line) - _middle(last) < (last.box[3] - last.box[1]) / 2:
            level[-1].append((text, line))
        else:
            level.append([(text, line)])
    found = []
    for row in level:
        row.sort(key=lambda each: each[1].box[0])
        text = "".join(text for text, _ in row)
        sure = len(text) >= SURE or FILLER in text or sum(c.isdigit() for c in text) >= SURE_DIGITS
        if sure and SHORTEST <= len(text) <= LONGEST:
            box = union(line.box for _, line in row)
            joined = " ".join(line.text for _, line in row)
            found.append((text, replace(row[0][1], text=joined, box=box)))
    return found[-MOST_ROWS:]  # the zone stands at the foot of a page


def _middle(line: Line) -> float:
    return (line.box[1] + line.box[3]) / 2


def fits(group: Sequence[tuple[str, Line]], layout: Format) -> bool:
    """Whether the rows may be the format's lines: by first letter, length and distance."""
    kind = group[0][0][0].translate(LETTER_FOR)
    if kind not in layout.kinds:
        return False
    if any(not -MOST_LOST <= len(text) - layout.length <= MOST_MADE_UP for text, _ in group):
        return False
    return all(
        lower.box[1] - upper.box[3] <= 3 * (upper.box[3] - upper.box[1])
        for (_, upper), (_, lower) in pairwise(group)
    )


def put_right(layout: Format, read: Sequence[str]) -> tuple[list[str], tuple[str, ...]]:
    """What was read as the format's lines, each of its length, and notes of what was decided."""
    names = next(part for part in layout.parts if part.name == "names")
    lines = []
    for number, text in enumerate(read):
        if number == names.line:
            line = _names_line(text, names.start, layout)
        else:
            ways = _lengths(text, layout.length)
            line = max(ways, key=lambda way: _plausible(layout, number, way))
        lines.append(_of_kinds(layout, number, line))
    return _number_put_right(layout, lines)


def _lengths(text: str, length: int) -> list[str]:
    """The line brought to its length: fillers put in or taken out at one run of them."""
    if len(text) == length:
        return [text]
    missing = length - len(text)
    runs = [match.span() for match in re.finditer(r"<+", text)]
    if missing < 0:
        ways = [
            text[:start] + text[start - missing :] for start, end in runs if end - start >= -missing
        ]
        return ways or [text[:length]]
    places = {*(end for _, end in runs), *range(len(text) - 2, len(text) + 1)}
    return [
        text[:place] + FILLER * missing + text[place:] for place in sorted(places, reverse=True)
    ]


def _plausible(layout: Format, number: int, text: str) -> int:
    """How many check digits within the line are right, and whether one ends it where one must."""
    lines = [""] * layout.lines
    lines[number] = _of_kinds(layout, number, text)
    ends = bool(layout.composite) and layout.composite[-1][0] == number and text[-1].isdigit()
    return ends + sum(
        is_right(piece(lines, part), lines[number][part.check : part.check + 1])
        for part in layout.parts
        if part.line == number and part.check is not None
    )


def _names_line(text: str, head: int, layout: Format) -> str:
    """The line with the names: what follows the given names is filler, whatever was read."""
    names = re.sub(r"K{3,}|C{3,}", lambda run: FILLER * len(run[0]), text[head:])
    names = re.sub(r"(?<=<<)[KC<]+$", "", names)
    return (text[:head] + names)[: layout.length].ljust(layout.length, FILLER)


def _of_kinds(layout: Format, number: int, text: str) -> str:
    """Letters for digits and the reverse, where the format says which must stand there."""
    characters = list(text)
    for part in layout.parts:
        if part.line != number:
            continue
        if part.kind in "an":
            table = DIGIT_FOR if part.kind == "n" else LETTER_FOR
            characters[part.start : part.end] = text[part.start : part.end].translate(table)
        if part.check is not None:
            characters[part.check] = text[part.check].translate(DIGIT_FOR)
    if layout.composite and layout.composite[-1][0] == number:
        last = layout.composite[-1][2] - 1
        characters[last] = text[last].translate(DIGIT_FOR)
    return "".join(characters)


def _number_put_right(layout: Format, lines: list[str]) -> tuple[list[str], tuple[str, ...]]:
    """The letters O and I of a document number as digits, if only so its check digit is right."""
    part = next(part for part in layout.parts if part.name == "document_number")
    line, number = lines[part.line], piece(lines, part)
    assert part.check is not None
    digit = line[part.check]
    if digit == FILLER or is_right(number, digit):
        return lines, ()
    ways = {number.translate(str.maketrans("OI", "01"))}
    ways |= {
        number[:n] + {"O": "0", "I": "1"}[c] + number[n + 1 :]
        for n, c in enumerate(number)
        if c in "OI"
    }
    right = [way for way in ways - {number} if is_right(way, digit)]
    if len(right) != 1:
        return lines, ()
    mended = line[: part.start] + right[0] + line[part.end :]
    changed = [mended if n == part.line else text for n, text in enumerate(lines)]
    return changed, ("mended_by_checksum",)
