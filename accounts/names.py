"""Names that people give to what others see."""

from __future__ import annotations

import unicodedata


def clean_name(text: str) -> str:
    """The name as it can be shown beside others: in one line, with nothing in it that is not seen.

    Without control characters and those that turn the direction of writing or have no width, by
    which one name passes for another; composed as Unicode's NFC, so that what looks the same is.
    """
    printed = "".join(c if c.isprintable() else " " if c.isspace() else "" for c in text)
    return " ".join(unicodedata.normalize("NFC", printed).split())
