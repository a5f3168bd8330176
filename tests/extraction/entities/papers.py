"""Pages set line by line, for the tests of entities and languages."""

from __future__ import annotations

from extraction.types import Block, Line, Page, Word

LEFT, TOP, LETTER, SPACE, HEIGHT, PITCH = 50.0, 50.0, 6.0, 3.0, 10.0, 14.0
APART = 60.0  # points between words with several spaces between them


def line(text: str, number: int = 0, confidence: float | None = 0.9) -> Line:
    """A line of words; two spaces are a wide gap."""
    x, y, words = LEFT, TOP + PITCH * number, []
    for word in text.split(" "):
        if not word:
            x += APART
            continue
        words.append(Word(word, (x, y, x + LETTER * len(word), y + HEIGHT), confidence))
        x += LETTER * len(word) + SPACE
    box = (LEFT, y, max(x - SPACE, LEFT), y + HEIGHT)
    return Line(" ".join(word.text for word in words), box, confidence, tuple(words))


def paper(
    *texts: str, number: int = 1, confidence: float | None = 0.9, block: str = "paragraph"
) -> Page:
    """A page of those lines, all in one block."""
    lines = tuple(line(text, at, confidence) for at, text in enumerate(texts))
    box = (LEFT, TOP, 595.0, TOP + PITCH * len(texts))
    blocks = (Block(f"p{number}-b1", block, "\n".join(texts), box),)  # type: ignore[arg-type]
    return Page(number, 595, 842, lines=lines, blocks=blocks)
