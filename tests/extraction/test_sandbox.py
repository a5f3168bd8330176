"""Children that misbehave in every way; each function of ``CHILDREN`` is what one child does."""

from __future__ import annotations

import os
import signal
import struct
import time
from collections.abc import Iterator

import pytest

from extraction import sandbox, syscall_filter
from extraction.channel import ChildDied, ChildTimeout
from extraction.sandbox import Child
from extraction.shared_memory import SharedMemory

CHILDREN = """
import ctypes, mmap, os, resource, signal, socket, threading, time
from concurrent.futures.thread import ThreadPoolExecutor

def echo(channel, files):
    while True:
        message, blob = channel.receive()
        channel.send(message, b"blob")

def hang(channel, files):
    channel.send({"hanging": True})
    while True:
        pass

def crash(channel, files):
    os.kill(os.getpid(), signal.SIGSEGV)

def leave(channel, files):
    os._exit(7)

def fail(channel, files):
    raise RuntimeError("bug")

def tell(channel, files):
    said = {"environ": dict(os.environ), "memory": "", "tried": {}}
    try:
        bytearray(10**9)
    except MemoryError:
        said["memory"] = "refused"
    for name, call in ATTEMPTS.items():
        try:
            call(channel)
            said["tried"][name] = "done"
        except OSError as error:
            said["tried"][name] = os.strerror(error.errno)
        except RuntimeError as error:
            said["tried"][name] = str(error)
    channel.send(said)

C = ctypes.CDLL(None, use_errno=True)

def c(name, *arguments):
    ctypes.set_errno(0)
    if getattr(C, name)(*arguments) == -1:
        raise OSError(ctypes.get_errno(), name)

ATTEMPTS = {
    "read a file": lambda channel: open("/etc/hostname"),
    "write a file": lambda channel: open(MARK, "w"),
    "make a folder": lambda channel: os.mkdir(MARK),
    "remove a file": lambda channel: os.unlink(KEPT),
    "rename a file": lambda channel: os.rename(KEPT, MARK),
    "empty a file": lambda channel: os.truncate(KEPT, 0),
    "open a file to all": lambda channel: os.chmod(KEPT, 0o777),
    "link to a file": lambda channel: os.symlink("/etc/passwd", MARK),
    "look at a file": lambda channel: os.stat(KEPT),
    "change the folder": lambda channel: os.chdir("/tmp"),
    "make memory a file": lambda channel: os.memfd_create("x"),
    "make a socket": lambda channel: socket.socket(),
    "connect its own": lambda channel: channel._socket.connect("/run/x"),
    "fork": lambda channel: os.fork(),
    "run a program": lambda channel: os.execv("/bin/true", ["true"]),
    "spawn a program": lambda channel: os.posix_spawn("/bin/true", ["true"], {}),
    "fork from a thread": lambda channel: ThreadPoolExecutor(1).submit(os.fork).result(),
    "read in a thread": lambda channel: ThreadPoolExecutor(1).submit(open, KEPT).result(),
    "start a thread": lambda channel: threading.Thread(target=time.sleep, args=(0,)).start(),
    "signal its parent": lambda channel: os.kill(os.getppid(), 0),
    "kill everybody": lambda channel: os.kill(-1, 0),
    "trace its parent": lambda channel: c("ptrace", 16, os.getppid(), 0, 0),
    "limit its parent": lambda channel: resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (1, 1)),
    "read another's memory": lambda channel: c(
        "process_vm_readv", os.getppid(), None, 0, None, 0, 0
    ),
    "make a namespace": lambda channel: c("unshare", 0x10000000),
    "run what it wrote": lambda channel: mmap.mmap(
        -1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
    ),
    "undo the filter": lambda channel: c("prctl", 22, 0, 0, 0, 0),
}

def look(channel, files):
    said = {}
    for name in ("read a file", "write a file", "make a socket", "look at a file"):
        try:
            ATTEMPTS[name](channel)
            said[name] = "done"
        except OSError as error:
            said[name] = os.strerror(error.errno)
    channel.send(said)

def write(channel, files):
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    os.pwrite(files[0], b"pixels", 3)
    said = {}
    for name, call in (
        ("grow", lambda: os.pwrite(files[0], b"x", 5000)),
        ("shrink", lambda: os.ftruncate(files[0], 0)),
    ):
        try:
            call()
        except OSError as error:
            said[name] = "refused"
    channel.send(said)

def raw(data):
    def child(channel, files):
        channel._socket.sendall(data)
        time.sleep(60)
    return child

half = raw(b"\\0\\0\\0\\x09")
huge = raw(b"\\xff\\xff\\xff\\xff\\0\\0\\0\\0")
pickled = raw(b"\\0\\0\\0\\x05\\0\\0\\0\\0" + b"\\x80\\x04N.x")
number = raw(b"\\0\\0\\0\\x01\\0\\0\\0\\0" + b"7")
deep = raw(b"\\0\\1\\x86\\xa0\\0\\0\\0\\0" + b"[" * 100_000)
"""

UNFILTERED = "from extraction import syscall_filter; syscall_filter.apply = lambda: False\n"


@pytest.fixture(scope="module", autouse=True)
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("children")
    (folder / "kept").write_text("kept")
    places = f"MARK, KEPT = {str(folder / 'mark')!r}, {str(folder / 'kept')!r}\n"
    (folder / "misbehaving_children.py").write_text(places + CHILDREN)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        patch.setenv("DATABASE_URL", "postgres://secret")
        sandbox.stop_server()
        yield
        sandbox.stop_server()


def start(function: str, files: tuple[int, ...] = ()) -> Child:
    return Child(
        f"misbehaving_children:{function}", files, memory_bytes=900_000_000, file_bytes=4096
    )


def soon(seconds: float = 20) -> float:
    return time.monotonic() + seconds


def gone(pid: int) -> bool:
    """Whether an orphan ends; its new parent takes a moment to reap it."""
    deadline = soon()
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not alive(pid)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_child_answers_with_data_and_bytes() -> None:
    with start("echo") as child:
        for n in range(3):
            child.send({"n": n})
            assert child.receive(soon()) == ({"n": n}, b"blob")
    assert not alive(child.pid)


def test_children_share_one_server() -> None:
    with start("echo") as one, start("echo") as two:
        two.send({"who": "two"})
        one.send({"who": "one"})
        assert one.receive(soon())[0] == {"who": "one"}
        assert two.receive(soon())[0] == {"who": "two"}


def test_hanging_child_is_killed() -> None:
    child = start("hang")
    assert child.receive(soon()) == ({"hanging": True}, b"")
    with pytest.raises(ChildTimeout):
        child.receive(soon(0.1))
    assert child.kill() == -signal.SIGKILL
    assert not alive(child.pid)
    assert child.kill() == 0


@pytest.mark.parametrize(
    ("function", "ended"), [("crash", -signal.SIGSEGV), ("leave", 7), ("fail", 1)]
)
def test_dead_child_tells_how_it_ended(function: str, ended: int) -> None:
    child = start(function)
    with pytest.raises(ChildDied):
        child.receive(soon())
    assert child.kill() == ended


def test_child_has_no_secrets_and_no_reach() -> None:
    with start("tell") as child:
        said, _ = child.receive(soon())
    assert set(said["environ"]) <= {"PYTHONPATH", "LC_ALL", "OPENBLAS_NUM_THREADS"}
    assert said["memory"] == "refused"
    refused = "Operation not permitted"
    assert said["tried"].pop("start a thread") == "done"  # decoders of HEIC do
    assert len(said["tried"]) > 20
    assert {name: outcome for name, outcome in said["tried"].items() if outcome != refused} == {}


def test_child_keeps_to_itself_where_the_system_filters_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As on a kernel without seccomp: told in the log, and what limits do still holds."""
    monkeypatch.setattr(syscall_filter, "works", lambda: False)
    monkeypatch.setattr(sandbox, "_SERVER_CODE", UNFILTERED + sandbox._SERVER_CODE)
    sandbox.stop_server()
    try:
        with start("look") as child:
            tried, _ = child.receive(soon())
    finally:
        sandbox.stop_server()
    assert "filters no system calls" in caplog.text
    refused = "Too many open files"
    assert tried["read a file"] == tried["write a file"] == tried["make a socket"] == refused
    assert tried["look at a file"] == "done", "the test is about something"


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_filter_is_a_sound_program(machine: str) -> None:
    """Jumps end within it, its last word is a refusal, and the kernel's bound is kept."""
    code = syscall_filter._program(syscall_filter.CALLS[machine], 4711)
    steps = list(struct.iter_unpack("HBBI", code))
    assert len(steps) < 4096
    assert steps[-1] == (0x06, 0, 0, 0x00050001)
    for place, (kind, if_true, if_false, _) in enumerate(steps):
        if kind & 7 == 5:
            assert place + 1 + max(if_true, if_false) < len(steps)
    calls = syscall_filter.CALLS[machine]
    assert len(set(calls.always)) == len(calls.always)


def test_shared_memory_is_written_by_the_child_and_keeps_its_size() -> None:
    memory = SharedMemory(4096)
    with start("write", (memory.fd,)) as child:
        assert child.receive(soon())[0] == {"grow": "refused", "shrink": "refused"}
    view = memory.view(3, 6)
    memory.close()
    assert bytes(view) == b"pixels"
    assert view.readonly


@pytest.mark.parametrize(("offset", "size"), [(-1, 5), (0, 0), (4000, 97)])
def test_shared_memory_refuses_a_view_outside(offset: int, size: int) -> None:
    memory = SharedMemory(4096)
    with pytest.raises(ValueError):
        memory.view(offset, size)
    memory.close()


@pytest.mark.parametrize("function", ["huge", "pickled", "number", "deep"])
def test_nonsense_from_a_child_is_its_death(function: str) -> None:
    with start(function) as child, pytest.raises(ChildDied):
        child.receive(soon())


def test_half_a_message_does_not_hold_the_parent() -> None:
    with start("half") as child, pytest.raises(ChildTimeout):
        child.receive(soon(0.3))


def test_lost_server_is_replaced() -> None:
    first = start("echo")
    assert sandbox._server is not None
    sandbox._server._process.kill()
    with pytest.raises(ChildDied):
        first.receive(soon())
    with start("echo") as second:
        second.send({"n": 1})
        assert second.receive(soon())[0] == {"n": 1}
    assert first.kill() == -signal.SIGKILL
    assert gone(first.pid)


def test_children_end_with_the_server() -> None:
    child = start("hang")
    child.receive(soon())
    sandbox.stop_server()
    assert child.kill() == -signal.SIGKILL
    assert gone(child.pid)
