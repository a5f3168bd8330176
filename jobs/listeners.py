"""Connections that are told of a job when there is something to tell, without a thread each.

A view lets the request in as any other and answers with a `Handover`. The web server's worker
(ocrsite/listening.py) then takes the connection out of its thread, and jobs/listener_loop.py
serves it together with all others. What is done where a server cannot do so is in jobs/blocking.py.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from concurrent.futures import Future
from typing import Any, Protocol, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import http_date
from rest_framework.request import Request

from accounts.grants import Grant
from accounts.row_security import bound
from jobs import progress

logger = logging.getLogger(__name__)
ENVIRON = "ocrsite.listeners"  # where the worker puts the `Host` into a request's environ
KEEP_ALIVE_SECONDS = 15
SLOW_SECONDS = 30  # a listener that takes nothing for so long is dropped
RECHECK_SECONDS = 30  # how long after its key has been revoked a listener may go on
FIRST_LOOK_SECONDS = 0.02

Read = Callable[[Collection[Any], Mapping[Any, Any]], Mapping[Any, Any]]


class Host(Protocol):
    """Who serves listeners (jobs.listener_loop.ListenerLoop)."""

    @property
    def has_room(self) -> bool:
        """Whether one more listener is served."""

    def answer(self, make: Callable[[], HttpResponse]) -> Future[HttpResponse]:
        """Make an answer in a thread for requests."""

    def gone(self, listener: Listener) -> None:
        """The listener's connection is closed."""


def host_of(request: HttpRequest | Request) -> Host | None:
    """Who takes this request's connection over; None where the server cannot."""
    return cast("Host | None", request.META.get(ENVIRON))


class Told(Protocol):
    """What a listener knows (jobs.progress.Told, jobs.batch_progress.BatchTold)."""

    @property
    def ended(self) -> bool:
        """Whether the end has been told."""

    def events(self, progress: Any, /) -> Iterator[bytes]:
        """What is new, noted as told."""


class Listener(asyncio.Protocol, ABC):
    """A connection that is told of one job or batch. Times are those of ``time.monotonic``.

    ``read`` asks the database for many of them at once, by their keys, given what is known of them;
    ``tell`` gets what it says of this one, None if it was deleted. It looks every tick, or every so
    many seconds where ``every`` is more.
    """

    def __init__(
        self, key: Hashable, grant: Grant, seconds: float, read: Read, every: float = 0
    ) -> None:
        self.read = read
        self.key = key
        self.grant = grant
        self.since = time.monotonic()
        self.deadline = self.since + seconds
        self.due = 0.0
        self.every = every
        self.state: Any = None
        self.host: Host | None = None
        self.response: HttpResponseBase | None = None
        self.chunked = False
        self.transport: asyncio.Transport | None = None
        self.drained = self.wrote = self.since

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.host is not None:
            self.host.gone(self)

    @abstractmethod
    def tell(self, state: Any) -> None:
        """Write what is new."""

    @abstractmethod
    def end(self) -> None:
        """Come to an end now: the time is over, or the server stops."""

    def revoke(self) -> None:
        """End because the listener may not hear more."""
        self.end()

    def look_after(self, now: float) -> None:
        """What has to be done whether or not there is something to tell."""
        assert self.transport is not None
        if self.transport.get_write_buffer_size() == 0:
            self.drained = now
        elif now - self.drained > SLOW_SECONDS:
            self.transport.abort()
        if now >= self.deadline:
            self.end()

    def next_look(self, now: float) -> float:
        """When to look again; listeners share the moments, and with them a query."""
        tick = max(settings.LISTEN_TICK_SECONDS, self.every)
        return (now // tick + 1) * tick

    @property
    def takes_more(self) -> bool:
        """Whether the listener has taken all that was written, and is not being closed."""
        assert self.transport is not None
        return not self.transport.is_closing() and self.transport.get_write_buffer_size() == 0

    def write(self, data: bytes) -> None:
        """Send, as a chunk where the answer has any."""
        assert self.transport is not None
        if data and not self.transport.is_closing():
            self.wrote = time.monotonic()
            self.transport.write(b"%x\r\n%b\r\n" % (len(data), data) if self.chunked else data)


class Stream(Listener):
    """Server-sent events of a job, from what the listener was told last to the end.

    Or of another thing, with ``read`` and ``told`` of its own.
    """

    def __init__(
        self, key: Hashable, grant: Grant, told: Told, read: Read | None = None, every: float = 0
    ) -> None:
        super().__init__(key, grant, settings.LISTEN_SECONDS, read or progress.read, every)
        self.told = told
        self.deleted = False
        self.settled: Any = None  # of which there is nothing more to tell

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        assert self.response is not None
        assert self.transport is not None
        self.transport.write(head(self.response, chunked=self.chunked))
        self.write(opening())

    def tell(self, state: Any) -> None:
        if state is not None and state is self.settled:
            return
        if self.takes_more:
            news = self.news(state)
            self.settled = None if news else state
            self.write(news)
        if self.over:
            self.end()

    def news(self, state: Any) -> bytes:
        """The events that are new; sets ``over`` with the last one."""
        if state is None:
            self.deleted = True
            return progress.event("deleted", {})
        return b"".join(self.told.events(state))

    @property
    def over(self) -> bool:
        """Whether the last event has been told."""
        return self.deleted or self.told.ended

    def look_after(self, now: float) -> None:
        super().look_after(now)
        if self.takes_more and now - self.wrote > KEEP_ALIVE_SECONDS:
            self.write(b":\n\n")

    def end(self) -> None:
        assert self.transport is not None
        if not self.transport.is_closing():
            if self.chunked:
                self.transport.write(b"0\r\n\r\n")
            self.transport.close()


class Waiter(Listener):
    """A request that is answered when its job has ended, or its time is over.

    ``make`` makes the answer, in a thread for requests; ``read`` tells which have ended.
    """

    def __init__(
        self,
        key: Hashable,
        grant: Grant,
        seconds: float,
        make: Callable[[], HttpResponse],
        read: Read = progress.read_ended,
    ) -> None:
        super().__init__(key, grant, seconds, read)
        self.make: Callable[[], HttpResponse] | None = bound(make)

    def tell(self, state: bool | None) -> None:
        if state is not False:
            self.end()

    def next_look(self, now: float) -> float:
        # often at first: what waiting adds stays near a twentieth of the time waited
        pause = max(FIRST_LOOK_SECONDS, (now - self.since) / 20)
        return now + pause if pause < settings.LISTEN_TICK_SECONDS else super().next_look(now)

    def end(self) -> None:
        assert self.host is not None
        if self.make is not None:
            loop = asyncio.get_running_loop()
            made = self.host.answer(self.make)
            self.make = None
            asyncio.wrap_future(made, loop=loop).add_done_callback(self._send)

    def _send(self, made: asyncio.Future[HttpResponse]) -> None:
        assert self.transport is not None
        assert self.response is not None
        try:
            answer = made.result()
        except (Exception, asyncio.CancelledError):
            logger.exception("a waiting request is dropped")
            self.transport.abort()
            return
        for name, value in self.response.items():
            answer.headers.setdefault(name, value)
        answer["Content-Length"] = str(len(answer.content))
        self.transport.write(head(answer) + answer.content)
        self.transport.close()


class Handover(StreamingHttpResponse):
    """The answer of a view whose listener is to be served without the request's thread.

    It goes through the middleware for its headers; its body is never asked for.
    """

    def __init__(self, listener: Listener, content_type: str | None = None) -> None:
        super().__init__((), content_type=content_type)
        self.listener = listener


def head(response: HttpResponseBase, *, chunked: bool = False) -> bytes:
    """Status line and headers of an answer after which the connection is closed."""
    lines = [
        f"HTTP/1.1 {response.status_code} {response.reason_phrase}",
        f"Date: {http_date()}",
        "Connection: close",
        *(["Transfer-Encoding: chunked"] if chunked else []),
        *(f"{name}: {value}" for name, value in response.items()),
        *(f"Set-Cookie: {cookie.OutputString()}" for cookie in response.cookies.values()),
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def opening() -> bytes:
    """After how many milliseconds to come again: not all listeners at once."""
    return f"retry: {random.randint(1000, 3000)}\n\n".encode()  # noqa: S311
