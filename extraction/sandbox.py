"""Runs a function in a child process that can be killed, is capped, and cut off from the rest.

A native decoder can hang holding the interpreter's lock, crash, or eat all memory; no alarm or
thread of this process stops it. So it runs in a child:

- One *fork server* a process (started when first needed, restarted when lost) imports the decoder
  once and never touches a document. It starts with an empty environment, so no credentials and no
  open connections come along. Each child is forked from it, which costs milliseconds.
- A child has a cap on memory, file size and CPU time, can open no file or socket, and dies with the
  server, which dies with this process. On Linux a filter leaves it no other system calls than
  computing takes (``extraction.syscall_filter``): it starts no process and no program, makes no
  connection, changes no file by its name, signals nobody. Where the system refuses the filter,
  that is logged as an error, and the rest holds.
- Child and parent speak over a socket pair in frames of JSON and bytes. Nothing is unpickled: what
  a child says is data, whatever a document made of the child.
- Pixels go through ``SharedMemory``: a file in memory that both sides write to and map.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import fcntl
import gc
import importlib
import json
import logging
import mmap
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from extraction import syscall_filter

logger = logging.getLogger(__name__)

MAX_FRAME_BYTES = 64_000_000
START_SECONDS = 60.0  # for the server: importing a decoder on a busy machine
_FRAME = struct.Struct(">II")


class ChildDied(Exception):
    """The child ended, or said what no sound child says."""


class ChildTimeout(Exception):
    """The child did not answer by the deadline."""


class Channel:
    """Frames of a JSON object and some bytes over a socket."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def send(
        self, message: Mapping[str, Any], blob: bytes = b"", files: Sequence[int] = ()
    ) -> None:
        """Send one frame. ``files`` are descriptors that the other side gets copies of.

        Raises ``ChildDied`` when nobody is there.
        """
        body = json.dumps(message).encode()
        try:
            self._socket.settimeout(None)
            header = _FRAME.pack(len(body), len(blob))
            if files:
                socket.send_fds(self._socket, [header], files)
            else:
                self._socket.sendall(header)
            self._socket.sendall(body)
            if blob:
                self._socket.sendall(blob)
        except OSError as error:
            raise ChildDied(str(error)) from error

    def receive(self, deadline: float | None = None) -> tuple[dict[str, Any], bytes]:
        """The next frame. ``deadline`` is in ``time.monotonic()`` seconds, None to wait for ever.

        Raises ``ChildTimeout`` at the deadline, ``ChildDied`` at the end of the stream or when the
        frame is no frame.
        """
        return self._decode(self._exactly(_FRAME.size, deadline), deadline)

    def receive_with_files(self, count: int) -> tuple[dict[str, Any], list[int]]:
        """As ``receive``, for a frame sent with up to ``count`` files."""
        try:
            header, files, _, _ = socket.recv_fds(self._socket, _FRAME.size, count)
        except OSError as error:
            raise ChildDied(str(error)) from error
        if not header:
            raise ChildDied("end of stream")
        header += self._exactly(_FRAME.size - len(header), None)
        message, _ = self._decode(header, None)
        return message, list(files)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def _decode(self, header: bytes, deadline: float | None) -> tuple[dict[str, Any], bytes]:
        body_size, blob_size = _FRAME.unpack(header)
        if body_size + blob_size > MAX_FRAME_BYTES:
            raise ChildDied(f"a frame of {body_size + blob_size} bytes")
        body = self._exactly(body_size, deadline)
        blob = self._exactly(blob_size, deadline)
        try:
            message = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise ChildDied("a frame that is not JSON") from error
        if not isinstance(message, dict):
            raise ChildDied("a frame that is not an object")
        return message, blob

    def _exactly(self, size: int, deadline: float | None) -> bytes:
        data = bytearray()
        while len(data) < size:
            if deadline is not None:
                # A frame already here is taken even when the deadline has passed meanwhile.
                self._socket.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                part = self._socket.recv(min(size - len(data), 1 << 20))
            except TimeoutError as error:
                raise ChildTimeout from error
            except OSError as error:
                raise ChildDied(str(error)) from error
            if not part:
                raise ChildDied("end of stream")
            data += part
        return bytes(data)


class SharedMemory:
    """Memory shared with a child as a file of ``size`` bytes with no name, empty until written.

    Where the system can, its size is sealed: a child that shrank it would crash the reader.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        if hasattr(os, "memfd_create"):
            self.fd = os.memfd_create("pixels", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
            os.ftruncate(self.fd, size)
            seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
            fcntl.fcntl(self.fd, fcntl.F_ADD_SEALS, seals)
        else:
            self.fd, path = tempfile.mkstemp()
            os.unlink(path)
            os.ftruncate(self.fd, size)

    def view(self, offset: int, size: int) -> memoryview:
        """The bytes from ``offset``, read-only and not copied; valid after ``close`` too.

        Raises ``ValueError`` outside of the memory.
        """
        if offset < 0 or size < 1 or offset + size > self.size:
            raise ValueError("outside of the shared memory")
        start = offset - offset % mmap.ALLOCATIONGRANULARITY
        mapped = mmap.mmap(self.fd, offset - start + size, access=mmap.ACCESS_READ, offset=start)
        return memoryview(mapped)[offset - start :]

    def close(self) -> None:
        """Let go of the memory; it is freed with its last view."""
        os.close(self.fd)


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


_SERVER_CODE = "import sys; from extraction.sandbox import serve; serve(int(sys.argv[1]))"
_PRELOAD = "extraction.decoder"

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


def serve(fd: int) -> None:
    """The server's life: fork, kill and reap children as asked, until the other side is gone.

    Children are killed and reaped here, by their parent, so no other process with a reused number
    can be hit.
    """
    importlib.import_module(_PRELOAD).preload()
    gc.freeze()  # children then share these objects' memory for longer
    sock = socket.socket(fileno=fd)
    channel = Channel(sock)
    server = os.getpid()
    with contextlib.suppress(ChildDied):
        while True:
            request, files = channel.receive_with_files(8)
            if "end" in request:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(request["end"], signal.SIGKILL)
                _, status = os.waitpid(request["end"], 0)
                channel.send({"status": os.waitstatus_to_exitcode(status)})
                continue
            pid = os.fork()
            if pid == 0:
                _run_child(request, files, sock, server)
            for file in files:
                os.close(file)
            channel.send({"pid": pid})


def _run_child(
    request: Mapping[str, Any], files: Sequence[int], server_socket: socket.socket, server: int
) -> None:
    """What a forked child does, from first to last; never returns."""
    status = 1
    try:
        server_socket.close()
        _die_with(server)
        os.dup2(1, 2)
        module, _, name = request["target"].partition(":")
        target = getattr(importlib.import_module(module), name)
        channel = Channel(socket.socket(fileno=files[0]))
        _cap(resource.RLIMIT_CORE, 0)
        _cap(resource.RLIMIT_AS, request["memory_bytes"])
        _cap(resource.RLIMIT_FSIZE, request["file_bytes"])
        _cap(resource.RLIMIT_NOFILE, 0)  # open descriptors stay usable; no new file or socket
        syscall_filter.apply()  # whether it does is told by _Server
        target(channel, files[1:])
        status = 0
    except ChildDied:
        status = 0  # the parent has hung up
    finally:
        os._exit(status)


def _cap(limit: int, value: int) -> None:
    # Not every system has every cap; the wall clock holds on all.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(limit, (value, value))


def allow_cpu(seconds: float) -> None:
    """In a child: from here on, end it after that many more seconds of CPU time.

    The backstop where the parent is stopped and cannot keep the wall clock.
    """
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime + seconds) + 2
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def _die_with(parent: int) -> None:
    if sys.platform == "linux":
        pr_set_pdeathsig, pr_set_no_new_privs = 1, 38
        prctl = ctypes.CDLL(None).prctl
        prctl(pr_set_pdeathsig, signal.SIGKILL, 0, 0, 0)
        prctl(pr_set_no_new_privs, 1, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)
