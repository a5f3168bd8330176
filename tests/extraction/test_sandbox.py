"""Children that misbehave in every way; each function of ``CHILDREN`` is what one child does."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest

from extraction import sandbox
from extraction.sandbox import Child, ChildDied, ChildTimeout, SharedMemory

CHILDREN = """
import os, signal, socket, time

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
    said = {"environ": dict(os.environ), "memory": "", "file": "", "socket": ""}
    try:
        bytearray(10**9)
    except MemoryError:
        said["memory"] = "refused"
    for name, call in (
        ("file", lambda: open("/etc/hostname")),
        ("socket", lambda: socket.socket()),
    ):
        try:
            call()
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


@pytest.fixture(scope="module", autouse=True)
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("children")
    (folder / "misbehaving_children.py").write_text(CHILDREN)
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
    assert said["file"] == said["socket"] == "Too many open files"


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
