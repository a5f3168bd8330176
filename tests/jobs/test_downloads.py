"""Names of downloads: safe in a header and on every system."""

from __future__ import annotations

from email.message import Message
from urllib.parse import unquote

import pytest
from django.http import HttpResponse
from hypothesis import given

from extraction.formats.html import render
from jobs.downloads import POLICY, as_download, disposition, file_name
from tests.examples import TEXTS, examples
from tests.extraction.formats.results import document


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("Rechnung Mai.pdf", "Rechnung Mai.pdf"),
        ("a\r\nSet-Cookie: x=1.pdf", "aSet-Cookie_ x=1.pdf"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("../../etc/passwd", "_._etc_passwd"),
        ("..\\x.pdf", "_x.pdf"),
        ('a"b;c.csv', "a_b;c.csv"),
        ("...", "document"),
        ("", "document"),
        ("x" * 300 + ".pdf", "x" * 251 + ".pdf"),
        ("é" * 200 + ".json", "é" * 125 + ".json"),
        ("a." + "y" * 300, ("a." + "y" * 300)[:254]),
        ("con%00.txt", "con_00.txt"),
    ],
)
def test_file_name_is_one_everywhere(name: str, kept: str) -> None:
    assert file_name(name) == kept


@examples(300)
@given(TEXTS)
def test_any_name_is_a_header_that_tells_it_again(text: str) -> None:
    response = as_download(HttpResponse(b""), text)
    header = response["Content-Disposition"]
    header.encode("latin-1")
    assert "\r" not in header
    assert "\n" not in header
    message = Message()
    message["Content-Disposition"] = header
    assert message.get_content_disposition() == "attachment"
    name = file_name(text)
    told = unquote(header.partition("utf-8''")[2]) or message.get_filename()
    assert told == name
    assert 0 < len(name.encode()) <= 255
    assert not set(name) & set('/\\<>:"|?*%\r\n\0')
    assert not name.startswith(".")


def test_downloaded_page_may_use_its_own_style_and_nothing_else() -> None:
    (source,) = [part for part in POLICY.split("; ") if part.startswith("style-src")]
    assert source.split()[1].encode() in render(document())
    assert "unsafe" not in POLICY
    assert disposition("a.pdf") == 'attachment; filename="a.pdf"'
