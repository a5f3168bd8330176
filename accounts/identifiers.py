"""Identifiers that sort by the time they were made."""

import secrets
import time
import uuid
from datetime import datetime


def first_since(moment: datetime) -> uuid.UUID:
    """The smallest identifier that may have been made at that moment: for ranges of time."""
    return uuid.UUID(int=int(moment.timestamp() * 1000) << 80 | 0x7 << 76 | 0b10 << 62)


def uuid7() -> uuid.UUID:
    """A version 7 UUID (RFC 9562, section 5.7).

    48 bits of Unix milliseconds, then 12 bits of the millisecond's fraction (section 6.2,
    method 3: steps of about 244 ns), then 62 random bits.
    """
    milliseconds, nanoseconds = divmod(time.time_ns(), 1_000_000)
    fraction = nanoseconds * 4096 // 1_000_000
    version, variant = 0x7, 0b10
    return uuid.UUID(
        int=milliseconds << 80
        | version << 76
        | fraction << 64
        | variant << 62
        | secrets.randbits(62)
    )
