"""New rows as JSON, for functions of the database that insert several in one trip."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, models
from psycopg.types.json import Jsonb


def as_json(row: models.Model) -> str:
    """The row by its columns, for ``jsonb_populate_record``; those that are null are left out, and
    those that the database fills (defaults, numbers)."""
    return json.dumps(
        {
            column: value
            for column, field in _columns(type(row))
            if (value := _value(field, row)) is not None
        },
        default=str,
    )


def written(*rows: models.Model) -> None:
    """Note that the rows are in the database. Signals of models are not sent."""
    for row in rows:
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


def _value(field: models.Field[Any, Any], row: models.Model) -> Any:
    value = field.get_db_prep_save(field.pre_save(row, True), connection)
    return value.obj if isinstance(value, Jsonb) else value


@cache
def _columns(model: type[models.Model]) -> list[tuple[str, models.Field[Any, Any]]]:
    return [
        (str(field.column), field)
        for field in model._meta.local_concrete_fields
        if not field.generated
        and not field.has_db_default()
        and field is not model._meta.auto_field
    ]
