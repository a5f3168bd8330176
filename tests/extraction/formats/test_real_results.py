"""What the pipeline really gives is valid in every format that has a schema."""

from __future__ import annotations

import json
from collections.abc import Iterator

import jsonschema  # type: ignore[import-untyped]
import numpy as np
import pytest
from lxml import etree
from PIL import Image

from extraction import engines, pipeline
from extraction.formats import render
from extraction.formats.json_reading import from_dict
from extraction.options import Options
from extraction.schema import json_schema, xsd
from extraction.types import Document
from tests.documents import image_pdf, text_pdf
from tests.extraction.formats.test_alto import SCHEMA as ALTO
from tests.extraction.scans import DPI, invoice, scan


@pytest.fixture(scope="module", params=["scan", "text", "mixed"])
def read(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Document:
    """A skewed scan, a born-digital PDF, and a scanned PDF with a blank page."""
    path = tmp_path_factory.mktemp("real") / "a"
    if request.param == "scan":
        picture = Image.fromarray(np.asarray(scan(invoice, skew=2.0, noise=5).pixels))
        picture.save(path, "PNG", dpi=(DPI, DPI))
    elif request.param == "text":
        path.write_bytes(text_pdf(["Invoice number: A-17\nTotal due: 12.50 EUR", "Page two"]))
    else:
        path.write_bytes(image_pdf([["Total due: 12.50 EUR"], []]))
    return pipeline.run(path, Options(), engines.get("auto", 1))


def test_result_is_valid_against_every_schema(read: Document) -> None:
    body = json.loads(render(read, "json").body)
    jsonschema.Draft202012Validator(json_schema()).validate(body)
    assert len(body["pages"][0]["words"]) > 3
    etree.XMLSchema(etree.fromstring(xsd())).assertValid(etree.fromstring(render(read, "xml").body))
    ALTO.assertValid(etree.fromstring(render(read, "alto").body))


def test_hocr_and_alto_hold_the_words_of_the_json(read: Document) -> None:
    stored = from_dict(json.loads(render(read, "json").body))
    words = sorted(word.text for page in stored.pages for word in page.words)
    hocr = etree.fromstring(render(read, "hocr").body)
    alto = etree.fromstring(render(read, "alto").body)

    assert sorted(_texts(hocr.xpath("//*[@class='ocrx_word']/text()"))) == words
    assert sorted(_texts(alto.xpath("//@CONTENT"))) == words


def _texts(found: object) -> Iterator[str]:
    assert isinstance(found, list)
    return map(str, found)
