"""Log lines that nobody outside can forge, and that keep what is not theirs to tell.

One event begins one line, with time, level, process, logger and the request or job at hand; or it
is one line of JSON. Control
characters are escaped, so that a file name cannot begin a line; the lines of a trace are indented.
Secrets that have a form are replaced. Of exceptions that may quote a document or a row the message
is left out: the trace says where it was. This module is read before the settings are.

What nobody catches is told so too (``tell_uncaught``).
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import InterfaceError, OperationalError

from accounts import request_ids
from extraction.tracing import trace_id

FORMAT = "%(asctime)s %(levelname)s %(process)d %(name)s [%(request_id)s]: %(message)s"
TRACE_INDENT = "    | "
LEFT_OUT = "(message left out)"
# Their messages speak of servers, files and names of the code
TOLD = (
    OSError, OperationalError, InterfaceError, ImportError, AttributeError, TypeError, NameError,
    MemoryError, NotImplementedError, RecursionError, ImproperlyConfigured,
)  # fmt: skip
# C0 and C1 controls, line and paragraph separators, and what turns the direction of writing
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SECRETS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b(ocrs_[0-9A-Za-z]{7})[0-9A-Za-z]{10,}"), r"\1..."),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), "(token)"),
    (re.compile(r"\bwhsec_[0-9A-Za-z+/=]{10,}"), "whsec_..."),
    (re.compile(r"(/(?:links|invitations?|join|reset|password-reset)/)[^\s/?#'\"]{8,}"), r"\1..."),
    (re.compile(r"(\w://)[^\s/@:]*:[^\s/@]+@"), r"\1...@"),
    (re.compile(r"(?i)\b(password|passwd|secret|authorization|api[-_]key)(['\"]?\s*[=:]\s*)\S+"),
     r"\1\2..."),
    # what PostgreSQL quotes: the values of a row
    (re.compile(r"(?s)\bDETAIL:.*"), "DETAIL: ..."),
)  # fmt: skip


def escaped(text: str) -> str:
    """The text on one line, with control characters as in Python's strings."""
    return _CONTROLS.sub(lambda match: match.group().encode("unicode_escape").decode(), text)


def without_secrets(text: str) -> str:
    """The text without keys, tokens, passwords in addresses, and rows of the database."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


class LineFormatter(logging.Formatter):
    """``messages``: tell those of all exceptions, for development."""

    def __init__(self, messages: bool = False) -> None:
        super().__init__(FORMAT)
        self.messages = messages

    def format(self, record: logging.LogRecord) -> str:
        """The line, and below it the trace's, if there is one."""
        record.request_id = " ".join([request_ids.current() or "-", *filter(None, [trace_id()])])
        record.message = escaped(without_secrets(record.getMessage()))
        record.asctime = self.formatTime(record)
        lines = (escaped(line) for line in self.trace_of(record))
        return f"\n{TRACE_INDENT}".join([self.formatMessage(record), *lines])

    def trace_of(self, record: logging.LogRecord) -> list[str]:
        """The lines of the record's exception and stack, if it has them."""
        error: Any = record.exc_info
        lines = list(self._trace(error[1])) if error and error[1] is not None else []
        if record.stack_info:
            lines += record.stack_info.splitlines()
        return lines

    def formatException(self, ei: Any) -> str:
        """For formatters derived from this one."""
        return "\n".join(self._trace(ei[1]))

    def _trace(self, error: BaseException) -> Iterator[str]:
        for each in reversed(list(_causes(error))):
            yield from _frames(each.__traceback__)
            name = f"{type(each).__module__}.{type(each).__qualname__}"
            if self.messages or isinstance(each, TOLD):
                yield without_secrets(f"{name}: {each}")
            else:
                yield f"{name}: {LEFT_OUT}"


class JsonFormatter(LineFormatter):
    """The same as one JSON object a line, for programs that collect logs.

    ``time`` (UTC), ``level``, ``process``, ``logger`` and ``message`` are always there;
    ``request_id``, ``job_id``, ``trace_id`` and, of an exception, ``trace`` (a list of lines) where
    there is one.
    """

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "process": record.process,
            "logger": record.name,
            "message": escaped(without_secrets(record.getMessage())),
        }
        if name := request_ids.current():
            told["request_id"] = name
        if trace := trace_id():
            told["trace_id"] = trace
        if job := request_ids.job():
            told["job_id"] = str(job)
        if lines := self.trace_of(record):
            told["trace"] = [escaped(line) for line in lines]
        return json.dumps(told)  # in ASCII: nothing in it turns a terminal


def tell_uncaught(log_format: str) -> None:
    """Have this process log what nothing catches, in threads and, as JSON, in the main thread too.

    As text the main thread's stays as Python prints it, for whoever runs a command. It is told of
    the request or job that it came out of, and before logging is configured as well.
    """
    threading.excepthook = _told_of_thread
    if log_format != "json":
        return
    sys.excepthook = _told_of_process
    sys.unraisablehook = _told_of_unraisable
    if logging.lastResort is not None:  # the handler until there are others
        logging.lastResort.setFormatter(JsonFormatter())


def _told_of_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
        name = args.thread.name if args.thread else "of an unknown name"
        _uncaught(f"thread {name} ended by an exception", args.exc_value)


def _told_of_process(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    _uncaught("the process ends by an exception", error)


def _told_of_unraisable(args: sys.UnraisableHookArgs) -> None:
    if args.exc_value is not None:
        _uncaught(args.err_msg or "an exception where none can be raised", args.exc_value)


def _uncaught(message: str, error: BaseException) -> None:
    with request_ids.where_it_was(error):
        logging.getLogger(__name__).critical(message, exc_info=error)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exception, and those it came of, the first of all last."""
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        shown = None if following.__suppress_context__ else following.__context__
        following = following.__cause__ or shown


def _frames(trace: TracebackType | None) -> Iterator[str]:
    for frame in traceback.extract_tb(trace):
        yield f"{frame.filename}:{frame.lineno} in {frame.name}: {frame.line or ''}".rstrip()
