"""Pictures of the pages for the README, and a look for errors in the browser's console.

Needs a Chromium, ``pip install playwright`` and a site that is up (``make run``):

    python -m demo.sample_invoice "Ostermoor invoice.pdf"
    python docs/screenshots.py --email ... --password ... "Ostermoor invoice.pdf" [MORE...]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

IMAGES = Path(__file__).resolve().parent / "images"
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def main() -> int:
    """Take the pictures; returns 1 if the console showed an error."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    arguments.add_argument("--url", default="http://127.0.0.1:8000")
    arguments.add_argument("--email", required=True)
    arguments.add_argument("--password", required=True)
    arguments.add_argument("--chromium", default="/usr/bin/chromium")
    arguments.add_argument("documents", type=Path, nargs="+", help="the first one is shown read")
    given = arguments.parse_args()
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=given.chromium, args=QUIET)
        page = _signed_in(browser, given, complaints, width=1280, height=900)
        if given.documents[1:]:
            page.set_input_files("input[type=file]", given.documents[1:])
            page.wait_for_selector(".jobs tbody tr")
            page.goto(f"{given.url}/jobs")
        page.set_input_files("input[type=file]", given.documents[0])
        page.wait_for_url("**/jobs/*-*")
        page.wait_for_selector("#result", timeout=120_000)
        address = page.url
        page.goto(f"{address}?view=fields#field-1")
        page.wait_for_load_state("networkidle")
        _save(page, "result.jpg")
        page.goto(f"{given.url}/jobs")
        _save(page, "jobs.jpg")
        phone = _signed_in(browser, given, complaints, width=360, height=740, scheme="dark")
        phone.goto(f"{address}?view=fields")
        phone.wait_for_load_state("networkidle")
        _save(phone, "phone.jpg")
        browser.close()
    for complaint in complaints:
        sys.stderr.write(complaint + "\n")
    return 1 if complaints else 0


def _signed_in(
    browser: Browser,
    given: argparse.Namespace,
    complaints: list[str],
    *,
    width: int,
    height: int,
    scheme: str = "light",
) -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = context.new_page()
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{given.url}/login")
    page.fill("#id_username", given.email)
    page.fill("#id_password", given.password)
    page.click("button:has-text('Sign in')")
    page.wait_for_selector("h1:has-text('Jobs')")
    return page


def _save(page: Page, name: str) -> None:
    """The window as a JPEG of less than 200 KB."""
    IMAGES.mkdir(exist_ok=True)
    page.screenshot(path=IMAGES / name, type="jpeg", quality=82)


if __name__ == "__main__":
    sys.exit(main())
