"""jobs/departure.py: an organisation is closed at once, and then nothing of it is left."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pymupdf
import pytest
import redis
from django.core import mail
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.db.utils import IntegrityError, InternalError, ProgrammingError
from django.test import Client
from pytest_django import Settings
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from accounts import audit, clock, usage_sums
from accounts.closing import Check, check, close_all
from accounts.models import (
    AuditEntry,
    Departure,
    Invoice,
    Membership,
    NumberSeries,
    Session,
    Tenant,
    UsageRecord,
    User,
)
from accounts.money import rounded
from accounts.permissions import Role
from accounts.shared_redis import shared_redis
from accounts.tenancy import TENANT_KEY
from jobs import claims, departure, lifecycle, result_cache, storage
from jobs.belongings import tables
from jobs.errors import StorageUnavailable
from jobs.models import FieldRevision, Job, Status, StoredFile, Task
from tests.accounts.billing import subscribe, terms, use
from tests.documents import text_pdf
from tests.jobs.making import claim, make_job
from tests.jobs.possessions import possess
from tests.people import PASSWORD, Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue", "no_names"),
]


@pytest.fixture(autouse=True)
def _at_once(settings: Settings) -> None:
    settings.TENANT_DELETION_DAYS = 0
    settings.RESULT_CACHE_SECONDS = 60


def counts(tenant_id: UUID) -> dict[str, int]:
    """Rows of every table, objects and entries in Redis."""
    found = {table.label: table.rows(tenant_id).count() for table in tables()}
    found["objects"] = sum(len(page) for page in storage.pages(f"{tenant_id}/"))
    with shared_redis().asked() as client:
        found["entries"] = len(list(client.scan_iter(match=f"*{tenant_id}*")))
    found["tenant"] = Tenant.objects.filter(pk=tenant_id).count()
    return found


def contents(tenant_id: UUID) -> dict[str, Any]:
    """Every row with all of its columns, and every object with its bytes."""
    found: dict[str, Any] = {
        table.label: sorted(map(repr, table.rows(tenant_id).values())) for table in tables()
    }
    for page in storage.pages(f"{tenant_id}/"):
        found |= {stored.key: storage.read(stored.key) for stored in page}
    return found


def words_left(word: str) -> list[str]:
    """The tables, models or not, with the word in any column."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'r'"
                       " AND relnamespace = current_schema()::regnamespace ORDER BY 1")  # fmt: skip
        names = [name for (name,) in cursor.fetchall()]
        found = []
        for name in names:
            cursor.execute(f'SELECT EXISTS (SELECT FROM "{name}" t WHERE t::text ~* %s)', [word])
            if cursor.fetchone()[0]:
                found.append(name)
    return found


def test_nothing_is_left_and_nobody_else_loses_anything(
    acme: Organisation, stranger: Organisation, place: str
) -> None:
    for each in (acme, stranger):
        possess(each)
    tenant_id = acme.tenant.pk
    before = counts(tenant_id)
    assert [name for name, count in before.items() if not count] == []
    documents, theirs = departure.sum_of_documents(tenant_id), contents(stranger.tenant.pk)
    people = set(User.objects.filter(memberships__tenant=tenant_id).values_list("pk", flat=True))
    departure.begin(acme.tenant, actor=acme.member)
    assert departure.sweep() > 10
    assert {name: count for name, count in counts(tenant_id).items() if count} == {}
    assert not User.objects.filter(pk__in=people).exists()
    assert not OutstandingToken.objects.filter(user=None).exists()
    assert not Departure.objects.exists()
    assert contents(stranger.tenant.pk) == theirs
    receipt = AuditEntry.objects.get(action="tenant.delete")
    assert (receipt.tenant_id, receipt.user_id, receipt.actor) == (None, None, "system")
    assert receipt.object_id == str(tenant_id)
    told: Any = receipt.after
    settled = {"accounts.reservation", "jobs.task"}  # went with the end of what was open
    less = {
        table.label for table in tables() if told["rows"].get(table.label, 0) < before[table.label]
    }
    assert less <= settled
    assert told["rows"]["jobs.job"] == before["jobs.job"]
    assert told["rows"]["accounts.user"] == 2
    assert (told["files"], told["documents"]) == (before["objects"], documents)
    assert "acme" not in repr(told).lower()


def test_every_word_of_it_is_gone_from_the_database(acme: Organisation) -> None:
    """The dump of all tables, models or not, names neither the organisation nor its people."""
    possess(acme)
    assert "accounts_tenant" in words_left("acme")
    departure.begin(acme.tenant, actor=acme.member)
    departure.sweep()
    assert words_left("acme") == []
    assert words_left(str(acme.tenant.pk)) == ["accounts_auditentry"], "the receipt"


def test_it_goes_on_wherever_it_was_killed(
    acme: Organisation, stranger: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each transaction is once undone just before its commit, with its files removed by then."""
    monkeypatch.setattr("jobs.tenant_removal.ROWS_AT_ONCE", 2)
    monkeypatch.setattr("jobs.tenant_removal.OWNERS_AT_ONCE", 1)
    for each in (acme, stranger):
        possess(each)
    before, theirs = counts(acme.tenant.pk), contents(stranger.tenant.pk)
    departure.begin(acme.tenant, actor=acme.member)
    steps = dict(departure.STEPS)
    killed: set[str] = set()

    class Killed(BaseException):
        pass

    def killing(name: str) -> Callable[[Departure], str | None]:
        def step(row: Departure) -> str | None:
            following = steps[name](row)
            place = f"{name} {sorted(row.removed.items())} {row.files}"
            if place not in killed:
                killed.add(place)
                raise Killed
            return following

        return step

    monkeypatch.setattr(departure, "STEPS", {name: killing(name) for name in steps})
    for _ in range(1000):
        try:
            departure.sweep()
        except Killed:
            continue
        break
    assert {place.split()[0] for place in killed} == steps.keys()
    assert len(killed) > 30
    assert {name: count for name, count in counts(acme.tenant.pk).items() if count} == {}
    assert contents(stranger.tenant.pk) == theirs
    told: Any = AuditEntry.objects.get(action="tenant.delete").after
    for name in ("jobs.job", "jobs.page", "jobs.fieldrevision", "accounts.apikey"):
        assert told["rows"][name] == before[name]
    assert told["files"] == before["objects"]


def test_it_is_closed_at_once(acme: Organisation, settings: Settings) -> None:
    settings.TENANT_DELETION_DAYS = 7
    api, session = acme.api(), Client()
    session.force_login(acme.owner)
    running = make_job(acme)
    task = claim(running)
    waiting = make_job(acme, text_pdf(["Another page."]))
    row = departure.begin(acme.tenant, actor=acme.member, address="192.0.2.1")
    assert departure.begin(acme.tenant, actor=acme.member).requested_at == row.requested_at
    assert api.get("/api/v1/ocr/jobs").status_code == 401
    assert session.get("/jobs").status_code == 403
    signed_in = Client().post(
        "/api/v1/auth/token",
        {"email": acme.owner.email, "password": PASSWORD},
        content_type="application/json",
    )
    assert signed_in.status_code == 400
    departure.sweep()
    assert set(Job.objects.values_list("status", flat=True)) == {Status.CANCELLED}
    assert not Task.objects.exists()
    assert {running.pk, waiting.pk} == set(Job.objects.values_list("pk", flat=True))
    assert not claims.should_go_on(task)
    with pytest.raises(lifecycle.LeaseLost):
        lifecycle.cancelled(task)
    entry = AuditEntry.objects.get(action="tenant.leave")
    assert (entry.user_id, entry.address) == (acme.owner.pk, "192.0.2.1")
    assert [message.to for message in mail.outbox] == [[acme.owner.email]]
    assert "is closed from now on" in mail.outbox[0].body
    # and nothing goes before its time
    departure.sweep()
    assert StoredFile.objects.count() == 2
    Departure.objects.update(due_at=Now())
    departure.sweep()
    assert not Tenant.objects.exists()
    assert "Removed: 2 files" in mail.outbox[-1].body
    assert acme.owner.email in mail.outbox[-1].to


def test_it_can_be_called_off_until_something_is_gone(
    acme: Organisation, settings: Settings
) -> None:
    settings.TENANT_DELETION_DAYS = 7
    operator = User.objects.create_superuser("root@example.com", PASSWORD)
    departure.begin(acme.tenant, actor=acme.member)
    departure.sweep()
    departure.call_off(acme.tenant.pk, actor=operator)
    assert acme.api().get("/api/v1/ocr/jobs").status_code == 200
    assert AuditEntry.objects.get(action="tenant.stay").user_id == operator.pk
    departure.begin(acme.tenant, actor=acme.member, days=0)
    while Departure.objects.get().step != departure.FILES:
        departure.advance(acme.tenant.pk)
    with pytest.raises(departure.DepartureBegun):
        departure.call_off(acme.tenant.pk, actor=operator)


def test_one_that_was_suspended_is_so_again_when_it_is_called_off(
    acme: Organisation, settings: Settings
) -> None:
    settings.TENANT_DELETION_DAYS = 7
    operator = User.objects.create_superuser("root@example.com", PASSWORD)
    Tenant.objects.update(is_active=False)
    departure.begin(acme.tenant, actor=operator)
    departure.call_off(acme.tenant.pk, actor=operator)
    assert not Tenant.objects.get().is_active
    assert AuditEntry.objects.get(action="tenant.stay").after == {"is_active": False}


def test_admin_keeps_no_names_of_it(acme: Organisation, client: Client) -> None:
    """Made, changed and deleted by an operator."""
    possess(acme)
    client.force_login(User.objects.create_superuser("root@example.com", PASSWORD))
    change = {
        "name": "Acme",
        "slug": "acme",
        "default_engine": "auto",
        "default_text_layer": "auto",
        "default_searchable_pdf": "unknown",
        "when_engine_away": "wait",
    }
    changed = client.post(f"/admin/accounts/tenant/{acme.tenant.pk}/change/", change)
    chosen = {"tenant": str(acme.tenant.pk), "confirmed": "Acme"}
    begun = client.post("/admin/accounts/departure/add/", chosen)
    assert (changed.status_code, begun.status_code) == (302, 302)
    departure.sweep()
    assert words_left("acme") == []


def test_nothing_of_one_that_was_switched_on_again_is_removed(
    acme: Organisation, settings: Settings
) -> None:
    make_job(acme)
    departure.begin(acme.tenant, actor=acme.member)
    Tenant.objects.update(is_active=True)
    departure.sweep()
    assert Departure.objects.get().step == departure.COUNT
    assert storage.read(StoredFile.objects.get().key)


def test_people_of_other_organisations_and_operators_stay(
    acme: Organisation, stranger: Organisation
) -> None:
    Membership.objects.create(tenant=acme.tenant, user=stranger.owner, role=Role.VIEWER)
    operator = User.objects.create_superuser("root@example.com", PASSWORD)
    Membership.objects.create(tenant=acme.tenant, user=operator, role=Role.ADMIN)
    both, alone = Client(), Client()
    both.force_login(stranger.owner)
    session = both.session
    session[TENANT_KEY] = str(acme.tenant.pk)
    session.save()
    alone.force_login(acme.owner)
    departure.begin(acme.tenant, actor=acme.member)
    departure.sweep()
    assert set(User.objects.values_list("email", flat=True)) == {
        stranger.owner.email,
        operator.email,
    }
    decoded = [row.get_decoded() for row in Session.objects.all()]
    assert [content.get("_auth_user_id") for content in decoded] == [str(stranger.owner.pk)]
    assert TENANT_KEY not in decoded[0]
    assert both.get("/jobs").status_code == 200  # in the organisation that is left to them
    assert alone.get("/jobs").status_code == 302


def test_ledger_is_kept_for_years_where_the_operator_says_so(
    acme: Organisation, settings: Settings
) -> None:
    settings.TENANT_LEDGER_YEARS = 10
    possess(acme)
    tenant_id = acme.tenant.pk
    departure.begin(acme.tenant, actor=acme.member)
    departure.sweep()
    records = UsageRecord.objects.filter(tenant=tenant_id).count()
    left = {name: count for name, count in counts(tenant_id).items() if count}
    bills = ("closing", "closedusage", "credit", "credituse", "subscription")
    kept = {"accounts.usagerecord": records, "tenant": 1, "accounts.invoice": 2}
    kept["accounts.usagesum"] = 2  # of two engines
    assert left == kept | {f"accounts.{name}": 1 for name in bills}
    assert records > 2
    tenant = Tenant.objects.get(pk=tenant_id)
    assert (tenant.name, tenant.slug) == ("Deleted organisation", f"deleted-{tenant_id}")
    assert not tenant.is_active
    row = Departure.objects.get()
    assert (row.name, row.requested_by, row.owners) == ("", "", [])
    assert timedelta(days=3650) < row.due_at - row.requested_at < timedelta(days=3660)
    assert "What was billed is kept until" in mail.outbox[-1].body
    departure.sweep()
    assert UsageRecord.objects.count() == records
    with pytest.raises((IntegrityError, InternalError)), transaction.atomic():
        UsageRecord.objects.all().delete()
    Departure.objects.update(due_at=Now())
    departure.sweep()
    assert {name: count for name, count in counts(tenant_id).items() if count} == {}
    assert AuditEntry.objects.filter(action="tenant.delete").count() == 2


def test_append_only_tables_let_nothing_else_go(acme: Organisation, settings: Settings) -> None:
    possess(acme)
    for rows in (UsageRecord.objects.all(), FieldRevision.objects.all()):
        assert rows.exists()
        with pytest.raises((IntegrityError, InternalError, ProgrammingError)), transaction.atomic():
            rows.delete()
    settings.TENANT_DELETION_DAYS = 7  # not before its time
    departure.begin(acme.tenant, actor=acme.member)
    with pytest.raises((IntegrityError, InternalError, ProgrammingError)), transaction.atomic():
        UsageRecord.objects.all().delete()
    Departure.objects.update(due_at=Now())
    with pytest.raises((IntegrityError, InternalError, ProgrammingError)), transaction.atomic():
        UsageRecord.objects.update(pages=F("pages") + 1)


def test_rows_and_files_of_requests_under_way_go_too(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request that was let in before sends a document while the rest is being removed."""
    late: list[str] = []

    def then(step: Callable[[Departure], str | None]) -> Callable[[Departure], str | None]:
        def late_first(row: Departure) -> str | None:
            if not late:
                late.append(storage.upload_key(row.pk, row.pk))
                storage.put(late[0], b"x")
                storage.put(storage.preview_key(row.pk, row.pk, 1), b"x")
                StoredFile.objects.create(tenant=acme.tenant, key=late[0], size=1)
                audit.record(actor=acme.member, tenant=acme.tenant, action="job.submit")
                result_cache.remember(acme.tenant.pk, row.pk, row.pk)
            return step(row)

        return late_first

    monkeypatch.setitem(departure.STEPS, departure.TENANT, then(departure.STEPS[departure.TENANT]))
    departure.begin(acme.tenant, actor=acme.member)
    departure.sweep()
    assert late
    assert {name: count for name, count in counts(acme.tenant.pk).items() if count} == {}


def test_storage_or_redis_away_only_holds_it_up(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_job(acme)
    departure.begin(acme.tenant, actor=acme.member)
    with monkeypatch.context() as patch:

        def away(*args: Any) -> Iterator[Any]:
            raise StorageUnavailable

        patch.setattr(storage, "pages", away)
        with pytest.raises(StorageUnavailable):
            departure.sweep()
    assert Departure.objects.get().step == departure.COUNT
    with monkeypatch.context() as patch:

        def no_redis() -> Any:
            raise redis.ConnectionError

        patch.setattr("jobs.tenant_removal.shared_redis", no_redis)
        with pytest.raises(redis.ConnectionError):
            departure.sweep()
    assert Departure.objects.get().step == departure.CACHE
    departure.sweep()
    assert not Tenant.objects.exists()


def test_mail_that_cannot_be_sent_is_given_up_after_a_day(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*args: Any, **kwargs: Any) -> None:
        raise OSError("no such server")

    monkeypatch.setattr("jobs.departure_mail.send_mail", refuses)
    departure.begin(acme.tenant, actor=acme.member)
    departure.sweep()
    assert Departure.objects.get().step == departure.TELL
    assert not Tenant.objects.exists()
    Departure.objects.update(done_at=Now() - timedelta(days=2))
    departure.sweep()
    assert not Departure.objects.exists()


def test_owners_are_told_once_though_an_address_is_refused(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As SMTP has it: a message is refused where none of its addresses is taken."""
    refused = acme.join(Role.VIEWER).email
    Membership.objects.update(role=Role.OWNER)
    had: list[str] = []

    def send(subject: str, body: str, sender: None, to: list[str]) -> None:
        if set(to) == {refused}:
            raise OSError("no such mailbox")
        had.extend(set(to) - {refused})

    monkeypatch.setattr("jobs.departure_mail.send_mail", send)
    departure.begin(acme.tenant, actor=acme.member)
    for _ in range(3):
        departure.sweep()
    assert had == [acme.owner.email]
    assert not Departure.objects.exists()


def test_mail_that_cannot_be_sent_is_not_tried_in_every_round(
    acme: Organisation, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from accounts.seldom import Seldom

    settings.TENANT_DELETION_DAYS = 7
    tries: list[Any] = []

    def refuses(*args: Any) -> None:
        tries.append(args)
        raise OSError("no such server")

    monkeypatch.setattr("jobs.departure_mail.send_mail", refuses)
    departure.begin(acme.tenant, actor=acme.member)
    for _ in range(3):
        departure.sweep()
    assert len(tries) == 1
    monkeypatch.setattr("jobs.departure_mail.tries", Seldom(0))
    departure.sweep()
    assert len(tries) == 2


def test_entries_that_another_process_seals_are_waited_for(acme: Organisation) -> None:
    """They go with the organisation all the same, and so do those from a clock that is ahead."""
    import threading

    from accounts.audit_seals import SEALER_LOCK

    ahead = audit.entry(actor=None, tenant=acme.tenant, action="test.ahead")
    ahead.at = Now() + timedelta(days=1)
    ahead.save(force_insert=True)
    departure.begin(acme.tenant, actor=acme.member)
    begun, may_end = threading.Event(), threading.Event()

    def seals() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", SEALER_LOCK)
            begun.set()
            may_end.wait(30)
        connection.close()

    other = threading.Thread(target=seals)
    other.start()
    assert begun.wait(30)
    departure.sweep()
    assert Departure.objects.get().step == departure.LEFT
    may_end.set()
    other.join(30)
    departure.sweep()
    assert not AuditEntry.objects.filter(tenant=acme.tenant.pk).exists()
    assert not Departure.objects.exists()


def test_one_that_cannot_be_removed_does_not_hold_up_others(
    acme: Organisation, stranger: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = departure.STEPS[departure.FILES]

    def fails(row: Departure) -> str | None:
        if row.pk == acme.tenant.pk:
            raise RuntimeError("a bug")
        return files(row)

    monkeypatch.setitem(departure.STEPS, departure.FILES, fails)
    for each in (acme, stranger):
        departure.begin(each.tenant, actor=each.member)
    departure.sweep()
    assert [tenant.pk for tenant in Tenant.objects.all()] == [acme.tenant.pk]


def test_round_ends_after_its_time(acme: Organisation) -> None:
    departure.begin(acme.tenant, actor=acme.member)
    assert departure.sweep(seconds=0) == 0
    assert departure.sweep(stop=lambda: True) == 0
    assert Departure.objects.exists()


@pytest.mark.parametrize("years", [0, 10])
def test_what_was_used_is_billed_before_it_goes(
    acme: Organisation, stranger: Organisation, settings: Settings, years: int
) -> None:
    settings.INVOICE_ISSUER_NAME, settings.TENANT_LEDGER_YEARS = "OCR Ltd", years
    today = clock.today()
    this = today.replace(day=1)
    last = (this - timedelta(days=1)).replace(day=1)
    plan = terms(prices={"*": "0.10"}, base_fee="20").plan
    for each in (stranger, acme):
        subscribe(each.tenant, plan, last)
        use(each.tenant, 10, last)
    use(acme.tenant, 30, today)
    owner = Client()
    owner.force_login(acme.owner)
    assert "What was used is invoiced first" in owner.get("/organisation/leave").content.decode()
    settings.TENANT_DELETION_DAYS = 7
    departure.begin(acme.tenant, actor=acme.member)
    departure.sweep()
    assert "What was used is invoiced first" in mail.outbox[0].body
    assert not Invoice.objects.exists()  # not before its time
    Departure.objects.update(due_at=Now())
    departure.sweep()
    fees = rounded(Decimal(20) * (today.day - 1) / monthrange(today.year, today.month)[1], "EUR")
    bills = [sent for sent in mail.outbox if sent.attachments]
    assert [sent.to for sent in bills] == [[acme.owner.email]] * 2
    for sent, total in zip(bills, (21, fees + 3), strict=True):
        text = pymupdf.open(stream=sent.attachments[0][1])[0].get_text()
        assert f"{total:.2f} EUR" in text
    assert Invoice.objects.count() == (2 if years else 0)
    assert check() == Check(unbilled_rows=1, missing_numbers=0, wrong_sums=0)  # the stranger's
    list(close_all(last))  # numbers go on
    assert [row.sequence for row in Invoice.objects.for_tenant(stranger.tenant)] == [3]
    assert check().is_right
    assert usage_sums.unbilled_rows() == 0
    if years:
        Departure.objects.update(due_at=Now())
        departure.sweep()
    assert {name: count for name, count in counts(acme.tenant.pk).items() if count} == {}
    assert [(row.last, row.removed) for row in NumberSeries.objects.all()] == [(3, 2)]
    assert check().is_right
    NumberSeries.objects.update(removed=1)
    assert check().missing_numbers == 1


def test_month_that_cannot_be_billed_holds_up_the_deletion(
    acme: Organisation, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.INVOICE_ISSUER_NAME = "OCR Ltd"
    dear = terms(prices={"*": "999999"}).plan
    subscribe(acme.tenant, dear, clock.today())
    use(acme.tenant, 20_000, clock.today())
    departure.begin(acme.tenant, actor=acme.member)
    departure.sweep()
    assert Departure.objects.get().step == departure.BILL
    assert "is due to be deleted, but not billed" in caplog.text
    assert UsageRecord.objects.count() == 1
    settings.INVOICE_ISSUER_NAME = ""  # no invoices are issued here after all
    departure.sweep()
    assert not Tenant.objects.exists()
