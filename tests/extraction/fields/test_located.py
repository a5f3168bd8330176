"""Where a value that a person gives stands on the pages."""

from __future__ import annotations

import pytest

from extraction.fields.corrected import as_written
from extraction.fields.definition import Field
from extraction.fields.kinds import Writing
from extraction.fields.located import Place, locate, stands_in
from extraction.types import Box, Line, Page, Word


def page(number: int, *texts: str) -> Page:
    """A page of lines, 20 points apart; each character is 10 points wide."""
    lines = []
    for row, text in enumerate(texts):
        words, at = [], 0
        for word in text.split(" "):
            box = (at * 10.0, row * 20.0, (at + len(word)) * 10.0, row * 20.0 + 10)
            words.append(Word(word, box))
            at += len(word) + 1
        lines.append(Line(text, (0.0, row * 20.0, at * 10.0, row * 20.0 + 10), None, tuple(words)))
    return Page(number, 600.0, 800.0, lines=tuple(lines))


def place(
    kind: str, text: str, *pages: Page, near: tuple[int, Box] | None = None, mark: str = ","
) -> Place | None:
    """Where a text that a person typed stands."""
    writing = Writing(day_first=True, decimal_mark=mark, currency="EUR")
    given = as_written(Field("it", "It", kind), text, writing, force=False)
    return locate(kind, given, pages, writing, near)


def test_words_are_found_over_pages_and_lines() -> None:
    first, second = page(1, "Invoice of Smith"), page(2, "from: ACME", "Trading Ltd., London")
    assert place("organisation", "ACME Trading Ltd", first, second) == Place(
        "ACME Trading Ltd", 2, (0.0, 0.0, 130.0, 30.0)
    )
    assert place("person", "smith", first) == Place("Smith", 1, (110.0, 0.0, 160.0, 10.0))


@pytest.mark.parametrize(
    ("kind", "typed", "printed"),
    [
        ("date", "31.01.2026", "31 January 2026"),
        ("money", "1234,50", "1.234,50 €"),
        ("money", "1234,50 EUR", "1.234,50"),
        ("iban", "DE89370400440532013000", "DE89 3704 0044 0532 0130 00"),
        ("percent", "19%", "19 %"),
        ("email", "info@firma.de", "info@FIRMA.de"),
    ],
)
def test_value_is_found_however_it_is_printed(kind: str, typed: str, printed: str) -> None:
    found = place(kind, typed, page(1, f"x: {printed}"))
    assert found is not None
    assert (found.raw, found.page) == (printed, 1)


def test_what_stands_nowhere_has_no_place() -> None:
    read = page(1, "Total 12,50 EUR", "ACME Trading")
    assert place("money", "12,51", read) is None
    assert place("money", "12,50 USD", read) is None
    assert place("organisation", "ACME Trade", read) is None
    assert place("organisation", "CME", read) is None
    assert place("id", "12", page(1, "12")) is None, "too short to be looked for anywhere"


def test_nearest_of_several_places_is_taken() -> None:
    first, second = page(1, "12,50", "x", "12,50"), page(2, "12,50")
    assert place("money", "12,50", first, second) == Place("12,50", 1, (0.0, 0.0, 50.0, 10.0))
    near = place("money", "12,50", first, second, near=(1, (0.0, 45.0, 40.0, 50.0)))
    assert near == Place("12,50", 1, (0.0, 40.0, 50.0, 50.0))
    other = place("money", "12,50", first, second, near=(2, (0.0, 45.0, 40.0, 50.0)))
    assert other is not None
    assert other.page == 2
    third = page(3, "12,50")
    before = place("money", "12,50", first, page(2, "x"), third, page(4, "y"),
                   near=(2, (0.0, 0.0, 9.0, 9.0)))  # fmt: skip
    assert before is not None
    assert before.page == 1, "of two equally far the first"


@pytest.mark.parametrize(
    ("kind", "typed", "printed"),
    [
        ("money", "0,50", "x 0,50 EUR"),
        ("money", "-12,50", "x (12,50)"),
        ("money", "1234567,00", "x 1 234 567,00 EUR"),
        ("percent", "0,7 %", "x 7 ‰"),
        ("date", "5.1.2026", "x 05 Jan 26"),
        ("phone", "030 1234567", "x +49 (30) 123 45-67"),
        ("vat", "DE136695976", "x DE 136 695 976"),
        ("national_id", "756.9217.0769.85", "x 756 9217 0769 85"),
    ],
)
def test_value_is_found_by_its_digits(kind: str, typed: str, printed: str) -> None:
    writing = Writing(day_first=True, decimal_mark=",", currency="EUR", country="DE")
    given = as_written(Field("it", "It", kind), typed, writing, force=False)
    lines = ("nothing 99", printed)
    assert locate(kind, given, [page(1, *lines)], writing) is not None


def test_card_stands_where_its_last_digits_do() -> None:
    found = place("card", "4111 1111 1111 1111", page(1, "Card 4111 1111 1111 1111"))
    assert found == Place("1111", 1, (200.0, 0.0, 240.0, 10.0))


def test_value_stands_in_a_box_or_does_not() -> None:
    read = page(1, "ACME Trading", "x")
    given = as_written(Field("it", "It", "organisation"), "ACME", force=False)
    assert stands_in("organisation", given, read, (0.0, 0.0, 40.0, 10.0)) is True
    assert stands_in("organisation", given, read, (0.0, 20.0, 40.0, 30.0)) is False
