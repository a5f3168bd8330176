"""How a country's papers write dates, numbers and amounts of money."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal

from benchmarks.field_content import Country, pick

# fmt: off
MONTHS = {
    "en": "January|February|March|April|May|June|July|August|September|October|November|December",
    "de": "Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember",
    "fr": "janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre",
    "es": "enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre",
    "it": "gennaio|febbraio|marzo|aprile|maggio|giugno|luglio|agosto|settembre|ottobre|novembre|dicembre",
    "nl": "januari|februari|maart|april|mei|juni|juli|augustus|september|oktober|november|december",
    "pl": "stycznia|lutego|marca|kwietnia|maja|czerwca|lipca|sierpnia|września|października|listopada|grudnia",
    "ms": "Januari|Februari|Mac|April|Mei|Jun|Julai|Ogos|September|Oktober|November|Disember",
}
# fmt: on


class Hand:
    """One document's way of writing: its pattern of dates, where the currency stands.

    ``signs`` says which amounts carry the currency: "all", "sums" (those that matter), or "none",
    where a label or a heading names it.
    """

    def __init__(self, chance: random.Random, country: Country) -> None:
        self.country = country
        self.pattern = pick(chance, country.dates)
        self.amounts = pick(chance, country.money)
        self.signs = chance.choice(("all", "all", "sums", "sums", "none"))
        self.grouping = chance.random() < 0.85

    def date(self, day: date, pattern: str = "") -> str:
        month = MONTHS[self.country.language].split("|")[day.month - 1]
        short = month if len(month) <= 4 else month[:3]
        text = (pattern or self.pattern).replace("%B", month).replace("%b", short)
        text = text.replace("%d %", f"{day.day} %") if "%B" in self.pattern else text
        return f"{day:{text}}"

    def number(self, number: Decimal, places: int = 2) -> str:
        thousands = self.country.thousands if self.grouping else ""
        text = f"{number:,.{places}f}"
        return text.translate({ord(","): thousands, ord("."): self.country.decimal})

    def money(self, amount: Decimal, *, matters: bool = False) -> str:
        text = self.number(abs(amount))
        sign = "-" if amount < 0 else ""
        if self.signs == "all" or (matters and self.signs == "sums"):
            return sign + self.amounts.format(text)
        return sign + text
