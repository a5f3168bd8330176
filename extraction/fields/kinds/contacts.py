"""Ways to reach someone: e-mail addresses, telephone numbers, web addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from extraction.fields.kinds.hit import UNKNOWN, Hit, Writing

TOP_DOMAINS = (
    "com org net info biz eu io co de at ch fr be nl lu es pt it pl uk ie us ca au nz my sg in br "
    "mx se no dk fi cz sk hu ro bg gr hr si tr za jp cn hk"
)
EMAIL = re.compile(
    r"(?<![\w.+%-])[\w.+%-]{1,64}(?P<at> ?@ ?)(?:[\w-]{1,63}\.){1,4}[^\W\d_]{2,24}(?![\w-]|\.\w)"
)
# A space that was read beside the domain's only dot: "info@example .com".
SPACED_EMAIL = re.compile(
    r"(?<![\w.+%-])[\w.+%-]{1,64}(?P<at> ?@ ?)[\w-]{1,63}(?: \. ?|\. )"
    rf"(?:{'|'.join(TOP_DOMAINS.split())})(?![\w-]| ?\.\w)"
)
# What may hold a telephone number: worth asking the library.
PHONE = re.compile(r"[+(]?\d[\d\s()./+-]{5,}\d")
SEVERAL = re.compile(r"[^/\s](?:[^/]*[^/\s])?")
FEWEST_DIGITS, MOST_DIGITS = 7, 15
MOST_PHONES = 10  # in one line
URL = re.compile(
    r"(?<![\w@.-])(?:(?P<scheme>https?://)(?P<host>[\w-]{1,63}(?:\.[\w-]{1,63}){1,5})"
    rf"|(?P<bare>www(?:\.[\w-]{{1,63}}){{2,5}}|(?:[a-z0-9-]{{2,63}}\.){{1,3}}"
    rf"(?:{'|'.join(TOP_DOMAINS.split())})(?![\w@-]|\.\w)))"
    r"(?P<rest>(?::\d{2,5})?(?:[/?#][^\s<>\"'(){}|]{0,500})?)",
    re.IGNORECASE,
)


def find_emails(text: str, writing: Writing = UNKNOWN) -> Iterator[Hit]:
    """Addresses; the domain in small letters."""
    if "@" not in text:
        return
    hits = [hit for match in EMAIL.finditer(text) for hit in _email(match, 1.0)]
    for match in SPACED_EMAIL.finditer(text):
        if not any(hit.start < match.end() and match.start() < hit.end for hit in hits):
            hits += _email(match, 0.7)
    yield from sorted(hits, key=lambda hit: hit.start)


def _email(match: re.Match[str], certainty: float) -> Iterator[Hit]:
    local, _, domain = match[0].partition(match["at"])
    local = local.lstrip(".")
    if local and not local.endswith("."):
        start = match.start() + len(match[0]) - len(match[0].lstrip("."))
        certainty = min(certainty, 1.0 if match["at"] == "@" else 0.8)
        value = f"{local}@{domain.lower().replace(' ', '')}"
        yield Hit(start, match.end(), value, certainty)


def find_phones(text: str, writing: Writing = UNKNOWN) -> Iterator[Hit]:
    """Telephone numbers as E.164; as written where the country is not known."""
    runs = [run for run in PHONE.finditer(text) if _digits(run[0]) >= FEWEST_DIGITS]
    if not runs:
        return
    import phonenumbers

    found = []
    region = writing.country or "ZZ"
    for match in phonenumbers.PhoneNumberMatcher(text, region, max_tries=MOST_PHONES):
        value = phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)
        certainty = 1.0 if match.raw_string.lstrip("(").startswith("+") else 0.8
        found.append(Hit(match.start, match.end, value, certainty))
    notes = () if writing.country else ("country_not_known",)
    for run in runs[:MOST_PHONES]:
        if any(hit.start < run.end() and run.start() < hit.end for hit in found):
            continue
        # two numbers: "07-5547360 / 016-7993391"
        several = SEVERAL.finditer(run[0]) if _digits(run[0]) > MOST_DIGITS else ()
        for start, number in [(part.start(), part[0]) for part in several] or [(0, run[0])]:
            if FEWEST_DIGITS <= _digits(number) <= MOST_DIGITS and not _is_date(number):
                start += run.start()
                found.append(Hit(start, start + len(number), number, 0.5, notes=notes))
    yield from sorted(found, key=lambda hit: hit.start)


def _digits(text: str) -> int:
    return sum(map(str.isdigit, text))


def _is_date(text: str) -> bool:
    return re.fullmatch(r"\d{1,4}([./-])\d{1,2}\1\d{2,4}(?:\s.*)?", text) is not None


def find_urls(text: str, writing: Writing = UNKNOWN) -> Iterator[Hit]:
    """Web addresses, the host in small letters, with ``https://`` where no scheme is printed."""
    if "." not in text:
        return
    for match in URL.finditer(text):
        address = match[0].rstrip(".,;:!?)")
        host = match["host"] or match["bare"]
        rest = address[len(match["scheme"] or "") + len(host) :]
        value = (match["scheme"] or "https://").lower() + host.lower() + rest
        shows = match["scheme"] or host.lower().startswith("www.")
        yield Hit(match.start(), match.start() + len(address), value, 1.0 if shows else 0.8)
