from __future__ import annotations

import pytest

from extraction.fields.kinds import Writing
from tests.extraction.fields.kinds.found import only, values


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("25/12/2018 8:13:39 PM", "2018-12-25"),
        ("2024-05-17", "2024-05-17"),
        ("2024-05-17T10:00:00Z", "2024-05-17"),
        ("7.5.24", "2024-05-07"),
        ("05/17/2024", "2024-05-17"),
        ("12.11.1955", "1955-11-12"),
        ("20240517", "2024-05-17"),
        ("17 05 2024", "2024-05-17"),
    ],
)
def test_dates_in_digits_become_iso_8601(text: str, value: str) -> None:
    assert values("date", text) == [value]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12 Mar 2018 18:19", "2018-03-12"),
        ("August 3 , 2014", "2014-08-03"),
        ("May 3rd, 2021", "2021-05-03"),
        ("3rd of May 2021", "2021-05-03"),
        ("03-MAY-21", "2021-05-03"),
        ("03MAY2021", "2021-05-03"),
        ("2003 CLOSED 24 MAR 18 09:58", "2018-03-24"),
        ("2 bottles 12 May 2018", "2018-05-12"),
        ("03 MAI/MAY 2021", "2021-05-03"),
        ("2021 May 3", "2021-05-03"),
        ("7. Mai 2014", "2014-05-07"),
        ("12. März 2024", "2024-03-12"),
        ("19 april 2014", "2014-04-19"),
        ("12 mrt 2024", "2024-03-12"),
        ("3 février 2021", "2021-02-03"),
        ("1er août 2022", "2022-08-01"),
        ("24 déc. 2023", "2023-12-24"),
        ("15 de octubre de 2022", "2022-10-15"),
        ("8 gennaio 2024", "2024-01-08"),
        ("3 maja 2023", "2023-05-03"),
        ("7 września 2024", "2024-09-07"),
        ("12 paź 2024", "2024-10-12"),
        ("12 Ogos 2023", "2023-08-12"),
        ("5 Mac 2024", "2024-03-05"),
        ("3 de março de 2023", "2023-03-03"),
    ],
)
def test_dates_in_words_are_known_in_nine_languages(text: str, value: str) -> None:
    assert values("date", text) == [value]


@pytest.mark.parametrize(
    "text",
    [
        "31/02/2024", "1.2.3.4", "12/2024", "99 Bottles 2024", "03-33623608", "2024051", "20241317",
        "1 17 05 2024", "30 February 2024",
    ],
)  # fmt: skip
def test_dates_that_are_none_are_refused(text: str) -> None:
    assert values("date", text) == []


@pytest.mark.parametrize(
    ("day_first", "value", "note"),
    [
        (True, "2026-04-03", "day_first_by_document"),
        (False, "2026-03-04", "month_first_by_document"),
        (None, "2026-04-03", "day_first_assumed"),
    ],
)
def test_order_of_day_and_month_is_the_documents_and_said(
    day_first: bool | None, value: str, note: str
) -> None:
    hit = only("date", "03/04/2026", Writing(day_first=day_first))
    assert (hit.value, hit.notes) == (value, (note,))


@pytest.mark.parametrize(
    "text", ["25/04/2026", "04/25/2026", "05/05/2026", "2026-04-03", "3 May 2026"]
)
def test_order_of_day_and_month_needs_no_note_where_only_one_is_a_date(text: str) -> None:
    assert only("date", text, Writing(day_first=False)).notes == ()


def test_century_of_two_digits_is_said_where_it_may_be_either() -> None:
    assert only("date", "25.12.55").notes == ("century_assumed",)
    assert only("date", "25.12.24").notes == ()
