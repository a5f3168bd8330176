"""Check boxes with the words beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from extraction.fields.kinds.hit import UNKNOWN, Hit, Writing

TICKED, EMPTY = "☑☒✓✔✗✘", "☐□▢"
BOX = re.compile(rf"[{TICKED}{EMPTY}]|\[ ?[xX✓✔ ]? ?\]")


def find_boxes(text: str, writing: Writing = UNKNOWN) -> Iterator[Hit]:
    """Whether each box is ticked; it stands where the box and the words up to the next one do."""
    boxes = list(BOX.finditer(text))
    ends = [box.start() for box in boxes[1:]] + [len(text)]
    for box, end in zip(boxes, ends, strict=False):
        with_label = text[box.start() : end].rstrip(" ,;|/")
        ticked = any(mark in box[0] for mark in TICKED + "xX")
        yield Hit(box.start(), box.start() + len(with_label), ticked, 1.0)
