"""Text set wide: letters spaced out to a word, words spaced out to a full line.

Both are in the level frame, so that it does not matter which way the page lies.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from extraction.level import Piece, Row, Segment, union
from extraction.types import Word

LETTERS = 4  # single characters in a row, from which on they may be one word
WORD_GAP = 2.5  # times the text's height: words of such characters are no farther apart
LETTER_GAP, DIGIT_GAP = 1.3, 0.6  # times it: characters, or digits alone, farther apart are columns
EVEN = 1.5  # times the usual gap between the characters of a word: a wider one parts words
SLACK = 0.12  # times the text's height: boxes of characters are no more exact
BETWEEN_DIGITS = ".,:/-'’"
FULL_WORDS = 4  # words of a line that shows where a column's lines begin and end
FULL_GAP = 2.5  # times the text's height: words of a line set full are no farther apart
UNEVEN = 2.5  # times the narrowest gap: words whose gaps differ more were not set full
FLUSH, INDENT = 0.4, 4.0  # times it: how alike two lines end, how far a first line may be set in
NEAR = 1.5  # times it: the white between a line set full and the whole one


def letters_joined(line: Sequence[Piece]) -> list[Piece]:
    """A line in which characters spaced out evenly are words: "T O T A L" is "TOTAL"."""
    found: list[Piece] = []
    run: list[Piece] = []
    for piece in sorted(line, key=lambda piece: piece.box[0]):
        text = piece.word.text
        single = len(text) == 1 and (text.isalnum() or text in BETWEEN_DIGITS)
        if run and not (single and _beside(run[-1], piece)):
            found += _words(run)
            run = []
        if single:
            run.append(piece)
        else:
            found.append(piece)
    return found + _words(run)


def _beside(one: Piece, other: Piece) -> bool:
    height = max(one.height, other.height)
    return other.box[0] - one.box[2] < WORD_GAP * height


def _words(run: Sequence[Piece]) -> list[Piece]:
    """Single characters as the words that they spell, or as they are."""
    texts = [piece.word.text for piece in run]
    if len(run) < LETTERS or _counts(texts):
        return list(run)
    height = median(piece.height for piece in run)
    gaps = [other.box[0] - one.box[2] for one, other in pairwise(run)]
    most = DIGIT_GAP if "".join(texts).isdigit() else LETTER_GAP
    if median(gaps) > most * height:
        return list(run)
    limit = EVEN * median(gaps) + SLACK * height
    words = [[run[0]]]
    for gap, piece in zip(gaps, run[1:], strict=True):
        if gap > limit:
            words.append([])
        words[-1].append(piece)
    spelled = sum(len(word) for word in words if len(word) > 1) > 0.8 * len(run)
    return [_joined(word) for word in words] if spelled else list(run)


def _counts(texts: Sequence[str]) -> bool:
    """Whether the characters number something one after the other: 1 2 3 4, A B C D."""
    return all(ord(other) - ord(one) == 1 for one, other in pairwise(texts))


def _joined(word: Sequence[Piece]) -> Piece:
    if len(word) == 1:
        return word[0]
    scores = [piece.word.confidence for piece in word if piece.word.confidence is not None]
    score = min(scores) if scores else None
    text = "".join(piece.word.text for piece in word)
    box = union(piece.word.box for piece in word)
    return Piece(Word(text, box, score), union(piece.box for piece in word), word[0].line)


def lines_joined(rows: Sequence[Row]) -> list[Row]:
    """The rows, each line whole that was set full: its words apart, to end where others end.

    Such a line begins and ends as the line right above or below it, which is whole, and the gaps
    between its words are about the same.
    """
    made = list(rows)
    for index in range(1, len(made)):
        made[index] = _full(made[index], made[index - 1])
    for index in range(len(made) - 2, -1, -1):
        made[index] = _full(made[index], made[index + 1])
    return made


def _full(row: Row, beside: Row) -> Row:
    """The row with the segments as one that lie within a whole line of the row beside it."""
    if len(row) == 1:
        return row
    joined: Row = []
    models = [each for each in beside if len(each.pieces) >= FULL_WORDS]
    at = 0
    while at < len(row):
        while models and models[0].box[2] < row[at].box[0]:
            del models[0]
        end = at + 1
        if models and models[0].box[0] <= row[at].box[0] + FLUSH * row[at].height:
            reach = models[0].box[2] + FLUSH * row[at].height
            while end < len(row) and row[end].box[2] <= reach:
                end += 1
        part = row[at:end]
        joined += [_one(part)] if end - at > 1 and _is_full(part, models[0]) else part
        at = end
    return joined


def _one(part: Row) -> Segment:
    return Segment.of([piece for segment in part for piece in segment.pieces])


def _is_full(part: Row, model: Segment) -> bool:
    pieces = [piece for segment in part for piece in segment.pieces]
    height = median(piece.height for piece in pieces)
    gaps = [other.box[0] - one.box[2] for one, other in pairwise(pieces)]
    letters = sum(any(map(str.isalpha, piece.word.text)) for piece in pieces)
    inset = pieces[0].box[0] - model.box[0]
    return (
        0.8 < height / model.height < 1.25
        and abs(pieces[-1].box[2] - model.box[2]) < FLUSH * height
        and -FLUSH * height < inset < INDENT * height
        and max(gaps) < min(FULL_GAP * height, UNEVEN * max(min(gaps), SLACK * height))
        and len(gaps) > 1
        and letters * 2 > len(pieces)
        and max(part[0].box[1] - model.box[3], model.box[1] - part[0].box[3]) < NEAR * height
    )
