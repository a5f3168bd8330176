"""From a leaf of a schema to the fields to look for: the catalogue's, or one of the leaf's own.

A leaf's names, title and description are compared with the names and labels of the catalogue; what
is not known there is looked for by the leaf's own words, as labels on the page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from rapidfuzz import process
from rapidfuzz.distance import Indel

from extraction.fields.by_schema import words
from extraction.fields.by_schema.plan import Leaf
from extraction.fields.catalogue import CATALOGUE
from extraction.fields.definition import Field
from extraction.fields.kinds import KINDS
from extraction.fields.labels import labels_of, squeezed

MAX_LABEL_WORDS = 6
MAX_LABELS = 80  # of one leaf
NEAR = 0.9  # similarity from which a phrase counts as a name of the catalogue misspelt
LONG = 6  # letters; shorter ones are never compared loosely

# Kinds by what a leaf is, the first that there is.
_FORMATS: dict[str, tuple[str, ...]] = {
    "date": ("date",), "date-time": ("date",), "email": ("email", "text"),
    "idn-email": ("email", "text"), "uri": ("url", "text"), "iri": ("url", "text"),
    "iban": ("iban",), "bic": ("bic", "text"), "vat": ("vat",), "phone": ("phone", "text"),
    "money": ("money",), "decimal": ("money",), "currency": ("currency", "text"),
}  # fmt: skip
_NUMBERS = ("money", "number", "percent")
# Kinds of which a value may not be known: what stands behind the label is one all the same.
_NAMING = ("person", "organisation", "country")
# Kinds that a single word of a name tells.
_BY_WORD = {
    "iban": {"iban"}, "bic": {"bic", "swift"}, "vat": {"vat", "vatin", "ustid"},
    "email": {"email", "mail"}, "url": {"url", "website", "homepage"},
    "phone": {"phone", "telephone", "tel", "telefon", "fax", "mobile"}, "country": {"country"},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for to fill a leaf: fields in order of preference, and its labels in words."""

    leaf: Leaf
    fields: tuple[Field, ...]
    labels: tuple[str, ...]


def wanted(leaf: Leaf) -> Wanted:
    """The fields whose values may fill the leaf."""
    names = tuple(phrases(leaf))
    known = catalogued(leaf, names)
    if not known:
        return Wanted(leaf, _own(leaf, names), names)
    first = _with_labels(known[0], leaf, names)
    fields = (first, *known[1:])
    if first.kind in _NAMING and leaf.type == "string" and "format" not in leaf.words:
        as_written = Field(
            f"{leaf.pointer} text",
            first.label,
            "text",
            first.synonyms,
            first.weak,
            document_types=(),
        )
        fields = (*fields, as_written)
    return Wanted(leaf, fields, names)


def _with_labels(field: Field, leaf: Leaf, names: Sequence[str]) -> Field:
    """The field with the leaf's own words as labels too, but those that mean another field."""
    known = _named()
    alone = len(leaf.names) == 1  # "name" of an object is no label of that object's
    if party_of(leaf) and not alone:
        names = [name for name in names if not words.alike(name, leaf.names[-1])]
    own = {squeezed(label) for label in (*field.synonyms, *field.weak)}
    free = [name for name in names if squeezed(name) not in own]
    strong = tuple(name for name in free if squeezed(name) not in known)
    weak = tuple(name for name in free if alone and not known.get(squeezed(name), ("", True))[1])
    return replace(field, synonyms=field.synonyms + strong, weak=field.weak + weak)


def phrases(leaf: Leaf) -> Iterator[str]:
    """The leaf's names, the most telling first: with that of the object it is in, then alone."""
    given = []
    above = [words.phrase(name) for name in leaf.names[:-1]]
    above = [name for name in above if not words.is_one_of(name, words.HOLDERS)]
    own = words.phrase(leaf.names[-1]) if leaf.names else ""
    if above:
        given += [f"{above[-1]} {own}", f"{own} {above[-1]}"]
        if words.is_one_of(own, ("name", "amount", "value", "text", "Betrag")):
            given.append(above[-1])
    if title := _short(leaf.words.get("title")):
        given.append(title)
    given.append(own)
    if leaf.pointer.endswith("/*"):
        given.append(own.removesuffix("s"))
    if description := _short(leaf.words.get("description")):
        given.append(description)
    yield from list(dict.fromkeys(each for each in given if squeezed(each)))


def _short(text: Any) -> str:
    """A title or description, if it is short enough to be a label."""
    told = text.strip(" .:") if isinstance(text, str) else ""
    return told if 0 < len(told) < 80 and len(told.split()) <= MAX_LABEL_WORDS else ""


# The catalogue ------------------------------------------------------------------------------


@cache
def _named() -> Mapping[str, tuple[Field, bool]]:
    """The catalogue's fields by name, label and synonyms; whether they mean nothing else."""
    found: dict[str, tuple[Field, bool]] = {}
    for field in CATALOGUE:
        for label in field.weak:
            found.setdefault(squeezed(label), (field, False))
    for field in CATALOGUE:
        for label in (field.name, field.label, *field.synonyms):
            found[squeezed(label)] = (field, True)
    return found


def catalogued(leaf: Leaf, names: Sequence[str]) -> tuple[Field, ...]:
    """The catalogue's fields of fitting kinds that a leaf means, the likeliest first."""
    told = party_of(leaf)
    if told is not None:
        party, attribute = told
        found = [each for each in _of_party(attribute, party) if fits(each, leaf)]
        if found or (party is words.BUYER and len(leaf.names) > 1):
            return tuple(found)
    field = _of_name(leaf, names)
    return (field,) if field else ()


def _of_name(leaf: Leaf, names: Sequence[str]) -> Field | None:
    """The field that goes by one of the leaf's names, or by one that is spelt much like it."""
    known = _named()
    hits = [known[key] for key in map(squeezed, names) if key in known]
    hits += _told(leaf.words.get("description"))
    hits = [hit for hit in hits if fits(hit[0], leaf)]
    for field, strong in sorted(hits, key=lambda hit: not hit[1]):
        if strong or field.kind == _kinds(leaf)[0] or leaf.type != "string":
            return field
    labels = [key for key, (field, strong) in known.items() if strong and fits(field, leaf)]
    for name in map(squeezed, names):
        if len(name) >= LONG:
            near = process.extractOne(
                name, labels, scorer=Indel.normalized_similarity, score_cutoff=NEAR
            )
            if near:
                return known[near[0]][0]
    return None


def _told(description: Any) -> list[tuple[Field, bool]]:
    """The field whose label is the longest in a description: "The total amount, tax included"."""
    if not isinstance(description, str):
        return []
    (found,) = labels_of(CATALOGUE).in_lines([description.split()[:40]])
    longest = sorted((each for each in found if each.field), key=lambda e: e.first - e.last)
    by_name = {field.name: field for field in CATALOGUE}
    # one word of a sentence tells little: "the number of pages, total"
    return [(by_name[each.field], False) for each in longest[:1] if each.last > each.first]


def _party(name: str) -> tuple[str, ...] | None:
    for row in (words.SELLER, words.BUYER):
        if words.is_one_of(words.phrase(name), row):
            return row
    return None


def party_of(leaf: Leaf) -> tuple[tuple[str, ...], str] | None:
    """Of who bills or is billed, and what of them, by the leaf's names: "seller": {"name"},
    "sellerName" or "seller"; None for what is of neither."""
    if not leaf.names:
        return None
    own = words.phrase(leaf.names[-1])
    above = next((row for row in map(_party, leaf.names[-2::-1]) if row), None)
    if above:
        return above, own
    parts = own.split()
    for count in range(len(parts), 0, -1):
        row = _party(" ".join(parts[:count]))
        if row and (count < len(parts) or len(squeezed(own)) > len("from")):
            return row, " ".join(parts[count:]) or "name"
    return None


def _of_party(own: str, party: tuple[str, ...]) -> list[Field]:
    """The catalogue's fields of that name for who bills, or who is billed: "issuer_name".

    Of fields of other papers only the labels that mean nothing else count: "to" on an invoice is
    not above who bills, as it is on an order.
    """
    known = {field.name: field for field in CATALOGUE}
    for attribute in (own, *words.others(own)):
        keys = ("_".join((*words.words_of(each), *words.words_of(attribute))) for each in party)
        found = [known[key] for key in keys if key in known]
        if found:
            return [
                each if "invoice" in each.document_types else replace(each, weak=())
                for each in found
            ]
    return []


def fits(field: Field, leaf: Leaf) -> bool:
    """Whether the values of a field can become the leaf's."""
    if field.kind in ("table", "checkbox") or leaf.type == "boolean" or leaf.unknown:
        return False
    if leaf.choices:
        return field.kind in ("currency", "country")
    if leaf.type in ("number", "integer"):
        return field.kind in _NUMBERS or (leaf.type == "integer" and field.kind == "id")
    form = leaf.words.get("format")
    if form in _FORMATS:
        return field.kind in _FORMATS[form]
    return True


# The leaf's own words -----------------------------------------------------------------------


def _kinds(leaf: Leaf) -> tuple[str, ...]:
    """The kinds that the leaf's value may be of, the likeliest first; all of them in ``KINDS``."""
    told = set(words.words_of(" ".join((*leaf.names[-1:], str(leaf.words.get("title", ""))))))
    form = leaf.words.get("format")
    chosen: tuple[str, ...]
    if leaf.choices or leaf.type == "boolean":
        chosen = ()
    elif leaf.type in ("number", "integer"):
        chosen = ("percent", "number") if told & words.PERCENT_WORDS else ("number", "money")
        if told & words.MONEY_WORDS and not told & words.PERCENT_WORDS:
            chosen = ("money", "number")
    elif form in _FORMATS:
        chosen = _FORMATS[form]
    elif named := next((kind for kind, own in _BY_WORD.items() if told & own), None):
        chosen = (named, "text")
    elif told & words.DATE_WORDS:
        chosen = ("date", "text")
    elif told & words.ADDRESS_WORDS:
        chosen = ("address", "text")
    elif told & words.ID_WORDS or _in_digits(leaf):
        chosen = ("id", "text")
    elif told & words.MONEY_WORDS:
        chosen = ("money", "text")
    elif told & words.NAME_WORDS:
        chosen = ("organisation",) if _is_of_party(leaf) else ("text",)
    else:
        chosen = ("text", "id")
    there = tuple(kind for kind in chosen if kind in KINDS)
    return there or ("text",)


def _in_digits(leaf: Leaf) -> bool:
    """Whether the examples are numbers of things: digits in a single word."""
    examples = leaf.words.get("examples")
    if not isinstance(examples, list) or not examples:
        return False
    return all(
        isinstance(each, str) and " " not in each and any(c.isdigit() for c in each)
        for each in examples
    )


def _is_of_party(leaf: Leaf) -> bool:
    return any(_party(name) for name in leaf.names[:-1])


def _own(leaf: Leaf, names: Sequence[str]) -> tuple[Field, ...]:
    """Fields of the leaf's own labels, one a kind."""
    labels = [each for name in names for each in words.numbered(name)]
    labels += [other for name in names for other in words.others(name)]
    party = next((row for row in map(_party, leaf.names[-2::-1]) if row), None)
    if party and len(leaf.names) > 1:
        own = words.phrase(leaf.names[-1])
        if words.alike(own, "name"):
            # "Bill to" stands above the name; "name" alone is anybody's
            labels = [each for each in labels if not words.alike(each, "name")] + list(party)
        elif words.alike(own, "address") and "address" in KINDS:
            labels += list(party)
    strong = tuple(dict.fromkeys(labels))[:MAX_LABELS]
    return tuple(
        Field(
            name=f"{leaf.pointer} {kind}",
            label=names[0] if names else leaf.pointer,
            kind=kind,
            synonyms=strong,
            document_types=(),
        )
        for kind in _kinds(leaf)
    )
