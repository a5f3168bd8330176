"""What stands in the margins of one page: above, below and beside its text.

Boxes are in the level frame. What only other pages tell is left to ``furniture``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from extraction import running_names
from extraction.block_kinds import NOTE, PAGE_NUMBER, ROMAN, text_of
from extraction.blocks import SIZE_CHANGE
from extraction.level import Frame, Piece, Row, Segment, segments_of, text_height, union
from extraction.types import Box

APART = 3.0  # times the text's height: parts of a row so far apart may be unlike each other
STRIP = 0.085  # of the page's height: headers and footers stand in the first or last strip,
INCH, SMALL_PAGE = 72.0, 0.1  # of an inch at least, on a small page of a tenth of its height
REACH = 0.13  # of the page's height: how far in stands what is a header or footer by its form
WHITE = 1.3  # times the text's height: white between them and the text
LONE_REACH, LONE_WHITE, LONE_WORDS = 0.15, 3.0, 8  # a last line alone at the page's foot
SMALLER = 0.9  # times the text's height: a header so small needs only SMALL_WHITE of that white
SMALL_WHITE = 0.75
HEADER_SIZE, FOOTER_SIZE = 1.15, 1.4  # times the text's height, at most: titles stand at the top
NUMBERED_SIZE = 1.95  # where the page's number stands beside it, or its form tells it
SMALL_PRINT, SAME_SIZE = 0.92, 0.08  # times the text's height; of their own
ROWS = 4
LONGEST_PAGE = 1.7  # times its width: a longer strip of paper (a receipt) has no margins
SIDE = (
    0.075  # of the page's width: text up or down the page that stands so far out is no part of it
)
NUMBER_SIDE = 0.12  # of the page's width: so far out stands its number beside the text
LEVEL = 0.15  # times its height: a number so level with a line belongs to it
LINES = 5  # of text, at least, beside which something stands
BARE = re.compile(r"\d{1,3}|[ivx]{1,5}|[A-Z]-\d{1,3}")
DASHED = re.compile(r"[-–—•·]\s*\d{1,4}\s*[-–—•·]|\[\d{1,4}\]")
NAMED = re.compile(r"\d{1,3} \| [^\W\d][^\d|]{0,40}|[^\W\d][^\d|]{0,40} \| \d{1,3}")
LAST = re.compile(
    r"\b(?:page|seite|pagina|página|strona|sheet|blatt|feuille|hoja|foglio|arkusz)\s\d{1,4}(?:\s*(?:/|of|von|de|di|sur|z)\s*\d{1,4})?$"
    r"|\s[-–—]\s\d{1,4}\s[-–—]$",
    re.IGNORECASE,
)
LABEL_ENDS = (":", "no.", "No.", "Nr.", "#", "№")  # before a number that is not the page's
LEGAL = re.compile(
    r"\b(?:IBAN|BIC|SWIFT|HRB|USt-?Id\w*|VAT (?:reg|no|number)|registered (?:in|office|number)|"
    r"Amtsgericht|Handelsregister|Geschäftsführer|SIRET|RCS|KVK|KRS|NIP|P\. ?IVA|"
    r"all rights reserved|confidential|vertraulich|confidentiel)\b|©|\(c\) ?\d{4}",
    re.IGNORECASE,
)


COMPANY = re.compile(
    r"\b(?:Ltd|Limited|plc|LLP|LLC|Inc|Corp|GmbH|AG|KG|S\.?A\.?S?|S\.?r\.?l|B\.?V|N\.?V)\b",
)


def parted(rows: list[Row], frame: Frame, body: float) -> tuple[list[Row], list[Row], list[Row]]:
    """The rows in the top margin, those of the page itself, those in the bottom margin.

    What stands in a margin is hardly larger than the text and parted from it by white, or tells by
    its form what it is: the page's number with or without a name at its side, legal small print.
    ``body`` is the height of the page's text.
    """
    left, above, right, below = frame.bounds
    height = below - above
    if not rows or height > LONGEST_PAGE * (right - left):
        return [], rows, []
    strip = max(STRIP * height, min(INCH, SMALL_PAGE * height))
    start, end = 0, len(rows)
    portrait = height > right - left
    large = False  # whether a row above is so large that only the page's number tells it
    for count in range(1, min(ROWS, len(rows) - 1) + 1):
        row, following = rows[count - 1], rows[count]
        bottom = max(segment.box[3] for row in rows[:count] for segment in row)
        size = _widest(row).height
        numbered = "" if _numbers_page(following) else _numbers_page(row)
        reach = REACH * height if numbered == "form" else strip
        white = min(segment.box[1] for segment in following) - bottom
        if count == 1 and size < NUMBERED_SIZE * body and bottom < above + REACH * height:
            near = portrait and bottom < above + strip
            nearer = near and white > max(row[0].box[1] - above, body)
            alone = len(row) == 1 and bool(BARE.fullmatch(text_of(row)))
            if (nearer and alone) or running_names.is_header(rows, body, nearer=nearer):
                start = 1
                continue
        if bottom > above + reach or size > NUMBERED_SIZE * body:
            break
        large = large or size > HEADER_SIZE * body
        if large and not numbered:
            continue
        wanted = _white(size, body)
        if text_height(following) > SIZE_CHANGE * body:
            wanted = min(wanted, WHITE * body / 2)
        if numbered in ("form", "place") or white > wanted:
            start = count
    small_print = 0.0  # the height of the legal small print right below
    for count in range(1, min(ROWS, len(rows) - start - 1) + 1):
        row, before = rows[-count], rows[-count - 1]
        top = min(segment.box[1] for row in rows[-count:] for segment in row)
        size = _widest(row).height
        white = top - max(segment.box[3] for segment in before)
        if count == 1 and top > below - LONE_REACH * height and _is_lone(row, white, body):
            end = len(rows) - 1
            continue
        formed = not _numbers_page(before) and _numbers_page(row) == "form"
        formed = formed or running_names.is_file(text_of(row))
        reach = LONE_REACH if formed and count == 1 else REACH
        if top < below - reach * height or size > FOOTER_SIZE * body:
            break
        legal = size < SMALL_PRINT * body and (
            bool(LEGAL.search(text_of(row)))
            or (abs(size - small_print) < SAME_SIZE * size and bool(COMPANY.search(text_of(row))))
        )
        small_print = size if legal else 0.0
        if top < below - strip:
            if NOTE.match(text_of(row)):
                break
            if not (formed or legal):
                continue  # the last lines of small print need not say what it is
        under = legal and text_height(before) > size / SMALLER
        if formed or under or white > _white(size, body):
            end = len(rows) - count
    return rows[:start], rows[start:end], rows[end:]


def _is_lone(row: Row, white: float, body: float) -> bool:
    """Whether a last row, far below the text and smaller, is one short line."""
    text = text_of(row)
    wanted = WHITE if running_names.names_section(text) else LONE_WHITE
    small = _widest(row).height < SMALLER * body and white > wanted * body
    return small and len(text.split()) <= LONE_WORDS and not NOTE.match(text)


def _numbers_page(row: Row) -> str:
    """Whether the row is, or begins or ends far from the rest with, the number of the page.

    "form" where the number says so ("Page 3", "- 3 -"), "place" where it is bare beside a name,
    "end" where its only text ends with such a form.
    """
    parts = segments_of([piece for segment in row for piece in segment.pieces], APART)
    if len(parts) > 3:
        return ""
    last = LAST.search(text_of(row))
    if any(_says_page(part.text) for part in (*parts, *row)) or (last and len(parts) > 1):
        return "form"
    bare = len(parts) > 1 and any(BARE.fullmatch(part.text) for part in (parts[0], parts[-1]))
    labelled = any(part.text.endswith(LABEL_ENDS) for part in parts)
    if bare and not labelled:
        return "place"
    return "end" if last else ""


def _says_page(text: str) -> bool:
    match = PAGE_NUMBER.fullmatch(text.strip())
    if match:
        return bool(match["word"] or match["of"] or DASHED.fullmatch(text.strip()))
    return bool(NAMED.fullmatch(text.strip()))


def is_number(text: str) -> bool:
    """Whether the text is all that numbers of pages say."""
    return bool(PAGE_NUMBER.fullmatch(text.strip()) or ROMAN.fullmatch(text.strip()))


def _widest(row: Row) -> Segment:
    """The segment that tells the height of a header or footer; of a number alone it is unsure."""
    return max(row, key=lambda segment: segment.box[2] - segment.box[0])


def _white(size: float, body: float) -> float:
    """The least white between a header or footer of that height and the text, in points."""
    return WHITE * body * (SMALL_WHITE if size < SMALLER * body else 1)


def numbers_beside(placed: list[list[Piece]], bounds: Box) -> tuple[list[list[Piece]], list[Row]]:
    """The lines of the page, and the page's number where it stands beside all others.

    Several of them number something else (lines, questions), and one on a level with a line of text
    may belong to it. ``bounds`` is the page.
    """
    boxes = [union(piece.box for piece in line) for line in placed]
    if len(boxes) <= LINES:
        return placed, []
    starts, ends = sorted(box[0] for box in boxes), sorted(box[2] for box in boxes)
    left, top, right, bottom = bounds
    side, strip = NUMBER_SIDE * (right - left), REACH * (bottom - top)
    found = []
    for index, (line, box) in enumerate(zip(placed, boxes, strict=True)):
        # The edges of all other lines: this one may be the outermost itself.
        first = starts[1] if box[0] == starts[0] else starts[0]
        last = ends[-2] if box[2] == ends[-1] else ends[-1]
        before, after = box[2] < min(first, left + side), box[0] > max(last, right - side)
        between = top + strip < box[1] and box[3] < bottom - strip
        if between and (before or after) and is_number(" ".join(piece.word.text for piece in line)):
            found.append(index)
    if len(found) != 1:
        return placed, []
    at = found[0]
    others = [*placed[:at], *placed[at + 1 :]]
    if not _says_page(" ".join(piece.word.text for piece in placed[at])):
        near = LEVEL * (boxes[at][3] - boxes[at][1])
        middle = boxes[at][1] + boxes[at][3]
        if any(abs(box[1] + box[3] - middle) < 2 * near for box in boxes if box != boxes[at]):
            return placed, []
    return others, [segments_of(placed[at])]


def sides(level: Sequence[Box], width: float) -> tuple[float, float]:
    """The x up to which, and from which, what runs up or down the page is beside its text.

    ``level`` are the boxes of its level lines, ``width`` the page's.
    """
    left = min((box[0] for box in level), default=0.0)
    right = max((box[2] for box in level), default=width)
    return min(left, SIDE * width), max(right, (1 - SIDE) * width)
