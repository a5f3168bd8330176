"""accounts/call_sums.py: calls and their failures counted, each once, whoever is away meanwhile."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError
from pytest_django import Settings

from accounts import call_sums
from accounts.call_sums import Counted
from accounts.models import CallSum, Plan, Tenant
from tests.people import Organisation

DAY = date(2026, 11, 3)


@pytest.fixture
def counted(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Counted:
    """What the middleware counts in, without its thread; written when a test says so."""
    settings.CALL_SUM_SECONDS = 3600
    mine = Counted()
    monkeypatch.setattr(call_sums, "_counted", mine)
    monkeypatch.setattr(Counted, "_write_on", lambda self: None)
    return mine


def sums(tenant: Tenant) -> list[tuple[Any, ...]]:
    rows = CallSum.objects.for_tenant(tenant).order_by("day", "plan")
    return [
        (row.day, row.plan, row.calls, row.failed, row.promised, row.missed, row.allowed)
        for row in rows
    ]


@pytest.mark.django_db
def test_calls_of_known_callers_are_counted(
    acme: Organisation, counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = datetime.now(UTC).date()
    api = acme.api()
    assert api.get("/api/v1/usage").status_code == 200
    assert api.get("/api/v1/usage?by=odd").status_code == 400
    assert acme.api("jobs:read").get("/api/v1/usage").status_code == 403
    acme.api().get("/api/v1/health")  # nobody's
    api.credentials(HTTP_AUTHORIZATION="Bearer nothing")
    assert api.get("/api/v1/usage").status_code == 401

    def broken(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("of ours")

    monkeypatch.setattr("jobs.usage_api.used_by", broken)
    failing = acme.api()
    failing.raise_request_exception = False
    assert failing.get("/api/v1/usage").status_code == 500
    assert counted.write()
    assert sums(acme.tenant) == [(today, "", 4, 1, 0, 0, 0)]
    assert counted.write()  # nothing is left
    assert sums(acme.tenant)[0][2] == 4


@pytest.mark.django_db
def test_what_is_promised_is_judged_by_the_plan_of_then(
    acme: Organisation, stranger: Organisation, counted: Counted
) -> None:
    plan = Plan.objects.create(name="pro", title="Pro", availability=Decimal("99.5"))
    Tenant.objects.filter(pk=acme.tenant.pk).update(plan=plan)
    for number in range(10):
        call_sums.count(acme.tenant.pk, DAY, failed=number == 0)
    call_sums.count(stranger.tenant.pk, DAY, failed=True)
    call_sums.count(uuid4(), DAY, failed=True)  # gone meanwhile
    assert counted.write()
    assert sums(acme.tenant) == [(DAY, "pro", 10, 1, 10, 1, Decimal("0.05"))]
    assert sums(stranger.tenant) == [(DAY, "", 1, 1, 0, 0, 0)]
    Plan.objects.update(availability=None)
    call_sums.count(acme.tenant.pk, DAY, failed=True)
    assert counted.write()
    assert sums(acme.tenant) == [(DAY, "pro", 11, 2, 10, 1, Decimal("0.05"))]


@pytest.mark.django_db
def test_counts_wait_while_the_database_is_away(
    acme: Organisation, counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: Any) -> None:
        raise OperationalError("away")

    call_sums.count(acme.tenant.pk, DAY, failed=True)
    with monkeypatch.context() as patch:
        patch.setattr(call_sums, "_add", away)
        assert not counted.write()
        call_sums.count(acme.tenant.pk, DAY, failed=False)
        assert not counted.write()
    call_sums.write()  # the process ends
    assert sums(acme.tenant) == [(DAY, "", 2, 1, 0, 0, 0)]


@pytest.mark.django_db(transaction=True)
def test_a_thread_writes_them_and_ends(acme: Organisation, settings: Settings) -> None:
    settings.CALL_SUM_SECONDS = 0.05
    mine = Counted()
    mine.add((acme.tenant.pk, DAY), failed=False)
    writer = mine._writer
    assert writer is not None
    writer.join(30)
    assert not writer.is_alive()
    assert sums(acme.tenant) == [(DAY, "", 1, 0, 0, 0, 0)]


@pytest.mark.django_db
def test_nothing_is_counted_where_that_is_switched_off(
    acme: Organisation, counted: Counted, settings: Settings
) -> None:
    settings.CALL_SUM_SECONDS = 0
    acme.api().get("/api/v1/usage")
    counted.write()
    assert sums(acme.tenant) == []
