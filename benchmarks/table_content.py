"""What the suite's tables say: columns of names, codes and numbers, empty and merged cells.

Every table is given as cells that cover each position of its grid once.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import pairwise

from extraction.types import Cell

WORDS = str.split(
    "copper brass steel valve pipe flange gasket pump motor sensor cable bracket filter tank "
    "hose clamp panel switch relay fuse"
)
PLACES = str.split("Lisbon Leeds Dresden Kraków Lyon Turin Penang Ghent Oslo Cardiff Graz Bilbao")
PEOPLE = (
    "A. Novak",
    "Maria Silva",
    "J. Weber",
    "Tan Mei Ling",
    "P. Dubois",
    "L. Rossi",
    "K. Ahmad",
)
PROSE = str.split(
    "the figures below were taken from the monthly returns of every site and checked twice before "
    "they were set down here although some of the smaller stores report only once in a quarter so "
    "that their share had to be carried forward from the last statement which the auditors saw"
)

Maker = Callable[[random.Random], str]
COLUMN_KINDS: dict[str, tuple[str, str, Maker]] = {
    # name: heading, usual alignment, one cell's text
    "item": ("Item", "left", lambda r: " ".join(r.sample(WORDS, r.randint(1, 3))).capitalize()),
    "code": (
        "Code",
        "left",
        lambda r: f"{r.choice('ABCDEK')}{r.choice('-/')}{r.randint(100, 9999)}",
    ),
    "place": ("Site", "left", lambda r: r.choice(PLACES)),
    "person": ("Contact", "left", lambda r: r.choice(PEOPLE)),
    "state": (
        "State",
        "center",
        lambda r: r.choice(("open", "closed", "on hold", "new", "Yes", "No")),
    ),
    "count": ("Units", "right", lambda r: str(r.randint(1, 950))),
    "money": ("Amount", "right", lambda r: f"{r.uniform(1, 9000):,.2f}"),
    "change": (
        "Change",
        "right",
        lambda r: r.choice((f"{r.uniform(-50, 50):.1f}", f"({r.randint(2, 800)})", "n/a")),
    ),
    "priced": ("Price", "right", lambda r: f"{r.choice(('EUR', '$'))} {r.uniform(1, 900):.2f}"),
    "share": ("Share", "right", lambda r: f"{r.uniform(0, 99):.1f}%"),
    "date": ("Date", "center", lambda r: f"{r.randint(1, 28):02}/{r.randint(1, 12):02}/2024"),
    "note": (
        "Remarks",
        "left",
        lambda r: " ".join(r.choices(PROSE, k=r.randint(4, 14))).capitalize(),
    ),
}
NUMBERS = ("count", "money", "share", "date", "change", "priced")
TEXTS = ("item", "code", "place", "person", "state")


def column_kinds(kind: str, columns: int, r: random.Random) -> list[str]:
    """What each column holds, the first one always words."""
    flavour = r.choice(("mixed", "mixed", "text", "numbers"))
    first = r.choice(("item", "place", "code"))
    if flavour == "text":
        rest = r.sample([name for name in TEXTS if name != first], min(columns - 1, 4))
        rest += ["date"] * (columns - 1 - len(rest))
    elif flavour == "numbers":
        rest = r.choices([name for name in NUMBERS if name != "date"], k=columns - 1)
    else:
        rest = r.choices(TEXTS, k=1) + r.choices(NUMBERS, k=columns - 2)
    if kind == "multi-line":
        rest[r.randrange(len(rest))] = "note"
        if columns > 4 and r.random() < 0.3:
            rest[0] = "note"
    return [first, *rest]


def cells_of(kind: str, kinds: Sequence[str], rows: int, r: random.Random) -> list[Cell]:
    """A table of ``rows`` rows below its headings, row by row."""
    return _merged(kinds, rows, r) if kind == "merged" else _plain(kinds, rows, r)


def _headings(kinds: Sequence[str], r: random.Random) -> list[str]:
    found: list[str] = []
    for name in kinds:
        heading = COLUMN_KINDS[name][0]
        if heading in found or r.random() < 0.3:
            heading += r.choice((" (net)", " 2023", " 2024", " B", " no.", " total"))
        while heading in found:
            heading += " II"
        found.append(heading)
    return found


def _plain(kinds: Sequence[str], rows: int, r: random.Random) -> list[Cell]:
    """One row of headings and rows below, some cells empty, at times a row of totals."""
    empty = r.choice((0.0, 0.0, 0.08, 0.2, 0.3))
    cells = [Cell(0, column, text) for column, text in enumerate(_headings(kinds, r))]
    for row in range(1, rows + 1):
        for column, name in enumerate(kinds):
            blank = column > 0 and r.random() < empty
            cells.append(Cell(row, column, "" if blank else COLUMN_KINDS[name][2](r)))
    if r.random() < 0.25 and any(name in ("count", "money") for name in kinds):
        for column, name in enumerate(kinds):
            text = COLUMN_KINDS[name][2](r) if name in ("count", "money") else ""
            cells.append(Cell(rows + 1, column, text if column else "Total"))
    return cells


def _merged(kinds: Sequence[str], rows: int, r: random.Random) -> list[Cell]:
    """Two rows of headings, groups down the first column, or a cell over several columns."""
    columns = len(kinds)
    cells: list[Cell] = []
    top = 1
    headings = _headings(kinds, r)
    how = r.choice(("headings", "groups", "both", "sections"))
    if how in ("headings", "both"):
        top = 2
        start = 1 if columns < 5 or r.random() < 0.5 else 2
        cells += [Cell(0, column, headings[column], row_span=2) for column in range(start)]
        cuts = [start, columns] if columns - start < 4 else [start, start + 2, columns]
        for one, other in pairwise(cuts):
            title = r.choice(("First half", "Second half", "Stock", "Year 2024", "Plan"))
            cells.append(Cell(0, one, title, column_span=other - one))
        cells += [Cell(1, column, headings[column]) for column in range(start, columns)]
    else:
        cells += [Cell(0, column, text) for column, text in enumerate(headings)]
    row, last = top, top + rows
    while row < last:
        span = min(r.choice((1, 2, 2, 3)), last - row) if how in ("groups", "both") else 1
        if how == "sections" and (row == top or r.random() < 0.25):
            cells.append(Cell(row, 0, f"Part {r.choice(PLACES)}", column_span=columns))
            row += 1
            continue
        cells.append(Cell(row, 0, COLUMN_KINDS[kinds[0]][2](r), row_span=span))
        for each in range(row, row + span):
            for column in range(1, columns):
                cells.append(Cell(each, column, COLUMN_KINDS[kinds[column]][2](r)))
        row += span
    return sorted(cells, key=lambda cell: (cell.row, cell.column))
