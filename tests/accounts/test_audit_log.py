"""accounts/audit_log.py, audit_actions.py, audit_api.py, audit_views.py: the audit log read."""

from __future__ import annotations

import ast
import re
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts import audit
from accounts.audit_actions import ACTIONS, GROUPS, those_of, words_of
from accounts.audit_log import Wanted, before, each, entries
from accounts.audit_words import OBJECTS
from accounts.models import AuditEntry, Tenant, User
from accounts.permissions import Role
from tests.people import PASSWORD, Organisation

ROOT = Path(__file__).resolve().parent.parent.parent
URL = "/api/v1/audit"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def add(organisation: Organisation, number: int, **columns: Any) -> AuditEntry:
    """An entry, a minute later for each number."""
    entry = audit.entry(
        actor=columns.pop("actor", organisation.owner),
        tenant=organisation.tenant,
        action=columns.pop("action", "webhook.create"),
        address=columns.pop("address", "192.0.2.1"),
    )
    entry.at = NOON + timedelta(minutes=number)
    for name, value in columns.items():
        setattr(entry, name, value)
    entry.save(force_insert=True)
    return entry


def ids(answer: Any) -> list[int]:
    assert answer.status_code == 200, answer.content
    return [entry["id"] for entry in answer.json()["results"]]


@pytest.fixture
def log(acme: Organisation, stranger: Organisation) -> dict[str, AuditEntry]:
    """Entries that each filter can tell apart, and a stranger's."""
    add(stranger, 9)
    return {
        "plain": add(acme, 0),
        "key": add(acme, 1, actor=acme.actor),
        "action": add(acme, 2, action="webhook.delete"),
        "other": add(acme, 3, action="template.create", actor="somebody"),
        "object": add(acme, 4, object_type="jobs.job", object_id="the-job"),
        "address": add(acme, 5, address="2001:db8::7"),
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("actor=owner@acme", {"plain", "action", "object", "address"}),
        ("actor=some", {"other"}),
        ("actor=%25", set()),
        ("action=template.create", {"other"}),
        ("action=template", {"other"}),
        ("action=webhook.delete", {"action"}),
        ("action=no.such", set()),
        ("object_id=the-job", {"object"}),
        ("object_type=jobs.job", {"object"}),
        ("object_type=jobs.job&object_id=another", set()),
        ("address=2001:db8::7", {"address"}),
        ("since=2026-03-01T12:05:00Z&until=2026-03-02", {"address"}),
        ("until=2026-03-01T12:01:00Z", {"plain"}),
        ("until=2026-03-01T13:01:00%2B01:00", {"plain"}),
        ("action=webhook&until=2026-03-01T12:03&actor=owner", {"plain", "action"}),
    ],
)
def test_filter_lets_its_entries_through(
    query: str, expected: set[str], acme: Organisation, log: dict[str, AuditEntry]
) -> None:
    wanted = {log[name].pk for name in expected}
    own = {entry.pk for entry in log.values()}
    assert set(ids(acme.api().get(f"{URL}?{query}"))) & own == wanted


def test_filter_by_the_id_of_a_person_or_key(
    acme: Organisation, log: dict[str, AuditEntry]
) -> None:
    by_key = ids(acme.api().get(f"{URL}?actor_id={acme.key.pk}"))
    assert by_key == [log["key"].pk]
    by_person = ids(acme.api().get(f"{URL}?actor_id={acme.owner.pk}&action=webhook.delete"))
    assert by_person == [log["action"].pk]
    by_prefix = ids(acme.api().get(f"{URL}?actor={acme.key.prefix}"))
    assert by_prefix == [log["key"].pk]


def test_list_is_newest_first_and_own(acme: Organisation, log: dict[str, AuditEntry]) -> None:
    found = ids(acme.api().get(f"{URL}?until=2026-03-02"))
    assert found == [entry.pk for entry in reversed(log.values())]
    entry = acme.api().get(f"{URL}?object_id=the-job").json()["results"][0]
    assert entry == {
        "id": log["object"].pk,
        "at": "2026-03-01T12:04:00Z",
        "actor": "owner@acme.example",
        "user": str(acme.owner.pk),
        "api_key": None,
        "action": "webhook.create",
        "words": "made a webhook",
        "object_type": "jobs.job",
        "object_id": "the-job",
        "address": "192.0.2.1",
        "request_id": None,
        "before": None,
        "after": None,
    }


def test_list_is_read_page_by_page_even_where_times_are_equal(acme: Organisation) -> None:
    made = [add(acme, 0).pk for _ in range(5)] + [add(acme, number).pk for number in (1, 2)]
    client, found = acme.api(), []
    url: str | None = f"{URL}?page_size=2&action=webhook"
    while url:
        body = client.get(url).json()
        found += [entry["id"] for entry in body["results"]]
        url = body["next"]
    assert found == sorted(made, reverse=True)


@pytest.mark.parametrize(
    "query",
    [
        "actor_id=1", "address=here", "since=yesterday", "until=2026-13-01", "action=" + "x" * 51,
        "object_id=%00", "address=1.2.3.4.5", "since=0000-00-00",
    ],
)  # fmt: skip
def test_filter_that_cannot_be_read_is_400(query: str, acme: Organisation) -> None:
    answer = acme.api().get(f"{URL}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_option")
    assert list(answer.json()["errors"]) == [query.partition("=")[0]]


@pytest.mark.parametrize("cursor", ["abc", "cD0x", "cD0yMDI2LTAxLTAx", "cD0wMDAwLTAwLTAw"])
def test_cursor_that_is_none_is_404(cursor: str, acme: Organisation) -> None:
    assert acme.api().get(f"{URL}?cursor={cursor}").status_code == 404


@pytest.mark.parametrize("url", [URL, f"{URL}.csv"])
def test_only_who_may_reads_it_by_the_api(url: str, acme: Organisation) -> None:
    for role, status in {Role.ADMIN: 200, Role.MEMBER: 403, Role.VIEWER: 403}.items():
        person, client = acme.join(role), APIClient()
        issued = client.post("/api/v1/auth/token", {"email": person.email, "password": PASSWORD})
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {issued.json()['access']}")
        assert status_of(client, url) == status
    assert status_of(acme.api("audit:read"), url) == 200
    assert acme.api("jobs:read", "usage:read").get(url).status_code == 403


def status_of(client: Any, url: str) -> int:
    """Of an answer that is read to its end."""
    answer = client.get(url)
    if answer.streaming:
        list(answer)
    return int(answer.status_code)


def page(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.mark.parametrize("url", ["/organisation/audit", "/organisation/audit.csv"])
def test_only_who_may_reads_the_page(url: str, acme: Organisation) -> None:
    assert status_of(page(acme.join(Role.ADMIN)), url) == 200
    reviewer = page(acme.join(Role.REVIEWER))
    assert reviewer.get(url).status_code == 403
    assert "Audit log" not in reviewer.get("/organisation").content.decode()


def test_page_shows_who_did_what_to_which_from_where_and_when(acme: Organisation) -> None:
    entry = add(
        acme,
        0,
        action="settings.change",
        object_type="accounts.tenant",
        object_id=str(acme.tenant.pk),
        before={"name": "Old", "gone": 1},
        after={"name": "<b>New</b>"},
        request_id="req-1",
    )
    shown = page(acme.owner).get("/organisation/audit").content.decode()
    row = next(row for row in shown.split("<tr>")[1:] if "changed the settings" in row)
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", row))
    assert "1 Mar 2026, 12:00:00 owner@acme.example changed the settings Details" in text
    assert "gone was 1 Name Old → &lt;b&gt;New&lt;/b&gt;" in text
    assert "Request req-1" in text
    assert f"organisation {acme.tenant.pk}" in text
    assert "192.0.2.1" in text
    assert f"?object_id={entry.object_id}" in row


def test_page_filters_pages_and_offers_the_same_as_csv(acme: Organisation) -> None:
    made = [add(acme, number, object_id=f"hook-{number}") for number in range(120)]
    add(acme, 500, action="template.create", object_id="a-template")
    client = page(acme.owner)
    url = "/organisation/audit?action=webhook&since=2026-03-01&until=2026-03-01"
    found = []
    for rows in (50, 50, 20):
        shown = client.get(url).content.decode()
        assert "a-template" not in shown
        on_page = re.findall(r"<code>(hook-\d+)</code>", shown)
        assert len(on_page) == rows
        found += on_page
        older = re.search(r'href="(\?[^"]*before=\d+)"', shown)
        url = "/organisation/audit" + older[1].replace("&amp;", "&") if older else ""
    assert found == [entry.object_id for entry in reversed(made)]
    assert not url
    assert (
        "/organisation/audit.csv?action=webhook&amp;since=2026-03-01&amp;until=2026-03-01" in shown
    )


def test_page_without_a_match_says_so(acme: Organisation) -> None:
    shown = page(acme.owner).get("/organisation/audit?actor=nobody").content.decode()
    assert "No entry is like this." in shown
    assert "audit.csv" not in shown


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("address=here", "Enter a valid IPv4 or IPv6 address."),
        ("since=soon", "Enter a valid date."),
        ("action=no.such", "Select a valid choice."),
    ],
)
def test_page_tells_what_is_wrong_with_a_filter_beside_it(
    query: str, error: str, acme: Organisation
) -> None:
    answer = page(acme.owner).get(f"/organisation/audit?{query}")
    assert answer.status_code == 400
    assert error in answer.content.decode()


@pytest.mark.parametrize("place", ["x", "-1", "9" * 30, "1²"])
def test_place_that_is_none_is_400(place: str, acme: Organisation) -> None:
    assert page(acme.owner).get(f"/organisation/audit?before={place}").status_code == 400


def test_place_of_another_organisation_is_missing(
    acme: Organisation, stranger: Organisation
) -> None:
    foreign = AuditEntry.objects.filter(tenant=stranger.tenant).first()
    assert foreign is not None
    client = page(acme.owner)
    assert client.get(f"/organisation/audit?before={foreign.pk}").status_code == 404
    assert client.get("/organisation/audit?before=999999999").status_code == 404


def test_each_reads_all_in_parts(acme: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.audit_log.BATCH", 3)
    made = [add(acme, number // 4).pk for number in range(13)]
    rows = entries(acme.tenant, Wanted(action="webhook"))
    assert [entry.pk for entry in each(rows)] == made[::-1]


def test_every_action_that_is_recorded_has_its_words() -> None:
    known = {f"{name}" for name in ACTIONS}
    recorded: set[str] = set()
    for path in (*ROOT.glob("accounts/**/*.py"), *ROOT.glob("jobs/**/*.py")):
        if "migrations" in path.parts or path.name == "audit_actions.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.keyword) and node.arg == "action":
                recorded |= texts(ast.walk(node.value))
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("_record", "_added"):
                recorded |= texts(node.args)
    assert len(recorded) > 40
    assert sorted(recorded - known) == []
    assert {name.partition(".")[0] for name in ACTIONS} == set(GROUPS)


def texts(nodes: Iterable[ast.AST]) -> set[str]:
    """The actions among the literals."""
    values = {node.value for node in nodes if isinstance(node, ast.Constant)}
    return {str(value) for value in values if re.fullmatch(r"[a-z_]+\.[a-z_]+", str(value))}


def test_words_and_groups() -> None:
    assert words_of("key.create") == "made an API key"
    assert words_of("something.new") == "something.new"
    assert "key.create" in those_of("key")
    assert "key.refuse" in those_of("key")
    assert those_of("key.create") == ["key.create"]


# Many entries: what is read must not grow with the log

MANY = 100_000
FILL = """
INSERT INTO accounts_auditentry
    (at, tenant_id, user_id, actor, action, object_type, object_id, address, after)
SELECT %(noon)s::timestamptz - (%(many)s - n) * interval '20 s',
    (ARRAY[%(acme)s, %(stranger)s]::uuid[])[1 + n %% 2], NULL,
    'person' || n %% 500 || '@acme.example',
    CASE WHEN n %% 9973 = 0 THEN 'template.delete' ELSE
        (ARRAY['job.submit', 'job.end', 'job.download'])[1 + n / 2 %% 3] END,
    'jobs.job', 'job-' || n, ('10.0.' || n %% 200 || '.' || n %% 250)::inet, '{"file": "json"}'
FROM generate_series(1, %(many)s) AS n
"""


@pytest.fixture(scope="module")
def many(django_db_setup: None, django_db_blocker: Any) -> Any:
    """Two organisations with a large log, for the tests below."""
    tenants = {"acme": uuid.uuid4(), "stranger": uuid.uuid4()}
    with django_db_blocker.unblock():
        with connection.cursor() as cursor:
            cursor.execute(FILL, {**tenants, "noon": NOON, "many": MANY})
            cursor.execute("ANALYZE accounts_auditentry")
        yield tenants["acme"]
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE accounts_auditentry")
            cursor.execute("ANALYZE accounts_auditentry")


def rows_read(plan: dict[str, Any]) -> int:
    """The rows that a plan has taken from tables and indexes, those thrown away with them."""
    own = 0
    if "Scan" in plan["Node Type"]:
        thrown = plan.get("Rows Removed by Filter", 0) + plan.get(
            "Rows Removed by Index Recheck", 0
        )
        own = round((plan["Actual Rows"] + thrown) * plan["Actual Loops"])
    return own + sum(rows_read(child) for child in plan.get("Plans", ()))


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(),
        Wanted(action="template.delete"),
        Wanted(action="job"),
        Wanted(object_id="job-5000"),
        Wanted(object_id="job-5000", object_type="jobs.job"),
        Wanted(address="10.0.20.20"),
        Wanted(until=NOON - timedelta(days=20)),
        Wanted(since=NOON - timedelta(days=22), until=NOON - timedelta(days=21)),
        Wanted(action="template", since=NOON - timedelta(days=10)),
        Wanted(address="192.0.2.99"),
    ],
    ids=lambda wanted: "-".join(wanted.given()) or "all",
)
def test_first_page_of_a_filter_reads_few_rows(wanted: Wanted, many: uuid.UUID) -> None:
    rows = entries(Tenant(pk=many), wanted)[:51]
    sql, params = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON, TIMING OFF) {sql}", params)
        plan = cursor.fetchone()[0][0]["Plan"]
    assert rows_read(plan) < 2_500, plan


@pytest.mark.django_db
def test_last_page_reads_no_more_than_the_first(many: uuid.UUID) -> None:
    rows = entries(Tenant(pk=many), Wanted())
    oldest = rows.order_by("at")[60]
    sql, params = before(rows, oldest)[:51].query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON, TIMING OFF) {sql}", params)
        plan = cursor.fetchone()[0][0]["Plan"]
    assert rows_read(plan) < 100, plan


def admin_url(query: str) -> str:
    return f"/admin/accounts/auditentry/?{query}"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "query", ["", "p=2", "what=template", "what=key", "q=job-5000", "q=10.0.20.20", "q=nothing",
              "q=large", "q=template.delete", "p=100",
              "at__gte=2026-02-28+00:00:00%2B00:00"],
)  # fmt: skip
def test_admins_list_reads_a_bounded_number_of_rows(query: str, many: uuid.UUID) -> None:
    Tenant.objects.create(pk=many, name="Large", slug="large")
    operator = page(User.objects.create_superuser("root@example.com", PASSWORD))
    with CaptureQueriesContext(connection) as captured:
        assert operator.get(admin_url(query)).status_code == 200
    asked = [each["sql"] for each in captured if 'FROM "accounts_auditentry"' in each["sql"]]
    assert 1 < len(asked) < 4
    for sql in asked:
        _, _, sql = sql.rpartition("; ")  # without what row security puts in front
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON, TIMING OFF) {sql}")
            plan = cursor.fetchone()[0][0]["Plan"]
        assert rows_read(plan) < 25_000, sql


@pytest.mark.django_db
def test_admins_search_finds_by_each_way(acme: Organisation, log: dict[str, AuditEntry]) -> None:
    operator = page(User.objects.create_superuser("root@example.com", PASSWORD))

    def found(query: str) -> set[str]:
        shown = operator.get(admin_url(query)).content.decode()
        return {name for name, entry in log.items() if f"/auditentry/{entry.pk}/" in shown}

    assert found("q=the-job") == {"object"}
    assert found("q=2001:db8::7") == {"address"}
    assert found("q=template.create") == found("what=template") == {"other"}
    assert found(f"q={acme.tenant.pk}") == found("q=acme") == set(log)
    assert found("q=acme,+some") == {"other"}
    assert found("q=unknown,+some") == found("q=nothing") == set()


def test_objects_with_words_are_models() -> None:
    """A page in German shows one that is missing: tests/test_in_german.py."""
    models = {model._meta.model_name for model in apps.get_models()}
    assert OBJECTS.keys() <= models
