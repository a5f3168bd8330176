"""Check boxes in a line and their labels."""

from __future__ import annotations

import re

from extraction.block_kinds import CHECKBOX, EMPTY_BOXES
from extraction.tags.scanner import OPEN, SHUT

_EMPTY = {"[]", "[ ]", *EMPTY_BOXES}
# Drawn for nothing else, so also within a line; a hollow square may be an end of proof.
_BOX = re.compile(rf"{OPEN}[^{SHUT}]*+{SHUT}|([☐☑☒🗹🗷])")


def boxes_in(line: str, *, begins: bool = False) -> list[tuple[bool | None, str]]:
    """The labels in the line, each with whether it is ticked, None for text that has no box.

    A label follows its box, but precedes it in a line that ends with a box and begins with none.
    Empty where the line has no box, or where ``begins`` and it does not begin with one.
    """
    first = CHECKBOX.match(line)
    if first and line[0] == "[" and line[len(first[1]) : len(first[1]) + 1].strip():
        first = None  # a link, or a bracket in the text
    if begins and not first:
        return []
    marks = [(match.start(), match.end(), match[1]) for match in _BOX.finditer(line) if match[1]]
    if first and not (marks and marks[0][0] == 0):
        marks.insert(0, (0, len(first[1]), first[1]))
    if not marks:
        return []
    starts = [0, *(end for _, end, _ in marks)]
    ends = [*(start for start, _, _ in marks), len(line)]
    texts = [line[start:end].strip() for start, end in zip(starts, ends, strict=True)]
    ticked: list[bool | None] = [mark not in _EMPTY for _, _, mark in marks]
    if texts[0] and not texts[-1]:
        return list(zip(ticked, texts[:-1], strict=True))
    found = list(zip([None, *ticked], texts, strict=True))
    return found if texts[0] else found[1:]
