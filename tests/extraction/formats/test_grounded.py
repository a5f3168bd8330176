"""A page of a model's text with what stands on it, what reads otherwise and what stands nowhere."""

from __future__ import annotations

import pytest

from extraction.alignment import align
from extraction.formats import FORMATS, render
from extraction.formats.json import to_dict
from extraction.formats.json_reading import from_dict
from extraction.formats.md import page_markdown
from extraction.tags import parse
from extraction.types import Document, Page, Source
from tests.extraction.test_alignment import HEIGHT, WIDTH, page

WRITTEN = """# Invoice 4711

Total 12.80

Voucher for friends

<table><tr><td>Tea</td><td>2.80</td></tr><tr><td>Gift</td><td>9.99</td></tr></table>
"""


def document() -> Document:
    aligned = align(parse(WRITTEN), page("Invoice 4711", "Total 12.30", "Tea 2.80"), WIDTH, HEIGHT)
    read = Page(
        1,
        WIDTH,
        HEIGHT,
        engine="hybrid",
        blocks=aligned.blocks,
        lines=aligned.lines,
        markdown=page_markdown(aligned.blocks),
        disagreements=aligned.disagreements,
    )
    return Document(Source("scan.pdf", "application/pdf", "ab" * 32, 1), (read,))


def test_json_has_all_that_is_told_and_gives_it_back() -> None:
    data = to_dict(document())
    (read,) = data["pages"]
    assert [(line["text"], line["grounded"]) for line in read["lines"]] == [
        ("Invoice 4711", True),
        ("Total 12.80", False),
        ("Voucher for friends", False),
        ("Tea", True),
        ("2.80", True),
        ("Gift", False),
        ("9.99", False),
    ]
    (table,) = [block["table"] for block in read["blocks"] if "table" in block]
    assert [(cell["box"] is None, cell["grounded"]) for cell in table["cells"]] == [
        (False, True),
        (False, True),
        (True, False),
        (True, False),
    ]
    assert [(each["kind"], each["written"], each["read"]) for each in read["disagreements"]] == [
        ("differs", "12.80", "12.30"),
        ("invented", "Voucher for friends", ""),
        ("invented", "Gift", ""),
        ("invented", "9.99", ""),
    ]
    assert to_dict(from_dict(data)) == data


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in ("csv", "pdf")])
def test_every_format_renders_it(name: str) -> None:
    body = render(document(), name).body.decode()
    assert "4711" in body
    placed_only = name in ("hocr", "alto")
    assert ("Voucher" in body) is not placed_only
