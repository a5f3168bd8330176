"""Where files lie, a folder or a bucket, and what both offer beyond Django's own interface."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Protocol

PAGE = 1000  # objects looked at together: what S3 lists and deletes in one request
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
FULL_CODES = {"QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded"}


@dataclass(frozen=True, slots=True)
class Stored:
    """An object as the store lists it: its key, bytes, and when it was written (aware).

    A folder lists what a crash amid a write has left too, under a key that nothing else has.
    """

    key: str
    size: int
    modified: datetime


class Store(Protocol):
    """What both stores offer; errors are each store's own, but FileNotFoundError."""

    def fetch(self, key: str, out: IO[bytes]) -> None:
        """Write the object's bytes into an open file that is empty."""

    def copy(self, key: str, target: str) -> None:
        """Write the object under another key too."""

    def listing(self, prefix: str = "") -> Iterator[list[Stored]]:
        """Every object below a prefix ("" or one that ends in "/"), at most ``PAGE`` at a time."""

    def remove(self, keys: Iterable[str]) -> None:
        """Remove objects, as many as it can; one that is gone already is no error."""

    def check(self) -> None:
        """Raises where the store does not answer."""

    def signed_url(
        self, key: str, *, seconds: int, disposition: str, media_type: str
    ) -> str | None:
        """An address by which anybody reads the object for a while; None where there is none."""


def is_full(error: Exception) -> bool:
    """Whether there is no room left: on the disk, within a quota, or as an S3 server says."""
    if isinstance(error, OSError) and error.errno in FULL:
        return True
    answer = getattr(error, "response", None) or {}
    return (
        answer.get("ResponseMetadata", {}).get("HTTPStatusCode") == 507
        or answer.get("Error", {}).get("Code") in FULL_CODES
    )
