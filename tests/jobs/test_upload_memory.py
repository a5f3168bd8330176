"""jobs/uploads.py: what a large upload costs the web process"""

from __future__ import annotations

import io
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler

from jobs.models import Job
from tests.people import Organisation

BOUNDARY = "b" * 20
HEAD = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n'
    "Content-Type: application/pdf\r\n\r\n%PDF-1.7\n"
).encode()
TAIL = f"\r\n--{BOUNDARY}--\r\n".encode()
MOST_MORE = 20_000_000


class Body(io.RawIOBase):
    """A form with a file of so many bytes, made as it is read."""

    def __init__(self, size: int) -> None:
        self.length = len(HEAD) + size + len(TAIL)
        self._left = [io.BytesIO(HEAD), size, io.BytesIO(TAIL)]
        self._zeros = bytes(65_536)

    def read(self, size: int = -1) -> bytes:
        begin, middle, end = self._left
        assert isinstance(begin, io.BytesIO)
        assert isinstance(middle, int)
        assert isinstance(end, io.BytesIO)
        if got := begin.read(size):
            return got
        if middle:
            step = min(middle, size if size >= 0 else middle, len(self._zeros))
            self._left[1] = middle - step
            return self._zeros[:step]
        return end.read(size)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("files", "empty_queue")
def test_upload_of_fifty_megabytes_adds_little_to_the_web_process(
    acme: Organisation, files: Path
) -> None:
    size = settings.LIMITS.max_bytes - 1_000
    body, status = Body(size), []
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/api/v1/ocr/jobs",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": f"multipart/form-data; boundary={BOUNDARY}",
        "CONTENT_LENGTH": str(body.length),
        "HTTP_AUTHORIZATION": f"Bearer {acme.raw_key}",
        "wsgi.input": body,
        "wsgi.url_scheme": "http",
    }
    application = WSGIHandler()
    tracemalloc.start()
    try:
        answer = application(environ, lambda line, headers: status.append(line))  # type: ignore[arg-type]
        b"".join(answer)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert status == ["202 Accepted"]
    stored = Job.objects.get().file
    assert (files / stored.key).stat().st_size == stored.size == size + len(b"%PDF-1.7\n")
    assert peak < MOST_MORE
