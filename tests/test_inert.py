"""Text of attackers is shown as text: on pages, in the admin, in e-mails and in exports.

The same over the public lists of such strings: ``python -m benchmarks.inert``.
"""

from __future__ import annotations

import csv
import io
import json
import re
from decimal import Decimal
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import lxml.etree
import lxml.html
import pytest
from django.conf import settings as site_settings
from django.core import mail
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts import budgets, invitation_mail
from accounts.models import Departure, Invitation
from accounts.quotas import PagesUsed
from accounts.thresholds import cross
from jobs import departure_mail
from tests import browser
from tests.hostile import STRINGS, Planted, plant
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]
LEADING = {"href", "src", "action", "formaction", "data", "srcset", "poster", "background", "ping"}
LEADING |= {"hx-get", "hx-post", "hx-put", "hx-patch", "hx-delete"}
NEVER = {"iframe", "frame", "object", "embed", "base", "applet", "style", "math", "marquee"}


@pytest.fixture
def planted() -> Planted:
    """A site full of them."""
    return plant(STRINGS)


def _tree(page: bytes) -> Any:
    return lxml.html.document_fromstring(page, lxml.html.HTMLParser(encoding="utf-8"))


def alive(page: bytes) -> list[str]:
    """What could run, load or lead away in a page of the site."""
    found = []
    for element in _tree(page).iter():
        if not isinstance(element.tag, str):
            continue
        if element.tag in NEVER or (element.tag == "script" and not element.get("src")):
            found.append(element.tag)
        if element.tag == "meta" and (element.get("http-equiv") or "").lower() == "refresh":
            found.append("refresh")
        for name, value in element.attrib.items():
            if re.match(r"on|style$|hx-on|data-hx", str(name), re.I):
                found.append(f"{element.tag} {name}")
            place = urlsplit(str(value).strip())
            if name in LEADING and (place.scheme or place.netloc):
                found.append(f"{element.tag} {name}={value}")
    return found


def test_pages_and_admin_have_nothing_alive_in_them(planted: Planted) -> None:
    client = Client()
    client.force_login(planted.person)
    texts, found = "", {}
    addresses = [*planted.pages()[:90], *planted.admin_pages()]
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code in (200, 302), address
        if answer.status_code == 200:
            if told := alive(answer.content):
                found[address] = told
            texts += _tree(answer.content).text_content()
    assert found == {}
    assert len(addresses) > 120
    shown = " ".join(texts.split())
    hidden = [text for text in STRINGS if " ".join(text.split()) not in shown]
    assert hidden == [], "all of them are shown, as text"


def test_what_is_looked_for_would_be_found() -> None:
    for text in STRINGS[:27]:
        page = f"<html><body><p title='x'>{text}</p><p title=\"{text}\"></p>".encode()
        inside = f"<html><body><p title='{text}'><p title=\"{text}\"><p title=`{text}`>".encode()
        quiet = text.startswith(("javascript:", "data:", "` ", "<link", "<noscript", "-->", "]]>"))
        assert quiet or alive(page) or alive(inside), text


def test_exports_have_nothing_alive_in_them_and_the_api_no_pages(planted: Planted) -> None:
    found = {}
    kinds = set()
    for name, body in planted.files():
        kind = name.rpartition(".")[2]
        kinds.add(kind)
        if kind in ("html", "hocr"):
            own = re.sub(rb"<style>[^<]*</style>", b"", body, count=1)
            if told := alive(own):
                found[name] = told
        elif kind in ("xml", "alto"):
            tree = lxml.etree.fromstring(body, lxml.etree.XMLParser(resolve_entities=False))
            assert tree.getroottree().docinfo.doctype == ""
            names = {lxml.etree.QName(element).namespace for element in tree.iter("*")}
            assert "http://www.w3.org/1999/xhtml" not in names
            assert "http://www.w3.org/2000/svg" not in names
        elif kind == "json":
            assert json.loads(body)["pages"]
        elif kind == "csv":
            rows = csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""))
            cells = [cell for row in rows for cell in row]
            assert not [
                cell for cell in cells if re.match(r"\s*[=@\t\r]|\s*[+-]\D*[(A-Za-z]", cell)
            ]
    assert found == {}
    assert kinds >= {"html", "md", "csv", "xml", "json", "hocr", "alto", "txt"}
    client = planted.home.api()
    batch = f"batches/{planted.batch.pk}"
    for path in ("ocr/jobs", "batches", batch, "templates", "webhooks", "auth/me"):
        answer = client.get(f"/api/v1/{path}")
        assert answer["Content-Type"] == "application/json"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in answer["Content-Security-Policy"]
        answer.json()


def _emails_of(acme: Organisation, text: str, number: int) -> None:
    """One of each kind that has a name of somebody's choice in its subject."""
    acme.tenant.name, now = text, timezone.now()
    cross(acme.tenant, [PagesUsed(f"month:{number}", 50, 100)])
    crossing = budgets.BudgetCrossing("2026-11", 50, Decimal(1), Decimal(2), "EUR")
    budgets._send(acme.tenant, crossing, False)
    row = Departure(tenant_id=uuid4(), name=text, requested_by=text, due_at=now, done_at=now)
    row.owners = [acme.owner.email]
    for template in ("departure_announced", "departure_receipt"):
        assert departure_mail.told(row, template, until=now)
    sent = Invitation(tenant=acme.tenant, invited_by=acme.owner, email="a@b.example", role="viewer")
    assert invitation_mail.send(sent, "/invitations/x") == ""


def test_emails_are_plain_text_with_the_headers_that_we_set(
    acme: Organisation, settings: Settings
) -> None:
    settings.EMAIL_URL = "smtp://localhost"
    kinds = 5
    for number, text in enumerate(STRINGS):
        _emails_of(acme, text, number)
    assert len(mail.outbox) == kinds * len(STRINGS)
    for number, message in enumerate(mail.outbox):
        text = STRINGS[number // kinds]
        sent = message_from_bytes(message.message().as_bytes(), policy=policy.default)
        assert sent.get_content_type() == "text/plain"
        assert sorted(sent.keys()) == [
            "Content-Transfer-Encoding", "Content-Type", "Date", "From", "MIME-Version",
            "Message-ID", "Subject", "To",
        ]  # fmt: skip
        subject = " ".join(str(sent["Subject"]).split())
        if number % kinds == kinds - 1:  # to a stranger: in whose mail program no name is a link
            assert subject == f"Invitation to {invitation_mail.inert(text)}"
        else:
            assert " ".join(text.split())[:20].strip() in subject


@pytest.mark.skipif(bool(browser.missing()), reason=browser.missing() or "never")
def test_chromium_runs_and_loads_nothing_of_it(
    planted: Planted, live_server: Any, tmp_path: Path
) -> None:
    client = Client()
    client.force_login(planted.person)
    cookie = client.cookies[site_settings.SESSION_COOKIE_NAME].value
    read = [job for job in planted.jobs if job.pages_done]
    panels = [page for page in planted.pages() if str(read[0].pk) in page]
    models = [page for page in planted.admin_pages() if "history" not in page and "?q" not in page]
    files = [each for each in planted.files() if each[0].startswith(str(read[0].pk))]
    exports = browser.as_files(files, tmp_path)
    seen = browser.look(
        [*panels, *planted.pages()[:4], "/api/v1/docs", *models[1::4], *exports],
        site=live_server.url,
        session=(site_settings.SESSION_COOKIE_NAME, cookie),
        uploads=[text for text in STRINGS if "/" not in text and text.isprintable()][:8],
    )
    assert seen.alive == []
    assert seen.pages > 30
    raw = tmp_path / "raw.html"
    raw.write_text("<!DOCTYPE html><title>x</title>" + "\n<p>".join(STRINGS[:13]))
    told = browser.look([raw.as_uri()])
    assert min(told.dialogs, told.foreign, len(told.alive)) > 0, "it would be seen"
