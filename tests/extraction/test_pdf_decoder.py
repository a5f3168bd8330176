from __future__ import annotations

import pytest

from extraction import pdf_decoder


def test_fitting_dpi_keeps_what_fits() -> None:
    assert pdf_decoder.fitting_dpi(595, 842, 200, 40_000_000) == 200


def test_fitting_dpi_lowers_to_the_pixel_limit() -> None:
    dpi = pdf_decoder.fitting_dpi(14_400, 14_400, 200, 40_000_000)
    assert 31 < dpi < 32
    assert (14_400 * dpi / 72 + 1) ** 2 == pytest.approx(40_000_000)


def test_fitting_dpi_lowers_to_the_longest_side() -> None:
    dpi = pdf_decoder.fitting_dpi(48_995, 5, 200, 40_000_000)
    assert round(48_995 * dpi / 72) == pdf_decoder.MAX_SIDE_PIXELS
