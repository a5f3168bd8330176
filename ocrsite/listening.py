"""Gunicorn's threaded worker, which lends no thread to a request that waits for a job.

A view answers with `jobs.listeners.Handover`; the connection then leaves the thread, the pool and
Gunicorn's count of connections, and is served by `jobs.listener_loop.ListenerLoop`. TLS is to be
terminated in front: on a connection that Gunicorn itself encrypts, views are not offered this.

The loop also sees connections off that are to be closed. Gunicorn 27 does that in its main thread,
which then accepts nothing for up to two seconds each: with ``Connection: close`` and patience a
single client could keep everybody out.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, cast

from gunicorn.arbiter import Arbiter
from gunicorn.workers.gthread import TConn, ThreadWorker

if TYPE_CHECKING:
    from jobs.listeners import Handover

SPARE_DESCRIPTORS = 256  # for the database, log and files
LINGER_SECONDS = 2  # as Gunicorn's own
MOST_DRAINED = 65_536


class Closing(asyncio.Protocol):
    """A connection that has been answered: read until the client closes it (RFC 9112, 9.6).

    Closed at once, what it is still sending would reset it, and the answer might be lost.
    """

    def __init__(self, gone: Callable[[], None]) -> None:
        self._gone = gone
        self._drained = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        asyncio.get_running_loop().call_later(LINGER_SECONDS, self._transport.abort)
        try:
            self._transport.write_eof()
        except OSError:  # it has left
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._drained += len(data)
        if self._drained > MOST_DRAINED:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._gone()


class HandedOver(Exception):
    """Leaves Gunicorn's handling of a request before anything has been written."""

    def __init__(self, response: Handover, *, chunked: bool) -> None:
        super().__init__()
        self.response = response
        self.chunked = chunked


class ListeningWorker(ThreadWorker):
    """A threaded worker with a `ListenerLoop` beside its pool."""

    wsgi: Any

    def init_process(self) -> None:
        """As Gunicorn's. What nothing catches is logged alone: Gunicorn would print it besides."""
        try:
            super().init_process()
        except Exception:
            self.log.exception("a web process ends by an exception")
            sys.exit(-1 if self.booted else Arbiter.WORKER_BOOT_ERROR)

    def load_wsgi(self) -> None:
        super().load_wsgi()
        from jobs.listener_loop import ListenerLoop, room  # need the settings
        from jobs.listeners import Handover

        self.listeners = ListenerLoop(
            answers=self.tpool, most=room(descriptors=self._descriptors())
        )
        self._ending = False
        application: Any = self.wsgi
        request = threading.local()
        self._request = request

        def offering(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            if getattr(request, "may_leave", False):
                self.listeners.offer(environ)
            response: Iterable[bytes] = application(environ, start_response)
            if not isinstance(response, Handover):
                return response
            response.close()  # for Django the request is over
            raise HandedOver(response, chunked=environ["SERVER_PROTOCOL"] != "HTTP/1.0")

        self.wsgi = offering

    def run(self) -> None:
        self.listeners.start()
        super().run()
        self.listeners.stop()

    def is_parent_alive(self) -> bool:
        """Whether Gunicorn's master is; without it this worker stops as if it were asked to.

        Gunicorn's own would go on answering on kept-alive connections, for the 30 seconds that it
        has for stopping, and hold the port meanwhile, which the next master needs.
        """
        if not super().is_parent_alive():
            self.alive = False
        return bool(self.alive)

    def handle_request(self, req: Any, conn: TConn) -> bool:
        """As Gunicorn's; one that is handed over is finished as if it were to be closed."""
        self._request.may_leave = not self.cfg.is_ssl and self.cfg.protocol == "http"
        try:
            return bool(super().handle_request(req, conn))
        except HandedOver as handed:
            conn.handed = handed
            return False
        finally:
            self._request.may_leave = False

    def finish_request(self, conn: TConn, fs: Any) -> None:
        """In the main thread, when the request's thread is free again."""
        handed: HandedOver | None = getattr(conn, "handed", None)
        if handed is None:
            failed = fs.cancelled() or fs.exception() is not None
            if failed or fs.result() or self.cfg.is_ssl or conn.sock.fileno() < 0:
                super().finish_request(conn, fs)
            else:
                self.listeners.adopt(conn.sock, Closing(self._one_less_later))
            return
        self.listeners.add(conn.sock, handed.response, chunked=handed.chunked)
        if self._ending:
            self._end_listeners()
        self.nr_conns -= 1

    def set_accept_enabled(self, enabled: bool) -> None:
        """Called when the worker begins to stop, among others: then listeners are ended."""
        super().set_accept_enabled(enabled)
        if not self.alive and not self._ending:
            self._ending = True
            self._end_listeners()

    def _end_listeners(self) -> None:
        self.nr_conns += 1  # Gunicorn waits for them as for one connection
        self.listeners.end(self._one_less_later)

    def _one_less_later(self) -> None:
        self.method_queue.defer(self._one_less)

    def _one_less(self) -> None:
        self.nr_conns -= 1

    def _descriptors(self) -> int:
        """How many files the process may open, raised to what it may need where allowed."""
        from django.conf import settings

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = settings.MAX_LISTENERS * 2 + self.worker_connections + SPARE_DESCRIPTORS
        if soft == resource.RLIM_INFINITY or soft >= wanted:
            return wanted
        if hard != resource.RLIM_INFINITY:
            wanted = min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
