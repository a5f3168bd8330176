"""Who issued a document: names and addresses by their place, and what speaks for each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise

from rapidfuzz import fuzz

from extraction.fields.candidates import Candidate, Signs, candidate, hits, with_signs
from extraction.fields.document_types import DOCUMENT_TYPES
from extraction.fields.kinds.addresses import evidence, normal_form
from extraction.fields.kinds.hit import UNKNOWN, Hit
from extraction.fields.kinds.names import COMPANY
from extraction.fields.labels import squeezed
from extraction.fields.parts import Part, Sheet, joined

TOP_LINES = 30  # of the first page, where names and addresses are looked for
FOOT_LINES = 10  # of the first and the last page, as well
LONGEST_NAME, LONGEST_TITLE = 100, 60  # characters
NAMED_LINES = 40  # with a legal form, anywhere on the first and the last page
NAME_LINES, ADDRESS_LINES = 3, 7  # the most that one runs over

RECIPIENT = re.compile(
    r"(?<!\w)(?:bill(?:ed)? to|ship(?:ped)? to|sold to|invoice to|customer|kunde|client|cliente|"
    r"nabywca|rechnungsadresse|factuuradres|attn|deliver to|buyer|m/s|to)\W*(?!\w)",
    re.IGNORECASE,
)
TITLE = re.compile(
    r"\W*(?:(?:simplified |official )?(?:tax )?invoice|(?:official )?receipt|cash (?:bill|sales?)|"
    r"credit note|tax invoice|rechnung|facture|factura|fattura|faktura|factuur|invois|resit|"
    r"(?:original|copy|reprint|duplicate)|welcome.*|thank.*|pay ?slip|(?:pay|remittance) advice|"
    r"(?:purchase|delivery) order|delivery note|bill of lading|statement of account)(?!\w).{0,12}",
    re.IGNORECASE,
)
SEPARATOR = re.compile(r"\s*[·•|]\s*|\s+[-–]\s+|,\s+")
MOST_PIECES, MOST_DOMAINS = 6, 20
DOMAIN = re.compile(r"(?:@|www\.|https?://)([a-z0-9-]+(?:\.[a-z0-9-]+)*)\.[a-z]{2,}", re.IGNORECASE)


def line_evidence(part: Part) -> frozenset[str]:
    """What in the line speaks for an address or against it, and what kind of line it is."""
    letters = sum(letter.isalpha() for letter in part.text)
    tests = {
        "form": COMPANY.search(part.text),
        "title": TITLE.fullmatch(part.text) or is_titled(part.text),
        "recipient": RECIPIENT.match(part.text),
        "labelled": any(label.first == 0 for label in part.labels),
        "wordless": letters < 3 or letters < sum(sign.isdigit() for sign in part.text),
    }
    return evidence(part.text) | {name for name, sign in tests.items() if sign}


@cache
def _titles() -> frozenset[str]:
    """What documents of all types are headed with, squeezed."""
    return frozenset(
        squeezed(title)
        for row in DOCUMENT_TYPES
        for titles in row.titles.values()
        for title in titles
    )


def is_titled(text: str) -> bool:
    """Whether the text is the heading of a document, in one language or in several."""
    if len(text) > LONGEST_TITLE:
        return False
    pieces = (text, *text.split("/")) if "/" in text else (text,)
    return any(squeezed(piece) in _titles() for piece in pieces)


class Letterhead:
    """What is told of a document's lines for finding its issuer, worked out once."""

    def __init__(self, sheets: Sequence[Sheet]) -> None:
        self.sheets = [
            joined(sheet) for sheet in (sheets[:1] if len(sheets) < 2 else (sheets[0], sheets[-1]))
        ]
        self._seen: dict[tuple[int, int], frozenset[str]] = {}
        texts = [part.text for sheet in (*sheets[:2], *sheets[2:][-1:]) for part in sheet.parts]
        domains = (squeezed(m[1]) for text in texts[:2000] for m in DOMAIN.finditer(text))
        self._domains = list(dict.fromkeys(domains))[:MOST_DOMAINS]
        self._met = Counter(squeezed(text) for text in texts[:2000])

    def evidence(self, part: Part) -> frozenset[str]:
        """What in the part speaks for an address or against it, and what kind of line it is."""
        key = part.page, part.index
        if key not in self._seen:
            self._seen[key] = line_evidence(part)
        return self._seen[key]

    def domain_alike(self, name: str) -> float:
        """How much a web or mail domain of the document looks like the name, 0 to 1."""
        own = squeezed(COMPANY.sub("", name))
        if len(own) < 3:
            return 0.0
        return max((fuzz.partial_ratio(own, each) / 100 for each in self._domains
                    if len(each) >= 3), default=0.0)  # fmt: skip

    def met(self, text: str) -> int:
        """On how many lines the text stands alone."""
        return self._met[squeezed(text)]


def names(head: Letterhead, address: Candidate | None) -> Iterator[Candidate]:
    """Runs of lines at the top, and lines with a legal form, as names of the issuer."""
    for sheet, run in _runs(head, NAME_LINES, forms=True):
        words = [word for part in run for word in part.words]
        first, last = run[0], run[-1]
        seen = [head.evidence(part) for part in run]
        if "wordless" in seen[0] or sum(len(part.text) for part in run) > LONGEST_NAME:
            continue
        signs = {
            **_lines(len(run)),
            **_around(head, sheet, run),
            **counts(seen, "name"),
            **_beside_address(sheet, run, address),
            "form_last": float("form" in seen[-1]),
            "form_before": float(any("form" in each for each in seen[:-1])),
            "size": min(first.height / sheet.text_height, 3.0) - 1,
            "sizes_differ": abs(first.height - last.height) / max(first.height, last.height, 1.0),
        }
        for hit in list(hits("organisation", words, first, sheet, UNKNOWN, "position", signs))[:1]:
            yield _on_slip(
                sheet,
                hit,
                digits=float(any(character.isdigit() for character in hit.raw)),
                domain=head.domain_alike(hit.raw),
                again=float(head.met(hit.raw) > 1),
                short=float(len(hit.raw) < 6),
                long=float(len(hit.raw) > 45),
                punctuated=float(hit.raw[-1] in ".,:;!?" and "form" not in seen[-1]),
            )


def addresses(head: Letterhead) -> Iterator[Candidate]:
    """Runs of lines near the top as the issuer's address."""
    for sheet, run in _runs(head, ADDRESS_LINES, forms=False):
        seen = [head.evidence(part) for part in run]
        if not any({"street", "postcode", "inside", "place"} & each for each in seen):
            continue
        words = [word for part in run for word in part.line.words]
        text = " ".join(part.text for part in run)
        signs = {
            **_lines(len(run)),
            **_around(head, sheet, run),
            **counts(seen, "address"),
            **{f"first_{name}": 1.0 for name in ENDS & seen[0]},
            **{f"last_{name}": 1.0 for name in ENDS & seen[-1]},
            "first_none": float(not SPEAKING & seen[0]),
            "last_none": float(not SPEAKING & seen[-1]),
            "letters": min(len(text) / 100, 2.0),
        }
        hit = Hit(0, len(text), normal_form([part.text for part in run]), 1.0)
        yield _on_slip(sheet, candidate(hit, text, words, run[0], sheet, "position", signs))
        if len(run) == 1:
            yield from _within(run[0], sheet, signs)


def _within(part: Part, sheet: Sheet, signs: Signs) -> Iterator[Candidate]:
    """The address behind the name in a line like "Name - Street 1 - 12345 Town"."""
    ends = [match.end() for match in SEPARATOR.finditer(part.text)][:MOST_PIECES]
    for start in ends:
        text = part.text[start:]
        seen = evidence(text)
        if not {"street", "postcode"} & seen or "contact" in seen:
            continue
        behind, at = [], 0
        for word in part.line.words:
            if at >= start:
                behind.append(word)
            at += len(word.text) + 1
        if behind:
            pieces = [piece for piece in SEPARATOR.split(text) if piece.strip()]
            hit = Hit(0, len(text), normal_form(pieces), 1.0)
            name = COMPANY.search(part.text[:start]) is not None
            yield candidate(
                hit, text, behind, part, sheet, "position",
                {**signs, "sender": 1.0, "sender_named": float(name),
                 "sender_first": float(start == ends[0]), **counts([seen], "sender")},
            )  # fmt: skip


def _on_slip(sheet: Sheet, found: Candidate, **signs: float) -> Candidate:
    """The candidate with its signs, on a till's slip a second time under a name of their own.

    So what differs between receipts and letters is learned apart, and what does not, together
    (Daumé 2007).
    """
    signs = {**found.signs, **signs}
    if sheet.slip:
        signs |= {f"slip_{name}": value for name, value in signs.items()}
    return with_signs(found, **signs)


def is_named(name: Candidate) -> bool:
    """Whether a label or a company's legal form says so: not any large line at the top does."""
    return name.method == "label" or COMPANY.search(name.raw) is not None


SPEAKING = frozenset({"street", "postcode", "inside", "place", "number_first", "number_last"})
ENDS = SPEAKING | {"comma"}
AGAINST = frozenset(
    {"contact", "register", "number_alone", "clock", "hours", "form", "title", "recipient",
     "labelled", "wordless"}
)  # fmt: skip


def _runs(head: Letterhead, longest: int, *, forms: bool) -> Iterator[tuple[Sheet, list[Part]]]:
    """Runs of up to ``longest`` lines below each other: at the top of the first page, in the foot.

    With ``forms`` also those that have a company's legal form, anywhere on the first and last page.
    """
    named = 0
    for number, sheet in enumerate(head.sheets):
        for part in sheet.parts:
            top = number == 0 and part.index < TOP_LINES
            top = top or part.index >= len(sheet.parts) - FOOT_LINES
            if not top:
                if not forms or named >= NAMED_LINES or not COMPANY.search(part.text):
                    continue
                named += 1
            index = part.index
            run: list[Part] = []
            while len(run) < longest:
                run.append(sheet.parts[index])
                yield sheet, list(run)
                if not top or index not in sheet.followers:
                    break
                index = sheet.followers[index]


def _lines(count: int) -> Signs:
    return {f"lines_{count}": 1.0}


def _around(head: Letterhead, sheet: Sheet, run: Sequence[Part]) -> Signs:
    """What stands before and behind the run, and where it stands."""
    first, last = run[0], run[-1]
    signs = {
        "rank": min(first.index, 20) / 10,
        "rank_0": float(first.index == 0),
        "foot": float(first.index >= TOP_LINES),
    }
    before = first.index - 1
    for name, index in (("before", before), ("after", sheet.followers.get(last.index))):
        if index is None or index < 0:
            signs[f"{name}_nothing"] = 1.0
            continue
        seen = head.evidence(sheet.parts[index])
        signs.update({f"{name}_{each}": 1.0 for each in seen & (SPEAKING | AGAINST)})
        signs[f"{name}_none"] = float(not seen & (SPEAKING | AGAINST))
        part = sheet.parts[index]
        gap = part.box[1] - last.box[3] if name == "after" else first.box[1] - part.box[3]
        signs[f"{name}_gap"] = min(max(gap / sheet.text_height, 0.0), 3.0)
    above = sheet.parts[max(first.index - 4, 0) : first.index]
    signs["under_recipient"] = float(any("recipient" in head.evidence(part) for part in above))
    gaps = [(lower.box[1] - upper.box[3]) / sheet.text_height for upper, lower in pairwise(run)]
    signs["widest_gap"] = min(max(gaps, default=0.0), 3.0)
    return signs


def counts(seen: Sequence[frozenset[str]], what: str) -> Signs:
    """How many lines of the run have each sign, and how many have none."""
    met = Counter(name for each in seen for name in each)
    signs = {f"{what}_{name}": float(min(met[name], 3)) for name in SPEAKING | AGAINST}
    signs[f"{what}_plain"] = float(
        sum(not (SPEAKING | AGAINST | {"comma"}) & each for each in seen)
    )
    return signs


def _beside_address(sheet: Sheet, run: Sequence[Part], address: Candidate | None) -> Signs:
    """How many lines lie between the run and the likeliest address."""
    if address is None or address.page != run[0].page:
        return {"no_address": 1.0}
    y = address.box[1]
    last = run[-1].line.box
    overlap = run[0].line.box[1] < address.box[3] and last[3] > y + 0.3 * (last[3] - last[1])
    if overlap and run[0].line.box[0] < address.box[2] and run[0].line.box[2] > address.box[0]:
        return {"in_address": 1.0}
    gap = (y - last[3]) / sheet.text_height
    return {
        "above_address_1": float(-0.5 < gap < 0.9),
        "above_address_2": float(0.9 <= gap < 2.5),
        "above_address_3": float(2.5 <= gap < 6),
        "below_address": float(gap <= -0.5),
    }
