"""Files that no row knows, found and removed page by page, whatever their number.

A file is left behind where a process dies between keeping it and committing its row, or where a
worker taken for dead writes after its job was removed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from accounts import clock
from jobs import storage
from jobs.models import Job, Page, Status, StoredFile
from jobs.stores import PAGE, Stored

HOURS = 24  # a younger file may belong to a row that is about to be committed
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

    Its ``what`` is "orphan" or "foreign". ``careful`` removes nothing before all has been seen, and
    nothing at all where there are many orphans and more of them than known files: that is a wrong
    database, or an old one. Raises ``StorageUnavailable``.
    """
    done = Round()
    orphans: list[str] = []
    before = clock.now() - timedelta(hours=older_than_hours)
    for page in storage.pages():
        if stop():
            return done
        some = _judge(page, done, before, found)
        if delete and careful:
            orphans += some
        elif delete:
            _remove(some, done)
    if careful and done.orphans > max(FEW, done.known):
        done.stopped = True
    else:
        _remove(orphans, done)
    return done


def _judge(
    page: Sequence[Stored], done: Round, before: datetime, found: Callable[[str, str, int], None]
) -> list[str]:
    """Count a page of files; returns the orphans among them."""
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
            done.orphans += 1
            done.orphan_bytes += one.size
            orphans.append(one.key)
            found("orphan", one.key, one.size)
    return orphans


def _remove(keys: Sequence[str], done: Round) -> None:
    """Remove them, but for those that have found a row since they were looked at."""
    for at in range(0, len(keys), PAGE):
        some = {key: match for key in keys[at : at + PAGE] if (match := OURS.fullmatch(key))}
        left = some.keys() - _known(some)
        storage.remove(left)
        done.removed += len(left)


def _known(ours: dict[str, re.Match[str]]) -> set[str]:
    """Those of the keys that a row knows."""
    uploads = [key for key, match in ours.items() if match["job"] is None]
    rows = StoredFile.objects.filter(key__in=uploads).exclude(job__status=Status.EXPIRED)
    known = set(rows.values_list("key", flat=True))
    jobs = Job.objects.filter(pk__in={match["job"] for match in ours.values() if match["job"]})
    wanted = {
        str(job.pk): job
        for job in jobs.exclude(status=Status.EXPIRED).only("pk", "tenant", "status", "attempt")
    }
    ended = []  # of a job on its way all files are known
    for key, match in ours.items():
        job = wanted.get(match["job"])
        if job is None or str(job.tenant_id) != match["tenant"]:
            continue
        if job.ended and key != storage.pdf_key(job.tenant_id, job.pk, job.attempt):
            ended.append(key)
        else:
            known.add(key)
    of_jobs = {UUID(ours[key]["job"]) for key in ended}
    pages = Page.objects.filter(job__in=of_jobs, preview_key__in=ended)
    return known | set(pages.values_list("preview_key", flat=True))
