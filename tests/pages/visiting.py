"""Pages as people see them: opened, looked at by axe-core, measured."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests import browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

PHONE, TABLET, DESKTOP = (360, 740), (768, 1024), (1440, 900)
SHIFTS = """
window.__shifts = [];
new PerformanceObserver((seen) => {
  for (const {value, hadRecentInput, sources} of seen.getEntries())
    if (!hadRecentInput) window.__shifts.push({value, of: sources.map((source) => [
      (source.node?.outerHTML ?? source.node?.textContent ?? "gone").slice(0, 200),
      source.previousRect.toJSON(), source.currentRect.toJSON(),
    ])});
}).observe({type: "layout-shift", buffered: true});
"""
PLACES = """() => {
  const found = {};
  const parts = "main :is(h1, h2, h3, a, button, summary, label, th, dt, nav, progress, footer)";
  for (const part of document.querySelectorAll(parts)) {
    const box = part.getBoundingClientRect();
    const words = `${part.localName} ${part.id || part.innerText.trim()}`;
    if (box.height && !(words in found)) found[words] = Math.round(box.top + scrollY);
  }
  return found;
}"""
DRAWN = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


class Visits:
    """People's browsers on the site; ``troubles`` is what a page failed at, or was refused."""

    def __init__(
        self, chromium: Browser, site: str, session_of: Callable[[Any], dict[str, Any]]
    ) -> None:
        self.chromium, self.site, self.session_of = chromium, site, session_of
        self.contexts: list[BrowserContext] = []
        self.troubles: list[str] = []

    def open(
        self,
        person: Any = None,
        path: str = "/",
        *,
        size: tuple[int, int] = DESKTOP,
        scheme: Any = "light",
        language: str = "en",
        touch: bool = False,
    ) -> Page:
        """The page as the person (None: nobody) sees it, in a browser of their own."""
        context = self.chromium.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,
            locale=language,
            base_url=self.site,
            has_touch=touch,
            reduced_motion="reduce",
        )
        context.add_init_script(browser.WATCH + SHIFTS)
        if person is not None:
            context.add_cookies([self.session_of(person)])  # type: ignore[list-item]
        self.contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: self.troubles.append(f"{page.url}: {error}"))
        page.on("console", lambda told: self._told(page, told))
        page.on("request", lambda request: self._requested(request.url))
        page.goto(path)
        return page

    def close(self) -> None:
        """All browsers closed."""
        for context in self.contexts:
            context.close()

    def _told(self, page: Page, told: Any) -> None:
        # an error status that the test looks at itself is told as a failed resource
        if told.type == "error" and "Failed to load resource" not in told.text:
            self.troubles.append(f"{page.url}: {told.text}")

    def _requested(self, url: str) -> None:
        if not url.startswith((self.site, "data:", "blob:")):
            self.troubles.append(f"asked for {url}")


def violations(page: Page) -> list[str]:
    """What axe-core finds wrong with the page as it stands: WCAG 2.2 AA and its best practices."""
    import axe_playwright_python

    script = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text()
    page.evaluate(script)
    # without its copies of style sheets that import others, which the pages' policy would refuse;
    # no rule that it runs by itself reads them
    looked = "axe.run(document, {resultTypes: ['violations'], preload: {assets: ['media']}})"
    found = page.evaluate(f"() => {looked}")
    return [
        f"{each['id']}: {node['target']} {node['failureSummary']}"
        for each in found["violations"]
        for node in each["nodes"]
    ]


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window; 0 where nobody scrolls sideways."""
    return int(page.evaluate(OVERFLOW))


def shifts(page: Page) -> list[dict[str, Any]]:
    """What has moved by itself since the page was opened: how much, and which elements."""
    page.evaluate(DRAWN)
    return list(page.evaluate("window.__shifts"))


def places(page: Page) -> dict[str, float]:
    """How far from the top each part that has words of its own is, by these words.

    Of a part that scripts replace the browser does not tell that it has moved.
    """
    return dict(page.evaluate(PLACES))


class Watched:
    """A page whose parts must stay where they first were."""

    def __init__(self, page: Page) -> None:
        self.page, self.at, self.known = page, places(page), len(shifts(page))

    def moved(self) -> dict[str, Any]:
        """What has moved, as the browser tells it, and by how many pixels replaced parts have.

        But for the page's footer: what comes at the end of the work stands above it.
        """
        now = places(self.page)
        off = {part: now[part] - top for part, top in self.at.items() if part in now}
        self.at = {**self.at, **now}
        told: dict[str, Any] = {part: by for part, by in off.items() if abs(by) > 1}
        seen = [
            shift
            for shift in shifts(self.page)[self.known :]
            if not all(part.startswith("<footer") for part, *_rects in shift["of"])
        ]
        return told | {"shifts": seen} if seen else told


def choose_by_keyboard(page: Page, field: Any, files: Any) -> None:
    """Open a field's file chooser with Enter and take the files.

    A busy Chromium lets a key go by now and then, so it is pressed again.
    """
    from playwright.sync_api import TimeoutError as NothingOpened

    for tries in range(6):
        field.focus()
        try:
            with page.expect_file_chooser(timeout=5_000) as chooser:
                page.keyboard.press("Enter")
        except NothingOpened:
            if tries == 5:
                raise
            continue
        chooser.value.set_files(files)
        return
