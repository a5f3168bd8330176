"""Zip archives for tests: honest ones, and some that no tool would write."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping

_LOCAL = "<4s5H3L2H"
_CENTRAL = "<4s4B4H3L5H2L"
_END = "<4s4H2LH"


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """The files as a zip."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return out.getvalue()


def entries_zip(*infos: zipfile.ZipInfo, body: bytes) -> bytes:
    """A zip of these entries, all with the same body."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for info in infos:
            archive.writestr(info, body)
    return out.getvalue()


def overlapping(entries: int, body: bytes) -> bytes:
    """A zip whose entries all are the same bytes of it: small, and large when unpacked."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = packer.compress(body) + packer.flush()
    crc, name = zlib.crc32(body), b"a.pdf"
    sizes = (crc, len(data), len(body))
    local = struct.pack(_LOCAL, b"PK\3\4", 20, 0, 8, 0, 0, *sizes, len(name), 0) + name + data
    head = (b"PK\1\2", 20, 0, 20, 0, 0, 8, 0, 0, *sizes, len(name), 0, 0, 0, 0, 0, 0)
    directory = (struct.pack(_CENTRAL, *head) + name) * entries
    counted = min(entries, 0xFFFF)
    end = (b"PK\5\6", 0, 0, counted, counted, len(directory), len(local), 0)
    return local + directory + struct.pack(_END, *end)


def changed(body: bytes, field: str, value: int) -> bytes:
    """The zip with one number of its first directory entry replaced: what it says is a lie."""
    offset = body.index(b"PK\1\2") + {"flags": 8, "method": 10, "packed": 20, "size": 24,
                                      "offset": 42}[field]  # fmt: skip
    form = "<H" if field in ("flags", "method") else "<L"
    return body[:offset] + struct.pack(form, value) + body[offset + struct.calcsize(form) :]
