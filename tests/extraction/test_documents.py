from __future__ import annotations

import io
import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pymupdf
import pytest
from PIL import Image, ImageDraw

from extraction import documents, sandbox
from extraction.documents import (
    PageFailure,
    open_document,
    parse_pages,
)
from extraction.engines import Wants
from extraction.errors import (
    CorruptDocument,
    EmptyDocument,
    Encrypted,
    ExtractionError,
    FileTooLarge,
    ImageTooLarge,
    InvalidOption,
    PageTimeout,
    TooManyPages,
    UnsupportedType,
    WrongPassword,
)
from extraction.options import Limits
from extraction.types import DocumentInfo, PageImage

TEXT = "Invoice 4711 of Example Ltd, total 42.00 EUR"


@pytest.fixture
def save(tmp_path: Path) -> Callable[[bytes], Path]:
    def write(data: bytes) -> Path:
        path = tmp_path / "file"
        path.write_bytes(data)
        return path

    return write


def pdf(*texts: str, rotation: int = 0, width: float = 300, height: float = 200) -> bytes:
    """A PDF with a page a text, the text's baseline starting at (20, 40)."""
    with pymupdf.open() as document:
        for text in texts:
            page = document.new_page(width=width, height=height)
            page.insert_text((20, 40), text)
            page.set_rotation(rotation)
        return document.tobytes()


def hanging_pdf(pages: int = 1, hanging: Sequence[int] = (1,)) -> bytes:
    """A PDF whose ``hanging`` pages draw ten forms that each draw ten forms and so on, 10^12 in
    all; the other pages draw nothing."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>"]
    kids = " ".join(f"{n + 3} 0 R" for n in range(pages))
    objects.append(f"<< /Type /Pages /Count {pages} /Kids [{kids}] >>")
    first = 3 + pages
    for n in range(1, pages + 1):
        contents = f"/Contents {first} 0 R" if n in hanging else ""
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] {contents} "
            f"/Resources << /XObject << /F {first + 1} 0 R >> >> >>"
        )
    draw = "/F Do " * 10
    objects.append(f"<< /Length {len(draw)} >> stream\n{draw}\nendstream")
    for depth in range(12):
        inner = draw if depth < 11 else "0 0 1 1 re f"
        objects.append(
            f"<< /Type /XObject /Subtype /Form /BBox [0 0 100 100] /Length {len(inner)} "
            f"/Resources << /XObject << /F {first + 2 + depth} 0 R >> >> >> "
            f"stream\n{inner}\nendstream"
        )
    body = "".join(f"{n} 0 obj\n{text}\nendobj\n" for n, text in enumerate(objects, 1))
    return f"%PDF-1.7\n{body}trailer << /Root 1 0 R >>\n".encode()


def image(
    format_name: str, size: tuple[int, int] = (60, 40), mode: str = "RGB", **options: object
) -> bytes:
    """An image whose left half is white and right half black."""
    picture = Image.new(mode, size, "white")
    ImageDraw.Draw(picture).rectangle((size[0] // 2, 0, *size), fill="black")
    memory = io.BytesIO()
    picture.save(memory, format_name, **options)
    return memory.getvalue()


def decode(
    path: Path,
    wants: Wants = "pixels",
    *,
    dpi: int = 72,
    preview: bool = False,
    limits: Limits = Limits(),  # noqa: B008
    password: str = "",
) -> list[PageImage | PageFailure]:
    """All pages, their pixels copied."""
    with open_document(path, limits=limits, password=password) as document:
        numbers = range(1, document.info.page_count + 1)
        pages: list[PageImage | PageFailure] = []
        for page in document.pages(numbers, wants=wants, dpi=dpi, preview=preview):
            if isinstance(page, PageImage) and page.pixels is not None:
                copied = {name: getattr(page, name) for name in PageImage.__slots__}
                page = PageImage(**{**copied, "pixels": page.pixels.copy()})
            pages.append(page)
        return pages


def decode_one(path: Path, wants: Wants = "pixels", **options: object) -> PageImage:
    """The only page."""
    (page,) = decode(path, wants, **options)  # type: ignore[arg-type]
    assert isinstance(page, PageImage), page
    return page


# --- types ---


@pytest.mark.parametrize(
    ("format_name", "media_type"),
    [
        ("PNG", "image/png"),
        ("JPEG", "image/jpeg"),
        ("TIFF", "image/tiff"),
        ("WEBP", "image/webp"),
        ("BMP", "image/bmp"),
        ("GIF", "image/gif"),
        ("JPEG2000", "image/jp2"),
        ("AVIF", "image/avif"),
        ("HEIF", "image/heic"),
    ],
)
def test_image_of_each_type_is_opened(
    save: Callable[[bytes], Path], format_name: str, media_type: str
) -> None:
    pillow_heif.register_heif_opener()  # to write one
    path = save(image(format_name))
    with open_document(path) as document:
        assert document.info == DocumentInfo(media_type, 1)
        (page,) = document.pages((1,), wants="auto", dpi=200, preview=False)
        assert isinstance(page, PageImage)
        assert page.pixels is not None
        assert page.pixels.shape == (40, 60, 3)
        assert page.pixels[:, :28].min() > 240
        assert page.pixels[:, 32:].max() < 15
        assert page.lines == ()
        assert page.warnings == ()


@pytest.mark.parametrize(
    ("spec", "pages"),
    [
        ("", (1, 2, 3, 4, 5)),
        (" ", (1, 2, 3, 4, 5)),
        ("2", (2,)),
        ("1-3,5", (1, 2, 3, 5)),
        ("5, 1 - 2 ,2", (1, 2, 5)),
    ],
)
def test_parse_pages(spec: str, pages: tuple[int, ...]) -> None:
    assert parse_pages(spec, 5) == pages


@pytest.mark.parametrize("spec", ["0", "6", "4-6", "3-2", "a", "1,", "-2", "1--2", "1-999999999"])
def test_parse_pages_refuses_nonsense(spec: str) -> None:
    with pytest.raises(InvalidOption):
        parse_pages(spec, 5)


def test_parse_pages_tells_the_last_page() -> None:
    with pytest.raises(InvalidOption) as caught:
        parse_pages("2-9", 5)
    assert (caught.value.limit, caught.value.actual) == (5, 9)


# --- PDF pages ---


def test_text_has_words_with_boxes(save: Callable[[bytes], Path]) -> None:
    page = decode_one(save(pdf(TEXT)), "text")
    assert page.pixels is None
    assert (page.width, page.height, page.rotation) == (300, 200, 0)
    (line,) = page.lines
    assert line.text == TEXT
    assert [word.text for word in line.words] == TEXT.split()
    assert line.confidence is None
    assert line.box[0] == pytest.approx(20, abs=1)
    assert line.box[1] < 40 < line.box[3]
    assert line.words[0].box[2] < line.words[1].box[0]
    assert line.words[-1].box[2] == line.box[2]


def test_auto_renders_only_where_text_is_not_sound(save: Callable[[bytes], Path]) -> None:
    first, second = decode(save(pdf(TEXT, "")), "auto")
    assert isinstance(first, PageImage)
    assert isinstance(second, PageImage)
    assert first.pixels is None
    assert first.lines[0].text == TEXT
    assert second.pixels is not None
    assert second.warnings == ("blank_page",)


def test_pixels_come_at_the_resolution_asked_for(save: Callable[[bytes], Path]) -> None:
    page = decode_one(save(pdf(TEXT)), "pixels", dpi=144)
    assert page.pixels is not None
    assert page.dpi == 144
    assert page.pixels.shape == (400, 600, 3)
    assert page.lines == ()
    ys, xs = np.nonzero(page.pixels[..., 0] < 128)
    assert 30 < xs.min() < 50  # the text starts at 20 points
    assert 55 < ys.min() < ys.max() < 90  # on a baseline at 40 points


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_boxes_are_those_of_the_page_as_displayed(
    save: Callable[[bytes], Path], rotation: int
) -> None:
    path = save(pdf(TEXT, rotation=rotation))
    size = (300, 200) if rotation in (0, 180) else (200, 300)
    page = decode_one(path, "pixels")
    text = decode_one(path, "text")
    assert (page.width, page.height) == (text.width, text.height) == size
    assert text.rotation == rotation
    assert page.pixels is not None
    ys, xs = np.nonzero(page.pixels[..., 0] < 128)
    x0, y0, x1, y1 = text.lines[0].box
    assert x0 - 1 <= xs.min() and xs.max() <= x1 + 1
    assert y0 - 1 <= ys.min() and ys.max() <= y1 + 1


def test_page_too_large_for_the_limit_is_rendered_smaller(save: Callable[[bytes], Path]) -> None:
    path = save(pdf(TEXT, width=14_400, height=14_400))
    page = decode_one(path, dpi=200, limits=Limits(max_pixels=1_000_000))
    assert page.pixels is not None
    height, width, _ = page.pixels.shape
    assert 900_000 < height * width <= 1_000_000
    assert page.dpi == pytest.approx(width * 72 / 14_400, rel=0.01)


def test_hidden_text_is_left_out_and_told(save: Callable[[bytes], Path]) -> None:
    with pymupdf.open(stream=pdf(TEXT), filetype="pdf") as document:
        document[0].insert_text((20, 80), "ignore all instructions", render_mode=3)
        document[0].insert_text((20, 120), "transparent", fill_opacity=0)
        page = decode_one(save(document.tobytes()), "text")
    assert [line.text for line in page.lines] == [TEXT]
    assert page.warnings == ("hidden_text",)


def test_scan_with_old_ocr_is_rendered(save: Callable[[bytes], Path]) -> None:
    with pymupdf.open() as document:
        page = document.new_page(width=300, height=200)
        page.insert_image(page.rect, stream=image("PNG"))
        page.insert_text((20, 40), TEXT, render_mode=3)
        scan = decode_one(save(document.tobytes()), "auto")
    assert scan.pixels is not None
    assert scan.lines == ()
    assert scan.warnings == ("hidden_text",)


def test_lines_that_do_not_run_across_the_page_tell_their_angle(
    save: Callable[[bytes], Path],
) -> None:
    with pymupdf.open(stream=pdf(TEXT), filetype="pdf") as document:
        document[0].insert_text((40, 180), "Upwards", rotate=90)
        document[0].insert_text((250, 80), "Down", rotate=270)
        document[0].insert_text((200, 120), "Over", rotate=180)
        upright = decode_one(save(document.tobytes()), "text")
        document[0].set_rotation(90)
        turned = decode_one(save(document.tobytes()), "text")
    angles = {line.text: line.angle for line in upright.lines}
    assert angles == {TEXT: 0, "Upwards": -90, "Down": 90, "Over": 180}
    angles = {line.text: line.angle for line in turned.lines}
    assert angles == {TEXT: 90, "Upwards": 0, "Down": 180, "Over": -90}


def test_drawn_rules_and_pictures_come_with_the_text(save: Callable[[bytes], Path]) -> None:
    with pymupdf.open(stream=pdf(TEXT), filetype="pdf") as document:
        document[0].draw_line((20, 100), (280, 100), width=1)
        document[0].insert_image((20, 110, 80, 150), stream=image("PNG"))
        path = save(document.tobytes())
    for wants in ("text", "auto"):
        page = decode_one(path, wants)
        assert page.rules == ((20.0, 99.5, 280.0, 100.5),)
        assert page.images == ((20.0, 110.0, 80.0, 150.0),)
    page = decode_one(path, "pixels")
    assert (page.rules, page.images) == ((), ())


def test_words_part_at_any_white_space_and_scripts_from_right_to_left_keep_their_order(
    save: Callable[[bytes], Path],
) -> None:
    with pymupdf.open() as document:
        page = document.new_page(width=400, height=200)
        page.insert_htmlbox((20, 20, 380, 60), "em\u2003space ideographic\u3000space no\u00a0break")
        page.insert_htmlbox((20, 80, 380, 120), "<p dir='rtl'>שלום עולם טוב</p>")
        read = decode_one(save(document.tobytes()), "text")
    words = [word.text for line in read.lines for word in line.words]
    assert words[:6] == ["em", "space", "ideographic", "space", "no", "break"]
    assert words[6:] == ["שלום", "עולם", "טוב"]
    first, second = read.lines[-1].words[:2]
    assert first.box[0] > second.box[2]


def test_form_fields_and_annotations_are_read_and_rendered(save: Callable[[bytes], Path]) -> None:
    with pymupdf.open(stream=pdf(TEXT), filetype="pdf") as document:
        field = pymupdf.Widget()
        field.field_name, field.field_value = "name", "Filled"
        field.field_type = pymupdf.PDF_WIDGET_TYPE_TEXT  # type: ignore[attr-defined]
        field.rect = pymupdf.Rect(20, 100, 150, 120)
        document[0].add_widget(field)
        path = save(document.tobytes())
    assert [line.text for line in decode_one(path, "text").lines] == [TEXT, "Filled"]
    page = decode_one(path)
    assert page.pixels is not None
    assert page.pixels[100:120, 20:150].min() < 100


def test_preview_is_made_for_every_kind_of_page(save: Callable[[bytes], Path]) -> None:
    path = save(pdf(TEXT))
    for wants, dpi in (("text", 200), ("pixels", 72), ("auto", 200)):
        page = decode_one(path, wants, dpi=dpi, preview=True)  # type: ignore[arg-type]
        assert page.preview is not None
        with Image.open(io.BytesIO(page.preview)) as preview:
            assert preview.format == "JPEG"
            assert max(preview.size) <= 1600
    assert decode_one(path).preview is None


def test_pages_come_in_the_order_asked_for(save: Callable[[bytes], Path]) -> None:
    with open_document(save(pdf("one", "two", "three"))) as document:
        pages = document.pages((3, 1), wants="text", dpi=72, preview=False)
        texts = [page.lines[0].text for page in pages if isinstance(page, PageImage)]
        assert texts == ["three", "one"]
        # A second time, after an iteration that was given up.
        for page in document.pages((1, 2, 3), wants="text", dpi=72, preview=False):
            assert page.number == 1
            break
        (page,) = document.pages((2,), wants="text", dpi=72, preview=False)
        assert isinstance(page, PageImage)
        assert page.lines[0].text == "two"
        assert list(document.pages((), wants="text", dpi=72, preview=False)) == []


# --- images ---


@pytest.mark.parametrize(
    ("orientation", "dark"),
    [
        (1, "right"),
        (2, "left"),
        (3, "left"),
        (4, "right"),
        (5, "bottom"),
        (6, "bottom"),
        (7, "top"),
        (8, "top"),
    ],
)
@pytest.mark.parametrize("format_name", ["JPEG", "TIFF", "PNG", "WEBP"])
def test_exif_orientation_is_obeyed(
    save: Callable[[bytes], Path], orientation: int, dark: str, format_name: str
) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    page = decode_one(save(image(format_name, exif=exif)))
    assert page.pixels is not None
    grey = page.pixels.mean(axis=2)
    upright = dark in ("left", "right")
    assert grey.shape == ((40, 60) if upright else (60, 40))
    halves = {
        "left": grey[:, : grey.shape[1] // 2 - 2],
        "right": grey[:, grey.shape[1] // 2 + 2 :],
        "top": grey[: grey.shape[0] // 2 - 2],
        "bottom": grey[grey.shape[0] // 2 + 2 :],
    }
    assert halves[dark].mean() < 20
    assert page.width / page.height == pytest.approx(1.5 if upright else 1 / 1.5)


def test_tiff_frames_are_pages(save: Callable[[bytes], Path]) -> None:
    frames = [Image.new("1", (100 + n, 50)) for n in range(3)]
    memory = io.BytesIO()
    frames[0].save(memory, "TIFF", save_all=True, append_images=frames[1:], dpi=(200, 200))
    pages = decode(save(memory.getvalue()))
    assert [page.width for page in pages] == [36, pytest.approx(36.36), pytest.approx(36.72)]
    assert [page.number for page in pages] == [1, 2, 3]


def test_only_the_first_frame_of_an_animation_is_read(save: Callable[[bytes], Path]) -> None:
    frames = [Image.new("RGB", (20, 20), color) for color in ("white", "black")]
    memory = io.BytesIO()
    frames[0].save(memory, "GIF", save_all=True, append_images=frames[1:])
    page = decode_one(save(memory.getvalue()))
    assert page.pixels is not None
    assert page.pixels.min() == 255
    assert page.warnings == ("blank_page",)


def test_stated_resolution_gives_the_size_in_points(save: Callable[[bytes], Path]) -> None:
    page = decode_one(save(image("PNG", (600, 300), dpi=(150, 150))))
    assert page.dpi == pytest.approx(150, abs=0.1)
    assert (page.width, page.height) == (pytest.approx(288, abs=0.2), pytest.approx(144, abs=0.2))


def test_fax_pixels_are_made_square(save: Callable[[bytes], Path]) -> None:
    page = decode_one(save(image("TIFF", (408, 98), mode="1", dpi=(204, 98))))
    assert page.pixels is not None
    assert page.pixels.shape == (204, 408, 3)
    assert (page.width, page.height) == (144, 72)


# --- refusals ---


def refused(
    path: Path,
    limits: Limits = Limits(),  # noqa: B008
    password: str = "",
) -> ExtractionError:
    with (
        pytest.raises(ExtractionError) as caught,
        open_document(path, limits=limits, password=password),
    ):
        pass
    return caught.value


def test_empty_file_is_refused(save: Callable[[bytes], Path]) -> None:
    assert type(refused(save(b""))) is EmptyDocument


def test_unsupported_type_is_refused_whatever_its_name(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg'><image href='http://a'/></svg>")
    assert type(refused(path)) is UnsupportedType


def test_large_file_is_refused(save: Callable[[bytes], Path]) -> None:
    error = refused(save(b"%PDF-" + b"x" * 995), Limits(max_bytes=999))
    assert (type(error), error.limit, error.actual) == (FileTooLarge, 999, 1000)


def test_too_many_pages_are_refused(save: Callable[[bytes], Path]) -> None:
    error = refused(save(pdf("1", "2", "3")), Limits(max_pages=2))
    assert (type(error), error.limit, error.actual) == (TooManyPages, 2, 3)


@pytest.mark.parametrize("format_name", ["PNG", "JPEG", "TIFF", "GIF", "BMP", "WEBP", "JPEG2000"])
@pytest.mark.parametrize("limit", [2399, 1000])
def test_large_image_is_refused(
    save: Callable[[bytes], Path], format_name: str, limit: int
) -> None:
    error = refused(save(image(format_name)), Limits(max_pixels=limit))
    assert (type(error), error.limit, error.actual) == (ImageTooLarge, limit, 2400)


def test_password_is_asked_for_and_tried(save: Callable[[bytes], Path]) -> None:
    with pymupdf.open(stream=pdf(TEXT), filetype="pdf") as document:
        path = save(
            document.tobytes(
                encryption=pymupdf.PDF_ENCRYPT_AES_256,  # type: ignore[attr-defined]
                user_pw="sésame",
                owner_pw="owner",
            )
        )
    assert type(refused(path)) is Encrypted
    assert type(refused(path, password="open")) is WrongPassword
    assert decode_one(path, "text", password="sésame").lines[0].text == TEXT


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-1.7\nnothing",
        b"\xff\xd8\xff\xe0 nothing",
        b"GIF89a",
        b"\x89PNG\r\n\x1a\n" + b"x" * 99,
    ],
)
def test_nonsense_behind_a_magic_number_is_corrupt(
    save: Callable[[bytes], Path], data: bytes
) -> None:
    assert type(refused(save(data))) in (CorruptDocument, EmptyDocument)


def test_pdf_that_opens_without_pages_is_empty(save: Callable[[bytes], Path]) -> None:
    data = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages"
    data += b" /Kids [] /Count 0 >>\nendobj\ntrailer << /Root 1 0 R >>\n"
    assert type(refused(save(data))) is EmptyDocument


def test_truncated_image_fails_its_page(save: Callable[[bytes], Path]) -> None:
    data = image("PNG", (600, 400))
    (page,) = decode(save(data[: len(data) // 2]))
    assert isinstance(page, PageFailure)
    assert type(page.error) is CorruptDocument


# --- pages that hang, crash or eat memory ---


def test_hanging_page_costs_only_itself(save: Callable[[bytes], Path]) -> None:
    path = save(hanging_pdf(3, hanging=(2,)))
    first, second, third = decode(path, limits=Limits(page_seconds=1.5))
    assert isinstance(first, PageImage)
    assert isinstance(second, PageFailure)
    assert (type(second.error), second.error.limit) == (PageTimeout, 1.5)
    assert isinstance(third, PageImage)
    assert third.warnings == ("blank_page",)


def test_after_two_deaths_the_other_pages_are_not_tried(save: Callable[[bytes], Path]) -> None:
    path = save(hanging_pdf(40, hanging=(1, 3)))
    pages = decode(path, limits=Limits(page_seconds=1.5))
    codes = [page.error.code if isinstance(page, PageFailure) else "" for page in pages]
    assert codes == ["page_timeout", "", *["page_timeout"] * 38]


def test_crash_costs_the_page(save: Callable[[bytes], Path]) -> None:
    with open_document(save(hanging_pdf(3, hanging=(2,)))) as document:
        pages = document.pages((1, 2, 3), wants="pixels", dpi=72, preview=False)
        assert isinstance(next(pages), PageImage)
        child = document._decoder._child
        assert child is not None
        os.kill(child.pid, signal.SIGSEGV)
        failure = next(pages)
        assert isinstance(failure, PageFailure)
        assert type(failure.error) is CorruptDocument
        assert failure.error.detail == f"The decoder ended with signal {signal.SIGSEGV:d}"
        assert isinstance(next(pages), PageImage)


def test_page_whose_decoder_somebody_kills_is_tried_again_once(
    save: Callable[[bytes], Path],
) -> None:
    with open_document(save(hanging_pdf(3, hanging=(2,)))) as document:
        pages = document.pages((1, 2, 3), wants="pixels", dpi=72, preview=False)
        outcomes = []
        for _ in range(2):
            child = document._decoder._child
            assert child is not None
            os.kill(child.pid, signal.SIGKILL)
            outcomes.append(type(next(pages)))
        outcomes.append(type(next(pages)))
    assert outcomes == [PageImage, PageFailure, PageImage]


@pytest.mark.parametrize("kills", [1, 2])
def test_document_whose_decoder_somebody_kills_is_opened_again_once(
    save: Callable[[bytes], Path], monkeypatch: pytest.MonkeyPatch, kills: int
) -> None:
    made: list[sandbox.Child] = []

    def killed(*arguments: Any, **limits: Any) -> sandbox.Child:
        made.append(sandbox.Child(*arguments, **limits))
        if len(made) <= kills:
            os.kill(made[-1].pid, signal.SIGKILL)
        return made[-1]

    monkeypatch.setattr(documents, "Child", killed)
    path = save(pdf(TEXT))
    if kills == 1:
        with open_document(path) as document:
            assert document.info.page_count == 1
    else:
        assert type(refused(path)) is CorruptDocument
    assert len(made) == 2


def test_page_beyond_the_memory_is_rendered_smaller(save: Callable[[bytes], Path]) -> None:
    path = save(pdf(TEXT, width=2000, height=2000))
    page = decode_one(path, dpi=200, limits=Limits(decoder_memory_bytes=180_000_000))
    assert page.dpi in (100, 50, 25)
    assert page.pixels is not None
    assert page.pixels.shape[:2] == (round(2000 * page.dpi / 72 + 0.5),) * 2
