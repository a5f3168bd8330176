"""What a vision-language model wrote of a page, found again in what OCR reads on it.

A model reads well but measures nothing, and now and then it writes what does not stand there. OCR
knows where each word stands and how sure it is. Together: the model's text with OCR's boxes and
confidences, and what of it nothing on the page supports. ``letters`` is how texts are compared,
``matching`` where each may stand, ``placing`` which gets which place, ``judging`` what follows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from extraction.alignment.judging import Judged, guessed, judge, judge_marks
from extraction.alignment.letters import Letters, Reading
from extraction.alignment.placing import Placing, Switches
from extraction.level import confidence, union
from extraction.types import Block, BlockKind, Box, Disagreement, Line

# What need not stand on the page letter by letter: never called invented, and placed last.
FREE: frozenset[BlockKind] = frozenset({"equation", "figure", "signature", "stamp", "watermark"})
MOST_TEXTS, MOST_LETTERS = 5_000, 30_000  # of a page; what is more is not looked for
MOST_DISAGREEMENTS = 200
LEAST_OMITTED = 3  # letters
LEAST_READ = 0.6  # confidence of a line of OCR from which on it should have been written


@dataclass(frozen=True, slots=True)
class Aligned:
    """The blocks and lines with their places, and where the two readings differ."""

    blocks: tuple[Block, ...]
    lines: tuple[Line, ...]
    disagreements: tuple[Disagreement, ...]


@dataclass(frozen=True, slots=True)
class _Text:
    """A line or cell of a block; ``cell`` is its index in the table, ``group`` that of its row."""

    block: int
    text: str
    cell: int | None
    free: bool
    group: int


def align(
    blocks: Sequence[Block],
    read: Sequence[Line],
    width: float,
    height: float,
    switches: Switches | None = None,
) -> Aligned:
    """The blocks that a model wrote, with the places of their text among the lines ``read`` by OCR.

    ``width`` and ``height`` are the page's, in points. Blocks come back in their order with boxes,
    OCR's confidence and ``grounded``; the lines are theirs, in the same order, a line for each line
    of the page that a text runs over. Each word of OCR is given once. Never raises.
    """
    texts = list(_texts(blocks))
    reading = Reading.of(_bounded(read))
    letters = [Letters.of(each.text.split()) for each in texts]
    looked_for = _looked_for(letters)
    placing = Placing(letters, [each.group for each in texts], reading, switches or Switches())
    placing.place([index for index in looked_for if not texts[index].free])
    placing.place([index for index in looked_for if texts[index].free])
    placing.place_marks([each.text for each in texts])
    taken = [not free for free in placing.free]
    judged = []
    for index, each in enumerate(texts):
        steps = placing.steps.get(index, [])
        free = each.free or index >= len(looked_for)
        words = each.text.split()
        if index in placing.marks:
            judged.append(judge_marks(each.text, reading.words[placing.marks[index]]))
        else:
            judged.append(judge(words, letters[index], steps, reading, taken, free=free))
        if not judged[-1].lines:
            for _, place, _ in steps:
                taken[place] = False
    told = [each for one in judged for each in one.disagreements]
    told += _omitted(reading, taken)
    return Aligned(
        tuple(_blocks(blocks, texts, judged)),
        tuple(line for one in guessed(judged, width, height) for line in one.lines),
        tuple(told[:MOST_DISAGREEMENTS]),
    )


def _texts(blocks: Sequence[Block]) -> Iterator[_Text]:
    """The lines and cells of the blocks that say anything, in their order."""
    group = 0
    for number, block in enumerate(blocks):
        free = block.kind in FREE
        group += 1
        if block.table:
            for index, cell in enumerate(block.table.cells):
                if cell.text.strip():
                    yield _Text(number, cell.text, index, free, group + cell.row)
            group += block.table.rows
        else:
            for text in block.text.split("\n"):
                if text.strip():
                    yield _Text(number, text, None, free, group)


def _bounded(lines: Sequence[Line]) -> list[Line]:
    """As many lines of OCR as are looked at."""
    kept: list[Line] = []
    left = MOST_LETTERS
    for line in lines:
        left -= len(line.text)
        if left < 0:
            break
        kept.append(line)
    return kept


def _looked_for(letters: Sequence[Letters]) -> range:
    """The indexes of as many texts as are looked for."""
    left = MOST_LETTERS
    for index, each in enumerate(letters):
        left -= len(each.text)
        if left < 0 or index == MOST_TEXTS:
            return range(index)
    return range(len(letters))


def _omitted(reading: Reading, taken: Sequence[bool]) -> Iterator[Disagreement]:
    """Words of OCR, one after the other in a line, that no text of the model's has."""
    left: list[int] = []
    for number in range(len(reading.words) + 1):
        begin, end = reading.spans[number] if number < len(reading.words) else (0, 0)
        alone = begin < end and not any(taken[begin:end])
        goes_on = alone and left and reading.line_of[begin] == _line_of(left[-1], reading)
        if left and not goes_on:
            words = [reading.words[n] for n in left]
            sure = confidence(words)
            count = sum(reading.spans[n][1] - reading.spans[n][0] for n in left)
            if count >= LEAST_OMITTED and (sure is None or sure >= LEAST_READ):
                text = " ".join(word.text for word in words)
                yield Disagreement(
                    "omitted", "", text, union(word.box for word in words), confidence=sure
                )
            left = []
        if alone:
            left.append(number)


def _line_of(word: int, reading: Reading) -> int:
    return reading.line_of[reading.spans[word][0]]


def _blocks(
    blocks: Sequence[Block], texts: Sequence[_Text], judged: Sequence[Judged]
) -> Iterator[Block]:
    """The blocks with what was found of their texts."""
    of_block: dict[int, list[tuple[int | None, Judged]]] = defaultdict(list)
    for text, each in zip(texts, judged, strict=True):
        of_block[text.block].append((text.cell, each))
    for number, block in enumerate(blocks):
        own = [each for _, each in of_block[number]]
        table = block.table
        if table:
            cells = list(table.cells)
            for index, each in of_block[number]:
                assert index is not None
                box, sure, grounded = _told([each])
                cells[index] = replace(cells[index], box=box, confidence=sure, grounded=grounded)
            table = replace(table, cells=tuple(cells))
        box, sure, grounded = _told(own)
        yield replace(block, table=table, box=box, confidence=sure, grounded=grounded)


def _told(judged: Sequence[Judged]) -> tuple[Box | None, float | None, bool | None]:
    """The box, the confidence and whether they are grounded, of texts together."""
    lines = [line for each in judged for line in each.lines]
    box = union(line.box for line in lines) if lines else None
    sure = confidence(word for line in lines for word in line.words)
    each = {text.grounded for text in judged}
    return box, sure, False if False in each else True if True in each else None
