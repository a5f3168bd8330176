"""Which tables hold an organisation's rows: read from the models, so that a new one is in it.

A model belongs to an organisation by a foreign key to it, or by one that must be there to a model
that does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import ForeignKey, Model, QuerySet

from accounts.models import Tenant

Type = type[Model]


@dataclass(frozen=True, slots=True)
class Table:
    """A model, and the lookup that leads from its rows to their organisation."""

    model: Type
    path: str

    @property
    def label(self) -> str:
        """Its name: "jobs.page"."""
        return str(self.model._meta.label_lower)

    @property
    def owner(self) -> str:
        """The lookup that leads to the row that has the organisation's key; "" for itself."""
        return self.path.rpartition("__")[0]

    def rows(self, tenant_id: UUID) -> QuerySet[Any]:
        """The organisation's rows, in no order."""
        return self.model._base_manager.filter(**{self.path: tenant_id}).order_by()

    def rows_of(self, owners: Sequence[Any]) -> QuerySet[Any]:
        """The rows of those owners, by their ids: found by an index, whatever else there is."""
        return self.model._base_manager.filter(**{f"{self.owner}__in": owners}).order_by()


@cache
def tables() -> tuple[Table, ...]:
    """All of them, each before those that its rows point to."""
    paths = _paths()
    order: TopologicalSorter[Type] = TopologicalSorter(dict.fromkeys(paths, ()))
    for model in paths:
        for key in _keys(model):
            if key.related_model in paths and key.related_model is not model:
                order.add(key.related_model, model)
    return tuple(Table(model, paths[model]) for model in order.static_order())


@cache
def owned_by(owner: Table) -> tuple[Table, ...]:
    """The tables whose rows lead to the organisation by way of this one's."""
    return tuple(table for table in tables() if table.owner and _owner_model(table) is owner.model)


def _owner_model(table: Table) -> Type:
    model = table.model
    for name in table.owner.split("__"):
        model = model._meta.get_field(name).related_model  # type: ignore[assignment]
    return model


def _paths() -> dict[Type, str]:
    found: dict[Type, str] = {}
    models = list(apps.get_models(include_auto_created=True))
    for model in models:
        for key in _keys(model):
            if key.related_model is Tenant:
                found[model] = key.name
    while more := {
        model: f"{key.name}__{found[key.related_model]}"
        for model in models
        if model not in found
        for key in _keys(model)
        if not key.null and key.related_model in found
    }:
        found |= more
    return found


def _keys(model: Type) -> list[Any]:
    return [field for field in model._meta.local_concrete_fields if isinstance(field, ForeignKey)]
