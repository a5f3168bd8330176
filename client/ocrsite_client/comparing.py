"""One document read by several engines, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, Unpack
from urllib.parse import quote

from ocrsite_client.calls import Listing, Steps, listing, operation
from ocrsite_client.core import Core
from ocrsite_client.models import ReadingOptions
from ocrsite_client.sources import Source

LOOK_SECONDS = 5.0  # between two looks at a comparison, at most


class CompareOptions(ReadingOptions, total=False):
    """How all engines are to read it.

    ``truth`` are fields' true values by name, ``truth_text`` is the true text: engines are then
    told how often they were right.
    """

    truth: Mapping[str, Any]
    truth_text: str


@dataclass(frozen=True)
class Comparison:
    """A document that several engines read; ``result`` is None before all have, and in lists."""

    id: str
    name: str
    status: str
    engines: list[dict[str, Any]]  # how each of them did, with its job
    result: dict[str, Any] | None  # texts and fields side by side (docs/compare.md)
    data: dict[str, Any]

    @classmethod
    def of(cls, data: dict[str, Any]) -> Self:
        """The comparison in an answer."""
        return cls(
            id=data["id"],
            name=data["name"],
            status=data["status"],
            engines=data["engines"],
            result=data.get("result"),
            data=data,
        )

    @property
    def ended(self) -> bool:
        """All engines have."""
        return self.status == "completed"


class CompareCalls(Core):
    """What can be done with comparisons. Where one is wanted, its id will do."""

    @operation
    def compare(
        self, source: Source, engines: Sequence[str], **options: Unpack[CompareOptions]
    ) -> Steps[Comparison]:
        """Have two to five engines read a document: a job for each. Nothing is made twice."""
        given = {**options, "engines": list(engines)}
        return Comparison.of((yield from self._submit("compare", source, given)))

    @operation
    def comparison(self, comparison: Comparison | str) -> Steps[Comparison]:
        """How it stands; with the result once all engines have ended."""
        return Comparison.of((yield from self._get(_path(comparison))))

    @listing
    def comparisons(self) -> Listing[Comparison]:
        """All comparisons, newest first, without their results."""
        yield from self._listed("compare", {}, Comparison.of)

    @operation
    def wait_comparison(
        self, comparison: Comparison | str, timeout: float | None = None
    ) -> Steps[Comparison]:
        """The comparison when all engines have ended. Raises ``WaitTimeout``."""
        path = _path(comparison)
        return Comparison.of((yield from self._look(path, timeout, _completed, LOOK_SECONDS)))

    @operation
    def delete_comparison(self, comparison: Comparison | str) -> Steps[None]:
        """Delete it with its jobs, results and files."""
        yield from self._delete(_path(comparison))


def _path(comparison: Comparison | str) -> str:
    named = comparison.id if isinstance(comparison, Comparison) else comparison
    return f"compare/{quote(named, safe='')}"


def _completed(data: dict[str, Any]) -> bool:
    return bool(data["status"] == "completed")
