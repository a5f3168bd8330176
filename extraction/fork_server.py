"""The fork server of ``extraction.sandbox``, and what its children do first: giving up rights."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import os
import resource
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from extraction import syscall_filter
from extraction.channel import Channel, ChildDied

PRELOADED = "extraction.decoder"


def serve(fd: int) -> None:
    """The server's life: fork, kill and reap children as asked, until the other side is gone.

    Children are killed and reaped here, by their parent, so no other process with a reused number
    can be hit.
    """
    importlib.import_module(PRELOADED).preload()
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
        syscall_filter.apply()  # whether it does is told by its owner
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
