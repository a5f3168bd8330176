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


def test_text_layer_tells_the_angle_at_which_most_text_runs() -> None:
    lines = (
        Line("a margin note", (0, 0, 9, 9), angle=0.0),
        Line("x" * 40, (0, 0, 9, 9), angle=90.0),
    )
    (text,) = get("text-layer").read([PageImage(1, 100, 100, 0, 72, lines=lines)])
    assert text.skew == 90.0
    assert [line.angle for line in text.lines] == [-90.0, 0.0]  # beside the page's
