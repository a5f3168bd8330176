import numpy as np
import pytest

from extraction.engines.words import Glyph, alike, context, contexts, inked, parted, widest_gap


def line(*bars: tuple[int, int], ink: int = 0, paper: int = 255) -> np.ndarray:
    """A level line 40 pixels high and 200 wide with a bar from each start to its end."""
    picture = np.full((40, 200, 3), paper, np.uint8)
    for start, end in bars:
        picture[16:24, start:end] = ink
    return picture


def two(space: float) -> list[Glyph]:
    return [Glyph("a", 0.25, 0.9), Glyph("b", 0.75, 0.9, space)]


@pytest.mark.parametrize(
    ("space", "gap", "count"),
    [
        (0.9, 0, 2),  # sure of it, though the characters touch
        (0.3, 0, 1),
        (0.3, 12, 2),  # unsure, but there is a gap
        (0.005, 12, 1),
        (0.0, 90, 1),  # Chinese is set with gaps and without spaces
    ],
)
def test_parted_weighs_the_space_and_the_gap(space: float, gap: int, count: int) -> None:
    half = gap // 2
    assert len(parted(two(space), line((20, 100 - half), (100 + half, 180)))) == count


def test_parted_keeps_every_character_once_and_in_order() -> None:
    glyphs = [Glyph(c, 0.1 * i, 0.9, 0.99 if i % 2 else 0.0) for i, c in enumerate("abcde")]
    assert ["".join(g.character for g in word) for word in parted(glyphs, line((0, 200)))] == [
        "a", "bc", "de",
    ]  # fmt: skip
    assert parted([], line()) == []


@pytest.mark.parametrize(("ink", "paper"), [(0, 255), (255, 0), (180, 210)])
def test_inked_tells_ink_from_paper_dark_light_and_faint(ink: int, paper: int) -> None:
    columns = inked(line((20, 90), (130, 180), ink=ink, paper=paper))
    assert columns[25:85].all()
    assert not columns[95:125].any()
    assert widest_gap(columns, 0.25, 0.75) == 40


def test_widest_gap_is_nothing_where_all_is_ink_and_all_where_nothing_is() -> None:
    assert widest_gap(np.ones(100, np.bool_), 0.2, 0.8) == 0
    assert widest_gap(np.zeros(100, np.bool_), 0.2, 0.8) == 60


def test_contexts_are_the_characters_around_a_place() -> None:
    assert contexts("Tel07", 3) == ("EL|00", "TEL|0", "L|00$")
    assert contexts("ab", 1) == ("^A|B$", "^^A|B", "A|B$$")


def test_alike_keeps_the_length_where_a_capital_is_two_letters() -> None:
    assert alike("Straße 7") == "STRAßE 0"


def test_context_speaks_for_a_space_between_words_and_against_one_inside() -> None:
    assert context("TAXINVOICE", 3) > 1
    assert context("Adjustment", 5) < -4
    assert context("ぬるをわかよ", 3) == context("ლოკაცია", 3) < 0


def test_context_says_less_beside_digits_and_signs() -> None:
    assert context("12.60", 2) == -2.5


@pytest.mark.parametrize(
    ("text", "index", "count"), [("Taxinvoice", 3, 2), ("Adjustment", 5, 1), ("Description", 5, 1)]
)
def test_parted_asks_the_context_where_space_and_gap_leave_doubt(
    text: str, index: int, count: int
) -> None:
    step = 1 / len(text)
    glyphs = [
        Glyph(c, step * (i + 0.5), 0.9, 0.3 if i == index else 0.0) for i, c in enumerate(text)
    ]
    middle = round(200 * step * index)
    words = parted(glyphs, line((0, middle - 3), (middle + 3, 200)))
    assert len(words) == count
