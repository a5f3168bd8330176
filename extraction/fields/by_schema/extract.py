"""A schema filled from read pages without a model: leaves by labels, arrays by tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from extraction.fields.by_schema import choices, tables
from extraction.fields.by_schema.checks import escaped
from extraction.fields.by_schema.leaf_values import LeafValues, is_currency
from extraction.fields.by_schema.mapping import Wanted
from extraction.fields.by_schema.plan import Array, Leaf, Node, Object, leaves, plan_of
from extraction.fields.by_schema.settled import settled
from extraction.fields.by_schema.validation import Validator
from extraction.fields.kinds import Writing
from extraction.fields.supported import told_grounded
from extraction.fields.writing import writing_of
from extraction.laid_out import Unplaced, laid_out
from extraction.types import Citation, Extraction, Page, SchemaProblem

MAX_CANDIDATES = 4  # named in a problem
MAX_LIST = 500  # items of an array of single values

NOT_FOUND, NOT_VALID, AMBIGUOUS = "not_found", "not_valid", "ambiguous"


def extract(
    pages: Sequence[Page], schema: Mapping[str, Any], *, writing: Writing | None = None
) -> Extraction:
    """The checked schema filled from the pages.

    ``writing`` is how the document writes its values, told by its own text where not given. What is
    found is a value of its leaf's schema, or is told as a problem; ``settled`` has compared the
    whole with the schema.
    """
    plan = plan_of(schema)
    validator = Validator(schema)
    unplaced, pages = Unplaced(pages), laid_out(pages)
    leaf_values = LeafValues(pages, plan, writing or writing_of(pages))
    built = _Filler(leaf_values, validator).build(plan, "", required=True)
    citations = {
        pointer: told_grounded(unplaced.citation(cited), pages)
        for pointer, cited in built.citations.items()
    }
    return settled(plan, validator, built.value, citations, built.problems, built.met)


@dataclass(slots=True)
class Built:
    """A value on its way: ``there`` says that there is one, ``met`` that it has all it must."""

    value: Any = None
    there: bool = False
    met: bool = True
    citations: dict[str, Citation] = field(default_factory=dict)
    problems: list[SchemaProblem] = field(default_factory=list)


class _Filler:
    """Builds the value of a plan, node by node."""

    def __init__(self, leaf_values: LeafValues, validator: Validator) -> None:
        self._leaves = leaf_values
        self._validator = validator

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
        each = self._leaves.wanted[leaf.pointer]
        told = self._chosen(each, pointer) if leaf.choices else None
        if told is not None:
            return told
        wrong: list[str] = []
        reason = ""
        for found in self._leaves.candidates(each):
            for written in found.written:
                errors = self._validator.errors(written.value, leaf.schema)
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
        if is_currency(leaf):
            return None
        found = choices.chosen(self._leaves.lines, each.labels, leaf.choices)
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
        asked = [self._leaves.wanted[leaf.pointer] for leaf in leaves(item)]
        built = Built([], there=True)
        for row in tables.rows(self._leaves.pages, asked, self._leaves.writing):
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
            errors = self._validator.errors(filled.written.value, node.schema)
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
        each = self._leaves.wanted[leaf.pointer]
        built = Built([], there=True)
        seen: set[str] = set()
        for found in self._leaves.listed(each):
            for written in found.written:
                if self._validator.errors(written.value, leaf.schema):
                    continue
                key = json_text(written.value)
                if key not in seen and len(seen) < MAX_LIST:
                    seen.add(key)
                    built.citations[f"{pointer}/{len(built.value)}"] = found.citation
                    built.value.append(written.value)
                break
        return built


def json_text(value: Any) -> str:
    """A value told in a sentence."""
    return repr(value)[:80]


def _not_found(each: Wanted) -> str:
    labels = ", ".join(f'"{label}"' for label in each.labels[:3])
    kind = each.fields[0].kind if each.fields else each.leaf.type
    return f"nothing on the pages is labelled {labels} ({kind})"
