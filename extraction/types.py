"""The values that pass between the steps of the pipeline: frozen dataclasses, no behaviour.

Conventions, true everywhere in the project:

- A box is ``(x0, y0, x1, y1)`` in points (1/72 inch), origin at the top left of the page **as
  displayed** (after the PDF's or EXIF's own rotation), x to the right, y down.
- A confidence is a float from 0 to 1, or None where nothing was measured (a PDF's own text).
- Page numbers count from 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

SCHEMA_VERSION = "1.0"

Box = tuple[float, float, float, float]
Pixels = npt.NDArray[np.uint8]

BlockKind = Literal[
    "title",
    "paragraph",
    "list",
    "table",
    "equation",
    "figure",
    "caption",
    "footnote",
    "watermark",
    "stamp",
    "page_number",
    "header",
    "footer",
    "signature",
    "checkbox",
]

# What frames a page and is no part of its text.
FURNITURE: frozenset[BlockKind] = frozenset({"header", "footer", "page_number", "watermark"})


@dataclass(frozen=True, slots=True)
class Word:
    """One word as written on the page; ``grounded`` as of ``Line``."""

    text: str
    box: Box
    confidence: float | None = None
    grounded: bool | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text; ``text`` is its words joined by single spaces.

    ``angle`` is the direction of the line beside the page's, in degrees, clockwise: 90 reads down
    the page, -90 up.

    ``grounded`` is told where one engine wrote the text and another read the page: True where that
    reads the same at ``box``, False where it reads otherwise there, or, without a confidence,
    where nothing on the page reads so: ``box`` is then a guess, from the lines before and after.
    None: nobody can say, and without a confidence the box of a model's line is a guess too.
    """

    text: str
    box: Box
    confidence: float | None = None
    words: tuple[Word, ...] = ()
    angle: float = 0.0
    grounded: bool | None = None

    @property
    def guessed(self) -> bool:
        """Whether ``box`` is a guess: nothing on the page reads so."""
        return self.grounded is False and self.confidence is None


@dataclass(frozen=True, slots=True)
class Cell:
    """A table cell; ``row`` and ``column`` count from 0, spans from 1.

    ``grounded`` as of ``Block``.
    """

    row: int
    column: int
    text: str
    box: Box | None = None
    row_span: int = 1
    column_span: int = 1
    header: bool = False
    confidence: float | None = None
    grounded: bool | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A grid of ``rows`` x ``columns``; cells in row-major order, spanned positions left out."""

    rows: int
    columns: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Language:
    """The language of a text: its BCP 47 code ("de") and how surely it is that."""

    code: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a page in reading order. ``id`` is unique within the document ("p1-b3").

    ``continues`` is the id of the block on the page before whose table goes on in this one's.
    ``diagram`` is the Mermaid source of a figure that a model has written as a diagram.
    ``grounded`` is False where any of its text is (see ``Line``), and then ``box`` may be None; it
    is None where nobody can say of any of it. ``language`` is None for too little text.
    """

    id: str
    kind: BlockKind
    text: str
    box: Box | None = None
    confidence: float | None = None
    level: int | None = None
    table: Table | None = None
    latex: str | None = None
    checked: bool | None = None
    continues: str | None = None
    diagram: str | None = None
    grounded: bool | None = None
    language: Language | None = None


@dataclass(frozen=True, slots=True)
class Entity:
    """A value that shows by itself what it is, found on a page without a template.

    ``kind`` is a name of ``fields.kinds.KINDS``, ``raw`` the text on the page, ``value`` its normal
    form as of ``FieldValue``. ``box`` is around exactly the words in which the text stands, on both
    lines where it is broken over two; None where nobody knows their place. ``confidence`` says how
    surely these words were read. ``checks`` and ``notes`` as of ``FieldValue``.
    """

    kind: str
    raw: str
    value: Any
    box: Box | None = None
    confidence: float | None = None
    checks: Mapping[str, bool] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Where what a model has ``written`` of a page is not what OCR has ``read`` on it.

    They differ at ``box``; or what was written stands nowhere ("invented": no ``read``, no box); or
    what was read there was not written ("omitted"). ``similarity`` is from 0 to 1, ``confidence``
    that of the OCR.
    """

    kind: Literal["differs", "invented", "omitted"]
    written: str
    read: str
    box: Box | None = None
    similarity: float = 0.0
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """What opening a document told: ``page_count`` is at least 1."""

    media_type: str
    page_count: int


@dataclass(frozen=True, slots=True)
class PageImage:
    """One decoded page, an engine's input.

    ``width`` and ``height`` are points as displayed. ``pixels`` is RGB uint8 of shape
    ``(height_px, width_px, 3)`` with ``pixel / dpi * 72 = point``, or None where the page was not
    rendered. It is a view on memory that the next page overwrites: an engine that keeps pixels
    copies them. ``lines`` is the PDF's own text (empty for images). ``rules`` are the thin straight
    lines drawn on a PDF page, across or down, ``images`` the boxes of its pictures, both within the
    page and capped in number; they come with the text, not where only pixels were asked for. So do
    ``squares``, small ones that are drawn and may be check boxes, with whether each is ticked.
    ``preview`` is a JPEG for people to look at, or None where none was asked for.
    """

    number: int
    width: float
    height: float
    rotation: int
    dpi: float
    pixels: Pixels | None = None
    lines: tuple[Line, ...] = ()
    preview: bytes | None = None
    warnings: tuple[str, ...] = ()
    rules: tuple[Box, ...] = ()
    images: tuple[Box, ...] = ()
    squares: tuple[tuple[Box, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """An expected error as data, the shape stored and sent (see ``errors``)."""

    code: str
    title: str
    detail: str
    limit: int | float | None = None
    actual: int | float | None = None


@dataclass(frozen=True, slots=True)
class PageText:
    """What an engine read on one page: lines in any order, in points.

    ``skew`` is the angle of the text lines in degrees, positive clockwise as seen on the page.

    A vision-language model writes ``markup`` instead, text with the tags that ``extraction.tags``
    reads, of so many ``tokens``, with ``confidence`` the geometric mean of their probabilities.
    Where its text has been looked for on the page, ``blocks`` are what it wrote, with its places,
    ``lines`` are the lines of them, and ``disagreements`` are where OCR reads otherwise.

    ``error`` says why the page could not be read: then there is no text.
    """

    lines: tuple[Line, ...]
    engine: str
    revision: str
    skew: float = 0.0
    warnings: tuple[str, ...] = ()
    markup: str | None = None
    confidence: float | None = None
    tokens: int = 0
    error: Failure | None = None
    blocks: tuple[Block, ...] | None = None
    disagreements: tuple[Disagreement, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the result. ``error`` is set where the page could not be read.

    ``tokens`` is what a model wrote for it, 0 for engines that are none. ``disagreements`` are
    those of ``PageText``. ``language`` is that of most of its text, None for too little of it.
    ``entities`` stand in the order of the lines; None where none were looked for.
    """

    number: int
    width: float = 0.0
    height: float = 0.0
    rotation: int = 0
    dpi: float = 0.0
    engine: str = ""
    revision: str = ""
    seconds: float = 0.0
    confidence: float | None = None
    skew: float = 0.0
    blocks: tuple[Block, ...] = ()
    lines: tuple[Line, ...] = ()
    markdown: str = ""
    error: Failure | None = None
    warnings: tuple[str, ...] = ()
    tokens: int = 0
    disagreements: tuple[Disagreement, ...] = ()
    language: Language | None = None
    entities: tuple[Entity, ...] | None = None

    @property
    def words(self) -> tuple[Word, ...]:
        """The words of all lines, in the order of the lines."""
        return tuple(word for line in self.lines for word in line.words)


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another candidate for a field, less likely than the one chosen."""

    raw: str
    value: Any
    page: int | None = None
    box: Box | None = None
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class FieldValue:
    """A named value found in the document.

    ``raw`` is the text on the page, ``value`` its normal form (a JSON value: ISO 8601 date, money
    as ``{"amount": "1234.50", "currency": "EUR"}``, ...). ``grounded`` says that the text stands
    on the page at ``box``, None where the engine tells no places, so that nobody can say.
    ``checks`` are the tests made of the value, by name (its "checksum", the "sum" of other fields),
    and whether it passed; ``notes`` say what had to be decided.
    ``document`` is the number of the part it was found in, where a file was split.
    """

    name: str
    label: str
    kind: str
    raw: str
    value: Any
    page: int | None = None
    box: Box | None = None
    confidence: float | None = None
    method: str = ""
    grounded: bool | None = True
    alternatives: tuple[Alternative, ...] = ()
    checks: Mapping[str, bool] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    document: int | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Words on a page that told what the document is."""

    text: str
    page: int
    box: Box | None


@dataclass(frozen=True, slots=True)
class Likelihood:
    """A type of document, by its name, and how likely it is."""

    kind: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Classification:
    """What a document is: the name and label of a type (``fields.document_types``).

    ``alternatives`` are less likely ones, best first.
    """

    kind: str
    label: str
    confidence: float
    alternatives: tuple[Likelihood, ...] = ()
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """One of the documents that a file holds: its number (from 1) and its pages' numbers.

    ``confidence`` says how surely a document begins at its first page. Its fields are those of
    the whole document whose ``document`` is its number; ``template`` is the template's they are of.
    """

    number: int
    pages: tuple[int, ...]
    confidence: float
    classification: Classification
    template: str = ""


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a value of a filled schema comes from.

    ``raw`` is the text on the page. ``method`` says how it was told (as of ``FieldValue``; "table",
    "checkbox", "text"; "model" for what a model says; "schema" for the only value that the schema
    allows, which need not stand on a page: ``grounded`` is then false). ``field`` is the field of
    the catalogue, "" for none.
    """

    raw: str
    page: int | None = None
    box: Box | None = None
    confidence: float | None = None
    method: str = ""
    grounded: bool | None = True
    field: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """What a model has written to a question: ``whole`` where it came to its end by itself."""

    text: str
    whole: bool
    tokens: int = 0
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class SchemaProblem:
    """Why a value of a schema is not there: ``code`` is not_found, not_valid or ambiguous.

    ``pointer`` is its place in the value (JSON Pointer), ``candidates`` what stands on the pages.
    """

    pointer: str
    code: str
    detail: str
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Extraction:
    """A caller's schema filled.

    ``value`` is valid against the schema, or None where the document does not hold what the schema
    requires: ``partial`` then has what was found. ``citations`` are by JSON Pointer into the one or
    the other. ``tokens`` is what a model wrote for it.
    """

    value: Any
    citations: Mapping[str, Citation] = field(default_factory=dict)
    problems: tuple[SchemaProblem, ...] = ()
    partial: Any = None
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Source:
    """The file a document came from; ``name`` is the sender's, display text only."""

    name: str
    media_type: str
    sha256: str
    page_count: int


@dataclass(frozen=True, slots=True)
class Document:
    """The result: engine-neutral, the input of every output format.

    ``documents`` are its parts where it was to be split, else none. ``template`` is the name, with
    the version, of the template whose fields were looked for, "" for none.
    """

    source: Source
    pages: tuple[Page, ...]
    fields: tuple[FieldValue, ...] = ()
    classification: Classification | None = None
    warnings: tuple[str, ...] = ()
    schema_version: str = SCHEMA_VERSION
    extraction: Extraction | None = None
    documents: tuple[Part, ...] = ()
    template: str = ""

    def fields_of(self, part: Part) -> tuple[FieldValue, ...]:
        """The fields found in that part."""
        return tuple(value for value in self.fields if value.document == part.number)
