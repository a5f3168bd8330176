"""Generated documents whose layout is known: what the layout benchmark reads.

Every document is drawn from a seed (see ``benchmarks.layout_drawing``), some are made to look
scanned. Lengths are points, origin top left.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.layout_drawing import (
    NAMES,
    PageTruth,
    Pen,
    Style,
    Truth,
    bullets,
    equation,
    figure,
    fill,
    footnotes,
    paragraph,
    title,
)
from benchmarks.layout_furniture import (
    furniture,
    running_matter,
    varied_furniture,
    varied_matter,
)
from benchmarks.scanning import scan


@dataclass(slots=True)
class Sample:
    """A document with its truth. ``kind`` is what it tests."""

    name: str
    kind: str
    scanned: bool
    held_out: bool
    pdf: bytes
    pages: list[PageTruth]


def bounds(pen: Pen) -> tuple[float, float, float, float]:
    s = pen.style
    return s.left, s.top, s.width - s.right, s.height - s.bottom


def single(pen: Pen, number: int) -> None:
    x, y, right, bottom = bounds(pen)
    width = right - x
    if number == 1:
        y = title(pen, x, y, width, 1)
    numbered = pen.random.random() < 0.5
    section = 0
    while y < bottom - 130:
        section += 1
        level = 2 if pen.random.random() < 0.7 or section == 1 else 3
        label = f"{number}.{section}" if numbered else ""
        y = title(pen, x, y, width, level, label)
        y = paragraph(pen, x, y, width)
        if y < bottom - 60:
            y = paragraph(pen, x, y, width, 15, 45)


def columns(pen: Pen, number: int, count: int = 2) -> None:
    x, y, right, bottom = bounds(pen)
    gutter = pen.style.gutter
    width = (right - x - gutter * (count - 1)) / count
    if number == 1:
        y = title(pen, x, y, right - x, 1)
        if pen.random.random() < 0.5:
            y = paragraph(pen, x + 20, y, right - x - 40, 30, 50) + 6
    notes_in = pen.random.randrange(count) if pen.random.random() < 0.5 else -1
    for column in range(count):
        left, end = x + column * (width + gutter), bottom
        pen.group = f"column{column}"
        held: list[Truth] = []
        if column == notes_in:
            end = footnotes(pen, left, width, bottom)
            held = [b for b in pen.truth.blocks if b.kind == "footnote"]
            pen.truth.blocks = [b for b in pen.truth.blocks if b.kind != "footnote"]
        at = y
        if pen.random.random() < 0.6:
            at = title(pen, left, at - 6, width, 2)
        at = fill(pen, left, at, width, at + (end - at) * pen.random.uniform(0.4, 0.6))
        if pen.random.random() < 0.4 and end - at > 230:
            at = figure(pen, left, at, width, column + 1, 90)
        elif pen.random.random() < 0.5 and end - at > 90:
            at = title(pen, left, at, width, 2)
        last = pen.random.uniform(0.55, 1) if column == count - 1 else 1.0
        fill(pen, left, at, width, at + (end - at) * last)
        pen.truth.blocks += [Truth(b.kind, b.text, b.level, "notes") for b in held]
    names = [f"column{c}" for c in range(count)]
    pen.truth.orders = [["main", *names, "notes"]]
    if notes_in >= 0:
        pen.truth.orders.append(["main", *names[: notes_in + 1], "notes", *names[notes_in + 1 :]])


def three(pen: Pen, number: int) -> None:
    columns(pen, number, 3)


def bands(pen: Pen, number: int) -> None:
    """One, two, three columns one below the other, parted by titles or by little white."""
    x, y, right, bottom = bounds(pen)
    counts = [1, 2, pen.random.choice((1, 3)), 2]
    pen.random.shuffle(counts)
    height = (bottom - y) / len(counts)
    for index, count in enumerate(counts):
        end = y + height
        at = title(pen, x, y - 4, right - x, 2) if pen.random.random() < 0.6 else y
        gutter = pen.style.gutter
        width = (right - x - gutter * (count - 1)) / count
        lowest = at
        for column in range(count):
            lowest = max(lowest, fill(pen, x + column * (width + gutter), at, width, end - 6))
        y = lowest + pen.style.size * pen.random.uniform(0.3, 1.5)
        if y > bottom - 70 or index == len(counts) - 1:
            break
        height = (bottom - y) / (len(counts) - 1 - index)


def sidebar(pen: Pen, number: int) -> None:
    x, y, right, bottom = bounds(pen)
    share = pen.random.uniform(0.2, 0.31)
    gutter = pen.style.gutter
    narrow = (right - x) * share
    wide = right - x - narrow - gutter
    on_left = pen.random.random() < 0.5
    main_x, side_x = (x + narrow + gutter, x) if on_left else (x, x + wide + gutter)
    if number == 1:
        y = title(pen, x, y, right - x, 1)
    side_y = y + pen.random.uniform(0, 60)
    if pen.random.random() < 0.5:
        tint = (0.93, 0.94, 0.88)
        pen.page.draw_rect(
            (side_x - 5, side_y - 6, side_x + narrow + 5, bottom), fill=tint, color=tint
        )
    pen.group = "side"
    size = pen.style.size * pen.random.uniform(0.8, 1.0)
    at = side_y
    text = pen.phrase(2, 4)
    pen.note("title", text, 2)
    at = pen.flow(side_x, at, narrow, text, size=size * 1.25, font=pen.style.bold, align="left") + 4
    for _ in range(pen.random.randint(2, 4)):
        text = pen.words(10, 24)
        pen.note("paragraph", text)
        at = pen.flow(side_x, at, narrow, text, size=size, align="left") + size
        if at > bottom - 90:
            break
    pen.group = "text"
    at = y
    while at < bottom - 80:
        if pen.random.random() < 0.4:
            at = title(pen, main_x, at, wide, 2)
        at = paragraph(pen, main_x, at, wide, 20, 50)
    pen.truth.orders = [["main", "side", "text"], ["main", "text", "side"]]


def lists(pen: Pen, number: int) -> None:
    x, y, right, bottom = bounds(pen)
    width = right - x
    y = title(pen, x, y, width, 1 if number == 1 else 2)
    while y < bottom - 150:
        y = paragraph(pen, x, y, width, 12, 35)
        y = bullets(pen, x, y, width, depth=pen.random.choice((1, 2)))


def figures(pen: Pen, number: int) -> None:
    x, y, right, bottom = bounds(pen)
    width = right - x
    y = title(pen, x, y, width, 2)
    count = 0
    while y < bottom - 240:
        y = paragraph(pen, x, y, width, 20, 50)
        count += 1
        if pen.random.random() < 0.3:
            half = (width - 24) / 2
            one = figure(pen, x, y, half, count, 100)
            two = figure(pen, x + half + 24, y, half, count + 1, 100)
            count, y = count + 1, max(one, two)
        else:
            y = figure(pen, x + 0.1 * width, y, 0.8 * width, count)
    paragraph(pen, x, y, width, 15, 30)


def notes(pen: Pen, number: int) -> None:
    x, y, right, bottom = bounds(pen)
    before = len(pen.truth.blocks)
    end = footnotes(pen, x, right - x, bottom)
    held, pen.truth.blocks = pen.truth.blocks[before:], pen.truth.blocks[:before]
    if number == 1:
        y = title(pen, x, y, right - x, 1)
    fill(pen, x, y, right - x, end - pen.random.uniform(0, 80))
    pen.truth.blocks += held


def form(pen: Pen, number: int) -> None:
    import pymupdf

    x, y, right, _ = bounds(pen)
    y = title(pen, x, y, right - x, 1)
    y = paragraph(pen, x, y, right - x, 12, 25) + 6
    column = x + pen.random.uniform(110, 180)
    for _ in range(pen.random.randint(3, 6)):
        label, value = f"{pen.phrase(1, 2)}:", pen.phrase(1, 3)
        pen.note("paragraph", f"{label} {value}")
        pen.line(x, y, label, pen.style.size)
        pen.line(column, y, value, pen.style.size)
        y += pen.style.size * pen.random.uniform(1.5, 2.1)
    y += 14
    pen.note("paragraph", question := pen.words(6, 10))
    y = pen.flow(x, y, right - x, question) + 6
    side = pen.random.uniform(8, 13)
    for _ in range(pen.random.randint(3, 7)):
        ticked = pen.random.random() < 0.5
        text = pen.phrase(2, 5)
        pen.note("checkbox", text, int(ticked))
        pen.page.draw_rect(pymupdf.Rect(x, y, x + side, y + side), width=0.9)
        if ticked:
            pen.page.draw_line((x + 2, y + side / 2), (x + side / 2, y + side - 2), width=1.3)
            pen.page.draw_line((x + side / 2, y + side - 2), (x + side - 1, y + 1), width=1.3)
        pen.line(x + side + 6, y + side / 2 - 0.45 * pen.style.size, text, pen.style.size)
        y += max(side, pen.style.size) * pen.random.uniform(1.35, 1.8)
    y += 50
    for index, label in enumerate(("Date", "Signature of the applicant")):
        at = x + index * (right - x) * 0.45
        pen.page.draw_line((at, y), (at + 150, y), width=0.8)
        pen.note("paragraph", label)
        pen.line(at, y + 4, label, pen.style.size * 0.85)
        if index:
            points = [
                (at + 20 + 6 * n, y - 8 - pen.random.uniform(0, 18) * (n % 2)) for n in range(14)
            ]
            pen.page.draw_polyline(points, color=(0.1, 0.1, 0.5), width=1.2)


def marked(pen: Pen, number: int) -> None:
    """Text under a watermark, with a stamp."""
    import pymupdf

    x, y, right, bottom = bounds(pen)
    text = pen.random.choice(("CONFIDENTIAL", "DRAFT COPY", "SPECIMEN", "DO NOT DISTRIBUTE"))
    group, pen.group = pen.group, "furniture"
    size = pen.random.uniform(46, 64)
    width = pen.width(text, size, "hebo")
    size *= min(1, 520 / width)
    width = pen.width(text, size, "hebo")
    angle = pen.random.uniform(35, 55)
    middle = pymupdf.Point(pen.style.width / 2, pen.style.height / 2)
    pen.note("watermark", text)
    turn = pymupdf.Matrix(angle)
    pen.page.insert_text(
        (middle.x - width / 2, middle.y + size / 3),
        text,
        fontsize=size,
        fontname="hebo",
        color=(0.86, 0.86, 0.88),
        morph=(middle, turn),
    )
    pen.group = group
    y = title(pen, x, y, right - x, 1 if number == 1 else 2)
    y = fill(pen, x, y, right - x, bottom - 110)
    if pen.random.random() < 0.7:
        stamp = f"RECEIVED {pen.random.randint(10, 28)} MAR 2026"
        box = pymupdf.Rect(right - 150, bottom - 92, right - 20, bottom - 60)
        turn = pymupdf.Matrix(pen.random.uniform(6, 18))
        shape = pen.page.new_shape()
        shape.draw_rect(box)
        shape.finish(color=(0.7, 0, 0), width=1.5, morph=(box.tl, turn))
        shape.commit()
        pen.page.insert_text(
            (box.x0 + 8, box.y0 + 21),
            stamp,
            fontsize=11,
            fontname="hebo",
            color=(0.7, 0, 0),
            morph=(box.tl, turn),
        )
        pen.group = "stamp"
        pen.note("stamp", stamp)
        pen.group = group
        pen.truth.orders = [["main", "stamp"], ["stamp", "main"]]


def letter(pen: Pen, number: int) -> None:
    x, y, right, bottom = bounds(pen)
    y -= 20
    company = f"{pen.random.choice(NAMES)} Instruments"
    pen.note("title", company, 1)
    pen.line(x, y, company, 20, fontname=pen.style.bold)
    y += 60
    pen.group = "address"
    for line in (pen.phrase(2, 2), f"{pen.random.randint(1, 99)} Quay Street", "Bristol BS1 4DJ"):
        pen.note("paragraph", line)
        pen.line(x, y, line, pen.style.size)
        y += pen.style.size * 1.25
    pen.group = "main"
    date = f"{pen.random.randint(1, 28)} March 2026"
    pen.group = "date"
    pen.note("paragraph", date)
    pen.line(
        right - pen.width(date, pen.style.size), y - pen.random.uniform(0, 45), date, pen.style.size
    )
    pen.group = "body"
    y += 40
    pen.note("paragraph", "Dear Sir or Madam,")
    pen.line(x, y, "Dear Sir or Madam,", pen.style.size)
    y += 2 * pen.style.size * pen.style.leading
    y = fill(pen, x, y, right - x, bottom - 120)
    pen.note("paragraph", "Yours faithfully,")
    pen.line(x, y + 6, "Yours faithfully,", pen.style.size)
    pen.truth.orders = [
        ["main", "address", "date", "body"],
        ["main", "date", "address", "body"],
    ]


def formulas(pen: Pen, number: int) -> None:
    """Text with display formulas, and lines that are set in like them and are none."""
    x, y, right, bottom = bounds(pen)
    y = title(pen, x, y, right - x, 1 if number == 1 else 2)
    count = 0
    while y < bottom - 120:
        y = paragraph(pen, x, y, right - x, 15, 40)
        if pen.random.random() < 0.7:
            count += 1
            y = equation(pen, x, y, right - x, count)
        else:
            text = pen.random.choice(
                ("Total = 45.20", "Tel. +44 20 7946 0018", "Margin: 12 - 15 %", "2 x 4 = 8 pieces",
                 "A4 > A5, see p. 7", "Order no. A/2041-B", "Name = Calder Vale", pen.phrase(2, 4))
            )  # fmt: skip
            pen.note("paragraph", text)
            y += 0.5 * pen.style.size
            pen.line(x + pen.random.uniform(24, 120), y, text, pen.style.size)
            y += pen.style.size * (pen.style.leading + 0.6)
    paragraph(pen, x, y, right - x, 12, 25)


Draw = Callable[[Pen, int], None]
KINDS: dict[str, tuple[Draw, int]] = {  # what is drawn, and on how many pages
    "single": (single, 3),
    "two columns": (columns, 2),
    "three columns": (three, 2),
    "bands": (bands, 1),
    "sidebar": (sidebar, 1),
    "lists": (lists, 1),
    "figures": (figures, 1),
    "footnotes": (notes, 2),
    "form": (form, 1),
    "marked": (marked, 2),
    "letter": (letter, 1),
    "formulas": (formulas, 1),
    "varied furniture": (columns, 4),
    "one page furniture": (single, 1),
}
VARIED = ("varied furniture", "one page furniture")
SEEDS = (61, 63, 66, 71, 72)  # the pages of even ones look scanned
SEEN = (
    *range(11, 60),
    62,
    64,
    *range(67, 71),
)  # looked at while the rules were made


def samples(kinds: Sequence[str] = (), seeds: Sequence[int] = SEEDS) -> list[Sample]:
    """The suite: each kind once a seed, as scans where the seed is even."""
    return [
        sample(kind, seed, scanned=seed % 2 == 0)
        for kind in KINDS
        if not kinds or kind in kinds
        for seed in seeds
    ]


def sample(kind: str, seed: int, *, scanned: bool) -> Sample:
    """One document, the same for the same seed."""
    import pymupdf

    chance = random.Random(f"{kind} {seed}")
    draw, count = KINDS[kind]
    style = Style.drawn(chance)
    running = varied_matter(chance) if kind in VARIED else running_matter(chance)
    furnish = varied_furniture if kind in VARIED else furniture
    furnished = kind in VARIED or count > 1 or chance.random() < 0.5
    document = pymupdf.open()
    pages = []
    for number in range(1, count + 1):
        pen = Pen(document, chance, style)
        draw(pen, number)
        if furnished:
            furnish(pen, number, count, running)
        pages.append(pen.truth)
    if scanned:
        document = scan(document, chance)
    name = f"{kind.replace(' ', '-')}-{seed}"
    return Sample(name, kind, scanned, seed not in SEEN, document.tobytes(), pages)
