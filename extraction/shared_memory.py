"""Memory that this process and a child of ``extraction.sandbox`` share: for pixels."""

from __future__ import annotations

import fcntl
import mmap
import os
import tempfile


class SharedMemory:
    """Memory shared with a child as a file of ``size`` bytes with no name, empty until written.

    Where the system can, its size is sealed: a child that shrank it would crash the reader.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        if hasattr(os, "memfd_create"):
            self.fd = os.memfd_create("pixels", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
            os.ftruncate(self.fd, size)
            seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
            fcntl.fcntl(self.fd, fcntl.F_ADD_SEALS, seals)
        else:
            self.fd, path = tempfile.mkstemp()
            os.unlink(path)
            os.ftruncate(self.fd, size)

    def view(self, offset: int, size: int) -> memoryview:
        """The bytes from ``offset``, read-only and not copied; valid after ``close`` too.

        Raises ``ValueError`` outside of the memory.
        """
        if offset < 0 or size < 1 or offset + size > self.size:
            raise ValueError("outside of the shared memory")
        start = offset - offset % mmap.ALLOCATIONGRANULARITY
        mapped = mmap.mmap(self.fd, offset - start + size, access=mmap.ACCESS_READ, offset=start)
        return memoryview(mapped)[offset - start :]

    def close(self) -> None:
        """Let go of the memory; it is freed with its last view."""
        os.close(self.fd)
