"""Names and addresses within a block of lines: which lines and which of their words they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from extraction.fields.candidates import Candidate, Signs, candidate, hits, is_label
from extraction.fields.definition import Field
from extraction.fields.issuer import ENDS, SEPARATOR, SPEAKING, counts, is_titled, line_evidence
from extraction.fields.kinds.addresses import CONTACT, evidence, normal_form
from extraction.fields.kinds.hit import UNKNOWN, Hit
from extraction.fields.kinds.names import COMPANY
from extraction.fields.parts import Part, Sheet
from extraction.types import Word

BANK = re.compile(
    r"bank|banque|banco|banca|kasse|crédit|caisse|caja|caixa|cassa|credit union|building society|"
    r"savings",
    re.IGNORECASE,
)
SALUTATION = re.compile(
    r"\W*(?:an|to|herrn?|frau|familie|firma|messrs|mr|mrs|ms|m|mme|monsieur|madame|spett\.?le|"
    r"gent\.?(?:mo|ma)|egr\.? sig|sr|sra|don|doña|dhr|mevr|pan|pani|encik|puan|kepada)\W*",
    re.IGNORECASE,
)

# No name, but another box's.
SAME = re.compile(
    r"\W*(?:same as|as above|idem|ditto|s\.o\.|siehe|wie oben|identique|mismo que|el mismo|"
    r"come sopra|stesso|zie|idem|jak wyżej|jw\.|seperti)(?!\w)",
    re.IGNORECASE,
)

MOST_ADDRESS_ROWS = 5


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a block, or what of it stands behind a label."""

    words: tuple[Word, ...]
    part: Part

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)


def values_in(
    wanted: Field, rows: Sequence[Row], sheet: Sheet, method: str, signs: Signs
) -> Iterator[Candidate]:
    """What in the block may be the field's name or address; ``signs`` tell where it stands."""
    rows = rows[1:] if len(rows) > 1 and SALUTATION.fullmatch(rows[0].text) else rows
    lead = rows[0].words[0].text
    if lead.endswith(":") and len(rows[0].words) > 1:  # "c/o:", "presso:"
        rows = [Row(rows[0].words[1:], rows[0].part), *rows[1:]]
    if SAME.match(rows[0].text) or is_label(rows[0].part, opening=False):
        return
    if wanted.kind == "address":
        yield from _addresses(rows, sheet, method, signs)
    else:
        yield from _names(wanted, rows, sheet, method, signs)


def _names(
    wanted: Field, rows: Sequence[Row], sheet: Sheet, method: str, signs: Signs
) -> Iterator[Candidate]:
    """The first line as a name, its beginning before an address, or two lines."""
    first, follows = rows[0], line_evidence(rows[1].part) if len(rows) > 1 else frozenset()
    around = {f"next_{name}": 1.0 for name in follows & SPEAKING}
    around["next_none"] = float(len(rows) > 1 and not follows)
    around["rows"] = min(len(rows), 5) / 5
    texts: list[tuple[Sequence[Word], Signs]] = []
    cut = next(_cuts(first), None)
    if cut is not None:
        texts.append((first.words[:cut], {"name_cut": 1.0}))
    else:
        texts.append((first.words, {}))
    if len(rows) > 1 and not (SPEAKING | {"contact", "labelled"}) & follows:
        texts.append(((*first.words, *rows[1].words), {"name_two": 1.0}))
    for words, more in texts:
        text = " ".join(word.text for word in words)
        seen = evidence(text)
        own = {f"name_{name}": 1.0 for name in seen & (SPEAKING | {"contact", "clock"})}
        own |= {
            "name_form": float(COMPANY.search(text) is not None),
            "name_bank": float(BANK.search(text) is not None),
            "name_title": float(is_titled(text)),
            "name_colon": float(text.endswith(":")),
            "name_long": float(len(text) > 60),
            "name_lower": float(text[:1].islower()),
            "name_digits": float(sum(map(str.isdigit, text)) > 2),
        }
        found: list[Candidate] = []
        for kind in _kinds(wanted, text):
            found = list(
                hits(kind, words, first.part, sheet, UNKNOWN, method,
                     {**signs, **around, **more, **own})
            )[:1]  # fmt: skip
            if found:
                break
        yield from found


def _kinds(wanted: Field, text: str) -> tuple[str, ...]:
    """As what the text is read: an account's holder may be a company."""
    if wanted.kind == "organisation":
        return ("organisation",)
    return ("organisation",) if COMPANY.search(text) else ("person", "organisation")


def _cuts(row: Row) -> Iterator[int]:
    """Numbers of words before which an address may begin behind a name, in a line of both."""
    text, before = row.text, 0
    for match in SEPARATOR.finditer(text):
        behind = text[match.end() :]
        before = len(text[: match.end()].split())
        if {"street", "postcode"} & evidence(behind) and not evidence(text[: match.start()]) & {
            "street", "postcode", "number_first",
        }:  # fmt: skip
            yield before


def _addresses(rows: Sequence[Row], sheet: Sheet, method: str, signs: Signs) -> Iterator[Candidate]:
    """Runs of lines of the block that have an address's signs."""
    starts: list[tuple[list[Row], Signs]] = [
        (list(rows[start:]), {f"start_{start}": 1.0}) for start in range(min(len(rows), 3))
    ]
    for cut in islice(_cuts(rows[0]), 2):
        row = Row(rows[0].words[cut:], rows[0].part)
        starts.append(([row, *rows[1:]], {"start_cut": 1.0}))
    for run, started in starts:
        seen = [_evidence(row) for row in run]
        for count in range(1, min(len(run), MOST_ADDRESS_ROWS) + 1):
            if _ends(seen[count - 1], first=count == 1):
                break
            here = seen[:count]
            if not any({"street", "postcode", "inside", "place"} & each for each in here):
                continue
            after = seen[count] if count < len(run) else None
            yield _address(run[:count], sheet, method, {
                **signs,
                **started,
                f"lines_{count}": 1.0,
                **counts(here, "address"),
                **{f"first_{name}": 1.0 for name in ENDS & here[0]},
                **{f"last_{name}": 1.0 for name in ENDS & here[-1]},
                **({f"after_{name}": 1.0 for name in after} if after is not None else {}),
                "after_none": float(after is not None and not after),
                "after_nothing": float(after is None),
                "beyond_postcode": float(_beyond(here)),
                "first_none": float(not SPEAKING & here[0]),
                "last_none": float(not SPEAKING & here[-1]),
            })  # fmt: skip


def _ends(seen: frozenset[str], *, first: bool) -> bool:
    """Whether a line is no more of an address: a telephone number, with its name or without."""
    return "contact" in seen or ("wordless" in seen and "postcode" not in seen and not first)


def _beyond(seen: Sequence[frozenset[str]]) -> int:
    """How many lines without a sign of a place follow the one with the postcode."""
    last = max((at for at, each in enumerate(seen) if "postcode" in each), default=len(seen))
    return sum("place" not in each for each in seen[last + 1 :])


def _evidence(row: Row) -> frozenset[str]:
    """What speaks in the row for an address or against it."""
    if row.words == row.part.words:
        return line_evidence(row.part)
    return evidence(row.text)


def _address(run: Sequence[Row], sheet: Sheet, method: str, signs: Signs) -> Candidate:
    texts = [row.text for row in run]
    contact = CONTACT.search(texts[-1])
    if contact and contact.start() > 0:
        texts[-1] = texts[-1][: contact.start()].rstrip(" ,;")
    text = " ".join(texts)
    words = [word for row in run for word in row.words]
    hit = Hit(0, len(text), normal_form(texts), 1.0)
    return candidate(hit, text, words, run[0].part, sheet, method, signs)
