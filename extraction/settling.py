"""What is told from all pages of a document together, once they are read."""

from __future__ import annotations

from collections.abc import Sequence

from extraction import continued, furniture
from extraction.types import Page


def settle(pages: Sequence[Page], *, strip: bool) -> tuple[Page, ...]:
    """The pages with what frames them marked, or taken out with ``strip``, and with the tables
    that go on overleaf marked. Settled pages may be settled again."""
    return continued.mark(furniture.settle(pages, strip=strip))
