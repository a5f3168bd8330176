from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pymupdf
import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from extraction.formats.json_reading import from_dict
from jobs.management.commands.ocr import output_paths
from tests.documents import encrypted_pdf, image_pdf, image_png, text_pdf

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    path = tmp_path / "letter.pdf"
    path.write_bytes(text_pdf(["Dear reader, page one is here", "And this is page two"]))
    return path


def ocr(*arguments: object, **options: Any) -> tuple[str, str, int]:
    """Standard output, standard error and exit code of the command on the text layer."""
    out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline=""), io.StringIO()
    code = 0
    options = {"engine": "text-layer", **options}
    try:
        call_command("ocr", *map(str, arguments), stdout=out, stderr=err, **options)
    except SystemExit as stopped:
        code = int(stopped.code or 0)
    out.flush()
    return out.buffer.getvalue().decode(), err.getvalue(), code


def test_ocr_leaves_out_furniture_where_told(tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(text_pdf([f"Harbour Review\n\n\n\nIts part {letter}" for letter in "AB"]))
    assert ocr(path, "--strip-furniture", "--format", "md") == (
        "Its part A\n\nIts part B\n",
        "",
        0,
    )


def test_ocr_prints_one_file(letter: Path) -> None:
    out, err, code = ocr(letter)

    document = from_dict(json.loads(out))
    assert (code, err) == (0, "")
    assert document.source.name == "letter.pdf"
    assert [page.lines[0].text for page in document.pages] == [
        "Dear reader, page one is here",
        "And this is page two",
    ]
    word = document.pages[0].words[0]
    assert word.text == "Dear"
    x0, y0, x1, y1 = word.box
    assert 50 < x0 < x1 < 100
    assert 50 < y0 < y1 < 80


def test_ocr_reads_the_pages_asked_for_in_the_format_asked_for(letter: Path) -> None:
    assert ocr(letter, pages="2", format="txt") == ("And this is page two\n", "", 0)


def test_ocr_writes_a_searchable_pdf(tmp_path: Path) -> None:
    scan = tmp_path / "scan.png"
    scan.write_bytes(image_png(["TOTAL 12.50"], 320, 90))
    _, err, code = ocr(scan, engine="auto", format="pdf", out=tmp_path)
    assert (code, err) == (0, "")
    page = pymupdf.open(tmp_path / "scan.pdf")[0]
    assert page.get_text().split() == ["TOTAL", "12.50"]


def test_ocr_opens_an_encrypted_file_with_its_password(tmp_path: Path) -> None:
    path = tmp_path / "locked.pdf"
    path.write_bytes(encrypted_pdf("sesame", "Behind the door"))

    assert ocr(path, password="sesame", format="txt") == ("Behind the door\n", "", 0)
    out, err, code = ocr(path)
    assert (out, code) == ("", 1)
    assert err.startswith(f"{path}: encrypted: ")


def test_ocr_writes_several_files_and_goes_on_after_a_failed_one(
    letter: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "letter.pdf").write_bytes(text_pdf(["The other letter"]))
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"no document at all")
    missing = tmp_path / "missing.pdf"

    out, err, code = ocr(
        letter, broken, missing, other / "letter.pdf", out=tmp_path / "a" / "b", format="txt"
    )

    assert (out, code) == ("", 1)
    lines = err.splitlines()
    assert lines[0].startswith(f"{broken}: unsupported_type: ")
    assert lines[1] == f"{missing}: file_error: No such file or directory"
    assert len(lines) == 2
    written = {path.name: path.read_text() for path in (tmp_path / "a" / "b").iterdir()}
    assert written == {
        "letter.txt": "Dear reader, page one is here\n\fAnd this is page two\n",
        "letter-2.txt": "The other letter\n",
    }


def test_ocr_writes_several_files_here_without_out(
    letter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = tmp_path / "second.pdf"
    second.write_bytes(text_pdf(["Second"]))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    assert ocr(letter, second, format="md") == ("", "", 0)
    assert sorted(path.name for path in Path().iterdir()) == ["letter.md", "second.md"]


def test_ocr_tells_of_failed_pages_and_still_writes_the_rest(tmp_path: Path, settings: Any) -> None:
    small, large = (
        Image.open(io.BytesIO(image_png([text], width, 60)))
        for text, width in (("Small page", 300), ("Large page", 3000))
    )
    fax = tmp_path / "fax.tif"
    small.save(fax, save_all=True, append_images=[large])
    settings.LIMITS = replace(settings.LIMITS, max_pixels=100_000)

    out, err, code = ocr(fax, engine="rapidocr", format="json")

    first, second = json.loads(out)["pages"]
    assert [line["text"] for line in first["lines"]] == ["Small page"]
    assert second["error"]["code"] == "image_too_large"
    assert err == f"{fax}: page 2: image_too_large: {second['error']['detail']}\n"
    assert code == 1


def test_ocr_shows_progress_only_when_asked(
    letter: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ocr(letter)
    assert capsys.readouterr().err == ""
    ocr(letter, progress=True)
    assert "letter.pdf: 100%" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fields": "no_such_field"}, "invalid_option: "),
        ({"engine": "no-such-engine"}, "invalid_option: engine 'no-such-engine'"),
    ],
)
def test_ocr_refuses_an_unknown_option_before_it_reads(
    letter: Path, options: dict[str, str], message: str
) -> None:
    with pytest.raises(CommandError, match=message):
        ocr(letter, **options)


def test_ocr_refuses_an_unknown_format(letter: Path) -> None:
    with pytest.raises(CommandError, match="invalid choice: 'docx'"):
        call_command("ocr", str(letter), "--format=docx")


def test_ocr_refuses_pages_that_are_not_there(letter: Path) -> None:
    out, err, code = ocr(letter, pages="9")

    assert (out, code) == ("", 1)
    assert err.startswith(f"{letter}: invalid_option: ")


@pytest.mark.slow
def test_ocr_reads_a_scan_without_any_server(tmp_path: Path) -> None:
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(image_pdf([["Invoice number 4711", "Total 1234.50 EUR"]]))
    nobody = {"DATABASE_URL": "postgres://127.0.0.1:9/none", "REDIS_URL": "redis://127.0.0.1:9/0"}
    done = subprocess.run(
        [sys.executable, "manage.py", "ocr", str(scan), "--format", "txt"],
        cwd=ROOT,
        env={**os.environ, **nobody, "DJANGO_SETTINGS_MODULE": "ocrsite.settings"},
        capture_output=True,
        text=True,
        timeout=300,
    )

    assert (done.stderr, done.returncode) == ("", 0)
    assert "Invoice number 4711" in done.stdout
    assert "1234.50" in done.stdout


def test_output_paths_never_collide() -> None:
    files = [Path(name) for name in ("a/x.pdf", "b/x.png", "X.tif", "x-2.pdf", "y.pdf")]

    assert output_paths(files, Path("out"), "json") == [
        Path("out/x.json"),
        Path("out/x-2.json"),
        Path("out/X-3.json"),
        Path("out/x-2-2.json"),
        Path("out/y.json"),
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("größe 1.final.pdf", "größe_1.final.txt"),
        ("a;rm -rf\n$HOME.pdf", "a_rm_-rf_HOME.txt"),
        ("..hidden.pdf", "hidden.txt"),
        ("....", "document.txt"),
        ("x" * 200 + ".pdf", "x" * 100 + ".txt"),
    ],
)
def test_output_paths_keep_only_harmless_characters(name: str, expected: str) -> None:
    assert output_paths([Path(name)], Path("out"), "txt") == [Path("out") / expected]


def test_ocr_fills_a_schema(tmp_path: Path) -> None:
    path, schema = tmp_path / "invoice.pdf", tmp_path / "schema.json"
    path.write_bytes(text_pdf(["Invoice number: A-1774\n\nTotal amount: EUR 12.50"]))
    properties = {"total": {"type": "number"}, "customerNumber": {"type": "string"}}
    wanted = {"type": "object", "properties": properties, "required": ["customerNumber"]}
    schema.write_text(json.dumps(wanted))

    out, err, code = ocr(path, "--schema", schema)

    extraction = json.loads(out)["extraction"]
    assert (code, err, extraction["value"]) == (0, "", None)
    assert extraction["partial"] == {"total": 12.5}
    assert [each["pointer"] for each in extraction["problems"]] == ["/customerNumber"]


def test_ocr_refuses_a_schema_before_it_reads(letter: Path, tmp_path: Path) -> None:
    schema = tmp_path / "schema.json"
    schema.write_text('{"type": "object", "properties": {"a": {"$ref": "https://x.example"}}}')
    with pytest.raises(CommandError, match=r"invalid_option: schema: .* leads out of the schema"):
        ocr(letter, "--schema", schema)


def test_ocr_looks_for_a_templates_fields(tmp_path: Path) -> None:
    invoice = tmp_path / "invoice.pdf"
    invoice.write_bytes(text_pdf(["Tax invoice\nKostenstelle: KS-0815\nTotal due: EUR 119.00"]))
    own = tmp_path / "acme.json"
    field = {"name": "cost_centre", "label": "Kostenstelle", "kind": "id"}
    exported = {"name": "acme", "fields": [field], "version": 3, "starter": False}
    own.write_text(json.dumps(exported))
    out, err, code = ocr(invoice, "--template", own)
    document = from_dict(json.loads(out))
    assert (code, err, document.template) == (0, "", "acme")
    assert [(value.name, value.value) for value in document.fields] == [("cost_centre", "KS-0815")]
    out, _, code = ocr(invoice, "--template", "receipt")
    assert (code, from_dict(json.loads(out)).template) == (0, "receipt")


def test_ocr_refuses_what_is_no_template(letter: Path, tmp_path: Path) -> None:
    broken, odd = tmp_path / "broken.json", tmp_path / "odd.json"
    broken.write_text('{"name": ')
    odd.write_text('{"name": "x", "fields": []}')
    for template, code in (
        ("missing", "template_not_found"),
        (tmp_path, "template_not_found"),
        (broken, "invalid_template"),
        (odd, "invalid_template"),
    ):
        with pytest.raises(CommandError, match=code):
            ocr(letter, "--template", template)
    with pytest.raises(CommandError, match="not both"):
        ocr(letter, "--template", "invoice", "--fields", "iban")
