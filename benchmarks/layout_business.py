"""Bodies of pages of business: forms, letters, statements, marks upon the text, formulas.

Lengths are points, origin top left.
"""

from __future__ import annotations

import random

from benchmarks.layout_drawing import (
    NAMES,
    Pen,
    bullets,
    equation,
    fill,
    paragraph,
    title,
)
from benchmarks.layout_text import bounds


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


def business_letter(pen: Pen, number: int) -> None:
    """A letter of several pages: letterhead on the first alone, which is content."""
    x, y, right, bottom = bounds(pen)
    size, step = pen.style.size, pen.style.size * 1.25
    if number > 1:
        pen.group = "body"
        y = fill(pen, x, y, right - x, bottom - 40)
        pen.note("paragraph", "Yours faithfully,")
        pen.line(x, y, "Yours faithfully,", size)
        pen.truth.orders = [["body"]]
        return
    company = f"{pen.random.choice(NAMES)} Trading GmbH"
    lines = ("Hafenstrasse 14, 20457 Hamburg", "Tel. +49 40 555 01 77", "post@trading.example")
    side = pen.random.choice(("left", "right", "center"))
    pen.group, y = "letterhead", y - 30
    pen.note("title", company, 1)
    y = pen.flow(x, y, right - x, company, size=1.6 * size, font=pen.style.bold, align=side) + 3
    for line in (" | ".join(lines),) if pen.random.random() < 0.5 else lines:
        pen.note("paragraph", line)
        y = pen.flow(x, y, right - x, line, size=0.8 * size, align=side)
    y += 34
    pen.group = "address"
    for line in ("Firma", pen.phrase(2, 2), f"Quay Street {pen.random.randint(1, 99)}", "Bristol"):
        pen.note("paragraph", line)
        pen.line(x, y, line, size)
        y += step
    pen.group, date = "date", f"Hamburg, {pen.random.randint(1, 28)} March 2026"
    pen.note("paragraph", date)
    pen.line(right - pen.width(date, size), y, date, size)
    pen.group, y = "body", y + 34
    pen.note("paragraph", "Dear Sir or Madam,")
    pen.line(x, y, "Dear Sir or Madam,", size)
    fill(pen, x, y + 2 * step, right - x, bottom)
    pen.truth.orders = [["letterhead", "address", "date", "body"]]


def statement(pen: Pen, number: int) -> None:
    """A table that goes on over pages; its heading row comes again on each, and is content."""
    x, y, right, bottom = bounds(pen)
    document = random.Random(str(pen.style.left))  # the same on all pages
    headings = document.choice(
        (
            ("Date", "Description", "Reference", "Amount"),
            ("No.", "Article", "Quantity", "Total"),
            ("Datum", "Buchungstext", "Valuta", "Betrag EUR"),
        )
    )
    ruled = document.random() < 0.5
    carried = document.random() < 0.5
    size = pen.style.size
    if number == 1:
        y = title(pen, x, y, right - x, 1)
        y = paragraph(pen, x, y, right - x, 12, 30) + 8
    places = [x + share * (right - x) for share in (0.0, 0.17, 0.62, 1.0)]
    step = size * pen.style.leading * 1.25
    rows = [headings]
    if carried and number > 1:
        rows.append(("", "Brought forward", "", f"{pen.random.uniform(900, 9000):.2f}"))
    while y + (len(rows) + 2) * step < bottom:
        rows.append(
            (
                f"{pen.random.randint(10, 28)}.03.2026",
                pen.phrase(1, 4),
                str(pen.random.randint(10000, 99999)),
                f"{pen.random.uniform(3, 900):.2f}",
            )
        )
    if carried:
        rows.append(("", "Carried forward", "", f"{pen.random.uniform(900, 9000):.2f}"))
    pen.note("table", " ".join(cell for row in rows for cell in row if cell))
    for index, row in enumerate(rows):
        font = pen.style.bold if index == 0 else pen.style.font
        for place, cell in zip(places, row, strict=True):
            at = place - pen.width(cell, size, font) if place == right else place
            pen.line(at, y, cell, size, fontname=font)
        if ruled or index == 0:
            under = y + 1.15 * size
            pen.page.draw_line((x, under), (right, under), width=0.5)
        y += step


def questions(pen: Pen, number: int) -> None:
    """Parts of a questionnaire; each begins with the same instruction, which is content."""
    x, y, right, bottom = bounds(pen)
    y = title(pen, x, y, right - x, 2, f"Part {number}:")
    pen.note("paragraph", "Please answer every question and give reasons.")
    y = pen.flow(x, y, right - x, "Please answer every question and give reasons.")
    y += pen.style.size
    while y < bottom - 150:
        y = bullets(pen, x, y, right - x)
        y = paragraph(pen, x, y, right - x, 10, 25)
