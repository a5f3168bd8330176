from __future__ import annotations

from dataclasses import replace

from extraction.types import Block, Line, Page, Word
from jobs.page_statistics import Share, statistics

BOX = (0.0, 0.0, 9.0, 9.0)


def test_words_are_counted_by_how_sure_they_are() -> None:
    words = tuple(Word("a", BOX, sure) for sure in (0.99, 0.95, 0.9, 0.7, 0.1, None))
    page = Page(1, lines=(Line("a a a a a a", BOX, 0.8, words), Line("two more", BOX, 0.85)))
    told = statistics(page)
    assert (told.words, told.lines) == (8, 2)
    counts = {share.band: share.count for share in told.sureness}
    assert counts == {"a": 2, "b": 3, "c": 1, "d": 1, "n": 1}
    assert told.sureness[0] == Share("a", 2, 0.25)


def test_text_without_lines_is_not_measured() -> None:
    blocks = (Block("1", "title", "One two"), Block("2", "list", "three"), Block("3", "list", ""))
    told = statistics(Page(1, blocks=blocks))
    assert (told.words, told.characters, told.kinds) == (3, 12, (("list", 2), ("title", 1)))
    assert {share.band: share.count for share in told.sureness if share.count} == {"n": 3}
    assert statistics(replace(Page(1), blocks=())).sureness == ()
