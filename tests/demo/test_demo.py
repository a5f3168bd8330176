"""The demo's document through the pipeline: what `make demo` shows must be right."""

from __future__ import annotations

from pathlib import Path

from demo.__main__ import differences
from demo.sample_invoice import build
from extraction import engines, pipeline
from extraction.formats.json import to_dict
from extraction.options import Options


def test_the_sample_is_read_right(tmp_path: Path) -> None:
    path = tmp_path / "scanned-invoice.pdf"
    path.write_bytes(build())
    document = pipeline.run(path, Options(), engines.get("auto"))
    assert differences(to_dict(document)) == []
