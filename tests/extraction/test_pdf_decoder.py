from __future__ import annotations

import pytest

from extraction import pdf_decoder
from tests.extraction.pdfs import vertical


def test_fitting_dpi_keeps_what_fits() -> None:
    assert pdf_decoder.fitting_dpi(595, 842, 200, 40_000_000) == 200


def test_fitting_dpi_lowers_to_the_pixel_limit() -> None:
    dpi = pdf_decoder.fitting_dpi(14_400, 14_400, 200, 40_000_000)
    assert 31 < dpi < 32
    assert (14_400 * dpi / 72 + 1) ** 2 == pytest.approx(40_000_000)


def test_fitting_dpi_lowers_to_the_longest_side() -> None:
    dpi = pdf_decoder.fitting_dpi(48_995, 5, 200, 40_000_000)
    assert round(48_995 * dpi / 72) == pdf_decoder.MAX_SIDE_PIXELS


@pytest.mark.parametrize("rotation", [0, 90])
def test_page_has_columns_of_vertical_writing_as_lines(rotation: int) -> None:
    data = vertical("縦書きの文章", "二行目です", rotation=rotation)
    page = pdf_decoder.PdfDocument(data, "", 1_000_000).page(
        1, wants="text", dpi=100, preview=False
    )
    assert [(angle, [text for _, text in words]) for angle, words in page.lines] == [
        (90.0 + rotation, ["縦書きの文章"]),
        (90.0 + rotation, ["二行目です"]),
    ]


def test_page_keeps_separate_what_stands_apart_in_a_column() -> None:
    data = vertical("縦書き\u3000\u3000文章")
    page = pdf_decoder.PdfDocument(data, "", 1_000_000).page(
        1, wants="text", dpi=100, preview=False
    )
    assert [text for _, words in page.lines for _, text in words] == ["縦書き", "文章"]
