"""Numbers as people write them in the language of the page: 1,234.5 in English, 1.234,5 in German.

Markup has "." in each language (`ocrsite.formats`), and so has the API.
"""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import get_language

_SWAPPED = str.maketrans(",.", ".,")


def numeral(number: float | Decimal, form: str = ",") -> str:
    """The number by a format of Python's: ``,`` parts the thousands, ``.2f`` has two decimals."""
    written = f"{number:{form}}"
    return written.translate(_SWAPPED) if get_language() == "de" else written
