"""What the job's pages show: a read page laid out for templates, and failures explained.

Boxes stay in points, as everywhere; the overlay's view box is the page's size in points.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from extraction.formats import grid
from extraction.types import Block, Box, Cell, Failure, Line, Page, Table
from jobs.models import Job

LOW_CONFIDENCE = 0.8  # below: marked for a second look

FURNITURE = {"header", "footer", "page_number", "watermark", "caption", "signature"}

# What the reader of an error can do next, by code
ADVICE: dict[str, str] = {
    "unsupported_type": "Save or print the document as PDF, PNG or JPEG and send that. "
    "The content decides, not the file's name.",
    "file_too_large": "Split the document, or scan it with fewer dots per inch.",
    "too_many_pages": "Split the document and send its parts.",
    "image_too_large": "Scale the picture down and send it again.",
    "page_too_large": "Save the page in a smaller size and send it again.",
    "encrypted": "Give its password and try again.",
    "wrong_password": "Give the right password and try again.",
    "corrupt_document": "Open the file on your computer; if it opens, save it anew and send that.",
    "empty_document": "Check that the file has content, then send it again.",
    "page_timeout": "Print the document to a new PDF, which simplifies its pages, and send that.",
    "document_crashed_worker": "Print the document to a new PDF and send that.",
    "invalid_option": "Correct the option and send the document again.",
    "template_not_found": "Choose another template under Options and send it again.",
    "quota_exceeded": "Send it again when there is room, or ask for a larger plan.",
    "budget_exceeded": "Send it again next month, or have an owner raise the budget.",
    "engine_not_allowed": "Choose another engine under Options, or ask for another plan.",
    "engine_unavailable": "Wait a few minutes, or choose another engine under Options.",
    "engine_failed": "Send it again, or choose another engine under Options.",
    "storage_unavailable": "Nothing was lost on your side; try again in a minute.",
    "internal_error": "Try again; if it goes on, tell whoever runs this installation.",
    "result_not_ready": "Wait until the job has ended.",
    "already_ended": "Nothing is left to cancel.",
    "not_ended": "Wait until the job has ended, or cancel it.",
    "nothing_to_retry": "Every page was read: there is nothing to try again.",
    "queue_full": "Wait a few minutes and send it again.",
    "expired": "Send the document again to have it read.",
    "not_made": "Send the document again with “Make a searchable PDF” ticked under Options, "
    "or take another format.",
}

# In what a limit is told, by code; nothing where the number speaks for itself
UNITS = {
    "too_many_pages": "pages",
    "image_too_large": "pixels",
    "page_timeout": "seconds",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """A failure for people; ``allowed`` and ``actual`` are "" where no limit was crossed."""

    title: str
    detail: str = ""
    allowed: str = ""
    actual: str = ""
    advice: str = ""
    subject: str = ""  # the file or page it is about


def explain(failure: Failure, subject: str = "") -> Problem:
    """The failure in words, with its limit in its unit and what to do next."""
    told = failure.code in (
        "quota_exceeded",
        "budget_exceeded",
    )  # in its detail, and not of this document alone
    return Problem(
        title=failure.title,
        detail=failure.detail if failure.detail != failure.title else "",
        allowed="" if told else _measured(failure.code, failure.limit),
        actual="" if told else _measured(failure.code, failure.actual),
        advice=ADVICE.get(failure.code, ""),
        subject=subject,
    )


def _measured(code: str, value: float | None) -> str:
    if value is None:
        return ""
    if code == "file_too_large":
        return size(value)
    return f"{value:,.0f} {UNITS.get(code, '')}".rstrip()


def size(count: float) -> str:
    """Bytes in decimal units: "640 bytes", "53.6 kB", "50 MB"."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= factor:
            return f"{count / factor:.1f}".removesuffix(".0") + f" {unit}"
    return f"{count:.0f} bytes"


@dataclass(frozen=True, slots=True)
class ShownWord:
    """A word of a line of text; ``low`` asks for a second look."""

    text: str
    box: Box
    confidence: float | None
    low: bool


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line of the page by its ``index``; ``last`` ends a row of its block.

    ``doubt`` says what the page lacks of it, "" for nothing; ``guessed``: its box is a guess.
    """

    index: int
    text: str
    box: Box
    words: tuple[ShownWord, ...]
    confidence: float | None = None
    low: bool = False
    last: bool = True
    doubt: str = ""
    guessed: bool = False


@dataclass(frozen=True, slots=True)
class ShownText:
    """A text with the lines it stands in, where they are known to make up all of it.

    ``doubt`` is about the whole of it, where there are none.
    """

    text: str
    lines: tuple[ShownLine, ...] = ()
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class ShownCell:
    content: ShownText
    header: bool
    scope: str
    row_span: int
    column_span: int


@dataclass(frozen=True, slots=True)
class ShownBlock:
    """A block with its text in lines; ``rows`` are a table's."""

    block: Block
    content: ShownText
    furniture: bool
    rows: tuple[tuple[ShownCell, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class ShownPage:
    """A page as the viewer shows it."""

    page: Page
    lines: tuple[ShownLine, ...]
    blocks: tuple[ShownBlock, ...]
    low_words: int

    @property
    def placed(self) -> tuple[ShownLine, ...]:
        """The lines that stand on the page."""
        return tuple(line for line in self.lines if not line.guessed)

    @property
    def tables(self) -> tuple[ShownBlock, ...]:
        """The blocks that are tables."""
        return tuple(block for block in self.blocks if block.rows)


def show(page: Page) -> ShownPage:
    """The page for the viewer: its lines, and its blocks tied to the lines they stand in."""
    lines = tuple(
        ShownLine(
            index=index,
            text=line.text,
            box=line.box,
            words=tuple(
                ShownWord(word.text, word.box, word.confidence, _low(word.confidence))
                for word in line.words
            ),
            confidence=line.confidence,
            low=_low(line.confidence),
            doubt=_doubt(line),
            guessed=line.guessed,
        )
        for index, line in enumerate(page.lines)
    )
    return ShownPage(
        page=page,
        lines=lines,
        blocks=tuple(_block(block, lines) for block in page.blocks),
        low_words=sum(word.low for line in lines for word in line.words),
    )


def _doubt(text: Line | Block | Cell) -> str:
    if text.grounded is not False:
        return ""
    return "not found on the page" if text.confidence is None else "the page reads otherwise"


def _low(confidence: float | None) -> bool:
    return confidence is not None and confidence < LOW_CONFIDENCE


def _block(block: Block, lines: Sequence[ShownLine]) -> ShownBlock:
    inside = [line for line in lines if block.box and _holds(block.box, line.box)]
    return ShownBlock(
        block=block,
        content=_text(block, inside),
        furniture=block.kind in FURNITURE,
        rows=_rows(block.table, inside) if block.table else (),
    )


def _rows(table: Table, lines: Sequence[ShownLine]) -> tuple[tuple[ShownCell, ...], ...]:
    """A table's rows of cells; positions without a cell are filled, so that columns stay true."""
    return tuple(tuple(_cell(cell, lines) for cell in row) for row in grid.rows(table))


def _cell(cell: Cell, lines: Sequence[ShownLine]) -> ShownCell:
    inside = [line for line in lines if cell.box and _holds(cell.box, line.box)]
    return ShownCell(
        content=_text(cell, inside),
        header=cell.header,
        scope="row" if cell.row and not cell.column else "col",
        row_span=cell.row_span,
        column_span=cell.column_span,
    )


def _holds(outer: Box, inner: Box) -> bool:
    """Whether the middle of a box lies in another."""
    x, y = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
    return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]


def _text(part: Block | Cell, lines: Sequence[ShownLine]) -> ShownText:
    """The part's text tied to the lines, if they hold the same letters in the same order."""
    text = part.text
    if not lines or _letters([text]) != _letters(line.text for line in lines):
        return ShownText(text, doubt=_doubt(part))
    tied = []
    position = 0
    for line in lines:
        start = text.find(line.text, position)
        position = start + len(line.text) if start >= 0 else position
        last = start < 0 or text[position : position + 1] != " "
        tied.append(replace(line, last=last))
    return ShownText(text, tuple(tied))


def _letters(texts: Iterable[str]) -> str:
    return re.sub(r"\W|_", "", "".join(texts))


def curl(job: Job, address: str) -> str:
    """The API call that makes this job, as a shell command; the key is a variable."""
    name = job.file.name.replace("\\", "\\\\").replace('"', '\\"')
    parts = [
        "curl " + shlex.quote(address),
        '-H "Authorization: Bearer $OCRSITE_KEY"',
        "-F " + shlex.quote(f'file=@"{name}"'),
        *(f"-F {shlex.quote(f'{key}={value}')}" for key, value in _given(job)),
    ]
    return " \\\n  ".join(parts)


def _given(job: Job) -> Iterable[tuple[str, str]]:
    """The options that differ from those the API chooses by itself."""
    yield "engine", job.engine
    for key, default in (
        ("pages", ""),
        ("dpi", 200),
        ("text_layer", "auto"),
        ("strip_furniture", False),
        ("split", False),
        ("template", ""),
    ):
        value = job.options.get(key, default)
        if value != default:
            yield key, str(value).lower() if value is True else str(value)
    if job.retention_hours is not None:
        yield "retention_hours", str(job.retention_hours)
    if fields := job.options.get("fields"):
        yield "fields", ",".join(fields)
    if schema := job.options.get("schema"):
        yield "schema", json.dumps(schema, ensure_ascii=False)
    if outputs := job.options.get("outputs"):
        yield "outputs", ",".join(outputs)
