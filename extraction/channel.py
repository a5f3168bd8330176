"""How this process and a child of ``extraction.sandbox`` speak: frames of JSON and some bytes.

Nothing is unpickled: what a child says is data, whatever a document made of the child.
"""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Mapping, Sequence
from typing import Any

MAX_FRAME_BYTES = 64_000_000
_FRAME = struct.Struct(">II")


class ChildDied(Exception):
    """The child ended, or said what no sound child says."""


class ChildTimeout(Exception):
    """The child did not answer by the deadline."""


class Channel:
    """Frames of a JSON object and some bytes over a socket."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def send(
        self, message: Mapping[str, Any], blob: bytes = b"", files: Sequence[int] = ()
    ) -> None:
        """Send one frame. ``files`` are descriptors that the other side gets copies of.

        Raises ``ChildDied`` when nobody is there.
        """
        body = json.dumps(message).encode()
        try:
            self._socket.settimeout(None)
            header = _FRAME.pack(len(body), len(blob))
            if files:
                socket.send_fds(self._socket, [header], files)
            else:
                self._socket.sendall(header)
            self._socket.sendall(body)
            if blob:
                self._socket.sendall(blob)
        except OSError as error:
            raise ChildDied(str(error)) from error

    def receive(self, deadline: float | None = None) -> tuple[dict[str, Any], bytes]:
        """The next frame. ``deadline`` is in ``time.monotonic()`` seconds, None to wait for ever.

        Raises ``ChildTimeout`` at the deadline, ``ChildDied`` at the end of the stream or when the
        frame is no frame.
        """
        return self._decode(self._exactly(_FRAME.size, deadline), deadline)

    def receive_with_files(self, count: int) -> tuple[dict[str, Any], list[int]]:
        """As ``receive``, for a frame sent with up to ``count`` files."""
        try:
            header, files, _, _ = socket.recv_fds(self._socket, _FRAME.size, count)
        except OSError as error:
            raise ChildDied(str(error)) from error
        if not header:
            raise ChildDied("end of stream")
        header += self._exactly(_FRAME.size - len(header), None)
        message, _ = self._decode(header, None)
        return message, list(files)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def _decode(self, header: bytes, deadline: float | None) -> tuple[dict[str, Any], bytes]:
        body_size, blob_size = _FRAME.unpack(header)
        if body_size + blob_size > MAX_FRAME_BYTES:
            raise ChildDied(f"a frame of {body_size + blob_size} bytes")
        body = self._exactly(body_size, deadline)
        blob = self._exactly(blob_size, deadline)
        try:
            message = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise ChildDied("a frame that is not JSON") from error
        if not isinstance(message, dict):
            raise ChildDied("a frame that is not an object")
        return message, blob

    def _exactly(self, size: int, deadline: float | None) -> bytes:
        data = bytearray()
        while len(data) < size:
            if deadline is not None:
                # A frame already here is taken even when the deadline has passed meanwhile.
                self._socket.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                part = self._socket.recv(min(size - len(data), 1 << 20))
            except TimeoutError as error:
                raise ChildTimeout from error
            except OSError as error:
                raise ChildDied(str(error)) from error
            if not part:
                raise ChildDied("end of stream")
            data += part
        return bytes(data)
