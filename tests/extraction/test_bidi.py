from __future__ import annotations

import pytest

from extraction.bidi import reading_order

# Words as they stand on the page from left to right, and as they are read.
LINES = [
    ("Total 12.50 EUR", "Total 12.50 EUR"),
    ("עולם שלום", "שלום עולם"),
    ("במאי 5 מיום 1234 מספר חשבונית", "חשבונית מספר 1234 מיום 5 במאי"),
    ("طوب Harbour Plumbing Ltd شركة", "شركة Harbour Plumbing Ltd طوب"),
    ("טוב Model X 5 דגם", "דגם Model X 5 טוב"),
    ("2 1 אחת", "אחת 1 2"),
    ("The word שלום means peace", "The word שלום means peace"),
    ("", ""),
]


@pytest.mark.parametrize(("seen", "read"), LINES)
def test_reading_order(seen: str, read: str) -> None:
    assert list(reading_order(seen.split(), str)) == read.split()
