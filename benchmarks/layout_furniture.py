"""Headers, footers and page numbers for the generated pages of the layout benchmark.

Drawn as printed matter shows them, not as the rules of ``extraction.furniture`` expect them: names
of sections that change, sides that change, small print in columns, numbers in many forms and
places, lines close to the text. Lengths are points, origin top left.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.layout_drawing import FAMILIES, NAMES, WORDS, PageTruth, Pen

HEADERS = ("section", "section", "title", "name and section", "alternating", "two lines",
           "stamp", "secret", "none", "number line")  # fmt: skip
FOOTERS = ("none", "none", "address", "small print", "small print", "secret", "file",
           "copyright", "control", "section")  # fmt: skip
NUMBERS = ("{n}", "{n}", "Page {n} of {c}", "- {n} -", "{roman}", "{n}/{c}", "A-{n}", "p. {n}",
           "[{n}]", "Seite {n} von {c}", "{n} | {name}", "Page {n}", "2-{n}", "Sheet {n:02d}",
           "• {n} •")  # fmt: skip
PLACES = ("foot centre", "foot centre", "foot outer", "foot outer", "foot inner", "head outer",
          "head outer", "head centre", "head inner", "margin", "none")  # fmt: skip
ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii")


@dataclass(frozen=True, slots=True)
class Running:
    """What the furniture of one document is like."""

    name: str
    serial: int
    header: str
    footer: str
    number: str
    place: str
    first: int  # the number of the first page
    every: int  # pages that a section's name stays, 0: the titles on the pages are the names
    mirrored: bool
    bare_first: bool  # the first page has no header
    close_head: bool
    close_foot: bool
    rule_head: bool
    rule_foot: bool
    head_size: float
    foot_size: float
    head_font: str
    color: tuple[float, float, float]
    upper: bool
    upright: str  # text along the margin

    @classmethod
    def drawn(cls, random: random.Random, *, letter: bool = False) -> Running:
        serial = random.randint(100000, 999999)
        number = random.choice(NUMBERS)
        upright = (f"arXiv:2603.{serial // 10}v2 [cs.CL] 12 Mar 2026", f"Form {serial} (03/26)")
        header = random.choice(HEADERS)
        return cls(
            name=random.choice(NAMES),
            serial=serial,
            header="letter" if letter else header,
            footer=random.choice(FOOTERS[2:] if letter else FOOTERS),
            number=number,
            place=random.choice(PLACES),
            first=random.choice((1, 1, 1, 4)) if "c}" in number else random.choice((1, 1, 3, 117)),
            every=random.choice((0, 0, 1, 2, 3)),
            mirrored=random.random() < 0.5,
            bare_first=letter or random.random() < 0.4,
            close_head=random.random() < 0.3,
            close_foot=random.random() < 0.3,
            rule_head=random.random() < 0.35,
            rule_foot=random.random() < 0.35,
            head_size=random.choice((random.uniform(7, 9.5), random.uniform(9, 12), 14.0)),
            foot_size=random.choice((random.uniform(5.5, 7), random.uniform(7, 10))),
            head_font=random.choice([font for family in FAMILIES for font in family]),
            color=random.choice(((0, 0, 0), (0, 0, 0), (0.4, 0.4, 0.4), (0.1, 0.2, 0.5))),
            upper=random.random() < 0.2,
            upright=random.choice(upright) if random.random() < 0.12 else "",
        )


Row = list[str]  # what stands at the left, in the centre and at the right of a line


def furnish(
    pen: Pen, running: Running, number: int, count: int, pages: Sequence[PageTruth]
) -> None:
    """The furniture of the page ``number``; ``pages`` are those drawn so far, with this one."""
    words = pen.page.get_text("words")
    content = (min(word[1] for word in words), max(word[3] for word in words))
    top = min(pen.style.top, content[0])
    bottom = max(pen.style.height - pen.style.bottom, content[1])
    section, title = names(running, number, pages)
    header = header_rows(running, number, section, title)
    footer = footer_rows(running, section)
    if number == 1 and running.bare_first:
        header = []
    outer, inner = (0, 2) if running.mirrored and number % 2 == 0 else (2, 0)
    if outer == 0:
        header = [row[::-1] for row in header]
    group, pen.group = pen.group, "furniture"
    label = number_text(running, number, count)
    part, _, side = running.place.partition(" ")
    rows = {"head": header, "foot": footer}.get(part)
    if rows is header and number == 1 and running.bare_first:
        rows = footer  # as books do
    if rows is not None:
        at = {"centre": 1, "outer": outer, "inner": inner}[side]
        if not rows:
            rows.append(["", "", ""])
        rows[-1][at] = "\t".join(filter(None, (rows[-1][at], label)))
    elif part == "margin":
        size = running.foot_size + 1
        x = pen.style.left / 2 if outer == 0 else pen.style.width - pen.style.right / 2
        pen.note("page_number", label)
        pen.line(x - pen.width(label, size) / 2, pen.style.height * 0.48, label, size)
    draw_header(pen, running, header, top, label)
    draw_footer(pen, running, footer, bottom, label)
    if running.upright:
        pen.note("footer", running.upright)
        pen.page.insert_text(
            (20, 0.7 * pen.style.height), running.upright, fontsize=8, rotate=90,
            color=(0.4, 0.4, 0.4),
        )  # fmt: skip
    pen.group = group


def names(running: Running, number: int, pages: Sequence[PageTruth]) -> tuple[str, str]:
    """The name of the section that the page is in, and of the whole document."""
    titles = [block.text for page in pages for block in page.blocks if block.kind == "title"]
    title = titles[0] if titles else f"The {running.name} papers"
    if running.every == 0:
        return titles[-1] if titles else title, title
    chance = random.Random(running.serial + (number - 1) // running.every)
    words = " ".join(chance.choice(WORDS) for _ in range(chance.randint(2, 4)))
    return f"{chance.randint(1, 9)}.{chance.randint(1, 9)} {words.capitalize()}", title


def number_text(running: Running, number: int, count: int) -> str:
    shown = running.first + number - 1
    return running.number.format(
        n=shown,
        c=running.first + count - 1,
        name=running.name,
        roman=ROMAN[shown - 1] if shown <= len(ROMAN) else shown,
    )


def header_rows(running: Running, number: int, section: str, title: str) -> list[Row]:
    name = running.name
    date, time = f"{running.serial % 27 + 1:02d}/03/2026", f"{running.serial % 24:02d}:07"
    rows: list[Row] = {
        "section": [["", "", section]],
        "title": [["", title, ""]],
        "name and section": [[f"{name} Annual Review", "", section]],
        "alternating": [["", "", section if number % 2 else title]],
        "two lines": [[f"{name} Institute", "", date], [f"Report no. {running.serial}", "", ""]],
        "stamp": [[f"{date}, {time}", "", f"{title} - {name.split()[0].lower()}.example"]],
        "secret": [["", f"Confidential - for the use of {name} only", ""]],
        "number line": [[section, "", ""]],
        "letter": [[f"{name} Trading GmbH", "", f"Letter of {date}"]],
        "none": [],
    }[running.header]
    return [[cell.upper() if running.upper else cell for cell in row] for row in rows]


def footer_rows(running: Running, section: str) -> list[Row]:
    name, serial = running.name, running.serial
    rows: dict[str, list[Row]] = {
        "none": [],
        "address": [
            [f"{name} Ltd, 4 Quay Street, Bristol BS1 4DJ", "", ""],
            [f"Registered in England no. {serial}, VAT GB 421 5566 09", "", ""],
        ],
        "small print": [
            [f"{name} Trading GmbH", f"Amtsgericht Hamburg HRB {serial}", "Elbbank AG"],
            ["Hafenstrasse 14", "USt-IdNr. DE 278 411 903", "IBAN DE21 3704 0044 0532 0130 00"],
            ["20457 Hamburg", f"Geschäftsführer: K. {name}", "BIC ELBADEHHXXX"],
        ],
        "secret": [
            ["This document and its annexes are confidential and may not be passed on", "", ""],
            [f"to third parties without the written consent of {name}.", "", ""],
        ],
        "file": [[f"C:\\Users\\{name.split()[0]}\\reports\\final_v{serial % 9}.docx", "", ""]],
        "copyright": [[f"© 2026 {name}. All rights reserved.", "", ""]],
        "control": [[f"Doc. QA-{serial % 1000}", "Rev. C", "Valid from 2 March 2026"]],
        "section": [[section, "", ""]],
    }
    return [list(row) for row in rows[running.footer]]


def draw_header(pen: Pen, running: Running, rows: list[Row], top: float, label: str) -> None:
    size = running.head_size
    height = len(rows) * 1.25 * size
    if rows:
        free = 20 + 0.3 * max(top - height - 30, 0)
        y = top - height - 0.25 * size if running.close_head else min(free, top - height - 4)
        end = draw_rows(pen, rows, y, size, running.head_font, running.color, label, "header")
        if running.rule_head and end + 4 < top:
            right = pen.style.width - pen.style.right
            pen.page.draw_line((pen.style.left, end + 1), (right, end + 1), width=0.5)


def draw_footer(pen: Pen, running: Running, rows: list[Row], bottom: float, label: str) -> None:
    size = running.foot_size
    height = len(rows) * 1.25 * size
    if rows:
        y = pen.style.height - 24 - height
        y = min(bottom + 0.8 * size, y) if running.close_foot else y
        y = max(y, bottom + 3)
        if running.rule_foot:
            right = pen.style.width - pen.style.right
            pen.page.draw_line((pen.style.left, y - 2), (right, y - 2), width=0.5)
        draw_rows(pen, rows, y, size, pen.style.font, running.color, label, "footer")


def draw_rows(
    pen: Pen,
    rows: list[Row],
    y: float,
    size: float,
    font: str,
    color: tuple[float, float, float],
    label: str,
    kind: str,
) -> float:
    """Lines of furniture; returns the y below. What is wider than the page is set smaller."""
    left, right = pen.style.left, pen.style.width - pen.style.right
    for row in rows:
        texts = [cell.replace("\t", "   ") for cell in row]
        widths = [pen.width(text, size, font) for text in texts]
        most = 2 * max(widths[0], widths[2]) + widths[1] if texts[1] else sum(widths)
        fit = min(1.0, (right - left) / (most + 12))
        for side, (text, natural) in enumerate(zip(texts, widths, strict=True)):
            if text:
                wide = natural * fit
                x = (left, (left + right - wide) / 2, right - wide)[side]
                pen.note("page_number" if text == label else kind, text)
                pen.line(x, y, text, size * fit, fontname=font, color=color)
        y += 1.25 * size
    return y
