"""How long to wait before a server is asked again."""

from __future__ import annotations

import random
import time
from datetime import UTC
from email.utils import parsedate_to_datetime

FIRST_SECONDS = 0.5
LONGEST_SECONDS = 30.0  # that a server may ask for; what it wants beyond is waited for elsewhere


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
