"""A sheet of paper to draw on that keeps the truth of the fields drawn.

Fonts, sizes, colours, how labels look and how values are written are drawn at random once a
document. Lengths are points, origin top left; ``y`` is the top of a line.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.field_content import Country, pick
from benchmarks.field_phrases import UP_TO
from benchmarks.field_wordings import words
from benchmarks.field_writing import Hand

Box = tuple[float, float, float, float]
Color = tuple[float, float, float]
BLACK: Color = (0.0, 0.0, 0.0)
# Font files where there are any, and the built-in fonts that stand in for them.
FOLDER = Path("/usr/share/fonts")
_URW, _TTF = FOLDER / "opentype/urw-base35", FOLDER / "truetype"
FONTS: tuple[tuple[Path | None, Path | None, str, str], ...] = (
    (None, None, "helv", "hebo"),
    (None, None, "tiro", "tibo"),
    (_TTF / "liberation/LiberationSansNarrow-Regular.ttf",
     _TTF / "liberation/LiberationSansNarrow-Bold.ttf", "helv", "hebo"),
    (_TTF / "dejavu/DejaVuSans.ttf", _TTF / "dejavu/DejaVuSans-Bold.ttf", "helv", "hebo"),
    (_TTF / "dejavu/DejaVuSansCondensed.ttf", _TTF / "dejavu/DejaVuSansCondensed-Bold.ttf",
     "helv", "hebo"),
    (_URW / "P052-Roman.otf", _URW / "P052-Bold.otf", "tiro", "tibo"),
    (_URW / "URWGothic-Book.otf", _URW / "URWGothic-Demi.otf", "helv", "hebo"),
    (_URW / "C059-Roman.otf", _URW / "C059-Bold.otf", "tiro", "tibo"),
    (_TTF / "noto/NotoSans-Regular.ttf", _TTF / "noto/NotoSans-Bold.ttf", "helv", "hebo"),
)  # fmt: skip
MONO = (None, None, "cour", "cobo")
ACCENTS: tuple[Color, ...] = (
    BLACK, BLACK, (0.1, 0.2, 0.45), (0.55, 0.08, 0.1), (0.05, 0.35, 0.25), (0.3, 0.3, 0.33),
)  # fmt: skip


@cache
def font(path: Path | None, builtin: str) -> Any:
    import pymupdf

    if path is not None and path.exists():
        return pymupdf.Font(fontfile=str(path))
    return pymupdf.Font(builtin)


@dataclass(frozen=True, slots=True)
class Fact:
    """A label with its value as printed, and the field's name and normal value if it is one."""

    label: str
    raw: str
    name: str = ""
    value: Any = None


@dataclass(frozen=True, slots=True)
class Look:
    """How one document's labels and text look."""

    regular: Any
    bold: Any
    size: float
    accent: Color
    colon: str
    caps: bool
    label_bold: bool
    label_size: float
    bilingual: bool

    @classmethod
    def drawn(cls, chance: random.Random, country: Country, *, mono: bool = False) -> Look:
        chosen = chance.choice(FONTS)
        regular, bold, plain, strong = MONO if mono else chosen
        colon = chance.choice((":", ":", "", ""))
        return cls(
            font(regular, plain),
            font(bold, strong),
            size=chance.uniform(8.0, 10.5),
            accent=chance.choice(ACCENTS),
            colon=" :" if colon and country.language == "fr" else colon,
            caps=chance.random() < 0.12,
            label_bold=chance.random() < 0.35,
            label_size=chance.choice((1.0, 1.0, 0.9, 0.8)),
            bilingual=chance.random() < (0.35 if country.code in ("CH", "MY") else 0.08),
        )


@dataclass(slots=True)
class Truth:
    """What a document says: normal values by the catalogue's names, and how they are printed.

    ``open`` are fields about which the page leaves a choice: they are not scored.
    """

    values: dict[str, Any] = field(default_factory=dict)
    raw: dict[str, str] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)


class Sheet:
    """One page of a document in one country's manner."""

    def __init__(
        self,
        document: Any,
        chance: random.Random,
        country: Country,
        *,
        size: tuple[float, float] = (595.0, 842.0),
        mono: bool = False,
    ) -> None:
        self.chance, self.country = chance, country
        self.look = Look.drawn(chance, country, mono=mono)
        self.air = chance.uniform(1.0, 3.2)  # how wide the gaps between parts are
        self.hand = Hand(chance, country)
        self.truth = Truth()
        self.crop: Box | None = None  # all that is kept of the page
        self.language = country.language
        if country.code == "MY" and chance.random() < 0.35:
            self.language = "en"
        self.width, self.height = size
        self.margin = chance.uniform(8, 18) if size[0] < 300 else chance.uniform(36, 62)
        self.page = document.new_page(width=self.width, height=self.height)
        self.tax = pick(chance, country.tax)
        self._labels: dict[str, str] = {}
        self._writers: dict[Color, Any] = {}

    @property
    def right(self) -> float:
        return self.width - self.margin

    @property
    def step(self) -> float:
        """From line to line."""
        return self.look.size * 1.25

    # Text ---------------------------------------------------------------------------------

    def measure(self, text: str, size: float | None = None, *, bold: bool = False) -> float:
        chosen = self.look.bold if bold else self.look.regular
        return float(chosen.text_length(text, size or self.look.size))

    def text(
        self, x: float, y: float, text: str, size: float | None = None, *, bold: bool = False,
        align: str = "left", color: Color = BLACK,
    ) -> float:  # fmt: skip
        """One line; ``x`` is its left, right or middle. Returns the x where it ends."""
        import pymupdf

        size = size or self.look.size
        wide = self.measure(text, size, bold=bold)
        x -= {"left": 0.0, "right": wide, "center": wide / 2}[align]
        if text:
            if color not in self._writers:
                self._writers[color] = pymupdf.TextWriter(self.page.rect, color=color)
            chosen = self.look.bold if bold else self.look.regular
            self._writers[color].append((x, y + 0.82 * size), text, chosen, size)
        return x + wide

    def lines(self, x: float, y: float, texts: Sequence[str], **how: Any) -> float:
        for text in texts:
            self.text(x, y, text, **how)
            y += (how.get("size") or self.look.size) * 1.25
        return y

    def wrapped(self, text: str, width: float, size: float | None = None) -> list[str]:
        lines = [""]
        for word in text.split():
            longer = f"{lines[-1]} {word}".strip()
            if lines[-1] and self.measure(longer, size) > width:
                lines.append(word)
            else:
                lines[-1] = longer
        return lines

    def fitting(self, text: str, size: float, width: float) -> float:
        """The size, or the smaller one at which bold text is no wider than ``width``."""
        return size * min(1.0, width / max(self.measure(text, size, bold=True), 1.0))

    def finish(self) -> None:
        """Put the text on the page, and cut it."""
        for color, writer in self._writers.items():
            writer.write_text(self.page, color=color)
        if self.crop:
            self.page.set_cropbox(self.crop)

    # Lines and boxes ------------------------------------------------------------------------

    def rule(self, x0: float, y0: float, x1: float, y1: float, width: float = 0.6) -> None:
        self.page.draw_line((x0, y0), (x1, y1), width=width, color=self.look.accent)

    def box(self, x0: float, y0: float, x1: float, y1: float, fill: Color | None = None,
            *, line: bool = True) -> None:  # fmt: skip
        import pymupdf

        rect = pymupdf.Rect(x0, y0, x1, y1)
        color = self.look.accent if line else None
        self.page.draw_rect(rect, color=color, fill=fill, width=0.6)

    @property
    def tint(self) -> Color:
        """A pale shade of the accent."""
        red, green, blue = self.look.accent
        return 0.88 + 0.1 * red, 0.88 + 0.1 * green, 0.88 + 0.1 * blue

    # Facts ----------------------------------------------------------------------------------

    def label(self, key: str) -> str:
        """The document's wording of the label, the same each time."""
        if key not in self._labels:
            text = words(self.chance, key, self.language, self.country.code)
            if self.look.bilingual and text:
                other = "en" if self.language != "en" else "ms" if self.country.code == "MY" else ""
                also = words(self.chance, key, other) if other else ""
                if also and also.lower() != text.lower() and "/" not in text:
                    text = f"{text} / {also}"
            text = text.replace("{tax}", self.tax)
            self._labels[key] = text.upper() if self.look.caps else text
        return self._labels[key]

    def claim(self, name: str, value: Any, raw: str) -> None:
        """State what the page says of a field."""
        self.truth.values[name] = value
        self.truth.raw[name] = raw

    def said(self, fact: Fact) -> None:
        if fact.name:
            self.claim(fact.name, fact.value, fact.raw)

    def fact(self, key: str, raw: str, name: str = "", value: Any = None) -> Fact:
        return Fact(self.label(key), raw, name, raw if value is None else value)

    def day(self, key: str, day: date, name: str = "") -> Fact:
        return Fact(self.label(key), self.hand.date(day), name, day.isoformat())

    def sum(self, key: str, amount: Decimal, name: str = "", *, matters: bool = False) -> Fact:
        label = self.label(key)
        if matters and self.hand.signs == "none":
            code = self.country.currency
            label = self.chance.choice((f"{label} {code}", f"{label} ({code})"))
        return Fact(label, self.hand.money(amount, matters=matters), name, self.normal(amount))

    def span(self, first: date, last: date) -> str:
        dash = self.chance.choice((" - ", " – ", f" {UP_TO[self.language]} "))
        return f"{self.hand.date(first)}{dash}{self.hand.date(last)}"

    def claim_span(self, first: date, last: date, raw: str) -> None:
        self.claim("period_start", first.isoformat(), raw)
        self.claim("period_end", last.isoformat(), raw)

    def recent(self) -> date:
        return date(2021, 1, 4) + timedelta(days=self.chance.randint(0, 1950))

    def some(self, *facts: tuple[float, Fact]) -> list[Fact]:
        """The facts that happen to be printed, each with its probability."""
        return [fact for probability, fact in facts if self.chance.random() < probability]

    def normal(self, amount: Decimal) -> dict[str, str]:
        """The normal form of an amount of money."""
        return {"amount": f"{amount:.2f}", "currency": self.country.currency}
