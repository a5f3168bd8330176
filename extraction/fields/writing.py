"""How a document writes dates and numbers, and where it comes from: told by its own text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

from extraction.fields.kinds.currencies import CURRENCY, SHARED, currency
from extraction.fields.kinds.dates import NUMERIC_DATE
from extraction.fields.kinds.hit import Writing
from extraction.fields.kinds.languages import countries, plain
from extraction.types import Page

MOST_LINES, MOST_CHARACTERS = 1_000, 200  # lines of a document, and of each, that are looked at
MOST_OF_A_SIGN = 3  # times that one sign of a country counts
ENOUGH = 2.0  # weight from which a country, ENOUGH_WORDS from which a language, is believed
ENOUGH_WORDS = 3.0
CLEARLY = 2  # times as often as the other decimal mark
LETTER = (612, 792)  # points: the paper of the Americas

CENTS = re.compile(r"(?<![\d.,/:-])\d{1,3}(?:[.,'’ ]?\d{3})*([.,])\d{2}(?![\d/:-]|[.,]\d)")
BOTH_MARKS = re.compile(r"\d[.,]\d{3}([.,])\d{2}(?!\d)")

# Signs of a country: a pattern whose group is what tells it, what that means, and the weight.
_CODES = "AT|BE|CH|DE|DK|ES|FI|FR|GB|IE|IT|LU|NL|NO|PL|PT|SE"
IBAN = re.compile(rf"(?<![A-Z0-9])({_CODES})\d{{2}} ?[A-Z0-9]{{4}} ?\d{{4}}")
VAT = re.compile(rf"(?<![A-Z0-9])({_CODES})[UE]? ?-?\d[\d .]{{7,12}}")
DOMAIN = re.compile(
    r"[\w-]\.(de|at|ch|fr|be|nl|es|it|pl|pt|ie|my|sg|in|au|nz|us|ca|mx|br|se|no|dk|fi|uk)(?![\w.-])",
    re.IGNORECASE,
)
DIALLED = re.compile(r"(?:\+|(?<![\d.,-])00)\s?(1|27|3[1-4]|35[1-38]|39|4[13-9]|5[25]|6[0145]|91)")
DIAL = {
    "1": "US", "27": "ZA", "31": "NL", "32": "BE", "33": "FR", "34": "ES", "351": "PT",
    "352": "LU", "353": "IE", "358": "FI", "39": "IT", "41": "CH", "43": "AT", "44": "GB",
    "45": "DK", "46": "SE", "47": "NO", "48": "PL", "49": "DE", "52": "MX", "55": "BR",
    "60": "MY", "61": "AU", "64": "NZ", "65": "SG", "91": "IN",
}  # fmt: skip
STATE = re.compile(  # with its ZIP code, at the end of an American address
    r"(?<![A-Za-z])(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|"
    r"O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY])\.?,? \d{5}(?:-\d{4})?(?!\d)"
)
# Legal forms that companies of one country have.
FORMS = {
    "DE": r"GmbH|e\.K\.", "MY": r"(?i:Sdn\.? ?Bhd|S/B)", "PL": r"[Ss]p\. ?z ?o\. ?o",
    "NL": r"B\.V\.", "IT": r"S\.?[rR]\.?[lL]\.|S\.p\.A", "ES": r"S\.L\.",
    "FR": r"SARL|SAS|S\.A\.R\.L", "US": r"Inc|LLC",
    "SG": r"(?i:Pte\.? Ltd)", "AU": r"(?i:Pty\.? Ltd)", "IN": r"(?i:Pvt\.? Ltd)",
    "CH": r"Sàrl", "BR": r"Ltda", "MX": r"S\.A\. de C\.V",
}  # fmt: skip
FORM = re.compile(rf"(?<!\w)(?:{'|'.join(f'(?P<{c}>{form})' for c, form in FORMS.items())})(?!\w)")
OF_ONE_COUNTRY = {
    "AUD": "AU", "BRL": "BR", "CAD": "CA", "CHF": "CH", "CZK": "CZ", "DKK": "DK", "GBP": "GB",
    "HKD": "HK", "HUF": "HU", "INR": "IN", "JPY": "JP", "MXN": "MX", "MYR": "MY", "NOK": "NO",
    "NZD": "NZ", "PLN": "PL", "SEK": "SE", "SGD": "SG", "TRY": "TR", "USD": "US", "ZAR": "ZA",
}  # fmt: skip
MONTH_FIRST, EITHER_WAY = ("US", "PH"), ("CA",)  # how these countries write dates

# Words that documents of a language are full of.
WORDS = {
    "de": "und der die das für mit rechnung datum summe betrag netto brutto mwst ust bitte nummer",
    "fr": "et le la les des du pour facture montant tva rue merci nous vous avec échéance client",
    "es": "y el los las del para factura fecha importe iva calle gracias cliente con número",
    "it": "e il della per fattura importo iva via grazie cliente con numero totale imponibile",
    "nl": "en het een voor met factuur datum bedrag btw straat klant totaal excl nummer",
    "pl": "i w na do nr faktura data kwota razem sprzedawca nabywca zł ul netto brutto",
    "ms": "dan untuk tarikh jumlah bayaran terima kasih jalan cukai resit tunai taman",
    "pt": "e o os para fatura data valor total rua obrigado cliente com número nota",
    "en": "and the of for with invoice date amount total please your payment thank number due",
}
HOME = {"de": "DE", "fr": "FR", "es": "ES", "it": "IT", "nl": "NL", "pl": "PL", "ms": "MY",
        "pt": "PT"}  # fmt: skip
LANGUAGES_OF = {
    word: [language for language, words in WORDS.items() if word in words.split()]
    for words in WORDS.values()
    for word in words.split()
}
WORD = re.compile(r"[^\W\d_]{1,12}(?![^\W\d_])")


def writing_of(pages: Sequence[Page]) -> Writing:
    """What the text of a document's first ``MOST_LINES`` lines tells of how it writes values.

    Day and month: another date whose one part is no month, else the country, else the language.
    """
    lines = list(islice(_texts(pages), MOST_LINES))
    named = Counter(match[0] for text in lines for match in CURRENCY.finditer(text))
    language = _language(lines)
    country = _country(lines, named, language, pages)
    money = _currency(named, country)
    return Writing(
        _day_first(lines, country, language, money), _decimal_mark(lines), money, country
    )


def _texts(pages: Sequence[Page]) -> Iterator[str]:
    for page in pages:
        for line in page.lines:
            yield line.text[:MOST_CHARACTERS]


def _day_first(
    lines: Sequence[str], country: str | None, language: str | None, money: str | None
) -> bool | None:
    day_first = month_first = 0
    for text in lines:
        for match in NUMERIC_DATE.finditer(text):
            first, second = int(match[1]), int(match[3])
            day_first += 12 < first <= 31 and second <= 12
            month_first += first <= 12 < second <= 31
    if day_first != month_first:
        return day_first > month_first
    if country:
        return None if country in EITHER_WAY else country not in MONTH_FIRST
    return True if language not in (None, "en") or money == "EUR" else None


def _decimal_mark(lines: Sequence[str]) -> str | None:
    marks: Counter[str] = Counter()
    for text in lines:
        marks.update(match[1] for match in CENTS.finditer(text))
        marks.update(match[1] for match in BOTH_MARKS.finditer(text))
    for mark, other in (".,", ",."):
        if marks[mark] and marks[mark] >= CLEARLY * marks[other]:
            return mark
    return None


def _language(lines: Sequence[str]) -> str | None:
    """The language whose words stand there most, if clearly."""
    found: Counter[str] = Counter()
    weights = dict.fromkeys(WORDS, 0.0)
    for text in lines:
        found.update(word[0].casefold() for word in WORD.finditer(text))
    for word, languages in LANGUAGES_OF.items():
        for language in languages:
            weights[language] += found[word] / len(languages)
    second, best = sorted(weights, key=lambda language: weights[language])[-2:]
    clear = weights[best] >= ENOUGH_WORDS and weights[best] >= 1.5 * weights[second]
    return best if clear else None


def _country(
    lines: Sequence[str], named: Counter[str], language: str | None, pages: Sequence[Page]
) -> str | None:
    """The country that most signs point to, of several the one named first."""
    times: Counter[tuple[str, str, float]] = Counter()
    for text in lines:
        times.update(_signs(text))
    for symbol in named:
        code = currency(symbol)
        if code in OF_ONE_COUNTRY:
            # US dollars are asked for, and other dollars written like them, in many countries.
            times["currency", OF_ONE_COUNTRY[code], 1.0 if code == "USD" else 2.0] = 1
    if language in HOME:
        times["language", HOME[language], 1.0] = 1
    if any(abs(p.width - LETTER[0]) < 2 and abs(p.height - LETTER[1]) < 2 for p in pages[:1]):
        times["paper", "US", 1.0] = 1
    weights: dict[str, float] = {}
    for (_, country, weight), count in times.items():
        weights[country] = weights.get(country, 0.0) + weight * min(count, MOST_OF_A_SIGN)
    best = max(weights, key=lambda country: weights[country], default=None)
    return best if best and weights[best] >= ENOUGH else None


def _signs(text: str) -> Iterator[tuple[str, str, float]]:
    """The signs of countries in a line: what it is, the country, its weight."""
    for match in FORM.finditer(text):
        yield "company", str(match.lastgroup), 2.0
    for match in IBAN.finditer(text):
        yield "iban", match[1], 1.5
    for match in VAT.finditer(text):
        yield "vat", match[1], 1.5
    for match in DIALLED.finditer(text):
        yield "phone", DIAL[match[1]], 1.5
    for match in DOMAIN.finditer(text):
        code = match[1].upper()
        yield "domain", "GB" if code == "UK" else code, 1.0
    if STATE.search(text):
        yield "state", "US", 2.0
    if len(text) <= 40 and not any(character.isdigit() for character in text):
        named = countries().get(plain(text))
        if named:
            yield "name", named, 1.0


def _currency(named: Counter[str], country: str | None) -> str | None:
    """The currency named most; a symbol that several have is that of a code beside, or at home."""
    if not named:
        return None
    symbol = named.most_common(1)[0][0]
    if symbol not in SHARED:
        return currency(symbol)
    codes = [code for code, _ in named.most_common() if code in SHARED[symbol]]
    at_home = [c for c in SHARED[symbol] if country and OF_ONE_COUNTRY.get(c) == country]
    return (codes or at_home or [currency(symbol)])[0]
