"""Headers, footers and page numbers for the generated pages of the layout benchmark.

Lengths are points, origin top left.
"""

from __future__ import annotations

import random

from benchmarks.layout_drawing import NAMES, WORDS, Pen


def furniture(pen: Pen, number: int, count: int, running: dict[str, str]) -> None:
    """Header, footer and page number as ``running`` says."""
    style, size = pen.style, float(running["size"])
    group, pen.group = pen.group, "furniture"
    right = style.width - style.right
    even = number % 2 == 0
    if text := running.get("header"):
        if running.get("mirrored") and even:
            text = running["header_even"]
        y = float(running["header_y"])
        at = right - pen.width(text, size) if running.get("mirrored") and not even else style.left
        pen.note("header", text)
        pen.line(at, y, text, size)
        if running.get("ruled"):
            pen.page.draw_line((style.left, y + size + 4), (right, y + size + 4), width=0.5)
    if text := running.get("footer"):
        pen.note("footer", text)
        pen.line(style.left, style.height - float(running["footer_y"]), text, size)
    text = running["number"].format(n=number, c=count)
    y = style.height - float(running["footer_y"])
    at = (style.width - pen.width(text, size)) / 2 if not running.get("footer") else right
    if running["number_at"] == "top":
        y, at = float(running["header_y"]), style.left if not even else right
        if not running.get("mirrored"):
            at = right
    pen.note("page_number", text)
    pen.line(at - (pen.width(text, size) if at == right else 0), y, text, size)
    pen.group = group


def running_matter(random: random.Random) -> dict[str, str]:
    name = random.choice(NAMES)
    said = {
        "size": str(random.uniform(7, 9.5)),
        "header_y": str(random.uniform(24, 50)),
        "footer_y": str(random.uniform(30, 52)),
        "number": random.choice(("{n}", "Page {n} of {c}", "{n}", "- {n} -", "{n} / {c}")),
        "number_at": random.choice(("bottom", "bottom", "top")),
    }
    if random.random() < 0.85:
        said["header"] = (
            f"{name} {random.choice(('Quarterly Review', 'Working Papers', 'Journal'))}"
        )
        said["header_even"] = f"The state of {random.choice(WORDS)} supply"
    if random.random() < 0.35:
        said["mirrored"] = "yes"
    if random.random() < 0.4:
        said["ruled"] = "yes"
    if random.random() < 0.5:
        said["footer"] = f"{name} Ltd, Registered in England {random.randint(100000, 999999)}"
    return said


def varied_matter(random: random.Random) -> dict[str, str]:
    """Furniture that changes from page to page: section names, sides, numerals, rules, lines."""
    name = random.choice(NAMES)
    number = random.choice(
        ("{n}", "{roman}", "Page {n} of {c}", "- {n} -", "[{n}]", "A-{n}", "{n} | {name}",
         "Chapter 2 - {n}", "p. {n}", "Page {n}")
    )  # fmt: skip
    return {
        "name": name,
        "size": str(random.uniform(7, 11)),
        "number": number,
        "first": str(random.choice((1, 1, 3, 14, 117))),
        "header": random.choice(("section", "section", "both", "title", "")),
        "footer": random.choice(("", "address", "date")),
        "side": random.choice(("outer", "outer", "centre", "left")),
        "header_y": str(random.uniform(28, 52)),
        "footer_y": str(random.uniform(28, 55)),
        "ruled": random.choice(("", "yes")),
        "number_at": random.choice(("bottom", "bottom", "top")),
    }


def varied_furniture(pen: Pen, number: int, count: int, running: dict[str, str]) -> None:
    """Header, footer and page number of one page as ``running`` says."""
    style, size, name = pen.style, float(running["size"]), running["name"]
    group, pen.group = pen.group, "furniture"
    left, right = style.left, style.width - style.right
    even = number % 2 == 0
    shown = int(running["first"]) + number - 1
    roman = ("i", "ii", "iii", "iv", "v", "vi", "vii")[number - 1]
    label = running["number"].format(
        n=shown, c=shown + count - number, name=name, roman=roman if shown < 8 else shown
    )
    top, foot = float(running["header_y"]), style.height - float(running["footer_y"])

    def put(kind: str, text: str, y: float, side: str) -> None:
        wide = pen.width(text, size)
        at = {"left": left, "right": right - wide, "centre": (left + right - wide) / 2}[side]
        pen.note(kind, text)
        pen.line(at, y, text, size)

    outer, inner = ("left", "right") if even else ("right", "left")
    if running["side"] != "outer":
        outer, inner = running["side"], "left" if running["side"] != "left" else "right"
    section = f"{pen.random.randint(1, 9)}.{pen.random.randint(1, 9)} {pen.phrase(2, 4)}"
    header = {"section": section, "title": f"The {name} papers", "both": section}.get(
        running["header"]
    )
    if header:
        put("header", header, top, inner)
        if running["header"] == "both" and running["number_at"] == "bottom" and outer != "centre":
            put("header", name, top, outer if outer != inner else "right")
        if running["ruled"]:
            pen.page.draw_line((left, top + size + 4), (right, top + size + 4), width=0.5)
    if running["footer"] == "address":
        put("footer", f"{name} Ltd, 4 Quay Street, Bristol BS1 4DJ", foot - 1.3 * size, "left")
        put("footer", "VAT no. GB 421 5566 09, registered in England", foot, "left")
    elif running["footer"] == "date":
        put("footer", f"Printed {number + 9} March 2026", foot, "left")
    if running["footer"] and running["ruled"]:
        up = foot - (2.3 if running["footer"] == "address" else 1) * size
        pen.page.draw_line((left, up), (right, up), width=0.5)
    bottom = running["number_at"] == "bottom"
    beside = running["footer"] if bottom else header
    put("page_number", label, foot if bottom else top, ("right" if beside else outer))
    pen.group = group
