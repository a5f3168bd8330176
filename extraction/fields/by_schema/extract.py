"""A schema filled from read pages without a model: leaves by labels, arrays by tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from extraction.fields import kinds
from extraction.fields.by_schema import choices, mapping, tables, words
from extraction.fields.by_schema.beside import Lines, Words
from extraction.fields.by_schema.checks import escaped
from extraction.fields.by_schema.mapping import Wanted, wanted
from extraction.fields.by_schema.plan import Array, Leaf, Node, Object, leaves, plan_of
from extraction.fields.by_schema.settled import settled
from extraction.fields.by_schema.validation import Validator
from extraction.fields.by_schema.values import Written, forms
from extraction.fields.catalogue import CATALOGUE
from extraction.fields.definition import Field
from extraction.fields.kinds import UNKNOWN, Writing
from extraction.fields.labels import squeezed
from extraction.fields.match import find
from extraction.types import Citation, Extraction, FieldValue, Page, SchemaProblem

MAX_ROUNDS = 4  # times that the pages are searched
MAX_CANDIDATES = 4  # named in a problem
MAX_LINES = 20_000  # looked through for values of a kind
LEAST = 0.05  # confidence of an alternative that counts
LIKELY = 0.3  # what it says that a value is of the likeliest kind, beside its confidence
MAX_LIST = 500  # items of an array of single values

NOT_FOUND, NOT_VALID, AMBIGUOUS = "not_found", "not_valid", "ambiguous"


def extract(
    pages: Sequence[Page], schema: Mapping[str, Any], *, writing: Writing = UNKNOWN
) -> Extraction:
    """The checked schema filled from the pages.

    ``writing`` is how the document writes its values. What is found is a value of its leaf's
    schema, or is told as a problem; ``settled`` has compared the whole with the schema.
    """
    plan = plan_of(schema)
    filler = _Filler(pages, plan, Validator(schema), writing)
    built = filler.build(plan, "", required=True)
    return settled(plan, filler.validator, built.value, built.citations, built.problems, built.met)


@dataclass(slots=True)
class Built:
    """A value on its way: ``there`` says that there is one, ``met`` that it has all it must."""

    value: Any = None
    there: bool = False
    met: bool = True
    citations: dict[str, Citation] = field(default_factory=dict)
    problems: list[SchemaProblem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Found:
    """A candidate for a leaf: what stands on the page, and the values that it may be."""

    written: tuple[Written, ...]
    citation: Citation


class _Filler:
    def __init__(
        self, pages: Sequence[Page], plan: Object, validator: Validator, writing: Writing
    ) -> None:
        self.pages = pages
        self.validator = validator
        self.writing = writing
        every = list(leaves(plan, in_arrays=True))
        self._wanted = {leaf.pointer: wanted(leaf) for leaf in every}
        single = [self._wanted[leaf.pointer] for leaf in leaves(plan)]
        self._values = self._find(single)
        self._lines = Lines(pages, _phrases(self._wanted.values()))

    # Finding --------------------------------------------------------------------------------

    def _find(self, single: Sequence[Wanted]) -> dict[str, FieldValue]:
        """The values of all fields of the leaves, by the field's name."""
        asked = {field.name: field for each in single for field in each.fields}
        if any(_is_currency(each.leaf) for each in single):
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

    def candidates(self, each: Wanted) -> Iterator[_Found]:
        """What may be the leaf's value, the likeliest first."""
        leaf = each.leaf
        if leaf.unknown:
            return
        if leaf.type == "boolean":
            told = choices.ticked(self._lines, each.labels)
            told = told or choices.answered(self._lines, each.labels)
            if told:
                yield _Found((Written(told.value),), told.citation)
            return
        if _is_currency(leaf):
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
                yield _Found(tuple(forms(leaf, other.raw, other.value, line)), citation)

    def _of_value(self, leaf: Leaf, value: FieldValue) -> _Found:
        line = self._line_at(value.page, value.box)
        citation = _cited(value, value.raw, value.page, value.box, value.confidence)
        return _Found(tuple(forms(leaf, value.raw, value.value, line)), citation)

    def _line_at(self, number: int | None, box: Any) -> str:
        """The line that a box lies in, with its hour of the day."""
        page = next((page for page in self.pages if page.number == number), None)
        if page is None or box is None:
            return ""
        middle = (box[1] + box[3]) / 2
        on_level = (line for line in page.lines if line.box[1] <= middle <= line.box[3])
        return " ".join(line.text for line in on_level)[:500]

    def _currencies(self, each: Wanted) -> Iterator[_Found]:
        """The currency of the amounts in the same object, else of the document's."""
        above = each.leaf.pointer.rpartition("/")[0]
        amounts = [value for value in self._values.values() if value.kind == "money"]
        beside = {
            own.name
            for other in self._wanted.values()
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
                yield _Found((Written(code),), citation)

    # Building -------------------------------------------------------------------------------

    def build(self, node: Node, pointer: str, *, required: bool) -> Built:
        """The value of a node, as far as it was found; ``pointer`` is its place in the value."""
        if isinstance(node, Object):
            built = self._object(node, pointer, required=required)
        elif isinstance(node, Array):
            built = self._array(node, pointer)
        else:
            assert isinstance(node, Leaf)
            built = self._leaf(node, pointer, required=required)
        if required and node.nullable and not (built.there and built.met):
            notes = [each for each in built.problems if each.code != NOT_FOUND]
            return Built(None, there=True, problems=notes)
        return built

    def _object(self, node: Object, pointer: str, *, required: bool) -> Built:
        whole = Built({})
        for name, each in node.properties.items():
            must = name in node.required
            part = self.build(each, f"{pointer}/{escaped(name)}", required=must)
            if part.there and (part.met or must):
                whole.value[name] = part.value
                whole.citations |= part.citations
            whole.problems += part.problems
            whole.met = whole.met and (not must or (part.there and part.met))
        unlisted = node.required - node.properties.keys()
        for name in sorted(unlisted):
            detail = "the schema does not say what it is"
            whole.problems.append(SchemaProblem(f"{pointer}/{escaped(name)}", NOT_FOUND, detail))
            whole.met = False
        whole.there = required or bool(whole.citations)
        if not required and not whole.met:
            found = whole.there
            return Built(problems=whole.problems if found else [])
        if not whole.there:
            return Built(problems=[p for p in whole.problems if p.code != NOT_FOUND])
        return whole

    def _leaf(self, leaf: Leaf, pointer: str, *, required: bool) -> Built:
        each = self._wanted[leaf.pointer]
        told = self._chosen(each, pointer) if leaf.choices else None
        if told is not None:
            return told
        wrong: list[str] = []
        reason = ""
        for found in self.candidates(each):
            for written in found.written:
                errors = self.validator.errors(written.value, leaf.schema)
                if not errors:
                    citation = replace(found.citation, notes=written.notes)
                    return Built(written.value, there=True, citations={pointer: citation})
                reason = reason or errors[0][1]
            wrong.append(found.citation.raw)
            reason = reason or f"it is no {leaf.words.get('format') or leaf.type}"
        if wrong:
            shown = tuple(dict.fromkeys(text[:200] for text in wrong))[:MAX_CANDIDATES]
            detail = f"{shown[0]!r} stands there, but: {reason}"
            return Built(problems=[SchemaProblem(pointer, NOT_VALID, detail, shown)])
        if required:
            return Built(problems=[SchemaProblem(pointer, NOT_FOUND, _not_found(each))])
        return Built()

    def _chosen(self, each: Wanted, pointer: str) -> Built | None:
        """A leaf with a list of values; None where that is told by its kind."""
        leaf = each.leaf
        if _is_currency(leaf):
            return None
        found = choices.chosen(self._lines, each.labels, leaf.choices)
        found = list({str(choice.value): choice for choice in found}.values())
        if len(found) == 1:
            citation = found[0].citation
            return Built(found[0].value, there=True, citations={pointer: citation})
        if not found and "const" in leaf.words:
            citation = Citation("", method="schema", grounded=False)
            return Built(leaf.words["const"], there=True, citations={pointer: citation})
        if not found:
            shown = ", ".join(json_text(choice) for choice in leaf.choices[:5])
            detail = f"none of the values it may have is on the pages: {shown}"
            return Built(problems=[SchemaProblem(pointer, NOT_FOUND, detail)])
        names = tuple(str(choice.value) for choice in found)[:MAX_CANDIDATES]
        detail = f"{len(found)} of the values it may have are on the pages, and no label tells"
        return Built(problems=[SchemaProblem(pointer, AMBIGUOUS, detail, names)])

    # Arrays ---------------------------------------------------------------------------------

    def _array(self, node: Array, pointer: str) -> Built:
        if isinstance(node.items, Object):
            built = self._rows(node, node.items, pointer)
        elif isinstance(node.items, Leaf):
            built = self._list(node, node.items, pointer)
        else:
            built = Built()
        if not built.value:
            detail = "no table on the pages has headings for its items"
            if not isinstance(node.items, Object):
                detail = "nothing on the pages is one of its items"
            built.problems.append(SchemaProblem(pointer, NOT_FOUND, detail))
        return built

    def _rows(self, node: Array, item: Object, pointer: str) -> Built:
        asked = [self._wanted[leaf.pointer] for leaf in leaves(item)]
        built = Built([], there=True)
        for row in tables.rows(self.pages, asked, self.writing):
            place = f"{pointer}/{len(built.value)}"
            part = self._item(item, row, place)
            if part.met and part.there:
                built.value.append(part.value)
                built.citations |= part.citations
                built.problems += part.problems
            elif len(part.citations) * 2 > len(asked) and part.problems:
                why = part.problems[0]
                detail = (
                    f"row {row.number} of a table on page {row.page} is left out: "
                    f"{why.pointer.removeprefix(place)} {why.detail}"
                )
                built.problems.append(SchemaProblem(pointer, why.code, detail, why.candidates))
        return built

    def _item(self, node: Node, row: tables.Row, pointer: str) -> Built:
        """A row as a value of the items' schema."""
        if isinstance(node, Object):
            whole = Built({}, there=True)
            for name, each in node.properties.items():
                part = self._item(each, row, f"{pointer}/{escaped(name)}")
                must = name in node.required
                if part.there and part.met:
                    whole.value[name] = part.value
                elif must and each.nullable:
                    whole.value[name] = None
                elif must:
                    whole.met = False
                    whole.problems += part.problems
                whole.citations |= part.citations
            whole.there = bool(whole.citations)
            return whole
        if isinstance(node, Leaf) and node.pointer in row.values:
            filled = row.values[node.pointer]
            errors = self.validator.errors(filled.written.value, node.schema)
            if not errors:
                return Built(filled.written.value, there=True, citations={pointer: filled.citation})
            raw = filled.citation.raw[:200]
            detail = f"{raw!r} stands there, but: {errors[0][1]}"
            return Built(met=False, problems=[SchemaProblem(pointer, NOT_VALID, detail, (raw,))])
        if isinstance(node, Leaf) and node.pointer in row.wrong:
            raw = row.wrong[node.pointer].text[:200]
            detail = f"{raw!r} stands there, which is no {node.type}"
            return Built(met=False, problems=[SchemaProblem(pointer, NOT_VALID, detail, (raw,))])
        return Built(problems=[SchemaProblem(pointer, NOT_FOUND, "is not there")])

    def _list(self, node: Array, leaf: Leaf, pointer: str) -> Built:
        each = self._wanted[leaf.pointer]
        built = Built([], there=True)
        seen: set[str] = set()
        for found in self._listed(each):
            for written in found.written:
                if self.validator.errors(written.value, leaf.schema):
                    continue
                key = json_text(written.value)
                if key not in seen and len(seen) < MAX_LIST:
                    seen.add(key)
                    built.citations[f"{pointer}/{len(built.value)}"] = found.citation
                    built.value.append(written.value)
                break
        return built

    def _listed(self, each: Wanted) -> Iterator[_Found]:
        """All values for an array: choices, a table's column, behind its label, or of its kind."""
        leaf = each.leaf
        if leaf.choices:
            for choice in choices.chosen(self._lines, (), leaf.choices):
                yield _Found((Written(choice.value),), choice.citation)
            return
        filled = tables.column(self.pages, each, self.writing)
        if filled:
            yield from (_Found((one.written,), one.citation) for one in filled)
            return
        kind = each.fields[0].kind
        beside = [found[0] for found in self._lines.beside(each.labels) if found]
        if not beside and kinds.KINDS[kind].sight:
            beside = [
                Words(page.number, line.words, line)
                for page in self.pages
                for line in page.lines
                if line.words
            ][:MAX_LINES]
        for words_there in beside:
            yield from self._in_words(leaf, kind, words_there)

    def _in_words(self, leaf: Leaf, kind: str, there: Words) -> Iterator[_Found]:
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
            yield _Found(tuple(forms(leaf, raw, value, there.line.text)), citation)


def json_text(value: Any) -> str:
    """A value told in a sentence."""
    return repr(value)[:80]


def _phrases(every: Iterable[Wanted]) -> Iterator[str]:
    """What is to be found as words on the pages: labels of leaves without a kind, and choices."""
    for each in every:
        if each.leaf.choices or each.leaf.type == "boolean" or "/*" in each.leaf.pointer:
            yield from each.labels
            yield from (str(choice) for choice in each.leaf.choices if len(str(choice)) >= 3)


def _is_currency(leaf: Leaf) -> bool:
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


def _not_found(each: Wanted) -> str:
    labels = ", ".join(f'"{label}"' for label in each.labels[:3])
    kind = each.fields[0].kind if each.fields else each.leaf.type
    return f"nothing on the pages is labelled {labels} ({kind})"
