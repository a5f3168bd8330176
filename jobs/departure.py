"""The deletion of an organisation: closed at once, removed by the sweeper step by step.

Every step is a transaction that also notes how far it is; one that is killed changes nothing but
files and cache entries, which are removed again where they are gone already. So whoever comes next,
in whatever process, goes on. Of one organisation one process does one step at a time.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from datetime import timedelta
from math import inf
from uuid import UUID

import redis
from django.conf import settings
from django.db import DataError, InterfaceError, OperationalError, transaction

from accounts import audit, audit_retention, clock, closing, departed_people, keys
from accounts.invoices import BillingError
from accounts.models import AuditEntry, Departure, Membership, Tenant, User
from accounts.permissions import Role
from accounts.seldom import Seldom
from accounts.tenancy import Actor
from jobs import claims, departure_mail, lifecycle, storage, tenant_removal
from jobs.belongings import tables
from jobs.errors import StorageUnavailable
from jobs.models import ENDED, Job, Status, StoredFile

logger = logging.getLogger(__name__)

MAIL_SECONDS = 86_400  # for which an e-mail is tried
not_billed = Seldom(600)
STOP, ANNOUNCE, COUNT, BILL, FILES, PEOPLE, ROWS, CACHE, TENANT, LEFT, RECEIPT, TELL = (
    "stop",
    "announce",
    "count",
    "bill",
    "files",
    "people",
    "rows",
    "cache",
    "tenant",
    "left",
    "receipt",
    "tell",
)


class DepartureBegun(Exception):
    """Something of the organisation is gone already, so its deletion cannot be called off."""


def begin(
    tenant: Tenant,
    *,
    actor: Actor | User | None,
    address: str | None = None,
    days: int | None = None,
) -> Departure:
    """Close the organisation, and have it removed after so many days (TENANT_DELETION_DAYS).

    Its keys, tokens and sessions are refused from the next request, in other processes within
    KEY_CACHE_SECONDS. Doing it again changes nothing.
    """
    wait = timedelta(days=settings.TENANT_DELETION_DAYS if days is None else days)
    with transaction.atomic():
        tenant = Tenant.objects.select_for_update().get(pk=tenant.pk)
        if there := Departure.objects.filter(pk=tenant.pk).first():
            return there
        owners = Membership.objects.for_tenant(tenant).filter(role=Role.OWNER)
        departure = Departure.objects.create(
            tenant_id=tenant.pk,
            name=tenant.name,
            requested_by=str(actor or audit.SYSTEM)[:300],
            owners=list(owners.order_by("pk").values_list("user__email", flat=True)),
            was_active=tenant.is_active,
            due_at=clock.now() + wait,
            step=STOP,
            keeps_ledger=settings.TENANT_LEDGER_YEARS > 0,
        )
        Tenant.objects.filter(pk=tenant.pk).update(is_active=False)
        audit.record(
            actor=actor,
            tenant=tenant,
            action="tenant.leave",
            obj=tenant,
            before={"is_active": tenant.is_active},
            after={"is_active": False, "due_at": departure.due_at},
            address=address,
        )
    keys.forget_checked()
    return departure


def call_off(tenant_id: UUID, *, actor: User | None, address: str | None = None) -> None:
    """Open the organisation again, unless it was suspended before; what was cancelled stays so.

    Raises Departure.DoesNotExist, and ``DepartureBegun`` where removing has begun.
    """
    with transaction.atomic():
        departure = Departure.objects.select_for_update().get(pk=tenant_id)
        if departure.step not in (STOP, ANNOUNCE, COUNT) or departure.done_at:
            raise DepartureBegun()
        departure.delete()
        Tenant.objects.filter(pk=tenant_id).update(is_active=departure.was_active)
        audit.record(
            actor=actor,
            tenant=Tenant.objects.get(pk=tenant_id),
            action="tenant.stay",
            obj=Tenant(pk=tenant_id),
            before={"is_active": False},
            after={"is_active": departure.was_active},
            address=address,
        )


def sweep(stop: Callable[[], bool] = lambda: False, *, seconds: float = inf) -> int:
    """Go on with every organisation that is to be removed; returns how many steps were done.

    A round ends after ``seconds``, for the sweeper has other chores. Raises ``StorageUnavailable``,
    redis.RedisError and the database's errors where what is to be removed is out of reach.
    """
    done, until = 0, time.monotonic() + seconds
    for tenant_id in list(Departure.objects.values_list("pk", flat=True)):
        try:
            while not stop() and time.monotonic() < until and advance(tenant_id):
                done += 1
        except (OperationalError, InterfaceError, StorageUnavailable, redis.RedisError):
            raise
        except Exception:  # the others are not to wait for it
            logger.exception("organisation %s could not be removed further", tenant_id)
    return done


def advance(tenant_id: UUID) -> bool:
    """Do one step, or a part of a long one; False where there is nothing to do now."""
    with transaction.atomic():
        rows = Departure.objects.select_for_update(skip_locked=True)
        departure = rows.filter(pk=tenant_id).first()
        if departure is None:
            return False
        waits = departure.due_at > clock.now()
        if waits and departure.step not in (STOP, ANNOUNCE, RECEIPT, TELL):
            return False
        following = STEPS[departure.step](departure)
        if following is None:
            return False
        departure.step = following
        if following:
            departure.save(force_update=True)
        else:
            departure.delete()
    return True


def _stop(departure: Departure) -> str | None:
    """End a job that has not ended: its workers find their lease lost, what was read is billed."""
    open_jobs = Job.objects.filter(tenant=departure.pk).exclude(status__in=ENDED)
    job = open_jobs.order_by("pk").select_related("tenant", "file").first()
    if job is None:
        return ANNOUNCE
    claims.lock(job.pk)
    if open_jobs.filter(pk=job.pk).update(cancel_requested=True, same_as=None):
        lifecycle.close(job, Status.CANCELLED)
    return STOP


def _announce(departure: Departure) -> str | None:
    """Tell the owners, while they can still have it called off."""
    if departure.due_at <= clock.now():
        return COUNT
    until = departure.due_at
    return COUNT if departure_mail.told(departure, "departure_announced", until=until) else None


def _count(departure: Departure) -> str | None:
    """What there is of files, and a sum over all documents, as it is in an export's manifest.

    Nothing is removed of an organisation that somebody has switched on again by hand.
    """
    if Tenant.objects.filter(pk=departure.pk, is_active=True).exists():
        logger.error(
            "organisation %s is due to be deleted, but switched on: call its deletion off, or "
            "switch it off",
            departure.pk,
        )
        return None
    departure.documents = sum_of_documents(departure.pk)
    for page in storage.pages(f"{departure.pk}/"):
        tenant_removal.count_files(departure, page)
    return BILL


def _bill(departure: Departure) -> str | None:
    """Close a month, this one too, so that what was used is billed before it goes.

    Where nothing is invoiced at all (INVOICE_ISSUER_NAME) it goes on; where a month cannot be
    billed it waits for the operators.
    """
    tenant = Tenant.objects.filter(pk=departure.pk).first()
    if tenant is None or not settings.INVOICE_ISSUER_NAME:
        return FILES
    try:
        return BILL if closing.close_for_good(tenant) else FILES
    except (BillingError, DataError):
        if not_billed.due(departure.pk) is not None:
            logger.exception("organisation %s is due to be deleted, but not billed", departure.pk)
        return None


def sum_of_documents(tenant_id: UUID) -> str:
    """SHA-256 in hex over that of every document, in hex, one a line, in the order of their ids."""
    total = hashlib.sha256()
    rows = StoredFile.objects.filter(tenant=tenant_id, job__isnull=False).order_by("pk")
    for sha256 in rows.values_list("sha256", flat=True).iterator():
        total.update(f"{sha256}\n".encode())
    return total.hexdigest()


def _files(departure: Departure) -> str | None:
    """Remove the organisation's objects, some at a time.

    They were counted before: of those that went with a step that was killed nobody knows later.
    """
    return FILES if tenant_removal.remove_files(departure) else PEOPLE


def _people(departure: Departure) -> str | None:
    """Remove those who belong to no other organisation and are no operators, some at a time."""
    removed = departed_people.remove_some(departure.pk)
    tenant_removal.add(departure, removed)
    return PEOPLE if removed else ROWS


def _rows(departure: Departure) -> str | None:
    """Remove rows of one table, those that point to others first."""
    return ROWS if tenant_removal.remove_some_rows(departure) else CACHE


def _cache(departure: Departure) -> str | None:
    """Remove what Redis keeps under the organisation's id: calls counted, results known."""
    tenant_removal.remove_cache(departure)
    return TENANT


def _tenant(departure: Departure) -> str | None:
    """Remove the organisation itself, if no late request has left a row."""
    tenant = Tenant.objects.select_for_update().filter(pk=departure.pk).first()
    left = [
        table
        for table in tables()
        if table.label != tenant_removal.AUDIT and table.rows(departure.pk).exists()
    ]
    if any(not tenant_removal.is_kept(departure, table) for table in left):
        return ROWS
    if tenant is not None and left:  # a name for what is kept, and no more
        Tenant.objects.filter(pk=tenant.pk).update(
            name="Deleted organisation",
            slug=f"deleted-{tenant.pk}",
            plan=None,
            default_engine="",
            retention_hours=None,
        )
    elif tenant is not None:
        tenant.delete()
        tenant_removal.add(departure, {Tenant._meta.label_lower: 1})
    return LEFT


def _left(departure: Departure) -> str | None:
    """Remove files and counts that requests and workers under way have left meanwhile."""
    if tenant_removal.remove_some_rows(departure):
        return LEFT
    if forgotten := audit_retention.forget_some(departure.pk):
        tenant_removal.add(departure, {tenant_removal.AUDIT: forgotten})
        return LEFT
    if AuditEntry.objects.filter(tenant=departure.pk).exists():
        return None  # another process is about to seal them
    if late := tenant_removal.remove_files(departure):
        tenant_removal.count_files(departure, late)
        return LEFT
    tenant_removal.remove_cache(departure)
    return RECEIPT


def _receipt(departure: Departure) -> str | None:
    """Write down what was removed: numbers, nothing that names anybody."""
    kept = {table.label: count for table in tables() if (count := table.rows(departure.pk).count())}
    audit.record(
        actor=None,
        tenant=None,
        action="tenant.delete",
        obj=Tenant(pk=departure.pk),
        after={
            "requested_at": departure.requested_at,
            "rows": departure.removed,
            "files": departure.files,
            "bytes": departure.bytes,
            "documents": departure.documents,
            "kept": kept,
        },
    )
    logger.warning("organisation %s was deleted: %s", departure.pk, departure.removed)
    departure.done_at = clock.now()
    if kept:
        years = timedelta(days=365.25 * settings.TENANT_LEDGER_YEARS)
        departure.due_at = departure.done_at + years
    return TELL


def _tell(departure: Departure) -> str | None:
    """Send the receipt to those who were owners, and forget them."""
    assert departure.done_at is not None
    until = departure.done_at + timedelta(seconds=MAIL_SECONDS)
    if not departure_mail.told(departure, "departure_receipt", until=until):
        return None
    if not Tenant.objects.filter(pk=departure.pk).exists():
        return ""
    # the ledger is kept: the same way once more when its time has come
    departure.name, departure.requested_by, departure.owners = "", "", []
    departure.keeps_ledger = False
    departure.removed, departure.files, departure.bytes, departure.documents = {}, 0, 0, ""
    return COUNT


STEPS: dict[str, Callable[[Departure], str | None]] = {
    STOP: _stop,
    ANNOUNCE: _announce,
    COUNT: _count,
    BILL: _bill,
    FILES: _files,
    PEOPLE: _people,
    ROWS: _rows,
    CACHE: _cache,
    TENANT: _tenant,
    LEFT: _left,
    RECEIPT: _receipt,
    TELL: _tell,
}
