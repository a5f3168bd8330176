"""The engines: one protocol, one table. A new engine is one file and one row in ``ENGINES``.

Engines are loaded when first asked for and stay loaded for the life of the process; nothing
heavy (OpenVINO, onnxruntime, torch) is imported before that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Literal, Protocol

import numpy as np

from extraction.errors import InvalidOption
from extraction.types import PageImage, PageText

Wants = Literal["text", "pixels", "auto"]
Pool = Literal["cpu", "gpu", "io"]


class Engine(Protocol):
    """Reads decoded pages.

    ``wants`` tells the decoder what to hand over: ``text`` the PDF's own text only, ``pixels``
    the rendered page, ``auto`` the text where it is sound and the rendered page elsewhere.
    ``revision`` names the exact models, and is stored with each page.
    """

    name: str
    revision: str
    wants: Wants

    def read(self, pages: Sequence[PageImage]) -> list[PageText]:
        """Read the pages; one result a page, in order.

        Raises ``EngineFailed`` where a page cannot be read, ``EngineUnavailable`` where the engine
        itself is out of order.
        """
        ...


@dataclass(frozen=True, slots=True)
class EngineRow:
    """One row of the table; ``factory`` is "module:class", called with ``threads``.

    ``pool`` is the kind of worker that has what it needs. ``revision`` is what its results depend
    on, told without loading it: the beginning of the engine's own, which also names what differs
    from machine to machine.
    """

    name: str
    title: str
    factory: str
    revision: str
    pool: Pool = "cpu"


_TEXT = "pymupdf-2.0"
_RAPID = "PP-OCRv6-small/rapidocr-3.10.0"

ENGINES: dict[str, EngineRow] = {
    row.name: row
    for row in (
        EngineRow(
            "auto",
            "The PDF's own text where sound, else OCR",
            "extraction.engines.auto:Auto",
            f"{_TEXT}+{_RAPID}",
        ),
        EngineRow(
            "text-layer",
            "The PDF's own text, no OCR",
            "extraction.engines.text_layer:TextLayer",
            _TEXT,
        ),
        EngineRow("rapidocr", "PP-OCRv6 on the CPU", "extraction.engines.rapid:Rapid", _RAPID),
    )
}
DEFAULT_ENGINE = "auto"

_loaded: dict[tuple[str, int], Engine] = {}


def get(name: str, threads: int = 0) -> Engine:
    """The engine of that name, loaded once a process.

    ``threads`` is the number of CPU threads it may use, 0 for all cores. Raises ``InvalidOption``
    for an unknown name.
    """
    if name not in ENGINES:
        raise InvalidOption(f"engine {name!r} is not one of: {', '.join(ENGINES)}")
    key = (name, threads)
    if key not in _loaded:
        module, _, attribute = ENGINES[name].factory.partition(":")
        _loaded[key] = getattr(import_module(module), attribute)(threads=threads)
    return _loaded[key]


def warm(name: str, threads: int = 0) -> Engine:
    """The engine with its models in memory, so that the first document does not wait for them.

    It reads a blank A4 page at 200 dpi, the size that comes most.
    """
    engine = get(name, threads)
    if engine.wants != "text":
        blank = np.full((2339, 1654, 3), 255, dtype=np.uint8)
        engine.read([PageImage(1, 595.0, 842.0, 0, 200.0, blank)])
    return engine
