from __future__ import annotations

import re

import pytest

from extraction.errors import InvalidOption
from extraction.formats import FORMATS, render
from extraction.types import Document, Source
from tests.extraction.formats.results import document, hostile

EMPTY = Document(Source("", "image/png", "0" * 64, 1), ())


@pytest.mark.parametrize("name", FORMATS)
def test_render_gives_the_media_type_and_text_of_the_format(name: str) -> None:
    rendered = render(document(), name)

    assert rendered.media_type == FORMATS[name].media_type
    assert rendered.body == FORMATS[name].render(document())
    assert "4711" in rendered.body.decode() or name == "csv"
    assert "down" in rendered.body.decode()


@pytest.mark.parametrize("name", FORMATS)
def test_render_writes_only_characters_that_may_leave(name: str) -> None:
    text = render(hostile(), name).body.decode("utf-8")

    assert re.findall("[\x00-\x08\x0b\x0e-\x1f\ud800-\udfff\ufffe\uffff]", text) == []
    assert "\x0c" not in text
    assert "bell lone\ufffd" in text


@pytest.mark.parametrize("name", FORMATS)
def test_render_survives_a_document_without_pages(name: str) -> None:
    assert isinstance(render(EMPTY, name).body, bytes)


def test_render_refuses_an_unknown_format() -> None:
    with pytest.raises(InvalidOption, match="'docx' is not one of: json, md, txt, html, csv, xml"):
        render(document(), "docx")
