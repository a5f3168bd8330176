"""What a page's first or last row says when it is a header or footer: the forms that tell it.

Boxes are in the level frame.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from extraction.block_kinds import SECTION, is_heading, text_of
from extraction.level import Row, segments_of

APART = 3.0  # times the text's height: parts of a row so far apart are set left and right
FLUSH = 2.0  # points
SET_RIGHT = 0.3  # of the text's width: a name that begins so far in and ends with it is set right
STAMP = re.compile(
    r"\d{1,4}[./-]\d{1,2}[./-]\d{2,4},?\s\d{1,2}[:.]\d{2}(?:\s?[ap]m)?", re.IGNORECASE
)
PRINTED = re.compile(rf"(?:{STAMP.pattern})\s.*(?:\s[-–—|]\s|://)", re.IGNORECASE)
FILE = re.compile(r"(?:[A-Z]:\\|\\\\|file://|https?://)\S+(?:\s+\d{1,3}(?:/\d{1,3})?)?")
SECRET = re.compile(
    r"(?:strictly |streng )?(?:private (?:and|&) )?(?:confidential|vertraulich|confidentiel)"
    r"(?:$|\s*[-–—:,.]|\s(?:until|for|not|bis|jusqu)\b)",
    re.IGNORECASE,
)


def is_header(rows: Sequence[Row], body: float, *, nearer: bool) -> bool:
    """Whether the first row is a header by its form, whatever its size and the white below it.

    What browsers print; the name of a section beside another name, or set right; and, ``nearer`` to
    the edge of the paper than to the text, that name alone or that the page is confidential.
    ``body`` is the height of the page's text.
    """
    row, following = rows[0], rows[1]
    if min(s.box[1] for s in following) < max(s.box[3] for s in row) - 0.3 * body:
        return False
    text = text_of(row)
    stamps = sum(bool(STAMP.fullmatch(segment.text)) for segment in row)
    if (0 < stamps < len(row)) or is_file(text):
        return True
    if PRINTED.match(text) and not STAMP.match(text_of(following)):
        return True
    if nearer and (SECRET.match(text) or (len(row) == 1 and names_section(text))):
        return True
    return _beside_a_name(row, following) or _set_right(rows)


def is_file(text: str) -> bool:
    """Whether the text is the place of a file, or an address, and at most the page's number."""
    return bool(FILE.fullmatch(text))


def names_section(text: str) -> bool:
    """Whether the text is a name with the number of a section within a part ("2.4 Tides")."""
    section = SECTION.match(text)
    return bool(section and section["deep"]) and is_heading(text)


def _beside_a_name(row: Row, following: Row) -> bool:
    """Whether the name of a section stands far from another, and no table or list goes on below."""
    parts = segments_of([piece for segment in row for piece in segment.pieces], APART)
    below = segments_of([piece for segment in following for piece in segment.pieces], APART)
    if not 2 <= len(parts) <= 3 or not all(_is_name(part.text) for part in parts):
        return False
    named = sum(names_section(part.text) for part in parts)
    level = any(abs(part.box[0] - each.box[0]) < FLUSH for part in parts[1:] for each in below)
    return named == 1 and not level and not names_section(text_of(following))


def _is_name(text: str) -> bool:
    name = SECTION.sub("", text, count=1)
    return 2 * sum(character.isalpha() for character in name) > len(name)


def _set_right(rows: Sequence[Row]) -> bool:
    """Whether the first row is the name of a section that ends where the text ends, and begins far
    in, where no other line does.
    """
    row = rows[0]
    if len(row) != 1 or not names_section(text_of(row)):
        return False
    starts = [segment.box[0] for other in rows[1:] for segment in other]
    left = min(starts)
    right = max(segment.box[2] for other in rows for segment in other)
    start, _, end, _ = row[0].box
    far = start > left + SET_RIGHT * (right - left) and right - end < FLUSH
    return far and not any(abs(start - each) < FLUSH for each in starts)
