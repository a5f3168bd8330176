"""A Chromium that opens pages and tells what came alive in them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import FilePayload, Page

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
WATCH = """
window.__refused = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.__refused.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sample}`);
});
"""
# What can run, load or lead away, of which none is ours
ALIVE = """() => {
  const found = [];
  const here = location.protocol === "file:" ? null : location.origin;
  const own = (url) => {
    if (url.startsWith("#")) return true;
    try { return here !== null && new URL(url, location.href).origin === here; }
    catch { return false; }
  };
  const never = ["iframe", "frame", "object", "embed", "base", "applet", "portal", "marquee"];
  const leads = ["href", "xlink:href", "src", "srcset", "srcdoc", "action", "formaction", "data",
    "poster", "background", "ping", "hx-get", "hx-post", "hx-put", "hx-delete", "hx-patch"];
  for (const element of document.querySelectorAll("*")) {
    const name = element.localName;
    if (name === "script" && !(element.src && own(element.src))) found.push("script");
    if (never.includes(name)) found.push(name);
    if (name === "meta" && element.httpEquiv === "refresh") found.push("refresh");
    for (const { name: attribute, value } of element.attributes) {
      if (/^(on|hx-on|data-hx)/i.test(attribute)) found.push(`${name} ${attribute}`);
      if (leads.includes(attribute) && !own(value)) found.push(`${name} ${attribute}=${value}`);
    }
  }
  return [...found, ...window.__refused.map((told) => `refused: ${told}`)];
}"""


def chromium() -> str:
    """The browser's program, "" where there is none (CHROMIUM names another)."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    named = os.environ.get("CHROMIUM", "")
    return named or next((path for name in names if (path := shutil.which(name))), "")


def missing() -> str:
    """Why no browser can be started, "" where one can."""
    try:
        import playwright  # noqa: F401
    except ImportError:
        return "playwright is not installed"
    return "" if chromium() else "there is no Chromium; name one by CHROMIUM"


@dataclass
class Seen:
    """What came alive, with where; ``pages`` were looked at."""

    pages: int = 0
    alive: list[str] = field(default_factory=list)
    dialogs: int = 0
    refused: int = 0  # by the Content-Security-Policy
    foreign: int = 0  # requests to other hosts


def look(
    addresses: Sequence[str],
    *,
    site: str = "http://127.0.0.1",
    session: tuple[str, str] = ("", ""),
    uploads: Sequence[str] = (),
) -> Seen:
    """Open the addresses, of the site (with that session cookie) or of files; upload such names.

    In a thread of its own, in which a browser's event loop is in nobody's way.
    """
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(_look, addresses, site, session, uploads).result()


def _look(
    addresses: Sequence[str], site: str, session: tuple[str, str], uploads: Sequence[str]
) -> Seen:
    from playwright.sync_api import sync_playwright

    seen = Seen()
    at = ""

    def note(kind: str, text: str) -> None:
        seen.alive.append(f"{at}: {kind} {text[:200]}")
        setattr(seen, kind, getattr(seen, kind) + 1)

    def requested(request: Any) -> None:
        if not request.url.startswith((site, "file://", "data:", "blob:")):
            note("foreign", request.url)

    def dialog(shown: Any) -> None:
        note("dialogs", shown.message)
        shown.dismiss()

    def console(message: Any) -> None:
        if "Content Security Policy" in message.text:
            note("refused", message.text)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=QUIET)
        context = browser.new_context()
        context.add_init_script(WATCH)
        name, value = session
        if name:
            context.add_cookies([{"name": name, "value": value, "url": site}])
        context.on("request", requested)
        context.on("dialog", dialog)
        context.on("console", console)
        page = context.new_page()
        for at in addresses:
            page.goto(at if "://" in at else site + at, wait_until="load")
            seen.pages += 1
            seen.alive += [f"{at}: {told}" for told in page.evaluate(ALIVE)]
        if uploads:
            at = "/jobs/new"
            _upload(page, site, uploads)
            seen.alive += [f"{at}: {told}" for told in page.evaluate(ALIVE)]
        browser.close()
    return seen


def _upload(page: Page, site: str, names: Sequence[str]) -> None:
    """Choose files of these names, of no known type, and wait until each has been refused."""
    page.goto(f"{site}/jobs/new")
    files: list[FilePayload] = [
        {"name": name, "mimeType": "text/plain", "buffer": b"x"} for name in names
    ]
    page.set_input_files("input[type=file]", files)
    page.wait_for_function(
        "count => document.querySelectorAll('#uploads .message-bad').length === count",
        arg=len(names),
        timeout=120_000,
    )


def as_files(files: Sequence[tuple[str, bytes]], folder: Path) -> list[str]:
    """The files written to the folder, as addresses; Markdown as the page that it renders to.

    But those that no browser shows.
    """
    from markdown_it import MarkdownIt

    addresses = []
    for name, body in files:
        if name.endswith(".csv"):
            continue
        if name.endswith(".md"):
            reader = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
            body = b'<!DOCTYPE html><meta charset="utf-8">' + reader.render(body.decode()).encode()
        suffix = {"md": ".html", "hocr": ".html", "alto": ".xml"}.get(name.rpartition(".")[2], "")
        path = folder / f"{name}{suffix}"
        path.write_bytes(body)
        addresses.append(path.as_uri())
    return addresses
