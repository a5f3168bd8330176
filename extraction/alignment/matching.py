"""Where on a page a text of the model's may stand: the places that are like it, with a score."""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from rapidfuzz.distance import Levenshtein

from extraction.alignment.letters import GRAM, Letters, Reading

MOST_PLACES = 256  # of one text or run of letters that are looked at
MOST_LINES = 12  # of OCR that are compared with a text, and one more for each SPREAD letters
SPREAD = 12
BAND = 3  # letters by which a place may shift within one line through edits, and a tenth of it
LEAST_ALIKE = 0.6  # of the letters of a place that are the same

Step = tuple[int, int, bool]  # a letter of the text, one of the page, whether they are the same


@dataclass(frozen=True, slots=True)
class Match:
    """A text's place, or a part's; ``score`` is what its letters say for it."""

    score: float
    text: int
    steps: tuple[Step, ...]

    @property
    def start(self) -> int:
        return self.steps[0][1]

    @property
    def same(self) -> int:
        return sum(same for *_, same in self.steps)


def alike(index: int, text: Letters, reading: Reading) -> list[Match]:
    """Places in the lines that share the rarest runs of letters with the text."""
    letters, grams = text.text, reading.grams
    shared = [
        (len(places), i, places)
        for i in range(len(letters) - GRAM + 1)
        if (places := grams.get(letters[i : i + GRAM]))
    ]
    rare = [each for each in shared if each[0] <= MOST_PLACES] or shared[: 4 * GRAM]
    seeds: dict[int, list[tuple[int, int, float]]] = defaultdict(list)
    for often, i, places in rare:
        for j in places[:MOST_PLACES]:
            seeds[reading.line_of[j]].append((j - i, i, 1 / often))
    most = MOST_LINES + len(letters) // SPREAD
    lines = heapq.nlargest(most, seeds, key=lambda line: sum(w for *_, w in seeds[line]))
    found = []
    for line in lines:
        match = _in_line(index, text, reading, line, seeds[line])
        if match is not None:
            found.append(match)
    return found


def _in_line(
    index: int, text: Letters, reading: Reading, line: int, seeds: list[tuple[int, int, float]]
) -> Match | None:
    """The text's best place in that line, around the densest of its seeds."""
    start, end = reading.lines[line], reading.lines[line + 1]
    seeds.sort()
    shifts = [shift for shift, *_ in seeds]
    band = BAND + min(end - start, len(text.text)) // 10
    best, dense = 0.0, (0, 0)
    sums = [0.0]
    for *_, weight in seeds:
        sums.append(sums[-1] + weight)
    for first in range(len(seeds)):
        last = bisect_right(shifts, shifts[first] + band)
        if (weight := sums[last] - sums[first]) > best:
            best, dense = weight, (first, last)
    near = seeds[dense[0] : dense[1]]
    lengths = [(i, i + shift) for shift, i, _ in near]
    i0, i1 = min(i for i, _ in lengths), max(i for i, _ in lengths) + GRAM
    j0, j1 = min(j for _, j in lengths), max(j for _, j in lengths) + GRAM
    letters, page = text.text, reading.letters.text
    before, after = min(i0, j0 - start), min(len(letters) - i1, end - j1)
    i0, j0 = i0 - before, max(j0 - before - (BAND if i0 == before else 0), start)
    i1, j1 = i1 + after, min(j1 + after + (BAND if i1 + after == len(letters) else 0), end)
    steps: list[Step] = []
    for code in Levenshtein.opcodes(letters[i0:i1], page[j0:j1]):
        if code.tag == "equal" or code.tag == "replace":
            same = code.tag == "equal"
            steps += (
                (i0 + i, j0 + j, same)
                for i, j in zip(
                    range(code.src_start, code.src_end),
                    range(code.dest_start, code.dest_end),
                    strict=True,
                )
            )
    return scored(index, text, reading, steps)


def scored(index: int, text: Letters, reading: Reading, steps: Sequence[Step]) -> Match | None:
    """The stretch of the steps whose letters are most alike, with its score; None for none."""
    total = most = 0.0
    first, bounds = 0, (0, 0)
    for place, (i, j, same) in enumerate(steps):
        if place:
            before = steps[place - 1]
            total -= (i - before[0] - 1) + (j - before[1] - 1)
        if total <= 0:
            total, first = 0.0, place
        total += 1 if same else -1
        if total > most:
            most, bounds = total, (first, place + 1)
    kept = tuple(steps[bounds[0] : bounds[1]])
    if not kept:
        return None
    spread = max(kept[-1][0] - kept[0][0], kept[-1][1] - kept[0][1]) + 1
    if sum(same for *_, same in kept) < LEAST_ALIKE * spread:
        return None
    j0, j1 = kept[0][1], kept[-1][1] + 1
    line = reading.line_of[j0]
    in_line = reading.lines[line + 1] - reading.lines[line] - (j1 - j0)
    in_text = len(text.text) - (kept[-1][0] + 1 - kept[0][0])
    ragged = (j0 not in reading.tokens) + (j1 not in reading.tokens)
    return Match(most - 0.5 * min(in_line, in_text) - 0.5 * ragged, index, kept)


def free_runs(reading: Reading, free: Sequence[bool]) -> list[tuple[int, int]]:
    """The stretches of a line that nobody has taken, whole and token by token."""
    runs: list[tuple[int, int]] = []
    for line in range(len(reading.lines) - 1):
        start = None
        marks = []
        for place in range(reading.lines[line], reading.lines[line + 1] + 1):
            inside = place < reading.lines[line + 1] and free[place]
            if inside and start is None:
                start, marks = place, [place]
            elif inside and place in reading.tokens:
                marks.append(place)
            elif not inside and start is not None:
                marks.append(place)
                runs.append((start, place))
                if len(marks) > 2:
                    runs += pairwise(marks)
                start = None
    return runs
