"""GET /api/v1/usage and usage.csv."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.keys import create_api_key
from accounts.models import Plan, UsageRecord
from accounts.permissions import Role
from accounts.tenancy import key_actor
from extraction.options import Options
from jobs.models import Job
from jobs.submit import submit_job
from tests.accounts.billing import record_usage
from tests.documents import text_pdf
from tests.jobs.making import PDF, make_job, run_job, upload
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]
URL = "/api/v1/usage"
THREE = text_pdf([f"Page {number} of text that needs no OCR at all." for number in (1, 2, 3)])
NONE = {
    "calls": 0, "pages": 0, "compute_seconds": 0.0, "cached": 0, "failed": 0, "open": 0, "cost": {},
}  # fmt: skip


def usage(organisation: Organisation, **query: str) -> Any:
    """The answer's body."""
    answer = organisation.api("usage:read").get(URL, query)
    assert answer.status_code == 200, answer.json()
    return answer.json()


def bill(organisation: Organisation, at: str, pages: int = 1, **more: Any) -> None:
    """A job that was submitted then."""
    record_usage(
        tenant=organisation.tenant,
        job_id=uuid4(),
        compute_seconds=0.1 * pages,
        pages=pages,
        submitted_at=datetime.fromisoformat(at).replace(tzinfo=UTC),
        **({"engine": "auto", "outcome": "succeeded"} | more),
    )


def test_usage_tells_what_was_used_and_what_is_left(
    acme: Organisation, stranger: Organisation
) -> None:
    acme.tenant.plan = Plan.objects.create(name="small", title="Small", pages_per_day=10)
    acme.tenant.save(update_fields=["plan"])
    run_job(str(make_job(acme, THREE).pk))
    run_job(str(make_job(acme, b"%PDF-1.7 and then nothing").pk))
    make_job(acme)
    make_job(stranger)
    body = usage(acme)
    assert body["by"] == "day"
    assert len(body["buckets"]) == 30
    today = body["buckets"][-1]
    assert today["start"] == f"{datetime.now(UTC):%Y-%m-%d}T00:00:00Z"
    seconds = body["total"].pop("compute_seconds")
    assert seconds > 0
    assert body["total"] == {
        "calls": 3, "pages": 3, "cached": 0, "failed": 1, "open": 1, "cost": {},
    }  # fmt: skip
    assert (
        today["total"] == today["engines"]["auto"] == body["total"] | {"compute_seconds": seconds}
    )
    assert body["buckets"][0]["total"] == NONE
    size = sum(Job.objects.filter(tenant=acme.tenant).values_list("file__size", flat=True))
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    assert body["quotas"]["pages_per_day"] == {
        "limit": 10, "used": 3, "reserved": 1, "remaining": 6, "resets_at": f"{tomorrow}T00:00:00Z",
    }  # fmt: skip
    assert body["quotas"]["storage_bytes"] == {
        "limit": None, "used": size, "reserved": 0, "remaining": None, "resets_at": None,
    }  # fmt: skip
    assert body["quotas"]["open_jobs"]["used"] == 1
    assert body["quotas"]["pages_per_month"]["used"] == 3


@pytest.mark.parametrize(
    ("by", "begin", "end", "starts"),
    [
        ("minute", "02-28T23:58", "03-01T00:01", ["02-28T23:58", "02-28T23:59", "03-01T00:00"]),
        ("hour", "02-28T22:30", "03-01", ["02-28T22:00", "02-28T23:00"]),
        ("day", "02-27", "03-01T00:00:01Z", ["02-27T00:00", "02-28T00:00", "03-01T00:00"]),
        ("month", "01-31", "04-01", ["01-01T00:00", "02-01T00:00", "03-01T00:00"]),
        ("hour", "03-01T02:00+02:00", "03-01T03:30+02:00", ["03-01T00:00", "03-01T01:00"]),
    ],
)  # fmt: skip
def test_buckets_are_whole_and_of_utc(
    acme: Organisation, by: str, begin: str, end: str, starts: list[str]
) -> None:
    bill(acme, "2026-03-01T00:00:00", pages=2)
    body = usage(acme, by=by, **{"from": f"2026-{begin}", "to": f"2026-{end}"})
    assert [bucket["start"] for bucket in body["buckets"]] == [f"2026-{at}:00Z" for at in starts]
    assert body["from"] == f"2026-{starts[0]}:00Z"
    expected = [2 if at.startswith("03-01T00:00") else 0 for at in starts]
    assert [bucket["total"]["pages"] for bucket in body["buckets"]] == expected
    assert body["total"]["pages"] == sum(expected)


@pytest.mark.parametrize("by", ["minute", "hour", "day", "month"])
def test_usual_range_ends_now(acme: Organisation, by: str) -> None:
    make_job(acme)
    body = usage(acme, by=by)
    assert len(body["buckets"]) == {"minute": 60, "hour": 24, "day": 30, "month": 12}[by]
    now = datetime.now(UTC)
    assert datetime.fromisoformat(body["from"]) < now <= datetime.fromisoformat(body["to"])
    assert body["total"]["calls"] == 1


def test_table_has_a_row_a_bucket_and_engine(acme: Organisation, stranger: Organisation) -> None:
    bill(acme, "2026-11-01T10:00", pages=2)
    bill(acme, "2026-11-01T11:00", pages=0, engine="=cmd|' /C calc'!A0", outcome="failed")
    bill(acme, "2026-11-03T11:00", pages=9, cached=True)
    bill(stranger, "2026-11-03T11:00", pages=9)
    query = {"from": "2026-11-01", "to": "2026-11-04"}
    answer = acme.api("usage:read").get(f"{URL}.csv", query)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="usage.csv"'
    assert answer.content.decode().splitlines() == [
        "start,engine,calls,pages,compute_seconds,cached,failed,open,cost",
        "2026-11-01T00:00:00+00:00,'=cmd|' /C calc'!A0,1,0,0.0,0,1,0,",
        "2026-11-01T00:00:00+00:00,auto,1,2,0.2,0,0,0,",
        "2026-11-02T00:00:00+00:00,,0,0,0.0,0,0,0,",
        "2026-11-03T00:00:00+00:00,auto,1,0,0.0,1,0,0,",
    ]


def test_number_of_queries_does_not_grow(
    acme: Organisation, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = acme.api("usage:read")
    client.get(URL)
    for _ in range(2):
        with django_assert_num_queries(5):  # the key's, and four
            client.get(URL, {"by": "hour"})
        for hour in range(20):
            bill(acme, f"2026-11-26T{hour:02}:00", engine=f"engine-{hour}")
            make_job(acme)


@pytest.mark.parametrize(
    ("query", "limit", "actual"),
    [
        ({"by": "week"}, None, None),
        ({"by": ""}, None, None),
        ({"from": "yesterday"}, None, None),
        ({"from": "2026-13-01"}, None, None),
        ({"to": "2026-02-30T10:00"}, None, None),
        ({"from": ""}, None, None),
        ({"from": "\0"}, None, None),
        ({"from": "2026-11-02", "to": "2026-11-02"}, None, None),
        ({"from": "2026-11-03", "to": "2026-11-02"}, None, None),
        ({"by": "day", "from": "2025-11-01", "to": "2026-11-03"}, 366, 367),
        ({"by": "minute", "from": "2026-11-01", "to": "2026-11-02T00:00:01"}, 1440, 1441),
        ({"by": "month", "from": "0001-01-01", "to": "2026-12-01"}, 60, 24311),
        ({"by": "minute", "from": "0001-01-01", "to": "9999-12-31"}, 1440, 5258963520),
        ({"by": "month", "to": "0001-02-01"}, None, None),
        ({"by": "month", "to": "9999-12-31"}, None, None),
        ({"to": "9999-12-31T23:59:59"}, None, None),
        ({"to": "0001-01-01T00:00:00+05:00"}, None, None),
    ],
)
def test_bad_ranges_are_refused(
    acme: Organisation, query: dict[str, str], limit: int | None, actual: int | None
) -> None:
    for url in (URL, f"{URL}.csv"):
        answer = acme.api("usage:read").get(url, query)
        body = answer.json()
        assert (answer.status_code, body["code"]) == (400, "invalid_option"), body
        assert (body.get("limit"), body.get("actual")) == (limit, actual)


def test_usage_needs_its_scope_or_a_role_that_sees_it(acme: Organisation) -> None:
    for url in (URL, f"{URL}.csv"):
        assert acme.api("jobs:read", "jobs:write").get(url).status_code == 403
    person = acme.join(Role.REVIEWER)
    assert person.memberships.get().role == Role.REVIEWER
    answer = acme.api().post(
        "/api/v1/auth/token",
        {"email": person.email, "password": "correct horse battery staple"},
    )
    client = acme.api()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {answer.json()['access']}")
    assert client.get(URL).status_code == 403


def test_usage_of_one_key_is_that_of_the_jobs_it_submitted(
    acme: Organisation, stranger: Organisation
) -> None:
    other = create_api_key(
        tenant=acme.tenant, name="other", scopes=["jobs:write"], created_by=None
    )[0]
    ended, deleted, _ = (make_job(acme, THREE), make_job(acme, PDF), make_job(acme, PDF, dpi=200))
    run_job(str(ended.pk))
    run_job(str(deleted.pk))
    assert acme.api().delete(f"/api/v1/ocr/jobs/{deleted.pk}").status_code == 204
    with upload(text_pdf(["Of another key."])) as received:
        job = submit_job(actor=key_actor(other), upload=received, options=Options())
    run_job(str(job.pk))
    own = usage(acme, key=str(acme.key.pk))["total"]
    assert (own["calls"], own["pages"], own["open"]) == (3, 4, 1)
    others = usage(acme, key=str(other.pk))["total"]
    assert (others["calls"], others["pages"], others["open"]) == (1, 1, 0)
    everything = usage(acme)["total"]
    assert (everything["calls"], everything["pages"], everything["open"]) == (4, 5, 1)
    table = acme.api().get(f"{URL}.csv", {"key": str(other.pk), "by": "month"}).content.decode()
    assert ",auto,1,1," in table
    for key in (str(acme.key.pk), str(uuid4())):  # a foreign one is as one that does not exist
        assert usage(stranger, key=key)["total"] == NONE
    wrong = acme.api().get(URL, {"key": "x"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "invalid_option")


def test_job_of_a_person_is_no_keys(acme: Organisation) -> None:
    with upload(PDF) as received:
        job = submit_job(actor=acme.member, upload=received, options=Options())
    run_job(str(job.pk))
    assert UsageRecord.objects.get().api_key_id is None
    assert usage(acme, key=str(acme.key.pk))["total"] == NONE
