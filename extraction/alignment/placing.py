"""Which letters that OCR has read are which of the letters that a model wrote.

Each line or cell of the model is looked for on its own, so the order of reading does not matter:
as a whole, else by the rare runs of letters that it shares with a line of OCR and the edits between
the two around them. The places found are given away in the order of their scores, each letter of
the page once; between places that are as good, those decide that the lines before and after have
been given. Of the work nothing grows faster than the texts do, but where they say the same again
and again, which is bounded.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count, groupby

from rapidfuzz.distance import Levenshtein

from extraction.alignment.letters import GRAM, Letters, Reading
from extraction.alignment.matching import (
    MOST_LINES,
    MOST_PLACES,
    Match,
    Step,
    alike,
    free_runs,
    scored,
)
from extraction.types import Box

ALONE = 10  # letters that say enough wherever they stand
FAR = 3.0  # heights of a line: a text that goes on does so no further away
WRONG_SIDE = 4.0  # heights of a line
MOST_EQUAL = 100  # texts whose places are looked at again together
LEAST_LEVEL = 0.7  # of a text's letters, in words level with each other
TOGETHER = 4.0  # times as much a neighbour of the same row of a table counts
LEFTOVER = 0.6  # how alike what is left over of both must be
MOST_LEFT = 200  # texts and words that are left over, compared each with each


@dataclass(frozen=True, slots=True)
class Switches:
    """Parts of the method that a benchmark may leave out, to see what they bring."""

    edits: bool = True  # texts that are not read letter by letter as written
    context: bool = True  # of equal places, that by the neighbours
    parts: bool = True  # a text in several places
    leftover: bool = True  # what is left over of both compared


class Placing:
    """Gives places to texts: ``steps`` are those of each text, by its index.

    ``free`` are the letters of the page that no text has.
    """

    def __init__(
        self,
        texts: Sequence[Letters],
        groups: Sequence[int],
        reading: Reading,
        switches: Switches,
    ) -> None:
        """Texts that stand together on the page, as the cells of a row do, are of one group."""
        self._texts, self._groups = texts, groups
        self._reading, self._switches = reading, switches
        self.steps: dict[int, list[Step]] = defaultdict(list)
        self.marks: dict[int, int] = {}
        self.free = [True] * len(reading.letters.text)
        self._written: dict[int, set[int]] = defaultdict(set)  # letters of texts that have a place
        self._boxes: dict[int, list[Box]] = defaultdict(list)  # of texts that have a place
        self._order: list[int] = []  # those texts, by index
        self._compared: set[int] = set()

    def place(self, chosen: Sequence[int]) -> None:
        """Give places to the texts of these indexes; those that have come before keep theirs."""
        heap: list[tuple[float, int, int, Match | None]] = []
        number = count()

        def push(match: Match | None, index: int, score: float) -> None:
            heapq.heappush(heap, (-score, index, next(number), match))

        def push_alike(index: int) -> None:
            for match in self._alike_to(index):
                push(match, index, match.score)

        for index in chosen:
            if self._texts[index].text in self._reading.runs:
                push(None, index, len(self._texts[index].text))
            else:
                push_alike(index)
        while heap:
            _, index, _, match = heapq.heappop(heap)
            if match is None:
                whole = self._whole(index)
                if not whole:
                    push_alike(index)  # its places went to others
                elif self._switches.context:
                    self._take(min(whole, key=self._distance))
                else:
                    self._take(whole[0])
                continue
            left = self._left(match)
            if left and left != match:
                push(left, index, left.score)
            elif left and self._fits(left):
                self._take(left)
        if self._switches.context:
            self._exchange(chosen)
        if self._switches.parts:
            for index in chosen:
                self._place_rest(index)
        if self._switches.leftover:
            self._place_leftover([index for index in chosen if index not in self._boxes])

    def _exchange(self, chosen: Sequence[int]) -> None:
        """Give texts that are equal their places anew, now that those around them have theirs."""
        equal: dict[str, list[int]] = defaultdict(list)
        for index in chosen:
            own = self.steps[index] if index in self._boxes else []
            if own and len(own) == len(self._texts[index].text) and all(s for *_, s in own):
                equal[self._texts[index].text].append(index)
        for group in equal.values():
            starts = [self.steps[index][0][1] for index in group]
            if not 1 < len(group) <= MOST_EQUAL:
                continue
            for index in group:
                self._give_back(index)
            starts += [each.start for each in self._whole(group[0]) if each.start not in starts]
            places = {start: self._placed_at(group[0], start) for start in starts}
            costs = sorted(
                (self._near(index, self._box(match)), index, start)
                for index in group
                for start, match in places.items()
            )
            for _, index, start in costs:
                if index not in self._boxes and self.free[start]:
                    self._take(self._placed_at(index, start))

    def place_marks(self, texts: Sequence[str]) -> None:
        """Give texts of marks alone, as ":" or "***", to words that are the same, in ``marks``."""
        places: dict[str, list[int]] = defaultdict(list)
        for index, (begin, end) in enumerate(self._reading.spans):
            if begin == end:
                places[self._reading.words[index].text].append(index)
        for index, text in enumerate(texts):
            if not self._texts[index].text and (same := places.get(text)):
                chosen = min(
                    same[:MOST_PLACES],
                    key=lambda word: self._near(index, self._reading.words[word].box),
                )
                same.remove(chosen)
                self.marks[index] = chosen

    def _whole(self, index: int) -> list[Match]:
        """The free places at which the page says just that, as many as are looked at."""
        text, found = self._texts[index].text, []
        for start in self._reading.runs[text]:
            end = start + len(text)
            if self.free[start] and self.free[end - 1] and all(self.free[start:end]):
                found.append(self._placed_at(index, start))
                if len(found) == MOST_PLACES:
                    break
        return found

    def _placed_at(self, index: int, start: int) -> Match:
        """The whole text at that place."""
        length = len(self._texts[index].text)
        return Match(float(length), index, tuple((i, start + i, True) for i in range(length)))

    def _give_back(self, index: int) -> None:
        for _, place, _ in self.steps.pop(index):
            self.free[place] = True
        del self._boxes[index], self._written[index]
        self._order.remove(index)

    def _alike_to(self, index: int) -> list[Match]:
        """Places of what is like the text; none where they were given before."""
        if index in self._compared or not self._switches.edits:
            return []
        self._compared.add(index)
        return alike(index, self._texts[index], self._reading)

    def _left(self, match: Match) -> Match | None:
        """The match without what has been given away since."""
        written = self._written[match.text]
        if all(self.free[j] and i not in written for i, j, _ in match.steps):
            return match
        best: list[Step] = []
        run: list[Step] = []
        for step in (*match.steps, None):
            if step and self.free[step[1]] and step[0] not in written:
                run.append(step)
            else:
                best, run = max(best, run, key=len), []
        return scored(match.text, self._texts[match.text], self._reading, best) if best else None

    def _fits(self, match: Match) -> bool:
        """Whether the place says enough: all or half of the text, a whole line, or many letters."""
        i0, i1 = match.steps[0][0], match.steps[-1][0] + 1
        length = len(self._texts[match.text].text)
        if match.text in self._boxes:
            near = self._switches.parts and (match.same >= ALONE or self._beside(match))
            return near and match.same >= GRAM
        if match.same >= ALONE or 2 * (i1 - i0) >= length:
            return True
        line = self._reading.line_of[match.start]
        j0, j1 = match.start, match.steps[-1][1] + 1
        whole = (j0, j1) == (self._reading.lines[line], self._reading.lines[line + 1])
        return whole and match.same >= GRAM + 2

    def _beside(self, match: Match) -> bool:
        """Whether the place is level with the text's others, or not far above or below."""
        box = self._box(match)
        height = max(box[3] - box[1], 1.0)
        return any(_down(box, other) <= FAR * height for other in self._boxes[match.text])

    def _distance(self, match: Match) -> float:
        """How far the place is from those of the texts before and after."""
        return self._near(match.text, self._box(match))

    def _near(self, index: int, box: Box) -> float:
        """How far from the texts before and after, further where it is on their wrong side."""
        at = bisect_left(self._order, index)
        sides = [(other, self._boxes[other][-1], box) for other in self._order[max(at - 1, 0) : at]]
        sides += ((n, box, self._boxes[n][0]) for n in self._order[at : at + 1])
        return sum(
            (_apart(first, second) + WRONG_SIDE * (box[3] - box[1]) * (not _follows(second, first)))
            * (TOGETHER if self._groups[other] == self._groups[index] else 1)
            for other, first, second in sides
        )

    def _box(self, match: Match) -> Box:
        return self._reading.words[self._reading.letters.word[match.start]].box

    def _take(self, match: Match) -> None:
        if match.text not in self._boxes:
            insort(self._order, match.text)
        self._boxes[match.text].append(self._box(match))
        self.steps[match.text] += match.steps
        for i, j, _ in match.steps:
            self._written[match.text].add(i)
            self.free[j] = False

    def _place_rest(self, index: int) -> None:
        """Words of a text of which nothing was found, though they stand beside those that were.

        Of a text without a place, as a row of short words and numbers is, first the rarest word at
        the place that has the most of the others level with it.
        """
        text, written = self._texts[index], self._written[index]
        if len(written) == len(text.text):
            return
        words = [
            self._words_at(index, list(letters))
            for _, letters in groupby(range(len(text.text)), lambda i: text.word[i])
        ]
        if index not in self._boxes:
            some = min((each for each in words if each), key=len, default=[])[:MOST_LINES]
            sums = [(self._level_with(match, words), match) for match in some]
            most, best = max(sums, key=lambda each: each[0], default=(0, None))
            if best is None or most < LEAST_LEVEL * len(text.text):
                return
            self._take(best)
        for found in words:
            near = [match for match in found if self._left(match) == match and self._beside(match)]
            if near:
                boxes = self._boxes[index]
                self._take(min(near, key=lambda match: _apart(self._box(match), boxes[-1])))

    def _words_at(self, index: int, own: Sequence[int]) -> list[Match]:
        """The free places of a word, which is these letters of the text; none where it has one."""
        if any(i in self._written[index] for i in own):
            return []
        said = self._texts[index].text[own[0] : own[-1] + 1]
        return [
            Match(0.0, index, tuple((own[0] + n, start + n, True) for n in range(len(said))))
            for start in self._reading.runs.get(said, ())[:MOST_PLACES]
            if all(self.free[start : start + len(said)])
        ]

    def _level_with(self, match: Match, words: Sequence[Sequence[Match]]) -> int:
        """How many letters of the words have a place level with the match."""
        box = self._box(match)
        reach = (box[3] - box[1]) / 2
        return sum(
            len(found[0].steps)
            for found in words
            if any(_down(box, self._box(other)) <= reach for other in found)
        )

    def _place_leftover(self, chosen: Sequence[int]) -> None:
        """Short texts, and those misread: each with the words nobody has taken, the most alike."""
        runs = free_runs(self._reading, self.free)[:MOST_LEFT]
        found = []
        for index in chosen[:MOST_LEFT]:
            text = self._texts[index].text
            for start, end in runs:
                page = self._reading.letters.text[start:end]
                alike = Levenshtein.normalized_similarity(text, page, score_cutoff=LEFTOVER)
                if text and alike:
                    steps = tuple(
                        (code.src_start + k, start + code.dest_start + k, code.tag == "equal")
                        for code in Levenshtein.opcodes(text, page)
                        if code.tag in ("equal", "replace")
                        for k in range(code.src_end - code.src_start)
                    )
                    found.append(Match(alike * len(text), index, steps))
        found.sort(key=lambda match: (-match.score, self._distance(match)))
        for match in found:
            if match.text not in self._boxes and all(self.free[j] for _, j, _ in match.steps):
                self._take(match)


def _apart(one: Box, other: Box) -> float:
    """How far apart two boxes are, in points; down the page counts more than across."""
    return _down(one, other) + 0.2 * max(one[0] - other[2], other[0] - one[2], 0.0)


def _follows(one: Box, other: Box) -> bool:
    """Whether one box comes after the other as a page is read: below it, or level to its right."""
    down = (one[1] + one[3] - other[1] - other[3]) / 2
    reach = min(one[3] - one[1], other[3] - other[1]) / 2
    return down > reach or (abs(down) <= reach and one[0] >= other[0])


def _down(one: Box, other: Box) -> float:
    """How far down the page two boxes are apart."""
    return abs(one[1] + one[3] - other[1] - other[3]) / 2
