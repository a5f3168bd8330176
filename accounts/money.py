"""Amounts of money: rounded to what their currency has coins for, and as people read them."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from accounts.numerals import numeral

ZERO = Decimal(0)


def minor_units(currency: str) -> int:
    """Decimal places of the currency (Unicode CLDR): 2 for EUR, 0 for JPY, 3 for KWD."""
    from babel.numbers import get_currency_precision  # slow to load

    return int(get_currency_precision(currency))


def rounded(amount: Decimal, currency: str) -> Decimal:
    """The amount in whole minor units, halves away from zero."""
    return amount.quantize(Decimal(1).scaleb(-minor_units(currency)), rounding=ROUND_HALF_UP)


def is_currency(code: str) -> bool:
    """Whether ISO 4217 knows the code."""
    from babel.numbers import list_currencies

    return code in list_currencies()


def shown(amount: Decimal, currency: str) -> str:
    """ "1,234.50 EUR" as the page's language writes it; what is finer than units stays visible."""
    places = max(minor_units(currency) if currency else 2, -_exponent(amount.normalize()))
    return f"{numeral(amount, f',.{places}f')} {currency}".rstrip()


def _exponent(amount: Decimal) -> int:
    exponent = amount.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0
