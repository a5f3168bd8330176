from __future__ import annotations

import pytest

from extraction.formats.characters import clean


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Größe 5 € – 漢字 😀\n\t\r", "Größe 5 € – 漢字 😀\n\t\r"),
        ("a\x00b\x07c\ufffe", "abc"),
        ("one\x0ctwo\x0bthree", "one two three"),
        ("\ud83d", "\ufffd"),
        ("", ""),
    ],
)
def test_clean_keeps_text_and_drops_what_no_format_can_carry(text: str, expected: str) -> None:
    assert clean(text) == expected
