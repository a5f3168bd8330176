"""New rows as JSON, for functions of the database that insert several in one trip."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, models

# Types whose values are for JSON as they are: asking each field to prepare its value costs more
_PLAIN = {
    models.BooleanField,
    models.CharField,
    models.DateField,
    models.DateTimeField,
    models.FloatField,
    models.ForeignKey,
    models.GenericIPAddressField,
    models.IntegerField,
    models.JSONField,
    models.OneToOneField,
    models.PositiveBigIntegerField,
    models.BigIntegerField,
    models.PositiveIntegerField,
    models.PositiveSmallIntegerField,
    models.TextField,
    models.UUIDField,
}


def as_json(row: models.Model) -> str:
    """The row by its columns, for ``jsonb_populate_record``; those that are null are left out, and
    those that the database fills (defaults, numbers). Values must have their fields' types."""
    plain, others = _columns(type(row))
    said = {
        column: value for column, name in plain if (value := getattr(row, name)) is not None
    } | {column: value for column, field in others if (value := _value(field, row)) is not None}
    return json.dumps(said, default=str)


def written(*rows: models.Model) -> None:
    """Note that the rows are in the database. Signals of models are not sent."""
    for row in rows:
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


def _value(field: models.Field[Any, Any], row: models.Model) -> Any:
    return field.get_db_prep_save(field.pre_save(row, True), connection)


@cache
def _columns(
    model: type[models.Model],
) -> tuple[list[tuple[str, str]], list[tuple[str, models.Field[Any, Any]]]]:
    """The plain ones with the names of their attributes, and the others with their fields."""
    wanted = [
        field
        for field in model._meta.local_concrete_fields
        if not field.generated
        and not field.has_db_default()
        and field is not model._meta.auto_field
    ]
    plain = [
        field for field in wanted if type(field) in _PLAIN and not getattr(field, "auto_now", False)
    ]
    return (
        [(str(field.column), field.attname) for field in plain],
        [(str(field.column), field) for field in wanted if field not in plain],
    )
