"""Documents go out in pieces, whole, and once more from their beginning."""

from __future__ import annotations

import gzip
import io
import tracemalloc
from pathlib import Path
from typing import Any

import httpx2

from ocrsite_client import Client
from ocrsite_client.sources import name_of

JOB: dict[str, Any] = {
    "id": "01a2",
    "name": "a",
    "status": "queued",
    "pages": {"total": None, "done": 0, "failed": 0},
    "error": None,
    "links": {},
}
BATCH: dict[str, Any] = {"id": "01a2", "name": "", "status": "running", "documents": {}}


class Taken(httpx2.BaseTransport):
    """What a site takes: the body's length as it was said and as it came, and its end."""

    def __init__(self, answer: dict[str, Any], *statuses: int) -> None:
        self._answer, self._statuses = answer, list(statuses)
        self.bodies: list[tuple[int, int, bytes]] = []

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        length, end = 0, b""
        stream: Any = request.stream
        for piece in stream:
            length += len(piece)
            end = (end + piece)[-500:]
        self.bodies.append((int(request.headers["Content-Length"]), length, end))
        status = self._statuses.pop(0) if self._statuses else 202
        return httpx2.Response(status, json=self._answer)

    def client(self) -> Client:
        """A client of that site."""
        return Client("https://ocr.example", "ocrs_x", http=httpx2.Client(transport=self))


def test_large_file_is_never_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.pdf"
    with path.open("wb") as file:
        file.truncate(100_000_000)
    taken = Taken(JOB)
    tracemalloc.start()
    with taken.client() as site:
        site.submit(path)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    ((said, came, _),) = taken.bodies
    assert said == came > 100_000_000
    assert most < 2_000_000


def test_file_is_sent_again_from_its_beginning(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("ocrsite_client.retrying.FIRST_DELAY", 0)
    monkeypatch.setattr("ocrsite_client.client.time.sleep", lambda seconds: None)
    packed = tmp_path / "a.gz"
    packed.write_bytes(gzip.compress(b"unpacked " * 1000))
    reading = gzip.open(packed)  # noqa: SIM115
    for source in (packed, io.BytesIO(b"x" * 70_000), reading):
        taken = Taken(JOB, 503, 502)
        with taken.client() as site:
            site.submit(source)  # type: ignore[arg-type]
        first, second, third = [(said, came) for said, came, _ in taken.bodies]
        assert first == second == third
        assert first[0] == first[1]
    reading.close()
    assert first[0] > 9000  # as it reads, not as it lies there


def test_batch_of_more_files_than_can_be_open_is_sent(tmp_path: Path, monkeypatch: Any) -> None:
    opened: list[int] = []
    real = Path.open

    def counted(self: Path, *arguments: Any, **more: Any) -> Any:
        file = real(self, *arguments, **more)
        opened.append(sum(not each.closed for each in files))
        files.append(file)
        return file

    files: list[Any] = []
    paths = [tmp_path / f"{number}.pdf" for number in range(30)]
    for path in paths:
        path.write_bytes(b"%PDF-")
    monkeypatch.setattr(Path, "open", counted)
    taken = Taken(BATCH)
    with taken.client() as site:
        site.submit_batch([*paths, "https://files.example/a.pdf"])
    ((said, came, end),) = taken.bodies
    assert said == came
    assert b'filename="29.pdf"' in end
    assert max(opened) <= 1
    assert all(file.closed for file in files)


def test_names_are_those_of_files() -> None:
    named = io.BytesIO()
    named.name = "/some/where/may.pdf"
    piped = io.BytesIO()
    piped.name = "<stdin>"
    assert [name_of(each) for each in (named, piped, b"", "a/b.pdf", Path("a/c.pdf"))] == [
        "may.pdf",
        "document",
        "document",
        "b.pdf",
        "c.pdf",
    ]
