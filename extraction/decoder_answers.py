"""What a decoder's child says, taken for what it may be: every number, box and text is checked.

Whoever took over the child by a document can say anything. ``KeyError``, ``TypeError``,
``ValueError`` and ``OverflowError`` mean that it is no sound answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from extraction.errors import ExtractionError
from extraction.shared_memory import SharedMemory
from extraction.types import Box, Line, PageImage, Pixels, Word

MOST_DETAIL = 500  # characters of an error
_ERRORS = {error.code: error for error in ExtractionError.__subclasses__()}
_WARNING = re.compile(r"[a-z_]{1,40}")


def raise_error(reply: Mapping[str, Any]) -> None:
    """Raise the error that the child reported, if it did."""
    if "error" in reply:
        limits = (reply["limit"], reply["actual"])
        limit, actual = (None if n is None else number_of(n, 0, 1e18) for n in limits)
        detail = _clean(str(reply["detail"]))[:MOST_DETAIL]
        raise _ERRORS[reply["error"]](detail, limit=limit, actual=actual)


def page_of(
    reply: Mapping[str, Any], preview: bytes, *, number: int, memory: SharedMemory, slot: range
) -> PageImage:
    """The page of that number. ``slot`` are the bytes of the memory that are its pixels' own."""
    pixels: Pixels | None = None
    if reply["shape"]:
        height, width, channels = (int(number_of(n, 1, 1e6)) for n in reply["shape"])
        size = height * width * channels
        if channels != 3 or size > len(slot):
            raise ValueError("not a shape")
        view = memory.view(slot.start, size)
        pixels = np.frombuffer(view, np.uint8).reshape(height, width, 3)
    return PageImage(
        number=number,
        width=number_of(reply["width"], 0, 1e6),
        height=number_of(reply["height"], 0, 1e6),
        rotation=int(number_of(reply["rotation"], 0, 270)),
        dpi=number_of(reply["dpi"], 0, 1e5),
        pixels=pixels,
        lines=tuple(line for angle, words in reply["lines"] if (line := _line(angle, words))),
        preview=preview or None,
        warnings=tuple(_warning(warning) for warning in reply["warnings"]),
        rules=tuple(_box(box) for box in reply["rules"]),
        images=tuple(_box(box) for box in reply["images"]),
        squares=tuple((_box(box), bool(ticked)) for box, ticked in reply["squares"]),
    )


def number_of(value: Any, low: float, high: float) -> float:
    """``value`` when it is a number from ``low`` to ``high``; raises ``ValueError``."""
    if isinstance(value, int | float) and low <= value <= high:
        return value
    raise ValueError(f"{value!r} is not from {low} to {high}")


def _warning(value: Any) -> str:
    if isinstance(value, str) and _WARNING.fullmatch(value):
        return value
    raise ValueError("not a warning")


# PostgreSQL stores no NUL, UTF-8 encodes no lone surrogate, and no reader wants the others.
_NOT_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def _clean(text: str) -> str:
    return _NOT_TEXT.sub("", text)


def _box(values: Sequence[Any]) -> Box:
    """Four numbers as a box; raises ``ValueError``, ``TypeError`` where they are none."""
    x0, y0, x1, y1 = values
    far = 1e6
    if not (-far <= x0 <= far and -far <= y0 <= far and -far <= x1 <= far and -far <= y1 <= far):
        raise ValueError(f"{values!r} is no place on a page")
    return (x0, y0, x1, y1)


def _line(angle: Any, raw_words: Sequence[Any]) -> Line | None:
    words = []
    for values, text in raw_words:
        box = _box(values)
        if text := _clean(text):
            words.append(Word(text, box))
    if not words:
        return None
    boxes = [word.box for word in words]
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    text = " ".join(word.text for word in words)
    box = (min(lefts), min(tops), max(rights), max(bottoms))
    return Line(text, box, words=tuple(words), angle=number_of(angle, -180, 180))
