"""The promise: whatever is killed, every job ends once and is billed once."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
import requests

from ocrsite.embedded import free_port
from ocrsite.run import Site, site
from tests.documents import image_png, text_pdf

pytestmark = pytest.mark.slow

JOBS = 200


def documents() -> list[tuple[str, bytes, int]]:
    """Mixed documents: media type, body and number of pages."""
    single = text_pdf(["One page of text that the platform reads without OCR."])
    triple = text_pdf([f"Page {n} of a longer document, with text of its own." for n in (1, 2, 3)])
    picture = image_png(["Total 12.50"], 320, 80)
    kinds = [("application/pdf", single, 1), ("application/pdf", triple, 3)]
    return [kinds[n % 3 == 1] if n % 5 else ("image/png", picture, 1) for n in range(JOBS)]


def test_jobs_all_finish_once_when_worker_and_valkey_are_killed(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)  # as root, PostgreSQL runs as another user
    sent = documents()
    with site(tmp_path / "site", port=free_port(), workers=2) as running:
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {running.key}"
        for number, (media_type, body, _) in enumerate(sent):
            answer = session.post(
                f"{running.url}/api/v1/ocr/jobs",
                files={"file": (f"{number}", body, media_type)},
                timeout=30,
            )
            assert answer.status_code == 202, answer.text
        wait_for(running, lambda counts: counts.get("succeeded", 0) >= 30, 120)

        valkey = running.supervisor.running.valkey
        assert valkey is not None
        assert valkey.process is not None
        worker = next(p for p in running.supervisor.programs if p.name == "worker 1").process
        assert worker is not None
        in_hand = stop_in_the_middle(running, worker.pid)
        assert counts(running).get("queued", 0) > 0
        os.kill(worker.pid, signal.SIGKILL)
        os.kill(valkey.process.pid, signal.SIGKILL)
        valkey.process.wait()
        killed = time.monotonic()
        running.supervisor.look_after()
        wait_for(running, lambda _: done(running, in_hand), 60)
        print(f"the killed worker's job was done {time.monotonic() - killed:.1f} s after the kill")
        wait_for(running, lambda counts: counts.get("succeeded", 0) == JOBS, 180)
        print(f"all jobs were done {time.monotonic() - killed:.1f} s after the kill")

        with connect(running) as connection:
            billed = connection.execute(
                "SELECT count(*), count(DISTINCT job_id), sum(pages) FROM accounts_usagerecord"
            ).fetchone()
            pages = connection.execute(
                "SELECT count(*), count(DISTINCT (job_id, number)) FROM jobs_page"
            ).fetchone()
    total = sum(pages for _, _, pages in sent)
    assert billed == (JOBS, JOBS, total)
    assert pages == (total, total)


def connect(running: Site) -> psycopg.Connection[Any]:
    """A connection to the site's database."""
    return psycopg.connect(running.supervisor.running.database_url)


def counts(running: Site) -> dict[str, int]:
    """Jobs by status."""
    with connect(running) as connection:
        rows = connection.execute("SELECT status, count(*) FROM jobs_job GROUP BY status")
        return dict(rows.fetchall())


def stop_in_the_middle(running: Site, pid: int) -> str:
    """Freeze the worker while it has a job in hand; returns the job's id."""
    for _ in range(500):
        os.kill(pid, signal.SIGSTOP)
        with connect(running) as connection:
            row = connection.execute(
                "SELECT job_id FROM jobs_task WHERE state = 'running' AND worker LIKE %s",
                [f"%:{pid}"],
            ).fetchone()
        if row is not None:
            return str(row[0])
        os.kill(pid, signal.SIGCONT)
        time.sleep(0.01)
    raise AssertionError("the worker never had a job in hand")


def done(running: Site, job_id: str) -> bool:
    """Whether the job has succeeded, at its second attempt."""
    with connect(running) as connection:
        row = connection.execute(
            "SELECT status, attempt FROM jobs_job WHERE id = %s", [job_id]
        ).fetchone()
    return row == ("succeeded", 2)


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
            files={"file": ("long.pdf", text_pdf(["A page with text enough."] * 300))},
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
    assert [page["number"] for page in result["pages"]] == list(range(1, 301))


def test_jobs_all_finish_once_when_postgresql_is_killed(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with site(tmp_path / "site", port=free_port(), workers=1) as running:
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {running.key}"
        body = text_pdf([f"Page {n} with text enough." for n in range(1, 6)])
        accepted = 0
        for number in range(30):
            if number == 20:
                postgres = running.supervisor.running.postgres
                assert postgres is not None
                os.kill(postgres.pid, signal.SIGKILL)
            answer = session.post(
                f"{running.url}/api/v1/ocr/jobs", files={"file": (f"{number}", body)}, timeout=30
            )
            if answer.status_code == 503:
                assert answer.json()["code"] == "database_unavailable"
            else:
                assert answer.status_code == 202, answer.text
                accepted += 1
            running.supervisor.look_after()
        assert accepted >= 20

        def settled() -> bool:
            running.supervisor.look_after()
            try:
                return counts(running).get("succeeded", 0) >= accepted
            except psycopg.OperationalError:
                return False  # not up again yet

        deadline = time.monotonic() + 300
        while not settled():
            assert time.monotonic() < deadline
            time.sleep(0.5)
        with connect(running) as connection:
            billed = connection.execute(
                "SELECT count(*), count(DISTINCT job_id), sum(pages) FROM accounts_usagerecord"
            ).fetchone()
            jobs = counts(running)
    assert set(jobs) == {"succeeded"}
    assert billed == (jobs["succeeded"], jobs["succeeded"], 5 * jobs["succeeded"])
