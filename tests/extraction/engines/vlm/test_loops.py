from __future__ import annotations

import random

import pytest

from extraction.engines.vlm.loops import LIMITS, LONGEST, Loop, LoopWatch


def looped(tokens: list[int]) -> tuple[int, Loop] | None:
    """How many tokens it took until a loop was told, and the loop."""
    watch = LoopWatch()
    for count, token in enumerate(tokens, 1):
        if loop := watch.add(token):
            return count, loop
    return None


def prose(tokens: int, seed: int = 0) -> list[int]:
    """Tokens as of a text: frequent ones come again and again."""
    rng = random.Random(seed)
    return [int(rng.paretovariate(0.5)) % 5000 for _ in range(tokens)]


@pytest.mark.parametrize("period", [1, 2, 3, 7, 20, 64, 200, LONGEST])
def test_loop_of_any_period_is_told_at_its_limit_and_where_it_began(period: int) -> None:
    before = prose(137)
    unit = [9_000 + n for n in range(period)]
    tokens = before + unit * (2000 // period + 5)
    limit = int(LIMITS[period - 1])
    assert looped(tokens) == (len(before) + period + limit, Loop(len(before), period))


def test_limits_grow_with_the_period_and_never_ask_for_more_than_four_passes_of_a_passage() -> None:
    assert [int(LIMITS[p - 1]) for p in (1, 4, 9, 16, 100, 341, 400, 512)] == [
        256, 512, 768, 1024, 1024, 1024, 1200, 1536,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("what", "unit", "times"),
    [
        ("a leader of dots, a token each", [5], 120),
        ("a line to sign on, ten tokens", [6], 10),
        ("sixty empty cells: <td></td>", [1, 2, 3], 60),
        ("a hundred cells that say 0", [1, 2, 3, 4], 100),
        ("forty rows of six empty cells", [8, *[1, 2, 3] * 6, 9], 40),
        ("a sheet of 24 equal labels", list(range(30)), 24),
        ("the three copies of a slip", list(range(400)), 3),
    ],
)
def test_what_a_page_may_rightly_repeat_is_no_loop(what: str, unit: list[int], times: int) -> None:
    assert looped(prose(50) + unit * times + prose(50, 1)) is None, what


def test_prose_of_a_full_page_is_no_loop() -> None:
    assert looped(prose(4096)) is None


def test_repetitions_with_something_between_them_do_not_add_up() -> None:
    dots = [5] * 100
    tokens = [token for chapter in range(60) for token in (*dots, 1000 + chapter, 2000 + chapter)]
    assert looped(tokens) is None


def test_loop_that_stands_within_a_longer_one_is_told_by_the_shorter() -> None:
    count, loop = looped([1, 1, 2] * 400) or (0, Loop(0, 0))
    assert loop == Loop(0, 3)
    assert count == 3 + int(LIMITS[2])


def test_rows_longer_than_was_reserved_are_followed() -> None:
    tokens = prose(5000) + [7] * 300
    assert looped(tokens) == (5000 + 1 + 256, Loop(5000, 1))
