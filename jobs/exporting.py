"""Answers that are made while they are sent: few at once, each with a place until it ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from django.conf import settings

from accounts.grants import Grant, still_good
from jobs import retention
from jobs.errors import Busy

ASK_SECONDS = 5.0  # between two questions whether the answer may go on
places = threading.BoundedSemaphore(settings.MAX_EXPORTING)  # of one process


class Withdrawn(Exception):
    """Who asked for the answer may no longer have it; what was sent of it is not whole."""


class Held:
    """Bytes on their way out, and the place they take; given back when the answer is closed.

    ``sent`` are by then the jobs whose results are in them: delivered, where all was sent.
    """

    def __init__(self, parts: Iterator[bytes], grant: Grant, sent: Sequence[UUID]) -> None:
        self._parts = parts
        self._grant = grant
        self._place: threading.Semaphore | None = places
        self._sent = sent
        self._whole = False

    def __iter__(self) -> Iterator[bytes]:
        """Raises ``Withdrawn``, by which the server breaks the answer off."""
        asked = time.monotonic()
        for part in self._parts:
            if time.monotonic() - asked > ASK_SECONDS:
                asked = time.monotonic()
                if not still_good([self._grant]):
                    raise Withdrawn
            yield part
        self._whole = True

    def close(self) -> None:
        """Called by the server at the end of the answer, even of one that was never read."""
        # what makes the parts ends here, with its files and its cursor of the database, and not
        # some time later, when another request has that connection
        if isinstance(self._parts, Generator):
            self._parts.close()
        if self._place is not None:
            self._place.release()
            self._place = None
            if self._whole and self._sent:
                retention.delivered(self._sent)


@contextmanager
def held(parts: Iterator[bytes], grant: Grant, sent: Sequence[UUID] = ()) -> Iterator[Held]:
    """The body of an answer that the block makes; its place is given back where the block fails.

    It goes on while ``grant``, by which it was asked for, is good. Raises ``Busy`` where no place
    is left.
    """
    if not places.acquire(blocking=False):
        raise Busy("Much is being exported at the moment.")
    body = Held(parts, grant, sent)
    try:
        yield body
    except BaseException:
        body.close()
        raise
