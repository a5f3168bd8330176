"""What operators look at first: what waits, what failed, who is over a limit, and the way on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import Count, Q, Sum
from django.urls import reverse
from django.utils import timezone

from accounts import audit_seals, clock, closing, usage_sums
from accounts.models import Departure, QuotaUse, Tenant, User
from jobs import deliveries, engine_breakers, service_standings
from jobs.errors import OUR_FAULTS
from jobs.live_workers import LiveWorker, live_workers
from jobs.models import Job, Status, Webhook
from jobs.operations_view import PoolRow, pools
from jobs.viewer import size

LATE_SECONDS = 60  # of deliveries and seals, which usually take none
NAMED = 3  # of those concerned
FULL = 100  # percent


@dataclass(frozen=True, slots=True)
class Tile:
    """One thing to know: a number, what it says, and where it is looked into.

    ``wrong`` is that somebody should.
    """

    title: str
    number: str
    words: str
    address: str
    wrong: bool = False


def tiles(operator: AbstractBaseUser | AnonymousUser) -> list[Tile]:
    """Those that the operator may see, what is wrong first. As many queries whatever there is."""
    if not isinstance(operator, User):
        return []
    found: list[Tile] = []
    if operator.has_perm("jobs.view_task"):
        found += _work()
    if operator.has_perm("jobs.view_job"):
        found.append(_failures())
    if operator.has_perm("jobs.view_webhook"):
        found.append(_webhooks())
    if operator.has_perm("accounts.view_usagesum"):
        found += _money()
    if operator.has_perm("jobs.view_servicesum"):
        found.append(_promises())
    if operator.has_perm("accounts.view_tenant"):
        found.append(_organisations())
    if operator.has_perm("accounts.view_auditentry"):
        found.append(_audit())
    return sorted(found, key=lambda tile: not tile.wrong)


def _work() -> Iterator[Tile]:
    address = reverse("admin:operations-view")
    workers = live_workers()
    for row in pools(workers):
        yield Tile(
            f"Waiting for {row.name} workers",
            f"{row.waiting:,}",
            _waits(row),
            address,
            wrong=row.is_stuck or row.pause is not None,
        )
    yield _workers(workers, address)
    for name, state in engine_breakers.states().items():
        if state.standing.state != "closed":
            yield Tile("Engine out of order", name, f"Its breaker is {state.words}.", address, True)


def _waits(row: PoolRow) -> str:
    told = []
    if row.pause is not None:
        told.append(f"Paused: {row.pause.reason}")
    if row.oldest is not None:
        told.append(f"The oldest for {_long(timezone.now() - row.oldest)}.")
    told.append(f"{row.running:,} being done.")
    if row.is_stuck and row.pause is None:
        told.append("No worker is there: start one.")
    return " ".join(told)


def _workers(workers: list[LiveWorker] | None, address: str) -> Tile:
    if workers is None:
        words = "Redis does not answer. Work goes on without it, more slowly."
        return Tile("Workers", "?", words, address, wrong=True)
    bare = sum(worker.filtered is False for worker in workers)
    words = "Alive, by their last sign of life."
    if bare:
        words += f" Of {bare} the system does not filter the decoders."
    return Tile("Workers", str(len(workers)), words, address, wrong=not workers or bool(bare))


def _failures() -> Tile:
    since = timezone.now() - timedelta(hours=1)
    ended = Job.objects.filter(finished_at__gte=since).order_by()
    by_code = ended.filter(status=Status.FAILED).values_list("error__code").annotate(Count("pk"))
    failed = dict(by_code)
    count, whole = sum(failed.values()), ended.count()
    most = sorted(failed.items(), key=lambda each: -each[1])[:NAMED]
    words = f"Of {whole:,} jobs that ended."
    if most:
        words += " " + ", ".join(f"{code or 'unknown'} {number:,}" for code, number in most) + "."
    return Tile(
        "Failed in the last hour",
        f"{count:,}",
        words,
        f"{reverse('admin:jobs_job_changelist')}?ended=1&status__exact=failed",
        wrong=not OUR_FAULTS.isdisjoint(failed) or count * 2 > max(whole, 10),
    )


def _webhooks() -> Tile:
    failing = Webhook.objects.filter(active=True, failing_since__isnull=False).count()
    late = deliveries.overdue_seconds()
    words = "Whose last deliveries did not arrive."
    if late > LATE_SECONDS:
        words += (
            f" A delivery has been due for {_long(timedelta(seconds=late))}: is a sender running?"
        )
    return Tile(
        "Webhooks that fail",
        f"{failing:,}",
        words,
        f"{reverse('admin:jobs_webhook_changelist')}?failing_since__isempty=0",
        wrong=bool(failing) or late > LATE_SECONDS,
    )


def _money() -> Iterator[Tile]:
    near = usage_sums.near_quota()
    over = [each for each in near if each.percent >= FULL]
    names = ", ".join(dict.fromkeys(each.name for each in (over or near)[:NAMED]))
    words = f"{names}." if over else (f"Near: {names}." if names else "Nobody is near a limit.")
    usage = reverse("admin:usage-view")
    yield Tile("Over a quota", str(len(over)), words, f"{usage}#near-quota", wrong=bool(over))
    stored = QuotaUse.objects.filter(period="storage").aggregate(bytes=Sum("used", default=0))
    yield Tile(
        "Stored",
        size(int(stored["bytes"])),
        "Files of all organisations.",
        f"{reverse('admin:accounts_quotause_changelist')}?period=storage",
    )
    unbilled, missing = usage_sums.unbilled_rows(), closing.missing_numbers()
    yield Tile(
        "Unbilled usage",
        f"{unbilled:,}",
        "Rows of months that are over: close them."
        if unbilled
        else "All months that are over are closed.",
        reverse("admin:billing-view"),
        wrong=bool(unbilled),
    )
    if missing:
        words = "Invoices or credit notes are missing from their series."
        yield Tile("Missing numbers", str(missing), words, reverse("admin:billing-view"), True)


def _promises() -> Tile:
    broken = service_standings.standings(clock.today())
    names = list(dict.fromkeys(row.name for row in broken))
    words = "Of calls or documents, used up this month or going fast."
    if names:
        words += f" {', '.join(names[:NAMED])}{' and others' if len(names) > NAMED else ''}."
    return Tile(
        "Error budgets",
        f"{len(names):,}",
        words,
        reverse("admin:service-levels-view"),
        wrong=bool(names),
    )


def _organisations() -> Tile:
    counts = Tenant.objects.order_by().aggregate(
        whole=Count("pk"), paused=Count("paused_at"), off=Count("pk", filter=Q(is_active=False))
    )
    leaving = Departure.objects.filter(done_at=None).count()
    told = [
        f"{number:,} {words}"
        for number, words in (
            (counts["paused"], "paused"),
            (counts["off"], "suspended"),
            (leaving, "being deleted"),
        )
        if number
    ]
    return Tile(
        "Organisations",
        f"{counts['whole']:,}",
        f"{', '.join(told).capitalize()}." if told else "None is paused, suspended or leaving.",
        reverse("admin:accounts_tenant_changelist"),
        wrong=bool(counts["paused"]),
    )


def _audit() -> Tile:
    late = audit_seals.unsealed_seconds()
    return Tile(
        "Audit log",
        "sealed" if late <= LATE_SECONDS else "not sealed",
        "Every entry is in the chain."
        if late <= LATE_SECONDS
        else f"For {_long(timedelta(seconds=late))}: is a sweeper running?",
        reverse("admin:accounts_auditentry_changelist"),
        wrong=late > LATE_SECONDS,
    )


def _long(time: timedelta) -> str:
    seconds = int(time.total_seconds())
    for unit, length in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{max(seconds, 0)} seconds"
