"""What follows from the letters found: where words stand, and whether the page says the same."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from rapidfuzz.distance import Levenshtein

from extraction.alignment.letters import Letters, Reading, folded
from extraction.alignment.matching import Step
from extraction.level import confidence, union
from extraction.types import Box, Disagreement, Line, Word

PLACED = 0.5  # of a text's letters that must be the page's for it to have a place
GROUNDED = 0.7  # of a line's letters, for the page to say the same; of a number's digits all
FREE_PLACED = 0.9  # of the letters of what need not stand on the page
# PP-OCR's boxes are 1.37 times as high as those that people drew around the same 2,513 lines of
# receipts: its detector finds the middle of a line and widens that.
MARGIN = 0.13  # of the height, above and below
SINGLE = 0.05  # of the height, by which those of single letters are too narrow left and right
DECIMALS = re.compile(r"\d\W+(\d{1,2})\D*$")  # the last digits of a number, set off by a mark
JUDGED = 0.5  # of a text's letters that OCR must be able to read at all


@dataclass(frozen=True, slots=True)
class Judged:
    """A text of the model's on the page: its lines, none where it has no place there."""

    words: tuple[Word, ...]  # its own, where it has no place with guesses for their boxes
    lines: tuple[Line, ...]
    grounded: bool | None
    disagreements: tuple[Disagreement, ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    """A word of the model's: how many of its letters the page has, which of the page's they are."""

    text: str
    length: int
    same: int
    places: tuple[int, ...] = ()
    grounded: bool | None = None
    box: Box | None = None
    confidence: float | None = None


def judge(
    written: Sequence[str],
    letters: Letters,
    steps: Sequence[Step],
    reading: Reading,
    taken: Sequence[bool],
    *,
    free: bool,
) -> Judged:
    """A text of these words with those letters, of which ``steps`` have been found.

    ``taken`` tells the page's letters that have been found for some text. ``free``: it need not
    stand on the page.
    """
    length = len(letters.text)
    same = sum(same for *_, same in steps)
    if not length or same < (FREE_PLACED if free else PLACED) * length:
        return _nowhere(written, length, free=free)
    by_word: dict[int, list[Step]] = {}
    for step in sorted(steps):
        by_word.setdefault(letters.word[step[0]], []).append(step)
    lengths = [0] * len(written)
    numbers = [False] * len(written)
    for word, digit in zip(letters.word, letters.digits, strict=True):
        lengths[word] += 1
        numbers[word] |= digit
    found = [
        _found(text, lengths[n], by_word.get(n, ()), reading, taken, number=numbers[n])
        for n, text in enumerate(written)
    ]
    lines = tuple(_line(group) for group in _rows(found))
    told = tuple(each for group in _rows(found) for each in _differences(group, reading))
    sure = {line.grounded for line in lines}
    grounded = False if False in sure else True if True in sure else None
    words = tuple(word for line in lines for word in line.words)
    return Judged(words, lines, grounded, told)


def judge_marks(text: str, word: Word) -> Judged:
    """A text of marks alone that OCR has read as that word."""
    box = _rounded(word.box)
    words = (Word(text, box, word.confidence, True),)
    return Judged(words, (Line(text, box, word.confidence, words, grounded=True),), True)


def _nowhere(written: Sequence[str], length: int, *, free: bool) -> Judged:
    """A text without a place: invented, where OCR could have read it."""
    text = " ".join(written)
    said = sum(map(str.isalnum, text))
    grounded = None if free or not length or length < JUDGED * said else False
    told = () if grounded is None else (Disagreement("invented", text, ""),)
    words = () if free else tuple(Word(each, (0, 0, 0, 0), None, grounded) for each in written)
    return Judged(words, (), grounded, told)


def _found(
    text: str,
    length: int,
    steps: Sequence[Step],
    reading: Reading,
    taken: Sequence[bool],
    *,
    number: bool,
) -> _Found:
    if not steps:
        return _Found(text, length, 0, grounded=False if length else None)
    lines = [reading.line_of[j] for _, j, _ in steps]
    line = max(lines, key=lines.count)
    places = [j for _, j, _ in steps if reading.line_of[j] == line]
    same = sum(same for _, j, same in steps if reading.line_of[j] == line)
    if number:
        places = _with_digits(places, reading, taken)
        grounded = same == length and len(places) == same
        grounded = grounded and _as_large(text, _said(places, reading))
    else:
        grounded = same >= GROUNDED * length
    pieces = []
    for _, on in groupby(places, lambda place: reading.letters.word[place]):
        each = list(on)
        word = reading.words[reading.letters.word[each[0]]]
        share = (reading.share(each[0])[0], reading.share(each[-1])[1])
        pieces.append(_piece(word.box, *share) if len(word.text) > 1 else _widened(word.box))
    read = {reading.letters.word[place] for place in places}
    scores = [score for n in read if (score := reading.words[n].confidence) is not None]
    return _Found(
        text,
        length,
        same,
        tuple(places),
        grounded,
        union(pieces),
        min(scores, default=None),
    )


def _as_large(number: str, said: str) -> bool:
    """Whether OCR has the number's decimals where the model has them: where there are some, it may
    have lost the mark to a space; it may set digits apart, but by no mark."""
    decimals = _decimals(number)
    if not decimals:
        return not _decimals(said)
    places = [at for at, each in enumerate(said) if each.isdigit()]
    return len(places) > decimals and places[-decimals] - places[-decimals - 1] > 1


def _decimals(number: str) -> int:
    """How many digits stand behind its last mark, where they are one or two; else 0."""
    last = DECIMALS.search(number.replace(" ", ""))
    return len(last[1]) if last else 0


def _said(places: Sequence[int], reading: Reading) -> str:
    """What OCR has read from the first of these letters to the last, marks between them too."""
    parts = []
    for n, on in groupby(places, lambda place: reading.letters.word[place]):
        each, word = list(on), reading.words[n].text
        characters = [at for at, character in enumerate(word) for _ in folded(character)]
        first = reading.spans[n][0]
        parts.append(word[characters[each[0] - first] : characters[each[-1] - first] + 1])
    return " ".join(parts)


def _with_digits(places: Sequence[int], reading: Reading, taken: Sequence[bool]) -> list[int]:
    """The places, and the digits between and right beside them that belong to no text."""
    first, last = places[0], places[-1]
    digits, word = reading.letters.digits, reading.letters.word

    def beside(place: int, other: int) -> bool:
        return (
            0 <= place < len(digits)
            and digits[place]
            and not taken[place]
            and word[place] == word[other]
        )

    while beside(first - 1, first):
        first -= 1
    while beside(last + 1, last):
        last += 1
    own = set(places)
    return [j for j in range(first, last + 1) if j in own or (digits[j] and not taken[j])]


def _piece(box: Box, start: float, end: float) -> Box:
    """The part of a word's box from so far along it to so far, without the margin above and below.

    Words run along the longer side.
    """
    x0, y0, x1, y1 = box
    wide, high = x1 - x0, y1 - y0
    if high > 2 * wide:
        return (x0 + MARGIN * wide, y0 + start * high, x1 - MARGIN * wide, y0 + end * high)
    return (x0 + start * wide, y0 + MARGIN * high, x0 + end * wide, y1 - MARGIN * high)


def _widened(box: Box) -> Box:
    """The box of a single letter, which has no other beside it that would tell how wide it is."""
    x0, y0, x1, y1 = box
    more = min(SINGLE * (y1 - y0), x0)
    return (x0 - more, y0, x1 + more, y1) if y1 - y0 <= 3 * (x1 - x0) else box


def _rows(found: Sequence[_Found]) -> Iterator[list[_Found]]:
    """The words row by row of the page; one without a place stays with those before it."""
    row: list[_Found] = []
    last: Box | None = None
    for word in found:
        if word.box and last and not _level(word.box, last):
            yield row
            row = []
        row.append(word)
        last = word.box or last
    if row:
        yield row


def _level(one: Box, other: Box) -> bool:
    """Whether two words stand beside each other, on a line that runs across or down."""
    shared = min(one[3], other[3]) - max(one[1], other[1])
    if 2 * shared > min(one[3] - one[1], other[3] - other[1]):
        return True
    tall = one[3] - one[1] > 2 * (one[2] - one[0])
    across = min(one[2], other[2]) - max(one[0], other[0])
    return tall and 2 * across > min(one[2] - one[0], other[2] - other[0])


def _line(row: Sequence[_Found]) -> Line:
    words = []
    boxes = [word.box for word in row if word.box]
    for index, word in enumerate(row):
        box = word.box or _between(
            next((w.box for w in reversed(row[:index]) if w.box), None),
            next((w.box for w in row[index + 1 :] if w.box), None),
        )
        words.append(Word(word.text, _rounded(box), word.confidence, word.grounded))
    length = sum(word.length for word in row)
    alike = sum(word.same for word in row) >= GROUNDED * length
    wrong = any(_is_number(word) and word.grounded is False for word in row)
    grounded = (alike and not wrong) if length else None
    text = " ".join(word.text for word in row)
    return Line(text, _rounded(union(boxes)), confidence(words), tuple(words), grounded=grounded)


def _is_number(word: _Found) -> bool:
    return any(map(str.isdigit, word.text))


def _between(before: Box | None, after: Box | None) -> Box:
    """Where a word may stand of which nothing was found, beside one of which something was."""
    if before and after and before[2] < after[0]:
        return (before[2], min(before[1], after[1]), after[0], max(before[3], after[3]))
    near = before or after
    assert near
    return near


def _rounded(box: Box) -> Box:
    x0, y0, x1, y1 = box
    return (round(x0, 2), round(y0, 2), round(x1, 2), round(y1, 2))


def _differences(row: Sequence[_Found], reading: Reading) -> Iterator[Disagreement]:
    """Words one after the other of which the page reads otherwise."""
    for differs, group in groupby(row, lambda word: word.same < word.length or not word.grounded):
        words = [word for word in group if word.length]
        places = sorted(place for word in words for place in word.places)
        if not differs or not places:
            continue
        read = list(dict.fromkeys(reading.letters.word[place] for place in places))
        written = " ".join(word.text for word in words)
        said = " ".join(reading.words[n].text for n in read)
        ours = Letters.of([written]).text
        marks = any(_is_number(word) and word.grounded is False for word in words)
        if ours == Letters.of([said]).text and not marks:
            continue
        alike = Levenshtein.normalized_similarity(
            ours, "".join(reading.letters.text[place] for place in places)
        )
        scores = [s for n in read if (s := reading.words[n].confidence) is not None]
        box = _rounded(union(word.box for word in words if word.box))
        yield Disagreement(
            "differs", written, said, box, round(alike, 4), min(scores, default=None)
        )


def guessed(judged: Sequence[Judged], width: float, height: float) -> Iterator[Judged]:
    """The texts in their order, those without a place as a line where the order would have them."""
    waiting: list[Judged] = []
    before: Box | None = None
    for each in (*judged, None):
        after = each.lines[0].box if each and each.lines else None
        if each and not after:
            waiting.append(each)
            continue
        yield from _stacked(waiting, before, after, width, height)
        waiting = []
        if each:
            before = each.lines[-1].box
            yield each


def _stacked(
    texts: Sequence[Judged], before: Box | None, after: Box | None, width: float, height: float
) -> Iterator[Judged]:
    """Texts between two boxes, one below the other in the room there is, within the page."""
    near = before or after or (0.0, 0.0, width, 12.0)
    tall = max(min(near[3] - near[1], height), 1.0)
    lines = sum(bool(text.words) for text in texts)
    top = before[3] if before else max((after[1] if after else height) - lines * tall, 0.0)
    bottom = after[1] if after and after[1] > top else min(top + lines * tall, height)
    place = 0
    for text in texts:
        if not text.words:
            yield text
            continue
        y0 = max(min(top + place * (bottom - top) / lines, height - 1.0), 0.0)
        y1 = min(max(y0 + 1.0, min(y0 + tall, top + (place + 1) * (bottom - top) / lines)), height)
        place += 1
        total = sum(len(word.text) + 1 for word in text.words)
        room = max(min(near[0] + 0.5 * tall * total, width) - near[0], 0.0)
        words, at = [], 0
        for word in text.words:
            x0 = near[0] + room * at / total
            at += len(word.text) + 1
            x1 = near[0] + room * (at - 1) / total
            words.append(replace(word, box=_rounded((x0, y0, x1, y1))))
        line = Line(
            " ".join(word.text for word in words),
            union(word.box for word in words),
            None,
            tuple(words),
            grounded=text.grounded,
        )
        yield replace(text, words=tuple(words), lines=(line,))
