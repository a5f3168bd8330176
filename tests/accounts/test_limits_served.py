"""The limits of a real site: two web processes, many connections, a Valkey that hangs."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from ocrsite.embedded import free_port
from ocrsite.run import Site, site
from tests.documents import text_pdf

pytestmark = pytest.mark.slow
PDF = text_pdf(["One page."])


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site without workers, under the limits that it has by default."""
    folder = tmp_path_factory.mktemp("served")
    for parent in (folder, folder.parent):
        parent.chmod(0o755)  # as root, PostgreSQL runs as another user
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith("RATE_"):
                patch.delenv(name)
        with site(folder / "site", port=free_port(), workers=0) as started:
            yield started


def submit(running: Site, body: bytes = PDF) -> requests.Response:
    return requests.post(
        f"{running.url}/api/v1/ocr/jobs",
        headers={"Authorization": f"Bearer {running.key}"},
        files={"file": ("a.pdf", body)},
        timeout=60,
    )


def read(running: Site) -> tuple[int, float]:
    """Status and seconds of a call that lists jobs."""
    begun = time.monotonic()
    answer = requests.get(
        f"{running.url}/api/v1/ocr/jobs",
        headers={"Authorization": f"Bearer {running.key}"},
        timeout=60,
    )
    return answer.status_code, time.monotonic() - begun


def test_400_concurrent_submissions_admit_ten(running: Site) -> None:
    with ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(lambda _: submit(running), range(400)))
    assert Counter(answer.status_code for answer in answers) == {202: 10, 429: 390}


def test_refused_upload_is_answered_however_large(running: Site) -> None:
    answer = submit(running, b"%PDF-" + bytes(40_000_000))
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")


def test_hanging_redis_leaves_limits_and_answers(running: Site) -> None:
    valkey = running.supervisor.running.valkey
    assert valkey is not None
    assert valkey.process is not None
    valkey.process.send_signal(signal.SIGSTOP)
    try:
        reads = [read(running) for _ in range(40)]
        assert {status for status, _ in reads} == {200}
        slow = [seconds for _, seconds in reads if seconds > 0.4]
        assert len(slow) <= 4, "a process waits for it once, then leaves it alone for a while"
        assert max(slow) < 2
        with ThreadPoolExecutor(50) as pool:
            statuses = Counter(
                answer.status_code for answer in pool.map(lambda _: submit(running), range(100))
            )
        # each of two processes counts for itself
        assert set(statuses) == {202, 429}
        assert statuses[202] <= 20
    finally:
        valkey.process.send_signal(signal.SIGCONT)
