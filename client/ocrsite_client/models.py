"""What operations take and give. Results are plain dictionaries: their form is docs/output.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self, TypedDict

ENDED = frozenset({"succeeded", "partial", "failed", "cancelled", "expired"})


class ReadingOptions(TypedDict, total=False):
    """How a document is to be read: each as the API's option of that name.

    ``idempotency_key`` names the request instead of a random one: sent again under the same name,
    also by another process, it makes nothing twice.
    """

    name: str
    pages: str
    fields: Sequence[str]
    template: str
    dpi: int
    text_layer: Literal["auto", "ignore", "only"]
    priority: Literal["high", "normal", "low"]
    cache: bool
    password: str
    retention_hours: int
    metadata: Mapping[str, Any]
    idempotency_key: str


class Options(ReadingOptions, total=False):
    """And what is to be done with a document."""

    engine: str
    outputs: Sequence[str]
    strip_furniture: bool
    schema: Mapping[str, Any]
    split: bool
    callback_url: str


@dataclass(frozen=True)
class Job:
    """A document on its way, or read. ``data`` is all that the site says of it."""

    id: str
    name: str
    status: str
    pages_total: int | None  # None until it has been opened
    pages_done: int
    pages_failed: int
    error: dict[str, Any] | None
    data: dict[str, Any]

    @classmethod
    def of(cls, data: dict[str, Any]) -> Self:
        """The job in an answer."""
        pages = data["pages"]
        return cls(
            id=data["id"],
            name=data["name"],
            status=data["status"],
            pages_total=pages["total"],
            pages_done=pages["done"],
            pages_failed=pages["failed"],
            error=data["error"],
            data=data,
        )

    @property
    def ended(self) -> bool:
        """Nothing more happens to it by itself."""
        return self.status in ENDED

    @property
    def formats(self) -> list[str]:
        """The formats in which its result can be had now."""
        return [name for name in self.data["links"] if name not in NO_FORMATS]

    @property
    def has_result(self) -> bool:
        """Whether at least one page was read, and the job has ended."""
        return "json" in self.formats


NO_FORMATS = {"self", "pages", "links", "cancel", "retry", "events"}


@dataclass(frozen=True)
class Item:
    """A document of a batch. ``job`` is None where it was refused: ``error`` says why.

    ``source`` is what was given to ``read_many`` for it, None for what came out of an archive.
    """

    position: int
    name: str
    status: str
    job: str | None
    error: dict[str, Any] | None
    source: Any = None

    @classmethod
    def of(cls, data: Mapping[str, Any], source: Any = None) -> Self:
        """The item in an answer."""
        return cls(
            position=data["position"],
            name=data["name"],
            status=data.get("status", "refused"),
            job=data.get("job"),
            error=data.get("error"),
            source=source,
        )

    @property
    def ended(self) -> bool:
        """It has been read, has failed, or was refused."""
        return self.status in ENDED or self.status == "refused"

    @property
    def readable(self) -> bool:
        """It has a result."""
        return self.status in ("succeeded", "partial")


@dataclass(frozen=True)
class Batch:
    """Documents that were sent together. Batches that were listed have no ``items``."""

    id: str
    name: str
    status: str
    documents: dict[str, int]  # how many by status, and the total
    items: list[Item]
    data: dict[str, Any]

    @classmethod
    def of(cls, data: dict[str, Any]) -> Self:
        """The batch in an answer."""
        return cls(
            id=data["id"],
            name=data["name"],
            status=data["status"],
            documents=data["documents"],
            items=[Item.of(item) for item in data.get("items", [])],
            data=data,
        )

    @property
    def ended(self) -> bool:
        """All its documents have."""
        return self.status == "completed"


@dataclass(frozen=True)
class Event:
    """Something that happened to a job or a batch (docs/api.md, Events)."""

    name: str
    data: dict[str, Any]
    id: str = ""
