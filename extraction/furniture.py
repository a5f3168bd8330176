"""What frames the pages of a document and is no part of its text: headers, footers, page numbers.

A page alone shows only what stands in its margins (``margins``). Over pages, furniture is what
comes again at the same height, on the next page or, where left and right pages differ, on the one
after it, with other digits or not, with its parts on the same side or not; what counts with the
pages; and, above the text, what a title says on the same page or an earlier one. It is told from
the edge inwards, row by row: below a row that stays nothing is taken for a header. Pages are judged
together once they are all read, so that it does not matter who read them, in which order and in
how many goes. Where in doubt a row stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from extraction.formats.md import page_markdown
from extraction.level import union
from extraction.margins import is_number
from extraction.page_edges import Edges, Row, bare, edges_of, number_of, within
from extraction.types import FURNITURE, Block, BlockKind, Page

MARGIN = 0.085  # of the page's height: what is as large as a title is furniture only so far out
DRIFT = 0.025  # of the page's height: how far furniture moves from page to page (scans do)
SLOT = 0.008  # of the page's height: how far it moves where only its place tells it
ALIKE = 0.85  # of the characters: texts so alike are one, misread here and there
LONGEST = 200  # characters
PART = 8  # characters of a part of a row that tells the row
NEIGHBOURS = (-2, -1, 1, 2)
TITLES = 12  # of the pages before, the nearest, that a header may repeat
LARGE = 1.2  # times the page's text: may be a title, whatever its block is called
SAME_SIZE = 0.08  # of the height
ALIGNED = 2.0  # points: cells below each other
KINDS: frozenset[BlockKind] = frozenset(
    {"title", "paragraph", "list", "footnote", "caption", "header", "footer", "page_number"}
)


def settle(pages: Sequence[Page], *, strip: bool) -> tuple[Page, ...]:
    """The pages with what repeats over them marked as header, footer or page number.

    A block that begins or ends with such a row is parted there. With ``strip`` all furniture,
    watermarks too, is taken out of blocks and Markdown; lines and words keep all that stands on the
    page. ``pages`` are of one document, in order; settled pages may be settled again.
    """
    edges = [edges_of(page) for page in pages]
    titles: list[str] = []
    settled = []
    for index, page in enumerate(pages):
        near = [(by, edges[index + by]) for by in NEIGHBOURS if 0 <= index + by < len(pages)]
        running = [
            *_running(edges[index], edges[index].top, near, titles[-TITLES:]),
            *_running(edges[index], edges[index].bottom, near, []),
        ]
        blocks = tuple(_marked(page, running))
        titles += [bare(block.text) for block in blocks if block.kind == "title"]
        if strip:
            blocks = tuple(block for block in blocks if block.kind not in FURNITURE)
        changed = blocks != page.blocks
        settled.append(
            replace(page, blocks=blocks, markdown=page_markdown(blocks)) if changed else page
        )
    return tuple(settled)


# What runs over the pages -------------------------------------------------------------------


def _running(
    edges: Edges,
    rows: Sequence[Row],
    near: Sequence[tuple[int, Edges]],
    titles: Sequence[str],
) -> list[Row]:
    """The rows that are furniture, from outside inwards."""
    found: list[Row] = []
    beyond: Row | None = None
    for index, row in enumerate(rows):
        if not all(block.kind in FURNITURE for block in row.blocks):
            outermost = not found
            if not _may_run(row) or not (
                _comes_again(edges, row, near)
                or _says_a_title(edges, row, titles)
                or (outermost and _has_slot(edges, row, near))
            ):
                beyond = row
                break
        found.append(row)
        beyond = rows[index + 1] if index + 1 < len(rows) else None
    if found and beyond and _heads_columns(found[-1], beyond):
        found.pop()
    return found


def _may_run(row: Row) -> bool:
    return all(block.kind in KINDS for block in row.blocks) and len(row.text) <= LONGEST


def _comes_again(edges: Edges, row: Row, near: Sequence[tuple[int, Edges]]) -> bool:
    """Whether a page ``by`` pages further on has the row too, or the number that follows."""
    large = _is_large(edges, row)
    first = all(by > 0 for by, _ in near)
    # What is large may be a title: within the text, or the title of the whole that others repeat.
    framed = _in_margin(edges, row) or len(row.parts) > 1
    titled = large and not (framed and (not first or _has_title_below(edges, row)))
    for by, others in near:
        for other in others.top if row.top else others.bottom:
            if abs(other.place - row.place) > DRIFT:
                continue
            if _counts(row, other, by) and not (titled and _names(row)):
                return True
            if not titled and _same(row, other):
                return True
    return False


def _counts(row: Row, other: Row, by: int) -> bool:
    return None not in (row.number, other.number) and (
        (other.number or 0) - (row.number or 0) == by
    )


def _names(row: Row) -> bool:
    """Whether the row numbers a part of the text ("Part 2"), not the page."""
    return not any(is_number(part.text) for part in row.parts)


def _same(row: Row, other: Row) -> bool:
    """Whether two rows say the same, or one of their parts does beside what changes."""
    if len(row.parts) == 1 and row.number is not None:
        return False  # a number alone has to count
    if len(row.text) > 2 and _alike(row.text, other.text):
        return True
    said = {bare(part.text) for part in other.parts if len(part.text) >= PART}
    return len(row.parts) <= 3 and any(bare(part.text) in said for part in row.parts)


def _has_slot(edges: Edges, row: Row, near: Sequence[tuple[int, Edges]]) -> bool:
    """Whether names of sections, set to the right on this page or the next, share one place."""
    if not row.top or not _in_margin(edges, row):
        return False
    for _, others in near:
        other = others.top[0] if others.top else None
        if (
            other
            and abs(other.place - row.place) < SLOT
            and abs(other.height - row.height) < SAME_SIZE * row.height
            and (_set_right(edges, row) or _set_right(others, other))
        ):
            return True
    return False


def _set_right(edges: Edges, row: Row) -> bool:
    near = abs(row.box[2] - edges.right) < edges.body
    return near and row.box[0] > edges.page.width / 2


def _says_a_title(edges: Edges, row: Row, titles: Sequence[str]) -> bool:
    """Whether the row says a title of an earlier page or, lower down, of its own."""
    if not row.top:
        return False
    here = [
        bare(block.text)
        for block in edges.page.blocks
        if block.kind == "title" and block.box and block.box[1] >= row.box[3] - 0.3 * row.height
    ]
    if _is_large(edges, row) and not _in_margin(edges, row):
        titles = ()  # each page may begin with the same title, as forms do
    parts = [bare(part.text) for part in row.parts if number_of(part.text) is None]
    said = ["".join(parts), *(part for part in parts if len(part) >= PART)]
    return any(
        len(text) >= 4 and _alike(text, title)
        for text in said[:4]
        for title in (*here[:TITLES], *titles)
    )


def _is_large(edges: Edges, row: Row) -> bool:
    titled = any(block.kind == "title" for block in row.blocks) and row.height >= edges.body
    return titled or row.height > LARGE * edges.body > 0


def _in_margin(edges: Edges, row: Row) -> bool:
    share = MARGIN * edges.page.height
    return row.box[3] < share if row.top else row.box[1] > edges.page.height - share


def _has_title_below(edges: Edges, row: Row) -> bool:
    return any(
        block.kind == "title" and block.box and block.box[1] > row.box[3]
        for block in edges.page.blocks
    )


def _heads_columns(row: Row, beyond: Row) -> bool:
    """Whether the row is the heading of a table that goes on over pages."""
    if len(row.parts) < 3:
        return False
    level = sum(
        any(
            abs(part.box[side] - other.box[side]) < ALIGNED
            for other in beyond.parts
            for side in (0, 2)
        )
        for part in row.parts
    )
    return level >= 2


def _alike(one: str, other: str) -> bool:
    if one == other:
        return True
    if not 0.8 < (len(one) + 1) / (len(other) + 1) < 1.25 or len(one) > LONGEST:
        return False
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return matcher.quick_ratio() >= ALIKE and matcher.ratio() >= ALIKE


# Blocks -------------------------------------------------------------------------------------


def _marked(page: Page, running: Sequence[Row]) -> Iterator[Block]:
    """The page's blocks with their kinds; those that hold text too are parted."""
    rows: dict[str, list[Row]] = {}
    for row in running:
        for block in row.blocks:
            rows.setdefault(block.id, []).append(row)
    for block in page.blocks:
        if block.id not in rows or block.kind in FURNITURE:
            yield block
            continue
        yield from _parted(page, block, rows[block.id])


def _parted(page: Page, block: Block, rows: Sequence[Row]) -> Iterator[Block]:
    """The block as furniture, or its rows of furniture and the rest of it."""
    top = rows[0].top
    ordered = rows if top else rows[::-1]
    lines = [
        line for row in ordered for line in row.parts if block.box and within(line.box, block.box)
    ]
    said = " ".join(line.text for line in lines)
    kind: BlockKind = "header" if top else "footer"
    if bare(said) == bare(block.text):
        yield replace(block, kind="page_number" if number_of(block.text) is not None else kind)
        return
    rest = _without(block.text, said, top=top)
    others = [
        line.box
        for line in page.lines
        if block.box and within(line.box, block.box) and not any(line is each for each in lines)
    ]
    if rest is None or not others:
        yield block
        return
    frame = replace(
        block,
        id=f"{block.id}-{kind}",
        kind=kind,
        text=said,
        box=union(line.box for line in lines),
        level=None,
    )
    body = replace(block, text=rest, box=union(others))
    yield from (frame, body) if top else (body, frame)


def _without(text: str, said: str, *, top: bool) -> str | None:
    """The text without what it begins (or ends) with; None if it does not. White space aside."""
    pattern = r"\s+".join(map(re.escape, said.split()))
    match = re.match(pattern, text) if top else re.search(rf"{pattern}\Z", text)
    if not match:
        return None
    return (text[match.end() :] if top else text[: match.start()]).strip() or None
