"""How far a job is, and the events that tell it (server-sent events, WHATWG HTML section 9.2).

No event is stored. What a listener has been told is in the ``id`` of its last event: a digest of
the status, and the pages. What it is told next is the difference to the rows as they are now, so
that a listener that reads slowly, or comes again, misses nothing and gets no page twice.

A set of pages is an int: bit n is page n.
"""

from __future__ import annotations

import json
import re
import time
import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db.models import BooleanField, F, Func, UUIDField, Value

from extraction.documents import parse_pages
from extraction.engines import ENGINES
from extraction.errors import InvalidOption
from jobs.models import ENDED, Job, Page, Status, Task
from jobs.models.engines import is_own
from jobs.places import Place, places_of

PLACE_SECONDS = 3  # between looks at the places of those that wait, all at the same moments
MOST_PAGES = 500  # told at one look; the others at the next ones
END = "end"
EVENT_ID = re.compile(rf"([0-9a-f]{{8}}|{END})?:([0-9,-]*)(?:!([0-9,-]+))?")


class JobKey(NamedTuple):
    """A job that its listener may see; both ids are asked for, so that no other tenant's fits."""

    tenant_id: UUID
    job_id: UUID


@dataclass(frozen=True, slots=True)
class Progress:
    """A job as its listeners see it; ``finished`` are the pages read or failed.

    ``place`` is where it waits, ``placed`` the number of the look that told so. ``writing`` are the
    pages that a model is at, with the tokens it has written.
    """

    status: str
    total: int | None
    done: int
    failed: int
    finished: int = 0
    faulty: int = 0
    place: Place | None = None
    placed: int | None = None
    writing: tuple[tuple[int, int], ...] = ()

    @property
    def ended(self) -> bool:
        """Whether the status is final."""
        return self.status in ENDED


def payload(progress: Progress) -> dict[str, Any]:
    """The data of ``status`` and ``end``: named as in the job's JSON; ``queue`` while it waits,
    ``writing`` while a model reads."""
    waits: dict[str, Any] = {"queue": asdict(progress.place)} if progress.place else {}
    if progress.writing:
        waits["writing"] = [{"page": page, "tokens": n} for page, n in progress.writing]
    return {
        "status": progress.status,
        "pages": {
            "total": progress.total,
            "done": progress.done,
            "failed": progress.failed,
        },
    } | waits


def read(keys: Collection[JobKey], before: Mapping[JobKey, Progress]) -> dict[JobKey, Progress]:
    """The jobs as they are now, by one query; those deleted are missing, unchanged ones the same.

    Pages are read, by a second query, of jobs whose counts differ from ``before`` alone, the places
    of those that wait, by two more, once in PLACE_SECONDS, and by one more what models write.
    """
    now: dict[JobKey, Progress] = {}
    changed: dict[UUID, JobKey] = {}
    by_models: dict[UUID, JobKey] = {}
    for key, status, total, done, failed, engine in _rows(
        keys, "pages_total", "pages_done", "pages_failed", "engine"
    ):
        old = before.get(key)
        if status == Status.RUNNING and _is_model(engine):
            by_models[key.job_id] = key
        if old is None or (old.done, old.failed) != (done, failed):
            now[key] = Progress(status, total, done, failed)
            if done:
                changed[key.job_id] = key
        elif (old.status, old.total) != (status, total):
            now[key] = replace(old, status=status, total=total, writing=())
        else:
            now[key] = old
    _look_for_places(now)
    if changed:
        _look_for_pages(now, changed)
    _look_for_tokens(now, by_models)
    return now


def _look_for_pages(now: dict[JobKey, Progress], changed: Mapping[UUID, JobKey]) -> None:
    """Note which pages of these jobs are finished."""
    finished = dict.fromkeys(changed, 0)
    faulty = dict.fromkeys(changed, 0)
    pages = Page.objects.filter(job__in=changed).order_by()
    for job_id, number, failed in pages.values_list("job_id", "number", "failed").iterator(5000):
        finished[job_id] |= 1 << number
        faulty[job_id] |= failed << number
    for job_id, key in changed.items():
        now[key] = replace(now[key], finished=finished[job_id], faulty=faulty[job_id])


def _look_for_places(now: dict[JobKey, Progress]) -> None:
    look = int(time.monotonic() // PLACE_SECONDS)
    due = []
    for key, progress in now.items():
        if progress.status != Status.QUEUED:
            if progress.placed is not None:
                now[key] = replace(progress, place=None, placed=None)
        elif progress.placed != look:
            due.append(key)
    if not due:
        return
    places = places_of([key.job_id for key in due])
    for key in due:
        now[key] = replace(now[key], place=places.get(key.job_id), placed=look)


def _look_for_tokens(now: dict[JobKey, Progress], by_models: Mapping[UUID, JobKey]) -> None:
    """Note what models have written of the pages they are at, of these jobs."""
    if not by_models:
        return
    tasks = Task.objects.filter(job__in=by_models, state=Task.State.RUNNING)
    written: dict[UUID, dict[int, int]] = {job_id: {} for job_id in by_models}
    for job_id, tokens in tasks.values_list("job_id", "tokens"):
        written[job_id] |= {int(page): count for page, count in (tokens or {}).items()}
    for job_id, key in by_models.items():
        pages = written[job_id].items()
        finished = now[key].finished  # the heartbeat tells later that it has left them
        writing = tuple(sorted((page, n) for page, n in pages if not finished >> page & 1))
        if now[key].writing != writing:
            now[key] = replace(now[key], writing=writing)


def _is_model(engine: str) -> bool:
    """Whether the engine may tell the tokens that it writes; one since switched off does not."""
    return is_own(engine) or (engine in ENGINES and ENGINES[engine].pool != "cpu")


def tokens_written(job: Job) -> int:
    """What models have written so far of the pages that they are at."""
    if not _is_model(job.engine):
        return 0
    rows = Task.objects.filter(job=job, state=Task.State.RUNNING)
    return sum(sum((tokens or {}).values()) for tokens in rows.values_list("tokens", flat=True))


def read_ended(keys: Collection[JobKey], before: Mapping[JobKey, bool]) -> dict[JobKey, bool]:
    """Whether each job has ended, by one query; those deleted are missing."""
    return {key: status in ENDED for key, status in _rows(keys)}


def _rows(keys: Collection[JobKey], *columns: str) -> Iterator[tuple[Any, ...]]:
    """Key, status and these columns of the jobs; of the keys' tenants alone."""
    wanted = {key.job_id: key for key in keys}
    # one array, not as many parameters: with thousands Django takes five times as long
    among = Func(
        F("pk"),
        Value(list(wanted), ArrayField(UUIDField())),
        template="%(expressions)s)",
        arg_joiner=" = ANY(",
        output_field=BooleanField(),
    )
    rows = Job.objects.filter(among).values_list("pk", "tenant_id", "status", *columns)
    for job_id, tenant_id, *shown in rows:
        if wanted[job_id].tenant_id == tenant_id:
            yield wanted[job_id], *shown


@dataclass(slots=True)
class Told:
    """What a listener knows; as text, the ``id`` of its events: ``STATUS:PAGES!FAILED``."""

    status: str = ""
    pages: int = 0
    faulty: int = 0

    @classmethod
    def of(cls, last_event_id: str) -> Told:
        """What a listener says it was told last; nothing where that cannot be read."""
        parts = EVENT_ID.fullmatch(last_event_id)
        if parts is None:
            return cls()
        try:
            return cls(parts[1] or "", _pages(parts[2]), _pages(parts[3] or ""))
        except InvalidOption:
            return cls()

    def __str__(self) -> str:
        return f"{self.status}:{_ranges(self.pages)}" + (
            f"!{_ranges(self.faulty)}" if self.faulty else ""
        )

    @property
    def ended(self) -> bool:
        """Whether the end has been told."""
        return self.status == END

    def events(self, progress: Progress) -> Iterator[bytes]:
        """What is new, noted as told: the status, the pages by number, and at last the end.

        At most `MOST_PAGES` pages; the end only after all of them.
        """
        data = payload(progress)
        digest = f"{zlib.crc32(json.dumps(data).encode()):08x}"
        if not progress.ended and digest != self.status:
            self.status = digest
            yield event("status", data, str(self))
        new = progress.finished & (~self.pages | (progress.faulty ^ self.faulty))
        for _ in range(MOST_PAGES):
            if not new:
                break
            page = new & -new
            new ^= page
            failed = bool(progress.faulty & page)
            self.pages |= page
            self.faulty = self.faulty | page if failed else self.faulty & ~page
            number = page.bit_length() - 1
            yield event("page", {"number": number, "failed": failed}, str(self))
        if progress.ended and not new:
            self.status = END
            yield event(END, data, str(self))


def event(name: str, data: dict[str, Any], event_id: str | None = None) -> bytes:
    """One event as it is sent; JSON in ASCII has no line breaks, nor has any id of ours."""
    of_id = "" if event_id is None else f"id: {event_id}\n"
    return f"event: {name}\n{of_id}data: {json.dumps(data)}\n\n".encode()


def _pages(ranges: str) -> int:
    """The pages named by "1-3,7"; raises InvalidOption."""
    found = 0
    for number in parse_pages(ranges, settings.LIMITS.max_pages) if ranges else ():
        found |= 1 << number
    return found


def _ranges(pages: int) -> str:
    """The opposite of `_pages`, in as many steps as there are ranges."""
    parts = []
    while pages:
        first = (pages & -pages).bit_length() - 1
        run = pages >> first
        length = (~run & (run + 1)).bit_length() - 1
        parts.append(str(first) if length == 1 else f"{first}-{first + length - 1}")
        pages = run >> length << first + length
    return ",".join(parts)
