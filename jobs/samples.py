"""A document to try the site with: the scanned invoice of demo/sample_invoice.py, built once.

Drawn and "scanned" by our own code (``python -m demo.sample_invoice jobs/samples/NAME`` writes it
again); the company, its customer and all numbers are invented. Kept as a file, for the web image
has none of the packages that draw it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from jobs.uploads import Upload, received

SAMPLE = Path(__file__).parent / "samples" / "scanned-invoice.pdf"
NAME = "sample-invoice.pdf"
CHUNK_BYTES = 65_536


def sample() -> Upload:
    """The sample as if it had been uploaded; the caller closes it."""
    return received(_chunks(), name=NAME, limit=settings.LIMITS.max_bytes)


def _chunks() -> Iterator[bytes]:
    with SAMPLE.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
