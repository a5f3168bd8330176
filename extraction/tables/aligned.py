"""Tables without rules: text that stands in the same columns row after row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from extraction.block_kinds import CAPTION, text_of
from extraction.level import Row, union
from extraction.tables.cells import Found, is_number, number_columns, table_of
from extraction.tables.columns import NARROW, columns_of, fine
from extraction.tables.page_columns import sides
from extraction.tables.placed import TOUCH, Extent, Placed, crosses, place, text_height
from extraction.tables.structure import structured
from extraction.types import Cell

MIN_COLUMNS, MIN_ROWS = 3, 3  # of a table without rules: fewer are not told from other text
FIRST_GAP = 2.5  # times the text's height: the widest gap below a table's first row
NEXT_GAP = 1.5  # times the widest gap so far (and half a line): a wider one ends the table
PROSE_WORDS, PROSE_FILL = 4, 0.7  # a column of running text: words a line, share of its width
CLEARLY = 1.25  # times the white within headings: the white between them
WRAPPED = 2  # levels that go on with a cell: columns of text have none
AIRY = 0.35  # times the text's height: the gap between rows of words that only a table leaves
WIDER = 0.2  # times it: or so much wider than between the lines of the page's text
TEXT_WIDTH = 0.5  # of a table's width: so much columns of running text may take
TEXT_WORDS, TEXT_LINES = 6, 2  # by which a page's text is told: words a line, neighbouring lines
SINGLE = 5  # levels of text for each one that stands in two columns or more, at most
FILLED, FEW_WORDS = 0.85, 2.5  # of its cells, words in one: a table of words, set closely
HALFWAY = 0.65  # times the text's height: levels so near are no two lines of one text
TRIES = 4  # rows from which a run of rows in columns may begin to be a table
ACROSS = 0.5  # times those: levels of one part that reaches over several columns, at most


def aligned(rows: Sequence[Row]) -> list[Found]:
    """The tables among the rows of a page.

    At least three columns and three rows that hold them; a column of numbers, or white between
    the rows, tell a table from columns of text. Where running text shows that the page has columns,
    tables are looked for in each of them, then over all that is left.
    """
    found: list[Found] = []
    airy = _airy_gap(rows)
    for side in sides(rows):
        found += _tables(side, airy)
    taken = {id(piece) for table in found for s in table.segments for piece in s.pieces}
    left = ([s for s in row if id(s.pieces[0]) not in taken] for row in rows)
    return found + _tables([row for row in left if row], airy)


def _airy_gap(rows: Sequence[Row]) -> float:
    """The gap between rows of words that only a table leaves, in times the text's height."""
    gaps = [
        (below.box[1] - above.box[3]) / below.height
        for one, other in pairwise(rows)
        for above in one
        for below in other
        if min(len(above.pieces), len(below.pieces)) >= TEXT_WORDS
        and abs(above.box[0] - below.box[0]) < below.height
    ]
    return min(AIRY, median(gaps) + WIDER) if len(gaps) >= TEXT_LINES else AIRY


def _tables(rows: Sequence[Row], airy: float) -> list[Found]:
    found = []
    start = tries = 0
    while start < len(rows):
        here, below = _beside(rows, start), len(rows[start + 1]) if start + 1 < len(rows) else 0
        end = start
        if here >= MIN_COLUMNS or (here == 2 and below >= MIN_COLUMNS):
            end = _reach(rows, start)
            tries += 1
            table = _table(rows[start:end], airy) if end - start >= MIN_ROWS else None
            if table:
                found.append(_headed(rows, start, end, table, airy))
            elif tries < TRIES:
                end = start  # its first row may not be the table's
        if end > start:
            tries = 0
        start = max(end, start + 1)
    return found


def _beside(rows: Sequence[Row], start: int) -> int:
    """How many segments stand in a row, or halfway down to the next: cells about one middle."""
    count = len(rows[start])
    for above, below in pairwise(rows[start : start + 3]):
        middles = [median(p.middle for s in row for p in s.pieces) for row in (above, below)]
        if middles[1] - middles[0] > HALFWAY * text_height([below]):
            break
        count += len(below)
    return count


def _headed(rows: Sequence[Row], start: int, end: int, table: Found, airy: float) -> Found:
    """The table with the rows above it that fall into its columns though they are set closely."""
    for first in range(start - 1, max(start - 1 - TRIES, -1), -1):
        if not _falls_into(rows[first], table.table.columns):
            break
        gap = min(s.box[1] for s in rows[first + 1]) - max(s.box[3] for s in rows[first])
        larger = _table(rows[first:end], airy)
        if gap > FIRST_GAP * text_height(rows[first : first + 1]) or larger is None:
            break
        grown = (larger.table.rows - table.table.rows, larger.table.columns - table.table.columns)
        if grown != (1, 0):
            break
        table = larger
    return table


def _falls_into(row: Row, count: int) -> bool:
    """Whether white parts the row's words into that many, wider than between any others."""
    if _is_caption(row):
        return False
    pieces = sorted((p for s in row for p in s.pieces), key=lambda p: p.box[0])
    white = sorted((b.box[0] - a.box[2] for a, b in pairwise(pieces)), reverse=True)
    if len(white) < count - 1 or white[count - 2] < NARROW * text_height([row]):
        return False
    return len(white) == count - 1 or white[count - 2] > CLEARLY * white[count - 1]


def _reach(rows: Sequence[Row], start: int) -> int:
    """The row after the last that may belong to the table beginning at ``start``."""
    height = text_height(rows[start : start + 1])
    limit, widest = FIRST_GAP * height, 0.0
    end = start + 1
    last = end  # after the last row that stands in columns
    extents = [(segment.box[0], segment.box[2]) for segment in rows[start]]
    while end < len(rows):
        row = rows[end]
        gap = min(segment.box[1] for segment in row) - max(s.box[3] for s in rows[end - 1])
        if gap > limit or _is_caption(row):
            break
        across = crosses(row, extents, TOUCH * height) and len(fine([row])[0]) < MIN_COLUMNS
        if across and not _resumes(rows, end):
            break
        # A label and few amounts, nothing in the first column: the totals below the items.
        numbers = [is_number(segment.text) for segment in row]
        few = 1 < len(row) <= len(extents) / 2 and numbers[-1] and not numbers[0]
        if few and 0 not in _over(row[:1], extents) and not _resumes(rows, end):
            break
        for segment in row:
            over = _over([segment], extents)
            if not over:
                extents.append((segment.box[0], segment.box[2]))
                extents.sort()
            elif len(over) == 1:
                left, right = extents[over[0]]
                extents[over[0]] = (min(left, segment.box[0]), max(right, segment.box[2]))
        end += 1
        if len(row) > 1 or not across:
            last = end
        if end - start > 2:
            limit = min(limit, NEXT_GAP * max(widest, gap) + height / 2)
        widest = max(widest, gap)
    return last


def _is_caption(row: Row) -> bool:
    match = CAPTION.match(text_of(row))
    return bool(match and match["stop"])


def _over(row: Row, extents: Sequence[Extent]) -> list[int]:
    return [
        index
        for index, (left, right) in enumerate(extents)
        if any(segment.box[0] < right and segment.box[2] > left for segment in row)
    ]


def _resumes(rows: Sequence[Row], index: int) -> bool:
    """Whether the rows below go on in columns."""
    return index + 1 < len(rows) and len(rows[index + 1]) >= MIN_COLUMNS


def _table(rows: Sequence[Row], airy: float) -> Found | None:
    """The run of rows as a table, or None where it does not look like one."""
    parts = fine(rows)
    extents = columns_of(parts, text_height(parts))
    if len(extents) < MIN_COLUMNS or not looks_tabular(parts, extents):
        return None
    cells, lines = structured(parts, extents)
    filled = Counter(cell.row for cell in cells if cell.text)
    body = [cell for cell in cells if cell.row > 0]
    numbers = number_columns(body, len(extents))
    counted = Counter(cell.column for cell in body if cell.text and cell.column in numbers)
    # With cells left empty, headings over all columns and a long column of numbers must tell.
    headed = filled[0] == len(extents) and max(counted.values(), default=0) > MIN_ROWS
    least = 2 if headed else MIN_COLUMNS
    if sum(count >= least for count in filled.values()) < MIN_ROWS + (least < MIN_COLUMNS):
        return None
    told = numbers or _codes(body, len(extents))
    told = told or len(parts) - len(lines) >= WRAPPED or _filled(body, len(lines) - 1, len(extents))
    if not told and not _airy(lines, airy * text_height(parts)):
        return None
    taken = tuple(segment for row in parts for segment in row)
    return Found(table_of(cells, len(lines), len(extents)), union(s.box for s in taken), taken)


def _codes(cells: Sequence[Cell], columns: int) -> bool:
    """Whether some column holds codes: single words with digits."""
    for column in range(columns):
        texts = [cell.text for cell in cells if cell.column == column and cell.text]
        coded = sum(" " not in text and any(map(str.isdigit, text)) for text in texts)
        if len(texts) >= MIN_ROWS and coded > 0.7 * len(texts):
            return True
    return False


def _filled(cells: Sequence[Cell], rows: int, columns: int) -> bool:
    """Whether many columns hold a few words in nearly every row, as columns of text do not."""
    words = [len(cell.text.split()) for cell in cells if cell.text]
    return (
        columns > MIN_COLUMNS
        and rows > MIN_ROWS
        and len(words) > FILLED * rows * columns
        and sum(words) < FEW_WORDS * len(words)
    )


def _airy(lines: Sequence[Extent], gap: float) -> bool:
    """Whether white parts the rows more than it parts lines of running text."""
    gaps = [below[0] - above[1] for above, below in pairwise(lines)]
    return len(lines) > MIN_ROWS and median(gaps) > gap


def looks_tabular(rows: Sequence[Row], extents: Sequence[Extent], *, drawn: bool = False) -> bool:
    """Whether rows of segments in columns are a table, not columns of text or a form.

    ``drawn`` where rules bound them.
    """
    touch = TOUCH * text_height(rows)
    placed = [place(row, extents, touch) for row in rows]
    several = sum(len(each.parts) > 1 for each in placed)
    across = sum(
        len(each.parts) == 1 and any(last > first for first, last in each.parts) for each in placed
    )
    if several < 2 or several * SINGLE < len(rows) or across > ACROSS * several:
        return False
    if len(extents) == 2:
        labels = [row[0].text for row in rows if row]
        if sum(text.endswith(":") for text in labels) > 0.3 * len(labels):
            return False
        if not any(map(str.isalnum, "".join(labels))):  # the bullets of a list
            return False
    texts = [extent for index, extent in enumerate(extents) if _is_prose(placed, index, extent)]
    # By width too: beside two columns of text the labels of a chart may fall into many.
    width = sum(right - left for left, right in texts) / (extents[-1][1] - extents[0][0])
    few = len(texts) * 2 < len(extents) and width < TEXT_WIDTH
    return len(texts) < 2 or few or (drawn and _parted(rows))


def _is_prose(placed: Sequence[Placed], index: int, extent: Extent) -> bool:
    """Whether the column holds running text: lines of several words that fill its width.

    Of few words too, if most begin with a small letter: sentences going on.
    """
    lines = [each.parts[index, index] for each in placed if each.parts.get((index, index))]
    if len(lines) < MIN_ROWS:
        return False
    words = median(sum(len(s.text.split()) for s in line) for line in lines)
    width = extent[1] - extent[0]
    full = sum(line[-1].box[2] - line[0].box[0] > PROSE_FILL * width for line in lines)
    going_on = 2 * sum(line[0].text[:1].islower() for line in lines) > len(lines)
    return words >= PROSE_WORDS - 2 * going_on and full * 2 > len(lines)


def _parted(rows: Sequence[Row]) -> bool:
    height = text_height(rows)
    gaps = [
        min(s.box[1] for s in below) - max(s.box[3] for s in above)
        for above, below in pairwise(rows)
    ]
    return sum(gap > AIRY * height for gap in gaps) > 1
