"""Files that no row knows, and rows whose file is gone: found page by page, whatever their number.

A file is left behind where a process dies between keeping it and committing its row, or where a
worker taken for dead writes after its job was removed.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from accounts.models import Tenant
from jobs import storage
from jobs.models import KEPT, Job, Page, Status, StoredFile
from jobs.stores import PAGE, Stored

logger = logging.getLogger(__name__)

HOURS = 24  # a younger file may belong to a row that is about to be committed
JOBS = 100  # whose pictures are looked for together
FEW = 100  # orphans that are removed without a look at how many files are known
_ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
OURS = re.compile(
    rf"(?P<tenant>{_ID})/(?:{storage.UPLOADS}/[^/]+|{storage.PAGES}/(?P<job>{_ID})/[^/]+)"
)


@dataclass(slots=True)
class Round:
    """What one pass over the storage has seen so far; ``stopped`` before it removed too much."""

    files: int = 0
    known: int = 0
    orphans: int = 0
    orphan_bytes: int = 0
    foreign: int = 0  # keys that are not of our making: never touched
    removed: int = 0
    missing: int = 0
    stopped: bool = False


def look(
    *,
    delete: bool = False,
    older_than_hours: float = HOURS,
    careful: bool = True,
    found: Callable[[str, str, int], None] = lambda what, key, size: None,
    stop: Callable[[], bool] = lambda: False,
) -> Round:
    """Compare storage and rows, and ``delete`` the orphans; ``found`` is told of each finding.

    Its ``what`` is "orphan", "foreign" or "missing". ``careful`` removes nothing more once there
    are many orphans and more of them than known files: that is a wrong database, or an old one.
    Raises ``StorageUnavailable``.
    """
    done = Round()
    for page in storage.pages():
        if stop() or done.stopped:
            break
        _judge(page, done, _now() - timedelta(hours=older_than_hours), delete, careful, found)
    if not stop():
        for key in _missing():
            done.missing += 1
            found("missing", key, 0)
    return done


def _judge(
    page: Sequence[Stored],
    done: Round,
    before: datetime,
    delete: bool,
    careful: bool,
    found: Callable[[str, str, int], None],
) -> None:
    ours = {one.key: match for one in page if (match := OURS.fullmatch(one.key))}
    known = _known(ours)
    orphans = []
    for one in page:
        done.files += 1
        if one.key not in ours:
            done.foreign += 1
            found("foreign", one.key, one.size)
        elif one.key in known:
            done.known += 1
        elif one.modified < before:
            orphans.append(one)
            found("orphan", one.key, one.size)
    done.orphans += len(orphans)
    done.orphan_bytes += sum(one.size for one in orphans)
    if not delete or not orphans:
        return
    if careful and done.orphans > max(FEW, done.known):
        done.stopped = True
        return
    storage.remove(storage.Files(tuple(one.key for one in orphans), 0))
    done.removed += len(orphans)


def _known(ours: dict[str, re.Match[str]]) -> set[str]:
    """Those of the keys that a row knows."""
    uploads = [key for key, match in ours.items() if match["job"] is None]
    known = set(_files().filter(key__in=uploads).values_list("key", flat=True))
    jobs = Job.objects.filter(pk__in={match["job"] for match in ours.values() if match["job"]})
    wanted = {
        str(job.pk): job
        for job in jobs.exclude(status=Status.EXPIRED).only("pk", "tenant", "status", "attempt")
    }
    ended = []
    for key, match in ours.items():
        job = wanted.get(match["job"])
        if job is None or str(job.tenant_id) != match["tenant"]:
            continue
        if job.ended and key != storage.pdf_key(job.tenant_id, job.pk, job.attempt):
            ended.append(key)
        else:
            known.add(key)
    return known | _named(ended)


def _named(keys: Sequence[str]) -> set[str]:
    """Those of the keys that a page has as its picture."""
    jobs = {UUID(match["job"]) for key in keys if (match := OURS.fullmatch(key))}
    pages = Page.objects.filter(job__in=jobs, preview_key__in=keys)
    return set(pages.values_list("preview_key", flat=True))


def _missing() -> Iterator[str]:
    """The keys of uploads and page pictures that rows name and the storage does not have.

    What went while this looked is left out.
    """
    for tenant in Tenant.objects.order_by("pk").values_list("pk", flat=True):
        for keys in _uploads(tenant):
            if gone := storage.missing(keys):
                yield from _files().filter(key__in=gone).values_list("key", flat=True)
        for keys in _pictures(tenant):
            if gone := storage.missing(keys):
                yield from sorted(_named(sorted(gone)))


def _files() -> QuerySet[StoredFile]:
    return StoredFile.objects.exclude(job__status=Status.EXPIRED)


def _uploads(tenant: UUID) -> Iterator[list[str]]:
    """The keys of the tenant's uploads, some at a time, in order: ids sort as the keys do."""
    rows = _files().filter(tenant=tenant)
    last = UUID(int=0)
    while some := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", "key")[:PAGE]):
        last = some[-1][0]
        yield [key for _, key in some]


def _pictures(tenant: UUID) -> Iterator[list[str]]:
    """The keys of the pictures of the tenant's ended jobs, some at a time."""
    rows = Job.objects.filter(tenant=tenant, status__in=KEPT).order_by("pk")
    last = UUID(int=0)
    while jobs := list(rows.filter(pk__gt=last).values_list("pk", flat=True)[:JOBS]):
        last = jobs[-1]
        pages = Page.objects.filter(job__in=jobs).exclude(preview_key="").order_by("job", "number")
        keys = list(pages.values_list("preview_key", flat=True))
        yield from (keys[at : at + PAGE] for at in range(0, len(keys), PAGE))


def _now() -> datetime:
    """The database's clock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        now: datetime = cursor.fetchone()[0]
    return now
