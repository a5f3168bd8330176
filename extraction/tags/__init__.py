"""What document vision-language models write for a page, as blocks.

Such a model answers in Markdown with HTML tables and with tags of its own (``<watermark>``,
``<page_number>``, ``<signature>``, ``<img>``; see the cards of Nanonets-OCR-s and OCR2), cut off
where its tokens ran out. The tokenizer is ours: html.parser takes any ``<...>`` for a tag and an
HTML or Markdown library mends or drops what is text here, ``<john@example.com>`` or ``a<b``.

``scanner`` makes tokens of the answer, ``reader`` takes tables (``html_tables``, ``grid``) and
tagged blocks out of them, ``lines`` reads the Markdown between these. Nothing recurs, and no step
looks at a character more than a few times, whatever the answer is.
"""

from __future__ import annotations

from extraction.tags import lines
from extraction.tags.reader import entries
from extraction.tags.scanner import tokens
from extraction.types import Block

MAX_BLOCKS = 5000  # of a page; the text of what is more is one paragraph


def parse(markup: str) -> tuple[Block, ...]:
    """The answer's blocks in reading order, without ids, boxes and confidences.

    Never raises: what is no markup, or broken, is text. No text is lost, and none becomes anything
    else but text.
    """
    blocks = lines.blocks(entries(tokens(markup)))
    if len(blocks) > MAX_BLOCKS:
        rest = "\n".join(block.text for block in blocks[MAX_BLOCKS:] if block.text)
        blocks[MAX_BLOCKS:] = [Block("", "paragraph", rest)]
    return tuple(blocks)
