"""The searchable PDF: the pages of the original with what was read as invisible text beneath.

The original is opened in a child process only (``pdf_writer``), as when it was read. Pages of a
PDF whose own text was used stay untouched.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from extraction.channel import ChildDied, ChildTimeout
from extraction.documents import DEFAULT_LIMITS
from extraction.errors import Cancelled, EngineUnavailable, NotMade
from extraction.media_types import MEDIA_TYPES
from extraction.options import Limits
from extraction.sandbox import Child
from extraction.types import Document, Page

MAX_GROWTH = 10  # times ``Limits.max_bytes``: pictures may be kept without loss
SAVE_FACTOR = 3  # times ``Limits.page_seconds``


def write_searchable_pdf(
    path: Path,
    document: Document,
    out: BinaryIO,
    *,
    password: str = "",
    limits: Limits = DEFAULT_LIMITS,
    stop: Callable[[], bool] | None = None,
) -> None:
    """Write the original at ``path`` with the text of ``document``, read from it, to ``out``.

    ``out`` is an open file (with a descriptor), empty. The PDF has the pages of ``document`` in
    their order; one that could not be read has no text. An encrypted original comes out without
    encryption where ``password`` was given, else as it was. ``stop`` is asked before each page.

    Raises ``NotMade``, ``EngineUnavailable`` when no child can be started, ``Cancelled``.
    """
    with path.open("rb") as file:
        try:
            child = Child(
                "extraction.pdf_writer:serve",
                (file.fileno(), out.fileno()),
                memory_bytes=limits.decoder_memory_bytes,
                file_bytes=MAX_GROWTH * limits.max_bytes,
            )
        except ChildDied as error:
            raise EngineUnavailable("The decoder cannot be started") from error
        with child:
            _ask(
                child,
                limits.open_seconds,
                {
                    "ask": "open",
                    "format": MEDIA_TYPES[document.source.media_type].format,
                    "password": password,
                    "max_pixels": limits.max_pixels,
                    "numbers": [page.number for page in document.pages],
                },
            )
            for page in document.pages:
                if stop and stop():
                    raise Cancelled()
                _ask(child, limits.page_seconds, _layer(page))
            size = _ask(child, SAVE_FACTOR * limits.page_seconds, {"ask": "save"}).get("size")
    if not isinstance(size, int) or size < 1 or size != out.seek(0, 2):
        raise NotMade("The PDF was not written whole")
    out.seek(0)


def _layer(page: Page) -> dict[str, Any]:
    """What is to stand beneath a page: words by line, in reading order."""
    own_text_was_used = page.engine == "text-layer"
    lines = () if own_text_was_used else page.lines
    return {
        "ask": "page",
        "number": page.number,
        "width": page.width,
        "height": page.height,
        "skew": page.skew,
        "replaces": "text_layer_unsound" in page.warnings,
        "lines": [
            (line.angle, [(word.box, word.text) for word in line.words] or [(line.box, line.text)])
            for line in lines
            if not line.guessed
        ],
    }


def _ask(child: Child, seconds: float, request: Mapping[str, Any]) -> dict[str, Any]:
    try:
        child.send({**request, "seconds": seconds})
        reply, _ = child.receive(time.monotonic() + seconds)
    except ChildTimeout as error:
        raise NotMade("The document took too long to write", limit=seconds) from error
    except ChildDied as error:
        raise NotMade("The writer ended on this document") from error
    if "error" in reply:
        raise NotMade(str(reply["error"])[:300])
    return reply
