"""Where papers put their facts: labels left of, above, in boxes, in a table's head, in a sentence.

Lengths are points, origin top left. Each function draws at ``y`` and returns the y below.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.field_content import Party
from benchmarks.field_drawing import BLACK, Color, Fact, Sheet

FORMS = ("rows", "rows", "edges", "stacked", "grid", "head", "inline")


def draw_facts(
    sheet: Sheet, x: float, y: float, width: float, facts: Sequence[Fact], form: str = ""
) -> float:
    """The facts in one of ``FORMS``; what has no room in it is set in rows."""
    form = form or sheet.chance.choice(FORMS)
    # Drawn whether used or not: what follows must not depend on what has room in which font.
    gap, air = sheet.chance.uniform(6, 22), sheet.chance.uniform(1.0, 1.25)
    centred = sheet.chance.random() < 0.5
    mark = sheet.chance.choice(("  |  ", "  ·  ", "     ", ", "))
    for fact in facts:
        sheet.said(fact)
    columns = max(1, min(len(facts), int(width // 95)))
    cell = width / columns
    small = sheet.look.size * 0.78
    if form in ("stacked", "grid", "head") and any(
        max(sheet.measure(f.label, small), sheet.measure(f.raw)) > cell - 6 for f in facts
    ):
        form = "rows"
    if not facts:
        return y
    if form == "inline":
        return _inline(sheet, x, y, width, facts, mark)
    if form in ("stacked", "grid", "head"):
        return _cells(sheet, x, y, cell, columns, facts, form, centred=centred)
    return _rows(sheet, x, y, width, facts, gap, air, edges=form == "edges")


def _rows(
    sheet: Sheet, x: float, y: float, width: float, facts: Sequence[Fact], gap: float, air: float,
    *, edges: bool,
) -> float:  # fmt: skip
    """A row a fact: values in a column of their own, or at the right edge."""
    look = sheet.look
    size = look.size * look.label_size
    labels = [fact.label + (look.colon if fact.label else "") for fact in facts]
    column = max(sheet.measure(label, size, bold=look.label_bold) for label in labels)
    column += gap
    step = sheet.step * air
    for label, fact in zip(labels, facts, strict=True):
        sheet.text(x, y, label, size, bold=look.label_bold)
        if edges:
            if sheet.measure(label, size, bold=look.label_bold) + sheet.measure(fact.raw) > width:
                y += step
            sheet.text(x + width, y, fact.raw, align="right")
        else:
            left = min(x + column, x + width - sheet.measure(fact.raw))
            after = x + sheet.measure(label, size, bold=look.label_bold) + 3
            if left < after:  # no room beside the label: below it
                y += step
                left = x + 8
            sheet.text(left, y, fact.raw)
        y += step
    return y


def _cells(
    sheet: Sheet, x: float, y: float, cell: float, columns: int, facts: Sequence[Fact], form: str,
    *, centred: bool,
) -> float:  # fmt: skip
    """Labels over values: free, in boxes, or as a table's head and its only row."""
    small, size = sheet.look.size * 0.78, sheet.look.size
    centred = centred and form == "head"
    height = size * 2.7
    for start in range(0, len(facts), columns):
        here = facts[start : start + columns]
        for place, fact in enumerate(here):
            left = x + place * cell
            at, align = (left + cell / 2, "center") if centred else (left + 3, "left")
            if form == "grid":
                sheet.box(left, y, left + cell, y + height)
            if form == "head":
                sheet.box(left, y, left + cell, y + size * 1.35, sheet.tint)
                sheet.box(left, y + size * 1.35, left + cell, y + height)
            sheet.text(at, y + size * 0.25, fact.label, small, align=align,
                       bold=sheet.look.label_bold)  # fmt: skip
            sheet.text(at, y + size * 1.45, fact.raw, size, align=align)
        y += height + (5 if form == "stacked" else 0)
    return y + 4


def _inline(
    sheet: Sheet, x: float, y: float, width: float, facts: Sequence[Fact], mark: str
) -> float:
    """Facts one after the other in a line, as many as have room."""
    colon = sheet.look.colon or ":"
    at = x
    for number, fact in enumerate(facts):
        piece = f"{fact.label}{colon} {fact.raw}" if fact.label else fact.raw
        if number and at + sheet.measure(mark + piece) > x + width:
            at, y = x, y + sheet.step
        elif number:
            at = sheet.text(at, y, mark)
        *lines, last = sheet.wrapped(piece, x + width - at)
        for line in lines:
            sheet.text(at, y, line)
            y += sheet.step
        at = sheet.text(at, y, last)
    return y + sheet.step * 1.2


@dataclass(frozen=True, slots=True)
class Heading:
    """A column of a table: its heading, its share of the width, where its values stand."""

    text: str
    share: float
    align: str = "left"


TABLES = ("grid", "ruled", "striped", "bare", "filled", "columns")


def draw_table(
    sheet: Sheet, x: float, y: float, width: float, headings: Sequence[Heading],
    rows: Sequence[Sequence[str]], *, size: float = 0.0, style: str = "",
) -> float:  # fmt: skip
    style = style or sheet.chance.choice(TABLES)
    size = size or sheet.look.size * sheet.chance.uniform(0.88, 1.0)
    whole = sum(heading.share for heading in headings)
    edges = [x]
    for heading in headings:
        edges.append(edges[-1] + width * heading.share / whole)
    pad, step = 3.5, size * 1.2
    air = sheet.chance.uniform(2.0, 6.0)
    top = y

    def row(cells: Sequence[str], y: float, *, head: bool) -> float:
        color: Color = (1.0, 1.0, 1.0) if head and dark else BLACK
        rooms = [edges[i + 1] - edges[i] - 2 * pad for i in range(len(cells))]
        type_size = size
        for cell, room in zip(cells, rooms, strict=True):
            for word in cell.split():
                type_size = min(type_size, sheet.fitting(word, size, room))
        texts = [
            sheet.wrapped(cell, room, type_size * (1.08 if head else 1))
            for cell, room in zip(cells, rooms, strict=True)
        ]
        height = max(len(lines) for lines in texts) * step + air
        if head and style in ("filled", "striped"):
            sheet.box(x, y, x + width, y + height, sheet.look.accent if dark else sheet.tint,
                      line=False)  # fmt: skip
        for i, lines in enumerate(texts):
            align = headings[i].align
            at = {"left": edges[i] + pad, "right": edges[i + 1] - pad,
                  "center": (edges[i] + edges[i + 1]) / 2}[align]  # fmt: skip
            for number, text in enumerate(lines):
                sheet.text(at, y + air / 2 + number * step, text, type_size, align=align,
                           bold=head and bold, color=color)  # fmt: skip
        return y + height

    dark = style == "filled" and sheet.chance.random() < 0.5
    bold = dark or sheet.chance.random() < 0.6
    y = row([heading.text for heading in headings], y, head=True)
    if style in ("grid", "ruled", "bare", "columns"):
        sheet.rule(x, y, x + width, y, 0.9)
    levels = [top, y]
    for number, cells in enumerate(rows):
        if style == "striped" and number % 2:
            lines = max(len(sheet.wrapped(c, edges[i + 1] - edges[i] - 2 * pad, size))
                        for i, c in enumerate(cells))  # fmt: skip
            sheet.box(x, y, x + width, y + lines * step + air, (0.95, 0.95, 0.95), line=False)
        y = row(cells, y, head=False)
        levels.append(y)
        if style in ("ruled", "grid"):
            sheet.rule(x, y, x + width, y, 0.4)
    if style == "columns":
        y += sheet.chance.uniform(0, 40)
    if style in ("grid", "columns"):
        sheet.box(x, top, x + width, y)
        for edge in edges[1:-1]:
            sheet.rule(edge, top, edge, y, 0.4)
    elif style in ("bare", "filled"):
        sheet.rule(x, y, x + width, y, 0.6)
    return y + 6


def draw_totals(sheet: Sheet, y: float, facts: Sequence[Fact], strong: int) -> float:
    """Sums at the right, one below the other; ``strong`` is the one that stands out."""
    sheet.chance.shuffle(styles := ["bold", "box", "rule", "large"])
    style, size = styles[0], sheet.look.size
    large = size * 1.25
    wide = max(
        sheet.measure(f.label + sheet.look.colon, large, bold=True) + sheet.measure(f.raw, large, bold=True)
        for f in facts
    ) + sheet.chance.uniform(14, 60)  # fmt: skip
    left = sheet.chance.choice((sheet.right - wide, sheet.right - max(wide, sheet.width * 0.45)))
    near = sheet.chance.random() < 0.25  # the label stands at the amount, not at the left
    for number, fact in enumerate(facts):
        sheet.said(fact)
        here, bold = size, number == strong
        if bold:
            here = large if style == "large" else size
            if style == "box":
                sheet.box(left - 4, y - 2, sheet.right + 3, y + here * 1.3, sheet.tint)
            elif style == "rule":
                sheet.rule(left, y - 1.5, sheet.right, y - 1.5, 0.9)
        label = fact.label + sheet.look.colon
        start = sheet.text(sheet.right, y, fact.raw, here, bold=bold, align="right")
        start -= sheet.measure(fact.raw, here, bold=bold)
        if near:
            sheet.text(start - 10, y, label, here, bold=bold, align="right")
        else:
            sheet.text(left, y, label, here, bold=bold)
        y += here * 1.5
    return y + 4


def draw_party(
    sheet: Sheet, x: float, y: float, party: Party, prefix: str, *, label: str = "",
    size: float = 0.0, name: str = "", address: str = "", country: bool = False,
) -> float:  # fmt: skip
    """A name with its address below. ``prefix`` of the fields, or their ``name``, ``address``."""
    size = size or sheet.look.size
    if label:
        sheet.text(x, y, label + sheet.look.colon, size * sheet.look.label_size, bold=True)
        y += size * 1.35
    bold = sheet.chance.random() < 0.4
    sheet.text(x, y, party.name, size, bold=bold)
    y = sheet.lines(x, y + size * 1.25, [party.street, party.town], size=size)
    written = party.address
    if country:
        sheet.text(x, y, sheet.country.name, size)
        y += size * 1.25
        written += f", {sheet.country.name}"
    if prefix or name:
        sheet.claim(name or f"{prefix}_name", party.name, party.name)
    if prefix or address:
        sheet.claim(address or f"{prefix}_address", written, written)
    return y


def draw_title(sheet: Sheet, x: float, y: float, key: str) -> float:
    size = sheet.look.size * sheet.chance.uniform(1.3, 2.2)
    size = sheet.fitting(sheet.label(key), size, sheet.right - x)
    sheet.text(x, y, sheet.label(key), size, bold=True, color=sheet.look.accent)
    return y + size * 1.6


def signature(sheet: Sheet, y: float) -> None:
    chance = sheet.chance
    words = {"de": "Unterschrift", "en": "Authorised signature", "fr": "Signature", "es": "Firma", "it": "Firma",
             "nl": "Handtekening", "pl": "Podpis", "ms": "Tandatangan"}[sheet.language]  # fmt: skip
    y = min(y + 30, sheet.height - 110)
    x = chance.choice((sheet.margin, sheet.width / 2 + 40))
    sheet.rule(x, y, x + 150, y, 0.5)
    sheet.text(x, y + 2, words, sheet.look.size * 0.8)
    points = [
        (x + 15 + 7 * n, y - 6 - chance.uniform(0, 18) * (n % 2))
        for n in range(chance.randint(8, 15))
    ]
    sheet.page.draw_polyline(points, color=(0.1, 0.1, 0.5), width=1.1)
