"""GitHub's tables of pipes, also without a delimiter row, or with rows of unequal length."""

from __future__ import annotations

import re
from collections.abc import Sequence

from extraction.blocks import rows_text
from extraction.tags.grid import WrittenCell, WrittenTable
from extraction.tags.inline import plain
from extraction.tags.scanner import OPEN, SHUT
from extraction.types import Block

_PIPE = re.compile(rf"({OPEN}[^{SHUT}]*+{SHUT})|\|")
_DELIMITER = re.compile(r"\s*:?-+:?\s*")


def is_row(text: str) -> bool:
    """Whether the line begins with a pipe and has another one."""
    line = text.lstrip()
    return line.startswith("|") and "|" in line[1:]


def is_delimiter(text: str) -> bool:
    """Whether the line is the one below a table's header."""
    return all(_DELIMITER.fullmatch(cell) for cell in _cells(text))


def pipe_table(rows: Sequence[str]) -> list[Block]:
    """The table of the rows, and what there was no place for; a row alone is a paragraph."""
    delimiter = next((index for index, row in enumerate(rows[:2]) if is_delimiter(row)), None)
    if len(rows) < 2:
        return [Block("", "paragraph", text)] if (text := plain(rows[0])) else []
    table = WrittenTable()
    for index, row in enumerate(rows):
        if index == delimiter:
            continue
        texts = [plain(cell) for cell in _cells(row)]
        header = delimiter == 1 and index == 0
        if not header or any(texts):  # pipe tables cannot do without: an empty one is none
            table.add([WrittenCell(text, header) for text in texts])
    grid = table.table()
    blocks = [Block("", "table", rows_text(grid), table=grid)] if grid else []
    beyond = "\n".join(table.beyond)
    return [*blocks, Block("", "paragraph", beyond)] if beyond else blocks


def _cells(row: str) -> list[str]:
    """The cells between the pipes of a row; those in code or escaped are none."""
    line = row.strip()
    cells, at = [], 0
    for match in _PIPE.finditer(line):
        if match[1] is None:
            cells.append(line[at : match.start()])
            at = match.end()
    cells.append(line[at:])
    first = 1 if line.startswith("|") else 0
    last = len(cells) - 1 if len(cells) > 1 and not cells[-1].strip() else len(cells)
    return cells[first:last]
