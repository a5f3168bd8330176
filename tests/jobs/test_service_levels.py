"""jobs/service_levels.py, its numbers, what shows them, and the trigger (0026_service_sums)."""

from __future__ import annotations

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from accounts import clock
from accounts.models import (
    AuditEntry,
    CallSum,
    Plan,
    Reservation,
    Tenant,
    TurnaroundObjective,
    User,
)
from accounts.permissions import Role
from extraction.errors import CorruptDocument, EngineUnavailable, ExtractionError, InvalidOption
from jobs import errors, lifecycle, service_levels, service_standings
from jobs.errors import InternalError
from jobs.models import Job, Priority, ServiceSum, SiteAnswer, Status
from jobs.operators_today import tiles
from jobs.service_levels import month_from
from jobs.service_numbers import Tally
from jobs.templatetags.analytics import exact_length
from ocrsite.database.roles import as_owner
from tests.accounts.billing import use
from tests.jobs.making import claim, make_job, run_job
from tests.people import PASSWORD, Organisation

NOVEMBER = date(2026, 11, 1)


def promise(acme: Organisation, seconds: int = 60, a_page: int = 0, share: str = "95") -> Plan:
    """A plan with an objective for normal jobs, of calls too."""
    plan = Plan.objects.create(name="pro", title="Professional", availability=Decimal("99.9"))
    TurnaroundObjective.objects.create(
        plan=plan,
        priority=Priority.NORMAL,
        seconds=seconds,
        seconds_a_page=a_page,
        share=Decimal(share),
    )
    Tenant.objects.filter(pk=acme.tenant.pk).update(plan=plan)
    acme.tenant.plan = plan
    return plan


def sent_before(job: Job, seconds: int) -> None:
    """It was sent so long ago."""
    moment = clock.now() - timedelta(seconds=seconds)
    Reservation.objects.filter(job_id=job.pk).update(submitted_at=moment)


def added(acme: Organisation) -> list[tuple[Any, ...]]:
    """Each row: plan, jobs, failed, promised, missed, allowed, whether it has a time."""
    return [
        (row.plan, row.jobs, row.failed, row.promised, row.missed, row.allowed, row.took > 0)
        for row in ServiceSum.objects.for_tenant(acme.tenant).order_by("pk")
    ]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("files", "empty_queue")
class TestTrigger:
    def test_each_end_is_judged_by_the_objective_that_holds_then(self, acme: Organisation) -> None:
        run_job(str(make_job(acme).pk))
        assert added(acme) == [("", 1, 0, 0, 0, 0, True)]  # nothing was promised
        ServiceSum.objects.all().delete()
        plan = promise(acme)
        run_job(str(make_job(acme).pk))
        assert added(acme) == [("pro", 1, 0, 1, 0, Decimal("0.05"), True)]
        ServiceSum.objects.all().delete()
        late = make_job(acme)
        sent_before(late, 70)
        run_job(str(late.pk))
        assert added(acme) == [("pro", 1, 0, 1, 1, Decimal("0.05"), True)]
        ServiceSum.objects.all().delete()
        plan.turnaround_objectives.update(seconds_a_page=20, share=Decimal("99.5"))
        in_time = make_job(acme)  # of one page
        sent_before(in_time, 70)
        run_job(str(in_time.pk))
        assert added(acme) == [("pro", 1, 0, 1, 0, Decimal("0.005"), True)]

    def test_failures_count_by_whose_fault_they_are(self, acme: Organisation) -> None:
        promise(acme)
        lifecycle.fail(claim(make_job(acme)), InternalError())
        lifecycle.fail(claim(make_job(acme)), EngineUnavailable())
        assert added(acme) == [("pro", 2, 2, 2, 2, Decimal("0.1"), False)]
        ServiceSum.objects.all().delete()
        lifecycle.fail(claim(make_job(acme)), CorruptDocument())
        assert added(acme) == [("pro", 1, 0, 1, 0, Decimal("0.05"), True)]

    def test_cancelled_cached_and_rolled_back_ends_do_not_count(self, acme: Organisation) -> None:
        promise(acme)
        lifecycle.cancelled(claim(make_job(acme)))
        same = make_job(acme)
        Job.objects.filter(pk=same.pk).update(status=Status.SUCCEEDED, finished_at=clock.now())
        use(acme.tenant, 0, NOVEMBER, job_id=same.pk, cached=True)
        use(acme.tenant, 9, NOVEMBER, engine="training")  # no document
        task = claim(make_job(acme))

        def die() -> None:
            with transaction.atomic():
                lifecycle.fail(task, InternalError())
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            die()
        assert added(acme) == []

    def test_each_end_before_and_while_it_is_made_is_added_up_once(
        self, acme: Organisation
    ) -> None:
        promise(acme)
        made = import_module("jobs.migrations.0026_service_sums")
        as_the_owner(made.UNSUMMED)
        try:
            run_job(str(make_job(acme).pk))
            lifecycle.fail(claim(make_job(acme)), InternalError())
            meanwhile = make_job(acme)
            with as_owner(), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(made.JUDGED + made.BEFORE)
                with ThreadPoolExecutor(1) as pool:  # nobody has to wait
                    pool.submit(ended, meanwhile).result()
                cursor.execute(made.SUM + made.MEANWHILE)
        except BaseException:
            as_the_owner(made.JUDGED + made.SUM)
            raise
        lifecycle.fail(claim(make_job(acme)), InternalError())
        assert sorted(added(acme)) == [
            ("pro", 1, 0, 1, 0, Decimal("0.05"), True),
            ("pro", 3, 3, 3, 3, Decimal("0.15"), False),
        ]


def as_the_owner(statements: str) -> None:
    """Executes them, and commits."""
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(statements)


def ended(job: Job) -> None:
    """It has failed by our fault; in a thread of its own."""
    try:
        lifecycle.fail(claim(job), InternalError())
    finally:
        connection.close()


def test_faults_are_the_same_for_the_database() -> None:
    faults = import_module("jobs.migrations.0026_service_sums").FAULTS
    assert set(faults) == errors.OUR_FAULTS
    at_submission = {"queue_full", "busy"}  # refused, so that there is no job
    ours = {cls.code for cls in _family(ExtractionError) if cls.status >= 500} - at_submission
    assert ours <= errors.OUR_FAULTS


def _family(cls: type[ExtractionError]) -> set[type[ExtractionError]]:
    return {cls}.union(*(_family(each) for each in cls.__subclasses__()))


def a_month(acme: Organisation) -> None:
    """Calls and jobs of two days of November, under a promise, and two days of the site's."""
    plan = promise(acme)
    for day, calls, failed in ((3, 6000, 2), (4, 4000, 3)):
        CallSum.objects.create(
            tenant=acme.tenant, day=NOVEMBER.replace(day=day), plan=plan.name, calls=calls,
            failed=failed, promised=calls, missed=failed, allowed=Decimal(calls) / 1000,
        )  # fmt: skip
    for day, took, jobs, failed, missed in ((3, 20, 90, 0, 0), (3, 40, 8, 0, 4), (4, 0, 2, 2, 2)):
        ServiceSum.objects.create(
            tenant=acme.tenant, day=NOVEMBER.replace(day=day), plan=plan.name,
            priority=Priority.NORMAL, took=took, jobs=jobs, failed=failed, promised=jobs,
            missed=missed, allowed=Decimal(jobs) / 20,
        )  # fmt: skip
    begin = datetime(2026, 11, 3, 12, tzinfo=UTC)
    SiteAnswer.objects.bulk_create(
        SiteAnswer(minute=begin + timedelta(minutes=number), answered=number != 7)
        for number in range(100)
    )


@pytest.mark.django_db
class TestMonth:
    def test_promised_measured_and_left(self, acme: Organisation, stranger: Organisation) -> None:
        a_month(acme)
        with CaptureQueriesContext(connection) as queries:
            found = service_levels.month(acme.tenant, NOVEMBER)
        assert len(queries) <= 6
        assert (found.plan, found.availability) == ("Professional", Decimal("99.9"))
        assert found.calls == Tally(10_000, 5, 10_000, 5, Decimal(10))
        assert (found.calls.answered, found.calls.left, found.calls.left_percent) == (99.95, 5, 50)
        high, normal, low = found.turnaround
        assert found.scarcest is normal
        assert normal.jobs == Tally(100, 2, 100, 6, Decimal(5))
        assert (normal.jobs.kept, normal.jobs.left, normal.jobs.left_percent) == (94.0, -1, 0)
        assert normal.jobs.used_up and not found.calls.used_up
        assert normal.p95 is not None and 100 < normal.p95 < 130  # in the step up to 122 s
        assert normal.objective is not None and normal.objective.seconds == 60
        assert high.objective is low.objective is high.p95 is high.jobs.kept is None
        assert (found.site.minutes, found.site.answers, found.site.answered) == (100, 99, 99.0)
        third = found.days[2]
        assert (third.day, third.calls.failed, third.all_jobs.missed) == (date(2026, 11, 3), 2, 4)
        assert third.site.minutes == 100
        other = service_levels.month(stranger.tenant, NOVEMBER)
        assert other.empty and not other.promises and other.scarcest is None
        assert other.calls.answered is other.calls.left_percent is None

    def test_what_has_failed_once_is_never_told_as_all(self) -> None:
        assert Tally(10_000_000, 1).answered == 99.999
        assert Tally(10_000_000).answered == 100
        assert Tally().answered is None

    def test_of_a_plan_that_was_and_of_one_that_is(self, acme: Organisation) -> None:
        a_month(acme)
        Tenant.objects.filter(pk=acme.tenant.pk).update(plan=None)
        acme.tenant.refresh_from_db()
        found = service_levels.month(acme.tenant, NOVEMBER)
        assert found.promises and found.availability is None
        assert found.calls.left == 5  # judged by what held then

    def test_months_are_asked_for_by_their_number(self) -> None:
        today = date(2026, 11, 28)
        assert month_from(None, today) == NOVEMBER
        assert month_from("2026-02", today) == date(2026, 2, 1)
        for odd in ("2026-12", "1999-12", "2026", "2026-13", "x", "2026-11-01", "\0"):
            with pytest.raises(InvalidOption):
                month_from(odd, today)

    def test_history_begins_with_the_first_month_that_has_something(
        self, acme: Organisation
    ) -> None:
        a_month(acme)
        past = service_levels.history(acme.tenant, date(2027, 1, 20))
        assert [each.month for each in past] == [date(2027, 1, 1), date(2026, 12, 1), NOVEMBER]
        assert (past[2].calls.failed, past[2].jobs.missed) == (5, 6)

    def test_api_tells_the_same(self, acme: Organisation, stranger: Organisation) -> None:
        a_month(acme)
        api = acme.api("usage:read")
        told = api.get("/api/v1/service-level", {"month": "2026-11"}).json()
        assert told["availability"] == {
            "promised_percent": 99.9, "measured_percent": 99.95, "calls": 10_000, "failed": 5,
            "budget": {"promised": 10_000, "missed": 5, "allowed": 10, "left": 5,
                       "left_percent": 50},
        }  # fmt: skip
        normal = told["turnaround"][1]
        assert normal["promised"] == {"seconds": 60, "seconds_a_page": 0, "share": 95}
        assert (normal["priority"], normal["measured_percent"]) == ("normal", 94)
        assert normal["budget"]["left"] == -1
        assert told["turnaround"][0]["promised"] is None
        assert told["days"][3] == {
            "day": "2026-11-04", "calls": 4000, "calls_failed": 3, "jobs": 2, "jobs_missed": 2,
        }  # fmt: skip
        other = stranger.api().get("/api/v1/service-level", {"month": "2026-11"}).json()
        assert (other["availability"]["calls"], other["turnaround"][1]["jobs"]) == (0, 0)
        odd = api.get("/api/v1/service-level", {"month": "soon"})
        assert (odd.status_code, odd.json()["code"]) == (400, "invalid_option")
        assert acme.api("jobs:read").get("/api/v1/service-level").status_code == 403

    def test_page_and_report(self, acme: Organisation, client: Client) -> None:
        client.force_login(acme.owner)
        page = client.get("/organisation/service-level")
        assertContains(page, "Without a plan no figures are promised")
        assertContains(page, "Nothing was counted in this month")
        a_month(acme)
        page = client.get("/organisation/service-level?month=2026-11")
        for text in (
            "99.95 %",
            "promised: 99.9 %",
            "95 % within 1 min",
            "6 so far, 5 allowed",
            "not kept",
        ):
            assertContains(page, text)
        assertNotContains(page, "Nothing was counted")
        assert client.get("/organisation/service-level?month=soon").status_code == 400
        answer = client.get("/organisation/service-level.csv?month=2026-11")
        assert answer["Content-Disposition"].endswith('"service-level-2026-11.csv"')
        rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
        whole = {(row["measure"], row["priority"]): row for row in rows[:5]}
        assert {row["period"] for row in rows[:5]} == {"2026-11"}
        assert whole["calls", ""]["measured_percent"] == "99.950"
        assert whole["jobs", "normal"]["missed"] == "6"
        assert whole["site_minutes", ""]["failed"] == "1"
        days = [row for row in rows[5:] if row["measure"] == "calls"]
        assert sum(int(row["counted"]) for row in days) == 10_000
        viewer = Client()
        viewer.force_login(acme.join(Role.REVIEWER))
        assert viewer.get("/organisation/service-level").status_code == 403


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (30, "30 s"), (60, "1 min"), (90, "1 min 30 s"), (7200, "2 h"), (7205, "2 h 5 s"),
        (Decimal("2.50"), "2.5 s"), (Decimal("20.00"), "20 s"), (Decimal("0.05"), "0.05 s"),
        (0, "0 s"),
    ],
)  # fmt: skip
def test_a_promised_time_is_told_without_what_is_0_of_it(seconds: Decimal, told: str) -> None:
    assert exact_length(seconds) == told


@pytest.mark.django_db
class TestOperators:
    def test_see_whose_budget_is_used_up_or_goes_fast(
        self, acme: Organisation, stranger: Organisation, client: Client
    ) -> None:
        a_month(acme)
        CallSum.objects.create(
            tenant=stranger.tenant, day=date(2026, 11, 27), plan="pro", calls=10_000, failed=30,
            promised=10_000, missed=30, allowed=10,
        )  # fmt: skip
        CallSum.objects.create(
            tenant=stranger.tenant, day=date(2026, 11, 2), plan="pro", calls=90_000, failed=0,
            promised=90_000, missed=0, allowed=90,
        )  # fmt: skip
        found = service_standings.standings(date(2026, 11, 28))
        assert [(row.name, row.what, row.used_up, row.burn) for row in found] == [
            ("Acme", "documents", True, None),
            (stranger.tenant.name, "calls", False, 3.0),
        ]
        assert service_standings.standings(date(2026, 12, 1)) == []
        operator = User.objects.create_user("op@site.example", PASSWORD, is_staff=True)
        client.force_login(operator)
        address = reverse("admin:service-levels-view")
        assert client.get(address).status_code == 403
        operator.user_permissions.add(Permission.objects.get(codename="view_servicesum"))
        assertContains(client.get(address), "normal: 95 % within 1 min<br>")
        TurnaroundObjective.objects.update(seconds_a_page=Decimal("2.5"))
        assertContains(client.get(address), "normal: 95 % within 1 min and 2.5 s a page<br>")

    def test_are_told_of_them_first(self, acme: Organisation) -> None:
        operator = User.objects.create_user("op@site.example", PASSWORD, is_staff=True)
        operator.user_permissions.add(Permission.objects.get(codename="view_servicesum"))
        (tile,) = tiles(operator)
        assert (tile.number, tile.wrong) == ("0", False)
        CallSum.objects.create(
            tenant=acme.tenant, day=clock.today(), plan="pro", calls=10, failed=2, promised=10,
            missed=2, allowed=1,
        )  # fmt: skip
        (tile,) = tiles(operator)
        assert (tile.number, tile.wrong) == ("1", True)
        assert tile.words.endswith("going fast. Acme.")

    def test_metrics_tell_what_was_promised_by_plan(
        self, acme: Organisation, client: Client
    ) -> None:
        a_month(acme)
        told = client.get("/metrics").content.decode()
        for line in (
            'ocrsite_sla_calls_total{outcome="missed",plan="pro"} 5.0',
            'ocrsite_sla_calls_total{outcome="kept",plan="pro"} 9995.0',
            'ocrsite_sla_calls_allowed_total{plan="pro"} 10.0',
            'ocrsite_sla_jobs_total{outcome="missed",plan="pro",priority="normal"} 6.0',
            'ocrsite_sla_jobs_allowed_total{plan="pro",priority="normal"} 5.0',
            "ocrsite_site_answered 1.0",
        ):
            assert line in told

    def test_changed_objectives_are_in_the_audit_log(self, client: Client) -> None:
        operator = User.objects.create_superuser("op@site.example", PASSWORD)
        client.force_login(operator)
        plan = Plan.objects.create(name="pro", title="Pro")
        prefix = "turnaround_objectives"
        sent = {
            "name": "pro", "title": "Pro", "availability": "99.5",
            f"{prefix}-TOTAL_FORMS": "1", f"{prefix}-INITIAL_FORMS": "0",
            f"{prefix}-0-plan": plan.pk, f"{prefix}-0-priority": "0", f"{prefix}-0-seconds": "30",
            f"{prefix}-0-seconds_a_page": "2.5", f"{prefix}-0-share": "99",
        }  # fmt: skip
        answer = client.post(reverse("admin:accounts_plan_change", args=[plan.pk]), sent)
        assert answer.status_code == 302, answer.content
        entry = AuditEntry.objects.get(action="plan.objectives")
        assert entry.after == {"high": {"seconds": 30, "seconds_a_page": "2.50", "share": "99.000"}}
        changed = AuditEntry.objects.get(action="admin.change")
        assert changed.after == {"availability": "99.5"}
