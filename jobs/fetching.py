"""Documents that a caller names by URL, brought here as if they had been uploaded."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from urllib.parse import unquote

from django.conf import settings

from jobs import netguard
from jobs.archives import display_name
from jobs.errors import Busy, FetchFailed, UploadTooLarge
from jobs.uploads import Upload, received

CHUNK_BYTES = 65_536
fetching = threading.BoundedSemaphore(settings.MAX_FETCHING)


def fetch(url: str, max_bytes: int | None = None) -> Upload:
    """The document at the URL, at most ``max_bytes`` (default: what an upload may have).

    Everything together takes at most FETCH_SECONDS; where MAX_FETCHING are under way in this
    process it is refused, for each keeps a thread. Raises ``AddressRefused``, ``FetchFailed``,
    ``UploadTooLarge``, ``Busy``.
    """
    limit = settings.LIMITS.max_bytes if max_bytes is None else max_bytes
    if not fetching.acquire(blocking=False):
        raise Busy("Many documents are being fetched; try again, or upload the file.")
    try:
        return fetch_within(settings.FETCH_SECONDS, url, max_bytes=limit)
    finally:
        fetching.release()


def fetch_within(
    seconds: float, url: str, *, max_bytes: int, counted: Callable[[int], None] = lambda size: None
) -> Upload:
    """As ``fetch``, for callers that bound what is under way themselves; never ``Busy``.

    ``counted`` is told the size of each piece, and may raise.
    """
    try:
        with netguard.request(
            "GET", url, seconds=seconds, allowed=settings.FETCH_ALLOWED_HOSTS
        ) as reply:
            _refuse(reply, max_bytes)
            return received(_chunks(reply, counted), name=name_of(url), limit=max_bytes)
    except netguard.Unreachable as error:
        raise FetchFailed(f"The address did not serve the document: {error}.") from error


def _refuse(reply: netguard.Reply, limit: int) -> None:
    """Raises where the reply's head tells that this is not the document, or too much of it."""
    if 300 <= reply.status < 400:
        raise FetchFailed("The address redirects: name the one that it leads to.")
    if reply.status != 200:
        raise FetchFailed(f"The address answered {reply.status}.")
    if reply.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise FetchFailed("The address answers in an encoding that was not asked for.")
    length = reply.headers.get("Content-Length", "")
    if length.isdecimal() and int(length) > limit:
        raise UploadTooLarge(limit=limit, actual=int(length))


def _chunks(reply: netguard.Reply, counted: Callable[[int], None]) -> Iterator[bytes]:
    while chunk := reply.read(CHUNK_BYTES):
        counted(len(chunk))
        yield chunk


def name_of(url: str) -> str:
    """The last part of the path: what people are shown."""
    return display_name(unquote(url.split("?", 1)[0]))
