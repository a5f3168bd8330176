"""Parties: names and addresses in blocks of lines, with a label or as a letter's recipient.

A block stands behind its label, beside it or below it; one without a label may stand where an
envelope's window shows it. What speaks for a name or an address in it becomes signs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from extraction.fields.candidates import (
    BELOW_REACH,
    Candidate,
    Signs,
    in_a_sentence,
    is_label,
    next_label,
    says,
)
from extraction.fields.definition import Field
from extraction.fields.issuer import is_titled, line_evidence
from extraction.fields.kinds.addresses import evidence
from extraction.fields.labels import WEAK, Label
from extraction.fields.parts import Part, Sheet
from extraction.fields.party_values import BANK, Row, values_in
from extraction.fields.ranking import Ranked
from extraction.types import Box

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


MOST_ROWS = 8  # of a block
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
                        found += values_in(wanted, rows, sheet, "label", signs)
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
        found += values_in(wanted, rows, sheet, "position", signs)
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
