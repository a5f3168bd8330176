"""Leafing through a document: which pages it has, which one is shown, what is beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from extraction.documents import parse_pages
from jobs.models import Job, Page

AT_ONCE = 20  # pages that are shown in small beside the chosen one


@dataclass(frozen=True, slots=True)
class Leaf:
    """A page in small; ``row`` is None while it is not read. ``hits`` are places searched."""

    number: int
    row: Page | None
    hits: int = 0

    @property
    def state(self) -> str:
        """waiting, failed or done."""
        if self.row is None:
            return "waiting"
        return "failed" if self.row.failed else "done"

    @property
    def has_picture(self) -> bool:
        """Whether there is a picture of it."""
        return self.row is not None and bool(self.row.preview_key)


@dataclass(frozen=True, slots=True)
class Leaves:
    """Where a reader is: ``chosen`` among the ``count`` pages, and those ``near`` it, in small.

    ``earlier`` and ``later`` are the numbers that lead to the ones before and behind the near.
    """

    chosen: int
    count: int
    near: tuple[Leaf, ...]
    first: int
    last: int
    previous: int | None
    next: int | None
    earlier: int | None
    later: int | None

    @property
    def row(self) -> Page | None:
        """The chosen page, None while it is not read."""
        return next(leaf.row for leaf in self.near if leaf.number == self.chosen)


def leaves(job: Job, asked: str, hits: Mapping[int, int]) -> Leaves | None:
    """Where the reader is who asked for that page; two queries, whatever the number of pages.

    None where there is none: before the document has been opened, or nothing was read. A page that
    there is not is the first one, or the first with ``hits``.
    """
    numbers = _numbers(job)
    if not numbers:
        return None
    start = next((number for number in numbers if number in hits), numbers[0])
    chosen = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 7 else start
    if chosen not in numbers:
        chosen = start
    at = numbers.index(chosen)
    begin = at - at % AT_ONCE
    near = numbers[begin : begin + AT_ONCE]
    rows = {row.number: row for row in _rows(job, near)}
    end = begin + AT_ONCE
    return Leaves(
        chosen=chosen,
        count=len(numbers),
        near=tuple(Leaf(number, rows.get(number), hits.get(number, 0)) for number in near),
        first=numbers[0],
        last=numbers[-1],
        previous=numbers[at - 1] if at else None,
        next=numbers[at + 1] if at + 1 < len(numbers) else None,
        earlier=numbers[begin - 1] if begin else None,
        later=numbers[end] if end < len(numbers) else None,
    )


def _numbers(job: Job) -> Sequence[int]:
    """The pages to be read while the job is on its way, afterwards those that were."""
    if not job.ended and job.page_count:
        return sorted(parse_pages(job.options.get("pages", ""), job.page_count))
    rows = Page.objects.filter(job=job).order_by("number")
    return list(rows.values_list("number", flat=True))


def _rows(job: Job, numbers: Sequence[int]) -> Sequence[Page]:
    rows = Page.objects.filter(job=job, number__in=numbers)
    return list(rows.defer("content", "preview_bytes").order_by("number"))
