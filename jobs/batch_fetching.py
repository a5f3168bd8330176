"""The documents of a batch that its caller names by URL: a few at once, all within one time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from django.conf import settings

from extraction.errors import ExtractionError
from extraction.types import Failure
from jobs import fetching
from jobs.archives import display_name
from jobs.errors import BatchTooLarge, Busy, FetchFailed, FetchTimeout
from jobs.uploads import Upload

places = threading.BoundedSemaphore(settings.MAX_FETCHING)  # batches; each keeps a request's thread


@dataclass(frozen=True, slots=True)
class Source:
    """Where a document is; ``name`` is what people are shown, "" for the one in the URL."""

    url: str
    name: str = ""

    @property
    def shown(self) -> str:
        """The document's name."""
        return display_name(self.name) if self.name else fetching.name_of(self.url)


@dataclass(frozen=True, slots=True)
class NotFetched:
    """A document that could not be had, and why."""

    name: str
    refusal: Failure


@contextmanager
def fetched(sources: Sequence[Source], sent: int = 0) -> Iterator[list[Upload | NotFetched]]:
    """The documents in their order, to be used in the block and closed after it.

    BATCH_FETCH_THREADS at once, all of them within BATCH_FETCH_SECONDS and MAX_BATCH_BYTES, of
    which ``sent`` came with the request; each under the same guard as a job's. What fails, fails
    alone. Raises ``Busy``.
    """
    if not sources:
        yield []
        return
    with ExitStack() as opened:
        yield _fetch_all(sources, _Allowance(sent), opened)


def _fetch_all(
    sources: Sequence[Source], allowance: _Allowance, opened: ExitStack
) -> list[Upload | NotFetched]:
    if not places.acquire(blocking=False):
        raise Busy("Many batches are being fetched; try again, or upload the files.")

    def fetch(source: Source) -> Upload | NotFetched:
        try:
            upload = allowance.fetch(source.url)
        except ExtractionError as error:
            return NotFetched(source.shown, error.failure())
        opened.enter_context(upload)
        upload.name = source.shown
        return upload

    try:
        with ThreadPoolExecutor(settings.BATCH_FETCH_THREADS, "fetch") as threads:
            return list(threads.map(fetch, sources))
    finally:
        places.release()


class _Allowance:
    """The seconds and bytes left to the documents of a batch; they are fetched at once."""

    def __init__(self, sent: int) -> None:
        self._until = time.monotonic() + settings.BATCH_FETCH_SECONDS
        self._bytes_left = settings.MAX_BATCH_BYTES - sent
        self._lock = threading.Lock()

    def fetch(self, url: str) -> Upload:
        """The document. Raises ``FetchTimeout``, ``BatchTooLarge``, and as ``fetching.fetch``."""
        taken = 0

        def count(size: int) -> None:
            nonlocal taken
            taken += size
            self._take(size)

        left = self._until - time.monotonic()
        try:
            if left <= 0:
                raise FetchTimeout(limit=settings.BATCH_FETCH_SECONDS)
            return fetching.fetch_within(
                min(settings.FETCH_SECONDS, left),
                url,
                max_bytes=settings.LIMITS.max_bytes,
                counted=count,
            )
        except ExtractionError as error:
            self._take(-taken)
            if isinstance(error, FetchFailed) and time.monotonic() >= self._until:
                raise FetchTimeout(limit=settings.BATCH_FETCH_SECONDS) from error
            raise

    def _take(self, size: int) -> None:
        with self._lock:
            self._bytes_left -= size
            if self._bytes_left < 0 < size:
                raise BatchTooLarge(limit=settings.MAX_BATCH_BYTES)
