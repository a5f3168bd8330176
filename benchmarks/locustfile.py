"""Load on a running site, by Locust: programs that send documents and wait, people who look.

    make load HOST=https://ocr.example.com KEY=ocrs_... USERS=20 SECONDS=60

Runs in an environment of its own, without the project's packages (requirements/load.txt). The
documents are the PDFs of LOAD_DOCUMENTS, a folder: each is sent as often as the number at its
name's end says, "scan-3.pdf" three times as often as "long-1.pdf", and none is answered from the
cache. A job is told as one request of the kind JOB, from submission to its end.
"""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

from locust import HttpUser, between, constant, task

HOLD_SECONDS = 30  # that the site may hold an answer
ENDED = ("succeeded", "partial", "failed", "cancelled")


def documents() -> tuple[list[tuple[str, bytes]], list[int]]:
    """Names and bodies, and how often each is sent."""
    paths = sorted(Path(os.environ["LOAD_DOCUMENTS"]).glob("*.pdf"))
    names = [path.stem.rpartition("-") for path in paths]
    bodies = [path.read_bytes() for path in paths]
    return [(name[0], body) for name, body in zip(names, bodies, strict=True)], [
        int(name[2]) for name in names
    ]


class Program(HttpUser):
    """Sends a document, waits until it is read, fetches the result; then the next."""

    weight = 9
    wait_time = constant(0)

    def on_start(self) -> None:
        """Its key goes with every call."""
        self.client.headers["Authorization"] = f"Bearer {os.environ['LOAD_KEY']}"
        self.documents, self.often = documents()

    @task
    def read(self) -> None:
        """One document."""
        ((name, body),) = random.choices(self.documents, self.often)
        begun = time.perf_counter()
        sent = self.client.post(
            "/api/v1/ocr/jobs",
            files={"file": (f"{name}.pdf", body, "application/pdf")},
            data={"cache": "false"},
            name=f"submit {name}",
        )
        if sent.status_code != 202:
            time.sleep(1)  # refused: told among the failures
            return
        job = sent.json()
        while job["status"] not in ENDED:
            path = f"/api/v1/ocr/jobs/{job['id']}"
            found = self.client.get(path, params={"wait": HOLD_SECONDS}, name="wait")
            if not found.ok:
                return
            job = found.json()
        wrong = None if job["status"] == "succeeded" else RuntimeError(job["status"])
        self.environment.events.request.fire(
            request_type="JOB",
            name=f"read {name}",
            response_time=(time.perf_counter() - begun) * 1000,
            response_length=len(body),
            exception=wrong,
            context={},
        )
        self.client.get(f"/api/v1/ocr/jobs/{job['id']}/result.json", name="result")


class Person(HttpUser):
    """Looks at lists and figures now and then."""

    weight = 1
    wait_time = between(1, 5)

    def on_start(self) -> None:
        """As a program's."""
        self.client.headers["Authorization"] = f"Bearer {os.environ['LOAD_KEY']}"

    @task(3)
    def jobs(self) -> None:
        """The newest."""
        self.client.get("/api/v1/ocr/jobs", name="list")

    @task
    def usage(self) -> None:
        """What has been used."""
        self.client.get("/api/v1/usage", name="usage")
