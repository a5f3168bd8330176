"""A month with all that happens in one: its invoice equals a recount written another way."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from io import StringIO
from threading import Lock, Thread
from uuid import UUID, uuid4

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from pytest_django import Settings

from accounts import clock, closing, invoices
from accounts.closing import check, close_all
from accounts.invoices import credit_note, grant_credit
from accounts.models import Invoice, Tenant, UsageRecord
from accounts.usage import bill_run
from extraction.errors import ExtractionError
from extraction.types import PageImage
from jobs import job_actions, lifecycle, metering
from jobs.errors import DocumentCrashedWorker
from jobs.models import Job, Page, Status
from jobs.reconciliation import differences, wrongly_billed
from tests.accounts.billing import OCTOBER, subscribe, terms
from tests.documents import text_pdf
from tests.engines import FakeEngine
from tests.jobs.making import claim, make_job, run_job
from tests.people import Organisation, organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]
ENGINES = ("auto", "rapidocr", "vlm", "openai")


@pytest.fixture(autouse=True)
def issuer(settings: Settings) -> None:
    """Who issues invoices."""
    settings.INVOICE_ISSUER_NAME = "OCR Ltd"


def cents(amount: Fraction) -> int:
    """Cents, halves up, by whole numbers alone."""
    return int((2 * amount * 100 + 1) // 2)


# What the test's plans cost, as the recount knows it: (first day, engine) -> price; "*" for others
SMALL = {1: {"*": "0.0125", "vlm": "0.0617"}, 20: {"*": "0.0175", "vlm": "0.0617"}}
LARGE = {1: {"*": "0.0095", "vlm": "0.0333", "openai": "0.041"}}
VLM_NEVER_INCLUDED = ("vlm",)


def test_invoices_of_a_month_with_crashes_equal_a_recount(acme: Organisation) -> None:
    """Threads bill jobs of all days of October; some are killed before the commit and come again,
    some come twice, are tried again, cached or partly failed; the plan and the prices change."""
    stranger = organisation("stranger")
    small = {
        day: terms(
            "small", OCTOBER.replace(day=day), prices, VLM_NEVER_INCLUDED, base_fee="19.99",
            included_pages=100, tax_rate="19", tax_label="VAT",
        )
        for day, prices in SMALL.items()
    }  # fmt: skip
    large = terms(
        "large", OCTOBER, LARGE[1], VLM_NEVER_INCLUDED, base_fee="149", included_pages=400,
        overage_price="0.0088", tax_rate="19", tax_label="VAT",
    )  # fmt: skip
    tenants = {"acme": acme.tenant, "stranger": stranger.tenant}
    subscribe(acme.tenant, small[1].plan, OCTOBER)
    subscribe(acme.tenant, large.plan, OCTOBER.replace(day=12))
    subscribe(stranger.tenant, small[1].plan, OCTOBER.replace(day=5))
    chance = random.Random(6)
    work: list[tuple[str, UUID, str, date, list[tuple[int, bool]]]] = []
    for _ in range(160):
        who = chance.choice(["acme", "acme", "stranger"])
        day = OCTOBER.replace(day=chance.randint(5 if who == "stranger" else 1, 31))
        total = chance.randint(1, 12)
        runs = [(read := chance.randint(0, total), chance.random() < 0.1)]
        while read < total and not runs[0][1] and chance.random() < 0.5:  # tried again
            runs.append((read := chance.randint(read, total), False))
        work.append((who, uuid4(), chance.choice(ENGINES), day, runs))

    log: list[tuple[str, UUID, str, date, int]] = []  # in the order of the commits, for the recount
    lock, turn = Lock(), iter(work)
    seed = iter(range(100))

    def worker() -> None:
        luck = random.Random(next(seed))
        try:
            while True:
                with lock:
                    job = next(turn, None)
                if job is None:
                    return
                who, job_id, engine, day, runs = job
                at = datetime.combine(day, time(23, 59), UTC)
                for run, (read, cached) in enumerate(runs):
                    for _ in range(luck.choice([1, 1, 2])):  # settled again after a crash
                        with transaction.atomic():
                            bill_run(
                                tenant=tenants[who], job_id=job_id, engine=engine, pages=read,
                                compute_seconds=1.0, run=run, cached=cached, day=day,
                                submitted_at=at, outcome="succeeded" if read else "failed",
                            )  # fmt: skip
                            if luck.random() < 0.3:
                                transaction.set_rollback(True)
                    bill_run(
                        tenant=tenants[who], job_id=job_id, engine=engine, pages=read,
                        compute_seconds=1.0, run=run, cached=cached, day=day, submitted_at=at,
                    )  # fmt: skip
                with lock:
                    log.append((who, job_id, engine, day, 0 if runs[0][1] else runs[-1][0]))
        finally:
            connection.close()

    threads = [Thread(target=worker) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(log) == len(work)
    grant_credit(acme.tenant, amount=Decimal("5.55"), currency="EUR", reason="sorry", actor="op")

    closed: list[object] = []

    def closer(kills: int) -> None:
        try:
            for _ in range(kills):
                with transaction.atomic():
                    list(close_all(OCTOBER))
                    transaction.set_rollback(True)
            closed.extend(close_all(OCTOBER))
        finally:
            connection.close()

    closers = [Thread(target=closer, args=(kills,)) for kills in (0, 1, 2)]
    for thread in closers:
        thread.start()
    for thread in closers:
        thread.join()
    assert len(closed) == 2
    assert check().is_right

    for who, tenant in tenants.items():
        invoice = Invoice.objects.for_tenant(tenant).get()
        assert dict(expected(who, log, tenant)) == {
            (line["kind"], line["engine"], Fraction(line["unit_price"])): int(
                Decimal(line["amount"]) * 100
            )
            for line in invoice.lines
            if line["kind"] == "pages"
        }
        fees = cents(Fraction("19.99") * 27 / 31)
        if who == "acme":
            fees = cents(Fraction("19.99") * 11 / 31) + cents(Fraction(149) * 20 / 31)
        net = fees + sum(expected(who, log, tenant).values()) - (555 if who == "acme" else 0)
        tax = cents(Fraction(net, 100) * 19 / 100)
        assert (int(invoice.net * 100), int(invoice.tax * 100)) == (net, tax)
        assert int(invoice.total * 100) == net + tax
    invoice = Invoice.objects.for_tenant(acme.tenant).get()
    before = invoice.total
    note = credit_note(invoice, net=Decimal("10"), reason="bad pages", actor="op")
    assert before + note.total == invoice.total - Decimal("11.90")
    assert check().is_right


def expected(
    who: str, log: list[tuple[str, UUID, str, date, int]], tenant: Tenant
) -> Counter[tuple[str, str, Fraction]]:
    """Cents by engine and price. Which pages are included depends on the order of the commits
    alone, as the ledger's ids do not: so it is taken from what the counter has given each row, and
    checked to be all that there was to give."""
    included = {
        (row.job_id, row.run): row.included for row in UsageRecord.objects.for_tenant(tenant)
    }
    mine = [entry for entry in log if entry[0] == who]
    allowance = -(-(100 * 27) // 31)
    if who == "acme":
        allowance = -(-(100 * 11 + 400 * 20) // 31)
    coverable = sum(pages for _, _, engine, _, pages in mine if engine != "vlm")
    assert sum(included.values()) == min(allowance, coverable)
    amounts: Counter[tuple[str, str, Fraction]] = Counter()
    pages_at: Counter[tuple[str, Fraction]] = Counter()
    for _, job, engine, day, pages in mine:
        if who == "acme" and day.day >= 12:
            price = LARGE[1].get(engine, LARGE[1]["*"]) if engine == "vlm" else "0.0088"
        else:
            prices = SMALL[20 if day.day >= 20 else 1]
            price = prices.get(engine, prices["*"])
        free = sum(count for (its, _), count in included.items() if its == job)
        assert free == 0 or engine != "vlm"
        if pages:
            pages_at[engine, Fraction(price)] += pages - free
    for (engine, exact), pages in pages_at.items():
        amounts["pages", engine, exact] = cents(exact * pages)
    return amounts


class PageFails(ExtractionError):
    code = "page_fails"
    title = "This page cannot be read"


def test_invoice_of_real_jobs_equals_what_their_pages_say(
    acme: Organisation, fake_engine: FakeEngine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Jobs of this month, through submission, workers and retries; then the month is closed."""
    settings.RESULT_CACHE_SECONDS = 3600
    this = clock.now().astimezone(UTC).date().replace(day=1)
    first = terms("first", this, {"auto": "0.013", "*": "9"}, base_fee="7.77")
    second = terms("second", this, {"auto": "0.029", "*": "9"}, base_fee="8.88")
    subscribe(acme.tenant, first.plan, this)
    bad: set[int] = set()

    def fail(page: PageImage) -> None:
        if page.number in bad:
            raise PageFails()

    fake_engine.before = fail

    def paper(pages: int, name: str) -> bytes:
        return text_pdf([f"{name} {number}" for number in range(pages)])

    read: Counter[str] = Counter()  # pages by price, counted here

    def job(pages: int, name: str, price: str, *, fails: set[int] | None = None) -> Job:
        bad.clear()
        bad.update(fails or ())
        made = make_job(acme, paper(pages, name))
        run_job(str(made.pk))
        made.refresh_from_db()
        read[price] += pages - len(bad)
        return made

    job(5, "plain", "0.013")
    same = make_job(acme, paper(5, "plain"))  # cached: free
    assert same.cached
    partial = job(4, "partial", "0.013", fails={2, 3})
    assert partial.status == "partial"
    job(3, "nothing", "0.013", fails={1, 2, 3})
    job_actions.cancel(make_job(acme, paper(3, "cancelled")), actor=acme.actor, address=None)
    dying = claim(make_job(acme, paper(3, "dies")))  # its worker dies before the commit, twice
    for _ in range(2):
        with transaction.atomic():
            lifecycle.close(dying.job, Status.FAILED)
            transaction.set_rollback(True)
    lifecycle.fail(dying, DocumentCrashedWorker())
    assert differences() == []
    # A change of plan in the middle: what is submitted from here on costs more
    acme.tenant.plan = second.plan
    acme.tenant.save(update_fields=["plan"])
    bad.clear()
    job_actions.retry(partial, actor=acme.actor, address=None)
    run_job(str(partial.pk))
    read["0.029"] += 2
    settled_again = Job.objects.get(pk=partial.pk)
    with transaction.atomic():
        metering.settle(settled_again, outcome="succeeded")  # nothing more
    removed = job(6, "deleted", "0.029")
    job_actions.delete(removed, actor=acme.actor, address=None)
    counted = Page.objects.filter(failed=False).exclude(job__cached=True).count()
    assert sum(read.values()) == counted + 6
    assert wrongly_billed() == differences() == []

    later = datetime.combine((this + timedelta(days=32)).replace(day=1), time(1), UTC)
    for module in (closing, invoices):
        monkeypatch.setattr(module.clock, "now", lambda: later)
    out = StringIO()
    call_command("billing", "close", f"{this:%Y-%m}", stdout=out)
    assert "invoices = 1, months that wait = 0, that failed = 0" in out.getvalue()
    invoice = Invoice.objects.get()
    days = (later.date() - this).days
    today = datetime.now(UTC).date().day
    fees = cents(Fraction("7.77") * (today - 1) / days)
    fees += cents(Fraction("8.88") * (days - today + 1) / days)
    pages = sum(cents(Fraction(price) * count) for price, count in read.items())
    assert int(invoice.total * 100) == fees + pages
    out = StringIO()
    call_command("billing", "check", stdout=out)
    assert out.getvalue().splitlines() == [
        "unbilled rows = 0", "missing numbers = 0", "sums that differ = 0",
        "jobs billed wrongly = 0",
    ]  # fmt: skip


def test_check_finds_a_job_without_its_bill(acme: Organisation) -> None:
    job = make_job(acme)
    run_job(str(job.pk))
    assert wrongly_billed() == []
    Job.objects.filter(pk=job.pk).update(pages_done=7)
    (wrong,) = wrongly_billed()
    assert (wrong.job_id, wrong.read, wrong.billed) == (job.pk, 7, 1)
    Job.objects.filter(pk=job.pk).update(pages_done=1, run=1)
    assert [(row.run, row.last) for row in wrongly_billed()] == [(1, 0)]
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("billing", "check", stdout=out)
    assert "jobs billed wrongly = 1" in out.getvalue()
