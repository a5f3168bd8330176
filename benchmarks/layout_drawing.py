"""A pen that draws parts of pages and keeps the truth of what it drew.

Page size, margins, fonts, sizes, line spacing, gutters, indents, alignment and the place of
furniture are drawn at random within what printed matter shows, not within what the rules of
``extraction.layout`` expect. Lengths are points, origin top left.
"""

from __future__ import annotations

import io
import random
from dataclasses import dataclass, field
from typing import Any

_WORDS = """
harbour ledger copper valve engine invoice meadow river window bridge garden paper machine signal
winter copper letter market forest stone summer island packet silver journey mountain station
kitchen wooden bottle carriage merchant captain lantern village cotton engine north garden history
council season harvest report quarter budget revenue margin supply demand orders delivery
customers growth region annual review section method sample result measured value model figure
table analysis between across under over through before after during because although however
therefore while where which those these their about against among small large early late new old
good great whole quiet rapid steady careful public private local national common simple complex
final likely certain the a of and to in is was for on with as by at from it that be are this have
not or an had but were
"""
WORDS = _WORDS.split()
PAPER = ((595.0, 842.0), (612.0, 792.0), (595.0, 842.0), (516.0, 729.0))
FAMILIES = (("helv", "hebo"), ("tiro", "tibo"), ("helv", "hebo"))
NAMES = ("Ostermoor", "Calder Vale", "Brightwater", "Lindqvist", "Tamar", "Alderney", "Kestrel")
FURNITURE = ("header", "footer", "page_number", "watermark")


@dataclass(frozen=True, slots=True)
class Truth:
    """A block as drawn. ``group`` is what is read together: see ``PageTruth.orders``."""

    kind: str
    text: str
    level: int | None = None
    group: str = "main"


@dataclass(slots=True)
class PageTruth:
    """A page's blocks in reading order; ``orders`` are the orders of groups that are right."""

    blocks: list[Truth] = field(default_factory=list)
    orders: list[list[str]] = field(default_factory=lambda: [["main"]])
    ignored: list[str] = field(default_factory=list)  # words within pictures


class Pen:
    """Draws on one page and keeps the truth of it."""

    def __init__(self, document: Any, random: random.Random, style: Style) -> None:
        self.random, self.style = random, style
        self.page = document.new_page(width=style.width, height=style.height)
        self.truth = PageTruth()
        self.group = "main"

    def width(self, text: str, size: float, font: str | None = None) -> float:
        import pymupdf

        return float(pymupdf.get_text_length(text, font or self.style.font, size))

    def words(self, low: int, high: int) -> str:
        """Running text of so many words, in sentences."""
        out: list[str] = []
        left = self.random.randint(low, high)
        while left > 0:
            count = min(left, self.random.randint(6, 16))
            sentence = [self.random.choice(WORDS) for _ in range(count)]
            if self.random.random() < 0.12:
                sentence[-1] = str(self.random.randint(2, 9800))
            out.append(" ".join(sentence).capitalize() + ".")
            left -= count
        return " ".join(out)

    def phrase(self, low: int, high: int) -> str:
        count = self.random.randint(low, high)
        return " ".join(self.random.choice(WORDS) for _ in range(count)).capitalize()

    def note(self, kind: str, text: str, level: int | None = None) -> None:
        self.truth.blocks.append(Truth(kind, text, level, self.group))

    def line(self, x: float, y: float, text: str, size: float, **kind: Any) -> None:
        """One line whose top is at ``y``."""
        self.page.insert_text(
            (x, y + 0.8 * size), text, fontsize=size, **{"fontname": self.style.font, **kind}
        )

    def symbols(self, x: float, y: float, text: str, size: float) -> None:
        """One line with signs that the standard encoding lacks."""
        import pymupdf

        writer = pymupdf.TextWriter(self.page.rect)
        writer.append((x, y + 0.8 * size), text, pymupdf.Font("tiro"), size)
        writer.write_text(self.page)

    def flow(
        self,
        x: float,
        y: float,
        width: float,
        text: str,
        *,
        size: float | None = None,
        font: str | None = None,
        indent: float = 0.0,
        hanging: float = 0.0,
        align: str | None = None,
        color: tuple[float, float, float] = (0, 0, 0),
    ) -> float:
        """Text wrapped to ``width``; returns the y below its last line."""
        size = size or self.style.size
        font = font or self.style.font
        align = align or self.style.align
        space = self.width(" ", size, font)
        lines: list[list[str]] = [[]]
        room = width - indent
        for word in text.split():
            wide = self.width(word, size, font)
            if lines[-1] and wide > room:
                lines.append([])
                room = width - hanging
            lines[-1].append(word)
            room -= wide + space
        for index, words in enumerate(lines):
            left = x + (hanging if index else indent)
            natural = self.width(" ".join(words), size, font)
            free = x + width - left - natural
            if align == "justify" and index < len(lines) - 1 and len(words) > 1 and free > 0:
                for word in words:
                    self.line(left, y, word, size, fontname=font, color=color)
                    left += self.width(word, size, font) + space + free / (len(words) - 1)
            else:
                left += {"center": free / 2, "right": free}.get(align, 0.0)
                self.line(left, y, " ".join(words), size, fontname=font, color=color)
            y += size * self.style.leading
        return y


@dataclass(frozen=True, slots=True)
class Style:
    """How one document looks."""

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    size: float
    leading: float
    gap: float
    indent: float
    align: str
    font: str
    bold: str
    gutter: float

    @classmethod
    def drawn(cls, random: random.Random) -> Style:
        width, height = random.choice(PAPER)
        font, bold = random.choice(FAMILIES)
        size = random.uniform(8.5, 11.5)
        indented = random.random() < 0.3
        return cls(
            width,
            height,
            left=random.uniform(40, 85),
            right=random.uniform(40, 85),
            top=random.uniform(75, 105),
            bottom=random.uniform(75, 110),
            size=size,
            leading=random.uniform(1.12, 1.5),
            gap=0.0 if indented else random.uniform(0.5, 1.1) * size,
            indent=random.uniform(12, 22) if indented else 0.0,
            align=random.choice(("justify", "left", "left")),
            font=font,
            bold=bold,
            gutter=random.uniform(14, 30),
        )

    @property
    def text_width(self) -> float:
        return self.width - self.left - self.right


# Parts of pages -----------------------------------------------------------------------------


def paragraph(pen: Pen, x: float, y: float, width: float, low: int = 25, high: int = 70) -> float:
    text = pen.words(low, high)
    pen.note("paragraph", text)
    return pen.flow(x, y, width, text, indent=pen.style.indent) + pen.style.gap


def fill(pen: Pen, x: float, y: float, width: float, bottom: float) -> float:
    """Paragraphs down to about ``bottom``."""
    step = pen.style.size * pen.style.leading
    per_line = max(width / (pen.style.size * 2.6), 1)
    while (rows := int((bottom - y) / step)) >= 3:
        most = int(min(rows - 1, pen.random.randint(3, 9)) * per_line)
        y = paragraph(pen, x, y, width, max(6, most - 8), max(8, most))
    return y


def title(pen: Pen, x: float, y: float, width: float, level: int, number: str = "") -> float:
    scale = {1: pen.random.uniform(1.7, 2.4), 2: pen.random.uniform(1.25, 1.5), 3: 1.08}[level]
    size = pen.style.size * scale
    text = f"{number} {pen.phrase(2, 6)}".strip()
    pen.note("title", text, level)
    y += (0.9 if level > 1 else 0) * size
    centred = level == 1 and pen.random.random() < 0.4
    y = pen.flow(
        x, y, width, text, size=size, font=pen.style.bold, align="center" if centred else "left"
    )
    return y + pen.random.uniform(0.25, 0.6) * size


def bullets(pen: Pen, x: float, y: float, width: float, depth: int = 1) -> float:
    mark = pen.random.choice(("•", "-", "1.", "a)", "•"))
    outer = pen.random.uniform(0, 14)
    for n in range(pen.random.randint(3, 6)):
        label = {"1.": f"{n + 1}.", "a)": f"{chr(97 + n)})"}.get(mark, mark)
        y = _entry(pen, x + outer, y, width - outer, label)
        if depth > 1 and n % 2 == 0:
            for _ in range(pen.random.randint(1, 3)):
                y = _entry(pen, x + outer + 20, y, width - outer - 20, "-")
    return y + pen.style.gap + 0.4 * pen.style.size


def _entry(pen: Pen, x: float, y: float, width: float, label: str) -> float:
    text = pen.phrase(4, 18)
    pen.note("list", f"{label} {text}")
    pen.line(x, y, label, pen.style.size)
    hang = pen.width(label, pen.style.size) + pen.random.uniform(4, 9)
    return pen.flow(x + hang, y, width - hang, text, align="left") + 0.15 * pen.style.size


def chart(pen: Pen, x: float, y: float, width: float, height: float) -> None:
    """A picture: bars with labels, a pie, or a photograph."""
    import pymupdf

    shape = pen.random.choice(("bars", "pie", "photo", "lines"))
    page, box = pen.page, pymupdf.Rect(x, y, x + width, y + height)
    tint = [pen.random.uniform(0.1, 0.8) for _ in range(3)]
    if shape == "photo":
        import numpy as np
        from PIL import Image

        grid = np.random.default_rng(pen.random.randint(0, 9999)).integers(
            0, 255, (6, 9, 3), np.uint8
        )
        memory = io.BytesIO()
        Image.fromarray(grid).resize((360, 240), Image.Resampling.BICUBIC).save(memory, "PNG")
        page.insert_image(box, stream=memory.getvalue(), keep_proportion=False)
    elif shape == "pie":
        radius = min(width, height) / 2
        centre = (x + width / 2, y + height / 2)
        page.draw_circle(centre, radius, fill=tint, color=(0, 0, 0))
        page.draw_sector(centre, (centre[0] + radius, centre[1]), 70, fill=(0.9, 0.6, 0.2))
        page.draw_sector(centre, (centre[0], centre[1] - radius), 50, fill=(0.2, 0.4, 0.7))
    else:
        page.draw_line((x, y), (x, y + height), width=1)
        page.draw_line((x, y + height), (x + width, y + height), width=1)
        count = pen.random.randint(4, 8)
        tops = [pen.random.uniform(0.1, 0.9) * height for _ in range(count)]
        step = width / count
        for n, top in enumerate(tops):
            left = x + (n + 0.2) * step
            if shape == "bars":
                page.draw_rect((left, y + top, left + 0.6 * step, y + height), fill=tint)
            elif n:
                page.draw_line((left - step, y + tops[n - 1]), (left, y + top), color=tint, width=2)
            label = f"Q{n + 1}"
            pen.truth.ignored.append(label)
            pen.line(left, y + height - 9, label, 6)
    if pen.random.random() < 0.3:
        page.draw_rect(box, width=0.7)


def figure(pen: Pen, x: float, y: float, width: float, number: int, height: float = 0.0) -> float:
    height = height or pen.random.uniform(90, 170)
    label = pen.random.choice((f"Figure {number}.", f"Fig. {number}:", f"Abb. {number}:"))
    text = f"{label} {pen.phrase(4, 16)}"
    size = pen.style.size * pen.random.uniform(0.78, 0.95)
    above = pen.random.random() < 0.2
    inset = pen.random.uniform(0, 0.12) * width
    if above:
        pen.note("caption", text)
        y = pen.flow(x, y + 4, width, text, size=size, align="left") + 4
    pen.note("figure", "")
    chart(pen, x + inset, y + 4, width - 2 * inset, height)
    y += height + 8
    if not above:
        pen.note("caption", text)
        y = pen.flow(x, y + 2, width, text, size=size, align="left")
    return y + pen.style.size


def footnotes(pen: Pen, x: float, width: float, bottom: float) -> float:
    """Small notes that end at ``bottom``; returns their top."""
    size = pen.style.size * pen.random.uniform(0.72, 0.85)
    texts = [pen.words(8, 24) for _ in range(pen.random.randint(1, 3))]
    step = size * pen.style.leading
    rows = sum(int(pen.width(text, size) / width * 1.12) + 1 for text in texts)
    y = top = bottom - rows * step
    if pen.random.random() < 0.7:
        pen.page.draw_line((x, y - 4), (x + min(width, 120), y - 4), width=0.5)
    style = pen.random.choice(("super", "plain"))
    for number, text in enumerate(texts, 1):
        if style == "super":
            pen.line(x, y - 1.5, str(number), size * 0.65)
        else:
            pen.line(x, y, str(number), size)
        pen.note("footnote", f"{number} {text}")
        y = pen.flow(x + 7, y, width - 7, text, size=size)
    return top - 10


def equation(pen: Pen, x: float, y: float, width: float, number: int) -> float:
    """A display formula, set in or centred, perhaps numbered; or two of them below each other."""
    formulas = (
        "E = mc² + p²/2m", "f(x) = ax² + bx + c", "∑ a x^n = a/(1 - x)", "σ² = E[X²] - (E[X])²",
        "y = α + β x + ε", "F = G m M / r²", "∂u/∂t = k ∂²u/∂x²", "P(A|B) = P(B|A) P(A) / P(B)",
        "sin² θ + cos² θ = 1", "v ≈ √(2 g h)", "g(a) + g(b) ≤ g(a + b)",
        "x = (-b ± √(b² - 4ac)) / 2",
    )  # fmt: skip
    size = pen.style.size
    centred = pen.random.random() < 0.7
    y += pen.random.uniform(0.3, 0.9) * size
    text = pen.random.choice(formulas)
    wide = size * 0.55 * len(text)
    at = x + (width - wide) / 2 if centred else x + pen.random.uniform(24, 50)
    label = f"({number})" if pen.random.random() < 0.5 else ""
    pen.note("equation", f"{text} {label}".strip())
    pen.symbols(at, y, text, size)
    if label:
        pen.line(x + width - pen.width(label, size), y, label, size)
    return y + size * (pen.style.leading + pen.random.uniform(0.4, 1))
