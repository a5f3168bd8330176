"""extraction/engines/repetition.py: loops told from what a page may rightly repeat."""

from __future__ import annotations

import random
import time

import pytest

from extraction.engines.repetition import LONGEST, limit, looped

ROW = "<tr><td></td><td></td><td></td><td></td><td></td></tr>\n"
PARAGRAPH = (
    "The parties agree that the goods are delivered free on board, that the seller bears the risk "
    "until they have passed the ship's rail, and that payment falls due within thirty days.\n"
)


def varied(length: int, seed: int = 1) -> str:
    """Text in which nothing repeats itself for long."""
    rng = random.Random(seed)
    words = ("invoice", "total", "12.50", "the", "of", "Berlin", "<td>", "</td>", "\n", "no", "a")
    text = ""
    while len(text) < length:
        text += rng.choice(words) + " "
    return text[:length]


@pytest.mark.parametrize("unit", [".", "ab", "0 ", "Total 5.00\n", ROW, PARAGRAPH, varied(1900)])
@pytest.mark.parametrize("before", ["", varied(3000)])
def test_text_that_goes_on_repeating_itself_is_a_loop_from_its_limit_on(
    unit: str, before: str
) -> None:
    times = limit(len(unit)) // len(unit) + 2
    assert looped(before + unit * times) == len(unit)
    assert looped(before + unit * (times - 3)) == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        varied(20_000),
        "Rent " + "." * 200 + " 12",
        "Name: " + "_" * 150 + "\n",
        "<table>" + ROW * 60,
        "<table>" + ROW * 100 + "</table>",  # it has come to an end
        PARAGRAPH * 3,
        "Order 4711\nMr. A. Smith\n1 High Street\n" * 30,
        "".join(f"{number}. Total 5.00\n" for number in range(1000)),
    ],
)
def test_what_a_page_may_hold_is_none(text: str) -> None:
    assert looped(text) == 0


def test_loop_is_found_wherever_its_round_is_cut() -> None:
    text = varied(500) + PARAGRAPH * 40
    for cut in range(len(PARAGRAPH)):
        assert looped(text[: len(text) - cut]) == len(PARAGRAPH)


def test_round_in_which_its_own_end_recurs_is_still_found() -> None:
    unit = "Item A                         | 5.00 |                         | 5.00 | x" * 2 + "y"
    assert looped(unit * 60) == len(unit)


def test_longer_rounds_are_left_to_the_cap_of_a_page() -> None:
    assert looped(varied(LONGEST + 100) * 10) == 0


@pytest.mark.parametrize("text", [varied(100_000), " " * 99_000 + "x", "ab" * 400 + varied(99_000)])
def test_a_look_is_quick(text: str) -> None:
    begun = time.perf_counter()
    for _ in range(20):
        looped(text)
    assert time.perf_counter() - begun < 10  # where every place was looked at, minutes
