"""What fields of one document must have in common: the account's country, the order of dates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from extraction.types import FieldValue

CHECKS = ("country", "order")
IBAN, ADDRESS, VAT = "iban", "issuer_address", "vat_number"
# The earlier date of a document, and the one that cannot be before it.
IN_ORDER = (
    ("invoice_date", "due_date"),
    ("period_start", "period_end"),
    ("issue_date", "expiry_date"),
    ("date_of_birth", "issue_date"),
    ("effective_date", "end_date"),
    ("admission_date", "discharge_date"),
)
# Countries whose VAT numbers begin with their code.
VAT_CODES = frozenset({
    "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "EL", "ES", "FI", "FR", "GB", "HR", "HU",
    "IE", "IT", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK", "XI",
})  # fmt: skip
# Territories whose accounts bear another country's code (SWIFT's registry of IBANs), and Greece's
# code in VAT numbers.
ACCOUNTS_OF = {
    "EL": "GR",
    **dict.fromkeys(("GG", "IM", "JE"), "GB"),
    **dict.fromkeys(("BL", "GF", "GP", "MF", "MQ", "NC", "PF", "PM", "RE", "TF", "WF", "YT"), "FR"),
    "AX": "FI",
    "XI": "GB",
}


def checked(values: Sequence[FieldValue]) -> list[FieldValue]:
    """The values, those that say something of each other with the checks "country" and "order".

    "country": the IBAN is of the country of its issuer's address, or of their VAT number where the
    address names none. "order": the later date is not before the earlier one. A check is there only
    where both values are.
    """
    found = {value.name: value for value in values}
    checks: dict[str, dict[str, bool]] = {}
    country = _country(found)
    iban = found.get(IBAN)
    if country and iban and isinstance(iban.value, str):
        checks[IBAN] = {"country": _of_account(iban.value[:2]) == country}
    for earlier, later in IN_ORDER:
        one, other = found.get(earlier), found.get(later)
        if one and other and isinstance(one.value, str) and isinstance(other.value, str):
            passed = one.value <= other.value  # ISO 8601
            checks[later] = {"order": passed and checks.get(later, {}).get("order", True)}
    return [
        replace(value, checks={**value.checks, **checks[value.name]})
        if value.name in checks
        else value
        for value in values
    ]


def _country(found: Mapping[str, FieldValue]) -> str:
    """The issuer's country as its accounts name it, "" where nothing tells."""
    address, vat = found.get(ADDRESS), found.get(VAT)
    if address and isinstance(address.value, Mapping) and address.value.get("country"):
        return _of_account(str(address.value["country"]))
    if vat and isinstance(vat.value, str):
        code = vat.value[:2]
        return _of_account(code) if code in VAT_CODES and not vat.value[:6].isalpha() else ""
    return ""


def _of_account(code: str) -> str:
    return ACCOUNTS_OF.get(code, code)
