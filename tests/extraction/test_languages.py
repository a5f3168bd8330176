from __future__ import annotations

import pytest

from extraction.languages import language_of, with_languages
from extraction.types import Block, Page
from tests.extraction.entities.papers import paper

TEXTS = {
    "en": "Please pay the amount within thirty days of receiving this invoice.",
    "de": "Bitte überweisen Sie den Betrag innerhalb von dreißig Tagen nach Erhalt der Rechnung.",
    "fr": "Veuillez régler le montant dans les trente jours suivant la réception de la facture.",
    "es": "Rogamos que pague el importe de la factura en los treinta días después de recibirla.",
    "it": "Si prega di pagare l'importo entro trenta giorni dal ricevimento della fattura.",
    "nl": "Gelieve het bedrag binnen dertig dagen na ontvangst van de factuur te betalen.",
    "pl": "Prosimy o zapłatę kwoty w ciągu trzydziestu dni od otrzymania faktury.",
    "ms": "Sila jelaskan jumlah ini dalam tempoh tiga puluh hari selepas menerima invois.",
    "ja": "この請求書は三月末日までにお支払いください。",
    "ru": "Просим оплатить сумму в течение тридцати дней после получения счета.",
}


@pytest.mark.parametrize(("code", "text"), TEXTS.items())
def test_language_is_told(code: str, text: str) -> None:
    for written in (text, text.upper()):
        told = language_of(written)
        assert told is not None and told.code == code
        assert 0.7 <= told.confidence <= 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Total",
        "Rechnung 4711",
        "4711 0815 12.50 19 % 3/4",
        "www.example.com a@b.de X-4711 " * 9,
    ],
)
def test_too_little_text_has_no_language(text: str) -> None:
    assert language_of(text) is None


def test_blocks_have_their_own_language_where_they_are_surely_in_it() -> None:
    blocks = tuple(
        Block(f"p1-b{at}", "paragraph", text)
        for at, text in enumerate([TEXTS["de"] * 4, TEXTS["en"] * 2, "Total amount", "Muster AG"])
    )
    page = with_languages(Page(1, blocks=blocks))
    assert page.language is not None and page.language.code == "de"
    told = [block.language.code if block.language else None for block in page.blocks]
    assert told == ["de", "en", None, None]


def test_page_without_text_has_no_language() -> None:
    assert with_languages(Page(1)) == Page(1)
    assert with_languages(paper("4711", "0815")).language is None
