"""What frames the pages of a document and is no part of its text: headers, footers, page numbers.

A page alone shows only what stands in its margins (``layout``). Over pages, furniture is what comes
again at the same height, on the next page or, where left and right pages differ, on the one after
it, with other digits or not. Pages are judged together once they are all read, so that it does not
matter who read them, in which order and in how many goes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from extraction.formats.md import page_markdown
from extraction.types import FURNITURE, Block, BlockKind, Page

EDGE = 0.15  # of the page's height: furniture stands in the first or last strip
DRIFT = 0.025  # of the page's height: how far furniture moves from page to page (scans do)
ALIKE = 0.85  # of the characters: texts so alike are one, misread here and there
LONGEST = 200  # characters
NEIGHBOURS = (-2, -1, 1, 2)
KINDS: frozenset[BlockKind] = frozenset(
    {"paragraph", "list", "footnote", "caption", "header", "footer", "page_number"}
)
NUMBER = re.compile(
    r"\W*(?:\D{0,12}\s)?(?P<number>\d{1,4}|[ivxl]{1,7})(?:\s?\D{1,4}\s?\d{1,4})?\W*"
)


@dataclass(frozen=True, slots=True)
class _Edge:
    """A block in the first or last strip of its page."""

    block: Block
    top: bool
    place: float  # of its middle, as a share of the page's height
    text: str  # letters and digits, each number as 0


def settle(pages: Sequence[Page], *, strip: bool) -> tuple[Page, ...]:
    """The pages with what repeats over them marked as header, footer or page number.

    With ``strip`` all furniture, watermarks too, is taken out of blocks and Markdown; lines and
    words keep all that stands on the page. ``pages`` are of one document, in order; settled
    pages may be settled again. Titles, larger than the text, are never furniture.
    """
    edges = [_edges(page) for page in pages]
    settled = []
    for index, page in enumerate(pages):
        near = [(by, edges[index + by]) for by in NEIGHBOURS if 0 <= index + by < len(pages)]
        kinds = {edge.block.id: kind for edge in edges[index] if (kind := _kind(edge, near))}
        blocks = tuple(
            replace(block, kind=kinds.get(block.id, block.kind)) for block in page.blocks
        )
        if strip:
            blocks = tuple(block for block in blocks if block.kind not in FURNITURE)
        changed = blocks != page.blocks
        settled.append(
            replace(page, blocks=blocks, markdown=page_markdown(blocks)) if changed else page
        )
    return tuple(settled)


def _edges(page: Page) -> list[_Edge]:
    found = []
    for block in page.blocks:
        if block.box is None or block.kind not in KINDS or len(block.text) > LONGEST:
            continue
        top, bottom = block.box[1] / page.height, block.box[3] / page.height
        if bottom < EDGE or top > 1 - EDGE:
            text = re.sub(r"\d+", "0", "".join(filter(str.isalnum, block.text.lower())))
            found.append(_Edge(block, bottom < EDGE, (top + bottom) / 2, text))
    return found


def _kind(edge: _Edge, near: Sequence[tuple[int, Sequence[_Edge]]]) -> BlockKind | None:
    """What the block is, judged by the edges of the pages ``by`` pages further on."""
    number = _number(edge.block.text)
    for by, others in near:
        for other in others:
            if other.top != edge.top or abs(other.place - edge.place) > DRIFT:
                continue
            following = _number(other.block.text)
            if number is not None and following is not None and following - number == by:
                return "page_number"
            if number is None and len(edge.text) > 2 and _alike(edge.text, other.text):
                return "header" if edge.top else "footer"
    return None


def _alike(one: str, other: str) -> bool:
    if one == other:
        return True
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return matcher.quick_ratio() >= ALIKE and matcher.ratio() >= ALIKE


def _number(text: str) -> int | None:
    """The number of a text that says little else ("12", "Page 3 of 9", "iv")."""
    match = NUMBER.fullmatch(text.strip())
    if not match:
        return None
    said = match["number"]
    return int(said) if said.isdigit() else _roman(said)


def _roman(text: str) -> int:
    values = [{"i": 1, "v": 5, "x": 10, "l": 50}[letter] for letter in text]
    following = [*values[1:], 0]
    return sum(-one if one < other else one for one, other in zip(values, following, strict=True))
