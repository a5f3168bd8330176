"""Opens a document and hands over its pages, decoded: the way from a file to ``PageImage``.

Nothing of the file is interpreted in this process but its first bytes (``media_types``); all else
happens in a child process (see ``sandbox`` and ``decoder``), one a document, while the caller
works on the page before.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import re
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from extraction.channel import ChildDied, ChildTimeout
from extraction.decoder_answers import number_of, page_of, raise_error
from extraction.engines import Wants
from extraction.errors import (
    CorruptDocument,
    EmptyDocument,
    EngineUnavailable,
    ExtractionError,
    FileTooLarge,
    InvalidOption,
    PageTimeout,
    TooManyPages,
    UnsupportedType,
)
from extraction.media_types import HEAD_BYTES, MEDIA_TYPES, sniff
from extraction.options import Limits
from extraction.sandbox import Child
from extraction.shared_memory import SharedMemory
from extraction.types import DocumentInfo, PageImage

DEFAULT_LIMITS = Limits()
MAX_DEATHS = 2
ANSWER_SECONDS = 1.0  # to hand over an answer that was ready while the caller was busy


def parse_pages(spec: str, page_count: int) -> tuple[int, ...]:
    """The page numbers meant by "1-3,7", sorted, each once; "" means all of ``page_count``.

    Raises ``InvalidOption`` when it cannot be read or names a page that is not there.
    """
    if not spec.strip():
        return tuple(range(1, page_count + 1))
    numbers: set[int] = set()
    for part in spec.split(","):
        match = re.fullmatch(r"\s*([0-9]{1,6})\s*(?:-\s*([0-9]{1,6})\s*)?", part)
        if match is None:
            raise InvalidOption(f"pages: {part.strip()[:40]!r} is not a page or a range like 2-5")
        first, last = int(match[1]), int(match[2] or match[1])
        if first < 1 or last < first:
            raise InvalidOption(f"pages: {part.strip()!r} is not a range of pages")
        if last > page_count:
            raise InvalidOption(f"pages: there is no page {last}", limit=page_count, actual=last)
        numbers.update(range(first, last + 1))
    return tuple(sorted(numbers))


@dataclass(frozen=True, slots=True)
class PageFailure:
    """A page that could not be decoded, in place of its ``PageImage``; size in points if known."""

    number: int
    error: ExtractionError
    width: float = 0
    height: float = 0


@contextmanager
def open_document(
    path: Path, *, password: str = "", limits: Limits = DEFAULT_LIMITS
) -> Iterator[OpenDocument]:
    """Open a file and look at it; its child process ends with the block.

    Raises ``UnsupportedType``, ``FileTooLarge``, ``TooManyPages``, ``ImageTooLarge``,
    ``Encrypted``, ``WrongPassword``, ``CorruptDocument``, ``EmptyDocument``, ``PageTimeout`` (when
    opening takes too long), each with ``limit`` and ``actual`` where a limit was crossed, and
    ``EngineUnavailable`` when no child can be started.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size == 0:
            raise EmptyDocument("The file is empty")
        if size > limits.max_bytes:
            raise FileTooLarge(limit=limits.max_bytes, actual=size)
        media_type = sniff(file.read(HEAD_BYTES))
        if media_type is None:
            raise UnsupportedType
        decoder = _Decoder(file.fileno(), MEDIA_TYPES[media_type].format, password, limits)
        try:
            page_count = decoder.open(limits.open_seconds)
            if page_count > limits.max_pages:
                raise TooManyPages(limit=limits.max_pages, actual=page_count)
            yield OpenDocument(DocumentInfo(media_type, page_count), decoder)
        finally:
            decoder.close()


class OpenDocument:
    """An open document: what it is, and its pages."""

    def __init__(self, info: DocumentInfo, decoder: _Decoder) -> None:
        self.info = info
        self._decoder = decoder

    def pages(
        self, numbers: Sequence[int], *, wants: Wants, dpi: int, preview: bool
    ) -> Iterator[PageImage | PageFailure]:
        """The pages of those numbers (from 1), in that order, each decoded while the caller works
        on the one before.

        ``wants``: ``text`` the PDF's own visible text, no pixels (on a scan the text that old OCR
        hid there); ``pixels`` the rendered page, no text; ``auto`` the text where it is sound, and
        pixels where it is not or where pictures beside it are worth reading. ``dpi`` is for PDF
        pages and lowered to fit the pixel limit; images keep their own. The pixels of a page are
        valid until the next one is asked for. Only one iteration can run at a time.

        A page that cannot be decoded costs itself only: it becomes a ``PageFailure``. A child
        that somebody kills is replaced once, and its page tried again. When the child has died of
        pages twice, the remaining ones fail the same way without being tried.

        Warnings on a page: ``blank_page`` one colour all over, ``hidden_text`` text that no reader
        sees was left out (with ``text`` on a scan: was taken), ``text_layer_unsound`` the page has
        text that was not trusted and not handed over, ``text_truncated`` more words than a page
        can have, ``damaged_page`` parts of the page could not be rendered.
        """
        decoder = self._decoder
        requests = [
            {"number": number, "slot": index % 2, "wants": wants, "dpi": dpi, "preview": preview}
            for index, number in enumerate(numbers)
        ]
        try:
            for request, following in zip_longest(requests, requests[1:]):
                if request is requests[0]:
                    decoder.ask(request)
                page = decoder.answer()
                if following is not None:
                    decoder.ask(following)
                yield page
        finally:
            decoder.forget()


class _Killed(CorruptDocument):
    """A child was ended from outside, perhaps for want of memory: what it did is tried again."""


class _Decoder:
    """The child process of one document, replaced when it dies, and the memory shared with it."""

    def __init__(self, file: int, format_name: str, password: str, limits: Limits) -> None:
        self._file = file
        self._format = format_name
        self._password = password
        self._limits = limits
        slot = limits.max_pixels * 3
        self._slot_bytes = slot + -slot % mmap.ALLOCATIONGRANULARITY
        self._memory = SharedMemory(2 * self._slot_bytes)
        self._child: Child | None = None
        self._asked: tuple[dict[str, Any], float] | None = None
        self._deaths: list[ExtractionError] = []
        self._spared = False  # one death by SIGKILL, which is seldom the document's doing

    def open(self, seconds: float) -> int:
        """Start a child and have it open the document; returns the number of pages."""
        try:
            return self._open(seconds)
        except _Killed:
            return self._open(seconds)

    def _open(self, seconds: float) -> int:
        try:
            self._child = Child(
                "extraction.decoder:serve",
                (self._file, self._memory.fd),
                memory_bytes=self._limits.decoder_memory_bytes,
                file_bytes=self._memory.size,
            )
        except ChildDied as error:
            raise EngineUnavailable("The decoder cannot be started") from error
        request = {
            "ask": "open",
            "format": self._format,
            "password": self._password,
            "max_pixels": self._limits.max_pixels,
            "seconds": seconds,
        }
        with self._watching(PageTimeout("The document took too long to open", limit=seconds)):
            self._child.send(request)
            reply, _ = self._child.receive(time.monotonic() + seconds)
            raise_error(reply)
            return int(number_of(reply["pages"], 1, 1e7))

    def ask(self, request: dict[str, Any]) -> None:
        """Have the child begin on a page; all that goes wrong is told by ``answer``."""
        seconds = self._limits.page_seconds
        request = {"ask": "page", "seconds": seconds, **request}
        request["offset"] = request["slot"] * self._slot_bytes
        self._asked = request, time.monotonic() + seconds
        if self._child is not None:
            with contextlib.suppress(ChildDied):
                self._child.send(request)

    def answer(self) -> PageImage | PageFailure:
        """The page last asked for."""
        assert self._asked is not None
        request, deadline = self._asked
        try:
            try:
                return self._answer(request, deadline)
            except _Killed:
                return self._answer(request, deadline)
        except EngineUnavailable:
            raise
        except ExtractionError as error:
            return PageFailure(request["number"], error)
        finally:
            self._asked = None

    def _answer(self, request: dict[str, Any], deadline: float) -> PageImage:
        if self._child is None:
            deadline = self._start_again()
            self.ask(request)
        self._asked = None
        seconds = self._limits.page_seconds
        with self._watching(PageTimeout(limit=seconds)):
            assert self._child is not None
            reply, preview = self._child.receive(max(deadline, time.monotonic() + ANSWER_SECONDS))
            raise_error(reply)
            start = request["offset"]
            slot = range(start, start + self._slot_bytes)
            return page_of(reply, preview, number=request["number"], memory=self._memory, slot=slot)

    def forget(self) -> None:
        """Give up the page asked for, if any, with the child that works on it."""
        if self._asked is not None:
            self._asked = None
            self._end_child()

    def close(self) -> None:
        """End the child and let go of the memory."""
        self._end_child()
        self._memory.close()

    def _start_again(self) -> float:
        """Replace a dead child; returns the deadline for opening and the page together, so that a
        hostile file costs no more than the time for opening once and ``MAX_DEATHS`` pages, and
        once more what a child did that was killed."""
        if len(self._deaths) >= MAX_DEATHS:
            raise self._deaths[-1]
        deadline = time.monotonic() + self._limits.page_seconds
        self.open(self._limits.page_seconds)
        return deadline

    @contextmanager
    def _watching(self, timeout: PageTimeout) -> Iterator[None]:
        """Turn a child's death, or nonsense from it, into the error it means, and bury it."""
        try:
            yield
        except ChildTimeout:
            self._end_child()
            error: ExtractionError = timeout
        except ChildDied:
            code = self._end_child()
            if code == -signal.SIGXCPU:
                error = timeout
            else:
                how = f"signal {-code}" if code < 0 else f"status {code}"
                error = CorruptDocument(f"The decoder ended with {how}")
            if code == -signal.SIGKILL and not self._spared:
                self._spared = True
                raise _Killed(error.detail) from None
        except (KeyError, TypeError, ValueError, OverflowError):
            self._end_child()
            error = CorruptDocument("The decoder gave no sound answer")
        else:
            return
        self._deaths.append(error)
        raise error

    def _end_child(self) -> int:
        child, self._child = self._child, None
        return child.kill() if child is not None else 0
