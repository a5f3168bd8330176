"""Documents to learn classification from and to measure it on, as pages of lines.

``learning_page`` is made of the words of ``fields.document_types`` in the form that each type has:
titles left out or misread, words of other types mixed in. ``written_page`` is a letter, form,
contract, medical paper or other in one of eight languages, written for measuring and not by that
table. Lengths are points, origin top left.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.classification_texts import TEXTS
from extraction.fields.document_types import BY_NAME, DOCUMENT_TYPES, DocumentType
from extraction.types import Block, Line, Page, Word

LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pl", "ms")
SYLLABLES = [
    "ka",
    "ro",
    "men",
    "ti",
    "sol",
    "ver",
    "du",
    "na",
    "pel",
    "stra",
    "gen",
    "mo",
    "lin",
    "ze",
    "wi",
    "cor",
    "ba",
    "ter",
    "in",
    "an",
    "de",
    "ent",
    "us",
]
MISREAD = dict(zip("iloeastum", ("l", "1", "0", "c", "o", "5", "f", "v", "rn"), strict=True))


@dataclass(frozen=True, slots=True)
class Form:
    """How documents of a type look: page size, and the least and most of what is on it."""

    size: tuple[float, float] = (595.0, 842.0)
    lines: tuple[int, int] = (15, 50)
    amounts: tuple[int, int] = (0, 3)
    dates: tuple[int, int] = (1, 3)
    prose: tuple[int, int] = (0, 4)
    clauses: tuple[int, int] = (0, 1)
    blanks: tuple[int, int] = (0, 1)
    iban: float = 0.05


FORMS = {
    "invoice": Form(amounts=(4, 40), iban=0.5),
    "receipt": Form((226.0, 600.0), (12, 50), (3, 30), (1, 2), (0, 1)),
    "bank_statement": Form(lines=(20, 60), amounts=(8, 60), dates=(6, 40), iban=0.7),
    "id_card": Form((243.0, 153.0), (6, 18), (0, 0), (2, 4), (0, 0)),
    "passport": Form((354.0, 250.0), (10, 24), (0, 0), (2, 4), (0, 0)),
    "payslip": Form(lines=(20, 50), amounts=(8, 40), iban=0.4),
    "bill_of_lading": Form(lines=(20, 60), amounts=(0, 6), prose=(0, 12)),
    "purchase_order": Form(amounts=(4, 40), iban=0.1),
    "delivery_note": Form(amounts=(0, 6), blanks=(0, 4)),
    "utility_bill": Form(lines=(20, 60), amounts=(4, 30), dates=(2, 8), iban=0.4),
    "contract": Form(lines=(2, 30), amounts=(0, 3), prose=(4, 40), clauses=(2, 12), blanks=(0, 4)),
    "medical": Form(amounts=(0, 8), prose=(0, 15)),
    "letter": Form(lines=(2, 25), amounts=(0, 3), prose=(3, 25), clauses=(0, 1), iban=0.15),
    "form": Form(amounts=(0, 2), dates=(0, 3), blanks=(2, 25), clauses=(0, 10)),
    "other": Form(lines=(1, 70), amounts=(0, 12), dates=(0, 8), prose=(0, 25), clauses=(0, 6)),
}


def page_of(
    texts: list[tuple[str, float]], size: tuple[float, float], number: int = 1, step: float = 1.4
) -> Page:
    """A page of lines, each a text and its size, one below the other."""
    width, height = size
    lines, y = [], 0.05 * height
    for text, points in texts:
        x, words = 0.08 * width, []
        for word in text.split():
            wide = 0.5 * points * len(word)
            words.append(Word(word, (x, y, x + wide, y + points), None))
            x += wide + 0.3 * points
        if words:
            box = (words[0].box[0], y, words[-1].box[2], y + points)
            lines.append(Line(text, box, None, tuple(words)))
        y += step * points
    return Page(number, width, height, lines=tuple(lines))


def learning_page(chance: random.Random, kind: str) -> Page:
    """A page of that type, "other" or a name of ``DOCUMENT_TYPES``."""
    form, row = FORMS[kind], {each.name: each for each in DOCUMENT_TYPES}.get(kind)
    body = [*_filling(chance, form)]
    if chance.random() < 0.3:
        chance.shuffle(body)
        body = body[: chance.randint(1, 10)]
    if chance.random() < form.iban:
        body.append(("IBAN DE28 2009 9950 0047 2168 35", 9.0))
    if row:
        # most of a type's words are another language's
        few = 3 if kind in ("form", "letter") else 1
        body += _labels(chance, row, chance.randint(few, 12))
    if kind == "form":
        body += _labels(chance, BY_NAME["id_card"], chance.randint(0, 5))
    strangers = chance.choice((0, 1, 2, 3) if row else (0, 0, 0, 1, 2))
    for other in chance.sample(DOCUMENT_TYPES, strangers):
        body += _labels(chance, other, chance.choice((1, 1, 2, 3)))
    if chance.random() < 0.4:
        mentioned = _title(chance, chance.choice(DOCUMENT_TYPES))
        body.append((f"{nonsense(chance, 3, 6)} {mentioned} {nonsense(chance, 2, 6)}", 10.0))
    chance.shuffle(body)
    head: list[tuple[str, float]] = [(nonsense(chance, 1, 4), chance.choice((10.0, 14.0, 18.0)))]
    titled = {"letter": 0.05, "receipt": 0.3}.get(kind, 0.8)
    if row and chance.random() < titled:
        title = _title(chance, row)
        extra = chance.choice(
            ("", "", f" {chance.randint(100, 99999)}", " " + nonsense(chance, 1, 5))
        )
        head.insert(
            chance.randint(0, 1),
            (_written(chance, title) + extra, chance.choice((10.0, 12.0, 16.0, 22.0))),
        )
    elif kind == "other" and chance.random() < 0.15:
        head.append(
            (nonsense(chance, 1, 3) + " " + _title(chance, chance.choice(DOCUMENT_TYPES)), 16.0)
        )
    if kind == "receipt" and chance.random() < 0.4:
        head.append(
            (
                chance.choice(
                    ("TAX INVOICE", "Tax invoice", "INVOICE", "Faktura", "Factura simplificada")
                ),
                10.0,
            )
        )
    if kind == "passport" and chance.random() < 0.85:
        body += [
            ("P<D<<NAME<<GIVEN<<<<<<<<<<<<<<<<<<<<<<<<<<<", 10.0),
            ("C01X00T478D<<6408125F2702283<<<<<<<<<<<<<<<4", 10.0),
        ]
    if kind == "id_card" and chance.random() < 0.45:
        body += [("IDD<<T220001293<<<<<<<<<<<<<<<", 10.0), ("6408125<2010315D<<<<<<<<<<<<<4", 10.0)]
    size = form.size if chance.random() < 0.85 else (595.0, 842.0)
    texts = [
        (misread(chance, text) if chance.random() < 0.15 else text, points)
        for text, points in head + body
    ]
    page = page_of(texts, size)
    if kind == "form" and chance.random() < 0.5:
        boxes = tuple(Block(f"b{i}", "checkbox", "") for i in range(chance.randint(1, 12)))
        page = Page(1, *size, lines=page.lines, blocks=boxes)
    return page


def _filling(chance: random.Random, form: Form) -> Iterator[tuple[str, float]]:
    """What stands on a page of that form, whatever it says."""
    for _ in range(chance.randint(*form.lines)):
        yield nonsense(chance, 1, 5), 10.0
    for _ in range(chance.randint(*form.prose)):
        yield nonsense(chance, 9, 16), 10.0
    for _ in range(chance.randint(*form.amounts)):
        amount = f"{chance.randint(0, 900)}{chance.choice('.,')}{chance.randint(0, 99):02}"
        yield f"{nonsense(chance, 0, 3)} {amount}", 10.0
    for _ in range(chance.randint(*form.dates)):
        date = f"{chance.randint(1, 28):02}.{chance.randint(1, 12):02}.20{chance.randint(10, 29)}"
        yield f"{nonsense(chance, 0, 2)} {date.replace('.', chance.choice('./-'))}", 10.0
    for clause in range(chance.randint(*form.clauses)):
        mark = chance.choice(("§ ", "", "Article "))
        yield f"{mark}{clause + 1}. {nonsense(chance, 2, 6)}", 11.0
    for _ in range(chance.randint(*form.blanks)):
        blank = chance.choice(("________", "□", "." * 20))
        yield f"{nonsense(chance, 1, 3)} {blank}", 10.0


def written_page(chance: random.Random, kind: str, language: str) -> Page:
    """A page of ``TEXTS``: one of the choices of each of its lines, some left out."""
    texts: list[tuple[str, float]] = []
    for line in TEXTS[kind][language].strip().splitlines():
        text = chance.choice(line.strip().split("|"))
        title = text.startswith("#")
        if (title and kind != "letter" and chance.random() < 0.1) or chance.random() < 0.1:
            continue
        size = chance.choice((11.0, 14.0, 20.0)) if title else chance.choice((9.5, 10.0, 10.5))
        text = text.lstrip("# ").format(
            date=f"{chance.randint(1, 28)}.{chance.randint(1, 12)}.2026",
            number=chance.randint(100, 99999),
            name=nonsense(chance, 2, 2).title(),
            line="_" * chance.randint(8, 30),
            amount=f"{chance.randint(1, 900)}{chance.choice('.,')}{chance.randint(0, 99):02}",
        )
        texts.append((misread(chance, text) if chance.random() < 0.1 else text, size))
    return page_of(texts, (595.0, 842.0))


def misread(chance: random.Random, text: str) -> str:
    """The text with one letter read wrong."""
    places = [i for i, letter in enumerate(text) if letter.lower() in MISREAD]
    if not places:
        return text
    at = chance.choice(places)
    return text[:at] + MISREAD[text[at].lower()] + text[at + 1 :]


def _labels(chance: random.Random, row: DocumentType, count: int) -> list[tuple[str, float]]:
    words = chance.sample(row.words, min(count, len(row.words)))
    return [
        (f"{_written(chance, word)}{chance.choice((':', '', ''))} {nonsense(chance, 0, 3)}", 10.0)
        for word in words
    ]


def _title(chance: random.Random, row: DocumentType) -> str:
    return chance.choice(row.titles[chance.choice(LANGUAGES)])


def _written(chance: random.Random, text: str) -> str:
    return chance.choice((text, text.capitalize(), text.upper()))


def nonsense(chance: random.Random, low: int, high: int) -> str:
    """Words of no language."""
    words = (
        "".join(chance.choices(SYLLABLES, k=chance.randint(1, 4)))
        for _ in range(chance.randint(low, high))
    )
    return " ".join(words)
