"""accounts/quotas.py: what is reserved, adjusted, settled and refused."""

from __future__ import annotations

from datetime import date
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from pytest_django import Settings

from accounts import quota_counters, quota_standings, quotas
from accounts.models import Plan, QuotaUse, Reservation, Tenant
from accounts.quota_standings import OverQuota
from tests.people import Organisation

pytestmark = pytest.mark.django_db


def planned(tenant: Tenant, **limits: int) -> Tenant:
    """The tenant with a plan of these limits."""
    tenant.plan = Plan.objects.create(name="small", title="Small", **limits)
    tenant.save(update_fields=["plan"])
    return tenant


def counters(tenant: Tenant) -> dict[str, tuple[int, int]]:
    """Used and reserved, by the kind of period."""
    rows = QuotaUse.objects.for_tenant(tenant).exclude(period__startswith="cost:")
    return {row.period.partition(":")[0]: (row.used, row.reserved) for row in rows}


def submit(tenant: Tenant, size: int = 0, pages: int = 1) -> UUID:
    """Room kept for a new job."""
    job_id = uuid4()
    with transaction.atomic():
        quotas.reserve(tenant, job_id=job_id, engine="auto", size=size, pages=pages)
    return job_id


def end(tenant: Tenant, job_id: UUID, pages: int) -> list[quotas.PagesUsed]:
    """The job ended, having read so many pages."""
    settled = quotas.end(job_id)
    assert settled is not None
    return quotas.settle(tenant, settled, pages=pages)


def test_job_is_counted_from_its_submission_to_its_end(acme: Organisation) -> None:
    tenant = acme.tenant
    job_id = submit(tenant, size=1000)
    assert counters(tenant) == {
        "open": (1, 0),
        "day": (0, 1),
        "month": (0, 1),
        "storage": (1000, 0),
    }
    quotas.adjust(tenant, job_id=job_id, pages=7)
    quotas.adjust(tenant, job_id=job_id, pages=7)
    assert counters(tenant)["day"] == counters(tenant)["month"] == (0, 7)
    used = end(tenant, job_id, pages=5)
    assert counters(tenant) == {
        "open": (0, 0),
        "day": (5, 0),
        "month": (5, 0),
        "storage": (1000, 0),
    }
    assert [(each.used, each.limit) for each in used] == [(5, None), (5, None)]
    assert quotas.end(job_id) is None
    quota_counters.add_storage(tenant, -1000)
    assert counters(tenant)["storage"] == (0, 0)
    assert not Reservation.objects.exists()


def test_pages_count_to_the_day_of_the_submission(acme: Organisation) -> None:
    tenant = planned(acme.tenant, pages_per_day=10, pages_per_month=100)
    job_id = submit(tenant)
    Reservation.objects.filter(pk=job_id).update(day=date(2026, 10, 31))
    QuotaUse.objects.filter(period__startswith="day:").update(period="day:2026-10-31")
    QuotaUse.objects.filter(period__startswith="month:").update(period="month:2026-10")
    quotas.adjust(tenant, job_id=job_id, pages=10)
    used = end(tenant, job_id, pages=10)
    assert used == [
        quotas.PagesUsed("day:2026-10-31", 10, 10),
        quotas.PagesUsed("month:2026-10", 10, 100),
    ]
    today = [each for each in quota_standings.standings(tenant) if each.quota == "pages_per_day"]
    assert [(each.used, each.reserved, each.remaining) for each in today] == [(0, 0, 10)]
    submit(tenant)


@pytest.mark.parametrize(
    ("limits", "quota", "limit", "actual"),
    [
        ({"pages_per_day": 2}, "pages_per_day", 2, 3),
        ({"pages_per_month": 2, "pages_per_day": 2}, "pages_per_month", 2, 3),
        ({"open_jobs": 2}, "open_jobs", 2, 3),
        ({"storage_bytes": 250, "pages_per_day": 2}, "storage_bytes", 250, 300),
        ({"pages_per_day": 0}, "pages_per_day", 0, 1),
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(
    acme: Organisation, limits: dict[str, int], quota: str, limit: int, actual: int
) -> None:
    tenant = planned(acme.tenant, **limits)
    for _ in range(min(2, limit)):
        submit(tenant, size=100)
    before = counters(tenant)
    for attempt in (
        lambda: submit(tenant, size=100),
        lambda: quotas.refuse_beyond(tenant, size=100),
    ):
        with pytest.raises(OverQuota) as refused:
            attempt()
        error = refused.value
        assert (error.quota, error.limit, error.actual) == (quota, limit, actual)
        if quota.startswith("pages"):
            assert error.seconds is not None
            assert 0 < error.seconds <= (86_400 if quota.endswith("day") else 31 * 86_400)
        else:
            assert error.seconds is None
    assert counters(tenant) == before
    assert Reservation.objects.count() == min(2, limit)


def test_document_with_more_pages_than_are_left_is_refused(acme: Organisation) -> None:
    tenant = planned(acme.tenant, pages_per_day=10)
    submit(tenant)
    job_id = submit(tenant)
    with pytest.raises(OverQuota) as refused, transaction.atomic():
        quotas.adjust(tenant, job_id=job_id, pages=10)
    assert (refused.value.limit, refused.value.actual) == (10, 11)
    assert counters(tenant)["day"] == (0, 2)
    quotas.adjust(tenant, job_id=job_id, pages=9)
    end(tenant, job_id, pages=0)
    assert counters(tenant)["day"] == (0, 1)


def test_fewer_pages_fit_whatever_the_plan_says_by_then(acme: Organisation) -> None:
    tenant = acme.tenant
    job_id = submit(tenant)
    quotas.adjust(tenant, job_id=job_id, pages=9)
    planned(tenant, pages_per_day=3)
    quotas.adjust(tenant, job_id=job_id, pages=5)
    end(tenant, job_id, pages=5)
    assert counters(tenant)["day"] == (5, 0)


def test_settings_hold_where_the_plan_says_nothing(acme: Organisation, settings: Settings) -> None:
    settings.QUOTA_PAGES_PER_DAY = 1
    settings.QUOTA_OPEN_JOBS = 5
    tenant = planned(acme.tenant, open_jobs=3)
    limits = {each.quota: each.limit for each in quota_standings.standings(tenant)}
    assert limits == {
        "pages_per_day": 1, "pages_per_month": None, "open_jobs": 3, "storage_bytes": None,
    }  # fmt: skip
    submit(tenant)
    with pytest.raises(OverQuota):
        submit(tenant)


def test_organisations_do_not_share_quotas(acme: Organisation, stranger: Organisation) -> None:
    planned(acme.tenant, pages_per_day=1)
    stranger.tenant.plan = acme.tenant.plan
    submit(acme.tenant)
    submit(stranger.tenant)
    assert counters(acme.tenant)["day"] == counters(stranger.tenant)["day"] == (0, 1)


def test_standings_take_one_query(acme: Organisation, django_assert_num_queries: object) -> None:
    tenant = planned(acme.tenant, pages_per_day=10, storage_bytes=500)
    submit(tenant, size=100)
    with django_assert_num_queries(1):  # type: ignore[operator]
        found = quota_standings.standings(tenant)
    assert {each.quota: (each.used, each.reserved, each.remaining) for each in found} == {
        "storage_bytes": (100, 0, 400),
        "pages_per_month": (0, 1, None),
        "pages_per_day": (0, 1, 9),
        "open_jobs": (1, 0, None),
    }
    month, day = found[1].resets_at, found[2].resets_at
    assert day is not None and month is not None
    assert (day.hour, month.hour, month.day) == (0, 0, 1)
    assert found[0].now < day <= month
