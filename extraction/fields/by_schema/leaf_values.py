"""What may be the value of a schema's leaf: by its fields, its labels, its kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from extraction.fields import kinds
from extraction.fields.by_schema import choices, mapping, tables, words
from extraction.fields.by_schema.beside import Lines, Words
from extraction.fields.by_schema.mapping import Wanted, wanted
from extraction.fields.by_schema.plan import Leaf, Object, leaves
from extraction.fields.by_schema.values import Written, forms
from extraction.fields.catalogue import CATALOGUE
from extraction.fields.definition import Field
from extraction.fields.kinds import Writing
from extraction.fields.labels import squeezed
from extraction.fields.match import find
from extraction.types import Citation, FieldValue, Page

MAX_ROUNDS = 4  # times that the pages are searched
MAX_LINES = 20_000  # looked through for values of a kind
LEAST = 0.05  # confidence of an alternative that counts
LIKELY = 0.3  # what it says that a value is of the likeliest kind, beside its confidence


@dataclass(frozen=True, slots=True)
class Found:
    """A candidate for a leaf: what stands on the page, and the values that it may be."""

    written: tuple[Written, ...]
    citation: Citation


class LeafValues:
    """What the pages hold for the leaves of a plan.

    ``wanted`` is what is looked for, by the leaf's pointer, ``lines`` where its words stand.
    """

    def __init__(self, pages: Sequence[Page], plan: Object, writing: Writing) -> None:
        self.pages = pages
        self.writing = writing
        self.wanted = {each.pointer: wanted(each) for each in leaves(plan, in_arrays=True)}
        self._values = self._find([self.wanted[leaf.pointer] for leaf in leaves(plan)])
        self.lines = Lines(pages, _phrases(self.wanted.values()))

    def _find(self, single: Sequence[Wanted]) -> dict[str, FieldValue]:
        """The values of all fields of the leaves, by the field's name."""
        asked = {field.name: field for each in single for field in each.fields}
        if any(is_currency(each.leaf) for each in single):
            amounts = (each for each in CATALOGUE if each.kind == "money")
            asked = {each.name: each for each in amounts} | asked
        rounds: list[tuple[list[Field], set[str]]] = []
        for each in asked.values():
            own = {squeezed(label) for label in (*each.synonyms, *each.weak)}
            free = next((r for r in rounds if not r[1] & own), None)
            if free is None:
                if len(rounds) < MAX_ROUNDS:
                    rounds.append(([], set()))
                free = rounds[-1]
            free[0].append(each)
            free[1].update(own)
        every = {label for _, labels in rounds for label in labels}
        found: dict[str, FieldValue] = {}
        for some, labels in rounds:
            # another leaf's label is none of a leaf's, though it begins as one: "Employee number"
            aside = Field("", "", "text", tuple(sorted(every - labels)), document_types=())
            values = find(self.pages, [*some, aside] if aside.synonyms else some)
            found |= {value.name: value for value in values if value.name}
        return found

    def candidates(self, each: Wanted) -> Iterator[Found]:
        """What may be the leaf's value, the likeliest first."""
        leaf = each.leaf
        if leaf.unknown:
            return
        if leaf.type == "boolean":
            told = choices.ticked(self.lines, each.labels)
            told = told or choices.answered(self.lines, each.labels)
            if told:
                yield Found((Written(told.value),), told.citation)
            return
        if is_currency(leaf):
            yield from self._currencies(each)
        if leaf.choices:
            return
        values = [self._values[f.name] for f in each.fields if f.name in self._values]
        likely = {f.name: LIKELY for f in each.fields[:1]}
        strength = {v.name: _strength(v, values) + likely.get(v.name, 0.0) for v in values}
        known = {f.name for f in each.fields if not f.name.startswith("/")}
        if known:  # what merely stands behind the label counts after what is of the field's kind
            strength = {name: s - 3 * (name not in known) for name, s in strength.items()}
        for value in sorted(values, key=lambda value: -strength[value.name]):
            yield self._of_value(leaf, value)
            for other in value.alternatives:
                if (other.confidence or 0.0) < LEAST:
                    continue
                citation = _cited(value, other.raw, other.page, other.box, other.confidence)
                line = self._line_at(other.page, other.box)
                yield Found(tuple(forms(leaf, other.raw, other.value, line)), citation)

    def _of_value(self, leaf: Leaf, value: FieldValue) -> Found:
        line = self._line_at(value.page, value.box)
        citation = _cited(value, value.raw, value.page, value.box, value.confidence)
        return Found(tuple(forms(leaf, value.raw, value.value, line)), citation)

    def _line_at(self, number: int | None, box: Any) -> str:
        """The line that a box lies in, with its hour of the day."""
        page = next((page for page in self.pages if page.number == number), None)
        if page is None or box is None:
            return ""
        middle = (box[1] + box[3]) / 2
        on_level = (line for line in page.lines if line.box[1] <= middle <= line.box[3])
        return " ".join(line.text for line in on_level)[:500]

    def _currencies(self, each: Wanted) -> Iterator[Found]:
        """The currency of the amounts in the same object, else of the document's."""
        above = each.leaf.pointer.rpartition("/")[0]
        amounts = [value for value in self._values.values() if value.kind == "money"]
        beside = {
            own.name
            for other in self.wanted.values()
            if other.leaf.pointer.rpartition("/")[0] == above
            for own in other.fields
        }
        near = [value for value in amounts if value.name in beside]
        named = Counter(
            value.value["currency"] for value in near or amounts if value.value["currency"]
        )
        for code, _ in named.most_common():
            value = next(v for v in near or amounts if v.value["currency"] == code)
            citation = _cited(value, value.raw, value.page, value.box, value.confidence)
            if not each.leaf.choices or code in each.leaf.choices:
                yield Found((Written(code),), citation)

    def listed(self, each: Wanted) -> Iterator[Found]:
        """All values for an array: choices, a table's column, behind its label, or of its kind."""
        leaf = each.leaf
        if leaf.choices:
            for choice in choices.chosen(self.lines, (), leaf.choices):
                yield Found((Written(choice.value),), choice.citation)
            return
        filled = tables.column(self.pages, each, self.writing)
        if filled:
            yield from (Found((one.written,), one.citation) for one in filled)
            return
        kind = each.fields[0].kind
        beside = [found[0] for found in self.lines.beside(each.labels) if found]
        if not beside and kinds.KINDS[kind].sight:
            beside = [
                Words(page.number, line.words, line)
                for page in self.pages
                for line in page.lines
                if line.words
            ][:MAX_LINES]
        for words_there in beside:
            yield from self._in_words(leaf, kind, words_there)

    def _in_words(self, leaf: Leaf, kind: str, there: Words) -> Iterator[Found]:
        """The values in some words: those of the kind; of any text, what commas part."""
        text = there.text
        if kind in ("text", "id", "organisation"):
            parts, start = [], 0
            for part in text.replace(";", ",").split(","):
                parts.append((start, start + len(part), part.strip(" :")))
                start += len(part) + 1
        else:
            parts = [
                (hit.start, hit.end, hit.value) for hit in kinds.find(kind, text, self.writing)
            ]
        for start, end, value in parts:
            raw = text[start:end].strip(" :")
            if not raw:
                continue
            covered, at = [], 0
            for word in there.words:
                if at < end and at + len(word.text) > start:
                    covered.append(word)
                at += len(word.text) + 1
            place = Words(there.page, tuple(covered), there.line)
            citation = replace(choices.cited(place, "label"), raw=raw)
            yield Found(tuple(forms(leaf, raw, value, there.line.text)), citation)


def _phrases(every: Iterable[Wanted]) -> Iterator[str]:
    """What is to be found as words on the pages: labels of leaves without a kind, and choices."""
    for each in every:
        if each.leaf.choices or each.leaf.type == "boolean" or "/*" in each.leaf.pointer:
            yield from each.labels
            yield from (str(choice) for choice in each.leaf.choices if len(str(choice)) >= 3)


def is_currency(leaf: Leaf) -> bool:
    """Whether the leaf is the currency of an amount: by its name, or by the codes it may have."""
    named = any(words.alike(each, "currency") for each in mapping.phrases(leaf))
    codes = [str(choice) for choice in leaf.choices]
    return named or (len(codes) > 1 and all(len(c) == 3 and c.isupper() for c in codes))


def _strength(value: FieldValue, values: Sequence[FieldValue]) -> float:
    """Of a text and a number within it the text counts, else what is surer."""
    within = any(
        other is not value and other.raw in value.raw and len(other.raw) < len(value.raw)
        and other.page == value.page
        for other in values
    )  # fmt: skip
    return (value.confidence or 0.0) + within


def _cited(value: FieldValue, raw: str, page: Any, box: Any, confidence: Any) -> Citation:
    """A value of a field as a citation; the leaves' own fields have names with a slash."""
    own = value.name if not value.name.startswith("/") else ""
    return Citation(raw, page, box, confidence, value.method, value.grounded, own, value.notes)
