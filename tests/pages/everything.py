"""Every page of the site, off the table of routes, with something on each of them."""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.contrib.staticfiles import finders

from demo.sample_invoice import build
from tests.jobs.making import make_job, run_job
from tests.jobs.possessions import possess
from tests.people import Organisation
from tests.test_isolation import ROUTES, address, rows_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

# Not pages: downloads, pictures, what only leads on, the API, the admin (tests/pages/test_admin.py)
NO_PAGES = re.compile(
    r"^(api/|admin/|favicon|account$|login/|password-reset/|invitations/)|\.(<format:name>|\w{3,4})$"
    r"|<export:name>$|/export$|/crop|/tables/|/work$|/text$|^jobs/uploads$"
)
SIGNED_OUT = ("login", "password-reset")


@dataclass(frozen=True)
class Everything:
    """An organisation with something of everything, and the addresses of all pages about it.

    Most of its objects have the id ``pk``; the job ``invoice`` was really read.
    """

    organisation: Organisation
    addresses: tuple[str, ...]
    pk: UUID
    invoice: UUID


def everything(acme: Organisation) -> Everything:
    """Rows of every kind, among them an invoice that was really read."""
    possess(acme)
    pk = rows_of(acme).pk
    invoice = make_job(acme, build(), preview=True, outputs=("json", "pdf"))
    run_job(str(invoice.pk))
    pages = [
        address(route, pk)
        for route, methods in ROUTES.items()
        if "get" in methods and not NO_PAGES.search(route)
    ]
    panels = [f"/jobs/{invoice.pk}"]
    return Everything(acme, (*pages, *panels), pk, invoice.pk)


def name_of(path: str, pages: Everything) -> str:
    """A file's name for the page: the same for the same page of another organisation."""
    plain = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", path.strip("/"))
    return plain.replace("/", "-") or "home"


class Weight:
    """Counts what a page transfers, images of documents aside; nothing comes from a cache.

    Static files count compressed, as they are served but for the tests' server.
    """

    def __init__(self, page: Page) -> None:
        self.bytes = 0
        self.known: dict[Any, int] = {}
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.send("Network.setCacheDisabled", {"cacheDisabled": True})
        session.on("Network.responseReceived", self._received)
        session.on("Network.loadingFinished", self._finished)

    def _received(self, told: Any) -> None:
        response, path = told["response"], urlsplit(told["response"]["url"]).path
        if response["mimeType"] == "image/jpeg":
            self.known[told["requestId"]] = 0
        elif path.startswith(settings.STATIC_URL):
            found = finders.find(path.removeprefix(settings.STATIC_URL))
            self.known[told["requestId"]] = len(gzip.compress(Path(str(found)).read_bytes()))

    def _finished(self, told: Any) -> None:
        self.bytes += self.known.get(told["requestId"], int(told["encodedDataLength"]))
