"""The log of recent calls: what is in it, whose it is, and that nobody waits for it."""

from __future__ import annotations

import os
import time
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts import recent_calls
from accounts.keys import create_api_key, new_key_text, revoke_api_key
from accounts.models import Tenant
from accounts.permissions import Role
from accounts.rates import Rates
from accounts.recent_calls import SECONDS_KEPT, Call, Wanted, note
from accounts.shared_redis import SharedRedis, shared_redis
from jobs.tenant_removal import remove_cache
from tests.jobs.making import make_job
from tests.people import Organisation

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("files", "empty_queue")]


def calls(tenant: Tenant, **wanted: Any) -> list[Call]:
    found = recent_calls.calls(tenant, Wanted(**wanted))
    assert found is not None
    return found


def call(number: int = 0, **more: Any) -> Call:
    at = time.time_ns() // 1000 - number * 1_000_000  # seconds ago
    given = {"status": 200, "method": "GET", "path": "/api/v1/ocr/jobs", **more}
    return Call(
        at=given.pop("at", at), milliseconds=3, caller=str(uuid.uuid4()), by_key=True,
        address="", request_id="r", code="", **given,
    )  # fmt: skip


def test_call_is_noted_with_who_and_how_it_ended(acme: Organisation) -> None:
    acme.api().get(
        "/api/v1/ocr/jobs?cursor=secret", REMOTE_ADDR="203.0.113.9", HTTP_X_REQUEST_ID="mine-1"
    )
    (told,) = calls(acme.tenant)
    assert (told.method, told.path, told.status) == ("GET", "/api/v1/ocr/jobs", 404)
    assert (told.kind, told.code, told.request_id) == ("refused", "not_found", "mine-1")
    assert (told.caller, told.by_key, told.address) == (str(acme.key.pk), True, "203.0.113.9")
    assert 0 <= told.milliseconds < 60_000
    assert abs(told.moment.timestamp() - time.time()) < 60


def test_refusals_are_noted_for_known_callers_alone(acme: Organisation, settings: Settings) -> None:
    settings.RATES = {**settings.RATES, "read": Rates(1, 1, 1, 1)}
    narrow = acme.api("audit:read")
    narrow.get("/api/v1/keys")
    narrow.get("/api/v1/audit")
    narrow.get("/api/v1/audit")
    APIClient().get("/api/v1/audit")
    told = [(each.status, each.code, each.kind) for each in reversed(calls(acme.tenant))]
    assert told == [
        (403, "permission_denied", "refused"),
        (200, "", "done"),
        (429, "rate_limited", "limited"),
    ]


def test_keys_that_are_not_let_in_are_noted_by_themselves(
    acme: Organisation, stranger: Organisation, settings: Settings
) -> None:
    settings.CALLS_KEPT = 3
    key, raw = create_api_key(
        tenant=acme.tenant,
        name="afar",
        scopes=["jobs:read"],
        created_by=acme.owner,
        allowed_networks=["203.0.113.0/24"],
    )
    afar, nobody, garbage = APIClient(), APIClient(), APIClient()
    afar.credentials(HTTP_AUTHORIZATION=f"Bearer {raw}")
    nobody.credentials(HTTP_AUTHORIZATION=f"Bearer {new_key_text()}")
    garbage.credentials(HTTP_X_API_KEY="ocrs_<script>")
    assert afar.get("/api/v1/audit", REMOTE_ADDR="198.51.100.7").status_code == 403
    revoke_api_key(key, actor=acme.owner)
    assert afar.get("/api/v1/audit?q=secret", REMOTE_ADDR="203.0.113.9").status_code == 401
    assert nobody.get("/api/v1/audit").status_code == 401
    assert garbage.get("/api/v1/audit").status_code == 401
    assert afar.get("/api/v1/no-such-route").status_code == 404
    told = calls(acme.tenant, kind="shut_out")
    assert [(each.status, each.code, each.address, each.path) for each in told] == [
        (401, "not_authenticated", "203.0.113.9", "/api/v1/audit"),
        (403, "address_not_allowed", "198.51.100.7", "/api/v1/audit"),
    ]
    assert {(each.caller, each.by_key) for each in told} == {(str(key.pk), True)}
    assert calls(stranger.tenant) == []
    # however often, it fills nothing but its own list, and some a minute
    for _ in range(2 * recent_calls.MOST_REFUSED):
        afar.get("/api/v1/audit")
    assert len(calls(acme.tenant, kind="shut_out")) == 3
    assert len(calls(acme.tenant, kind="refused")) == 0
    assert len(calls(acme.tenant)) == 3
    assert not recent_calls._some.let(key.pk)


def test_calls_by_token_are_the_persons(acme: Organisation) -> None:
    browser = Client()
    browser.force_login(acme.owner)
    browser.get("/jobs")  # a page is no call of the API
    api = APIClient()
    raw = browser.post("/console/token").json()["access"]
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {raw}")
    api.get("/api/v1/auth/me")
    (told,) = calls(acme.tenant)
    assert (told.caller, told.by_key, told.path) == (str(acme.owner.pk), False, "/api/v1/auth/me")


def test_no_body_key_or_query_is_kept(acme: Organisation) -> None:
    acme.api().post("/api/v1/keys?q=hidden-1", {"name": "hidden-2", "scopes": ["jobs:read"]})
    made = make_job(acme)
    link = acme.api().post(f"/api/v1/ocr/jobs/{made.pk}/links", {"files": ["json"]}).json()
    assert len(calls(acme.tenant)) == 2
    with shared_redis().asked() as client:
        kept = repr(client.lrange(f"{acme.tenant.pk}:calls:done", 0, -1))
    assert kept.count('"POST"') == 1 + ("links" in link)
    for secret in ("hidden", acme.raw_key[8:]):
        assert secret not in kept


def test_each_outcome_has_room_of_its_own(acme: Organisation, settings: Settings) -> None:
    settings.CALLS_KEPT = 3
    note(acme.tenant.pk, call(status=500))
    for number in range(10):
        note(acme.tenant.pk, call(number, path=f"/api/v1/{number}"))
    assert len(calls(acme.tenant, kind="done")) == 3
    assert [each.status for each in calls(acme.tenant, kind="failed")] == [500]
    assert len(calls(acme.tenant)) == 4
    assert [each.path for each in calls(acme.tenant, path="get /api/v1/9")] == ["/api/v1/9"]
    newest = calls(acme.tenant)[0]
    assert newest not in calls(acme.tenant, before=newest.at)


def test_calls_go_after_a_week_and_with_their_organisation(acme: Organisation) -> None:
    old = time.time_ns() // 1000 - (SECONDS_KEPT + 1) * 1_000_000
    note(acme.tenant.pk, call(at=old))
    note(acme.tenant.pk, call())
    assert len(calls(acme.tenant)) == 1
    with shared_redis().asked() as client:
        assert 0 < client.ttl(f"{acme.tenant.pk}:calls:done") <= SECONDS_KEPT
        client.lpush(f"{acme.tenant.pk}:calls:done", b"of another version", b"[1]")
    assert len(calls(acme.tenant)) == 1

    class Gone:
        pk = acme.tenant.pk

    remove_cache(Gone())  # type: ignore[arg-type]
    assert calls(acme.tenant) == []


def test_without_redis_the_api_answers_and_the_page_says_so(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recent_calls, "shared_redis", lambda: SharedRedis("redis://127.0.0.1:1/0"))
    assert acme.api().get("/api/v1/ocr/jobs").status_code == 200
    assert recent_calls.calls(acme.tenant, Wanted()) is None
    browser = Client()
    browser.force_login(acme.owner)
    page = browser.get("/console/calls")
    assert page.status_code == 503
    assert "The calls cannot be read now" in page.text


def test_calls_are_written_a_moment_later_by_themselves(acme: Organisation) -> None:
    acme.api().get("/api/v1/ocr/jobs")
    key = f"{acme.tenant.pk}:calls:done"
    deadline = time.monotonic() + 30
    with shared_redis().asked() as client:
        while not client.llen(key) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert client.llen(key) == 1


def test_a_forked_process_writes_its_own_alone(acme: Organisation) -> None:
    for _ in range(2):  # the second while the first one's thread lives
        note(acme.tenant.pk, call())
        child = os.fork()
        if not child:
            try:
                note(acme.tenant.pk, call(status=500))
                recent_calls._notebook.write()
            finally:
                os._exit(0)
        os.waitpid(child, 0)
    assert sorted(each.status for each in calls(acme.tenant)) == [200, 200, 500, 500]


def test_it_can_be_switched_off(acme: Organisation, settings: Settings) -> None:
    settings.CALLS_KEPT = 0
    acme.api().get("/api/v1/ocr/jobs")
    assert calls(acme.tenant) == []


def test_page_shows_the_organisations_own(acme: Organisation, stranger: Organisation) -> None:
    acme.api().get("/api/v1/ocr/jobs", REMOTE_ADDR="203.0.113.9")
    stranger.api().get("/api/v1/reviews", REMOTE_ADDR="203.0.113.77")
    browser = Client()
    browser.force_login(acme.owner)
    page = browser.get("/console/calls").text
    assert "/api/v1/ocr/jobs" in page
    assert "203.0.113.9" in page
    assert "first" in page  # the key's name
    assert "/api/v1/reviews" not in page
    foreign = browser.get("/console/calls", {"caller": str(stranger.key.pk)})
    missing = browser.get("/console/calls", {"caller": str(uuid.uuid4())})
    assert foreign.status_code == missing.status_code == 400
    assert "A filter cannot be read" in foreign.text


def test_page_filters_and_pages(acme: Organisation) -> None:
    for number in range(60):
        note(acme.tenant.pk, call(number, path=f"/api/v1/n{number:02}"))
    note(acme.tenant.pk, call(99, path="/api/v1/bad", status=400))
    browser = Client()
    browser.force_login(acme.owner)

    def shown(**query: str) -> Any:
        return browser.get("/console/calls", query)

    first = shown()
    assert first.text.count("</b> /api/v1/n") == 50
    rest = browser.get(f"/console/calls?before={first.context['older']}").text
    assert rest.count("</b> /api/v1/n") == 10
    assert "/api/v1/bad" in rest
    assert shown(kind="refused").text.count("</b> /api/v1/bad") == 1
    assert "/api/v1/n" not in shown(kind="refused").text
    assert shown(path="n07").text.count("</b> /api/v1/n") == 1
    assert "No call is like this" in shown(caller=str(acme.key.pk)).text
    assert shown(kind="x").status_code == shown(before="x").status_code == 400


def test_none_is_lost_between_two_pages(acme: Organisation) -> None:
    now = time.time_ns() // 1000
    for at in (now, now - 1, now - 1, now - 1, now - 2):
        note(acme.tenant.pk, call(at=at))
    shown, older = recent_calls.leaf(calls(acme.tenant), 2)
    assert ([now - each.at for each in shown], older) == ([0, 1, 1, 1], now - 1)
    rest, end = recent_calls.leaf(calls(acme.tenant, before=older), 2)
    assert ([now - each.at for each in rest], end) == ([2], None)
    assert recent_calls.leaf([], 2) == ([], None)


def test_page_asks_the_same_of_one_and_of_many_callers(
    acme: Organisation, django_assert_num_queries: Any
) -> None:
    browser = Client()
    browser.force_login(acme.owner)
    acme.api().get("/api/v1/ocr/jobs")
    browser.get("/console/calls")
    with CaptureQueriesContext(connection) as one:
        browser.get("/console/calls")
    asked = len(one)
    for _ in range(5):
        acme.api("jobs:read").get("/api/v1/ocr/jobs")
    with django_assert_num_queries(asked):
        browser.get("/console/calls")


def test_addresses_are_shown_to_who_manages_keys(acme: Organisation) -> None:
    acme.api().get("/api/v1/ocr/jobs", REMOTE_ADDR="203.0.113.9")
    for role, seen in ((Role.ADMIN, True), (Role.MEMBER, False), (Role.VIEWER, False)):
        browser = Client()
        browser.force_login(acme.join(role))
        page = browser.get("/console/calls")
        assert page.status_code == 200
        assert ("203.0.113.9" in page.text) is seen
    browser = Client()
    browser.force_login(acme.join(Role.REVIEWER))
    assert browser.get("/console/calls").status_code == 403
