"""Programs and a person who use a site without a break, and what they were answered by phases."""

from __future__ import annotations

import random
import re
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import requests

from tests.documents import text_pdf

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
PAGES = ("/", "/jobs", "/review", "/templates", "/organisation/members")


@dataclass
class Phase:
    """What was asked while it lasted."""

    name: str
    answers: list[tuple[int, float]] = field(default_factory=list)  # status, seconds
    failures: list[str] = field(default_factory=list)


@dataclass
class Load:
    """Clients, and the addresses that they ask in turn."""

    key: str
    login: tuple[str, str]
    addresses: list[str] = field(default_factory=list)
    phases: list[Phase] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def ask(
        self, session: requests.Session, method: str, path: str, **more: object
    ) -> requests.Response | None:
        """The answer of one of the addresses; None where there was none."""
        phase, address = self.phases[-1], random.choice(self.addresses)
        begun = time.perf_counter()
        try:
            answer = session.request(method, address + path, timeout=60, **more)  # type: ignore[arg-type]
        except requests.RequestException as error:
            phase.failures.append(f"{method} {path}: {type(error).__name__}")
            return None
        phase.answers.append((answer.status_code, time.perf_counter() - begun))
        if answer.status_code >= 500:
            phase.failures.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        return answer

    def programs(self) -> None:
        """Send a document, wait for it, fetch what was read; again and again."""
        session, number = requests.Session(), 0
        session.headers["Authorization"] = f"Bearer {self.key}"
        while not self.over.is_set():
            number += 1
            words = f"Invoice number: A-{number}-{threading.get_ident()}\nTotal: 119.00 EUR"
            sent = self.ask(
                session, "POST", "/api/v1/ocr/jobs", files={"file": ("a.pdf", text_pdf([words]))}
            )
            if sent is None or sent.status_code != 202:
                continue
            job = sent.json()["id"]
            self.accepted.append(job)
            while not self.over.is_set():
                told = self.ask(session, "GET", f"/api/v1/ocr/jobs/{job}")
                if (
                    told is not None
                    and told.ok
                    and told.json()["status"] in ("succeeded", "failed")
                ):
                    break
                self.over.wait(0.2)
            for path in (f"/api/v1/ocr/jobs/{job}/result", "/api/v1/ocr/jobs", "/api/v1/usage"):
                self.ask(session, "GET", path)

    def people(self) -> None:
        """Sign in once; open pages."""
        session = requests.Session()
        form = self.ask(session, "GET", "/login")
        token = TOKEN.search(form.text if form is not None else "")
        email, password = self.login
        body = {"username": email, "password": password}
        if token:
            body["csrfmiddlewaretoken"] = token[1]
        self.ask(session, "POST", "/login", data=body)
        while not self.over.is_set():
            for path in (*PAGES, *(f"/jobs/{job}" for job in self.accepted[-1:])):
                opened = self.ask(session, "GET", path)
                if opened is not None and opened.url.split("?")[0].endswith("/login"):
                    self.phases[-1].failures.append(f"GET {path}: signed out")

    @contextmanager
    def phase(self, name: str, seconds: float = 0) -> Iterator[None]:
        """What is asked from now on is of this phase, for so long at least."""
        self.phases.append(Phase(name))
        print(f"... {name}", file=sys.stderr, flush=True)
        begun = time.monotonic()
        yield
        time.sleep(max(0.0, begun + seconds - time.monotonic()))


def table(phases: Sequence[Phase]) -> str:
    """A row for each phase, as Markdown."""
    lines = ["| phase | answers | 5xx or none | median ms | slowest ms |", "|---|---|---|---|---|"]
    for phase in phases:
        times = sorted(seconds * 1000 for _status, seconds in phase.answers) or [0.0]
        lines.append(
            f"| {phase.name} | {len(phase.answers)} | {len(phase.failures)} "
            f"| {times[len(times) // 2]:.0f} | {times[-1]:.0f} |"
        )
    return "\n".join(lines)
