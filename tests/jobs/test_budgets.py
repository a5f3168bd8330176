"""Budgets, from a submission to the month's end; and the engines of a plan."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from threading import Barrier, Thread
from typing import Any

import pytest
from django.core import mail
from django.db import connection, transaction
from rest_framework.test import APIClient

from accounts import budgets, quota_standings, quotas
from accounts.models import AuditEntry, Budget, QuotaUse, Reservation, ThresholdNotice
from accounts.quota_standings import OverQuota
from jobs.models import Delivery, Job
from jobs.reconciliation import differences
from tests.accounts.billing import subscribe, terms
from tests.documents import text_pdf
from tests.jobs.hooking import hook
from tests.jobs.making import form_file, make_job, run_job
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]
THREE = text_pdf([f"Page {number}" for number in (1, 2, 3)])
PERIOD = f"cost:{datetime.now(UTC):%Y-%m}"


def with_budget(organisation: Organisation, amount: str, *, stop: bool, **fields: Any) -> None:
    """Pages cost 0.10 EUR each; the budget is in EUR."""
    made = terms(prices={"*": "0.10", "rapidocr": "0.30"}, **fields)
    subscribe(organisation.tenant, made.plan, date(2026, 1, 1))
    assert budgets.set_budget(
        organisation.member, amount=Decimal(amount), hard_stop=stop, address=None
    )


def cost() -> tuple[int, int]:
    """Used and reserved, in cents."""
    row = QuotaUse.objects.get(period=PERIOD)
    return row.used // 10_000, row.reserved // 10_000


def submit(client: APIClient, body: bytes, **fields: str) -> Any:
    sent = {"file": form_file(body), **fields}
    return client.post("/api/v1/ocr/jobs", sent, format="multipart")


def test_budget_that_stops_keeps_what_a_document_may_cost(acme: Organisation) -> None:
    with_budget(acme, "0.45", stop=True)
    job = make_job(acme, THREE)
    assert cost() == (0, 10)  # a page, until it is opened
    run_job(str(job.pk))
    assert cost() == (30, 0)
    assert submit(acme.api(), THREE).status_code == 202  # its first page fits
    answer = submit(acme.api(), THREE)
    body = answer.json()
    assert (answer.status_code, body["code"]) == (429, "budget_exceeded")
    assert (body["limit"], body["actual"]) == (0.45, 0.5)
    assert int(answer["Retry-After"]) > 0
    second = Job.objects.latest("pk")
    run_job(str(second.pk))  # opened, it has three
    second.refresh_from_db()
    assert second.error is not None
    assert (second.status, second.error["code"]) == ("failed", "budget_exceeded")
    assert cost() == (30, 0)
    assert differences() == []
    assert submit(acme.api(), THREE, pages="1").status_code == 202
    assert submit(acme.api(), THREE, engine="text-layer").status_code == 429


def test_price_is_that_of_the_engine(acme: Organisation) -> None:
    with_budget(acme, "0.25", stop=True)
    assert submit(acme.api(), THREE, engine="rapidocr").json()["code"] == "budget_exceeded"
    assert submit(acme.api(), THREE, engine="text-layer").status_code == 202


def test_included_pages_are_not_kept_of_a_budget(acme: Organisation) -> None:
    with_budget(acme, "0.10", stop=True, included_pages=4)
    run_job(str(make_job(acme, THREE).pk))
    assert cost() == (0, 0)
    job = make_job(acme, THREE)
    assert cost() == (0, 0)
    run_job(str(job.pk))
    job.refresh_from_db()
    assert job.status == "failed"  # two of its pages would cost 0.20
    run_job(str(make_job(acme, text_pdf(["a", "b"])).pk))
    assert cost() == (10, 0)
    with pytest.raises(Exception, match="budget"):
        make_job(acme)


def test_budget_that_only_tells_refuses_nothing(acme: Organisation) -> None:
    with_budget(acme, "0.20", stop=False)
    hook(acme, "https://8.8.8.8/told", "budget.threshold")
    run_job(str(make_job(acme, text_pdf(["a"])).pk))
    run_job(str(make_job(acme, THREE).pk))
    assert cost() == (40, 0)
    bodies = [json.loads(row.body) for row in Delivery.objects.order_by("pk")]
    assert [(body["type"], body["data"]["percent"]) for body in bodies] == [
        ("budget.threshold", 50), ("budget.threshold", 80), ("budget.threshold", 100),
    ]  # fmt: skip
    assert bodies[0]["data"] == {
        "month": PERIOD[5:], "percent": 50, "used": "0.1", "limit": "0.20", "currency": "EUR",
    }  # fmt: skip
    subjects = [sent.subject for sent in mail.outbox]
    assert subjects == [
        "Acme: 50 % of the month's budget is used", "Acme: 100 % of the month's budget is used",
    ]  # fmt: skip
    assert "0.40 EUR of a budget of 0.20 EUR" in mail.outbox[1].body
    assert AuditEntry.objects.filter(action="budget.threshold").count() == 3
    run_job(str(make_job(acme, text_pdf(["b"])).pk))
    assert len(mail.outbox) == 2


def test_of_submissions_at_once_those_that_fit_are_admitted(acme: Organisation) -> None:
    with_budget(acme, "0.50", stop=True)
    barrier, done = Barrier(12), []

    def reserve() -> None:
        from uuid import uuid4

        try:
            barrier.wait(10)
            with transaction.atomic():
                quotas.reserve(acme.tenant, job_id=uuid4(), engine="auto")
            done.append("kept")
        except OverQuota as over:
            done.append(over.quota)
        finally:
            connection.close()

    threads = [Thread(target=reserve) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == ["budget"] * 7 + ["kept"] * 5
    assert cost() == (0, 50)
    assert Reservation.objects.count() == 5


def test_budget_is_changed_audited_and_told_of_anew(acme: Organisation) -> None:
    with_budget(acme, "0.10", stop=False)
    run_job(str(make_job(acme).pk))
    assert ThresholdNotice.objects.count() == 3
    actor = acme.member
    assert not budgets.set_budget(actor, amount=Decimal("0.10"), hard_stop=False, address=None)
    assert budgets.set_budget(actor, amount=Decimal("0.20"), hard_stop=True, address=None)
    assert not ThresholdNotice.objects.exists()
    run_job(str(make_job(acme, text_pdf(["x"])).pk))
    assert ThresholdNotice.objects.count() == 3
    assert budgets.set_budget(actor, amount=None, hard_stop=False, address=None)
    assert not Budget.objects.exists()
    entry = AuditEntry.objects.filter(action="budget.change").latest("pk")
    assert entry.before == {"amount": "0.20", "currency": "EUR", "hard_stop": True}
    make_job(acme)


def test_budget_needs_a_currency_and_holds_in_its_own_alone(
    acme: Organisation, stranger: Organisation
) -> None:
    with pytest.raises(ValueError, match="no prices"):
        budgets.set_budget(acme.member, amount=Decimal(1), hard_stop=True, address=None)
    with_budget(acme, "0", stop=True)
    with pytest.raises(Exception, match="budget"):
        make_job(acme)
    make_job(stranger)
    dollars = terms("dollars", currency="USD", prices={"*": "1"})
    subscribe(acme.tenant, dollars.plan, date(2026, 1, 2))
    make_job(acme)
    standing = budgets.standing(acme.tenant)
    assert standing is not None
    assert (standing.holds, standing.percent) == (False, 100)


def test_engines_that_the_plan_does_not_have_are_refused(acme: Organisation) -> None:
    plan = terms(prices={"*": "1"}).plan
    plan.engines = ["text-layer"]
    plan.save(update_fields=["engines"])
    subscribe(acme.tenant, plan, date(2026, 1, 1))
    answer = submit(acme.api(), THREE, engine="rapidocr")
    assert (answer.status_code, answer.json()["code"]) == (403, "engine_not_allowed")
    assert "text-layer" in answer.json()["detail"]
    assert submit(acme.api(), THREE, engine="text-layer").status_code == 202
    assert Job.objects.count() == 1


def test_budget_taken_away_meanwhile_asks_for_another_try(acme: Organisation) -> None:
    refusal = quota_standings.over_budget(acme.tenant, 7)
    assert (refusal.quota, refusal.actual, refusal.seconds) == ("budget", 7, 1)
