"""What a row of text is: by its marks, its size, its place. Heights are those of a line's text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from extraction.level import Box, Row, text_height, union
from extraction.types import BlockKind

TITLE_SIZE, TOP_TITLE_SIZE = 1.35, 1.65  # times the height of the page's text: titles by size alone
SMALL_TITLE_SIZE = 1.07  # with other signs of a title
TITLE_WORDS = 14
SMALL = 0.93  # times the height of the page's text: notes and captions are no larger
EDGE = 0.08  # of the page's height: page numbers stand in the first or last strip

PAGE_NUMBER = re.compile(
    r"[-–—•·\s\[(]*(?:(?P<word>page|sheet|seite|blatt|feuille|pagina|página|strona|halaman|"
    r"muka surat|p\.|s\.|str\.)\s*)?(?:[A-Z]-|\d{1,2}-)?"
    r"\d{1,4}(?P<of>\s*(?:/|of|von|de|di|sur|z|dari|van)\s*\d{1,4})?[-–—•·\s\])]*",
    re.IGNORECASE,
)
ROMAN = re.compile(r"[-–—\s\[(]*[ivxl]{1,7}[-–—\s\])]*")
BULLET = re.compile(r"[•‣◦▪●○∙·■►➢✓*–—.-]\s+(?=\S)")  # a small bullet is read as a full stop
NUMBERED = re.compile(r"\(?(\d{1,2}|[a-z])[.)]\s+(?=\S)")
# Also as Wingdings has them where their Unicode is not known.
EMPTY_BOXES = "☐□❏❐❑❒◻▢\uf06f\uf0a8\uf071\uf072\uf0a3"
TICKED_BOXES = "☑☒🗹🗷\uf0fe\uf0fd\uf078\uf052\uf053"
CHECKBOX = re.compile(rf"([{EMPTY_BOXES}{TICKED_BOXES}]|\[[ xX✓]?\])\s*")
SECTION = re.compile(
    r"(?:§\s*)?(?:(?P<deep>\d{1,2}(?:\.\d{1,2})+)\.?|\d{1,2}[.)]|(?<=§)\d{1,3}|(?<=§\s)\d{1,3}"
    r"|[IVX]{1,4}\.)\s+(?=[^\W\d])"
)
DATE = re.compile(r"\S+ \d{4}")  # what follows the day in "3. Mai 2014"
CAPTION = re.compile(
    r"(?:figure|fig\.?|table|chart|exhibit|plate|scheme|abbildung|abb\.?|bild|tabelle|tab\.?|"
    r"tableau|figura|tabla|tabella|tabela|rys\.?|rajah|jadual)\s*(?:\d{1,3}(?:[.-]\d{1,3})?|[ivx]+)"
    r"(?P<stop>\s*[.:–—-](?=\s|$|[A-Z]))?",
    re.IGNORECASE,
)
RELATION = re.compile(r"[=≈≠≡≤≥<>∝→⇒⇔∈]")
SIGN = re.compile(r"[=≈≠≡≤≥<>∝→⇒⇔∈∉⊂∪∩∑∏∫√∂∇∞±×·+−/^²³α-ωΓ-Ω]")
LETTER = r"[^\W\d_²³¹⁰-₉]"  # raised and lowered figures are letters to Python
VARIABLE = re.compile(rf"(?<!{LETTER}){LETTER}(?!{LETTER})|[∑∏∫√∂∇]")  # a letter by itself
WORD = re.compile(rf"{LETTER}{{3,}}")  # what formulas do not hold, but for names and "and", "for"
FUNCTIONS = re.compile(
    rf"(?<!{LETTER})(?:(?:arc|a)?(?:sin|cos|tan|cot)h?|log|exp|lim|max|min|argmin|argmax|det|mod|arg"
    rf"|sup|inf|dim|sign|sgn|gcd|var|cov|div|rot|grad|and|for|const)(?!{LETTER})",
    re.IGNORECASE,
)
CODE = re.compile(r"[;{}]|==|:=|->|</|://|\(\)")
SET_IN = 1.0  # times the text's height: how far a display formula stands from the column's edge
NOTE = re.compile(r"[(\[]?(\d{1,2}|[*†‡§]{1,2})[)\].]?\s*(?=[^\W\d])")


def text_of(row: Row) -> str:
    """The row's text, its segments joined by spaces."""
    return " ".join(segment.text for segment in row)


def is_page_number(row: Row, bounds: Box) -> bool:
    """Whether the row numbers the page; ``bounds`` is the page."""
    _, top, _, bottom = bounds
    box = union(segment.box for segment in row)
    strip = EDGE * (bottom - top)
    if box[3] > top + strip and box[1] < bottom - strip:
        return False
    match = PAGE_NUMBER.fullmatch(text_of(row).strip())
    # A bare number stands alone in the strip's outer half; amounts and postcodes come further in.
    outermost = box[3] < top + strip / 2 or box[1] > bottom - strip * 0.75
    return bool(match and (match["word"] or match["of"] or outermost))


def kind_of(row: Row, body: float) -> BlockKind:
    """What the row is by its own text and size; ``body`` is the height of the page's text."""
    text, height = text_of(row), text_height(row)
    caption = CAPTION.match(text)
    if caption and (caption["stop"] or height < SMALL * body):
        return "caption"
    if is_title_by_size(row, body):
        return "title"
    return "list" if BULLET.match(text) or NUMBERED.match(text) else "paragraph"


def is_title_by_size(row: Row, body: float) -> bool:
    """Whether the row is a title by its size alone."""
    large = text_height(row) >= TITLE_SIZE * body
    return large and (len(row) == 1 or _is_numbered(row)) and is_heading(text_of(row))


def _is_numbered(row: Row) -> bool:
    """Whether the row has a section's number, set apart from the rest or not."""
    text = text_of(row)
    section = SECTION.match(text)
    if section is None or DATE.fullmatch(text[section.end() :]):
        return False
    return bool(section["deep"]) or len(row) == 1 or section.end() == len(row[0].text) + 1


def is_heading(text: str) -> bool:
    """Whether the text may be a title: few words, mostly letters, no end of a sentence.

    A number before it does not count.
    """
    section = SECTION.match(text)
    text = text[section.end() :] if section else text
    letters = sum(character.isalpha() for character in text)
    return (
        letters * 2 > len(text)
        and len(text.split()) <= TITLE_WORDS
        and not text.endswith((".", ":", ",", ";"))
    )


def stands_out(rows: Sequence[Row], index: int, body: float, column: tuple[float, float]) -> bool:
    """Whether a row of ordinary or slightly larger text is a title by where it stands.

    Those rows are a column's. A title is short, begins like one, has more white above than below
    and text below it. How much larger it must be depends on how clear these signs are.
    """
    row = rows[index]
    text, height, box = text_of(row), text_height(row), union(s.box for s in row)
    numbered = _is_numbered(row)
    if len(row) > 1 and not numbered:
        return False
    start = SECTION.sub("", text, count=1) if numbered else text
    if not start[:1].isupper() or not is_heading(text) or len(text) < 4:
        return False
    wide = box[2] - box[0] > 0.85 * (column[1] - column[0])
    if index + 1 == len(rows) or (wide and height < 1.18 * body):
        return False
    following = union(s.box for s in rows[index + 1])
    below = following[1] - box[3]
    above = box[1] - max(s.box[3] for s in rows[index - 1]) if index else float("inf")
    if below > 2.5 * body or text_height(rows[index + 1]) > 1.1 * height:
        return False
    apart = above > 1.3 * max(below, 0.0) + 0.15 * body
    long = following[2] - following[0] > 0.75 * (column[1] - column[0])
    if numbered:
        alone = above > 0.5 * body and below > 0.5 * body and long
        larger = height >= SMALL_TITLE_SIZE * body and above > 0.5 * body
        begun = not _goes_on(row, rows[index + 1])
        return begun and (apart or alone or larger) and height > 0.97 * body
    if height >= 1.18 * body:
        return apart or above >= 0.8 * body
    return height >= SMALL_TITLE_SIZE * body and apart and above > 0.5 * body and long


def _goes_on(row: Row, following: Row) -> bool:
    """Whether a numbered row is an item of a list: another one, or more of it, follows."""
    deep, text = SECTION.match(text_of(row)), text_of(following)
    if deep and deep["deep"]:
        return False
    further = SECTION.match(text)
    another = bool(NUMBERED.match(text)) and not (further and further["deep"])
    inset = following[0].box[0] - row[0].box[0]
    hanging = inset > 0.5 * text_height(row) and following[0].box[1] - row[0].box[3] < inset / 2
    return another or bool(BULLET.match(text)) or text[:1].islower() or hanging


def title_level(text: str, height: float, body: float) -> int:
    """1 to 4, by size, then by the depth of its number."""
    section = SECTION.match(text)
    if section:
        return min((section["deep"] or "").count(".") + 1, 4)
    if height >= TOP_TITLE_SIZE * body:
        return 1
    return 2 if height >= 1.18 * body else 3


def equations(rows: Sequence[Row], column: tuple[float, float]) -> set[int]:
    """The indexes of the rows of one column that are display formulas.

    ``column`` is its left and right edge. What stands right above or below such a row without any
    word, a fraction's other half or the limits of a sum, is part of it.
    """
    found = {index for index, row in enumerate(rows) if _is_equation(row, column)}
    for index in sorted(found):
        for step in (-1, 1):
            at = index + step
            while 0 <= at < len(rows) and at not in found and _goes_with(rows[at], rows[at - step]):
                found.add(at)
                at += step
    return found


def _is_equation(row: Row, column: tuple[float, float]) -> bool:
    """Whether the row is a relation between variables, set in, without words."""
    text = text_of(row)
    if row[0].box[0] - column[0] < SET_IN * text_height(row) or CODE.search(text):
        return False
    plain = FUNCTIONS.sub("", text)
    sides = [side.strip() for side in RELATION.split(plain, maxsplit=1)]
    if len(sides) < 2 or not all(sides) or WORD.search(plain):
        return False
    return len(VARIABLE.findall(plain)) >= 2 or (
        bool(VARIABLE.search(plain)) and len(SIGN.findall(plain)) >= 2
    )


def _goes_with(row: Row, formula: Row) -> bool:
    text, box = text_of(row), union(segment.box for segment in row)
    other = union(segment.box for segment in formula)
    gap = max(box[1] - other[3], other[1] - box[3])
    within = other[0] - text_height(formula) <= box[0] and box[2] <= other[2]
    return within and not WORD.search(FUNCTIONS.sub("", text)) and gap < 0.3 * text_height(formula)
