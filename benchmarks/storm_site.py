"""A site in a storm of kills: what is sent, what was seen of it, and what its rows say now."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import psycopg
import requests

from ocrsite.run import Site
from tests.documents import image_png, text_pdf

RECOVERY_SECONDS = 60


@dataclass(frozen=True)
class Document:
    """What is sent; a bad one has no pages."""

    name: str
    body: bytes
    pages: int


@dataclass
class Storm:
    """What was sent, killed and seen. ``accepted``: the document of each id answered with 202."""

    running: Site
    random: random.Random
    accepted: dict[str, Document] = field(default_factory=dict)
    refused: Counter[int] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    killed: Counter[str] = field(default_factory=Counter)
    recovered: list[float] = field(default_factory=list)
    taken_up: list[float] = field(default_factory=list)
    watchers: list[threading.Thread] = field(default_factory=list)
    tried: int = 0  # kills

    def connect(self) -> psycopg.Connection[Any]:
        """A connection to the site's database."""
        return psycopg.connect(self.running.supervisor.running.owner_url, connect_timeout=3)

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows, as soon as the database answers."""
        deadline = time.monotonic() + 2 * RECOVERY_SECONDS
        while True:
            try:
                with self.connect() as connection:
                    return connection.execute(sql).fetchall()
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                if threading.current_thread() is threading.main_thread():
                    self.running.supervisor.look_after()
                time.sleep(0.1)


def documents(count: int) -> list[Document]:
    """Mixed documents: one page, three pages, a picture, a long one that is shared, a bad one."""
    three = [f"Page {n} of three, with text of its own." for n in (1, 2, 3)]
    forty = [f"Page {n} of forty, with text enough." for n in range(1, 41)]
    kinds = [
        Document("one.pdf", text_pdf(["One page of text that is read without OCR."]), 1),
        Document("three.pdf", text_pdf(three), 3),
        Document("picture.png", image_png(["Total 12.50"], 320, 80), 1),
        Document("one.pdf", text_pdf(["Another page of text that is read without OCR."]), 1),
        Document("bad.pdf", b"%PDF-1.7 and then nothing", 0),
    ]
    long = Document("long.pdf", text_pdf(forty), 40)
    return [long if n % 25 == 7 else kinds[n % len(kinds)] for n in range(count)]


def ready(storm: Storm) -> bool:
    """Whether the site answers."""
    try:
        return requests.get(f"{storm.running.url}/health/ready", timeout=5).status_code == 200
    except requests.RequestException:
        return False


def progress(storm: Storm) -> tuple[Any, ...]:
    """What changes when work goes on: pages kept, jobs ended."""
    return storm.ask(
        "SELECT (SELECT count(*) FROM jobs_page), "
        "(SELECT count(*) FROM jobs_job WHERE finished_at IS NOT NULL)"
    )[0]


def left(storm: Storm) -> int:
    """Jobs that have not ended."""
    return int(
        storm.ask("SELECT count(*) FROM jobs_job WHERE status IN ('queued', 'running')")[0][0]
    )
