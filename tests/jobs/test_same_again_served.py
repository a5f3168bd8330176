"""The same document and the same request on a real site: processes of their own, real OCR."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests

from ocrsite.embedded import free_port
from ocrsite.run import Site, site
from tests.documents import image_png, text_pdf

pytestmark = pytest.mark.slow
SCAN = image_png(["Invoice 4711", "Total 12.50"], 640, 240)


def post(running: Site, body: bytes, **headers: str) -> requests.Response:
    """The answer to a submission that waits for its end."""
    return requests.post(
        f"{running.url}/api/v1/ocr/jobs?wait=60",
        headers={"Authorization": f"Bearer {running.key}", **headers},
        files={"file": ("a", body)},
        timeout=90,
    )


def at_once(running: Site, times: int, body: bytes, **headers: str) -> list[dict[str, Any]]:
    """The jobs answered to so many submissions at once, when they have ended."""
    with ThreadPoolExecutor(times) as pool:
        answers = list(pool.map(lambda _: post(running, body, **headers), range(times)))
    assert {answer.status_code for answer in answers} <= {200, 202}, answers[0].text
    jobs = []
    for answer in answers:
        job = answer.json()
        while not job["finished_at"]:
            running.supervisor.look_after()
            job = requests.get(
                job["links"]["self"] + "?wait=5",
                headers={"Authorization": f"Bearer {running.key}"},
                timeout=30,
            ).json()
        jobs.append(job)
    return jobs


def counted(running: Site, what: str) -> Any:
    """A number from the site's database."""
    with psycopg.connect(running.supervisor.running.owner_url) as connection:
        row = connection.execute(f"SELECT {what}").fetchone()
    return None if row is None else row[0]


def test_many_at_once_are_read_once_and_billed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o755)  # as root, PostgreSQL runs as another user
    monkeypatch.setenv("RESULT_CACHE_SECONDS", "3600")
    with site(tmp_path / "site", port=free_port(), workers=2) as running:
        jobs = at_once(running, 20, SCAN)
        assert len({job["id"] for job in jobs}) == 20
        assert [job["status"] for job in jobs] == ["succeeded"] * 20
        assert sum(job["cached"] for job in jobs) == 19
        assert counted(running, "count(*) FROM jobs_job WHERE attempt > 0") == 1
        assert counted(running, "sum(pages) FROM accounts_usagerecord") == 1
        again = post(running, SCAN)
        assert (again.status_code, again.json()["cached"]) == (200, True)

        body = text_pdf(["A page for fifty."])
        jobs = at_once(running, 50, body, **{"Idempotency-Key": str(uuid.uuid4())})
        assert len({job["id"] for job in jobs}) == 1
        assert counted(running, "count(*) FROM jobs_job") == 22
        assert counted(running, "count(*) FROM jobs_storedfile") == 22
        uploads = (tmp_path / "site").rglob("uploads/*")
        assert sum(path.is_file() for path in uploads) == 22
