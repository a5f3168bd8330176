"""A browser, people signed in to it, and workers behind the site."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site_settings
from django.test import Client

from tests import browser
from tests.pages.visiting import Visits
from tests.working import working

HERE = Path(__file__).parent
# Playwright's loop runs in the tests' thread; the ORM is asked there all the same
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A browser takes long, whatever it is asked."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker("slow")


@pytest.fixture(scope="package")
def chromium() -> Iterator[Any]:
    """The browser, one for all these tests of the process, and with it Playwright's loop."""
    if why := browser.missing():
        pytest.skip(why)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=browser.chromium(), args=browser.QUIET)
        yield started
        started.close()


@pytest.fixture
def visits(
    transactional_db: None,
    chromium: Any,
    live_server: Any,
    files: Any,
    empty_queue: None,
    settings: Any,
) -> Iterator[Visits]:
    """Opens pages of the site for people; what the browser refused or failed at fails the test."""
    settings.SITE_URL = live_server.url

    def session_of(person: Any) -> dict[str, Any]:
        client = Client()
        client.force_login(person)
        name = site_settings.SESSION_COOKIE_NAME
        return {"name": name, "value": client.cookies[name].value, "url": live_server.url}

    opened = Visits(chromium, live_server.url, session_of)
    yield opened
    opened.close()
    assert opened.troubles == []


@pytest.fixture
def worker(visits: Visits) -> Iterator[None]:
    """A worker that does what is submitted, with the real engines, until the test ends."""
    with working():
        yield
