"""A page's entities for the result viewer: by kind, each tied to its place in the picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from extraction.formats.csv import safe_cell, value_cells
from extraction.types import Entity, Page
from jobs.wording import words_for

# In the order in which they are listed
KINDS = ("date", "money", "iban", "vat", "email", "phone", "url")


@dataclass(frozen=True, slots=True)
class ShownEntity:
    """An entity by its ``index`` among those of its page."""

    index: int
    entity: Entity

    @property
    def part(self) -> str:
        """What it is called in picture and list."""
        return f"e{self.index}"

    @property
    def notes(self) -> tuple[str, ...]:
        """What was assumed or not known; that it was read as the document writes goes without."""
        return tuple(note for note in self.entity.notes if not note.endswith("_by_document"))


@dataclass(frozen=True, slots=True)
class Group:
    """The entities of a kind, in the order of the page."""

    kind: str
    entities: tuple[ShownEntity, ...]


@dataclass(frozen=True, slots=True)
class ShownEntities:
    """What was found on a page; ``looked_for`` says whether anything was looked for."""

    groups: tuple[Group, ...]
    looked_for: bool

    @property
    def count(self) -> int:
        """How many there are of all kinds."""
        return sum(len(group.entities) for group in self.groups)

    @property
    def each(self) -> Sequence[ShownEntity]:
        """All of them, kind by kind."""
        return [each for group in self.groups for each in group.entities]

    @property
    def rows(self) -> str:
        """All of them as rows of cells with tabs between, to be pasted into a spreadsheet."""
        return "\n".join(
            "\t".join(map(_cell, (words_for(group.kind, "entity"), *_cells(each.entity))))
            for group in self.groups
            for each in group.entities
        )


def entities_shown(page: Page) -> ShownEntities:
    """The page's entities by kind."""
    found = [ShownEntity(index, entity) for index, entity in enumerate(page.entities or ())]
    count = Counter(each.entity.kind for each in found)
    groups = tuple(
        Group(kind, tuple(each for each in found if each.entity.kind == kind))
        for kind in KINDS
        if count[kind]
    )
    return ShownEntities(groups, page.entities is not None)


def _cells(entity: Entity) -> tuple[object, object, str]:
    return (*value_cells(entity.value), entity.raw)


def _cell(value: object) -> str:
    return " ".join(safe_cell(value).split())
