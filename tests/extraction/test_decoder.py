from __future__ import annotations

import pymupdf
import pytest
from PIL import Image

from extraction.decoder import _expected
from extraction.errors import CorruptDocument, Encrypted, ImageTooLarge, PageTooLarge


@pytest.mark.parametrize(
    "kind",
    [TypeError, ValueError, SyntaxError, EOFError, IndexError, NotImplementedError, OSError],
)
def test_whatever_a_library_raises_means_damage(kind: type[Exception]) -> None:
    error = _expected(kind("bad\n data in <_io.BytesIO object at 0x7f>"), "page", 100)
    assert type(error) is CorruptDocument
    assert error.detail == f"{kind.__name__}: bad data in"


@pytest.mark.parametrize("error", [MemoryError(), pymupdf.mupdf.FzErrorLimit("Overly large image")])
def test_a_limit_means_too_large(error: Exception) -> None:
    assert type(_expected(error, "page", 100)) is PageTooLarge
    assert type(_expected(error, "open", 100)) is ImageTooLarge


@pytest.mark.parametrize("kind", [Image.DecompressionBombError, Image.DecompressionBombWarning])
def test_a_bomb_means_too_many_pixels(kind: type[Exception]) -> None:
    error = _expected(kind("Image size (4500 pixels) exceeds limit of 100 pixels"), "page", 100)
    assert (type(error), error.limit, error.actual) == (ImageTooLarge, 100, 4500)


def test_an_error_of_ours_stays_itself() -> None:
    error = Encrypted()
    assert _expected(error, "open", 100) is error
