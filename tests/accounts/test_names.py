"""Names as they can be shown beside others."""

from __future__ import annotations

import pytest
from hypothesis import given

from accounts.names import clean_name
from tests.examples import TEXTS, examples


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("Müller & Söhne", "Müller & Söhne"),
        ("So\u0308hne", "S\xf6hne"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("Ac\u200bme\ufeff\u2060", "Acme"),
        ("a\r\nb\u2028c\x85d\te", "a b c d e"),
        ("\u2066\u2069\x1b", ""),
        ("  two   words ", "two words"),
        ("株式会社 عربي", "株式会社 عربي"),
        ("\ud800x", "x"),
        ("<script>", "<script>"),
    ],
)
def test_name_keeps_what_is_seen(given_name: str, kept: str) -> None:
    assert clean_name(given_name) == kept


@examples(200)
@given(TEXTS)
def test_clean_name_is_one_line_that_prints_and_stays(text: str) -> None:
    name = clean_name(text)
    assert name.isprintable()
    assert clean_name(name) == name
