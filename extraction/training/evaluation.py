"""How well an engine writes what it should: read lessons it was not taught, and compare."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from extraction.comparison import likeness
from extraction.engines import Engine, Watch
from extraction.errors import Cancelled, EngineFailed, InvalidOption
from extraction.training.lessons import Lesson
from extraction.types import PageImage, PageText

DPI = 200.0  # at which lessons are taken to be shown: layouts tell what is large by it


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How ``lessons`` lessons were read, in ``seconds``.

    ``each`` is the similarity of each one's text to the true one, 0 to 1 (``Likeness.characters``:
    1 less the edit distance by the longer text's length, white space as one space), 0 where it
    could not be read; ``similarity`` is their mean, ``exact`` the share without a difference.
    """

    lessons: int
    similarity: float
    exact: float
    seconds: float
    each: tuple[float, ...]


def _untold(done: int, lessons: int) -> None:
    pass


def _unstopped() -> bool:
    return False


def evaluate(
    engine: Engine,
    lessons: Sequence[Lesson],
    *,
    told: Callable[[int, int], None] = _untold,
    stop: Callable[[], bool] = _unstopped,
) -> Evaluation:
    """Have the engine read the lessons' pages, as many together as it reads best.

    ``told`` is given how many are done, of how many. Raises ``Cancelled`` where ``stop`` says so,
    ``EngineUnavailable`` where the engine is out of order, ``InvalidOption`` where there are none.
    """
    if not len(lessons):
        raise InvalidOption("there are no lessons", limit=1, actual=0)
    begun, each = time.monotonic(), list[float]()
    while len(each) < len(lessons):
        if stop():
            raise Cancelled()
        group = range(len(each), min(len(each) + engine.at_once, len(lessons)))
        asked = [lessons[number] for number in group]
        pages = [_page(lesson, number) for number, lesson in zip(group, asked, strict=True)]
        for lesson, text in zip(asked, _read(engine, pages, Watch(stop)), strict=True):
            each.append(0.0 if text is None else likeness(lesson.text, text).characters)
        told(len(each), len(lessons))
    count = len(each)
    exact = sum(similarity == 1 for similarity in each) / count
    return Evaluation(count, sum(each) / count, exact, time.monotonic() - begun, tuple(each))


def _page(lesson: Lesson, number: int) -> PageImage:
    height, width = lesson.pixels.shape[:2]
    return PageImage(number + 1, width * 72 / DPI, height * 72 / DPI, 0, DPI, lesson.pixels)


def _read(engine: Engine, pages: Sequence[PageImage], watch: Watch) -> list[str | None]:
    """Their texts, None for a page that could not be read: of several, each is tried alone."""
    try:
        return [_text(read) for read in engine.read(pages, watch)]
    except EngineFailed:
        if len(pages) == 1:
            return [None]
    return [text for page in pages for text in _read(engine, [page], watch)]


def _text(read: PageText) -> str | None:
    if read.error is not None:
        return None
    return read.markup if read.markup is not None else "\n".join(line.text for line in read.lines)
