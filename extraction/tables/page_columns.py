"""A page's columns of running text, beside which tables stand in columns of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from extraction.level import Row, Segment, union
from extraction.tables.placed import Extent, text_height

WORDS = 4  # in a line of running text, at least
LINES = 5  # of one paragraph, at least
FULL, MOSTLY = 0.75, 0.7  # of its width that a line fills, of the lines that do
EDGE = 0.5  # times the text's height by which lines begin apart
PITCH = 0.6  # times the text's height: the widest gap between two lines of a paragraph
EVEN = 0.25  # times the text's height by which its gaps differ, at most
NARROWEST, WIDEST = 0.25, 0.62  # of the width of all text


def sides(rows: Sequence[Row]) -> list[list[Row]]:
    """The rows of each column of the page, where running text shows that there are columns.

    A row that reaches over the white between columns is in none, and parts what is above it from
    what is below. Empty where the page has no columns.
    """
    gutters = _gutters(rows)
    parts: list[list[list[Row]]] = [[[] for _ in range(len(gutters) + 1)]]
    for row in rows if gutters else ():
        held: list[Row] = [[] for _ in range(len(gutters) + 1)]
        for segment in row:
            first, last = (sum(x <= side for x in gutters) for side in segment.box[::2])
            if first != last:
                parts.append([[] for _ in range(len(gutters) + 1)])
                break
            held[first].append(segment)
        else:
            for side, segments in zip(parts[-1], held, strict=True):
                if segments:
                    side.append(segments)
    return [side for part in parts for side in part if side]


def _gutters(rows: Sequence[Row]) -> list[float]:
    """Where the white between columns is, from the left."""
    segments = [segment for row in rows for segment in row]
    if not segments:
        return []
    left, _, right, _ = union(segment.box for segment in segments)
    width = right - left
    columns: list[Extent] = []
    for x0, x1 in sorted(_paragraphs(rows)):
        if not NARROWEST * width < x1 - x0 < WIDEST * width:
            continue
        if columns and x0 < columns[-1][1]:
            columns[-1] = (columns[-1][0], max(columns[-1][1], x1))
        else:
            columns.append((x0, x1))
    if not columns or columns[0][1] - columns[0][0] > WIDEST * width:
        return []
    found = [(one[1] + other[0]) / 2 for one, other in pairwise(columns)]
    half = segments[0].height / 2
    if columns[0][0] - left > NARROWEST * width:
        found.insert(0, columns[0][0] - half)
    if right - columns[-1][1] > NARROWEST * width:
        found.append(columns[-1][1] + half)
    return found


def _paragraphs(rows: Sequence[Row]) -> Iterator[Extent]:
    """The left and right edges of paragraphs of running text."""
    height = text_height(rows)
    open_runs: list[list[Segment]] = []
    for row in rows:
        for segment in row:
            if len(segment.pieces) < WORDS:
                continue
            for run in open_runs:
                gap = segment.box[1] - run[-1].box[3]
                first = run[1].box[1] - run[0].box[3] if len(run) > 1 else gap
                even = gap < PITCH * height and abs(gap - first) < EVEN * height
                if even and abs(segment.box[0] - run[-1].box[0]) < EDGE * height:
                    run.append(segment)
                    break
            else:
                open_runs.append([segment])
        top = min(segment.box[1] for segment in row)
        for run in [run for run in open_runs if top - run[-1].box[3] > PITCH * height]:
            open_runs.remove(run)
            yield from _extent(run)
    for run in open_runs:
        yield from _extent(run)


def _extent(run: Sequence[Segment]) -> Iterator[Extent]:
    left = min(line.box[0] for line in run)
    right = max(line.box[2] for line in run)
    full = sum(line.box[2] - left > FULL * (right - left) for line in run)
    if len(run) >= LINES and full >= MOSTLY * len(run):
        yield left, right
