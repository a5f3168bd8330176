"""A caller's JSON Schema filled from a document: each leaf cited, or why it is not there.

``checks.check_schema`` refuses what cannot or must not be worked with, before a document is read.
``plan`` makes leaves of a schema, ``mapping`` fields of the leaves, ``extract`` puts the values
that were found into the schema's shape, ``settled`` has the last word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from extraction.fields.by_schema.checks import check_schema
from extraction.types import Extraction, Page

__all__ = ["Extractor", "check_schema"]


class Extractor(Protocol):
    """What fills a checked schema from read pages: ``extract.extract`` here, or a model.

    A model's answer goes through ``settled.settled`` like everything else: nothing leaves as
    ``value`` that is not valid.
    """

    def __call__(self, pages: Sequence[Page], schema: Mapping[str, Any]) -> Extraction: ...
