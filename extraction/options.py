"""What a caller may choose for one document, and what a document may cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

TextLayer = Literal["auto", "ignore", "only"]


@dataclass(frozen=True, slots=True)
class Options:
    """What the caller may choose for one document.

    ``pages`` is "1-3,7" or "" for all. ``fields`` are catalogue names, empty for those of the type.
    ``dpi`` is the rendering resolution asked for PDF pages (lowered to fit the pixel limit).
    ``outputs`` are the formats wanted; only those made from the original need to be named.
    ``strip_furniture`` leaves headers, footers, page numbers and watermarks out of the blocks.
    ``schema`` is a JSON Schema to be filled (``fields.by_schema``), None for none.
    ``split`` tells the documents of a file apart. ``template`` names the template whose fields to
    look for, "" to have it chosen.
    """

    engine: str = "auto"
    pages: str = ""
    fields: tuple[str, ...] = ()
    dpi: int = 200
    text_layer: TextLayer = "auto"
    strip_furniture: bool = False
    password: str = field(default="", repr=False)
    preview: bool = False
    outputs: tuple[str, ...] = ()
    schema: Mapping[str, Any] | None = None
    split: bool = False
    template: str = ""

    def by_name(self) -> dict[str, Any]:
        """The choices by name, not copied."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Limits:
    """What a document may cost. Bytes, pages, pixels a page as decoded, wall-clock seconds."""

    max_bytes: int = 50_000_000
    max_pages: int = 500
    max_pixels: int = 40_000_000
    open_seconds: float = 20.0
    page_seconds: float = 20.0
    decoder_memory_bytes: int = 1_500_000_000
