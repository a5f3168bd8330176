"""The two roles of the database: the owner, who migrates, and the application's.

The application's role (the user of DATABASE_URL) owns nothing and is bound by the policies. It may
not change what is append-only, and no table's form.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management import CommandError
from django.db import DEFAULT_DB_ALIAS, connection, transaction
from psycopg.errors import InsufficientPrivilege
from psycopg.sql import SQL, Composable, Identifier, Literal

from accounts.row_security import EVERYTHING, SETTING, send_scope

# What the application's role may not do to tables, of SELECT, INSERT, UPDATE and DELETE
WITHHELD = {
    "accounts_auditentry": "UPDATE, DELETE",
    "accounts_auditseal": "UPDATE, DELETE",
    "accounts_usagerecord": "UPDATE",
    "accounts_closing": "UPDATE",
    "accounts_closedusage": "UPDATE",
    "accounts_credituse": "UPDATE",
    "jobs_fieldrevision": "UPDATE",
    "django_migrations": "INSERT, UPDATE, DELETE",
}

# What it may do at once to what a migration makes: triggers of older tables may write to it
NEW = (
    "SELECT, INSERT, UPDATE, DELETE ON TABLES",
    "USAGE, SELECT ON SEQUENCES",
    "EXECUTE ON FUNCTIONS",
)
LOCK_SECONDS = 3  # who asks for a table that is waited for waits as long


@contextmanager
def as_owner() -> Iterator[None]:
    """This thread's connection is the owner's in the block, and sees everything: to migrate.

    It waits for no lock longer than LOCK_SECONDS. Outside any transaction. The owner is of
    DATABASE_OWNER_URL, or without it of DATABASE_URL.
    """
    usual, wrappers = connection.settings_dict, connection.execute_wrappers
    if send_scope not in wrappers:  # it is already
        yield
        return
    owner: dict[str, Any] = settings.DATABASE_OWNER or usual
    options = {**owner.get("OPTIONS", {})}
    options.pop("pool", None)
    # for the whole connection: statements like CREATE INDEX CONCURRENTLY have to come alone
    set_to = f"-c {SETTING}={EVERYTHING} -c lock_timeout={LOCK_SECONDS}s"
    options["options"] = f"{options.get('options', '')} {set_to}".strip()
    connection.close()
    connection.settings_dict = {
        **usual,
        **{name: owner[name] for name in ("USER", "PASSWORD", "HOST", "PORT")},
        "OPTIONS": options,
    }
    connection.execute_wrappers = [each for each in wrappers if each is not send_scope]
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict, connection.execute_wrappers = usual, wrappers


def grant() -> str | None:
    """Make the application's role if it is missing, and give it its rights; the owner calls this.

    They hold for what there is, and for what the owner makes from then on. Returns the role's name;
    None where the owner's role is the application's too. Raises CommandError where the role is
    missing and the owner may not make any.
    """
    app = settings.DATABASES[DEFAULT_DB_ALIAS]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_database(), current_schema()")
        owner, database, schema = cursor.fetchone()
        role = app["USER"] or owner
        if role == owner:
            return None
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
        if cursor.fetchone() is None:
            _make(role, app.get("PASSWORD") or "")
        names = {
            "role": Identifier(role),
            "database": Identifier(database),
            "schema": Identifier(schema),
        }
        statements = [
            "GRANT CONNECT ON DATABASE {database} TO {role}",
            "GRANT USAGE ON SCHEMA {schema} TO {role}",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}",
            "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
            "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} TO {role}",
            *(
                f"ALTER DEFAULT PRIVILEGES IN SCHEMA {{schema}} GRANT {rights} TO {{role}}"
                for rights in NEW
            ),
        ]
        for statement in statements:
            _run(SQL(statement).format(**names))
        tables = set(connection.introspection.table_names(cursor))
        for table in tables.intersection(WITHHELD):
            _run(
                SQL("REVOKE {} ON {} FROM {}").format(
                    SQL(WITHHELD[table]), Identifier(table), names["role"]
                )
            )
    return str(role)


def unbound() -> list[str]:
    """Why the policies do not bind, or not surely, the role that this connection has."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper, rolbypassrls, EXISTS (SELECT FROM pg_class"
            " WHERE relowner = pg_roles.oid AND relnamespace = current_schema()::regnamespace)"
            " FROM pg_roles WHERE rolname = current_user"
        )
        answers = cursor.fetchone()
    reasons = ("is a superuser", "has BYPASSRLS", "owns tables")
    return [reason for reason, true in zip(reasons, answers, strict=True) if true]


def _make(role: str, password: str) -> None:
    """A role that may sign in and nothing else; its password is sent as a hash."""
    statement: Composable = SQL(
        "CREATE ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOINHERIT"
    ).format(Identifier(role))
    if password:
        pgconn = connection.connection.pgconn
        hashed = pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
        statement = statement + SQL(" PASSWORD {}").format(Literal(hashed.decode()))
    try:
        with transaction.atomic():
            _run(statement)
    except Exception as error:
        if isinstance(error.__cause__, InsufficientPrivilege):
            raise CommandError(
                f"The database has no role {role}, and the owner may not make it. As an "
                f"administrator: CREATE ROLE {role} LOGIN PASSWORD '...'; then migrate again."
            ) from error
        raise


def _run(statement: Composable) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
