"""When each page shows its first content in Chromium, how much it transfers, how much it shifts.

A whole site is started (gunicorn, static files compressed), with something on every page; each page
off the table of routes is opened by its owner, first once to warm the server, then with the
browser's cache off as often as ``--rounds`` says. Server and browser share the machine, without a
network between them. Prints tables in Markdown.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.unlimited import lift_limits
from ocrsite.embedded import free_port
from ocrsite.run import Site, site
from tests import browser

if TYPE_CHECKING:
    from playwright.sync_api import Page

SIZES = ((1440, 900), (360, 740))
ID = r"[0-9a-f]{8}-[0-9a-f-]{27}"
WORST = 10  # pages in the table
PAINTED = """() => new Promise((done) => new PerformanceObserver((seen) => {
  const paint = seen.getEntriesByName("first-contentful-paint")[0];
  if (paint) done(paint.startTime);
}).observe({type: "paint", buffered: true}))"""


@dataclass(frozen=True, slots=True)
class Opened:
    """A page's first content in milliseconds (the median), bytes without documents' pictures, and
    the sum of its layout shifts."""

    path: str
    first: float
    transferred: int
    shift: float


class View:
    """A browser's page; nothing comes from its cache."""

    def __init__(self, page: Page) -> None:
        from tests.pages.visiting import SHIFTS

        self.page, self.bytes, self.pictures = page, 0, set[str]()
        page.add_init_script(SHIFTS)
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.send("Network.setCacheDisabled", {"cacheDisabled": True})
        session.on("Network.responseReceived", self._received)
        session.on("Network.loadingFinished", self._finished)

    def open(self, path: str, rounds: int) -> Opened | None:
        """As often as that, after a first time; None where it is no page."""
        from tests.pages.visiting import shifts

        answer = self.page.goto(path)
        assert answer is not None, path
        assert answer.ok, path
        if not answer.text().startswith("<!DOCTYPE"):
            return None
        times = []
        for _ in range(rounds):
            self.bytes = 0
            self.page.goto(path, wait_until="networkidle")
            times.append(float(self.page.evaluate(PAINTED)))
        moved = sum(shift["value"] for shift in shifts(self.page))
        return Opened(path, statistics.median(times), self.bytes, moved)

    def _received(self, told: Any) -> None:
        if told["response"]["mimeType"] == "image/jpeg":
            self.pictures.add(told["requestId"])

    def _finished(self, told: Any) -> None:
        if told["requestId"] not in self.pictures:
            self.bytes += int(told["encodedDataLength"])


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    lift_limits()
    os.environ["LOG_LEVEL"] = "ERROR"
    with tempfile.TemporaryDirectory(prefix="ocrsite-bench-") as folder:
        Path(folder).chmod(0o755)
        with site(Path(folder), port=free_port(), workers=0) as running:
            measure(running, rounds)


def measure(running: Site, rounds: int) -> None:
    """Every page at each size, and a table for each."""
    os.environ |= {**running.supervisor.env, "DJANGO_ALLOW_ASYNC_UNSAFE": "true"}
    os.environ |= {"DJANGO_SETTINGS_MODULE": "ocrsite.settings", "ALLOWED_HOSTS": "testserver"}
    import django

    django.setup()
    from playwright.sync_api import sync_playwright

    from accounts.row_security import process_sees_everything
    from tests.pages.everything import SIGNED_OUT, everything
    from tests.people import organisation

    process_sees_everything()
    pages = everything(organisation("acme"))
    cookie = session_cookie(pages.organisation.owner, running.url)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=browser.chromium(), args=browser.QUIET)
        for width, height in SIZES:
            owner, nobody = (
                started.new_context(
                    viewport={"width": width, "height": height}, base_url=running.url
                )
                for _ in range(2)
            )
            owner.add_cookies([cookie])
            views = View(owner.new_page()), View(nobody.new_page())
            found = [
                views[path.strip("/") in SIGNED_OUT].open(path, rounds) for path in pages.addresses
            ]
            tell(width, [page for page in found if page])
        started.close()


def session_cookie(person: Any, url: str) -> Any:
    """Of a browser in which the person is signed in."""
    from django.conf import settings
    from django.test import Client

    client, name = Client(), settings.SESSION_COOKIE_NAME
    client.force_login(person)
    return {"name": name, "value": client.cookies[name].value, "url": url}


def tell(width: int, found: list[Opened]) -> None:
    """The table."""
    first, sizes = [page.first for page in found], [page.transferred / 1000 for page in found]
    shift = [page.shift for page in found]
    print(f"\n{len(found)} pages, {width} px wide\n\n| | median | most |\n|---|---|---|")
    print(f"| first content, ms | {statistics.median(first):.0f} | {max(first):.0f} |")
    print(f"| transferred, kB | {statistics.median(sizes):.0f} | {max(sizes):.0f} |")
    print(f"| layout shift | {statistics.median(shift):.3f} | {max(shift):.3f} |")
    print("\n| page | first content, ms | kB | layout shift |\n|---|---|---|---|")
    for page in sorted(found, key=lambda page: -page.first)[:WORST]:
        print(
            f"| {re.sub(ID, 'ID', page.path)} | {page.first:.0f} | {page.transferred / 1000:.0f} "
            f"| {page.shift:.3f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
