"""Runs a function in a child process that can be killed, is capped, and cut off from the rest.

A native decoder can hang holding the interpreter's lock, crash, or eat all memory; no alarm or
thread of this process stops it. So it runs in a child:

- One *fork server* a process (``extraction.fork_server``; started when first needed, restarted
  when lost) imports the decoder once and never touches a document. It starts with an empty
  environment, so no credentials and no open connections come along. Each child is forked from it,
  which costs milliseconds.
- A child has a cap on memory, file size and CPU time, can open no file or socket, and dies with the
  server, which dies with this process. On Linux a filter leaves it no other system calls than
  computing takes (``extraction.syscall_filter``): it starts no process and no program, makes no
  connection, changes no file by its name, signals nobody. Where the system refuses the filter,
  that is logged as an error, and the rest holds.
- Child and parent speak over a socket pair (``extraction.channel``). Pixels go through
  ``extraction.shared_memory``: a file in memory that both sides write to and map.
"""

from __future__ import annotations

import atexit
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from extraction import syscall_filter
from extraction.channel import Channel, ChildDied, ChildTimeout

logger = logging.getLogger(__name__)

START_SECONDS = 60.0  # for the server: importing a decoder on a busy machine


class Child:
    """A child process that runs ``target``, a "module:function" called with (channel, files).

    ``files`` are descriptors handed to it, ``memory_bytes`` its cap on address space (the imported
    decoder counts), ``file_bytes`` the size up to which it may write to a file it was handed.
    """

    def __init__(
        self, target: str, files: Sequence[int], *, memory_bytes: int, file_bytes: int
    ) -> None:
        request = {"target": target, "memory_bytes": memory_bytes, "file_bytes": file_bytes}
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._server, reply = _ask(request, (theirs.fileno(), *files))
        except BaseException:
            ours.close()
            raise
        self.pid: int = reply["pid"]
        self._channel = Channel(ours)
        self._open = True

    def send(self, message: Mapping[str, Any]) -> None:
        """Send a message. Raises ``ChildDied``."""
        self._channel.send(message)

    def receive(self, deadline: float) -> tuple[dict[str, Any], bytes]:
        """The child's next message. Raises ``ChildTimeout`` and ``ChildDied``."""
        return self._channel.receive(deadline)

    def kill(self) -> int:
        """End the child at once, whatever it does; returns how it ended.

        That is its exit status, or the negative number of the signal that ended it, which is
        ``-SIGKILL`` where it still ran.
        """
        if not self._open:
            return 0
        self._open = False
        self._channel.close()
        try:
            return int(self._server.ask({"end": self.pid}, ())["status"])
        except ChildDied:
            return -signal.SIGKILL  # the server ended, and its children with it

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()


class _Server:
    """The fork server as its owner sees it."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self._lock = threading.Lock()
        if not syscall_filter.works():
            logger.error("this system filters no system calls: decoders keep more rights than due")
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-s", "-c", _SERVER_CODE, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env={
                    "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
                    "LC_ALL": "C.UTF-8",
                    "OPENBLAS_NUM_THREADS": "1",  # a forked child must not count on threads
                },
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the parent, which ends it by closing
            )
        self._channel = Channel(ours)

    def ask(self, request: Mapping[str, Any], files: Sequence[int]) -> dict[str, Any]:
        """Raises ``ChildDied`` when the server is gone or does not answer."""
        with self._lock:
            try:
                self._channel.send(request, files=files)
                return self._channel.receive(time.monotonic() + START_SECONDS)[0]
            except (ChildDied, ChildTimeout) as error:
                self._end()
                raise ChildDied("the decoder's server ended") from error

    def stop(self) -> None:
        with self._lock:
            self._end()

    def let_go(self) -> None:
        """In a forked copy of the owner: drop this copy, the server goes on for the owner."""
        self._channel.close()
        self._process.returncode = 0  # not ours to wait for

    def _end(self) -> None:
        self._channel.close()
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


_SERVER_CODE = "import sys; from extraction.fork_server import serve; serve(int(sys.argv[1]))"

_server: _Server | None = None
_server_lock = threading.Lock()


def _ask(request: Mapping[str, Any], files: Sequence[int]) -> tuple[_Server, dict[str, Any]]:
    """Ask the server, a new one when there is none, or when it ended since the last time."""
    server = _get_server(lost=None)
    try:
        return server, server.ask(request, files)
    except ChildDied:
        server = _get_server(lost=server)
        return server, server.ask(request, files)


def _get_server(lost: _Server | None) -> _Server:
    """This process's server; another one when it is ``lost``."""
    global _server
    with _server_lock:
        if _server is not None and _server.owner != os.getpid():
            _server.let_go()  # a forked process must not speak on its parent's socket
            _server = None
        if _server is None or _server is lost:
            _server = _Server()
        return _server


@atexit.register
def stop_server() -> None:
    """End this process's server and with it all children; the next child starts a new one."""
    global _server
    with _server_lock:
        if _server is not None and _server.owner == os.getpid():
            _server.stop()
        _server = None
