"""What a template says of a field: pattern, region, anchors, examples."""

from __future__ import annotations

from typing import Any

import pytest

from extraction.fields import patterns
from extraction.fields.definition import Field, Region
from extraction.fields.match import find
from extraction.types import FieldValue, Page
from tests.extraction.test_level import line


def page(*texts: tuple[str, float, float], number: int = 1) -> Page:
    """A page of 600 by 800 points with these lines, each with its left and top."""
    return Page(number, 600, 800, lines=tuple(line(text, x, y) for text, x, y in texts))


def own(kind: str = "id", **rules: Any) -> Field:
    return Field("mine", "Mine", kind, ("Mine",), document_types=(), **rules)


def found(field: Field, *pages: Page) -> FieldValue | None:
    return next(iter(find(pages, [field])), None)


LETTER = page(
    ("Ref 4471-A", 60, 60),
    ("Ship to", 60, 200),
    ("Blue Barn Ltd", 60, 215),
    ("12 Mill Road", 60, 230),
    ("Order 88120", 350, 200),
    ("File 99-1203", 350, 600),
)


def test_pattern_finds_its_value_without_a_label() -> None:
    value = found(own(pattern=r"\d{4}-[A-Z]"), LETTER)
    assert value is not None
    assert (value.value, value.method) == ("4471-A", "pattern")
    assert found(own(), LETTER) is None


def test_group_of_a_pattern_is_the_value() -> None:
    value = found(own(pattern=r"Order (\d{5})"), LETTER)
    assert value is not None
    assert (value.raw, value.value) == ("88120", "88120")


def test_pattern_of_a_kind_gives_its_normal_form() -> None:
    lines = page(("Total 3.50 and 7.25 EUR", 60, 60))
    value = found(own("money", pattern=r"7\.\d\d EUR"), lines)
    assert value is not None
    assert value.value == {"amount": "7.25", "currency": "EUR"}
    assert found(own("date", pattern=r"\d\.\d\d"), lines) is None, "what matches is no date"


def test_value_beside_the_label_must_match_the_pattern() -> None:
    lines = page(("Mine: 123", 60, 60), ("Mine: AB-9", 60, 90))
    value = found(own(pattern=r"[A-Z]{2}-\d"), lines)
    assert value is not None
    assert value.value == "AB-9"


def test_pattern_that_takes_too_long_finds_nothing() -> None:
    hostile = page(("a" * 190 + "!", 20, 60))
    assert found(own("text", pattern=r"^(a|a?)+$"), hostile) is None


def test_nothing_matches_when_the_time_of_a_document_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    field = own(pattern=r"\d{4}-[A-Z]")
    monkeypatch.setattr(patterns, "ALL_SECONDS", 0.0)
    assert found(field, LETTER) is None
    monkeypatch.setattr(patterns, "ALL_SECONDS", 2.0)
    assert found(field, LETTER) is not None, "the next document has time of its own"


def test_time_that_patterns_take_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = [(f"{'ab' * 90} {n}!", 20.0, 10.0 * n) for n in range(60)]
    monkeypatch.setattr(patterns, "ALL_SECONDS", 0.06)  # for one line or two
    lines = [*hostile, ("Ref 4471-A", 20.0, 700.0)]
    assert found(own("text", pattern=r"^(?:a|b|ab)*$|4471"), page(*lines)) is None


def test_region_gives_what_stands_in_it() -> None:
    value = found(own(region=Region((0.5, 0.6, 1.0, 0.9))), LETTER)
    assert value is not None
    assert (value.value, value.method, value.page) == ("99-1203", "region", 1)


def test_value_outside_the_region_does_not_count() -> None:
    lines = page(("Mine: 4711", 60, 60))
    assert found(own(region=Region((0.5, 0.5, 1.0, 1.0))), lines) is None
    value = found(own(region=Region((0.0, 0.0, 1.0, 0.2))), lines)
    assert value is not None
    assert (value.value, value.method) == ("4711", "label")


@pytest.mark.parametrize(("wanted", "value"), [(2, "222"), (-1, "333"), (4, None), (-4, None)])
def test_region_is_on_its_page(wanted: int, value: str | None) -> None:
    pages = [page((f"Nr {n}{n}{n}", 60, 60), number=n) for n in (1, 2, 3)]
    there = found(own(region=Region((0, 0, 1, 1), wanted)), *pages)
    assert (there.value if there else None) == value


def test_text_and_address_of_a_region_are_all_its_lines() -> None:
    block = Region((0.0, 0.26, 0.4, 0.31))
    text = found(own("text", region=block), LETTER)
    assert text is not None
    assert text.value == "Blue Barn Ltd 12 Mill Road"
    address = found(own("address", region=block), LETTER)
    assert address is not None
    assert address.value["text"] == "Blue Barn Ltd, 12 Mill Road"
    name = found(own("organisation", region=block), LETTER)
    assert name is not None
    assert name.value == "Blue Barn Ltd"


def test_value_comes_after_its_anchor() -> None:
    lines = page(
        ("Mine 111", 60, 60),
        ("Second part", 60, 100),
        ("Mine 222", 60, 120),
        ("Mine 333", 60, 300),
    )
    value = found(own(anchors=("second part",)), lines)
    assert value is not None
    assert value.value == "222"
    assert found(own(anchors=("third part",)), lines) is None


def test_value_written_as_the_examples_is_preferred() -> None:
    lines = page(("Mine 12-3", 60, 60), ("Mine AB-77", 60, 120))
    first, second = found(own(examples=("99-9",)), lines), found(own(examples=("XY-11",)), lines)
    assert first is not None
    assert second is not None
    assert (first.value, second.value) == ("12-3", "AB-77")


def test_pattern_of_a_name_bounds_what_stands_beside_its_label() -> None:
    lines = page(("Mine: Blue Barn Ltd", 60, 60), ("Mine: Green Silo GmbH", 60, 90))
    value = found(own("organisation", pattern=r"\w+ Silo GmbH"), lines)
    assert value is not None
    assert value.value == "Green Silo GmbH"
    assert found(own("organisation", pattern=r"\w+ Mill Inc"), lines) is None
