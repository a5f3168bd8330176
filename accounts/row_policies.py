"""The policies of the second wall (accounts/row_security.py), as operations of migrations.

A migration that makes a table with rows of tenants protects it in the same breath:
``protect("accounts_x")``, or ``protect_part("jobs_y", of="jobs_job", by="job_id")`` where the
tenant is told by another row. tests/accounts/test_row_security.py fails for a table without.
"""

from __future__ import annotations

from django.db.migrations import RunSQL

from accounts.row_security import EVERYTHING, SETTING

# In a subquery each, so that PostgreSQL works them out once a statement and not for every row
_EVERYTHING = f"(SELECT current_setting('{SETTING}', true) = '{EVERYTHING}')"
_TENANT = f"(SELECT nullif(nullif(current_setting('{SETTING}', true), ''), '{EVERYTHING}')::uuid)"


def protect(table: str, by: str = "tenant_id") -> RunSQL:
    """Rows are seen and written by whoever acts for the tenant in the column ``by``."""
    return _policy(table, f"{by} = {_TENANT} OR {_EVERYTHING}")


def protect_part(table: str, *, of: str, by: str) -> RunSQL:
    """Rows are seen and written by whoever sees the row of ``of`` that the column ``by`` names.

    A subquery with one value: PostgreSQL might make a table of all that one may see of an EXISTS.
    """
    return _policy(
        table,
        f"{_EVERYTHING} OR (SELECT true FROM {of} AS whole WHERE whole.id = {table}.{by})",  # noqa: S608
    )


def _policy(table: str, seen: str) -> RunSQL:
    return RunSQL(
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;"
        f" CREATE POLICY tenant ON {table} USING ({seen})",
        f"DROP POLICY tenant ON {table};"
        f" ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY",
    )
