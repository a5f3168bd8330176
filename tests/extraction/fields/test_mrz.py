from __future__ import annotations

import time
from datetime import date

import pytest

from extraction.fields.mrz import Mrz, check_digit, find_mrz
from extraction.types import Line

TODAY = date(2026, 1, 1)
# The specimens of ICAO Doc 9303.
TD3 = [
    "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
    "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
]
TD1 = [
    "I<UTOD231458907<<<<<<<<<<<<<<<",
    "7408122F1204159UTO<<<<<<<<<<<6",
    "ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
]
TD2 = ["I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "D231458907UTO7408122F1204159<<<<<<<6"]
MRV_A = [
    "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
    "L8988901C4XXX4009078F96121096ZE184226B<<<<<<",
]
MRV_B = ["V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "L8988901C4XXX4009078F9612109<<<<<<<<"]
LONG_NUMBER = [
    "I<UTOD23145890<7349<<<<<<<<<<<",
    "3407127M9507122UTO<<<<<<<<<<<2",
    "STEVENSON<<PETER<JOHN<<<<<<<<<",
]


def printed(lines: list[str]) -> list[Line]:
    """Lines of characters 6 points wide, the first 100 points down the page."""
    return [
        Line(text, (10, 100 + 12 * n, 10 + 6 * len(text), 110 + 12 * n), 0.9)
        for n, text in enumerate(lines)
    ]


def found(lines: list[str]) -> Mrz:
    mrz = find_mrz(printed(lines), TODAY)
    assert mrz is not None
    return mrz


def values(lines: list[str]) -> dict[str, str]:
    return {field.name: field.value for field in found(lines).fields}


@pytest.mark.parametrize(
    ("name", "lines"),
    [("TD3", TD3), ("TD1", TD1), ("TD2", TD2), ("MRV-A", MRV_A), ("MRV-B", MRV_B)],
)
def test_specimen_passes(name: str, lines: list[str]) -> None:
    mrz = found(lines)
    assert (mrz.format, list(mrz.lines), mrz.valid) == (name, lines, True)


def test_passport_becomes_fields() -> None:
    assert values(TD3) == {
        "document_type": "P", "issuing_country": "UTO", "surname": "ERIKSSON",
        "given_names": "ANNA MARIA", "document_number": "L898902C3", "nationality": "UTO",
        "birth_date": "1974-08-12", "sex": "F", "expiry_date": "2012-04-15",
        "optional_data": "ZE184226B",
    }  # fmt: skip
    assert found(TD3).checks == dict.fromkeys(
        ("document_number", "birth_date", "expiry_date", "optional_data", "composite"), True
    )


def test_card_becomes_fields() -> None:
    assert values(TD1) == {
        "document_type": "I", "issuing_country": "UTO", "document_number": "D23145890",
        "birth_date": "1974-08-12", "sex": "F", "expiry_date": "2012-04-15", "nationality": "UTO",
        "surname": "ERIKSSON", "given_names": "ANNA MARIA",
    }  # fmt: skip


def test_long_document_number_goes_on_in_the_optional_data() -> None:
    assert values(LONG_NUMBER)["document_number"] == "D23145890734"
    assert "optional_data" not in values(LONG_NUMBER)
    assert found(LONG_NUMBER).valid


@pytest.mark.parametrize(
    "lines", [TD3, TD1, TD2, LONG_NUMBER], ids=["TD3", "TD1", "TD2", "long number"]
)
def test_any_one_digit_flipped_is_caught(lines: list[str]) -> None:
    for number, line in enumerate(lines):
        for place, digit in enumerate(line):
            for other in "0123456789":
                if digit.isdigit() and digit != other:
                    wrong = list(lines)
                    wrong[number] = line[:place] + other + line[place + 1 :]
                    mrz = find_mrz(printed(wrong), TODAY)
                    assert mrz is not None and not mrz.valid, (number, place, other)


def test_flipped_digit_is_told_of_the_field_it_is_in() -> None:
    wrong = found([TD3[0], TD3[1].replace("7408122", "7408132")])
    checks = {field.name: dict(field.checks) for field in wrong.fields}
    assert checks["birth_date"] == {"checksum": False}
    assert checks["expiry_date"] == checks["document_number"] == {"checksum": True}
    assert wrong.checks["composite"] is False


@pytest.mark.parametrize(
    "lines",
    [
        [TD3[0].replace("<" * 19, "K" * 10 + "<KKK<<K<<"), TD3[1]],
        [TD3[0].replace("<<ANNA", "«ANNA"), TD3[1].replace("<", "‹")],
        [TD3[0], "L898902C36UT074O8l22F12O4I59ZE184226B<<<<<1O"],
        [TD3[0], "L898902C36UTO7408122F1204159ZE184226B<<<10"],
        [TD3[0], "L898902C36UTO7408122F1204159ZE184226B<<<<<<<10"],
        ["P<UTOERIKSSON<<ANNA<MARIA", "L898902C36UTO7408122F1204159ZE184226B10"],
        [TD3[0], TD3[1].replace("F", "F ").lower()],
    ],
)
def test_misread_passport_is_put_right(lines: list[str]) -> None:
    mrz = found(lines)
    assert (list(mrz.lines), mrz.valid) == (TD3, True)


def test_misread_card_is_put_right() -> None:
    mrz = found(["1<UTOD231458907", "7408122F1204159UTO6", "ERIKSSON<<ANNA<MARIA"])
    assert (list(mrz.lines), mrz.valid) == (TD1, True)


def test_letter_in_a_document_number_is_put_right_by_its_check_digit_and_said() -> None:
    mrz = found([TD3[0], TD3[1].replace("L898902C3", "L8989O2C3")])
    (number,) = [field for field in mrz.fields if field.name == "document_number"]
    assert (number.value, number.notes) == ("L898902C3", ("mended_by_checksum",))


def test_lines_are_found_among_others_in_any_order() -> None:
    others = [Line("PASSPORT", (10, 20, 90, 30)), Line("Surname ERIKSSON", (10, 40, 90, 50))]
    mrz = find_mrz([*printed(TD3)[::-1], *others], TODAY)
    assert mrz is not None and list(mrz.lines) == TD3


def test_line_read_in_two_pieces_is_put_together() -> None:
    first, second = printed(TD3)
    left = Line("L898902C36UTO7408122F1204159ZE184226B", (10, 112, 232, 122))
    right = Line("10", (262, 113, 274, 123))
    mrz = find_mrz([first, right, left], TODAY)
    assert mrz is not None and mrz.valid
    assert mrz.fields[-1].line.box == (10, 112, 274, 123)
    assert second.box == (10, 112, 274, 122)


def test_field_stands_where_its_characters_do() -> None:
    boxes = {field.name: field.box for field in found(TD3).fields}
    assert boxes["birth_date"] == (10 + 13 * 6, 112, 10 + 19 * 6, 122)
    assert boxes["document_type"] == (10, 100, 22, 110)


@pytest.mark.parametrize(
    ("digits", "birth"),
    [("150101", "2015-01-01"), ("260101", "2026-01-01"), ("270101", "1927-01-01")],
)
def test_nobody_is_born_after_today(digits: str, birth: str) -> None:
    line = f"L898902C36UTO{digits}{check_digit(digits)}F1204159ZE184226B<<<<<10"
    (field,) = [field for field in found([TD3[0], line]).fields if field.name == "birth_date"]
    assert (field.value, field.notes) == (birth, ("century_assumed",))


def test_birth_date_of_which_the_day_is_not_known_ends_at_the_month() -> None:
    line = f"L898902C36UTO7408<<{check_digit('7408<<')}F1204159ZE184226B<<<<<10"
    assert values([TD3[0], line])["birth_date"] == "1974-08"


@pytest.mark.parametrize(
    "lines",
    [
        [], ["P<UTO"], TD3[:1], TD3[1:],
        ["PIPES AND MORE FROM THE HARBOUR QUAY STREET", "1" * 44],
        ["P<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<", "<" * 44],
    ],
)  # fmt: skip
def test_other_text_is_no_zone(lines: list[str]) -> None:
    assert find_mrz(printed(lines), TODAY) is None


def test_hostile_pages_take_no_time() -> None:
    start = time.process_time()
    for text in ("P<<" * 10_000, "P<" * 22, "I<1O" * 11, "<" * 44, "1" * 30, "V<" + "K" * 34):
        find_mrz(printed([text] * 3_000), TODAY)
    assert time.process_time() - start < 2


def test_check_digit_is_that_of_the_standard() -> None:
    assert [check_digit(text) for text in ("520727", "AB2134<<<", "L898902C3")] == [3, 5, 6]
