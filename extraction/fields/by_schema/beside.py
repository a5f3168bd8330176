"""The words that stand beside a label: what a label says where no kind of value tells it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from extraction.fields.definition import Field
from extraction.fields.labels import Labels, squeezed
from extraction.level import union
from extraction.types import Box, Line, Page, Word

NEAR = 40  # lines looked at around a label
BELOW = 2.5  # times the label's height
MOST = 200  # places of one label

# A page's number, the line, and the first and last of the words.
_Place = tuple[int, Line, int, int]


@dataclass(frozen=True, slots=True)
class Words:
    """Words in one line of a page; ``line`` is all of it."""

    page: int
    words: tuple[Word, ...]
    line: Line

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)

    @property
    def box(self) -> Box:
        return union(word.box for word in self.words)

    @property
    def confidence(self) -> float | None:
        known = [word.confidence for word in self.words if word.confidence is not None]
        return min(known) if known else None


class Lines:
    """A document's lines, and where those phrases stand in them."""

    def __init__(self, pages: Sequence[Page], phrases: Iterable[str]) -> None:
        self.pages = pages
        self._phrases = {key: each for each in phrases if (key := squeezed(each))}

    def of(self, phrases: Sequence[str]) -> list[Words]:
        """Where those phrases stand, in the order of the phrases, then of the pages."""
        return [Words(page, line.words[a : b + 1], line) for page, line, a, b in self._at(phrases)]

    def beside(self, labels: Sequence[str]) -> Iterator[list[Words]]:
        """For each place of a label, what may be its value: the rest of its line, else what stands
        to the right, then what stands below."""
        for number, line, first, last in self._at(labels):
            lines, middles = self._sorted[number]
            rest = line.words[last + 1 :]
            found = [Words(number, rest, line)] if rest else []
            label = union(word.box for word in line.words[first : last + 1])
            height = max(label[3] - label[1], 1.0)
            start = bisect_left(middles, _middle(line) - 0.6 * height)
            near = lines[start : start + NEAR]
            right = [
                other
                for other in near
                if abs(_middle(other) - _middle(line)) < 0.6 * height and other.box[0] >= label[2]
            ]
            below = [
                other
                for other in near
                if _middle(other) - _middle(line) > 0.6 * height
                and other.box[1] - label[3] < BELOW * height
                and other.box[0] < label[2] + height
                and other.box[2] > label[0] - height
            ]
            if not rest:
                found += [
                    Words(number, other.words, other)
                    for other in sorted(right, key=lambda other: other.box[0])[:2]
                ]
            found += [Words(number, other.words, other) for other in below[:1]]
            yield found

    def _at(self, phrases: Sequence[str]) -> list[_Place]:
        keys = dict.fromkeys(map(squeezed, phrases))
        return [place for key in keys for place in self._places.get(key, ())]

    @cached_property
    def _sorted(self) -> dict[int, tuple[list[Line], list[float]]]:
        """By page: its lines from the top down, and their middles."""
        found = {}
        for page in self.pages:
            lines = sorted((line for line in page.lines if line.words), key=_middle)
            found[page.number] = (lines, [_middle(line) for line in lines])
        return found

    @cached_property
    def _places(self) -> dict[str, list[_Place]]:
        """Where each phrase stands, by its letters; longer phrases win over those within them."""
        if not self._phrases:
            return {}
        labels = Labels([Field(key, "", "text", (each,)) for key, each in self._phrases.items()])
        lines = [(number, line) for number, (found, _) in self._sorted.items() for line in found]
        places: dict[str, list[_Place]] = {}
        texts = [[word.text for word in line.words] for _, line in lines]
        for (number, line), found in zip(lines, labels.in_lines(texts), strict=True):
            for label in found:
                known = places.setdefault(label.field, [])
                if label.field and len(known) < MOST:
                    known.append((number, line, label.first, label.last))
        return places


def _middle(line: Line) -> float:
    return (line.box[1] + line.box[3]) / 2
