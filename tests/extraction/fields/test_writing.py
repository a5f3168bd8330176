from __future__ import annotations

import time

import pytest

from extraction.fields.writing import writing_of
from extraction.types import Line, Page
from tests.extraction.test_level import line


def page(*texts: str, width: float = 595, height: float = 842) -> Page:
    lines = tuple(line(text, 60, 20 + 14 * n) for n, text in enumerate(texts))
    return Page(1, width, height, lines=lines)


@pytest.mark.parametrize(
    ("texts", "day_first"),
    [
        (["Date 03/04/2026", "Due 25/04/2026"], True),
        (["Date 03/04/2026", "Due 04/25/2026"], False),
        (["Date 03/04/2026", "Ship 04/25/2026", "Due 05/25/2026", "Old 25/05/2026"], False),
        (["Date 03/04/2026", "Total $ 12.00", "Springfield, IL 62704"], False),
        (["Date 03/04/2026", "Total RM 12.00", "Gardenia Bakeries Sdn Bhd"], True),
        (["Rechnung und Datum 03/04/2026", "Betrag und Summe"], True),
        (["Date 03/04/2026", "Total € 12.00"], True),
        (["Date 03/04/2026", "Springfield, IL 62704", "Due 25/04/2026"], True),
        (["Date 03/04/2026", "Total 12.00"], None),
        (["Date 03/04/2026", "Total C$ 12.00", "Tel +1 416 555 0100", "shop.ca"], None),
        (["Date 2026-04-25"], None),
    ],
)
def test_order_of_day_and_month_is_told_by_the_document(
    texts: list[str], day_first: bool | None
) -> None:
    assert writing_of([page(*texts)]).day_first is day_first


@pytest.mark.parametrize(
    ("texts", "mark"),
    [
        (["Net 1.234,50", "VAT 234,56"], ","),
        (["Net 1,234.50", "VAT 234.56"], "."),
        (["Net 12.50", "VAT 12,50"], None),
        (["Date 12.05.2026", "Hours 7:30", "Version 1.20.3"], None),
        (["Net 1'234.50"], "."),
    ],
)
def test_decimal_mark_is_told_by_amounts(texts: list[str], mark: str | None) -> None:
    assert writing_of([page(*texts)]).decimal_mark == mark


@pytest.mark.parametrize(
    ("texts", "currency"),
    [
        (["€ 5", "5 EUR", "$ 5"], "EUR"),
        (["$ 5", "$ 6", "all prices in SGD"], "SGD"),
        (["$ 5", "Pipes Pty Ltd"], "AUD"),
        (["$ 5"], "USD"),
        (["kr 5", "Tel +47 22 12 34 56", "firma.no"], "NOK"),
        (["5.00"], None),
    ],
)
def test_currency_is_that_named_most(texts: list[str], currency: str | None) -> None:
    assert writing_of([page(*texts)]).currency == currency


@pytest.mark.parametrize(
    ("texts", "country"),
    [
        (["Harbour GmbH"], "DE"),
        (["IBAN NL91 ABNA 0417 1643 00", "www.firma.nl"], "NL"),
        (["Tel. +33 1 42 68 53 00", "France"], "FR"),
        (["Faktura VAT", "Razem 12,00 zł"], "PL"),
        (["TOTAL RM 12.00"], "MY"),
        (["Springfield, IL 62704"], "US"),
        (["Pipes S.r.l.", "Customer: Firma GmbH", "P. IVA IT00743110157"], "IT"),
        (["Total € 12.00"], None),
        (["Total 12.00 USD"], None),
    ],
)
def test_country_is_told_by_what_points_to_it(texts: list[str], country: str | None) -> None:
    assert writing_of([page(*texts)]).country == country


def test_paper_of_the_americas_makes_dollars_american() -> None:
    texts = ("Date 03/04/2026", "Total $ 12.00")
    assert writing_of([page(*texts, width=612, height=792)]).day_first is False
    assert writing_of([page(*texts)]).day_first is None


def test_nothing_tells_nothing() -> None:
    writing = writing_of([])
    assert (writing.day_first, writing.decimal_mark, writing.currency, writing.country) == (
        None, None, None, None,
    )  # fmt: skip


def test_hostile_pages_take_no_time() -> None:
    start = time.process_time()
    for text in ("1", "1,", "a ", "$ ", "A.", "DE12 ", "+4"):
        lines = (Line(text * 20_000, (0, 0, 100, 10)),) * 3_000
        writing_of([Page(1, 600, 800, lines=lines)])
    assert time.process_time() - start < 8
