"""The promise: whatever is killed, every job ends once and is billed once."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
import requests

from benchmarks.storm import run
from ocrsite.embedded import free_port
from ocrsite.run import Site, site
from tests.documents import text_pdf

pytestmark = pytest.mark.slow

KINDS = {"worker", "decode child", "web process", "web server", "sweeper", "Valkey", "PostgreSQL"}


def test_whatever_is_killed_every_job_ends_once_and_is_billed_once(tmp_path: Path) -> None:
    """Workers, decoders, web, sweeper, Valkey with all its memory, PostgreSQL: a small storm."""
    tmp_path.chmod(0o755)  # as root, PostgreSQL runs as another user
    storm = run(tmp_path / "site", jobs=60, kills=10, seed=5, seconds=240)
    assert len(storm.accepted) == 60
    assert set(storm.killed) == KINDS


def connect(running: Site) -> psycopg.Connection[Any]:
    """A connection to the site's database."""
    return psycopg.connect(running.supervisor.running.owner_url)


def counts(running: Site) -> dict[str, int]:
    """Jobs by status."""
    with connect(running) as connection:
        rows = connection.execute("SELECT status, count(*) FROM jobs_job GROUP BY status")
        return dict(rows.fetchall())


def wait_for(running: Site, reached: Any, seconds: float) -> None:
    """Look after the site until the counts are as wanted."""
    deadline = time.monotonic() + seconds
    while not reached(counts(running)):
        assert time.monotonic() < deadline, counts(running)
        running.supervisor.look_after()
        time.sleep(0.2)


def test_stopping_a_worker_hands_its_job_back_and_leaves_no_process(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with site(tmp_path / "site", port=free_port(), workers=1) as running:
        worker = next(p for p in running.supervisor.programs if p.name == "worker 1").process
        assert worker is not None
        answer = requests.post(
            f"{running.url}/api/v1/ocr/jobs",
            headers={"Authorization": f"Bearer {running.key}"},
            files={"file": ("long.pdf", text_pdf(["A page with text enough."] * 160))},
            timeout=30,
        )
        wait_for(running, lambda counts: counts.get("running") == 1, 60)
        family = [worker.pid, *(p.pid for p in psutil.Process(worker.pid).children(True))]
        worker.terminate()
        assert worker.wait(30) == 0
        _, alive = psutil.wait_procs(
            [psutil.Process(pid) for pid in family if psutil.pid_exists(pid)], timeout=10
        )
        assert alive == []
        with connect(running) as connection:
            row = connection.execute(
                "SELECT status, (SELECT max(crashes) FROM jobs_task) FROM jobs_job"
            ).fetchone()
        assert row == ("queued", 0)
        wait_for(running, lambda counts: counts.get("succeeded") == 1, 120)
        result = requests.get(
            answer.json()["links"]["self"] + "/result.json",
            headers={"Authorization": f"Bearer {running.key}"},
            timeout=30,
        ).json()
    assert [page["number"] for page in result["pages"]] == list(range(1, 161))
