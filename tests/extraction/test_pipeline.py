from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from extraction import finding, pipeline
from extraction.engines import UNWATCHED, Wants, Watch, get
from extraction.errors import (
    Cancelled,
    EngineFailed,
    EngineUnavailable,
    InvalidOption,
    UnsupportedType,
)
from extraction.formats.md import document_markdown
from extraction.options import Options
from extraction.types import Page, PageImage, PageText, Source
from tests.documents import image_pdf, text_pdf
from tests.extraction import scans

Answer = Callable[[PageImage], PageText]


class Scripted:
    """An engine that gives each page's own text, or what ``answers`` say for its number."""

    name, revision = "scripted", "1"
    wants: Wants = "text"
    at_once = 1

    def __init__(self, **answers: Exception) -> None:
        self.answers = {int(key[1:]): answer for key, answer in answers.items()}
        self.read_pages: list[int] = []

    def read(self, pages: Sequence[PageImage], watch: Watch = UNWATCHED) -> list[PageText]:
        self.read_pages += [page.number for page in pages]
        for page in pages:
            if page.number in self.answers:
                raise self.answers[page.number]
        return [PageText(page.lines, self.name, self.revision) for page in pages]


@pytest.fixture
def three_pages(tmp_path: Path) -> Path:
    path = tmp_path / "three.pdf"
    path.write_bytes(text_pdf(["First page\nTotal: EUR 9.00", "Second page", "Third page"]))
    return path


def texts(pages: Sequence[Page]) -> list[str]:
    return [" / ".join(line.text for line in page.lines) for page in pages]


def test_run_reads_every_page_into_a_document(three_pages: Path) -> None:
    document = pipeline.run(three_pages, Options(), Scripted(), name="mine.pdf")
    assert document.source.name == "mine.pdf"
    assert document.source.media_type == "application/pdf"
    assert document.source.sha256 == hashlib.sha256(three_pages.read_bytes()).hexdigest()
    assert document.source.page_count == 3
    assert texts(document.pages) == ["First page / Total: EUR 9.00", "Second page", "Third page"]
    assert [page.number for page in document.pages] == [1, 2, 3]
    assert {page.engine for page in document.pages} == {"scripted"}
    assert document_markdown(document).startswith("First page  \nTotal: EUR 9.00\n\nSecond page")
    total = next(field for field in document.fields if field.name == "total_amount")
    assert total.value == {"amount": "9.00", "currency": "EUR"}
    assert document.warnings == ()


def test_run_tells_the_documents_of_a_file_apart_where_it_is_to_be_split(tmp_path: Path) -> None:
    path = tmp_path / "stapled.pdf"
    first = "Tax invoice\nInvoice no: 4711\nDue date: 2026-02-01\nTotal due: EUR 9.00"
    second = "Tax invoice\nInvoice no: 4712\nDue date: 2026-03-01\nTotal due: EUR 8.00"
    path.write_bytes(text_pdf([first, second]))
    document = pipeline.run(path, Options(split=True), Scripted())
    assert [part.pages for part in document.documents] == [(1,), (2,)]
    assert {part.classification.kind for part in document.documents} == {"invoice"}
    assert document.classification is not None
    assert document.classification.kind == "invoice"
    numbers = [
        [value.value for value in document.fields_of(part) if value.name == "invoice_number"]
        for part in document.documents
    ]
    assert numbers == [["4711"], ["4712"]]
    named = pipeline.run(path, Options(split=True, fields=("total_amount",)), Scripted())
    assert [(value.document, value.value["amount"]) for value in named.fields] == [
        (1, "9.00"),
        (2, "8.00"),
    ]
    unsplit = pipeline.run(path, Options(), Scripted())
    assert unsplit.documents == ()
    assert {value.document for value in unsplit.fields} == {None}


def test_run_says_nothing_of_a_document_without_text(tmp_path: Path) -> None:
    path = tmp_path / "blank.pdf"
    path.write_bytes(text_pdf([""]))
    assert pipeline.run(path, Options(), Scripted()).classification is None


def test_run_reads_a_scanned_invoice_with_ocr(tmp_path: Path) -> None:
    page = scans.scan(scans.invoice, skew=1.0, noise=8)
    path = tmp_path / "scan.png"
    from PIL import Image

    assert page.pixels is not None
    Image.fromarray(page.pixels).save(path, dpi=(scans.DPI, scans.DPI))
    document = pipeline.run(path, Options(preview=True), get("auto", 2))
    (read,) = document.pages
    assert read.engine == "rapidocr"
    assert read.confidence is not None and read.confidence > 0.9
    (table,) = (block.table for block in read.blocks if block.table)
    assert [cell.text for cell in table.cells] == [text for row in scans.ITEMS for text in row]
    assert {block.text: block.checked for block in read.blocks if block.kind == "checkbox"} == {
        "Delivered in full": True,
        "Payment received": False,
    }
    fields = {field.name: field.value for field in document.fields}
    items = fields.pop("line_items")
    assert fields == {
        "invoice_number": "HP-2024-0817",
        "invoice_date": "2024-05-17",
        "due_date": "2024-06-16",
        "issuer_name": "Harbour Plumbing Ltd",
        "iban": "GB29NWBK60161331926819",
        "subtotal": {"amount": "125.70", "currency": "GBP"},
        "tax_amount": {"amount": "25.14", "currency": "GBP"},
        "total_amount": {"amount": "150.84", "currency": "GBP"},
        "tax_rate": "20",
        "currency": "GBP",
        "issuer_address": {
            "text": "14 Quay Street, Bristol BS1 4DJ",
            "postcode": "BS1 4DJ",
            "city": "Bristol",
            "country": "GB",
        },
    }
    assert [row["amount"]["amount"] for row in items] == ["54.00", "59.70", "12.00"]


def test_run_tells_what_was_opened_and_each_page(three_pages: Path) -> None:
    opened: list[pipeline.Opened] = []
    seen: list[tuple[int, bool]] = []
    pipeline.run(
        three_pages,
        Options(pages="3,1", preview=True),
        Scripted(),
        on_open=opened.append,
        on_page=lambda page, preview: seen.append((page.number, preview is not None)),
    )
    assert [(told.info.page_count, sorted(told.numbers)) for told in opened] == [(3, [1, 3])]
    assert sorted(seen) == [(1, True), (3, True)]


def test_pages_told_at_opening_alone_are_read(three_pages: Path) -> None:
    engine = Scripted()
    read: list[Page] = []
    opened = pipeline.read_pages(
        three_pages,
        Options(),
        engine,
        on_open=lambda document: document.numbers[1:],
        on_page=lambda page, preview: read.append(page),
    )
    assert engine.read_pages == [2, 3]
    kept = [Page(1, markdown="kept"), *read]
    source = Source("a.pdf", opened.info.media_type, opened.sha256, opened.info.page_count)
    document = pipeline.put_together(kept, Options(), source)
    assert (document.pages[0].markdown, len(document.pages)) == ("kept", 3)


@pytest.mark.parametrize(
    ("raised", "detail"),
    [
        (EngineFailed("out of ideas"), "out of ideas"),
        (ZeroDivisionError("x"), "The engine failed on this page"),
    ],
)
def test_run_keeps_the_good_pages_when_one_fails(
    three_pages: Path, raised: Exception, detail: str
) -> None:
    document = pipeline.run(three_pages, Options(), Scripted(p2=raised))
    first, second, third = document.pages
    assert (first.error, third.error) == (None, None)
    assert second.error is not None
    assert (second.error.code, second.error.detail) == ("engine_failed", detail)
    assert (second.number, second.width, second.lines) == (2, 595.0, ())


def test_run_stops_before_a_page_when_told(three_pages: Path) -> None:
    engine = Scripted()
    with pytest.raises(Cancelled):
        pipeline.run(three_pages, Options(), engine, stop=lambda: len(engine.read_pages) >= 2)
    assert engine.read_pages == [1, 2]


def test_run_passes_on_that_the_engine_is_unavailable(three_pages: Path) -> None:
    with pytest.raises(EngineUnavailable):
        pipeline.run(three_pages, Options(), Scripted(p1=EngineUnavailable("down")))


def test_run_warns_of_a_blank_document(tmp_path: Path) -> None:
    path = tmp_path / "blank.pdf"
    path.write_bytes(text_pdf([""]))
    assert pipeline.run(path, Options(), Scripted()).warnings == ("all_pages_blank",)


def test_run_reads_pictures_of_text_where_the_text_layer_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "own.pdf"
    path.write_bytes(text_pdf(["Born digital words"]))
    document = pipeline.run(path, Options(text_layer="ignore"), get("auto", 2))
    assert document.pages[0].engine == "rapidocr"
    assert texts(document.pages) == ["Born digital words"]


def test_run_reads_the_text_layer_alone_where_told(tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(image_pdf([["Only a picture"]]))
    document = pipeline.run(path, Options(text_layer="only"), get("auto", 2))
    assert document.pages[0].engine == "text-layer"
    assert document.pages[0].lines == ()


def test_run_leaves_out_what_frames_the_pages_where_told(tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(text_pdf([f"Harbour Review\n\n\n\nIts part {'AB'[n]}" for n in range(2)]))
    whole = pipeline.run(path, Options(), get("text-layer"))
    assert [[block.kind for block in page.blocks] for page in whole.pages] == [
        ["header", "paragraph"]
    ] * 2
    bare = pipeline.run(path, Options(strip_furniture=True), get("text-layer"))
    assert [page.markdown for page in bare.pages] == ["Its part A", "Its part B"]
    assert bare.pages[0].lines[0].text == "Harbour Review"


def test_run_refuses_to_ignore_the_text_layer_with_the_engine_that_reads_it(
    three_pages: Path,
) -> None:
    with pytest.raises(InvalidOption, match="text-layer"):
        pipeline.run(three_pages, Options(text_layer="ignore"), get("text-layer"))


def test_run_refuses_unknown_fields_and_files(three_pages: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match="colour"):
        pipeline.run(three_pages, Options(fields=("colour",)), Scripted())
    other = tmp_path / "notes.txt"
    other.write_text("plain words")
    with pytest.raises(UnsupportedType):
        pipeline.run(other, Options(), Scripted())


def test_run_keeps_the_text_where_the_finder_fails(
    three_pages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*args: object) -> None:
        raise IndexError("list assignment index out of range")

    monkeypatch.setattr(finding, "find", fails)
    for split in (False, True):
        document = pipeline.run(three_pages, Options(split=split), Scripted())
        assert texts(document.pages)[1:] == ["Second page", "Third page"]
        assert (document.fields, document.warnings) == ((), ("fields_failed",))
        assert document.classification is not None


class InGroups(Scripted):
    """One that takes two pages together and keeps what it is given."""

    at_once = 2

    def __init__(self, **answers: Exception) -> None:
        super().__init__(**answers)
        self.groups: list[list[PageImage]] = []

    def read(self, pages: Sequence[PageImage], watch: Watch = UNWATCHED) -> list[PageText]:
        self.groups.append(list(pages))
        return super().read(pages, watch)


def test_pages_are_read_in_groups_of_the_size_the_engine_likes(three_pages: Path) -> None:
    engine = InGroups()
    document = pipeline.run(three_pages, Options(), engine)
    assert [[page.number for page in group] for group in engine.groups] == [[1, 2], [3]]
    assert texts(document.pages)[1:] == ["Second page", "Third page"]


def test_pages_of_a_group_keep_their_own_pixels(tmp_path: Path) -> None:
    path = tmp_path / "colours.tiff"
    first, *others = [Image.new("RGB", (40, 40), name) for name in ("red", "lime", "blue")]
    first.save(path, save_all=True, append_images=others)
    engine = InGroups()
    engine.wants = "pixels"
    pipeline.run(path, Options(), engine)
    colours = [
        tuple(page.pixels[page.pixels.shape[0] // 2, page.pixels.shape[1] // 2])
        for group in engine.groups
        for page in group
        if page.pixels is not None
    ]
    assert colours == [(255, 0, 0), (0, 255, 0), (0, 0, 255)]


def test_a_group_that_fails_is_read_page_by_page(three_pages: Path) -> None:
    engine = InGroups(p2=EngineFailed("smudged"))
    document = pipeline.run(three_pages, Options(), engine)
    assert [page.error.detail if page.error else None for page in document.pages] == [
        None, "smudged", None,
    ]  # fmt: skip
    assert [[page.number for page in group] for group in engine.groups] == [[1, 2], [1], [2], [3]]


def test_an_engine_may_tell_one_page_of_a_group_failed(three_pages: Path) -> None:
    class Choosy(InGroups):
        def read(self, pages: Sequence[PageImage], watch: Watch = UNWATCHED) -> list[PageText]:
            texts = super().read(pages, watch)
            if pages[0].number == 1:
                texts[0] = replace(texts[0], lines=(), error=EngineFailed("blurred").failure())
            return texts

    document = pipeline.run(three_pages, Options(), Choosy())
    assert [page.error.detail if page.error else None for page in document.pages] == [
        "blurred", None, None,
    ]  # fmt: skip
