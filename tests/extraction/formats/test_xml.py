from __future__ import annotations

import pytest
from lxml import etree

from extraction.formats.xml import NAMESPACE, render
from extraction.schema import xsd
from extraction.types import Document
from tests.extraction.formats.results import ATTACKS, document, hostile, split_document

SCHEMA = etree.XMLSchema(etree.fromstring(xsd()))
NS = {"d": NAMESPACE}


@pytest.mark.parametrize(
    "value", [document(), split_document(), hostile(), Document(document().source, ())]
)
def test_render_is_valid_against_the_xsd(value: Document) -> None:
    SCHEMA.assertValid(etree.fromstring(render(value)))


def test_render_carries_words_tables_fields_and_errors() -> None:
    root = etree.fromstring(render(document()))

    def texts(path: str) -> list[str]:
        return [str(found) for found in root.xpath(path, namespaces=NS)]

    assert texts("//d:line[1]/d:word/text()") == ["Invoice", "4711"]
    assert texts("//d:line[1]/d:word[1]/@box") == ["10.5 20.25 110.75 32.0"]
    assert texts("//d:block[@id='p1-b4']/d:table/d:cell[1]/@columnSpan") == ["2"]
    assert texts("//d:block[@kind='checkbox']/@checked") == ["true", "false"]
    assert texts("//d:field[1]/d:value[@type='object']/d:member[@name='amount']/text()") == [
        "1234.50"
    ]
    assert texts("//d:field[1]/d:alternative[2]/d:value/d:item/text()") == ["y"]
    assert texts("/d:document/d:classification/@kind") == ["invoice"]
    assert texts("//d:classification/d:alternative/@confidence") == ["0.06"]
    assert texts("//d:classification/d:evidence[@page='1']/text()") == ["Invoice"]
    assert texts("//d:page[2]/d:error/@code") == ["page_too_large"]
    assert texts("//d:page[2]/d:error/@actual") == ["81.5"]


def test_render_names_the_documents_of_a_split_file() -> None:
    root = etree.fromstring(render(split_document()))

    parts = root.xpath("//d:documents/d:part", namespaces=NS)
    assert [(part.get("pages"), part.get("confidence")) for part in parts] == [
        ("1", "1.0"),
        ("2", "0.75"),
    ]
    assert root.xpath("//d:field/@document", namespaces=NS) == ["1", "2"]


def test_render_keeps_hostile_text_as_text() -> None:
    root = etree.fromstring(render(hostile()))

    kept = root.xpath("//d:line/d:word/text()", namespaces=NS)
    assert kept[:13] == list(ATTACKS[:13])
    blocks = root.findall(".//d:block", NS)
    assert len(blocks) == len(hostile().pages[0].blocks)


def test_xsd_refuses_another_shape() -> None:
    root = etree.fromstring(render(document()))
    root.find("d:source", NS).set("sha256", "xyz")

    assert not SCHEMA.validate(root)
