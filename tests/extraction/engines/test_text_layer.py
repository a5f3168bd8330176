from __future__ import annotations

from extraction.engines import get
from extraction.types import Line, PageImage, Word


def test_text_layer_hands_on_the_pages_own_lines() -> None:
    line = Line("Hello", (1, 2, 30, 12), None, (Word("Hello", (1, 2, 30, 12)),))
    (text,) = get("text-layer").read([PageImage(1, 100, 100, 0, 72, lines=(line,))])
    assert text.lines == (line,)
    assert (text.engine, text.warnings) == ("text-layer", ())
    assert text.revision.startswith("pymupdf-")


def test_text_layer_says_when_there_is_none() -> None:
    (text,) = get("text-layer").read([PageImage(1, 100, 100, 0, 72)])
    assert text.lines == ()
    assert text.warnings == ("no_text_layer",)
