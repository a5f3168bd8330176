from __future__ import annotations

from extraction.engines import get
from extraction.types import Line, PageImage, Word
from tests.extraction import scans

OWN = Line("Own text", (1, 2, 30, 12), None, (Word("Own", (1, 2, 14, 12)),))


def test_auto_takes_the_text_where_the_page_was_not_rendered_and_reads_the_rest() -> None:
    born_digital = PageImage(1, 595, 842, 0, 150, lines=(OWN,))
    scanned = scans.scan(scans.invoice, number=2)
    first, second = get("auto", 2).read([born_digital, scanned])
    assert (first.engine, first.lines) == ("text-layer", (OWN,))
    assert second.engine == "rapidocr"
    assert "HP-2024-0817" in {word.text for line in second.lines for word in line.words}


def test_auto_names_both_engines_in_its_revision() -> None:
    revision = get("auto", 2).revision
    assert revision == f"{get('text-layer').revision}+{get('rapidocr', 2).revision}"
