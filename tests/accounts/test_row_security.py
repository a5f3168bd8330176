"""accounts/row_security.py and its policies: what PostgreSQL lets a statement see.

Everything here is asked by SQL without any filter, as the application's role.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any, cast
from uuid import UUID

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError, ProgrammingError, connection, transaction
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import Client, RequestFactory
from django.urls import ResolverMatch

from accounts import row_security
from accounts.models import ApiKey, AuditEntry, Departure, Membership, QuotaUse, Tenant, User
from accounts.row_security import (
    EVERYTHING,
    NOTHING,
    RowSecurityMiddleware,
    act_for,
    acting_for,
    bound,
    scope,
    unscoped,
)
from accounts.tenancy import session_actor
from jobs.models import Job, Page
from ocrsite.database.roles import WITHHELD, as_owner, unbound
from tests.jobs.making import make_job, run_job
from tests.jobs.possessions import possess
from tests.people import PASSWORD, Organisation, organisation

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("files", "empty_queue")]

# Tables that no policy is on, and why everybody may see their rows
# Of each table one
COLUMN, OWN = "id", {"accounts_auditseal": "number", "accounts_closedusage": "tenant_id"}
OPEN = {
    "accounts_plan": "the operator's, the same for all",
    "accounts_turnaroundobjective": "the operator's, the same for all",
    "jobs_siteanswer": "of the whole site",
    "accounts_user": "a person may belong to several organisations",
    "accounts_user_groups": "operators'",
    "accounts_user_user_permissions": "operators'",
    "auth_group": "operators'",
    "auth_group_permissions": "operators'",
    "auth_permission": "Django's",
    "django_admin_log": "operators'",
    "django_content_type": "Django's",
    "django_migrations": "Django's",
    "django_session": "a person's, found by a secret",
    "accounts_auditseal": "numbers and hashes of entries",
    "accounts_numberseries": "the operator's numbers of invoices",
    "accounts_planprice": "the operator's, the same for all",
    "accounts_planterms": "the operator's, the same for all",
    "accounts_session": "a person's, found by a secret",
    "account_emailaddress": "allauth's, not used",
    "account_emailconfirmation": "allauth's, not used",
    "axes_accessattempt": "counted before it is known who asks",
    "axes_accessattemptexpiration": "counted before it is known who asks",
    "axes_accessfailurelog": "not used",
    "axes_accesslog": "not used",
    "jobs_drain": "the operator's: workers that are to end",
    "jobs_pause": "the operator's: pools whose work is held back, told to everybody",
    "jobs_enginetally": "the operator's: pages by engine, of no organisation",
    "jobs_searchwords": "words behind an organisation's id, to find jobs by: nothing to be shown",
    "mfa_authenticator": "a person's, who may belong to several organisations",
    "socialaccount_socialaccount": "a person's",
    "socialaccount_socialapp": "the operator's",
    "socialaccount_socialtoken": "not used",
    "token_blacklist_blacklistedtoken": "a person's, found by a secret",
    "token_blacklist_outstandingtoken": "a person's, found by a secret",
}


def ask(sql: str, *params: str) -> list[tuple[Any, ...]]:
    """The rows."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cast(list[tuple[Any, ...]], cursor.fetchall())


def count(table: str) -> int:
    """How many rows of the table are seen."""
    return int(ask(f"SELECT count(*) FROM {table}")[0][0])


def tables() -> dict[str, bool]:
    """Every table, and whether a policy binds even its owner."""
    return dict(
        ask(
            "SELECT relname, relrowsecurity AND relforcerowsecurity AND EXISTS ("
            "  SELECT FROM pg_policy WHERE polrelid = pg_class.oid)"
            " FROM pg_class WHERE relkind IN ('r', 'p')"
            " AND relnamespace = current_schema()::regnamespace"
        )
    )


def left_on_the_connection() -> str:
    """The setting that a statement of somebody else would find."""
    raw = connection.connection.execute(
        f"SELECT coalesce(current_setting('{row_security.SETTING}', true), '')"
    )
    return str(raw.fetchone()[0])


# Which tables


def test_every_table_is_protected_or_open_to_everybody() -> None:
    bare = {name for name, protected in tables().items() if not protected} - set(OPEN)
    assert not bare, (
        f"{sorted(bare)}: nothing keeps organisations apart in these tables but the code. In the "
        "migration that makes one, add protect(TABLE) of accounts/row_policies.py, or "
        "protect_part(TABLE, of=..., by=...) where another row tells whose it is. One without "
        "anything of an organisation is named in OPEN, with the reason."
    )


def test_open_tables_are_there_and_have_no_policy() -> None:
    kept = tables()
    assert {name for name in OPEN if kept.get(name) is not False} == set()


def test_policies_are_the_ones_of_row_policies() -> None:
    """Each looks at the setting, and where it does not compare it, at a row that is protected."""
    kept = tables()
    policies = ask(
        "SELECT relname, polname, polcmd::text, polroles, polwithcheck IS NULL,"
        " pg_get_expr(polqual, polrelid)"
        " FROM pg_policy JOIN pg_class ON pg_class.oid = polrelid"
    )
    assert len(policies) == len(kept) - len(OPEN)
    for table, name, command, roles, same, text in policies:
        assert (name, command, roles, same) == ("tenant", "*", [0], True), table
        parts = re.findall(r"FROM (\w+) whole", text)
        compared = re.search(r"\((tenant_id|id) = \( SELECT \(NULLIF\(NULLIF\(current_set", text)
        assert f"current_setting('{row_security.SETTING}'::text, true) = '*'" in text, table
        assert compared or (len(parts) == 1 and kept[parts[0]]), table


@pytest.fixture
def full(acme: Organisation, stranger: Organisation) -> dict[str, int]:
    """How many rows of each protected table there are after a life with everything in it."""
    possess(acme)
    Departure.objects.create(
        tenant_id=acme.tenant.pk, name="Acme", requested_by="x", due_at=Now(), step="stop"
    )
    with connection.cursor() as cursor:  # what is added up at the end of a transaction
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    return {name: count(name) for name, protected in tables().items() if protected}


def test_each_table_shows_an_organisation_its_own_rows_alone(
    full: dict[str, int], acme: Organisation, stranger: Organisation
) -> None:
    assert [name for name, rows in full.items() if not rows] == [], "each has some to hide"
    theirs = {"accounts_tenant": 1, "accounts_membership": 1, "accounts_apikey": 1}
    with acting_for(stranger.tenant):
        seen = {name: count(name) for name in full}
    assert seen == {name: theirs.get(name, 0) for name in full} | {
        "accounts_auditentry": AuditEntry.objects.for_tenant(stranger.tenant).count()
    }
    with acting_for(acme.tenant):
        own = {name: count(name) for name in full}
    nobodys = AuditEntry.objects.filter(tenant=None).count()
    expected = {name: full[name] - rows for name, rows in seen.items()}
    expected["accounts_auditentry"] -= nobodys
    assert own == expected


def test_without_a_setting_there_are_no_rows(
    full: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_security, "_of_process", NOTHING)
    assert {name: count(name) for name in full} == dict.fromkeys(full, 0)
    with unscoped():
        assert {name: count(name) for name in full} == full


# Writing


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO accounts_quotause (tenant_id, period, used, reserved) VALUES (%s, 'x', 0, 0)",
        "UPDATE accounts_quotause SET tenant_id = %s",
    ],
)
def test_writing_for_another_organisation_is_refused(
    acme: Organisation, stranger: Organisation, statement: str
) -> None:
    QuotaUse.objects.create(tenant=acme.tenant, period="open")
    refused = pytest.raises(ProgrammingError, match="violates row-level security")
    with acting_for(acme.tenant), refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, [stranger.tenant.pk])
    assert {row.tenant for row in QuotaUse.objects.all()} == {acme.tenant}


def test_foreign_rows_are_neither_changed_nor_deleted(
    acme: Organisation, stranger: Organisation
) -> None:
    job = make_job(acme)
    run_job(str(job.pk))
    with acting_for(stranger.tenant):
        assert Job.objects.update(metadata={"a": 1}) == 0
        assert Page.objects.update(engine="x") == 0
        assert Page.objects.all().delete()[0] == 0
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            Page.objects.create(job_id=job.pk, number=99, content={})
    assert Page.objects.exclude(engine="x").count() == 1
    assert Job.objects.get().metadata == {}


# The role


def test_the_applications_role_is_bound() -> None:
    assert unbound() == []
    role, may = ask(
        "SELECT rolname, ARRAY[rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication]"
        " FROM pg_roles WHERE rolname = current_user"
    )[0]
    assert (role, may) == ("ocrsite_app", [False] * 5)
    assert ask("SELECT FROM pg_auth_members WHERE member = current_user::regrole") == []


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE jobs_job DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE jobs_job NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY tenant ON jobs_job",
        "CREATE POLICY more ON jobs_job USING (true)",
        "ALTER TABLE jobs_job OWNER TO ocrsite_app",
        "ALTER TABLE accounts_usagerecord DISABLE TRIGGER ALL",
        "ALTER ROLE ocrsite_app BYPASSRLS",
        "SET ROLE postgres",
        "SET SESSION AUTHORIZATION postgres",
        "SET session_replication_role = replica",
        "CREATE TABLE more (id integer)",
        "SET row_security = off; SELECT * FROM jobs_job",
        *(
            f"{verb} {table}{f' SET {OWN.get(table, COLUMN)} = NULL' if verb == 'UPDATE' else ''}"
            for table, verbs in WITHHELD.items()
            for verb in verbs.replace("DELETE", "DELETE FROM").split(", ")
            if verb != "INSERT"
        ),
    ],
)
def test_the_applications_role_cannot_let_itself_out(statement: str) -> None:
    refused = pytest.raises(
        DatabaseError,
        match=r"must be owner|permission denied|must have|would be affected|only roles with",
    )
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


# What is left behind: nothing


@pytest.fixture
def alone(transactional_db: None, acme: Organisation, stranger: Organisation) -> Organisation:
    """Both organisations, with no transaction around the test."""
    return acme


def test_nothing_is_left_on_the_connection(alone: Organisation) -> None:
    with acting_for(alone.tenant):
        assert count("accounts_apikey") == 1
        assert left_on_the_connection() == ""
        with pytest.raises(DatabaseError):
            ask("SELECT 1 / 0")
        assert left_on_the_connection() == ""
        with transaction.atomic():
            assert count("accounts_apikey") == 1
            assert left_on_the_connection() == str(alone.tenant.pk)
        assert left_on_the_connection() == ""
        with pytest.raises(DatabaseError), transaction.atomic():
            ask("SELECT 1 / 0")
        assert left_on_the_connection() == ""
        assert [row.pk for row in ApiKey.objects.iterator()] == [alone.key.pk]
        assert left_on_the_connection() == ""
        with pytest.raises(DatabaseError):
            list(ApiKey.objects.extra(select={"bad": "1 / 0"}).iterator())
        assert left_on_the_connection() == ""
        with connection.cursor() as cursor:
            cursor.executemany(
                "UPDATE accounts_apikey SET name = %s WHERE true", [("one",), ("two",)]
            )
        assert left_on_the_connection() == ""
    assert sorted(ApiKey.objects.values_list("name", flat=True)) == ["first", "two"]


def test_savepoints_take_nothing_along(alone: Organisation, stranger: Organisation) -> None:
    with transaction.atomic(), acting_for(alone.tenant):
        with pytest.raises(DatabaseError), transaction.atomic(), acting_for(stranger.tenant):
            ask("SELECT 1 / 0")
        assert list(ApiKey.objects.iterator()) == [alone.key]
        with transaction.atomic(), acting_for(stranger.tenant):
            assert ApiKey.objects.get() == stranger.key
        assert ApiKey.objects.get() == alone.key
        with row_security._seeing(NOTHING):
            assert count("accounts_apikey") == 0
    with unscoped():
        assert count("accounts_apikey") == 2


def test_threads_of_one_pool_see_their_own_alone(alone: Organisation) -> None:
    """Many requests on few connections, some of which fail halfway."""
    tenants = [organisation(f"tenant-{number}").tenant for number in range(6)]

    def work(seed: int) -> int:
        chance, seen = random.Random(seed), 0
        try:
            for _ in range(25):
                tenant = chance.choice([*tenants, None])
                around: AbstractContextManager[None] = (
                    acting_for(tenant) if tenant else row_security._seeing(NOTHING)
                )
                with around:
                    try:
                        if chance.random() < 0.4:
                            with transaction.atomic():
                                seen += sees(tenant)
                                if chance.random() < 0.5:
                                    ask("SELECT 1 / 0")
                        else:
                            seen += sees(tenant)
                    except DatabaseError:
                        pass
                if chance.random() < 0.3:
                    connection.close()  # back to the pool
        finally:
            connection.close()
        return seen

    def sees(tenant: Tenant | None) -> int:
        found = ask("SELECT tenant_id FROM accounts_apikey")
        assert found == ([(tenant.pk,)] if tenant else [])
        return len(found)

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(work, range(16))) > 100


def test_a_thread_sees_what_is_bound_to_it(
    alone: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_security, "_of_process", NOTHING)  # as in a web process

    def keys() -> int:
        try:
            return count("accounts_apikey")
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread, acting_for(alone.tenant):
        assert [thread.submit(job).result() for job in (keys, bound(keys), keys)] == [0, 1, 0]


# Requests


def through(
    view: Callable[[HttpRequest], HttpResponse | StreamingHttpResponse], **attributes: Any
) -> HttpResponse | StreamingHttpResponse:
    """The answer of a view behind the middleware."""
    request = RequestFactory().get("/")
    vars(request).update(attributes)
    return cast(HttpResponse, RowSecurityMiddleware(view)(request))


def test_a_request_sees_nothing_until_somebody_has_signed_in(acme: Organisation) -> None:
    seen: list[str] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(scope())
        request.user, request.session = acme.owner, {}  # type: ignore[assignment]
        session_actor(request)
        seen.append(scope())
        return HttpResponse()

    through(view)
    assert seen == [NOTHING, str(acme.tenant.pk)]
    assert scope() == EVERYTHING, "the process's own, as before"


def test_a_request_that_fails_leaves_nothing(acme: Organisation) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        act_for(acme.tenant)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        through(view)
    assert scope() == EVERYTHING


def test_act_for_needs_something_that_ends_it(acme: Organisation, stranger: Organisation) -> None:
    act_for(acme.tenant)
    assert scope() == EVERYTHING
    with acting_for(acme.tenant):
        act_for(stranger.tenant)
        assert scope() == str(stranger.tenant.pk)
    assert scope() == EVERYTHING


def test_a_streamed_answer_is_made_and_closed_as_its_view_was(
    acme: Organisation, stranger: Organisation
) -> None:
    seen: list[object] = []

    def keys() -> Iterator[bytes]:
        for row in ApiKey.objects.order_by("pk"):
            yield str(row.pk).encode()
        seen.append(count("accounts_apikey"))

    class Body:
        def __iter__(self) -> Iterator[bytes]:
            return keys()

        def close(self) -> None:
            seen.append(scope())

    def view(request: HttpRequest) -> StreamingHttpResponse:
        act_for(acme.tenant)
        return StreamingHttpResponse(Body())

    answer = cast(StreamingHttpResponse, through(view))
    parts: Iterator[bytes] = iter(answer)
    with acting_for(stranger.tenant):
        first = next(parts)
        assert ApiKey.objects.get() == stranger.key, "another request, between the parts"
        assert [first, *parts] == [str(acme.key.pk).encode()]
        answer.close()
        assert scope() == str(stranger.tenant.pk)
    assert seen == [1, str(acme.tenant.pk)]


def test_operators_see_everything_in_the_admin_and_nobody_else_does(acme: Organisation) -> None:
    def seen_by(user: User | AnonymousUser, app: str) -> str:
        def view(request: HttpRequest) -> HttpResponse:
            RowSecurityMiddleware(view).process_view(request)
            return HttpResponse(scope())

        match = ResolverMatch(view, (), {}, app_names=[app])
        return cast(HttpResponse, through(view, user=user, resolver_match=match)).content.decode()

    operator = User(email="op@example.com", is_staff=True)
    gone = User(email="gone@example.com", is_staff=True, is_active=False)
    assert seen_by(operator, "admin") == EVERYTHING
    assert seen_by(operator, "jobs") == NOTHING
    for user in (gone, acme.owner, AnonymousUser()):
        assert seen_by(user, "admin") == NOTHING


def test_next_request_on_the_connection_sees_its_own(
    alone: Organisation, stranger: Organisation
) -> None:
    job = make_job(alone)
    pages = re.compile(str(job.pk).encode())
    asked: list[tuple[Any, bool]] = [(alone.api(), True), (stranger.api(), False)] * 3
    for client, own in asked:
        answer = client.get("/api/v1/ocr/jobs")
        assert bool(pages.search(answer.content)) is own
        assert Client().get("/api/v1/ocr/jobs").status_code == 401
        assert left_on_the_connection() == ""
    session = Client()
    session.force_login(stranger.owner)
    assert not pages.search(session.get("/jobs").content)


def test_person_of_two_organisations_is_shown_both_and_rows_of_one(
    acme: Organisation, stranger: Organisation
) -> None:
    Membership.objects.create(tenant=stranger.tenant, user=acme.owner, role="owner")
    job = make_job(stranger)
    session = Client()
    assert session.login(username=acme.owner.email, password=PASSWORD)
    page = session.get("/jobs").content.decode()
    assert str(job.pk) not in page
    assert stranger.tenant.name in page, "to switch to"
    session.post("/switch-tenant", {"tenant": str(stranger.tenant.pk)})
    assert str(job.pk) in session.get("/jobs").content.decode()
    entry = AuditEntry.objects.get(action="session.switch")
    assert entry.tenant == stranger.tenant


# The owner


@pytest.mark.django_db(transaction=True)
def test_an_owner_who_is_no_superuser_is_bound_too(acme: Organisation) -> None:
    """An installation with one role for everything."""

    sql = "SELECT count(*) FROM accounts_apikey"
    with as_owner(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE ROLE plain; ALTER TABLE accounts_apikey OWNER TO plain")
        cursor.execute("SET LOCAL ROLE plain")
        found = []
        for seen in (NOTHING, acme.tenant.pk, EVERYTHING):
            cursor.execute(f"SET LOCAL {row_security.SETTING} = '{seen}'")
            cursor.execute(sql)
            found += cursor.fetchone()
        assert unbound() == ["owns tables"]
        transaction.set_rollback(True)
    assert found == [0, 1, 1]


def test_setting_is_a_tenant_or_nothing_else(acme: Organisation) -> None:
    for wrong in ("'; RESET ROLE; --", "*", ""):
        with pytest.raises((ValueError, AttributeError)), acting_for(cast(UUID, wrong)):
            pass
