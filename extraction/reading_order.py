"""Reading order: rows of a page as columns of text, left before right, bands from the top."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from statistics import median

from extraction import tables
from extraction.block_kinds import CAPTION, text_of
from extraction.level import Piece, Row, Segment, segments_of, text_height

GUTTER = 0.9  # times the text's height, the least space between columns of text
LONG_GUTTER = 0.75  # where it runs along more rows than chance would leave white
NARROW_GUTTER = 0.35  # where on most rows the engine itself began a new line beyond it
NARROW_ROWS = 6  # rows with text on both sides of such a gutter
HEADING = 1.12  # times the text's height: a heading over columns is larger
HEADING_WHITE = 1.6  # times its height: the white beside it
BAND = 3.0  # times the text's height: white so high parts what stands above from what is below
CAPTION_ROWS, CAPTION_REACH = 8, 5.0  # rows, times the text's height: from a caption to that white
PATIENCE = 50  # rows looked at in vain for each row of a band: a bound on huge and hostile pages
WIDEST = 8  # gaps of a run of rows that are tried as gutters
COLUMN_ROWS = 3  # rows on each side of a gutter


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
    height = median(segment.height for row in rows for segment in row)
    bands, bottom = [[rows[0]]], max(segment.box[3] for segment in rows[0])
    for index, row in enumerate(rows[1:], 1):
        top = min(segment.box[1] for segment in row)
        if top - bottom > BAND * height and not _figures(rows, index, top, bottom, height):
            bands.append([])
        bands[-1].append(row)
        bottom = max(bottom, *(segment.box[3] for segment in row))
    return bands


def _figures(rows: Sequence[Row], index: int, top: float, bottom: float, height: float) -> bool:
    """Whether figures of columns side by side, each with its caption, fill the white above a row.

    ``top`` and ``bottom`` are of the rows below and above it.
    """
    near = rows[max(index - CAPTION_ROWS, 0) : index + CAPTION_ROWS]
    captions = [
        segment.box
        for row in near
        for segment in row
        if CAPTION.match(segment.text)
        and max(bottom - segment.box[3], segment.box[1] - top) < CAPTION_REACH * height
    ]
    return any(one[2] < other[0] for one in captions for other in captions)


def _flows(rows: Sequence[Row]) -> list[list[Row]]:
    """The rows of one band as columns of text."""
    flows: list[list[Row]] = []
    cut = [_cut(row) for row in rows]
    boxes = [segment.box for row in rows for segment in row]
    across = (min(box[0] for box in boxes), max(box[2] for box in boxes))
    height = median(segment.height for row in rows for segment in row)
    wide, narrow = (GUTTER * height, LONG_GUTTER * height), (NARROW_GUTTER * height,) * 2
    start, in_band = 0, False
    patience = PATIENCE * len(rows)
    while start < len(rows):
        end, gutter, band = start, None, rows[:0]
        if patience > 0:
            end, gutter = _gutter(rows, start, across, wide)
            further, close = _gutter(cut, start, across, narrow)
            patience -= 0 if gutter else end + further - 2 * start
            band = rows[start:end]
            if close and (not gutter or further > end) and _shared(cut[start:further], close):
                end, gutter, band = further, close, cut[start:further]
        if gutter is None:
            if not in_band:
                flows.append([])
            flows[-1].append(rows[start])
            in_band = True
            start += 1
            continue
        for part in _headed(band, gutter):
            for side in _sides(part, gutter):
                flows += columns([_joined(row) for row in side])
        start, in_band = end, False
    return flows


def _cut(row: Row) -> Row:
    """The row cut also at smaller gaps, where the engine's lines end."""
    parts: list[list[Piece]] = []
    for segment in row:
        least, end = NARROW_GUTTER * segment.height, segment.box[0]
        parts.append([])
        for piece in segment.pieces:
            last = parts[-1][-1:]
            if last and piece.line != last[0].line and piece.box[0] - end >= least:
                parts.append([])
            parts[-1].append(piece)
            end = max(end, piece.box[2])
    return row if len(parts) == len(row) else [Segment.of(part) for part in parts]


def _joined(row: Row) -> Row:
    """The row as it was before it was cut so."""
    return [row[0]] if len(row) == 1 else segments_of([p for s in row for p in s.pieces])


def _shared(rows: Sequence[Row], x: float) -> bool:
    """Whether enough rows have text on both sides, as columns do and no chance gap."""
    return sum(row[0].box[0] < x < row[-1].box[0] for row in rows) >= NARROW_ROWS


def _headed(rows: Sequence[Row], gutter: float) -> list[list[Row]]:
    """Rows with columns, parted above a heading that stands over all columns though it is short.

    Such a heading is larger than the text, the other columns leave white beside it, and below it
    they begin on one level.
    """
    size = median(segment.height for row in rows for segment in row)
    right = [[segment for segment in row if segment.box[0] > gutter] for row in rows]
    parts: list[list[Row]] = [[]]
    for index, row in enumerate(rows):
        if index and not right[index] and text_height(row) > HEADING * size:
            below = next((i for i in range(index, len(rows)) if right[i]), len(rows))
            above = next((i for i in range(index, -1, -1) if right[i]), -1)
            level = below < len(rows) and len(right[below]) < len(rows[below])
            if above >= 0 and level and below <= index + 2:
                top = min(segment.box[1] for segment in right[below])
                white = top - max(segment.box[3] for segment in right[above])
                if white > HEADING_WHITE * text_height(row) and parts[-1]:
                    parts.append([])
        parts[-1].append(row)
    return parts


def _gutter(
    rows: Sequence[Row], start: int, across: tuple[float, float], widths: tuple[float, float]
) -> tuple[int, float | None]:
    """The run of rows from ``start`` with a gutter between columns: (end, middle of the gutter).

    ``across`` are the left and right edges of all rows, ``widths`` the least ones of a short and of
    a long gutter, in points.
    """
    free = [across]
    end, last = start, free
    while end < len(rows):
        narrowest = widths[end - start >= COLUMN_ROWS]
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
    for left, right in sorted(last, key=lambda gap: gap[0] - gap[1])[:WIDEST]:
        middle = (left + right) / 2
        if end > start and _are_columns(*_sides(rows[start:end], middle)):
            return end, middle
    return end, None


def _sides(rows: Sequence[Row], x: float) -> tuple[list[Row], list[Row]]:
    left = [[segment for segment in row if segment.box[2] <= x] for row in rows]
    right = [[segment for segment in row if segment.box[2] > x] for row in rows]
    return [row for row in left if row], [row for row in right if row]


def _are_columns(left: Sequence[Row], right: Sequence[Row]) -> bool:
    """Whether two sides are read one after the other, rather than row by row.

    Labels with values and items with prices share their rows; columns of text either do not, or
    hold phrases on both sides.
    """
    if left and right and all(map(_has_caption, (left, right))):
        return True  # pictures side by side
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
    shared = sum(_level(one, near) for one, near in _nearest(left, right))
    return min(words) >= 2 or (shared < 0.4 * min(len(left), len(right)) and max(words) >= 2)


def _has_caption(side: Sequence[Row]) -> bool:
    return bool(CAPTION.match(text_of(side[0])) or CAPTION.match(text_of(side[-1])))


def _nearest(rows: Sequence[Row], others: Sequence[Row]) -> Iterator[tuple[Row, Row]]:
    """Each row with the nearest of ``others``."""
    by_place = sorted(others, key=_place)
    places = [_place(row) for row in by_place]
    for row in rows:
        at = bisect_left(places, _place(row))
        near = by_place[max(at - 1, 0) : at + 1]
        yield row, min(near, key=lambda other: abs(_place(other) - _place(row)))


def _place(row: Row) -> float:
    return row[0].box[1] + row[0].box[3]


def _level(one: Row, other: Row) -> bool:
    a, b = one[0].box, other[0].box
    return abs((a[1] + a[3]) - (b[1] + b[3])) < 0.5 * min(a[3] - a[1], b[3] - b[1])
