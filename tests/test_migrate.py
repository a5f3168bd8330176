"""``manage.py migrate`` beneath processes at work: it waits shortly; what it makes is theirs."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.core.management.commands import migrate as migrating
from django.db import OperationalError, connection, transaction
from psycopg.errors import LockNotAvailable

from ocrsite.database.roles import as_owner, grant
from ocrsite.management.commands import migrate

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def tries(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether a table is in use at each try to come; none left: it is not."""
    coming: list[bool] = []

    def handle(self: object, **options: Any) -> None:
        if coming and coming.pop(0):
            raise OperationalError(
                "canceling statement due to lock timeout"
            ) from LockNotAvailable()

    monkeypatch.setattr(migrating.Command, "handle", handle)
    monkeypatch.setattr(migrate, "PAUSE_SECONDS", 0)
    return coming


def test_a_table_in_use_is_tried_again(tries: list[bool]) -> None:
    tries += [True, True, False]
    told = StringIO()
    call_command("migrate", stderr=told)
    assert tries == []
    assert told.getvalue().count("A table is in use") == 2


def test_one_that_stays_in_use_is_told(tries: list[bool]) -> None:
    tries += [True] * (migrate.TRIES + 1)
    with pytest.raises(CommandError, match="quieter hour"):
        call_command("migrate", stderr=StringIO())
    assert len(tries) == 1


def test_other_errors_are_told_at_once(tries: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    def handle(self: object, **options: Any) -> None:
        tries.append(True)
        raise OperationalError("the server went away")

    monkeypatch.setattr(migrating.Command, "handle", handle)
    with pytest.raises(OperationalError, match="went away"):
        call_command("migrate", stderr=StringIO())
    assert len(tries) == 1


def test_the_owner_waits_for_no_lock_for_long() -> None:
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("3s",)
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("0",)


def test_what_a_migration_makes_is_the_applications_at_once() -> None:
    with as_owner(), transaction.atomic(), connection.cursor() as cursor:
        role = grant()
        cursor.execute("CREATE TABLE made_by_a_migration (id bigserial PRIMARY KEY)")
        cursor.execute(
            "SELECT has_table_privilege(%s, 'made_by_a_migration', 'INSERT'),"
            " has_sequence_privilege(%s, 'made_by_a_migration_id_seq', 'USAGE')",
            [role, role],
        )
        assert cursor.fetchone() == (True, True)
        transaction.set_rollback(True)
