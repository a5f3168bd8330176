"""Several statements sent to PostgreSQL in one go: one way there and back instead of many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection, models
from django.db.models.sql import InsertQuery


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
        """Add the insert of a new row whose key is known; database defaults are not read back."""
        meta = row._meta
        key_given = row.pk is not None
        query = InsertQuery(type(row))
        query.insert_values(
            [
                field
                for field in meta.local_concrete_fields
                if not field.generated and (key_given or field is not meta.auto_field)
            ],
            [row],
        )
        for text, parameters in query.get_compiler(connection=connection).as_sql():
            self.ask(text, parameters)
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
            row._state.adding, row._state.db = False, connection.alias
