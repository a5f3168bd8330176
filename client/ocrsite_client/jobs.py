"""Documents: submitted, waited for, read, corrected, deleted."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Unpack
from urllib.parse import quote

from ocrsite_client.calls import Call, Listing, Steps, listing, operation
from ocrsite_client.core import Core
from ocrsite_client.errors import JobFailed
from ocrsite_client.models import ENDED, Event, Job, Options
from ocrsite_client.sources import Source

CLASSIFY_SECONDS = 60  # that the site waits by itself
JOB_ENDS = frozenset({"end", "deleted"})


class JobCalls(Core):
    """What can be done with single documents. Where a job is wanted, its id will do."""

    @operation
    def submit(self, source: Source, **options: Unpack[Options]) -> Steps[Job]:
        """Send a document; returns once it is kept, before it is read.

        Sent again by itself where no answer came, under one Idempotency-Key: no second job.
        """
        return Job.of((yield from self._submit("ocr/jobs", source, options)))

    @operation
    def classify(self, source: Source, **options: Unpack[Options]) -> Steps[Job]:
        """Have a document's type told, and which documents a file holds: ``job.data``.

        Waits up to a minute; a job that has not ended then can be waited for.
        """
        return Job.of((yield from self._submit("classify", source, options, CLASSIFY_SECONDS)))

    @operation
    def job(self, job: Job | str) -> Steps[Job]:
        """How it stands."""
        return Job.of((yield from self._get(_path(job))))

    @listing
    def jobs(self, **filters: Any) -> Listing[Job]:
        """All jobs, newest first; ``filters`` are those of the API, ``from_`` for ``from``."""
        yield from self._listed("ocr/jobs", filters, Job.of)

    @operation
    def wait(self, job: Job | str, timeout: float | None = None) -> Steps[Job]:
        """The job when it has ended. Raises ``WaitTimeout`` after ``timeout`` seconds.

        The site holds its answers until then, so this asks seldom; where it is stopped or killed
        meanwhile, this goes on as soon as it is back.
        """
        return Job.of((yield from self._wait(_path(job), timeout, _ended)))

    @listing
    def watch(self, job: Job | str, timeout: float | None = None, every: int = 2) -> Listing[Job]:
        """The job as it stands, about ``every`` so many seconds, and once it has ended.

        Goes on as ``wait`` does where the site is stopped or killed, and raises ``WaitTimeout``.
        """
        yield from self._watch(_path(job), timeout, every, _ended, Job.of)

    @operation
    def read(
        self, source: Source, timeout: float | None = None, **options: Unpack[Options]
    ) -> Steps[dict[str, Any]]:
        """Send, wait, and return the result. Raises ``JobFailed`` where nothing was read."""
        job = yield from JobCalls.submit.steps(self, source, **options)
        job = yield from JobCalls.wait.steps(self, job, timeout)
        if not job.has_result:
            raise JobFailed(job)
        return (yield from JobCalls.result.steps(self, job))

    @listing
    def events(self, job: Job | str, last: str = "") -> Listing[Event]:
        """What happens to the job, until it ends: ``status``, ``page``, ``end``, ``deleted``.

        Comes again after every break and goes on where it was; ``last`` is the id of the last
        event of an earlier listener.
        """
        yield from self._events(f"{_path(job)}/events", JOB_ENDS, last)

    @operation
    def result(self, job: Job | str) -> Steps[dict[str, Any]]:
        """The result, as in docs/output.md."""
        result: dict[str, Any] = yield from self._get(f"{_path(job)}/result.json")
        return result

    @operation
    def text(self, job: Job | str, format: str = "md") -> Steps[str]:
        """The result in a format that is text."""
        call = Call("GET", f"{_path(job)}/result.{quote(format)}", repeatable=True)
        reply = yield from self._send(call)
        return reply.content.decode()

    @operation
    def download(
        self, job: Job | str, to: str | os.PathLike[str], format: str | None = None
    ) -> Steps[Path]:
        """Save the result as this file, whole or not at all; returns its path.

        The ``format`` is the name's ending, where none is given.
        """
        path = Path(to)
        format = format or path.suffix.lstrip(".").lower()
        return (yield from self._save(f"{_path(job)}/result.{quote(format)}", path))

    @operation
    def pages(self, job: Job | str) -> Steps[list[dict[str, Any]]]:
        """How far each page is, of those to be read; none until the document has been opened."""
        pages: list[dict[str, Any]] = yield from self._get(f"{_path(job)}/pages")
        return pages

    @operation
    def page(self, job: Job | str, number: int) -> Steps[dict[str, Any]]:
        """One page as in the result, as soon as it is read."""
        page: dict[str, Any] = yield from self._get(f"{_path(job)}/pages/{int(number)}")
        return page

    @operation
    def retry(self, job: Job | str, password: str | None = None) -> Steps[Job]:
        """Have the pages read that were not, of a job that failed, is partial or was cancelled."""
        body = {} if password is None else {"password": password}
        return Job.of((yield from self._change("POST", f"{_path(job)}/retry", body)))

    @operation
    def cancel(self, job: Job | str) -> Steps[Job]:
        """End it: at once, or after its current page."""
        return Job.of((yield from self._cancel(_path(job), _cancelled)))

    @operation
    def delete(self, job: Job | str) -> Steps[None]:
        """Delete job, result and files."""
        yield from self._delete(_path(job))

    @operation
    def links(self, job: Job | str, files: Sequence[str] | None = None) -> Steps[dict[str, Any]]:
        """Addresses of its files that need no key, for five minutes."""
        body = {} if files is None else {"files": list(files)}
        links: dict[str, Any] = yield from self._change(
            "POST", f"{_path(job)}/links", body, repeatable=True
        )
        return links

    @operation
    def fields(self, job: Job | str) -> Steps[list[dict[str, Any]]]:
        """The fields as they stand, corrections included; those not found too."""
        review = yield from JobCalls.review.steps(self, job)
        fields: list[dict[str, Any]] = review["fields"]
        return fields

    @operation
    def field(
        self, job: Job | str, name: str, document: int | None = None
    ) -> Steps[dict[str, Any]]:
        """One ``field`` and its ``history``; ``document`` is the part of a split file."""
        path = f"{_path(job)}/fields/{quote(name, safe='')}"
        field: dict[str, Any] = yield from self._get(path, {"document": document})
        return field

    @operation
    def correct(
        self, job: Job | str, name: str, *, version: int, **correction: Any
    ) -> Steps[dict[str, Any]]:
        """Say what a field is: ``raw`` as it is written, or ``value`` in its normal form.

        ``version`` is the one that you have seen, 0 if nobody has said anything yet; ``Conflict``
        where there is a newer one. More of ``correction``: docs/review.md.
        """
        path = f"{_path(job)}/fields/{quote(name, safe='')}"
        body = {"version": version, **correction}
        field: dict[str, Any] = yield from self._change("PUT", path, body)
        return field

    @operation
    def review(self, job: Job | str) -> Steps[dict[str, Any]]:
        """The review with its fields, what is to be looked at, and its version."""
        review: dict[str, Any] = yield from self._get(f"reviews/{_id(job)}")
        return review

    @operation
    def confirm(self, job: Job | str, version: int) -> Steps[dict[str, Any]]:
        """Say that all fields are right as they stand; ``version`` is the review's."""
        review: dict[str, Any] = yield from self._change(
            "POST", f"reviews/{_id(job)}/confirm", {"version": version}, repeatable=True
        )
        return review

    @listing
    def reviews(self, **filters: Any) -> Listing[dict[str, Any]]:
        """All reviews, oldest first; ``status`` keeps ``open``, ``taken`` or ``confirmed``."""
        yield from self._listed("reviews", filters, dict)

    @operation
    def take_review(self, job: Job | str) -> Steps[dict[str, Any]]:
        """Have the review for oneself, or keep it: nobody else can change the fields meanwhile."""
        review: dict[str, Any] = yield from self._change(
            "POST", f"reviews/{_id(job)}/take", repeatable=True
        )
        return review

    @operation
    def release_review(self, job: Job | str) -> Steps[dict[str, Any]]:
        """Give it back, to be taken by others."""
        review: dict[str, Any] = yield from self._change("POST", f"reviews/{_id(job)}/release")
        return review


def _id(job: Job | str) -> str:
    return quote(job.id if isinstance(job, Job) else job, safe="")


def _path(job: Job | str) -> str:
    return f"ocr/jobs/{_id(job)}"


def _ended(data: dict[str, Any]) -> bool:
    return data["status"] in ENDED


def _cancelled(data: dict[str, Any]) -> bool:
    return bool(data["status"] == "cancelled")
