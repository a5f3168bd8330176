"""Every page in German: a word that only English messages have is left over, unless it is data."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client

from jobs.models import Page
from ocrsite import translations
from tests.jobs.possessions import possess
from tests.pages.everything import NO_PAGES, SIGNED_OUT
from tests.people import Organisation
from tests.test_isolation import ROUTES, address, rows_of

WORD = re.compile(r"[^\W\d_]{3,}")
SILENT = {"script", "style", "code", "pre", "textarea"}
SPOKEN = ("aria-label", "title", "placeholder", "alt", "aria-description")
VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
# Names of things that the API has, and what the organisation has written
DATA = re.compile(
    r"\S*[@/:{}\[\]_]\S*|\S+-\S+|\S+\.\w{2,4}\b|ours|first|tiny|auto|acme( Ltd)?|Acme|1 Road|ping"
    r"|right|fields|VAT 19 %|admin, .*"
)


class Texts(HTMLParser):
    """What a page says: in text, in labels, and in what its scripts are given to say."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []
        self.silent: list[str] = []  # open elements, from the first that says nothing

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        silent = tag in SILENT or (tag != "html" and given.get("lang") == "en")
        if tag not in VOID and (self.silent or silent):
            self.silent.append(tag)
        for name, value in given.items():
            if name in SPOKEN or (name.startswith("data-") and " " in value):
                self.handle_data(value)
        if tag == "input" and given.get("type") in ("submit", "button"):
            self.handle_data(given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if self.silent and tag not in VOID:
            while self.silent and self.silent.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        text = " ".join(data.split())
        if text and not self.silent:
            self.told.append(text)


def words(text: str) -> set[str]:
    return {word.lower() for word in WORD.findall(text) if not word.isupper()}


def english_alone() -> set[str]:
    """The words of the messages that no German one has."""
    english: set[str] = set()
    german: set[str] = set()
    for message in translations.read("de"):
        for texts, said in ((message.id, english), (message.string, german)):
            for text in texts if isinstance(texts, tuple | list) else (texts,):
                said |= words(re.sub(r"%\(\w+\)s|\{\w+\}|<[^>]+>", "", str(text)))
    return english - german


@pytest.mark.django_db
def test_every_page_is_german(acme: Organisation, files: Any, client: Client) -> None:
    possess(acme)
    english = english_alone()
    pk = rows_of(acme).pk
    owner = Client()
    owner.force_login(acme.owner)
    documents = " ".join(str(page.content) for page in Page.objects.all())
    left: dict[str, str] = {}
    for route, methods in ROUTES.items():
        if "get" not in methods or NO_PAGES.search(route):
            continue
        path = address(route, pk)
        asked = client if path.strip("/") in SIGNED_OUT else owner
        answer: Any = asked.get(path, headers={"accept-language": "de"})
        if not answer.content.startswith(b"<!DOCTYPE"):
            continue
        page = Texts()
        page.feed(answer.content.decode())
        assert 'lang="de"' in answer.content.decode()
        for text in page.told:
            if words(DATA.sub("", text)) & english and text not in documents:
                left[text] = path
    assert not left, "\n".join(f"{path}: {text}" for text, path in left.items())


@pytest.mark.django_db
def test_api_stays_english_after_a_german_page(acme: Organisation, client: Client) -> None:
    """One thread answers both, and has the language of the page before."""
    client.get("/login", headers={"accept-language": "de"})
    answer = acme.api().post("/api/v1/webhooks", {}, format="json", HTTP_ACCEPT_LANGUAGE="de")
    assert answer.json()["errors"]["url"] == ["This field is required."]
