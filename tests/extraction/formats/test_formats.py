from __future__ import annotations

import re

import pytest

from extraction.errors import InvalidOption, NotMade
from extraction.formats import FORMATS, render
from extraction.types import Document, Source
from tests.extraction.formats.results import document, hostile

RENDERED = [name for name, row in FORMATS.items() if row.render is not None]
EMPTY = Document(Source("", "image/png", "0" * 64, 1), ())


@pytest.mark.parametrize("name", RENDERED)
def test_render_gives_the_media_type_and_text_of_the_format(name: str) -> None:
    rendered = render(document(), name)

    assert rendered.media_type == FORMATS[name].media_type
    renderer = FORMATS[name].render
    assert renderer is not None
    assert rendered.body == renderer(document())
    assert "4711" in rendered.body.decode() or name == "csv"
    # hOCR and ALTO hold what lies in lines, and this cell of the document does not
    assert "down" in rendered.body.decode() or name in ("hocr", "alto")


@pytest.mark.parametrize("name", RENDERED)
def test_render_writes_only_characters_that_may_leave(name: str) -> None:
    text = render(hostile(), name).body.decode("utf-8")

    assert re.findall("[\x00-\x08\x0b\x0e-\x1f\ud800-\udfff\ufffe\uffff]", text) == []
    assert "\x0c" not in text
    assert "bell lone\ufffd" in text


@pytest.mark.parametrize("name", RENDERED)
def test_render_survives_a_document_without_pages(name: str) -> None:
    assert isinstance(render(EMPTY, name).body, bytes)


def test_render_refuses_what_needs_the_original() -> None:
    with pytest.raises(NotMade, match="made from the original"):
        render(document(), "pdf")


def test_render_refuses_an_unknown_format() -> None:
    with pytest.raises(
        InvalidOption, match="'docx' is not one of: json, md, txt, html, csv, xml, hocr, alto, pdf"
    ):
        render(document(), "docx")


def test_languages_are_told_where_the_format_has_room_for_them() -> None:
    """The page is in English, its second block in French."""
    bodies = {
        name: render(document(), name).body.decode() for name in ("html", "hocr", "alto", "xml")
    }
    assert '<section id="page-1" aria-labelledby="page-1-title" lang="en">' in bodies["html"]
    assert '<div lang="fr"><p>Thank you' in bodies["html"]
    assert '<h2 id="page-2-title" lang="en">Page 2</h2>' in bodies["html"]  # of no language itself
    assert bodies["hocr"].count(' lang="en"') == bodies["hocr"].count(' lang="fr"') == 1
    assert bodies["alto"].count(' LANG="en"') == 1
    assert 'language="en" languageConfidence="0.9876"' in bodies["xml"]
    assert 'language="fr" languageConfidence="0.9"' in bodies["xml"]
