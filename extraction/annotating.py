"""What a page's text tells besides its structure: languages and entities.

They are extras: where one of them fails, the page has a warning, and all else that was read.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from extraction import entities
from extraction.languages import with_languages
from extraction.types import Line, Page, Word

logger = logging.getLogger(__name__)

LANGUAGE_FAILED, ENTITIES_FAILED = "language_failed", "entities_failed"


def annotated(page: Page) -> Page:
    """The page with its language, those of its blocks, and its entities."""
    page = _or_warned(page, with_languages, LANGUAGE_FAILED)
    return _or_warned(page, _with_entities, ENTITIES_FAILED)


def warm() -> None:
    """Load what the first page would wait for: the model of languages, labels, names of months."""
    text = "Please call (0)30 1234567 before 12 March 2026, or write to a@example.com: 12.50 EUR"
    words = tuple(Word(word, (0.0, 0.0, 10.0, 10.0)) for word in text.split())
    annotated(Page(1, 595.0, 842.0, lines=(Line(text, (0.0, 0.0, 10.0, 10.0), words=words),)))


def settled(pages: Sequence[Page]) -> tuple[Page, ...]:
    """The pages of a document, with entities by what all of them tell together."""
    try:
        return entities.retold(pages)
    except Exception:
        logger.exception("the entities could not be looked for by the whole document")
        return tuple(pages)


def _with_entities(page: Page) -> Page:
    return replace(page, entities=entities.entities_of(page))


def _or_warned(page: Page, add: Callable[[Page], Page], warning: str) -> Page:
    try:
        return add(page)
    except Exception:
        logger.exception("page %d: %s", page.number, warning)
        return replace(page, warnings=(*page.warnings, warning))
