"""Parties: names and addresses in blocks of lines, with a label or as a letter's recipient.

A block stands behind its label, beside it or below it; one without a label may stand where an
envelope's window shows it. What speaks for a name or an address in it becomes signs.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from extraction.fields.candidates import (
    BELOW_REACH,
    Candidate,
    Signs,
    candidate,
    hits,
    in_a_sentence,
    is_label,
    next_label,
    says,
)
from extraction.fields.definition import Field
from extraction.fields.issuer import ENDS, SEPARATOR, SPEAKING, counts, is_titled, line_evidence
from extraction.fields.kinds.addresses import CONTACT, evidence, normal_form
from extraction.fields.kinds.hit import UNKNOWN, Hit
from extraction.fields.kinds.names import COMPANY
from extraction.fields.labels import WEAK, Label
from extraction.fields.parts import Part, Sheet
from extraction.fields.ranking import Ranked
from extraction.types import Box, Word

KINDS = frozenset({"organisation", "person", "address"})
# Whose label stands above an address as well.
NAME_OF = {
    "customer_address": "customer_name",
    "issuer_address": "issuer_name",
    "shipper_address": "shipper_name",
    "consignee_address": "consignee_name",
    "notify_party_address": "notify_party_name",
}
# Whose label may stand above it where no other does: goods go to the customer.
ALSO = {"customer_name": "delivery_address"}
# Whom a document is sent to. An order goes to the supplier.
RECIPIENTS = (
    "supplier_name", "customer_name", "account_holder", "employee_name", "recipient_name",
)  # fmt: skip
# Who issues a document that has no issuer of that name.
ISSUERS = frozenset({"employer_name", "bank_name", "carrier"})
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

MOST_ROWS, MOST_ADDRESS_ROWS = 8, 5  # of a block, and of an address in it
MOST_WINDOWS, WINDOW_DEPTH = 12, 0.6  # blocks looked at, and how far down the page they begin
MOST_ISSUERS = 5
OF_ISSUER = (
    "rank", "rank_0", "foot", "size", "depth", "before_title", "after_title", "form_last",
    "lines_1", "short", "name_labelled", "name_title", "after_street",
    "after_postcode", "before_labelled", "after_labelled",
)  # fmt: skip
GAP = 1.0  # times the line's height: the widest gap within a block
ALIGNED = 0.6  # times the line's height: so far apart beginnings are below each other
FAR = 40.0  # times the label's height: the widest distance that is told apart


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a block, or what of it stands behind a label."""

    words: tuple[Word, ...]
    part: Part

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)


def recipients(asked: Collection[str]) -> list[str]:
    """The fields among those asked that tell whom a document is sent to, with their addresses."""
    whom = [name for name in RECIPIENTS if name != "customer_name" or "supplier_name" not in asked]
    addresses = [address for address, name in NAME_OF.items() if name in whom]
    return [name for name in (*whom, *addresses) if name in asked]


def of_labels(wanted: Field, sheets: Sequence[Sheet]) -> list[Candidate]:
    """The field's values in the blocks of its labels, or of those of its party's name."""
    names = (wanted.name, NAME_OF.get(wanted.name), ALSO.get(wanted.name))
    found: list[Candidate] = []
    for sheet in sheets:
        for part in sheet.parts:
            for label in part.labels:
                if label.field in names and not in_a_sentence(wanted, label, part):
                    also = float(label.field == ALSO.get(wanted.name))
                    for rows, signs in _blocks(label, part, sheet):
                        signs = {**signs, "also": also}
                        found += _values(wanted, rows, sheet, "label", signs)
    if any("strong" in each.signs and not each.signs["also"] for each in found):
        found = [each for each in found if "weak" not in each.signs]
    return found


def of_windows(
    wanted: Field, blocks: Sequence[Sequence[Row]], sheet: Sheet, issuer: Sequence[Ranked]
) -> list[Candidate]:
    """The field's values in the first page's blocks without a label, for whom it is sent to.

    ``issuer`` are the likeliest names and addresses of whom it comes from: those it is not.
    """
    found: list[Candidate] = []
    for rank, rows in enumerate(blocks):
        first, last = rows[0].part, rows[-1].part
        box = (first.box[0], first.box[1], max(row.part.box[2] for row in rows), last.box[3])
        own = [each.chance for each in issuer if _meet(box, each.candidate.box)]
        signs = {
            "window": 1.0,
            f"window_{min(rank, 3)}": 1.0,
            "window_right": float(first.box[0] > (sheet.bounds[0] + sheet.bounds[2]) / 2),
            "window_issuer": max(own, default=0.0),
            "window_size": min(first.height / sheet.text_height, 3.0) - 1,
            "window_rows": float(len(rows)),
            "window_contact": float(_in_contact(rows[-1].part, sheet)),
            "window_left": sum(_has_left(row.part, sheet) for row in rows) / len(rows),
        }
        found += _values(wanted, rows, sheet, "position", signs)
    return found


def of_issuer(issuer: Sequence[Ranked], *, asked: bool) -> list[Candidate]:
    """The likeliest names of whom the document comes from, and its first lines, of another field.

    ``asked`` says that the issuer is wanted by that name too.
    """
    first = (each for each in issuer[MOST_ISSUERS:] if each.candidate.signs.get("rank", 1) < 0.3)
    chosen = [*issuer[:MOST_ISSUERS], *islice(first, MOST_ISSUERS)]
    return [
        replace(
            each.candidate,
            signs={
                "issuer": each.chance,
                "issuer_first": float(rank == 0),
                "issuer_asked": float(asked),
                "name_bank": float(BANK.search(each.candidate.raw) is not None),
                **{f"issuer_{name}": each.candidate.signs.get(name, 0.0) for name in OF_ISSUER},
            },
        )
        for rank, each in enumerate(chosen)
        if not is_titled(each.candidate.raw)
    ]


def _meet(one: Box, other: Box) -> bool:
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    return across > 0 and down > 0.3 * (other[3] - other[1]) - 1


def _blocks(label: Label, part: Part, sheet: Sheet) -> Iterator[tuple[list[Row], Signs]]:
    """The blocks that the label may be of, with what their place says."""
    told = says(label, part)
    told["alone"] = float(is_label(part, opening=False))
    told["colon"] = float(any(word.text.endswith(":") for word in part.words[label.last :]))
    end = next_label(label, part)
    inside = part.words[label.last + 1 : end]
    if any(any(map(str.isalnum, word.text)) for word in inside):
        yield _column(Row(inside, part), sheet), {**told, "inside": 1.0}
        named = " ".join(word.text for word in part.words[: label.last + 1])
        if label.first == 0 and ":" not in (named[-1], inside[0].text) and BANK.search(named):
            # "Bank Mutiara": the word that says what it is belongs to the name.
            yield [Row(part.words[:end], part)], {**told, "inside": 1.0, "with_label": 1.0}
    right = (other for other in sheet.row(part) if other.box[0] > part.box[0])
    beside = next(right, None) if end == len(part.words) else None
    if beside is not None and not is_label(beside, opening=False):
        far = (beside.box[0] - part.box[2]) / part.height
        signs = {"right": 1.0, "right_far": min(max(far, 0.0), FAR) / FAR}
        yield _column(Row(beside.words, beside), sheet), {**told, **signs}
    left = part.words[label.first].box[0]
    right_end = part.words[label.last].box[2] + part.height
    for other in sheet.below(part, BELOW_REACH * part.height):
        if other.box[0] < right_end and other.box[2] > left - part.height:
            if not is_label(other, opening=False):
                gap = (other.box[1] - part.box[3]) / part.height
                signs = {
                    "below": 1.0,
                    "below_gap": min(max(gap, 0.0), BELOW_REACH),
                    "below_aside": float(abs(other.box[0] - left) > 1.5 * part.height),
                    "behind_others": float(bool(inside) or beside is not None),
                }
                yield _column(Row(other.words, other), sheet), {**told, **signs}
            return


def windows(sheet: Sheet) -> Iterator[list[Row]]:
    """Blocks with an address that begin below nothing, in the upper part of the page."""
    if sheet.slip:
        return
    yield from islice(_windows(sheet), MOST_WINDOWS)


def _windows(sheet: Sheet) -> Iterator[list[Row]]:
    inside: set[int] = set()
    for part in sheet.parts:
        if sheet.depth(part) > WINDOW_DEPTH:
            return
        if part.index in inside or any(label.first == 0 for label in part.labels):
            continue
        if "title" in line_evidence(part):
            continue
        rows = _column(Row(part.words, part), sheet)
        if "postcode" in evidence(part.text):  # the sender's line above the recipient's
            inside.add(part.index)
            rows = rows[1:]
        if len(rows) < 2:
            continue
        inside |= {row.part.index for row in rows}
        placed = any({"street", "postcode"} & evidence(row.text) for row in rows[1:])
        if placed and not _labelled_above(part, sheet):
            yield rows


def _in_contact(last: Part, sheet: Sheet) -> bool:
    """Whether a telephone number or the like follows below, as in a letterhead."""
    follower = sheet.followers.get(last.index)
    return follower is not None and "contact" in line_evidence(sheet.parts[follower])


def _has_left(part: Part, sheet: Sheet) -> bool:
    """Whether something stands at the left on the part's level, as in a table's row."""
    return any(other.box[0] < part.box[0] for other in sheet.row(part))


def _labelled_above(part: Part, sheet: Sheet) -> bool:
    """Whether a label of some party stands right above the part."""
    above = sheet.parts[max(part.index - 12, 0) : part.index]
    return any(
        is_label(other, opening=False)
        and abs(other.box[0] - part.box[0]) < 2 * part.height
        and -LEVEL_SLACK * part.height < part.box[1] - other.box[3] < 1.2 * part.height
        for other in above
    )


LEVEL_SLACK = 0.5  # times the line's height: how far boxes of lines overlap


def _column(first: Row, sheet: Sheet) -> list[Row]:
    """The row and those below it that go on: set as it is, near, and no label of their own."""
    rows, above = [first], first.part
    left = first.words[0].box[0] if first.words[0] != above.words[0] else above.box[0]
    centre = (above.box[0] + above.box[2]) / 2
    while len(rows) < MOST_ROWS:
        for other in sheet.below(above, GAP * max(above.height, 1.0)):
            aligned = abs(other.box[0] - left) < ALIGNED * other.height
            middle = (other.box[0] + other.box[2]) / 2
            if aligned or (first.words == first.part.words and abs(middle - centre) < 2.0):
                break
        else:
            return rows
        if not 0.55 < other.height / above.height < 1.6 or _begins_another(other):
            return rows
        rows.append(Row(other.words, other))
        above = other
    return rows


def _begins_another(part: Part) -> bool:
    """Whether something else begins with the part: it is a label, or has one with its value."""
    return is_label(part, opening=False) or any(
        label.first == 0
        and (label.strength > WEAK or part.words[label.last].text.endswith(":"))
        and not {"street", "postcode"} & evidence(part.text)
        for label in part.labels
    )


def _values(
    wanted: Field, rows: Sequence[Row], sheet: Sheet, method: str, signs: Signs
) -> Iterator[Candidate]:
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
