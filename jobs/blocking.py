"""Listening where the server cannot take the connection over: Django's own server, and tests.

A listener keeps its thread there, and few of them at a time: the others are for everybody else.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import TypeVar

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.db import connection
from django.http import Http404

from accounts.grants import still_good
from jobs import listeners
from jobs.errors import ListenersBusy
from jobs.listeners import Stream
from jobs.models import Batch, Job

Waited = TypeVar("Waited", Job, Batch)
waiting = threading.BoundedSemaphore(settings.MAX_WAITING)


def wait_for_end(job: Waited, seconds: float) -> Waited:
    """The job or batch again when it has ended or the time is over.

    Raises Http404 if it was deleted. Does not wait where ``MAX_WAITING`` requests do so already.
    """
    if job.ended or not seconds or not waiting.acquire(blocking=False):
        return job
    try:
        begun = time.monotonic()
        while not job.ended and (gone := time.monotonic() - begun) < seconds:
            # looks often at first: what waiting adds stays near a twentieth of the time waited
            time.sleep(min(max(0.01, gone / 20), seconds - gone))
            job.refresh_from_db()
        return job
    except ObjectDoesNotExist as error:
        raise Http404() from error
    finally:
        waiting.release()


class HeldStream:
    """The events, in the request's own thread; one of ``waiting`` is taken until ``close``.

    Raises ``ListenersBusy`` at once where none is left: some threads must be for all others.
    """

    def __init__(self, stream: Stream) -> None:
        if not waiting.acquire(blocking=False):
            raise ListenersBusy()
        self._stream = stream
        self._open = True

    def __iter__(self) -> Iterator[bytes]:
        stream, checked = self._stream, time.monotonic()
        yield listeners.opening()
        while (now := time.monotonic()) < stream.deadline:
            if now - checked > listeners.RECHECK_SECONDS:
                checked = now
                if not still_good([stream.grant]):
                    return
            before = {} if stream.state is None else {stream.key: stream.state}
            stream.state = stream.read([stream.key], before).get(stream.key)
            connection.close()  # back to the pool while this waits
            if news := stream.news(stream.state):
                stream.wrote = now
                yield news
            elif now - stream.wrote > listeners.KEEP_ALIVE_SECONDS:
                stream.wrote = now
                yield b":\n\n"
            if stream.over:
                return
            time.sleep(settings.LISTEN_TICK_SECONDS)

    def close(self) -> None:
        """Give the place back."""
        if self._open:
            self._open = False
            waiting.release()
