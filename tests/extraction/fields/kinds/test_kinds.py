from __future__ import annotations

import time

import pytest

from extraction.fields.kinds import KINDS, LONGEST_LINE, Writing, find

HOSTILE = [
    "1", "1 ", "1,", "1.1", "A", "Aa ", "A1 ", "DE1 ", "a.", "a@", "@a.", "+1", "(", "- ", "O0 ",
    "12 May ", "X*", "*", "[x]", "a-", "A'a-", " ", "1 234 ", "DE12 3456 ", "$ ", "Mr. ", "Ab Cd, ",
    "de la ", "CHE1", "GB29NWBK60161331926818 ", "http://a.", "4111 ", "\u0130", "\ud7a3\u0301",
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_lines_take_no_time(kind: str) -> None:
    writing = Writing(country="DE", decimal_mark=",")
    find(kind, "1 Euro", writing)  # what is loaded once
    start = time.process_time()
    for piece in HOSTILE:
        find(kind, piece * 20_000, writing)
    assert time.process_time() - start < 2


@pytest.mark.parametrize("kind", KINDS)
def test_hits_stand_within_the_text_from_left_to_right(kind: str) -> None:
    text = (
        "14 Quay Street, 10115 Berlin, Mr. John Smith, Poland, EUR 12.50 on 03/04/2026, "
        "19 % VAT DE136695976, ☑ paid 4111 1111 1111 1111, DE89 3704 0044 0532 0130 00 "
        "COBADEFFXXX, info@firma.de, www.a.de, +49301234567"
    )
    hits = find(kind, text)
    assert all(0 <= hit.start < hit.end <= len(text) for hit in hits)
    assert [hit.start for hit in hits] == sorted(hit.start for hit in hits)
    assert hits or kind == "table"


def test_a_line_is_looked_at_up_to_its_limit() -> None:
    assert find("email", " " * LONGEST_LINE + "info@firma.de") == []
