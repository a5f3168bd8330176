"""Results that the format tests render: an ordinary one and a hostile one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from extraction.formats.md import page_markdown
from extraction.types import (
    Alternative,
    Block,
    Box,
    Cell,
    Citation,
    Classification,
    Disagreement,
    Document,
    Entity,
    Evidence,
    Extraction,
    Failure,
    FieldValue,
    Language,
    Likelihood,
    Line,
    Page,
    Part,
    SchemaProblem,
    Source,
    Table,
    Word,
)

BOX: Box = (10.5, 20.25, 110.75, 32.0)

CLASSIFICATION = Classification(
    "invoice", "Invoice", 0.91, (Likelihood("receipt", 0.06),), (Evidence("Invoice", 1, BOX),)
)

# What a page may carry against the reader of the result.
ATTACKS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</td></table><iframe src='javascript:alert(1)'>",
    "</text><block>",
    "]]><![CDATA[",
    "&lt;b&gt; &#60;i&#62; &amp;",
    "[click](javascript:alert(1))",
    "![x](https://evil.example/x.png)",
    "[ref]: https://evil.example",
    "<https://evil.example>",
    "`` ` ```\n# heading\n> quote\n- item\n1. one\n---\n===",
    "a | b\n--- | ---\nc | d",
    "\\[click\\](x) \\<b>",
    "=cmd|' /C calc'!A0",
    "nul\x00 bell\x07 lone\ud800 tab\t page\x0cend\ufffe",
    "\x00=1+1",
    'x;=1+1;"=2+2"',
    "line\u2028separator",
)


def document() -> Document:
    """Two pages: one with every kind of thing, one that failed."""
    words = (Word("Invoice", BOX, 0.98), Word("4711", BOX, 0.5))
    blocks = (
        Block("p1-b1", "title", "Invoice 4711", BOX, 0.97, level=1),
        Block("p1-b2", "paragraph", "Thank you\nfor your order", BOX, language=Language("fr", 0.9)),
        Block("p1-b3", "table", "Item Price", BOX, 0.9, table=plain_table()),
        Block("p1-b4", "table", "", table=spanned_table()),
        Block("p1-b5", "checkbox", "Complete", BOX, 0.8, checked=True),
        Block("p1-b6", "checkbox", "Partial", BOX, 0.8, checked=False),
        Block("p1-b7", "equation", "", BOX, latex=r"E = mc^2"),
        Block("p1-b8", "list", "• one\n• two", BOX),
        Block("p1-b9", "page_number", "Page 1 of 2", BOX),
        Block("p1-b10", "figure", "", BOX, diagram="graph TD\n  A --> B", grounded=False),
    )
    first = Page(
        number=1,
        width=595.0,
        height=842.0,
        rotation=90,
        dpi=200.0,
        engine="rapidocr",
        revision="PP-OCRv6",
        seconds=1.234,
        confidence=0.9512,
        skew=-1.25,
        blocks=blocks,
        lines=(
            Line("Invoice 4711", BOX, 0.74, words),
            Line("unsplit", BOX, None),
            Line("Total", BOX, 0.9, (Word("Total", BOX, None, True),), angle=-90.0, grounded=True),
        ),
        markdown=page_markdown(blocks),
        warnings=("low contrast",),
        tokens=321,
        disagreements=(
            Disagreement("differs", "4711", "4717", BOX, 0.75, 0.5),
            Disagreement("invented", "paid", ""),
        ),
        language=Language("en", 0.9876),
        entities=(
            Entity(
                kind="money",
                raw="EUR 1.234,50",
                value={"amount": "1234.50", "currency": "EUR"},
                box=BOX,
                confidence=0.91,
                notes=("thousands_assumed",),
            ),
            Entity("iban", "DE44 5001", "DE445001", checks={"checksum": True}),
        ),
    )
    failed = Page(
        number=2,
        error=Failure("page_too_large", "Too large", "page 2 is 9 m wide", limit=40, actual=81.5),
    )
    return Document(
        source=Source("scan.pdf", "application/pdf", "ab" * 32, 2),
        pages=(first, failed),
        fields=(
            FieldValue(
                name="total",
                label="Total",
                kind="money",
                raw="EUR 1.234,50",
                value={"amount": "1234.50", "currency": "EUR"},
                page=1,
                box=BOX,
                confidence=0.91,
                method="label",
                alternatives=(Alternative("-12.50", None, 1, BOX, 0.3), Alternative("x", ["y"])),
                checks={"sum": True, "checksum": False},
                notes=("day_first_assumed",),
            ),
            FieldValue("invoice_date", "Date", "date", "1.2.2026", "2026-02-01", grounded=False),
        ),
        classification=CLASSIFICATION,
        extraction=Extraction(
            value={"total": 1234.5, "lines": [{"text": "Lamp"}], "paid": None},
            citations={
                "/total": Citation("EUR 1.234,50", 1, BOX, 0.91, "label", field="total_amount"),
                "/lines/0/text": Citation("Lamp", 1, None, None, "table", notes=("decided",)),
            },
            problems=(SchemaProblem("/due", "not_valid", "it is no date", ("soon",)),),
        ),
        warnings=("page 2 could not be read",),
    )


def split_document() -> Document:
    """The ordinary document taken for two: an invoice, and a page of no known type."""
    whole = document()
    total, date = whole.fields
    return replace(
        whole,
        fields=(replace(total, document=1), replace(date, document=2)),
        documents=(
            Part(1, (1,), 1.0, CLASSIFICATION),
            Part(2, (2,), 0.75, Classification("other", "Other document", 0.4)),
        ),
    )


def plain_table() -> Table:
    return Table(
        2,
        2,
        (
            Cell(0, 0, "Item", BOX, header=True),
            Cell(0, 1, "Price", BOX, header=True),
            Cell(1, 0, "Lamp\nred", BOX, confidence=0.9),
            Cell(1, 1, "-12.50"),
        ),
    )


def spanned_table() -> Table:
    """Three columns; the first row spans two, the first column of the second row two rows."""
    return Table(
        3,
        3,
        (
            Cell(0, 0, "Both", column_span=2, header=True),
            Cell(0, 2, "C", header=True),
            Cell(1, 0, "down", row_span=2),
            Cell(1, 1, "1"),
            Cell(1, 2, "2"),
            Cell(2, 1, "3"),
        ),
    )


def hostile(attacks: Sequence[str] = ATTACKS) -> Document:
    """Every attack in every place that takes text from the page or the sender."""
    blocks: list[Block] = []
    for attack in attacks:
        cells = (Cell(0, 0, attack, header=True), Cell(1, 0, attack), Cell(1, 1, attack))
        spanned = (Cell(0, 0, attack, column_span=2), Cell(1, 0, attack), Cell(1, 1, attack))
        for values in (
            Block("", "title", attack),
            Block("", "paragraph", attack),
            Block("", "list", f"- {attack}\n1. {attack}"),
            Block("", "checkbox", attack, checked=True),
            Block("", "caption", attack),
            Block("", "figure", attack),
            Block("", "footer", attack),
            Block("", "equation", attack, latex=attack),
            Block("", "figure", "", diagram=attack),
            Block("", "table", attack, table=Table(2, 2, cells)),
            Block("", "table", attack, table=Table(2, 2, spanned)),
        ):
            blocks.append(replace(values, id=f"p1-b{len(blocks)}"))
    everything = "\n".join(attacks)
    told = tuple(Evidence(attack, 1, BOX) for attack in attacks)
    return Document(
        source=Source(everything, "application/pdf", "0" * 64, 1),
        pages=(
            Page(
                number=1,
                engine="rapidocr",
                revision=everything,
                blocks=tuple(blocks),
                lines=tuple(Line(a, BOX, 0.5, (Word(a, BOX, 0.5),)) for a in attacks),
                markdown=page_markdown(blocks),
                error=Failure("engine_failed", "Failed", everything),
                warnings=tuple(attacks),
                entities=tuple(Entity("url", a, a, BOX) for a in attacks),
            ),
        ),
        fields=tuple(
            FieldValue(f"f{i}", a, "text", a, {a: [a]}, 1, BOX, alternatives=(Alternative(a, a),))
            for i, a in enumerate(attacks)
        ),
        classification=Classification("other", everything, 0.5, evidence=told),
        documents=(Part(1, (1,), 1.0, Classification("other", everything, 0.5, evidence=told)),),
        extraction=Extraction(
            value=None,
            partial={a: [a] for a in attacks},
            citations={f"/{a}/0": Citation(a, 1, BOX, 0.5, "label") for a in attacks},
            problems=tuple(SchemaProblem(f"/{a}", "not_found", a, (a,)) for a in attacks),
        ),
        warnings=tuple(attacks),
    )
