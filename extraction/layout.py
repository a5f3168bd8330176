"""From an engine's lines to blocks in reading order: columns, titles, lists, tables, check boxes.

Everything is decided in the level frame (``level``); the boxes handed out are the page's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from extraction import checkboxes, tables
from extraction.level import Frame, Row, Segment, confidence, pieces_of, rows_of, union
from extraction.types import Block, BlockKind, Box, Line, PageImage, PageText, Table

TITLE_SIZE, TOP_TITLE_SIZE = 1.35, 1.9  # times the height of the page's text
TITLE_WORDS = 14
EDGE = 0.08  # of the page's height: page numbers stand in the first or last strip
PARAGRAPH_GAP = 0.75  # times the text's height: a wider gap begins a new block
SIZE_CHANGE = 1.3  # a line so much taller or flatter than the one above begins a new block
GUTTER = 1.5  # times the text's height, the least space between columns of text
NARROWEST = 1 / 3  # of the page's width: no column of text is taken for narrower
BAND = 3.0  # times the text's height: white so high parts what stands above from what is below
APART = 3.0  # times the text's height: parts of a row so far apart may be unlike each other
COLUMN_ROWS = 3  # rows on each side of a gutter

PAGE_NUMBER = re.compile(
    r"[-–—\s]*(?:(?P<word>page|seite|pagina|página|strona|halaman|muka surat|p\.|s\.|str\.)\s*)?"
    r"\d{1,4}(?P<of>\s*(?:/|of|von|de|di|sur|z|dari|van)\s*\d{1,4})?[-–—\s]*",
    re.IGNORECASE,
)
BULLET = re.compile(r"[•‣◦▪●○∙·■►➢✓*–—-]\s+(?=\S)")
NUMBERED = re.compile(r"\(?(\d{1,2}|[a-z])[.)]\s+(?=\S)")
CHECKBOX = re.compile(r"([☐☑☒]|\[[ xX✓]?\])\s*")


@dataclass(frozen=True, slots=True)
class _Item:
    """One row of a text column, or a table, with the kind it has by itself."""

    kind: BlockKind
    segments: tuple[Segment, ...]
    box: Box
    column: tuple[float, float]  # the left and right edges of its column of text
    table: Table | None = None

    @property
    def text(self) -> str:
        return " ".join(segment.text for segment in self.segments)

    @property
    def height(self) -> float:
        return median(segment.height for segment in self.segments)


def arrange(page: PageImage, text: PageText) -> tuple[tuple[Line, ...], tuple[Block, ...]]:
    """The page's lines in reading order, and its blocks.

    A line is what stands on one level without a wide gap, whatever the engine called a line.
    Where the page has pixels, drawn table rules and check boxes are looked for.
    """
    frame = Frame(page.width, page.height, text.skew)
    lines = text.lines
    found: list[tables.Found] = []
    if page.pixels is not None and lines and not frame.quarter:
        lines = checkboxes.mark(lines, checkboxes.find(page.pixels, page.dpi))
    placed = pieces_of(lines, frame)
    if page.pixels is not None and placed:
        every = [piece for line in placed for piece in line]
        found = tables.ruled(page.pixels, page.dpi, frame, every)
        taken = {id(p) for table in found for segment in table.segments for p in segment.pieces}
        placed = [[piece for piece in line if id(piece) not in taken] for line in placed]
    items = _items(rows_of(line for line in placed if line), found, frame)
    ordered = tuple(segment.line() for item in items for segment in item.segments)
    blocks = tuple(
        replace(block, id=f"p{page.number}-b{index}")
        for index, block in enumerate(_blocks(items, frame), 1)
    )
    return ordered, blocks


# Reading order ------------------------------------------------------------------------------


def columns(rows: Sequence[Row]) -> list[list[Row]]:
    """The rows as columns of text, in reading order: left before right, bands from the top.

    A strip of white across all rows parts bands. In a band, from each row on, the longest run of
    rows that leaves a common gutter free is looked for; where both sides of it read as columns,
    they are taken one after the other, each in the same way.
    """
    return [flow for band in _bands(rows) for flow in _flows(band)]


def _bands(rows: Sequence[Row]) -> list[list[Row]]:
    """The rows, parted where no row reaches into a strip of ``BAND`` lines' height."""
    if not rows:
        return []
    strip = BAND * median(segment.height for row in rows for segment in row)
    bands, bottom = [[rows[0]]], max(segment.box[3] for segment in rows[0])
    for row in rows[1:]:
        if min(segment.box[1] for segment in row) - bottom > strip:
            bands.append([])
        bands[-1].append(row)
        bottom = max(bottom, *(segment.box[3] for segment in row))
    return bands


def _flows(rows: Sequence[Row]) -> list[list[Row]]:
    """The rows of one band as columns of text."""
    flows: list[list[Row]] = []
    start, in_band = 0, False
    while start < len(rows):
        end, gutter = _gutter(rows, start)
        if gutter is None:
            if not in_band:
                flows.append([])
            flows[-1].append(rows[start])
            in_band = True
            start += 1
            continue
        for side in _sides(rows[start:end], gutter):
            flows += columns(side)
        start, in_band = end, False
    return flows


def _gutter(rows: Sequence[Row], start: int) -> tuple[int, float | None]:
    """The run of rows from ``start`` with a gutter between columns: (end, middle of the gutter)."""
    boxes = [segment.box for row in rows for segment in row]
    free = [(min(box[0] for box in boxes), max(box[2] for box in boxes))]
    narrowest = GUTTER * median(segment.height for row in rows for segment in row)
    end, last = start, free
    while end < len(rows):
        for x0, _, x1, _ in (segment.box for segment in rows[end]):
            free = [
                part
                for left, right in free
                for part in ((left, min(right, x0)), (max(left, x1), right))
                if part[1] - part[0] >= narrowest
            ]
        if not free:
            break
        end, last = end + 1, free
    for left, right in sorted(last, key=lambda gap: gap[0] - gap[1]):
        middle = (left + right) / 2
        if end > start and _are_columns(*_sides(rows[start:end], middle)):
            return end, middle
    return start, None


def _sides(rows: Sequence[Row], x: float) -> tuple[list[Row], list[Row]]:
    left = [[segment for segment in row if segment.box[2] <= x] for row in rows]
    right = [[segment for segment in row if segment.box[2] > x] for row in rows]
    return [row for row in left if row], [row for row in right if row]


def _are_columns(left: Sequence[Row], right: Sequence[Row]) -> bool:
    """Whether two sides are read one after the other, rather than row by row.

    Labels with values and items with prices share their rows; columns of text either do not, or
    hold phrases on both sides.
    """
    if min(len(left), len(right)) < COLUMN_ROWS:
        return False
    words = [
        median(sum(len(segment.pieces) for segment in row) for row in side)
        for side in (left, right)
    ]
    labels = sum(row[-1].text.endswith(":") for row in left) / len(left)
    numbers = sum(tables.is_number(row[0].text) for row in right) / len(right)
    if labels > 0.3 or numbers > 0.3:
        return False
    shared = sum(any(_level(one, other) for other in right) for one in left)
    return min(words) >= 2 or (shared < 0.4 * min(len(left), len(right)) and max(words) >= 2)


def _level(one: Row, other: Row) -> bool:
    a, b = one[0].box, other[0].box
    return abs((a[1] + a[3]) - (b[1] + b[3])) < 0.5 * min(a[3] - a[1], b[3] - b[1])


# Kinds --------------------------------------------------------------------------------------


def _items(rows: list[Row], ruled: Sequence[tables.Found], frame: Frame) -> list[_Item]:
    """The page's rows and tables in reading order, each with its kind."""
    heights = sorted(piece.height for row in rows for segment in row for piece in segment.pieces)
    body = heights[len(heights) // 2] if heights else 0.0
    found: dict[int, tables.Found] = {}
    for start, end, table in reversed(tables.aligned(rows, frame)):
        rows[start:end] = [[_stand_in(table, found)]]
    for table in ruled:
        stand_in = _stand_in(table, found)
        above = sum(max(segment.box[1] for segment in row) < table.box[1] for row in rows)
        rows.insert(above, [stand_in])
    left, _, right, _ = frame.bounds
    items: list[_Item] = []
    for flow in columns(rows):
        around = union(segment.box for row in flow for segment in row)
        edges = (around[0], max(around[2], around[0] + NARROWEST * (right - left)))
        for row in flow:
            table_here = found.get(id(row[0])) if len(row) == 1 else None
            if table_here:
                segments = table_here.segments
                items.append(_Item("table", segments, table_here.box, edges, table_here.table))
                continue
            for part in _parts(row, frame):
                if _is_page_number(part, frame):
                    items.append(_item("page_number", part, edges))
                else:
                    items += _text_items(part, body, edges)
    return items


def _parts(row: Row, frame: Frame) -> Iterator[Row]:
    """The row, cut where two segments far apart differ in size or one of them numbers the page."""
    start = 0
    for index, (one, other) in enumerate(pairwise(row), 1):
        flat, tall = sorted((one.height, other.height))
        numbered = _is_page_number([one], frame) or _is_page_number([other], frame)
        if other.box[0] - one.box[2] > APART * flat and (numbered or tall > SIZE_CHANGE * flat):
            yield row[start:index]
            start = index
    yield row[start:]


def _stand_in(table: tables.Found, found: dict[int, tables.Found]) -> Segment:
    """One segment in the table's place while rows are ordered."""
    pieces = tuple(piece for segment in table.segments for piece in segment.pieces)
    segment = Segment(pieces, table.box)
    found[id(segment)] = table
    return segment


def _item(kind: BlockKind, row: Sequence[Segment], column: tuple[float, float]) -> _Item:
    return _Item(kind, tuple(row), union(segment.box for segment in row), column)


def _is_page_number(row: Row, frame: Frame) -> bool:
    _, top, _, bottom = frame.bounds
    box = union(segment.box for segment in row)
    strip = EDGE * (bottom - top)
    if box[3] > top + strip and box[1] < bottom - strip:
        return False
    match = PAGE_NUMBER.fullmatch(" ".join(segment.text for segment in row).strip())
    # A bare number stands alone in the strip's outer half; amounts and postcodes come further in.
    outermost = box[3] < top + strip / 2 or box[1] > bottom - strip * 0.75
    return bool(match and (match["word"] or match["of"] or outermost))


def _text_items(row: Row, body: float, column: tuple[float, float]) -> Iterator[_Item]:
    """The items of a row of text: more than one where it holds check boxes."""
    pieces = [piece for segment in row for piece in segment.pieces]
    starts = [i for i, piece in enumerate(pieces) if CHECKBOX.match(piece.word.text)]
    if not starts:
        yield _item(_kind(row, body), row, column)
        return
    if starts[0]:
        yield _item("paragraph", [Segment.of(pieces[: starts[0]])], column)
    for start, end in pairwise([*starts, len(pieces)]):
        yield _item("checkbox", [Segment.of(pieces[start:end])], column)


def _kind(row: Row, body: float) -> BlockKind:
    text = " ".join(segment.text for segment in row)
    height = median(segment.height for segment in row)
    letters = sum(character.isalpha() for character in text)
    if (
        len(row) == 1
        and height >= TITLE_SIZE * body
        and letters * 2 > len(text)
        and len(text.split()) <= TITLE_WORDS
        and not text.endswith((".", ":", ","))
    ):
        return "title"
    return "list" if BULLET.match(text) or NUMBERED.match(text) else "paragraph"


# Blocks -------------------------------------------------------------------------------------


def _blocks(items: Sequence[_Item], frame: Frame) -> Iterator[Block]:
    body = median(item.height for item in items) if items else 0.0
    group: list[_Item] = []
    for item in items:
        if group and not _continues(group, item):
            yield _block(group, frame, body)
            group = []
        group.append(item)
    if group:
        yield _block(group, frame, body)


def _continues(group: Sequence[_Item], item: _Item) -> bool:
    """Whether the item goes on with the block begun above it."""
    above, first = group[-1], group[0]
    if first.kind not in ("paragraph", "list", "title") or item.column != first.column:
        return False
    height = min(above.height, item.height)
    near = -0.5 * height <= item.box[1] - above.box[3] <= PARAGRAPH_GAP * height
    alike = max(above.height, item.height) <= SIZE_CHANGE * height
    if not (near and alike):
        return False
    if item.kind == first.kind:
        return True
    # An indented row below a list's item is the rest of it.
    return first.kind == "list" and item.kind == "paragraph" and item.box[0] > first.box[0] + height


def _block(group: Sequence[_Item], frame: Frame, body: float) -> Block:
    first = group[0]
    words = [p.word for item in group for segment in item.segments for p in segment.pieces]
    kind, text = first.kind, _flowing(group)
    level: int | None = None
    checked: bool | None = None
    if kind == "title":
        text = " ".join(item.text for item in group)
        level = 1 if first.height >= TOP_TITLE_SIZE * body else 2
    elif kind == "list":
        items = sum(item.kind == "list" for item in group)
        if items == 1 and not first.text.startswith(tuple("•‣◦▪●○∙■►➢✓")):
            kind = "paragraph"
        else:
            text = _listed(group)
    elif kind == "checkbox":
        match = CHECKBOX.match(text)
        mark = match[1] if match else ""
        text, checked = text[len(mark) :].strip(), mark not in ("☐", "[]", "[ ]")
    elif kind == "table" and first.table:
        text = _rows_text(first.table)
    return Block(
        id="",
        kind=kind,
        text=text,
        box=frame.to_page(first.box) if first.table else union(word.box for word in words),
        confidence=confidence(words),
        level=level,
        table=first.table,
        checked=checked,
    )


def _flowing(group: Sequence[_Item]) -> str:
    """The rows as running text, with a line break where one was made on purpose.

    A line was broken on purpose where the first word of the next one would still have fitted, or
    where either of the two is a row of parts set apart.
    """
    text = group[0].text
    for above, item in pairwise(group):
        first = item.segments[0].pieces[0].box
        room = above.column[1] - above.column[0] - (above.box[2] - above.box[0])
        wanted = first[2] - first[0] + 0.5 * item.height
        parts = len(above.segments) > 1 or len(item.segments) > 1
        text += ("\n" if parts or room > wanted else " ") + item.text
    return text


def _listed(group: Sequence[_Item]) -> str:
    """One line an item: "- text" or its own number."""
    lines: list[str] = []
    for item in group:
        if item.kind == "list":
            bullet = BULLET.match(item.text)
            lines.append("- " + item.text[bullet.end() :] if bullet else item.text)
        else:
            lines[-1] += " " + item.text
    return "\n".join(lines)


def _rows_text(table: Table) -> str:
    """The table as text: cells parted by tabs, rows by line breaks."""
    rows: list[list[str]] = [[] for _ in range(table.rows)]
    for cell in table.cells:
        rows[cell.row].append(cell.text)
    return "\n".join("\t".join(row) for row in rows)
