"""Several statements sent to PostgreSQL in one go: one way there and back instead of many."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import DEFAULT_DB_ALIAS, connection, connections, models


class Statements:
    """Statements of one transaction, each of which sees what those before it did.

    Nothing is sent before ``run``. Signals of models are not sent.
    """

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._parameters: list[Any] = []
        self._rows: list[list[tuple[Any, ...]]] = []
        self._inserted: list[models.Model] = []

    def ask(self, text: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Add a statement; ``run`` fills the list with the rows that it returns."""
        rows: list[tuple[Any, ...]] = []
        self._texts.append(text)
        self._parameters.extend(parameters)
        self._rows.append(rows)
        return rows

    def insert(self, row: models.Model) -> None:
        """Add the insert of a new row; what the database fills (defaults, numbers) is not read."""
        database = connections[DEFAULT_DB_ALIAS]
        text, fields = _insert_of(type(row))
        self.ask(
            text, [field.get_db_prep_save(field.pre_save(row, True), database) for field in fields]
        )
        self._inserted.append(row)

    def run(self) -> None:
        """Send them all and take what they return. Raises as the first that fails."""
        with connection.cursor() as cursor:
            cursor.execute(";\n".join(self._texts), self._parameters)
            for rows in self._rows:
                if cursor.description is not None:
                    rows.extend(cursor.fetchall())
                cursor.nextset()
        for row in self._inserted:
            row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


@cache
def _insert_of(model: type[models.Model]) -> tuple[str, list[models.Field[Any, Any]]]:
    """The statement that inserts a row, and the fields whose values it takes; others are the
    database's to fill."""
    database = connections[DEFAULT_DB_ALIAS]
    quoted = database.ops.quote_name
    fields = [
        field
        for field in model._meta.local_concrete_fields
        if not field.generated
        and not field.has_db_default()
        and field is not model._meta.auto_field
    ]
    columns = ", ".join(quoted(str(field.column)) for field in fields)
    # a list of nothing has no type of its own
    values = ", ".join(
        f"%s::{field.db_type(database)}" if isinstance(field, ArrayField) else "%s"
        for field in fields
    )
    table = quoted(model._meta.db_table)
    return f"INSERT INTO {table} ({columns}) VALUES ({values})", fields  # noqa: S608 - names alone
