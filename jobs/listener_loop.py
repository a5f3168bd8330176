"""One thread that serves all listeners of a web process (jobs/listeners.py).

It asks the database for all of them together, so that their number costs no connections and
hardly any queries: one a tick for those of events, one more of jobs whose pages have changed, and
one a tick for those that wait.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpResponse
from prometheus_client import Gauge

from accounts.grants import still_good
from accounts.row_security import unscoped
from jobs import listeners
from jobs.listeners import ENVIRON, Handover, Listener

logger = logging.getLogger(__name__)
SEND_BUFFER_BYTES = 65_536  # in the kernel, for each listener
END_SECONDS = 5  # for listeners to take what was written for them
OPEN = Gauge("ocrsite_listeners", "Open listeners", multiprocess_mode="livesum")


class ListenerLoop:
    """Serves listeners from ``start`` to ``stop``.

    ``answers`` are the threads in which waiting requests are answered; ``most`` bounds the
    listeners.
    """

    def __init__(self, *, answers: Executor, most: int) -> None:
        self.most = most
        self._answers = answers
        self._listeners: set[Listener] = set()  # changed by the loop's thread alone
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="listeners", daemon=True)
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="listeners-read")
        self._added = asyncio.Event()
        self._ending = False
        self._checked = time.monotonic()
        self._blind = False

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self) -> None:
        """Close what is left."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(END_SECONDS)
        self._reader.shutdown(wait=False)

    @property
    def has_room(self) -> bool:
        """Whether one more listener is served."""
        return len(self._listeners) < self.most

    def offer(self, environ: dict[str, Any]) -> None:
        """Let the request's view hand its connection over."""
        environ[ENVIRON] = self

    def add(self, connected: socket.socket, response: Handover, *, chunked: bool) -> None:
        """Serve a listener; the socket is the loop's from now on."""
        response.listener.response, response.listener.chunked = response, chunked
        response.listener.host = self
        asyncio.run_coroutine_threadsafe(self._adopt(connected, response.listener), self._loop)

    def adopt(self, connected: socket.socket, protocol: asyncio.Protocol) -> None:
        """Serve a connection that is no listener; its ``connection_lost`` is called in any case."""
        asyncio.run_coroutine_threadsafe(self._connect(connected, protocol), self._loop)

    def end(self, ended: Callable[[], None]) -> None:
        """End all listeners, waiting ones with an answer; ``ended`` is called after the last."""
        asyncio.run_coroutine_threadsafe(self._end(ended), self._loop)

    def answer(self, make: Callable[[], HttpResponse]) -> Future[HttpResponse]:
        """Make an answer in a thread for requests; an unexpected failure is logged."""
        return self._answers.submit(_closing, make)

    def gone(self, listener: Listener) -> None:
        """The listener's connection is closed."""
        self._listeners.discard(listener)
        OPEN.set(len(self._listeners))

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        watching = self._loop.create_task(self._watch())
        self._loop.run_forever()
        for listener in list(self._listeners):
            if listener.transport is not None:
                listener.transport.abort()
        watching.cancel()
        self._loop.run_until_complete(asyncio.gather(watching, return_exceptions=True))
        self._loop.close()

    async def _adopt(self, connected: socket.socket, listener: Listener) -> None:
        self._listeners.add(listener)
        OPEN.set(len(self._listeners))
        with contextlib.suppress(OSError):  # it has left
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
            if hasattr(socket, "TCP_USER_TIMEOUT") and connected.family != socket.AF_UNIX:
                gone_ms = listeners.SLOW_SECONDS * 1000  # for readers that vanished from the net
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, gone_ms)
        if not await self._connect(connected, listener):
            return
        if self._ending:
            listener.end()
        self._added.set()

    async def _connect(self, connected: socket.socket, protocol: asyncio.Protocol) -> bool:
        try:
            connected.setblocking(False)
            await self._loop.connect_accepted_socket(lambda: protocol, connected)
        except OSError as error:
            connected.close()
            protocol.connection_lost(error)
            return False
        return True

    async def _watch(self) -> None:
        """Look for news when listeners are due, again and again."""
        while True:
            try:
                await self._look()
            except Exception:
                logger.exception("listeners could not be served")
            self._added.clear()
            now = time.monotonic()
            next_due = min((each.due for each in self._listeners), default=now + 1)
            await asyncio.sleep(listeners.FIRST_LOOK_SECONDS)  # at most so many queries
            if (pause := next_due - time.monotonic()) > 0:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._added.wait(), pause)

    async def _look(self) -> None:
        now = time.monotonic()
        due = [each for each in self._listeners if each.due <= now and each.transport is not None]
        for listener in due:
            listener.due = listener.next_look(now)
            listener.look_after(now)
        for read in {each.read for each in due}:
            group = [each for each in due if each.read is read]
            before = {each.key: each.state for each in group if each.state is not None}
            keys = {each.key for each in group}
            try:
                states = await self._in_reader(read, keys, before)
            except Exception as error:  # the database is away: the next look may find it
                if not self._blind:
                    logger.error("no news for listeners: %s", error)
                self._blind = True
                continue
            self._blind = False
            for listener in group:
                listener.state = states.get(listener.key)
                try:
                    listener.tell(listener.state)
                except Exception:
                    logger.exception("a listener is dropped")
                    assert listener.transport is not None
                    listener.transport.abort()
        if now - self._checked > listeners.RECHECK_SECONDS and self._listeners:
            self._checked = now
            await self._recheck()

    async def _recheck(self) -> None:
        """End those whose key or membership does not allow them to listen any more."""
        checked = list(self._listeners)
        good = await self._in_reader(still_good, {each.grant for each in checked})
        for listener in checked:
            if listener.grant not in good and listener.transport is not None:
                listener.revoke()

    async def _in_reader(self, function: Callable[..., Any], *args: Any) -> Any:
        return await self._loop.run_in_executor(self._reader, _reading, function, *args)

    async def _end(self, ended: Callable[[], None]) -> None:
        self._ending = True
        for listener in list(self._listeners):
            if listener.transport is not None:
                listener.end()
        deadline = time.monotonic() + END_SECONDS
        while self._listeners and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        for listener in list(self._listeners):
            if listener.transport is not None:
                listener.transport.abort()
        ended()


def _closing(function: Callable[..., Any], *args: Any) -> Any:
    """Call it, and give the thread's database connection back to the pool."""
    try:
        return function(*args)
    finally:
        connection.close()


@unscoped()
def _reading(function: Callable[..., Any], *args: Any) -> Any:
    """Read for listeners of all organisations; each was let in for what it is told."""
    return _closing(function, *args)


def room(*, descriptors: int) -> int:
    """How many listeners a process may have that may open so many files."""
    return min(settings.MAX_LISTENERS, descriptors // 2)
