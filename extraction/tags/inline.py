"""The text of a line or paragraph without its Markdown: marks of emphasis, entities, our own.

A mark is taken off only where it is one: in pairs, around something with a letter or digit in it,
and as the CommonMark specification has it beside a word's edge. Stricter than that, ``*`` stays
between letters and digits, and so do runs of more than three: "5*3*2", "****1234".
"""

from __future__ import annotations

import html
import re
from collections import defaultdict

from extraction.tags.scanner import BREAK, OPEN, SHUT

_PIECE = re.compile(rf"{OPEN}[^{SHUT}]*+{SHUT}|\*++|_++|~~")
_DATA = re.compile(rf"{OPEN}([^{SHUT}]*+){SHUT}")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_IN_FORMULA = re.compile(r"&(?:amp|lt|gt);")
_SAID = re.compile(r"[^\W_]")
_EAST = "\u2e80"  # from here on words are written without spaces
_LONGEST = 3
_SPACES = {"", " ", "\t", "\n", "\xa0"}
_BEGINNING = _SPACES | set("([{")  # what no emphasis ends after
_ENDING = _SPACES | set(")]},;:!?%")  # and none begins before


def plain(text: str) -> str:
    """The text as it is meant, lines stripped and empty ones left out; spaces in them are one."""
    if BREAK in text:
        text = text.replace(BREAK, "\n")
    if "*" in text or "_" in text or "~~" in text:
        text = _without_emphasis(text)
    pieces = _DATA.split(text)
    pieces[::2] = (_decoded(piece) for piece in pieces[::2])
    pieces[1::2] = (_IN_FORMULA.sub(_character, piece) for piece in pieces[1::2])
    lines = (" ".join(line.split()) for line in "".join(pieces).split("\n"))
    return "\n".join(line for line in lines if line)


def _decoded(text: str) -> str:
    return _ENTITY.sub(_character, text) if "&" in text else text


def _character(entity: re.Match[str]) -> str:
    """What an entity stands for; a line break written so is a space."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", " ", html.unescape(entity.group()))


def _without_emphasis(text: str) -> str:
    """The text without the marks that are paired."""
    marks: list[tuple[int, int]] = []
    open_marks: dict[tuple[str, int], list[int]] = defaultdict(list)  # where each ends
    end = said = 0  # where the last piece ended, and the last with a letter or digit before it
    for match in _PIECE.finditer(text):
        start, stop = match.span()
        if _SAID.search(text, end, start):
            said = start
        end = stop
        kind, length = text[start], stop - start
        if kind == OPEN:
            said = stop
        if kind == OPEN or length > _LONGEST:
            continue
        before, after = text[start - 1 : start], text[stop : stop + 1]
        if before not in _BEGINNING and not _within_word(kind, length, after, before):
            lengths = (length,) if open_marks[kind, length] or length < _LONGEST else (1, 2)
            opened = [open_marks[kind, each] for each in lengths]
            if all(each and each[-1] < said for each in opened):
                marks += [
                    (each[-1] - size, each.pop())
                    for each, size in zip(opened, lengths, strict=True)
                ]
                marks.append((start, stop))
                continue
        if after not in _ENDING and not _within_word(kind, length, before, after):
            open_marks[kind, length].append(stop)
    kept, at = [], 0
    for start, stop in sorted(marks):
        kept.append(text[at:start])
        at = stop
    return "".join([*kept, text[at:]])


def _within_word(kind: str, length: int, outer: str, inner: str) -> bool:
    """Whether a run of marks with a word on its outer side belongs to it: no emphasis there."""
    if not outer.isalnum() or outer >= _EAST or kind == "~":
        return False
    return kind == "_" or length == 1 or inner.isdigit()
