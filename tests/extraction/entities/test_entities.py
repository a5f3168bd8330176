from __future__ import annotations

import json
import time
from dataclasses import replace

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extraction import entities
from extraction.entities import entities_of, retold
from extraction.formats.json import page_to_dict, to_dict
from extraction.formats.json_reading import page_from_dict
from extraction.schema import json_schema
from extraction.types import Block, Cell, Document, Entity, Page, Source, Table
from tests.extraction.entities.papers import paper


def found(*texts: str) -> list[tuple[str, str, object]]:
    return [(each.kind, each.raw, each.value) for each in entities_of(paper(*texts))]


def amount(number: str, currency: str | None) -> dict[str, str | None]:
    return {"amount": number, "currency": currency}


@pytest.mark.parametrize(
    ("text", "number", "currency"),
    [
        ("Summe 1.234,50 €", "1234.50", "EUR"),
        ("Total $1,234.50", "1234.50", "USD"),
        ("Zürich CHF 1'234.50", "1234.50", "CHF"),
        ("Montant 1 234,56 EUR", "1234.56", "EUR"),
        ("Razem 1 234,50 zł", "1234.50", "PLN"),
        ("Total ₹ 1,23,456.00", "123456.00", "INR"),
        ("Gutschrift -12,50 EUR", "-12.50", "EUR"),
        ("Refund (1,234.00 USD)", "-1234.00", "USD"),
        ("Preis 1.000,-- €", "1000.00", "EUR"),
        ("RM5", "5.00", "MYR"),
        ("Totale Euro 1.894,07", "1894.07", "EUR"),
    ],
)
def test_amount_with_a_currency_is_found(text: str, number: str, currency: str) -> None:
    ((kind, _, value),) = found(text)
    assert (kind, value) == ("money", amount(number, currency))


def test_amount_without_a_currency_is_one_where_its_surroundings_show_it() -> None:
    texts = (
        "Nasi Lemak  12.50 SR",
        "2.00 kg  19.00 %  12.30 Uhr",
        "Version 1.25 is out",
        "RM 5.00",
    )
    assert found(*texts) == [
        ("money", "12.50", amount("12.50", "MYR")),
        ("money", "RM 5.00", amount("5.00", "MYR")),
    ]
    assert found("Total  12.50") == [("money", "12.50", amount("12.50", None))]
    assert found("Level  12.50") == []
    raws = [raw for _, raw, _ in found("€ 3,00", "16.06  Loyer", "€ 4,00")]
    assert raws == ["€ 3,00", "€ 4,00"]


def test_word_like_another_currency_is_none() -> None:
    texts = ("RON 95  € 5,00", "2016 CNY  € 5,00", "USD 500")
    assert [raw for _, raw, _ in found(*texts)] == ["€ 5,00", "€ 5,00", "USD 500"]


def test_what_stands_below_a_heading_of_quantities_is_no_amount() -> None:
    amounts = [raw for _, raw, _ in found("Menge  Preis je Stück", "3,00  7,50", "Total  € 9,00")]
    assert amounts == ["7,50", "€ 9,00"]


def test_columns_apart_are_not_one_number_and_quantities_no_amounts() -> None:
    page = paper("Qty  Price", "2  250.00", "3.00  7.50", "Total  € 500.00")
    cells = (
        Cell(0, 0, "Qty", header=True),
        Cell(0, 1, "Price", header=True),
        Cell(1, 0, "2", (45, 60, 75, 76)),
        Cell(2, 0, "3.00", (45, 76, 75, 90)),
    )
    table = Block("p1-b2", "table", "", (45, 50, 300, 90), table=Table(3, 2, cells))
    told = entities_of(replace(page, blocks=(table,)))
    assert [each.raw for each in told] == ["250.00", "7.50", "€ 500.00"]


@pytest.mark.parametrize(
    ("text", "raw", "day"),
    [
        ("vom 12.03.2026 an", "12.03.2026", "2026-03-12"),
        ("at 2026-03-04T10:30", "2026-03-04", "2026-03-04"),
        ("25/12/18 10:00", "25/12/18", "2018-12-25"),
        ("on 5th of May 2026", "5th of May 2026", "2026-05-05"),
        ("le 3 mars 2026", "3 mars 2026", "2026-03-03"),
        ("12-Mar-26", "12-Mar-26", "2026-03-12"),
        ("17 06 1960", "17 06 1960", "1960-06-17"),
        ("1. März - 31. März 2026", "31. März 2026", "2026-03-31"),
    ],
)
def test_date_is_found(text: str, raw: str, day: str) -> None:
    assert found(text) == [("date", raw, day)]


@pytest.mark.parametrize(
    "text",
    [
        "Rechnung RE-2026-03-04",
        "INV2026-03-04",
        "Ref 2026-03-04/17",
        "12.03.2026B",
        "Invoice no: 12-03-2026",
        "Version 3.1.12",
        "192.168.1.12",
        "20260304",
        "10 Dec 15 units",
        "Batch 12.05.2026-4711",
    ],
)
def test_date_within_a_number_is_none(text: str) -> None:
    assert [each for each in found(text) if each[0] == "date"] == []


def test_both_dates_of_a_span_are_found() -> None:
    spans = [value for _, _, value in found("01.02.2026-28.02.2026", "01/03/2026 - 31/03/2026")]
    assert spans == ["2026-02-01", "2026-02-28", "2026-03-01", "2026-03-31"]


def test_order_of_day_and_month_is_the_documents_and_else_said_to_be_assumed() -> None:
    def told(*texts: str) -> tuple[object, tuple[str, ...]]:
        each = entities_of(paper(*texts))[0]
        return each.value, each.notes

    assert told("03/04/2026") == ("2026-04-03", ("day_first_assumed",))
    assert told("03/04/2026", "12/31/2026") == ("2026-03-04", ("month_first_by_document",))
    assert told("03/04/2026", "Rechnung für die Lieferung und den Betrag der Firma")[1] == (
        "day_first_by_document",
    )


@pytest.mark.parametrize(
    ("text", "raw", "number"),
    [
        ("IBAN: DE44 5001 0517 5407 3249 31 BIC", "DE44 5001 0517 5407 3249 31", None),
        ("CH93 0076 2011 6238 5295 7", "CH93 0076 2011 6238 5295 7", None),
        ("GB29NWBK60161331926819", "GB29NWBK60161331926819", None),
        ("IBAN DE44500105175407 324931", "DE44500105175407 324931", None),
    ],
)
def test_iban_is_found(text: str, raw: str, number: None) -> None:
    assert found(text) == [("iban", raw, raw.replace(" ", ""))]


def test_iban_with_a_wrong_check_sum_is_none_and_no_telephone_number_either() -> None:
    assert found("IBAN DE44 5001 0517 5407 3249 32", "Tel DE44500105175407324932") == []


@pytest.mark.parametrize(
    ("texts", "raw", "number"),
    [
        (("Tel. +49 30 901820",), "+49 30 901820", "+4930901820"),
        (("Tel: 030 1234567", "10115 Berlin, Musterfirma GmbH"), "030 1234567", "+49301234567"),
        (("Call (555) 123-4567 today",), "(555) 123-4567", None),
        (("Phone: 212-555-0123", "Acme Inc., New York, NY 10001"), "212-555-0123", "+12125550123"),
        (("TEL : 03-8888 8888", "Kedai Sdn Bhd"), "03-8888 8888", "+60388888888"),
        (("Fax  03-8888 8888", "Kedai Sdn Bhd"), "03-8888 8888", "+60388888888"),
    ],
)
def test_phone_is_found(texts: tuple[str, ...], raw: str, number: str | None) -> None:
    phones = [each for each in found(*texts) if each[0] == "phone"]
    assert phones == ([("phone", raw, number)] if number else [])


def test_phone_of_an_unknown_country_is_as_written_and_says_so() -> None:
    numbers = entities_of(paper("Tel : 07-5547360 / 016-7993391"))
    assert [(each.raw, each.value, each.notes) for each in numbers] == [
        (raw, raw, ("country_not_known",)) for raw in ("07-5547360", "016-7993391")
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Kundennummer 0301234567",
        "Bestellung 030 1234567",
        "Order 4711 0815 12",
        "4111 1111 1111 1111",
        "Invoice no 030-1234567",
        "Steuernummer: 143/300/12345",
    ],
)
def test_other_numbers_are_no_phones(text: str) -> None:
    texts = (text, "10115 Berlin, Musterfirma GmbH, info@muster.de")
    assert [each for each in found(*texts) if each[0] == "phone"] == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("see http://Example.com/a?b=c, now", "http://example.com/a?b=c"),
        ("www.example.co.uk", "https://www.example.co.uk"),
        ("shop.example.de/kasse", "https://shop.example.de/kasse"),
        ("WWW.MUSTER.COM.MY", "https://www.muster.com.my"),
    ],
)
def test_url_is_found(text: str, value: str) -> None:
    ((kind, _, told),) = found(text)
    assert (kind, told) == ("url", value)


@pytest.mark.parametrize(
    "text", ["Inc.at", "REG.NO 12", "reg.no: 12", "e.g. z.B. Node.js", "a.b.c"]
)
def test_words_with_points_are_no_urls(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Jo.Doe@Example.COM", "Jo.Doe@example.com"),
        ("shop @ example.de", "shop@example.de"),
        ("info@example .com", "info@example.com"),
        ("a.b@firma. de", "a.b@firma.de"),
    ],
)
def test_email_is_found_though_a_space_was_read(text: str, value: str) -> None:
    assert found(text) == [("email", text, value)]


def test_sentence_behind_an_email_is_no_part_of_it() -> None:
    assert found("write to me@firm.com. it helps", "ask me@firm. At noon") == [
        ("email", "me@firm.com", "me@firm.com")
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("USt-IdNr. DE123456788", "DE123456788"),
        ("CHE-123.456.788 MWST", "CHE123456788MWST"),
        ("GSTIN 27AAPFU0939F1ZV", "27AAPFU0939F1ZV"),
        ("GST NO : 000656195584", "000656195584"),
        ("Steuer-Nr. 143/300/12345", "143/300/12345"),
        ("Federal Tax ID: 74-7917453", "74-7917453"),
        ("SIRET 732 829 320 00074 TVA FR83404833048", "FR83404833048"),
    ],
)
def test_tax_number_is_found(text: str, value: str) -> None:
    assert ("vat", value) in [(kind, told) for kind, _, told in found(text)]


def test_tax_number_wants_its_check_sum_or_a_label() -> None:
    assert found("DE123456789", "Order 123456788", "Ein 123456788") == []


def test_box_is_around_exactly_the_words_and_confidence_is_theirs() -> None:
    page = paper("Konto IBAN DE44500105175407 324931 bei uns", confidence=0.5)
    (each,) = entities_of(page)
    words = page.lines[0].words
    assert each.box == (words[2].box[0], 50.0, words[3].box[2], 60.0)
    assert each.confidence == pytest.approx(0.25**0.7, abs=1e-4)
    (unmeasured,) = entities_of(paper("am 12.03.2026", confidence=None))
    assert unmeasured.confidence is None


def test_value_over_a_line_break_is_found_in_running_text_only() -> None:
    texts = ("Bitte zahlen Sie auf DE44 5001 0517", "5407 3249 31 bis zum 12.", "März 2026 ein.")
    page = paper(*texts)
    number, day = entities_of(page)
    assert (number.value, day.value) == ("DE44500105175407324931", "2026-03-12")
    assert number.box is not None and (number.box[1], number.box[3]) == (50.0, 74.0)
    assert entities_of(paper(*texts, block="table")) == ()


def test_text_without_places_has_entities_without_boxes() -> None:
    page = Page(1, 595, 842, blocks=(Block("p1-b1", "paragraph", "due 12 March 2026"),))
    (each,) = entities_of(page)
    assert (each.value, each.box, each.confidence) == ("2026-03-12", None, None)


def test_what_another_page_tells_counts_where_the_page_does_not() -> None:
    first = paper("Betrag  34,73 03/04/2026", number=1)
    second = paper("Total  EUR 12,50 12/31/2026", number=2)
    pages = [replace(page, entities=entities_of(page)) for page in (first, second)]
    assert [each.value for each in pages[0].entities or ()] == ["2026-04-03"]
    told = retold(pages)
    assert [each.value for each in told[0].entities or ()] == [
        amount("34.73", "EUR"),
        "2026-03-04",
    ]
    assert told[1] == pages[1]
    assert retold(told) == told
    untold = (replace(first, entities=None), pages[1])
    assert retold(untold) == untold


def test_hostile_text_takes_no_long_time_and_a_page_has_a_bounded_number() -> None:
    for text in ("AT1 " * 14_000, "DE44 " * 11_000, "a" * 120_000, "1." * 60_000):
        begun = time.process_time()
        entities_of(paper(text.strip()))
        assert time.process_time() - begun < 4
    assert len(entities_of(paper(*["Total 12,50 € 12.03.2026"] * 600))) == entities.MOST


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.one_of(
            st.text(max_size=20),
            st.from_regex(r"[0-9A-Z€$@./ :+-]{1,24}", fullmatch=True),
            st.sampled_from(["DE44 5001 0517 5407 3249 31", "12.03.2026", "a@b.de", "€ 1.234,50"]),
        ),
        max_size=8,
    )
)
def test_entities_of_any_text_stand_there_apart_and_come_back_from_json(texts: list[str]) -> None:
    page = paper(*texts, "x")
    told = entities_of(page)
    whole = " ".join(text for each in page.lines for text in (each.text,))
    for each in told:
        assert each.kind in entities.KINDS and each.raw in whole and each.raw.strip() == each.raw
    page = replace(page, entities=told)
    stored = json.loads(json.dumps(page_to_dict(page)))
    assert page_to_dict(page_from_dict(stored)) == stored
    document = Document(Source("a", "image/png", "0" * 64, 1), (page,))
    jsonschema.Draft202012Validator(json_schema()).validate(to_dict(document))


def test_kinds_of_the_schema_are_those_that_are_found() -> None:
    assert json_schema()["$defs"]["entity"]["properties"]["kind"]["enum"] == list(entities.KINDS)


def test_result_of_before_has_none_looked_for() -> None:
    stored = page_to_dict(paper("12.03.2026"))
    del stored["entities"], stored["language"]
    page = page_from_dict(stored)
    assert (page.entities, page.language) == (None, None)
    told = page_to_dict(replace(page, entities=(Entity("url", "www.a.de", "https://www.a.de"),)))
    assert told["entities"][0]["page"] == 1
