"""accounts/audit_seals.py, audit_verify.py, audit_retention.py and `manage.py audit`"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts import audit, audit_retention, audit_seals
from accounts.audit_seals import Sealer, seal
from accounts.audit_verify import verify
from accounts.models import AuditEntry, AuditSeal, Tenant
from tests.owner import Owner
from tests.people import Organisation

TABLES = ("accounts_auditentry", "accounts_auditseal")
OLD = datetime(2020, 1, 1, tzinfo=UTC)


def add(action: str, tenant: Tenant | None = None, at: datetime | None = None) -> AuditEntry:
    """One more entry."""
    entry = audit.entry(
        actor=None, tenant=tenant, action=action, after={"n": 1.5, "ä": ["ß", None]}
    )
    if at is not None:
        entry.at = at
    entry.save(force_insert=True)
    return entry


@contextmanager
def as_a_forger() -> Iterator[Owner]:
    """The tables' owner, who has taken the triggers away."""
    owner = Owner()
    for table in TABLES:
        owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER {table}_append_only")
    yield owner
    for table in TABLES:
        owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER {table}_append_only")


def found() -> list[tuple[str, int | None, int | None]]:
    """What a walk finds: kind, seal, entry."""
    return [(each.kind, each.number, each.entry_id) for each in verify().findings]


@pytest.fixture
def chain(db: None) -> list[AuditEntry]:
    """Five sealed entries."""
    entries = [add(f"test.{number}") for number in range(5)]
    assert seal() == 5
    return entries


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE {} SET {} = {}",
        "DELETE FROM {}",
        "SET LOCAL ocrsite.audit_prune = 'off'; DELETE FROM {}",
    ],
)
def test_log_and_seals_refuse_changes_even_from_their_owner(
    table: str, change: str, chain: list[AuditEntry]
) -> None:
    column = "action" if table == "accounts_auditentry" else "entry_id"
    wanted = change.format(table, column, column)
    *before, last = wanted.split("; ")
    for statement in before:
        Owner().execute(statement)
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        Owner().execute(last)
    assert (AuditEntry.objects.count(), AuditSeal.objects.count()) == (5, 5)


@pytest.mark.parametrize("table", TABLES)
def test_log_and_seals_refuse_truncate(table: str, chain: list[AuditEntry]) -> None:
    owner = Owner()  # the trigger is off for the tests' own emptying of tables
    owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER {table}_no_truncate")
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        owner.execute(f"TRUNCATE {table} CASCADE")
    owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER {table}_no_truncate")
    assert (AuditEntry.objects.count(), AuditSeal.objects.count()) == (5, 5)


def test_seals_let_nobody_pass_with_the_setting_for_pruning(chain: list[AuditEntry]) -> None:
    owner = Owner()
    owner.execute("SET LOCAL ocrsite.audit_prune = 'on'")
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        owner.execute("DELETE FROM accounts_auditseal")
    owner.execute("SET LOCAL ocrsite.audit_prune = ''")


def test_setting_for_pruning_serves_the_owner_alone(chain: list[AuditEntry]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ocrsite.audit_prune = 'on'")
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            cursor.execute("DELETE FROM accounts_auditentry")
        cursor.execute("SELECT quote_ident(current_user)")
        (role,) = cursor.fetchone()
        Owner().execute(f"GRANT DELETE ON accounts_auditentry TO {role}")
        with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
            cursor.execute("DELETE FROM accounts_auditentry")
        cursor.execute("SET LOCAL ocrsite.audit_prune = ''")
        Owner().execute(f"REVOKE DELETE ON accounts_auditentry FROM {role}")
    assert AuditEntry.objects.count() == 5


def test_chain_is_gapless_and_as_documented(chain: list[AuditEntry]) -> None:
    seals = list(AuditSeal.objects.order_by("number"))
    assert [each.number for each in seals] == [1, 2, 3, 4, 5]
    assert [each.entry_id for each in seals] == [entry.pk for entry in chain]
    value = bytes(32)
    for each, entry in zip(seals, AuditEntry.objects.order_by("id"), strict=True):
        value = audit_seals.link(value, audit_seals.digest_of(entry))
        assert bytes(each.hash) == value
    done = verify()
    assert (done.sound, done.seals, done.entries, done.head.number) == (True, 5, 5, 5)
    assert seal() == 0, "once is enough"


def test_canonical_text_leaves_out_what_is_empty(acme: Organisation) -> None:
    entry = add("test.text", acme.tenant, at=OLD)
    assert audit_seals.canonical(entry).decode() == (
        '{"action":"test.text","actor":"system","after":{"n":1.5,"ä":["ß",null]},'
        f'"at":"2020-01-01T00:00:00.000000+00:00","id":{entry.pk},"tenant":"{acme.tenant.pk}"}}'
    )
    stored = AuditEntry.objects.get(pk=entry.pk)
    assert audit_seals.canonical(stored) == audit_seals.canonical(entry)


@pytest.mark.parametrize(
    "column", ["actor", "action", "object_type", "object_id", "request_id", "address", "at",
               "before", "after", "tenant_id", "user_id", "api_key_id"]
)  # fmt: skip
def test_change_of_any_column_is_found(column: str, chain: list[AuditEntry]) -> None:
    forged = {
        "address": "192.0.2.9",
        "at": OLD,
        "before": "{}",
        "after": '{"n": 2}',
        "tenant_id": "00000000-0000-0000-0000-000000000001",
        "user_id": "00000000-0000-0000-0000-000000000001",
        "api_key_id": "00000000-0000-0000-0000-000000000001",
    }.get(column, "forged")
    entry = chain[2]
    with as_a_forger() as cursor:
        cursor.execute(
            f"UPDATE accounts_auditentry SET {column} = %s WHERE id = %s",
            [forged, entry.pk],
        )
    assert found() == [("changed", 3, entry.pk)]


def _delete_entry(cursor: Any, entry: AuditEntry) -> None:
    cursor.execute("DELETE FROM accounts_auditentry WHERE id = %s", [entry.pk])


def _delete_seal(cursor: Any, entry: AuditEntry) -> None:
    cursor.execute("DELETE FROM accounts_auditseal WHERE entry_id = %s", [entry.pk])


def _delete_both(cursor: Any, entry: AuditEntry) -> None:
    _delete_entry(cursor, entry)
    _delete_seal(cursor, entry)


def _close_the_gap(cursor: Any, entry: AuditEntry) -> None:
    _delete_both(cursor, entry)
    cursor.execute("UPDATE accounts_auditseal SET number = number - 1 WHERE number > 3")


def _new_digest(cursor: Any, entry: AuditEntry) -> None:
    cursor.execute("UPDATE accounts_auditentry SET actor = 'forged' WHERE id = %s", [entry.pk])
    digest = audit_seals.digest_of(AuditEntry.objects.get(pk=entry.pk))
    cursor.execute(
        "UPDATE accounts_auditseal SET digest = %s WHERE entry_id = %s", [digest, entry.pk]
    )


@pytest.mark.parametrize(
    ("forge", "expected"),
    [
        (_delete_entry, [("missing", 3)]),
        (_delete_seal, [("gap", 4)]),
        (_delete_both, [("gap", 4)]),
        (_close_the_gap, [("broken", 3)]),
        (_new_digest, [("broken", 3)]),
    ],
)
def test_tampering_is_found(
    forge: Callable[[Any, AuditEntry], None],
    expected: list[tuple[str, int]],
    chain: list[AuditEntry],
) -> None:
    with as_a_forger() as cursor:
        forge(cursor, chain[2])
    assert [(kind, number) for kind, number, _ in found()] == expected


def test_end_cut_off_or_written_anew_is_found_by_the_hash_told_before(
    chain: list[AuditEntry],
) -> None:
    told = audit_seals.head().hash
    with as_a_forger() as cursor:
        _delete_both(cursor, chain[4])
    assert verify().sound, "the chain alone does not show it"
    assert [each.kind for each in verify(expect=told).findings] == ["unexpected"]
    earlier = bytes(AuditSeal.objects.get(number=2).hash)
    assert verify(expect=earlier).expected_at == 2


def test_entry_left_unsealed_is_found(chain: list[AuditEntry]) -> None:
    add("test.young")
    assert verify().sound
    late = add("test.old", at=datetime.now(UTC) - timedelta(minutes=11))
    assert found() == [("unsealed", None, late.pk)]


def test_entry_written_afterwards_with_an_earlier_time_is_told(chain: list[AuditEntry]) -> None:
    add("test.forged", at=OLD)
    seal()
    done = verify()
    assert (done.sound, done.backdated) == (True, 1)


def test_verify_since_walks_the_end_alone(chain: list[AuditEntry]) -> None:
    new = [add("test.new", at=datetime.now(UTC) + timedelta(hours=1)) for _ in range(2)]
    seal()
    with as_a_forger() as cursor:
        cursor.execute("UPDATE accounts_auditentry SET actor = 'x' WHERE id = %s", [chain[0].pk])
    done = verify(since=new[0].at)
    assert (done.sound, done.seals, done.head.number) == (True, 2, 7)
    assert not verify().sound


def test_command_tells_the_head_and_fails_on_a_finding(chain: list[AuditEntry]) -> None:
    out = StringIO()
    call_command("audit", "verify", stdout=out)
    head = audit_seals.head()
    assert out.getvalue().splitlines() == [
        "5 seals, 5 entries as they were, 0 taken out by 0 prunings on record",
        f"head 5 {head.hash.hex()}",
    ]
    with as_a_forger() as cursor:
        _delete_entry(cursor, chain[1])
    out = StringIO()
    with pytest.raises(CommandError, match="1 findings"):
        call_command("audit", "verify", "--expect", head.hash.hex(), stdout=out)
    assert f"missing\tseal 2, entry {chain[1].pk}: the entry is not there" in out.getvalue()
    for wrong in (["--expect", "abc"], ["--since", "yesterday"]):
        with pytest.raises(CommandError, match=r"ISO 8601|64 hexadecimal"):
            call_command("audit", "verify", *wrong, stdout=out)


def committing(act: Callable[[], object]) -> Callable[[], None]:
    """Runs ``act`` in another connection's transaction, which what is returned commits."""
    begun, may_end = threading.Event(), threading.Event()

    def work() -> None:
        with transaction.atomic():
            act()
            begun.set()
            may_end.wait(30)
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    assert begun.wait(30)

    def end() -> None:
        may_end.set()
        thread.join(30)

    return end


@pytest.mark.django_db(transaction=True)
def test_entry_committed_late_gets_a_later_number_and_is_never_missed() -> None:
    sealer = Sealer()
    first = add("test.first")
    assert sealer.run() == 1
    commit = committing(lambda: add("test.late"))
    others = []
    for _ in range(4):  # turns in which the log goes on; the open transaction holds the mark back
        others.append(add("test.other"))
        assert sealer.run() == 1
    late_id = first.pk + 1
    assert sealer.settled <= first.pk, "what may still come is not settled"
    commit()
    assert sealer.run() == 1
    assert AuditSeal.objects.get(entry_id=late_id).number == 6
    sealer.run()
    assert sealer.settled >= late_id
    assert verify().sound


@pytest.mark.django_db(transaction=True)
def test_what_is_settled_is_not_looked_through_again() -> None:
    sealer = Sealer()
    for _ in range(4):
        last = add("test.entry")
        sealer.run()

    def lose() -> None:
        add("test.lost")
        transaction.set_rollback(True)

    committing(lose)()
    for _ in range(3):
        sealer.run()
    assert sealer.settled > last.pk, "an id that was rolled back holds nothing up"
    assert sealer._marks == []
    assert verify().sound


@pytest.mark.django_db(transaction=True)
def test_sealers_at_once_make_one_chain() -> None:
    for _ in range(30):
        add("test.entry")
    sealed: list[int] = []

    def work() -> None:
        for _ in range(5):
            sealed.append(Sealer().run())
            add("test.more")
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sealed.append(seal())
    assert sum(sealed) == AuditEntry.objects.count() == AuditSeal.objects.count() == 60
    assert verify().sound


def test_many_entries_are_sealed_in_batches(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_seals, "BATCH", 3)
    entries = [add("test.entry") for _ in range(8)]
    with CaptureQueriesContext(connection) as captured:
        assert seal() == 8
    assert verify().sound
    looks = [each["sql"] for each in captured if "NOT EXISTS" in each["sql"]]
    begun = [re.search(r"WHERE id > (\d+)", sql)[1] for sql in looks]  # type: ignore[index]
    assert begun == ["0", str(entries[2].pk), str(entries[5].pk)], "each goes on where one ended"


def test_unsealed_seconds_are_those_of_the_oldest_after_the_chain(chain: list[AuditEntry]) -> None:
    assert audit_seals.unsealed_seconds() == 0.0
    add("test.waiting", at=datetime.now(UTC) - timedelta(seconds=90))
    assert audit_seals.unsealed_seconds() == pytest.approx(90, abs=20)


def test_pruning_takes_out_what_is_old_and_says_so(acme: Organisation, settings: Settings) -> None:
    seal()
    before = AuditEntry.objects.count()  # what the organisation's making left
    old = [add("test.old", acme.tenant, at=OLD) for _ in range(3)]
    young = add("test.young", acme.tenant)
    also_old = add("test.old", at=OLD)
    seal()
    unsealed = add("test.unsealed", at=OLD)
    assert audit_retention.sweep() == 0, "unless it is set they stay"
    settings.AUDIT_RETENTION_DAYS = 365
    assert audit_retention.sweep() == 4
    left = set(AuditEntry.objects.values_list("pk", flat=True))
    assert not left & {entry.pk for entry in [*old, also_old]}
    assert {young.pk, unsealed.pk} <= left
    note = AuditEntry.objects.get(action="audit.prune")
    first = before + 1
    assert note.after is not None
    assert (note.tenant, note.actor, note.after["entries"]) == (None, "system", 4)
    assert note.after["numbers"] == [[first, first + 2], [first + 4, first + 4]]
    seal()
    done = verify()
    assert (done.sound, done.pruned, done.prunings) == (True, 4, 1)


def test_missing_entry_is_found_beside_pruned_ones(chain: list[AuditEntry]) -> None:
    old = [add("test.old", at=OLD) for _ in range(3)]
    seal()
    assert audit_retention.prune(OLD + timedelta(days=1)) == 3
    seal()
    with as_a_forger() as cursor:
        _delete_entry(cursor, chain[4])
    assert found() == [("missing", 5, chain[4].pk)]
    with as_a_forger() as cursor:
        cursor.execute("DELETE FROM accounts_auditentry WHERE action = 'audit.prune'")
    assert len(found()) == 2 + len(old), "a pruning that is not on record hides nothing"


def test_pruning_in_batches_takes_out_all(
    chain: list[AuditEntry], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_retention, "BATCH", 2)
    for _ in range(5):
        add("test.old", at=OLD)
    with as_a_forger() as cursor:  # the first five are too young, and first in line
        cursor.execute("UPDATE accounts_auditentry SET at = %s", [OLD])
        cursor.execute("DELETE FROM accounts_auditseal")
    seal()
    assert audit_retention.prune(OLD + timedelta(days=1)) == 10
    assert AuditEntry.objects.filter(action="audit.prune").count() == 5


def test_last_thirty_days_are_never_pruned(chain: list[AuditEntry]) -> None:
    with pytest.raises(IntegrityError, match="last 30 days"), transaction.atomic():
        audit_retention.prune(datetime.now(UTC) - timedelta(days=29))
    with pytest.raises(CommandError, match="30 or more"):
        call_command("audit", "prune", "--days", "29")
    assert AuditEntry.objects.count() == 5


def test_entries_of_an_organisation_go_after_it_alone(
    acme: Organisation, stranger: Organisation
) -> None:
    add("test.theirs", acme.tenant, at=datetime.now(UTC) + timedelta(days=1))
    theirs = AuditEntry.objects.filter(tenant=acme.tenant).count()
    others = AuditEntry.objects.filter(tenant=stranger.tenant).count()
    with pytest.raises(IntegrityError, match="still there"), transaction.atomic():
        audit_retention.forget_some(acme.tenant.pk)
    gone = acme.tenant.pk
    acme.key.delete()
    acme.membership.delete()
    Tenant.objects.filter(pk=gone).delete()
    assert audit_retention.forget_some(gone) == theirs
    assert audit_retention.forget_some(gone) == 0
    assert not AuditEntry.objects.filter(tenant_id=gone).exists()
    assert AuditEntry.objects.filter(tenant=stranger.tenant).count() == others
    note = AuditEntry.objects.get(action="audit.prune")
    assert (note.object_type, note.object_id) == ("accounts.tenant", str(gone))
    seal()
    assert verify().sound
