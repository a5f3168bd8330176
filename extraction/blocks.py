"""From rows in reading order to blocks: what goes on with what, and the text of each block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from statistics import median

from extraction.block_kinds import BULLET, CHECKBOX, EMPTY_BOXES, NOTE, SECTION, title_level
from extraction.level import Frame, Segment, confidence, union
from extraction.running_text import first_line_inset, joined, wrapped_at
from extraction.types import Block, BlockKind, Box, Table

SIZE_CHANGE = 1.3  # a line so much taller or flatter than the one above begins a new block
TITLE_CHANGE = 1.15  # and within a title
PARAGRAPH_GAP = 0.75  # times the text's height: a wider gap begins a new block
PITCH_CHANGE = 1.22  # times the column's own distance of lines: a wider one begins a new block
INDENT = (0.8, 4.0)  # times the text's height: how far a paragraph's first line is set in
FLOWING = ("paragraph", "list", "title", "caption", "footnote")
ENDS = (".", "!", "?", ":", "”", '"', ")")


@dataclass(frozen=True, slots=True)
class Item:
    """One row of a text column, a table or a figure, with the kind it has by itself."""

    kind: BlockKind
    segments: tuple[Segment, ...]
    box: Box
    column: tuple[float, float]  # the left and right edges of its column of text
    table: Table | None = None
    pitch: float = 0.0  # the usual distance of lines in its column

    @property
    def text(self) -> str:
        return " ".join(segment.text for segment in self.segments)

    @property
    def height(self) -> float:
        heights = [segment.height for segment in self.segments]
        return median(heights) if heights else 0.0


def blocks_of(items: Sequence[Item], frame: Frame) -> Iterator[Block]:
    """The blocks of the items, in their order, without ids."""
    body = median(item.height for item in items) if items else 0.0
    group: list[Item] = []
    for item in items:
        if group and not _continues(group, item):
            yield _block(group, frame, body)
            group = []
        group.append(item)
    if group:
        yield _block(group, frame, body)


def _continues(group: Sequence[Item], item: Item) -> bool:
    """Whether the item goes on with the block begun above it."""
    above, first = group[-1], group[0]
    if first.kind == item.kind == "equation":
        return item.box[1] - above.box[3] < 0.3 * min(above.height, item.height)
    if first.kind not in FLOWING or item.column != first.column:
        return False
    height = min(above.height, item.height)
    near = -0.5 * height <= item.box[1] - above.box[3] <= PARAGRAPH_GAP * height
    alike = max(above.height, item.height) <= SIZE_CHANGE * height
    if not (near and alike):
        return False
    apart = bool(item.pitch) and item.box[1] - above.box[1] > PITCH_CHANGE * item.pitch
    if first.kind == "list":
        # An indented row below a list's item is the rest of it.
        return item.kind == "list" or (
            item.kind == "paragraph" and item.box[0] > first.box[0] + 0.5 * height and not apart
        )
    if first.kind == "title":
        return item.kind == "title" and _same_title(above, item)
    if first.kind == "footnote":
        return item.kind == "footnote" and not NOTE.match(item.text)
    if first.kind == "caption":
        return item.kind == "paragraph" and not apart and item.height <= 1.12 * first.height
    return item.kind == "paragraph" and not apart and not _set_in(above, item, height)


def _same_title(above: Item, item: Item) -> bool:
    """Whether a row goes on with the title above: as large, below its start, middle or end."""
    near = 0.6 * item.height
    (left, _, right, _), (start, _, end, _) = above.box, item.box
    aligned = min(abs(left - start), abs(right - end), abs(left + right - start - end) / 2) < near
    alike = max(above.height, item.height) < TITLE_CHANGE * min(above.height, item.height)
    return aligned and alike and not SECTION.match(item.text)


def _set_in(above: Item, item: Item, height: float) -> bool:
    """Whether the row begins a paragraph by its indent, after a line that ends a sentence."""
    shift = item.box[0] - max(above.box[0], item.column[0])
    return INDENT[0] * height < shift < INDENT[1] * height and above.text.endswith(ENDS)


def _block(group: Sequence[Item], frame: Frame, body: float) -> Block:
    first = group[0]
    words = [p.word for item in group for segment in item.segments for p in segment.pieces]
    kind, text = first.kind, _flowing(group)
    level: int | None = None
    checked: bool | None = None
    if kind in ("title", "caption", "footnote"):
        text = reduce(joined, (item.text for item in group))
    if kind == "title":
        level = title_level(text, first.height, body)
    elif kind == "list":
        items = sum(item.kind == "list" for item in group)
        if items == 1 and not first.text.startswith(tuple("•‣◦▪●○∙■►➢✓")):
            kind = "paragraph"
        else:
            text = _listed(group)
    elif kind == "checkbox":
        match = CHECKBOX.match(text)
        mark = match[1] if match else ""
        text, checked = text[len(mark) :].strip(), mark not in ("[]", "[ ]", *EMPTY_BOXES)
    elif kind == "table" and first.table:
        text = rows_text(first.table)
    return Block(
        id="",
        kind=kind,
        text=text,
        box=frame.to_page(first.box)
        if kind in ("table", "figure")
        else union(word.box for word in words),
        confidence=confidence(words),
        level=level,
        table=first.table,
        checked=checked,
    )


def _flowing(group: Sequence[Item]) -> str:
    """The rows as running text, with a line break where one was made on purpose.

    A line was broken on purpose where the first word of the next one would still have fitted, or
    where either of the two is a row of parts set apart.
    """
    text = group[0].text
    rooms = _rooms(group)
    for (above, item), room in zip(pairwise(group), rooms, strict=True):
        parts = len(above.segments) > 1 or len(item.segments) > 1
        text = f"{text}\n{item.text}" if parts or room > 0 else joined(text, item.text)
    return text


def _rooms(group: Sequence[Item]) -> list[float]:
    """The room at the end of each row but the last, less what the next one's first word needs.

    Lines of a paragraph run to the edge at which all of them were wrapped, where they tell it, else
    to the column's. A first line that is set in has so much less room.
    """
    needed = [
        item.segments[0].pieces[0].box[2] - item.box[0] + 0.5 * item.height for item in group[1:]
    ]
    ends = [item.box[2] for item in group]
    wanted = [end + need for end, need in zip(ends, needed, strict=False)]
    words = sum(len(segment.pieces) for item in group for segment in item.segments)
    edge = wrapped_at(ends, wanted, words)
    if edge is not None:
        return [edge - end for end in wanted]
    left, right = group[0].column
    rooms = [
        right - left - (item.box[2] - item.box[0]) - need
        for item, need in zip(group, needed, strict=False)
    ]
    if len(group) > 1 and ends[0] > ends[-1]:  # not flush right
        rooms[0] -= first_line_inset([item.box[0] for item in group], INDENT[1] * group[0].height)
    return rooms


def _listed(group: Sequence[Item]) -> str:
    """One line an item: "- text" or its own number, set in by two spaces a level."""
    lines: list[str] = []
    starts: list[float] = []  # where the items of each level begin that are open
    for item in group:
        if item.kind == "list":
            bullet = BULLET.match(item.text)
            while starts and item.box[0] < starts[-1] - 0.5 * item.height:
                starts.pop()
            if not starts or item.box[0] > starts[-1] + 0.8 * item.height:
                starts.append(item.box[0])
            text = "- " + item.text[bullet.end() :] if bullet else item.text
            lines.append("  " * (len(starts) - 1) + text)
        else:
            lines[-1] = joined(lines[-1], item.text)
    return "\n".join(lines)


def rows_text(table: Table) -> str:
    """The table as text: cells parted by tabs, rows by line breaks."""
    rows: list[list[str]] = [[] for _ in range(table.rows)]
    for cell in table.cells:
        rows[cell.row].append(cell.text)
    return "\n".join("\t".join(row) for row in rows)
