"""Calls of a server that may fail: made again, told the breaker, and given up in the end."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TypeVar

from extraction import tracing
from extraction.breaker import Breaker, Permit
from extraction.errors import Cancelled, EngineUnavailable

logger = logging.getLogger(__name__)
T = TypeVar("T")

FIRST_SECONDS = 0.5
LONGEST_SECONDS = 30.0  # that a server may ask for; what it wants beyond is waited for elsewhere
MAX_WAIT = 3600.0  # seconds that a server may have a job wait


class Refused(Exception):
    """The server will not do what this request asks for."""


class NoAnswer(Exception):
    """``counts``: by the server's fault; ``again``: it may go well the next time, ``after`` so many
    seconds where that is known."""

    def __init__(self, why: str, *, counts: bool, again: bool, after: float | None = None) -> None:
        super().__init__(why)
        self.counts = counts
        self.again = again
        self.after = after


def made(
    call: Callable[[Permit], T], *, breaker: Breaker, retries: int, given_up: threading.Event
) -> T:
    """What ``call`` returns, made again as often as it may be where it raises ``NoAnswer``.

    Each is one call for the breaker, and a trial is one alone. Raises what else ``call`` raises,
    ``EngineUnavailable`` where there is no answer, ``Cancelled`` where it is given up meanwhile.
    """
    attempt = 0
    while True:
        permit = breaker.admit()
        try:
            with tracing.span(
                "engine.request", kind="client", engine=breaker.name, attempt=attempt + 1
            ):
                found = call(permit)
        except NoAnswer as error:
            (permit.failed if error.counts else permit.left)()
            last = attempt >= retries or permit.trial or not error.again
            seconds = max(error.after or 0.0, pause(attempt))
            if last or seconds > LONGEST_SECONDS:
                raise _unavailable(breaker, error) from error
            logger.warning("%s: %s; asked again in %.1f seconds", breaker.name, error, seconds)
            if given_up.wait(seconds):
                raise Cancelled() from error
            attempt += 1
        except Refused:
            permit.succeeded()  # it is there, and has looked at the request
            raise
        except BaseException:
            permit.left()
            raise
        else:
            permit.succeeded()
            return found


def _unavailable(breaker: Breaker, error: NoAnswer) -> EngineUnavailable:
    """With the seconds to wait, where the breaker or the server has named them."""
    logger.error("%s: %s", breaker.name, error)
    wait = breaker.state().retry_after or min(error.after or 0.0, MAX_WAIT)
    return EngineUnavailable(str(error), retry_after=wait or None)


def pause(attempt: int) -> float:
    """Seconds before the attempt after that one (from 0): twice as long each time, with jitter, so
    that those who failed together do not come back together."""
    return min(FIRST_SECONDS * 2**attempt, LONGEST_SECONDS) * random.uniform(0.5, 1)  # noqa: S311


def asked_for(header: str | None) -> float | None:
    """The seconds of a Retry-After header, which may be a date; None where it names none."""
    text = (header or "").strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max(at.timestamp() - time.time(), 0.0)
