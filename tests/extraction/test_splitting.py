from __future__ import annotations

import random
import time
from dataclasses import replace

from benchmarks.classification_pages import page_of
from benchmarks.splitting import first_pages, staple
from extraction.splitting import split, whole
from extraction.types import Block, Classification, Page, Part

A4 = (595.0, 842.0)


def page(number: int, *texts: str, size: tuple[float, float] = A4) -> Page:
    lines = [(text.lstrip("# "), 20.0 if text.startswith("#") else 10.0) for text in texts]
    return page_of(lines, size, number)


def pages_of(parts: tuple[Part, ...]) -> list[tuple[int, ...]]:
    return [part.pages for part in parts]


INVOICE = ("Hartwig GmbH", "# Rechnung", "Rechnung Nr. 4711", "zahlbar bis 1.2.2026", "Summe 9,00")
LETTER = ("Studio Bianchi", "Oggetto: lavori", "Gentile Signora,", "Cordiali saluti")


def test_split_cuts_where_another_document_begins() -> None:
    parts = split([page(1, *INVOICE), page(2, "Zeile 3 12,00", "Zeile 4 9,50"), page(3, *LETTER)])
    assert pages_of(parts) == [(1, 2), (3,)]
    assert [part.classification.kind for part in parts] == ["invoice", "letter"]
    assert parts[0].confidence == 1.0
    assert 0.5 <= parts[1].confidence < 1


def test_split_believes_page_numbers() -> None:
    numbered = [
        page(1, "one", "Page 1 of 2"), page(2, *INVOICE, "Page 2 of 2"),
        page(3, "three", "Page 1 of 1"), page(4, "four", "Page 1 of 2"), page(5, "five", "2/2"),
    ]  # fmt: skip
    assert pages_of(split(numbered)) == [(1, 2), (3,), (4, 5)]


def test_split_keeps_a_blank_sheet_with_the_document_before_it() -> None:
    parts = split([page(1, *INVOICE), page(2), page(3, *LETTER)])
    assert pages_of(parts) == [(1, 2), (3,)]


def test_split_cuts_where_the_document_goes_by_another_number() -> None:
    two = [page(1, *INVOICE), page(2, *INVOICE[:2], "Rechnung Nr. 4712", *INVOICE[3:])]
    same = [page(1, *INVOICE), page(2, *INVOICE)]
    assert pages_of(split(two)) == [(1,), (2,)]
    assert pages_of(split(same)) == [(1, 2)]


def test_split_leaves_a_table_that_goes_on_whole() -> None:
    table = Block("p2-b1", "table", "", continues="p1-b3")
    second = replace(page(2, *LETTER), blocks=(table,))
    assert pages_of(split([page(1, *INVOICE), second])) == [(1, 2)]


def test_split_of_nothing_and_of_one_page() -> None:
    assert split([]) == ()
    assert pages_of(split([page(7, *INVOICE)])) == [(7,)]


def test_split_finds_most_of_the_cuts_in_stapled_files() -> None:
    chance = random.Random(5)
    firsts = first_pages(chance, [])
    right = found = true = 0
    for _ in range(20):
        pages, starts, _ = staple(chance, firsts)
        cuts = {part.pages[0] for part in split(pages)[1:]}
        true, found = true + len(starts) - 1, found + len(cuts)
        right += len(cuts & set(starts[1:]))
    assert right / true > 0.9
    assert right / found > 0.85


def test_split_takes_bounded_time_on_hostile_pages() -> None:
    hostile = page(1, *("no nr " * 200 + "1/1 " * 200 for _ in range(2000)))
    begun = time.perf_counter()
    split([replace(hostile, number=n) for n in range(1, 11)])
    assert time.perf_counter() - begun < 20


def test_whole_is_surer_where_all_parts_are_alike() -> None:
    invoice = Classification("invoice", "Invoice", 0.9)
    letter = Classification("letter", "Letter", 0.8)
    alike = (Part(1, (1,), 1, invoice), Part(2, (2,), 1, invoice))
    mixed = (Part(1, (1,), 1, invoice), Part(2, (2,), 1, letter))
    assert whole(alike) == invoice
    assert (whole(mixed).kind, whole(mixed).confidence) == ("invoice", 0.45)
