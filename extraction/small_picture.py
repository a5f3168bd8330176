"""The small picture that a page's JPEG carries: the thumbnail of the JFIF extension.

After its first segment a JPEG may have one named "JFXX" that holds a smaller JPEG (JFIF 1.02,
page 7, code 0x10). So one file has both, and the small one is read off its beginning: nothing is
decoded.
"""

from __future__ import annotations

from typing import Final

START: Final = b"\xff\xd8"
APP0: Final = b"\xff\xe0"
NAME: Final = b"JFXX\0\x10"
LARGEST = 0xFFFF - 2 - len(NAME)  # a segment's length has two bytes, and counts itself
HEAD_BYTES = 2 * 0xFFFF  # that hold the small picture, wherever there is one


def with_small(picture: bytes, small: bytes) -> bytes:
    """The JPEG with the small one in it; without where that is too large, or it is no JFIF."""
    end = _segment_end(picture, len(START))
    inner = _segment_end(small, len(START))
    bare = START + small[inner:]  # the extension's own has no JFIF segment
    if not end or not inner or len(bare) > LARGEST:
        return picture
    length = (2 + len(NAME) + len(bare)).to_bytes(2, "big")
    return picture[:end] + APP0 + length + NAME + bare + picture[end:]


def small_of(head: bytes) -> bytes | None:
    """The small JPEG in one whose first ``HEAD_BYTES`` these are; None where it has none."""
    start = _segment_end(head, len(START))
    end = _segment_end(head, start) if start else 0
    if not end or not head.startswith(NAME, start + 4):
        return None
    return head[start + 4 + len(NAME) : end]


def _segment_end(data: bytes, at: int) -> int:
    """Where the APP0 segment that begins there ends; 0 where there is none, or not all of it."""
    if not data.startswith(START) or data[at : at + 2] != APP0 or len(data) < at + 4:
        return 0
    end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return end if end <= len(data) else 0
