"""jobs/site_probe.py: the site asked from outside, and each minute kept once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.db import OperationalError
from pytest_django import Settings

from jobs import housekeeping, site_probe
from jobs.models import SiteAnswer
from jobs.site_probe import KEPT_DAYS, Prober, answers, keep

MINUTE = datetime(2026, 11, 3, 12, tzinfo=UTC)


@pytest.fixture
def site() -> Iterator[str]:
    """A server whose path says how it answers."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/cut":
                return
            self.send_response(int(self.path[1:]))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_answer_is_one_that_says_ready(site: str) -> None:
    assert answers(f"{site}/200")
    for path in ("503", "500", "404", "cut"):
        assert not answers(f"{site}/{path}")
    assert not answers("http://127.0.0.1:1/200")
    assert not answers("nothing")


@pytest.mark.django_db
def test_each_minute_is_kept_once_as_answered_if_any_sweeper_was() -> None:
    keep({MINUTE: False})
    keep({MINUTE: True})
    keep({MINUTE: False, MINUTE + timedelta(minutes=1): False})
    rows = SiteAnswer.objects.order_by("minute").values_list("minute", "answered")
    assert list(rows) == [(MINUTE, True), (MINUTE + timedelta(minutes=1), False)]
    old = datetime.now(UTC) - timedelta(days=KEPT_DAYS, minutes=1)
    keep({old: True})
    assert not SiteAnswer.objects.filter(minute=old).exists()


@pytest.mark.django_db
def test_minutes_without_a_database_are_kept_when_it_is_back(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SITE_PROBE_URL = "http://127.0.0.1:1/"
    prober = Prober()

    def away(minutes: object) -> None:
        raise OperationalError("away")

    with monkeypatch.context() as patch:
        patch.setattr(site_probe, "keep", away)
        with pytest.raises(OperationalError):
            prober.run(lambda: False)
    (first,) = prober._waiting
    prober._waiting[first - timedelta(minutes=1)] = True
    prober.run(lambda: False)
    assert not prober._waiting
    kept = dict(SiteAnswer.objects.values_list("minute", "answered"))
    assert kept[first - timedelta(minutes=1)] is True
    assert kept[first] is False


def test_sweeper_asks_unless_it_is_told_not_to(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "look_after", lambda *args: None)
    names = []
    for settings.SITE_PROBE_URL in ("", "http://127.0.0.1:1/"):
        started = housekeeping.start(threading.Event())
        names.append("site probe" in [thread.name for thread in started])
        for thread in started:
            thread.join()
    assert names == [False, True]
