"""The owner of the tests' database, for a statement within a test's own transaction.

The application's role, as which tests run, may not change what is append-only, nor any table's
form. What a thief of the owner's password could do is tried through a function of the tests alone.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import connection

FUNCTION = """
CREATE FUNCTION tests_as_owner(statement text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE changed bigint;
BEGIN
    EXECUTE statement;
    GET DIAGNOSTICS changed = ROW_COUNT;
    RETURN changed;
END
$$
"""


# TRUNCATE makes new files for each table and index, a hundred times; few tables of a test have rows
EMPTY = """
CREATE FUNCTION tests_empty(names text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET session_replication_role = replica AS $$
DECLARE name text; filled boolean;
BEGIN
    EXECUTE 'LOCK TABLE ' || array_to_string(names, ', ') || ' IN ACCESS EXCLUSIVE MODE';
    FOREACH name IN ARRAY names LOOP
        IF pg_relation_size(name::regclass) > 0 THEN
            EXECUTE 'SELECT EXISTS (SELECT FROM ' || name || ')' INTO filled;
            IF filled THEN EXECUTE 'DELETE FROM ' || name; END IF;
        END IF;
    END LOOP;
END
$$
"""


def may_empty() -> None:
    """Let the application's role empty all tables that there are; the owner calls this."""
    role = connection.ops.quote_name(settings.DATABASES["default"]["USER"])
    with connection.cursor() as cursor:
        cursor.execute(f"GRANT TRUNCATE, MAINTAIN ON ALL TABLES IN SCHEMA public TO {role}")


class Owner:
    """Executes statements as the owner of the tables; ``rowcount`` is the last one's."""

    rowcount = 0

    def execute(self, statement: str, params: Any = ()) -> None:
        """The statement, its parameters put in by the client."""
        with connection.cursor() as cursor:
            text = cursor.mogrify(statement, params) if params else statement
            cursor.execute("SELECT tests_as_owner(%s)", [text])
            (self.rowcount,) = cursor.fetchone()
