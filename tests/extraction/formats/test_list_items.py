from __future__ import annotations

import pytest

from extraction.formats.list_items import MAX_LEVEL, ListItem, list_items


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one\ntwo", [ListItem(0, "", "one"), ListItem(0, "", "two")]),
        ("• one\nmore of one", [ListItem(0, "-", "one\nmore of one")]),
        ("2) one\n  (a) two", [ListItem(0, "2.", "one"), ListItem(1, "", "(a) two")]),
        ("      - deep\n- one", [ListItem(0, "-", "deep"), ListItem(0, "-", "one")]),
        ("- one\n      - two", [ListItem(0, "-", "one"), ListItem(1, "-", "two")]),
        ("", []),
    ],
)
def test_list_items_tells_marks_and_levels(text: str, expected: list[ListItem]) -> None:
    assert list_items(text) == expected


def test_list_items_bounds_the_depth() -> None:
    text = "\n".join("  " * depth + "- x" for depth in range(500))

    assert max(item.level for item in list_items(text)) == MAX_LEVEL
