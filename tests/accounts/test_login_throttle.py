"""accounts/login_throttle.py: failed sign-ins, by pages, admin and API"""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.backends import ModelBackend
from django.core.management import call_command
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import AuditEntry, User
from tests.people import Organisation, organisation
from tests.signing_in import by_api, by_page

THERE = "192.0.2.7"
ELSEWHERE = "198.51.100.9"


def fail(times: int, email: str = "owner@acme.example", address: str = THERE) -> None:
    for _ in range(times):
        by_api(email, "wrong", REMOTE_ADDR=address)


def later(**time: float) -> None:
    """Let time pass: what was counted lies further back."""
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - timedelta(**time))


def test_five_failures_lock_the_person_out_from_there(acme: Organisation) -> None:
    statuses = [by_api(acme.owner.email, "wrong", REMOTE_ADDR=THERE).status_code for _ in range(5)]
    assert statuses == [401, 401, 401, 401, 429]
    right = by_api(acme.owner.email, REMOTE_ADDR=THERE)
    assert (right.status_code, right.json()["code"]) == (429, "login_locked")
    assert right["Content-Type"] == "application/problem+json"
    assert 895 <= int(right["Retry-After"]) <= 900
    assert by_api(acme.owner.email, REMOTE_ADDR=ELSEWHERE).status_code == 200, "not elsewhere"


def test_lockout_is_one_for_pages_admin_and_api(acme: Organisation) -> None:
    for _ in range(3):
        by_page(acme.owner.email, "wrong", REMOTE_ADDR=THERE)
    fail(2)
    page = by_page(acme.owner.email, REMOTE_ADDR=THERE)
    assert page.status_code == 429
    assert 895 <= int(page["Retry-After"]) <= 900
    assert "Wait 15 minutes" in page.content.decode()
    admin = Client().get("/admin/login/?next=/admin/", REMOTE_ADDR=THERE)
    assert (admin.status_code, admin["Location"]) == (302, "/login?next=/admin/")
    assert by_api(acme.owner.email, REMOTE_ADDR=THERE).status_code == 429


def test_unknown_people_are_locked_out_alike(acme: Organisation) -> None:
    known = [by_api(acme.owner.email, "wrong", REMOTE_ADDR=THERE) for _ in range(6)]
    unknown = [by_api("nobody@acme.example", "wrong", REMOTE_ADDR=ELSEWHERE) for _ in range(6)]
    assert [row.status_code for row in known] == [row.status_code for row in unknown]
    assert [row.content for row in known] == [row.content for row in unknown]
    pages = [
        by_page(email, "wrong", REMOTE_ADDR=address)
        for email, address in ((acme.owner.email, THERE), ("nobody@acme.example", ELSEWHERE))
    ]
    assert pages[0].status_code == pages[1].status_code == 429
    assert pages[0].content == pages[1].content


def test_unknown_people_cost_the_same_statements(acme: Organisation) -> None:
    asked = []
    for email in (acme.owner.email, "nobody@acme.example"):
        with CaptureQueriesContext(connection) as queries:
            by_api(email, "wrong", REMOTE_ADDR=THERE)
        asked.append([query["sql"].replace(email, "...") for query in queries.captured_queries])
    shapes = [[sql.partition("VALUES")[0] for sql in each] for each in asked]
    assert shapes[0] == shapes[1]


def test_nothing_is_hashed_or_written_while_locked(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(5)
    rows, told = list(AccessAttempt.objects.values()), AuditEntry.objects.count()
    monkeypatch.delattr(ModelBackend, "authenticate")
    fail(3)
    assert list(AccessAttempt.objects.values()) == rows
    assert AuditEntry.objects.count() == told


def test_failures_and_the_lock_are_audited(acme: Organisation) -> None:
    fail(7)
    rows = AuditEntry.objects.filter(action__startswith="login.").order_by("id")
    assert [(row.action, row.actor, row.address) for row in rows] == [
        *[("login.fail", "owner@acme.example", THERE)] * 5,
        ("login.lock", "owner@acme.example", THERE),
    ]


def test_no_password_is_kept(acme: Organisation) -> None:
    by_page(acme.owner.email, "sekret-1", REMOTE_ADDR=THERE)
    assert "sekret" not in str(list(AccessAttempt.objects.values()))


def test_lock_ends_after_its_time_and_not_before(acme: Organisation) -> None:
    fail(5)
    later(minutes=14, seconds=50)
    answer = by_api(acme.owner.email, REMOTE_ADDR=THERE)
    assert (answer.status_code, int(answer["Retry-After"]) <= 10) == (429, True)
    later(seconds=11)
    assert by_api(acme.owner.email, "wrong", REMOTE_ADDR=THERE).status_code == 401
    assert AccessAttempt.objects.get().failures_since_start == 1, "it begins anew"


def test_trying_while_locked_does_not_prolong_it(acme: Organisation) -> None:
    fail(5)
    later(minutes=10)
    fail(5)
    later(minutes=5, seconds=1)
    assert by_api(acme.owner.email, REMOTE_ADDR=THERE).status_code == 200


def test_times_are_the_databases(acme: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.utils import timezone

    now = timezone.now
    fail(5)
    for hours in (-2, 2):
        monkeypatch.setattr(timezone, "now", lambda hours=hours: now() + timedelta(hours=hours))
        assert by_api(acme.owner.email, REMOTE_ADDR=THERE).status_code == 429


@pytest.mark.parametrize("way", [by_api, by_page])
def test_success_forgets_the_persons_failures(acme: Organisation, way: Any) -> None:
    fail(4)
    fail(2, "other@acme.example")
    assert way(acme.owner.email, REMOTE_ADDR=THERE).status_code in (200, 302)
    fail(4)
    assert way(acme.owner.email, REMOTE_ADDR=THERE).status_code in (200, 302)
    assert AccessAttempt.objects.get().username == "other@acme.example"


def test_operator_lets_a_person_in_again(acme: Organisation) -> None:
    fail(5)
    fail(5, "other@acme.example", ELSEWHERE)
    operator = User.objects.create_superuser("op@example.com", "x")
    client = Client()
    client.force_login(operator)
    form = {"action": "let_in_again", "_selected_action": [str(acme.owner.pk)]}
    client.post("/admin/accounts/user/", form)
    assert by_api(acme.owner.email, REMOTE_ADDR=THERE).status_code == 200
    assert by_api("other@acme.example", REMOTE_ADDR=ELSEWHERE).status_code == 429
    entry = AuditEntry.objects.get(action="login.unlock")
    assert (entry.user, entry.object_id) == (operator, str(acme.owner.pk))


def test_commands_of_axes_work_on_the_same_rows(
    acme: Organisation, capsys: pytest.CaptureFixture[str]
) -> None:
    fail(5)
    call_command("axes_list_attempts")
    assert f"{THERE}\t{acme.owner.email}\t5" in capsys.readouterr().out
    call_command("axes_reset_ip", THERE)
    assert by_api(acme.owner.email, REMOTE_ADDR=THERE).status_code == 200


def test_many_names_from_one_address_lock_it(acme: Organisation, settings: Settings) -> None:
    settings.LOGIN_ADDRESS_FAILURES = 8
    for n in range(8):
        fail(1, f"person{n}@acme.example")
    assert by_api(acme.owner.email, REMOTE_ADDR=THERE).status_code == 429
    assert by_page("new@acme.example", REMOTE_ADDR=THERE).status_code == 429
    assert by_api(acme.owner.email, REMOTE_ADDR=ELSEWHERE).status_code == 200
    AccessAttempt.objects.filter(username="person3@acme.example").update(
        attempt_time=F("attempt_time") - timedelta(minutes=16)
    )
    assert by_api(acme.owner.email, REMOTE_ADDR=THERE).status_code == 200, "one place is free"


def test_another_browser_or_spelling_is_no_way_around(acme: Organisation) -> None:
    for n in range(5):
        by_page("OWNER@Acme.example ", "wrong", REMOTE_ADDR=THERE, HTTP_USER_AGENT=f"browser {n}")
    assert by_page(acme.owner.email, REMOTE_ADDR=THERE).status_code == 429


def test_addresses_are_told_by_trusted_proxies_alone(
    acme: Organisation, settings: Settings
) -> None:
    for n in range(5):
        by_api(acme.owner.email, "wrong", REMOTE_ADDR=THERE, HTTP_X_FORWARDED_FOR=f"10.0.0.{n}")
    assert by_api(acme.owner.email, REMOTE_ADDR=THERE).status_code == 429, "the header is a lie"
    settings.TRUSTED_PROXIES = 1
    for n in range(5):
        forwarded = f"10.0.0.{n}, {ELSEWHERE}"
        by_api(acme.owner.email, "wrong", REMOTE_ADDR="10.9.9.9", HTTP_X_FORWARDED_FOR=forwarded)
    locked = by_api(
        acme.owner.email, REMOTE_ADDR="10.9.9.9", HTTP_X_FORWARDED_FOR=f"1.1.1.1, {ELSEWHERE}"
    )
    free = by_api(
        acme.owner.email, REMOTE_ADDR="10.9.9.9", HTTP_X_FORWARDED_FOR=f"{ELSEWHERE}, 1.1.1.1"
    )
    assert (locked.status_code, free.status_code) == (429, 200)


def test_one_host_of_ipv6_has_one_count(acme: Organisation) -> None:
    for n in range(5):
        fail(1, address=f"2001:db8:1:2::{n:x}")
    assert by_api(acme.owner.email, REMOTE_ADDR="2001:db8:1:2:ffff::1").status_code == 429
    assert by_api(acme.owner.email, REMOTE_ADDR="2001:db8:1:3::1").status_code == 200


def test_callers_without_an_address_are_counted_too(acme: Organisation) -> None:
    fail(5, address="")
    assert by_api(acme.owner.email, REMOTE_ADDR="").status_code == 429


@pytest.mark.django_db(transaction=True)
def test_of_guesses_sent_at_once_no_more_are_told_than_of_guesses_in_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    acme = organisation("acme")
    together, check = threading.Barrier(8), ModelBackend.authenticate

    def slow(self: ModelBackend, request: Any, username: Any, password: Any) -> Any:
        user = check(self, request, username, password)
        together.wait(10)  # nobody has failed when the last one is admitted
        if password == "right":
            last.wait(10)
        return user

    last = threading.Event()
    acme.owner.set_password("right")
    acme.owner.save(update_fields=["password"])
    monkeypatch.setattr(ModelBackend, "authenticate", slow)

    def guess(password: str) -> int:
        try:
            answer = by_api(acme.owner.email, password, REMOTE_ADDR=THERE)
            return int(answer.status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        wrong = [pool.submit(guess, "wrong") for _ in range(7)]
        right = pool.submit(guess, "right")
        statuses = sorted(each.result() for each in wrong)
        last.set()
        assert right.result() == 429, "it comes after five failures, so it tells nothing"
    assert set(statuses) <= {401, 429}
    assert statuses.count(401) <= 4
    assert AccessAttempt.objects.get().failures_since_start == 5


def test_calls_with_a_key_or_token_ask_nothing_of_the_throttle(
    acme: Organisation, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    token = by_api(acme.owner.email).json()["access"]
    fail(5, address="127.0.0.1")
    client = acme.api()
    client.get("/api/v1/fields")  # notes the key's first use
    with django_assert_num_queries(1):
        assert client.get("/api/v1/fields").status_code == 200
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    with django_assert_num_queries(1):
        assert client.get("/api/v1/fields").status_code == 200
