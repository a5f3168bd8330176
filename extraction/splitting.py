"""A stapled file cut into its documents: where one ends and the next begins, and how surely.

Each page after the first is weighed against the one before it. What speaks for a new document: a
page numbered 1, the number of pages said before reached, a blank sheet between, a title at the
head of the page, a type, letterhead, page size or way of reading of its own, a number of its own.
What speaks against: numbering that goes on, a table that goes on, the same number and letterhead
again. Evidence is added as log odds.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rapidfuzz import fuzz

from extraction.classify import classify, told
from extraction.document_features import features, titled
from extraction.fields.labels import squeezed
from extraction.laid_out import laid_out
from extraction.types import Classification, Page, Part

CUT = 0.5
# The evidence for a new document in log odds; ``START`` stands for pages that show none.
START = -1.2
FIRST_OF = 4.5  # "Page 1 of 3"
REACHED = 3.5  # the page before was "3 of 3"
GOES_ON = -7.0  # "Page 2 of 3" after "Page 1 of 3"
COUNTED = -2.5  # a page number higher than 1, which follows nothing
AFTER_BLANK = 2.5
TITLE = 2.6
TITLE_AGAIN = 1.3  # the title of the page before again, over another number
SAME_TITLE = -0.6  # ... over no other: a heading that runs
OTHER_TYPE = 1.8
OTHER_HEAD = 0.9
SAME_HEAD = -1.0
OTHER_NUMBER = 2.2
SAME_NUMBER = -3.0
OTHER_SIZE = 1.3
OTHER_READING = 1.0
TABLE_GOES_ON = -5.0

HEAD = 0.16  # share of the page's height where a letterhead stands
EDGE_LINES = 6  # lines from each end of the page looked at for its number
SURE, TOLD = 0.5, 2  # of a page's own type, and words that tell it, before a change of it counts
LINES = 200  # of a page, looked at for its numbers

NUMBERED = re.compile(
    r"(?<!\w)(?:page|pg|seite|blatt|pagina|página|pag|strona|str|s|muka surat|halaman|sheet|folio)?"
    r"\W{0,3}(\d{1,3})\s*(?:of|von|de|di|van|z|daripada|dari|sur|/)\s*(\d{1,3})(?![\w/.,-])",
    re.IGNORECASE,
)
ALONE = re.compile(
    r"\W*(?:page|pg|seite|blatt|pagina|página|pag|strona|str|muka surat|halaman|sheet)?\W{0,3}"
    r"(\d{1,3})\W*",
    re.IGNORECASE,
)
# "Invoice no. 4711": the number that a document goes by, wherever it is printed.
REFERENCE = re.compile(
    r"(?:\b(?:no|nr|number|nummer|numer|numero|número|numéro|ref)\b|n[°º]|#)\W{0,3}"
    r"((?=[\w/-]{0,20}\d{3})[A-Z0-9][\w/-]{3,24})",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What a page tells: its number and of how many, title, letterhead, type, document numbers."""

    page: Page
    blank: bool
    number: int | None
    of: int | None
    title: str
    head: str
    kind: str
    references: frozenset[str]


def split(pages: Sequence[Page]) -> tuple[Part, ...]:
    """The documents in the pages, in order; at least one where there are pages.

    Blank sheets between documents belong to the one before them. Work grows with the pages alone.
    """
    if not pages:
        return ()
    sheets = [_sheet(page) for page in laid_out(pages)]
    starts, chances, before = [0], [1.0], sheets[0]
    for index, sheet in enumerate(sheets[1:], start=1):
        if sheet.blank:
            continue
        chance = 1 / (1 + math.exp(-_odds(before, sheet, sheets[index - 1].blank)))
        if chance >= CUT and not before.blank:
            starts.append(index)
            chances.append(chance)
            before = sheet
        else:  # a page that does not tell its type has that of its document
            before = replace(sheet, kind=sheet.kind or before.kind)
    parts = []
    for number, (start, chance) in enumerate(zip(starts, chances, strict=True), start=1):
        end = starts[number] if number < len(starts) else len(pages)
        inside = pages[start:end]
        parts.append(
            Part(number, tuple(p.number for p in inside), round(chance, 4), classify(inside))
        )
    return tuple(parts)


def whole(parts: Sequence[Part]) -> Classification:
    """What the file as a whole is: what its parts are, if they are one type, else the first's.

    Of several types none is the whole file's, so it is then no surer than the parts share it.
    """
    first = parts[0].classification
    share = sum(part.classification.kind == first.kind for part in parts) / len(parts)
    return replace(first, confidence=round(first.confidence * share, 4))


def _odds(before: _Sheet, sheet: _Sheet, after_blank: bool) -> float:
    odds = START
    if before.number is not None and sheet.number == before.number + 1 and sheet.of == before.of:
        odds += GOES_ON
    elif sheet.number == 1 and sheet.of is not None:
        odds += FIRST_OF
    elif sheet.number == 1 and before.number is not None:
        odds += FIRST_OF / 2
    elif before.of is not None and before.number == before.of:
        odds += REACHED
    elif sheet.number is not None and sheet.number > 1:
        odds += COUNTED
    if after_blank:
        odds += AFTER_BLANK
    both = bool(sheet.references and before.references)
    other_number = both and not sheet.references & before.references
    if sheet.title:
        again = sheet.title == before.title
        odds += TITLE if not again else TITLE_AGAIN if other_number else SAME_TITLE
    if sheet.kind and before.kind and sheet.kind != before.kind:
        odds += OTHER_TYPE
    if sheet.head and before.head:
        alike = fuzz.ratio(sheet.head, before.head)
        odds += SAME_HEAD if alike > 85 else OTHER_HEAD if alike < 50 else 0.0
    if both:
        odds += OTHER_NUMBER if other_number else SAME_NUMBER
    size, other = (sheet.page.width, sheet.page.height), (before.page.width, before.page.height)
    if any(abs(a - b) > 0.04 * max(a, b) for a, b in zip(size, other, strict=True)):
        odds += OTHER_SIZE
    if sheet.page.engine != before.page.engine:
        odds += OTHER_READING
    if any(block.continues for block in sheet.page.blocks):
        odds += TABLE_GOES_ON
    return odds


def _sheet(page: Page) -> _Sheet:
    lines = page.lines[:LINES]
    number, of = _numbered(page)
    found = features([page])
    own = told(found)
    sure = own.confidence >= SURE and len(own.evidence) >= TOLD
    known = own.kind if sure and own.kind != "other" else ""
    head = " ".join(line.text for line in lines if line.box[1] < HEAD * page.height)
    text = " ".join(line.text for line in lines)
    return _Sheet(
        page=page,
        blank=page.error is None and sum(len(line.text) for line in lines) < 3,
        number=number,
        of=of,
        title=titled(found),
        head=squeezed(head)[:200],
        kind=known,
        references=frozenset(squeezed(match[1]) for match in REFERENCE.finditer(text[:20_000])),
    )


def _numbered(page: Page) -> tuple[int | None, int | None]:
    """The page's own number and of how many, as printed at its edges."""
    ordered = sorted(page.lines[:2000], key=lambda line: line.box[1])
    edges = [*ordered[-EDGE_LINES:][::-1], *ordered[:EDGE_LINES]]
    for line in edges:
        if len(line.text) < 120 and (match := NUMBERED.search(line.text)):
            number, of = int(match[1]), int(match[2])
            if 1 <= number <= of:
                return number, of
    for line in (*ordered[-1:], *ordered[:1]):
        middle = 0.08 * page.height < line.box[1] < 0.9 * page.height
        if not middle and (match := ALONE.fullmatch(line.text[:40])):
            return int(match[1]), None
    return None, None
