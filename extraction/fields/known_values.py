"""Values that a template's field had before, on a page that says them right or nearly so.

A firm's name and address are read wrong in a letter now and then; where they are known, what is
read leads to what is meant.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from rapidfuzz import fuzz

from extraction.fields.candidates import ANY_TEXT, Candidate, candidate
from extraction.fields.definition import Field
from extraction.fields.kinds import Hit
from extraction.fields.labels import squeezed
from extraction.fields.parts import Part, Sheet
from extraction.types import Word

ALIKE = 0.86  # similarity from which a text is a known value misread
LONGEST_RUN = 7  # lines of a value
SHORTEST_PIECE = 4  # letters of a line that may begin a known value
VALUES = 5  # known ones looked for, the most usual
WORDS = ANY_TEXT | {"address"}
LEARNED = "learned"  # the method of what is found so


def known_values(field: Field, sheets: Sequence[Sheet]) -> Iterator[Candidate]:
    """Where the first and the last page say a value that the field had more than once."""
    if field.kind not in WORDS:
        return
    met = Counter(seen.value for seen in field.learned)
    values = [json.loads(text) for text, count in met.most_common(VALUES) if count > 1]
    for sheet in (*sheets[:1], *sheets[1:][-1:]):
        for value in values:
            yield from said_on(sheet, value)


def said_on(sheet: Sheet, value: Any) -> Iterator[Candidate]:
    """Where the page says the value, a text or an address in its normal form."""
    plain = squeezed(text_of(value))
    for lines, words in _runs(sheet, plain) if len(plain) >= SHORTEST_PIECE else ():
        said = _said(value, lines, words, sheet)
        if said:
            yield said


def text_of(value: Any) -> str:
    """A normal value of words as text."""
    return str(value.get("text", "")) if isinstance(value, dict) else str(value)


def _runs(sheet: Sheet, plain: str) -> Iterator[tuple[list[str], list[Word]]]:
    """The words that say the squeezed text, or almost, line by line, with those lines' texts.

    They stand within one line, in lines below each other, or side by side in a row.
    """
    for part in sheet.parts:
        text = squeezed(part.text)
        if len(text) > len(plain) / ALIKE:
            words = _inside(part, plain)
            if words:
                yield [" ".join(word.text for word in words)], words
            continue
        # a line that is no part of the text is not looked at further
        if len(text) < SHORTEST_PIECE or fuzz.partial_ratio(text, plain) < 100 * ALIKE:
            continue
        for run in (
            _onward(sheet, part, plain, down=True),
            _onward(sheet, part, plain, down=False),
        ):
            together = "".join(squeezed(each.text) for each in run)
            if fuzz.ratio(together, plain) >= 100 * ALIKE:
                yield [each.text for each in run], [word for each in run for word in each.words]
                break


def _onward(sheet: Sheet, part: Part, plain: str, *, down: bool) -> list[Part]:
    """The part and those after it, below or to its right, until they are as long as the text."""
    run, long = [part], len(squeezed(part.text))
    right = [] if down else [each for each in sheet.row(part) if each.box[0] > part.box[0]]
    while long < len(plain) * ALIKE and len(run) < LONGEST_RUN:
        if down:
            after = sheet.followers.get(run[-1].index)
            following = None if after is None else sheet.parts[after]
        else:
            following = right[len(run) - 1] if len(run) <= len(right) else None
        if following is None:
            break
        run.append(following)
        long += len(squeezed(following.text))
    return run


def _inside(part: Part, plain: str) -> list[Word]:
    """The words of a longer line that say the squeezed text, or almost; none where none do."""
    pieces = [squeezed(word.text) for word in part.words]
    found = fuzz.partial_ratio_alignment(plain, "".join(pieces), score_cutoff=100 * ALIKE)
    if found is None:
        return []
    words, at = [], 0
    for word, piece in zip(part.words, pieces, strict=True):
        middle = at + len(piece) / 2
        if piece and found.dest_start <= middle < found.dest_end:
            words.append(word)
        at += len(piece)
    said = "".join(squeezed(word.text) for word in words)
    return words if fuzz.ratio(said, plain) >= 100 * ALIKE else []


def _said(
    value: Any, lines: Sequence[str], words: Sequence[Word], sheet: Sheet
) -> Candidate | None:
    """The known value, where those words say it."""
    raw = ", ".join(lines)
    same = squeezed(raw) == squeezed(text_of(value))
    part = next((part for part in sheet.parts if words[0] in part.words), None)
    if part is None:
        return None
    hit = Hit(0, len(raw), value, 1.0, notes=() if same else ("known_value",))
    # what the value is does not hang on how each of its letters was read
    return replace(candidate(hit, raw, words, part, sheet, LEARNED, {}), reading=1.0)
