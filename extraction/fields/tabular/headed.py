"""Tables told by their headings: below a row of known ones, words fall into columns.

Needs no rules and no table found on the page. Everything is in points, in the level frame.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from extraction.fields.definition import Column
from extraction.fields.labels import LONGEST_LABEL
from extraction.fields.tabular.columns_below import Extent, Placed, in_columns
from extraction.fields.tabular.grid import LEAST_KNOWN, Grid, GridRow
from extraction.fields.tabular.headings import NUMERIC, Names, names_of, without_soft_hyphens
from extraction.level import Frame, Piece, Row, confidence, pieces_of, rows_of, union
from extraction.tables import is_number
from extraction.types import Box, Page

DEEP = 3  # lines of headings, at most
CLOSE = 0.8  # times the text's height: lines of one heading are no further apart
FIRST_GAP, NEXT_GAP = 3.0, 2.0  # times it, times the widest so far: a wider gap ends the table
MOST_DIGITS = 2  # in a heading: "m3", "Column 12"
LEANS = 50.0  # degrees: text leaning by so much runs down its length, a little less to be safe
MOST_LINES = 3000  # of a table


@dataclass(frozen=True, slots=True)
class _Heading:
    """``touching`` says that hardly any white parts it from the heading on its left."""

    text: str
    pieces: tuple[Piece, ...]
    touching: bool = False

    @property
    def extent(self) -> Extent:
        return min(p.box[0] for p in self.pieces), max(p.box[2] for p in self.pieces)


@dataclass(frozen=True, slots=True)
class _Head:
    """Headings side by side, and the row after their last."""

    headings: tuple[_Heading, ...]
    end: int


def of_words(columns: tuple[Column, ...], pages: Sequence[Page]) -> list[Grid]:
    """The grids below every row of headings of those columns, by page."""
    names = names_of(columns)
    return [grid for page in pages for grid in _on(page, names)]


def _on(page: Page, names: Names) -> Iterator[Grid]:
    if not _may_be_headed(page, names):
        return
    frame = Frame(page.width, page.height, page.skew)
    rows = rows_of(pieces_of((line for line in page.lines if not line.angle), frame))
    known = [any(names.begins(segment.text) for segment in row) for row in rows]
    start = 0
    while start < len(rows):
        head = _head(rows, start, known, names) if known[start] else None
        start += 1
        if head is None:
            continue
        groups = _groups(head.headings, names)
        lefts = [group[0].extent[0] for group in groups]
        for group, right in zip(groups, [*lefts[1:], float("inf")], strict=True):
            left = group[0].extent[0] if group is not groups[0] else float("-inf")
            yield _grid(page, group, rows, head.end, (left, right), known, names)
        start = head.end


def _may_be_headed(page: Page, names: Names) -> bool:
    """Whether lines beside each other, or the words of one, may be headings; quickly told."""
    found: list[Box] = []
    for line in page.lines:
        if sum(map(str.isdigit, line.text)) > MOST_DIGITS or not names.begins(line.text):
            continue
        if " " in line.text and len(names.words_in(line.text)) >= LEAST_KNOWN:
            return True
        x0, top, x1, bottom = line.box
        near = DEEP * (bottom - top) + page.width * abs(page.skew) / LEANS
        if any(abs(box[1] - top) < near and (box[0] > x1 or box[2] < x0) for box in found):
            return True
        found.append(line.box)
    return False


def _head(rows: Sequence[Row], start: int, known: Sequence[bool], names: Names) -> _Head | None:
    """The headings in the row or in it and the next ones together, if enough of them are known."""
    best: _Head | None = None
    most = (0, 0.0)
    parted = _parted(rows[start], names)
    for depth in range(1, DEEP + 1):
        end = start + depth
        if end > len(rows) or (depth > 1 and not _close(rows[end - 2], rows[end - 1])):
            break
        if depth > 1:
            parted = _merged([*parted, *_parted(rows[end - 1], names)])
        fit = names.known([heading.text for heading in parted])
        if fit > most and _is_head(parted, fit[0], names):
            best, most = _Head(tuple(parted), end), fit
    if best and best.end > start + 1 and known[start + 1]:
        below = _parted(rows[start + 1], names)
        if names.known([heading.text for heading in below]) >= most:
            return None  # what stands above is no heading
    return best


def _close(above: Row, below: Row) -> bool:
    gap = min(s.box[1] for s in below) - max(s.box[3] for s in above)
    return gap < CLOSE * median(segment.height for segment in below)


def _parted(row: Row, names: Names) -> list[_Heading]:
    """The row's headings; what stands closely is parted where all of it is headings."""
    found = []
    for segment in row:
        runs = None if names.exactly(segment.text) else _runs(segment.pieces, names)
        for number, pieces in enumerate(runs or [segment.pieces]):
            text = " ".join(piece.word.text for piece in pieces) if runs else segment.text
            found.append(_Heading(without_soft_hyphens(text), tuple(pieces), number > 0))
    return found


def _runs(pieces: Sequence[Piece], names: Names) -> list[Sequence[Piece]] | None:
    """The pieces in runs that are each a column's name; None if they are not."""
    runs: list[Sequence[Piece]] = []
    start = 0
    while start < len(pieces):
        for end in range(min(start + LONGEST_LABEL, len(pieces)), start, -1):
            if names.whole(" ".join(piece.word.text for piece in pieces[start:end])):
                runs.append(pieces[start:end])
                start = end
                break
        else:
            return None
    return runs


def _merged(headings: Sequence[_Heading]) -> list[_Heading]:
    """Those that stand one above the other as one, from left to right."""
    merged: list[_Heading] = []
    for heading in sorted(headings, key=lambda heading: heading.extent[0]):
        if merged and heading.extent[0] < merged[-1].extent[1]:
            pieces = (*merged[-1].pieces, *heading.pieces)
            ordered = sorted(pieces, key=lambda p: (round(p.middle / p.height), p.box[0]))
            text = " ".join(piece.word.text for piece in ordered)
            merged[-1] = _Heading(without_soft_hyphens(text), pieces, merged[-1].touching)
        else:
            merged.append(heading)
    return merged


def _is_head(headings: Sequence[_Heading], known: int, names: Names) -> bool:
    """Whether enough is known, nothing is a number, and both words and numbers may stand below."""
    if known < LEAST_KNOWN or 2 * known < len(headings):
        return False
    if any(is_number(heading.text) for heading in headings):
        return False
    meant = {name for heading in headings for name in names.exactly(heading.text)}
    kinds = {column.kind in NUMERIC for column in names.columns if column.name in meant}
    return len(kinds) == 2


def _groups(headings: Sequence[_Heading], names: Names) -> list[list[_Heading]]:
    """Tables side by side: where the headings begin again."""
    groups: list[list[_Heading]] = [[]]
    taken: set[str] = set()
    for heading in headings:
        meant = names.exactly(heading.text)
        if meant and meant.keys() <= taken and len(taken) >= LEAST_KNOWN:
            groups.append([])
            taken = set()
        free = sorted(meant.keys() - taken, key=lambda name: (-meant[name], name))
        taken.update(free[:1])
        groups[-1].append(heading)
    if len(groups) > 1 and names.known([h.text for h in groups[-1]])[0] < LEAST_KNOWN:
        last = groups.pop()
        groups[-1] += last
    return groups


def _grid(
    page: Page, headings: Sequence[_Heading], rows: Sequence[Row], start: int, sides: Extent,
    known: Sequence[bool], names: Names,
) -> Grid:  # fmt: skip
    """What stands below the headings between both sides, down to a wide gap or other headings."""
    lines: list[list[Piece]] = []
    bottom = max(piece.box[3] for heading in headings for piece in heading.pieces)
    widest = 0.0
    for index in range(start, min(start + MOST_LINES, len(rows))):
        pieces = [
            piece
            for segment in rows[index]
            for piece in segment.pieces
            if sides[0] <= (piece.box[0] + piece.box[2]) / 2 < sides[1]
        ]
        if not pieces:
            continue
        height = median(piece.height for piece in pieces)
        gap = min(piece.box[1] for piece in pieces) - bottom
        limit = FIRST_GAP * height
        if len(lines) > 1:
            limit = min(limit, max(NEXT_GAP * widest, height) + height / 2)
        if gap > limit or (known[index] and _head(rows, index, known, names)):
            break
        if lines:
            widest = max(widest, gap)
        lines.append(pieces)
        bottom = max(piece.box[3] for piece in pieces)
    placed = in_columns([heading.extent for heading in headings], lines)
    for index, (left, right) in enumerate(pairwise(headings)):
        if right.touching and names.numeric(left.text) and not names.numeric(right.text):
            placed = [_words_moved(each, index) for each in placed]
    words = [piece.word for heading in headings for piece in heading.pieces]
    words += [piece.word for pieces in lines for piece in pieces]
    text = [" ".join(heading.text for heading in headings)]
    text += [" ".join(piece.word.text for piece in pieces) for pieces in lines]
    return Grid(
        page.number,
        union(word.box for word in words),
        "\n".join(text),
        tuple(heading.text for heading in headings),
        tuple(_row(each) for each in placed),
        confidence(words),
    )


def _words_moved(placed: Placed, index: int) -> Placed:
    """The line with the words behind the number in a column put into the next column.

    Where headings touch, as in "QTY ITEM" above "2 Coffee", words stand under both.
    """
    cell = placed[index]
    count = next((i for i, p in enumerate(cell) if not is_number(p.word.text)), len(cell))
    moved = [*cell[count:], *placed[index + 1]]
    return [*placed[:index], cell[:count], moved, *placed[index + 2 :]]


def _row(placed: Placed) -> GridRow:
    pieces = [piece for cell in placed for piece in cell]
    return GridRow(
        tuple(without_soft_hyphens(" ".join(p.word.text for p in cell)) for cell in placed),
        tuple(min((p.box[0] for p in cell), default=None) for cell in placed),
        min(piece.box[1] for piece in pieces),
        max(piece.box[3] for piece in pieces),
    )


def gaps_of(rows: Sequence[GridRow]) -> list[float | None]:
    """The white above each row but the first, in points; None where it is not known."""
    return [
        None if above.bottom is None or below.top is None else below.top - above.bottom
        for above, below in pairwise(rows)
    ]
