"""accounts/limits.py: who is limited to what, what a refusal says, and that it uses nothing."""

from __future__ import annotations

import math
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.test import Client
from django.urls import get_resolver
from prometheus_client import REGISTRY
from pytest_django import Settings
from rest_framework.parsers import FileUploadParser, MultiPartParser
from rest_framework.test import APIClient

from accounts import limits
from accounts.keys import create_api_key, revoke_api_key
from accounts.models import Plan, Tenant
from accounts.rates import SECONDS, Rates
from jobs.models import Job
from ocrsite.embedded import free_port
from tests.jobs.making import PDF, form_file
from tests.people import PASSWORD, Organisation
from tests.test_isolation import methods_of, patterns

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]
JOBS = "/api/v1/ocr/jobs"
WIDE = 1_000_000


@pytest.fixture
def rate(settings: Settings) -> Callable[..., None]:
    """Set the numbers of a group; what is not named stays wide."""

    def change(group: str, **numbers: int) -> None:
        wide = dict.fromkeys((*SECONDS, "burst"), WIDE)
        settings.RATES = {**settings.RATES, group: Rates(**(wide | numbers))}

    return change


def submit(client: APIClient) -> Any:
    return client.post(JOBS, {"file": form_file(PDF)}, format="multipart")


def second_key(organisation: Organisation) -> APIClient:
    """Another key of the organisation."""
    return organisation.api("admin")


def signed_in(organisation: Organisation) -> Client:
    client = Client()
    client.force_login(organisation.owner)
    return client


def test_eleventh_submission_is_refused_with_all_that_a_client_needs(
    acme: Organisation, rate: Any
) -> None:
    rate("submit", minute=10, hour=100, day=1000, burst=10)
    answers = [submit(acme.api()) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [202] * 10 + [429]
    assert [answer["X-RateLimit-Remaining"] for answer in answers] == [
        *map(str, range(9, -1, -1)),
        "0",
    ]
    refused = answers[-1]
    wait = int(refused["Retry-After"])
    assert 50 <= wait <= 61
    assert refused["X-RateLimit-Limit"] == "10"
    assert abs(int(refused["X-RateLimit-Reset"]) - time.time() - wait) <= 2
    assert refused["RateLimit"] == f'"minute";r=0;t={wait}'
    assert refused["RateLimit-Policy"] == (
        '"minute";q=10;w=60, "hour";q=100;w=3600, "day";q=1000;w=86400, "burst";q=10'
    )
    assert refused["Content-Type"] == "application/problem+json"
    assert refused.json() == {
        "type": "urn:ocrsite:error:rate_limited",
        "title": "Too many requests",
        "status": 429,
        "code": "rate_limited",
        "detail": f"10 calls are allowed in one minute (submit); the next one in {wait} seconds.",
        "limit": 10,
        "actual": 11,
    }
    assert Job.objects.count() == 10


def test_retry_after_is_when_a_call_is_admitted(
    acme: Organisation, rate: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SECONDS, "minute", 3)
    rate("read", minute=2)
    client = acme.api()
    assert [client.get(JOBS).status_code for _ in range(2)] == [200, 200]
    begun, refused = time.monotonic(), client.get(JOBS)
    assert refused.status_code == 429
    while client.get(JOBS).status_code == 429:
        time.sleep(0.05)
    assert abs(time.monotonic() - begun - int(refused["Retry-After"])) <= 1


@pytest.mark.parametrize("window", [*SECONDS, "burst"])
def test_each_window_limits(acme: Organisation, rate: Any, window: str) -> None:
    rate("read", **({"minute": 10} | {window: 2}))
    answers = [acme.api().get(JOBS) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2]["RateLimit"].startswith(f'"{window}";r=0')


def test_refused_call_spends_no_longer_window(acme: Organisation, rate: Any) -> None:
    rate("read", minute=2)
    for _ in range(30):
        acme.api().get(JOBS)
    rate("read", hour=10)
    assert acme.api().get(JOBS)["X-RateLimit-Remaining"] == "7", "two of the hour were spent"


def test_refused_call_is_not_read_and_stores_nothing(
    acme: Organisation, rate: Any, files: Path
) -> None:
    rate("submit", minute=1)
    submit(acme.api())
    kept = sorted(files.rglob("*"))
    broken = acme.api().post(JOBS, b"no form at all", content_type="multipart/form-data")
    assert broken.status_code == 429, "told before the body is looked at, which would be 400"
    assert submit(acme.api()).status_code == 429
    assert sorted(files.rglob("*")) == kept
    assert Job.objects.count() == 1


def test_refusals_by_other_rules_come_first_and_count_nothing(
    acme: Organisation, rate: Any
) -> None:
    rate("submit", minute=1)
    assert APIClient().post(JOBS).status_code == 401
    assert acme.api("jobs:read").post(JOBS).status_code == 403
    assert submit(acme.api()).status_code == 202


def test_organisations_do_not_share_limits(
    acme: Organisation, stranger: Organisation, rate: Any
) -> None:
    rate("read", minute=1)
    assert [acme.api().get(JOBS).status_code for _ in range(2)] == [200, 429]
    assert stranger.api().get(JOBS).status_code == 200


def test_keys_and_people_of_an_organisation_share_its_limit(acme: Organisation, rate: Any) -> None:
    rate("read", minute=2)
    token = APIClient()
    body = {"email": acme.owner.email, "password": PASSWORD}
    access = token.post("/api/v1/auth/token", body).json()["access"]
    token.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")
    clients = [acme.api(), token, second_key(acme)]
    assert [client.get(JOBS).status_code for client in clients] == [200, 200, 429]


def test_key_has_its_share_and_leaves_others_theirs(
    acme: Organisation, rate: Any, settings: Settings
) -> None:
    settings.RATE_KEY_SHARE = 0.5
    rate("read", minute=6)
    first, second, third = acme.api(), second_key(acme), second_key(acme)
    answers = [first.get(JOBS) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200] * 3 + [429] * 2
    assert answers[3]["X-RateLimit-Limit"] == "3"
    assert [second.get(JOBS).status_code for _ in range(4)] == [200] * 3 + [429]
    assert third.get(JOBS).status_code == 429, "the organisation has used its six"


def test_groups_are_counted_apart(acme: Organisation, rate: Any) -> None:
    for group in project.RATES:
        rate(group, minute=1)
    client, anybody = acme.api(), APIClient(REMOTE_ADDR="192.0.2.1")
    job = submit(client).json()["id"]
    calls: dict[str, Callable[[], Any]] = {
        "read": lambda: client.get(f"{JOBS}/{job}"),
        "change": lambda: client.delete(f"{JOBS}/{uuid.uuid4()}"),
        "try": lambda: client.post("/api/v1/templates/test", {}),
        "invite": lambda: client.post("/api/v1/invitations", {}),
        "token": lambda: anybody.post("/api/v1/auth/token", {}),
        "public": lambda: anybody.get("/api/v1/health"),
        "submit": lambda: client.post("/api/v1/classify", {}, format="multipart"),
    }
    assert calls.keys() == project.RATES.keys()
    for group, call in calls.items():
        expected = 429 if group == "submit" else call().status_code
        assert expected != 429 or group == "submit"
        refused = call()
        assert refused.status_code == 429
        assert f"({group})" in refused.json()["detail"]


def test_address_is_limited_where_nobody_is_signed_in(rate: Any) -> None:
    rate("token", minute=2)

    def calls(*addresses: str) -> list[int]:
        return [
            APIClient(REMOTE_ADDR=address).post("/api/v1/auth/token", {}).status_code
            for address in addresses
        ]

    one, other = "198.51.100.7", "198.51.100.8"
    assert calls(one, one, one, other) == [400, 400, 429, 400]
    net = f"2001:db8:{uuid.uuid4().int % 0xFFFF:x}"
    assert calls(f"{net}:1::1", f"{net}:1:2::2", f"{net}:1:ffff::", f"{net}:2::1") == [
        400,
        400,
        429,
        400,
    ]


def test_plan_replaces_what_it_names(acme: Organisation, rate: Any) -> None:
    rate("submit", minute=1, hour=50, day=500, burst=5)
    assert [submit(acme.api()).status_code for _ in range(2)] == [202, 429]
    plan = Plan.objects.create(name="large", title="Large", calls_per_minute=3)
    Tenant.objects.filter(pk=acme.tenant.pk).update(plan=plan)
    answers = [submit(acme.api()) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert answers[0]["RateLimit-Policy"] == (
        '"minute";q=3;w=60, "hour";q=50;w=3600, "day";q=500;w=86400, "burst";q=5'
    )


def test_plan_raises_other_groups_in_proportion_and_lowers_none(settings: Settings) -> None:
    settings.RATES = {"submit": Rates(10, 100, 1000, 10), "read": Rates(600, 20_000, 200_000, 200)}
    large = Plan(calls_per_minute=100, calls_per_day=5000, burst=5)
    assert limits.rates_of("submit", large) == Rates(100, 100, 5000, 5)
    assert limits.rates_of("read", large) == Rates(6000, 20_000, 1_000_000, 200)
    assert limits.rates_of("read", Plan(calls_per_minute=0)) == settings.RATES["read"]
    assert limits.rates_of("submit", None) == settings.RATES["submit"]


def test_plan_of_no_calls_admits_none(acme: Organisation) -> None:
    plan = Plan.objects.create(name="none", title="None", calls_per_day=0)
    Tenant.objects.filter(pk=acme.tenant.pk).update(plan=plan)
    refused = submit(acme.api())
    assert (refused.status_code, refused["Retry-After"]) == (429, "86400")
    assert acme.api().get(JOBS).status_code == 200


def test_every_route_of_the_api_has_a_group_for_each_method() -> None:
    missing = []
    for route, pattern in patterns(get_resolver().url_patterns):
        view: Any = pattern.callback
        if route.startswith("api/"):
            rates = getattr(view.cls, "rates", {})
            missing += [
                f"{method} {route}"
                for method in methods_of(pattern)
                if rates.get(method) not in project.RATES
            ]
    assert missing == []


def test_views_that_take_files_are_in_the_group_of_submitting() -> None:
    taking = 0
    for _, pattern in patterns(get_resolver().url_patterns):
        view: Any = pattern.callback
        parsers = getattr(getattr(view, "cls", None), "parser_classes", [])
        if any(issubclass(parser, MultiPartParser | FileUploadParser) for parser in parsers):
            assert view.cls.rates["post"] == "submit"
            taking += 1
    assert taking >= 2


@pytest.mark.parametrize("script", [True, False])
def test_upload_page_shares_the_limit_and_says_so(
    acme: Organisation, rate: Any, script: bool
) -> None:
    rate("submit", minute=2)
    browser, extra = signed_in(acme), {"HX-Request": "true"} if script else {}
    submit(acme.api())
    sent = browser.post("/jobs/new", {"file": form_file()}, headers=extra)
    assert sent.status_code == (201 if script else 302)
    assert sent["X-RateLimit-Remaining"] == "0"
    refused = browser.post("/jobs/new", {"file": form_file()}, headers=extra)
    assert refused.status_code == 429
    assert 50 <= int(refused["Retry-After"]) <= 61
    wait = refused["Retry-After"]
    assert f"Wait {wait} seconds, then do it again." in refused.content.decode()
    assert ("<html" in refused.content.decode()) is not script
    assert submit(acme.api()).status_code == 429
    assert Job.objects.count() == 2
    assert browser.get("/jobs").status_code == 200, "pages that only show are not limited"


def test_upload_page_counts_each_file(acme: Organisation, rate: Any) -> None:
    rate("submit", minute=2)
    files = [form_file(name=f"{n}.pdf") for n in range(4)]
    answer = signed_in(acme).post("/jobs/new", {"file": files})
    assert answer.status_code == 429
    assert Job.objects.count() == 2
    text = answer.content.decode()
    assert "1.pdf is on its way" in text
    assert "2.pdf: Too many documents in a short time" in text
    assert int(answer["Retry-After"]) <= 61


def test_refusals_are_counted_by_group(acme: Organisation, rate: Any) -> None:
    def refusals() -> float:
        return REGISTRY.get_sample_value("ocrsite_rate_limited_total", {"group": "read"}) or 0

    rate("read", minute=1)
    before = refusals()
    for _ in range(4):
        acme.api().get(JOBS)
    assert refusals() - before == 3
    assert "ocrsite_rate_limited_total" in Client().get("/metrics").content.decode()


def test_without_redis_calls_are_limited_all_the_same(
    acme: Organisation, rate: Any, settings: Settings
) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    rate("submit", minute=10, hour=100, day=1000, burst=10)
    answers = [submit(acme.api()) for _ in range(30)]
    assert [answer.status_code for answer in answers] == [202] * 10 + [429] * 20
    assert answers[-1]["X-RateLimit-Remaining"] == "0"
    assert math.isclose(int(answers[-1]["Retry-After"]), 60, abs_tol=10)
    assert acme.api().get(JOBS).status_code == 200


def test_revoked_key_is_told_so_whatever_the_limit(acme: Organisation, rate: Any) -> None:
    rate("read", minute=1)
    key, raw = create_api_key(
        tenant=acme.tenant, name="old", scopes=["admin"], created_by=acme.owner
    )
    revoke_api_key(key, actor=acme.owner)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {raw}")
    assert [client.get(JOBS).status_code for _ in range(3)] == [401] * 3
    assert acme.api().get(JOBS).status_code == 200
