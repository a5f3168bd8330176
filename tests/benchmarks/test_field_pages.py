"""The generated documents say what their truth says."""

from __future__ import annotations

from collections.abc import Sequence

import pymupdf
import pytest

from benchmarks import field_drawing
from benchmarks.field_content import COUNTRIES
from benchmarks.field_numbers import card_zone, check_digit, mrz_name, passport_zone
from benchmarks.field_pages import TYPES, Sample, sample, samples
from benchmarks.field_wordings import LANGUAGES, ROWS


@pytest.fixture(scope="module")
def suite() -> Sequence[Sample]:
    return samples(120, scanned=0.0)


def squeezed(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def words_of(pdf: bytes) -> str:
    with pymupdf.open(stream=pdf) as document:
        return squeezed("".join(page.get_text(sort=True) for page in document))


def test_all_types_and_languages_occur(suite: Sequence[Sample]) -> None:
    assert {each.document_type for each in suite} == set(TYPES)
    assert {each.language for each in suite} == set(LANGUAGES)
    assert {each.country for each in suite} == set(COUNTRIES)


def test_every_label_is_worded_in_every_language() -> None:
    for key, row in ROWS.items():
        assert len(row) == len(LANGUAGES), key
        assert all(row), key


def test_the_same_seed_draws_the_same_document() -> None:
    first, second = sample("invoice", 7), sample("invoice", 7)
    assert first.truth == second.truth
    assert words_of(first.pdf) == words_of(second.pdf)
    assert sample("invoice", 8).truth != first.truth


def test_truth_is_the_same_without_font_files(
    suite: Sequence[Sample], monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = tuple((None, None, *builtin) for _, _, *builtin in field_drawing.FONTS)
    monkeypatch.setattr(field_drawing, "FONTS", bare)
    for each, other in zip(suite[:30], samples(30, scanned=0.0), strict=True):
        assert each.truth == other.truth, each.name


def test_what_is_scanned_says_the_same() -> None:
    drawn, scanned = sample("receipt", 3), sample("receipt", 3, scanned=1.0)
    assert scanned.scanned
    assert drawn.truth == scanned.truth
    assert words_of(scanned.pdf) == ""


def test_values_stand_on_the_page(suite: Sequence[Sample]) -> None:
    for each in suite:
        text = words_of(each.pdf)
        for name, raw in each.truth.raw.items():
            assert name in each.truth.values
            pieces = [squeezed(part) for part in raw.replace("\n", " ").split()]
            lacking = [piece for piece in pieces if piece not in text]
            assert lacking == [], f"{each.name} {name}"


def test_no_text_leaves_the_page(suite: Sequence[Sample]) -> None:
    for each in suite:
        with pymupdf.open(stream=each.pdf) as document:
            page = document[0]
            for x0, y0, x1, y1, text, *_ in page.get_text("words"):
                inside = x0 > -2 and y0 > -2 and x1 < page.rect.width + 2
                assert inside and y1 < page.rect.height + 2, f"{each.name} {text}"


def test_no_text_is_set_on_text(suite: Sequence[Sample]) -> None:
    for each in suite:
        with pymupdf.open(stream=each.pdf) as document:
            words = sorted(document[0].get_text("words"), key=lambda word: word[1])
        for number, (x0, y0, x1, y1, text, *_) in enumerate(words):
            for u0, v0, u1, v1, other, *_ in words[number + 1 :]:
                if v0 > y1:
                    break
                across = min(x1, u1) - max(x0, u0)
                down = min(y1, v1) - max(y0, v0)
                apart = across < 1.5 or down < 0.45 * min(y1 - y0, v1 - v0)
                assert apart, f"{each.name}: {text} on {other}"


def test_sums_agree(suite: Sequence[Sample]) -> None:
    for each in suite:
        values = each.truth.values
        if each.document_type == "invoice" and "subtotal" in values:
            cents = [
                round(float(values[name]["amount"]) * 100)
                for name in ("subtotal", "tax_amount", "total_amount")
            ]
            assert cents[0] + cents[1] == cents[2], each.name


def test_numbers_with_checks_are_valid(suite: Sequence[Sample]) -> None:
    from stdnum import iban, iso6346

    for each in suite:
        values = each.truth.values
        if "iban" in values:
            assert iban.is_valid(values["iban"]), each.name
        if "container_number" in values:
            assert iso6346.is_valid(values["container_number"]), each.name


def test_zones_have_right_check_digits(suite: Sequence[Sample]) -> None:
    zones = [each.truth.values["mrz"].split("\n") for each in suite if "mrz" in each.truth.values]
    assert {len(lines) for lines in zones} == {2, 3}
    for lines in zones:
        if len(lines) == 2:
            second = lines[1]
            assert [len(line) for line in lines] == [44, 44]
            parts = second[:10], second[13:20], second[21:28], second[28:43]
            whole = second[:10] + second[13:20] + second[21:43]
            assert second[43] == check_digit(whole)
        else:
            assert [len(line) for line in lines] == [30, 30, 30]
            parts = lines[0][5:15], lines[1][:7], lines[1][8:15], ""
            whole = lines[0][5:] + lines[1][:7] + lines[1][8:15] + lines[1][18:29]
            assert lines[1][29] == check_digit(whole)
        for part in filter(None, parts):
            assert part[-1] == check_digit(part[:-1])


def test_zones_are_those_of_the_standard() -> None:
    """The specimens of ICAO Doc 9303, parts 4 and 5."""
    from datetime import date

    who = ("UTO", "Eriksson", "Anna Maria")
    born, expires = date(1974, 8, 12), date(2012, 4, 15)
    assert passport_zone(*who, "L898902C3", born, "F", expires, "ZE184226B") == (
        "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
        "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
    )
    assert card_zone(*who, "D23145890", born, "F", expires) == (
        "IDUTOD231458907<<<<<<<<<<<<<<<",
        "7408122F1204159UTO<<<<<<<<<<<6",
        "ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
    )
    assert mrz_name("Müller-Lüdenscheid") == "MUELLER<LUEDENSCHEID"
