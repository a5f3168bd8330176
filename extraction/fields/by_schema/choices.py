"""Leaves with few values: true and false from check boxes, one word of a list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from rapidfuzz import process
from rapidfuzz.distance import Indel

from extraction.fields.by_schema.beside import Lines, Words
from extraction.fields.by_schema.values import yes_or_no
from extraction.fields.labels import ALIKE, EXACT_BELOW, LONGEST_LABEL, squeezed
from extraction.types import Block, Citation, Page

SAME_LINE = 0.6  # of a check box's height
MOST_BOXES = 200  # check boxes of a document that are looked at
LARGE = 1.3  # times the height of the other places of a choice: a title


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of the list, and where it stands."""

    value: Any
    citation: Citation


def cited(words: Words, method: str) -> Citation:
    """The words as a citation."""
    sure = words.confidence
    return Citation(words.text, words.page, words.box, sure, method)


def _boxes(pages: Sequence[Page]) -> list[tuple[Page, Block, str]]:
    """The check boxes with their letters, the first ``MOST_BOXES``."""
    found = (
        (page, block, squeezed(block.text))
        for page in pages
        for block in page.blocks
        if block.kind == "checkbox" and block.checked is not None
    )
    return list(islice(found, MOST_BOXES))


def ticked(lines: Lines, labels: Sequence[str]) -> Choice | None:
    """Whether the check box of that label is ticked; of a pair "Yes" and "No" behind the label,
    which of them is."""
    boxes = _boxes(lines.pages)
    for label in map(squeezed, labels):
        for page, block, text in boxes:
            if _is_said(label, text):
                return Choice(block.checked, _of_box(page, block))
    answers = [(page, block, yes_or_no(block.text)) for page, block, _ in boxes if block.checked]
    for place in lines.of(labels):
        for page, block, answer in answers:
            if page.number != place.page or answer is None or not block.box:
                continue
            height = block.box[3] - block.box[1]
            apart = abs(sum(block.box[1::2]) - sum(place.box[1::2])) / 2
            if apart < SAME_LINE * height and block.box[0] >= place.box[0]:
                return Choice(answer, _of_box(page, block))
    return None


def answered(lines: Lines, labels: Sequence[str]) -> Choice | None:
    """ "Insured: yes" behind a label."""
    for beside in lines.beside(labels):
        for words in beside:
            for part in (words, Words(words.page, words.words[:1], words.line)):
                answer = yes_or_no(part.text)
                if answer is not None:
                    return Choice(answer, cited(part, "label"))
    return None


def chosen(lines: Lines, labels: Sequence[str], choices: Sequence[Any]) -> list[Choice]:
    """The values of the list that the document has, each once; the likeliest way to tell first:
    ticked check boxes, what stands behind the label, then what stands anywhere."""
    texts = {str(choice): choice for choice in choices if not isinstance(choice, bool)}
    keys = {name: squeezed(name) for name in texts}
    of_boxes = [
        (name, page, block)
        for page, block, text in _boxes(lines.pages)
        for name, key in keys.items()
        if _is_said(key, text)
    ]
    if of_boxes:
        return [
            Choice(texts[name], _of_box(page, block))
            for name, page, block in of_boxes
            if block.checked
        ]
    for beside in lines.beside(labels):
        for words in beside:
            if (nearest := _nearest(words.text, keys)) is not None:
                return [Choice(texts[nearest], cited(words, "label"))]
    return list(_anywhere(lines, texts))


def _anywhere(lines: Lines, texts: dict[str, Any]) -> Iterator[Choice]:
    """Choices as words of the page; if some are set as titles, those alone."""
    places = []
    for name, value in texts.items():
        if len(squeezed(name)) >= 3:
            found = lines.of([name])
            if found:
                tallest = max(found, key=lambda words: words.box[3] - words.box[1])
                places.append((value, tallest, tallest.box[3] - tallest.box[1]))
    heights = sorted(height for *_, height in places)
    for value, words, height in places:
        if heights[-1] > LARGE * heights[0] and height * LARGE < heights[-1]:
            continue
        yield Choice(value, cited(words, "text"))


def _nearest(text: str, keys: dict[str, str]) -> str | None:
    """The choice that a text is, or begins with, or is a misreading of. ``keys``: their letters."""
    parts = text.split()[:LONGEST_LABEL]
    starts = [squeezed("".join(parts[:count])) for count in range(len(parts), 0, -1)]
    for start in starts:
        for name, key in keys.items():
            if name.strip() == text.strip() or (key and key == start):
                return name
    long = {name: key for name, key in keys.items() if len(key) >= EXACT_BELOW}
    near = process.extractOne(
        squeezed(text), long, scorer=Indel.normalized_similarity, score_cutoff=ALIKE
    )
    return near[2] if near else None


def _is_said(label: str, text: str) -> bool:
    """Whether a check box's text is the label, or the label and more behind it; both squeezed."""
    if not label or not text or label == text:
        return bool(label) and label == text
    if len(label) < EXACT_BELOW:
        return False
    return text.startswith(label) or Indel.normalized_similarity(label, text) >= ALIKE


def _of_box(page: Page, block: Block) -> Citation:
    return Citation(block.text, page.number, block.box, block.confidence, "checkbox")
